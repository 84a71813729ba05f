package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"bystander/internal/event"
)

// bind puts e's fields into args in the order of fields. What holds nothing is
// NULL. A float32 is exact in SQLite's double.
func bind(args []any, fields []event.Field, e *event.Event) error {
	for i, f := range fields {
		if f.IsZero(e) {
			args[i] = nil
			continue
		}
		switch v := f.Ref(e).(type) {
		case *string:
			args[i] = *v
		case *time.Time:
			args[i] = v.UnixMilli()
		case *uint32:
			args[i] = int64(*v)
		case *uint64:
			args[i] = int64(*v)
		case *float32:
			args[i] = float64(*v)
		case *event.Digest:
			args[i] = v[:]
		case *[]byte:
			args[i] = *v
		case *map[string]string:
			b, err := json.Marshal(*v)
			if err != nil {
				return err
			}
			args[i] = string(b)
		default:
			return fmt.Errorf("sqlite: no column type for %T", v)
		}
	}
	return nil
}

// column scans one column into one field of an event.
type column struct{ ref any }

// Scan implements sql.Scanner. A value that no event holds is an error: the row
// has been tampered with.
func (c column) Scan(src any) error {
	if src == nil {
		return nil
	}
	switch v := c.ref.(type) {
	case *string:
		s, ok := src.(string)
		*v = s
		return typed(ok, src)
	case *time.Time:
		n, ok := src.(int64)
		*v = time.UnixMilli(n).UTC()
		return typed(ok, src)
	case *uint32:
		n, ok := src.(int64)
		*v = uint32(n)
		return typed(ok && n >= 0 && n <= math.MaxUint32, src)
	case *uint64:
		n, ok := src.(int64)
		*v = uint64(n)
		return typed(ok && n >= 0, src)
	case *float32:
		return scanFloat(v, src)
	case *event.Digest:
		b, ok := src.([]byte)
		copy(v[:], b)
		return typed(ok && len(b) == len(v), src)
	case *[]byte:
		b, ok := src.([]byte)
		*v = append([]byte(nil), b...)
		return typed(ok, src)
	case *map[string]string:
		s, ok := src.(string)
		if !ok {
			return typed(ok, src)
		}
		return json.Unmarshal([]byte(s), v)
	default:
		return fmt.Errorf("no field type %T", v)
	}
}

func scanFloat(v *float32, src any) error {
	var d float64
	switch n := src.(type) {
	case float64:
		d = n
	case int64: // SQLite may keep a whole number as an integer
		d = float64(n)
	default:
		return typed(false, src)
	}
	*v = float32(d)
	return typed(float64(*v) == d, src)
}

func typed(ok bool, src any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("unexpected value of type %T", src)
}

// Row is a stored event with its place in the order of arrival.
type Row struct {
	ID    int64
	Event event.Event
}

func (s *Store) scan(rows *sql.Rows) ([]Row, error) {
	defer rows.Close()
	var out []Row
	dst := make([]any, len(s.fields)+1)
	for rows.Next() {
		out = append(out, Row{})
		r := &out[len(out)-1]
		dst[0] = &r.ID
		for i, f := range s.fields {
			dst[i+1] = column{f.Ref(&r.Event)}
		}
		if err := rows.Scan(dst...); err != nil {
			return nil, fmt.Errorf("sqlite: read: %w", err)
		}
	}
	return out, rows.Err()
}
