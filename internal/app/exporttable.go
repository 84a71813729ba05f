package app

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// TableSum tells whether a table holds the same rows as when it was exported. Sum
// is SHA-256 of each row, added up modulo 2^256: databases keep rows in no order.
type TableSum struct {
	Rows int    `json:"rows"`
	Sum  string `json:"sum"`
}

// adder adds up digests, as numbers with the greatest byte first.
type adder [sha256.Size]byte

func (a *adder) add(d [sha256.Size]byte) {
	carry := 0
	for i := sha256.Size - 1; i >= 0; i-- {
		carry += int(a[i]) + int(d[i])
		a[i] = byte(carry)
		carry >>= 8
	}
}

// rowDigest is SHA-256 of a row's values as text, each with its length, so that
// neither where one ends nor whether it is missing can be mistaken.
func rowDigest(buf []byte, vals []any) ([sha256.Size]byte, []byte) {
	buf = buf[:0]
	for _, v := range vals {
		if v == nil {
			buf = binary.AppendVarint(buf, -1)
			continue
		}
		text := textOf(v)
		buf = append(binary.AppendVarint(buf, int64(len(text))), text...)
	}
	return sha256.Sum256(buf), buf
}

// eachRow reads a table: begin is called once with its columns, then each with
// every row, whose values are good until the next. Either may be nil.
func eachRow(ctx context.Context, tx *sql.Tx, name string, begin func([]column) error, each func([]any) error) (sum TableSum, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return sum, err
	}
	cols := make([]column, len(types))
	vals, ptrs := make([]any, len(types)), make([]any, len(types))
	for i, t := range types {
		cols[i], ptrs[i] = column{t.Name(), declared(t.DatabaseTypeName())}, &vals[i]
	}
	if begin != nil {
		if err := begin(cols); err != nil {
			return sum, err
		}
	}
	var all adder
	var buf []byte
	for ; rows.Next(); sum.Rows++ {
		if err := rows.Scan(ptrs...); err != nil {
			return sum, err
		}
		var d [sha256.Size]byte
		d, buf = rowDigest(buf, vals)
		all.add(d)
		if each == nil {
			continue
		}
		if err := each(vals); err != nil {
			return sum, err
		}
	}
	sum.Sum = hex.EncodeToString(all[:])
	return sum, rows.Err()
}

// table writes one table as CSV, where bytes are base64, and as Parquet, where
// each value is kept in its own type as the database tells it.
func (x *exporting) table(ctx context.Context, tx *sql.Tx, to, name string) (cols []column, sum TableSum, err error) {
	var t tableFiles
	sum, err = eachRow(ctx, tx, name, func(c []column) error {
		cols = c
		return t.begin(x, to, name, c)
	}, t.add)
	return cols, sum, errors.Join(err, t.close())
}

// tableFiles are the two files of a table.
type tableFiles struct {
	cols   []column
	line   []string
	lines  *csv.Writer
	place  map[string]int // of a column in a Parquet row
	out    rowsCloser
	closed []func() error
}

// rowsCloser is what writes a Parquet file.
type rowsCloser interface {
	parquet.RowWriter
	Close() error
}

func (t *tableFiles) begin(x *exporting, to, name string, cols []column) error {
	text, err := x.create(to + ".csv")
	if err != nil {
		return err
	}
	t.closed = append(t.closed, text.Close)
	columnar, err := x.create(to + ".parquet")
	if err != nil {
		return err
	}
	t.closed = append(t.closed, columnar.Close)
	t.cols, t.line, t.place = cols, make([]string, len(cols)), map[string]int{}
	group := parquet.Group{}
	for i, c := range cols {
		t.line[i] = c.Name
		group[c.Name] = parquet.Optional(nodeOf(c.Type))
	}
	sch := parquet.NewSchema(name, group)
	for i, path := range sch.Columns() {
		t.place[path[0]] = i
	}
	t.lines = csv.NewWriter(text)
	t.out = parquet.NewWriter(columnar, sch, parquet.Compression(&parquet.Zstd))
	return t.lines.Write(t.line)
}

func (t *tableFiles) add(vals []any) error {
	row := make(parquet.Row, len(t.cols))
	for i, v := range vals {
		t.line[i] = textOf(v)
		at := t.place[t.cols[i].Name]
		pv, level := parquetOf(t.cols[i].Type, v)
		row[at] = pv.Level(0, level, at)
	}
	if err := t.lines.Write(t.line); err != nil {
		return err
	}
	_, err := t.out.WriteRows([]parquet.Row{row})
	return err
}

func (t *tableFiles) close() (err error) {
	if t.out != nil {
		t.lines.Flush()
		err = errors.Join(t.lines.Error(), t.out.Close())
	}
	for _, c := range t.closed {
		err = errors.Join(err, c())
	}
	return err
}

func nodeOf(declared string) parquet.Node {
	switch declared {
	case "INTEGER":
		return parquet.Int(64)
	case "REAL":
		return parquet.Leaf(parquet.DoubleType)
	case "BLOB":
		return parquet.Leaf(parquet.ByteArrayType)
	}
	return parquet.String()
}

func parquetOf(declared string, v any) (parquet.Value, int) {
	if v == nil {
		return parquet.NullValue(), 0
	}
	switch declared {
	case "INTEGER":
		if n, ok := v.(int64); ok {
			return parquet.Int64Value(n), 1
		}
		return parquet.NullValue(), 0
	case "REAL":
		switch f := v.(type) {
		case float64:
			return parquet.DoubleValue(f), 1
		case int64:
			return parquet.DoubleValue(float64(f)), 1
		}
		return parquet.NullValue(), 0
	case "BLOB":
		if b, ok := v.([]byte); ok {
			return parquet.ByteArrayValue(b), 1
		}
	}
	return parquet.ByteArrayValue([]byte(textOf(v))), 1
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
