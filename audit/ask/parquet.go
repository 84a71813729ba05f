package ask

import (
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
)

// writeParquet writes one row group; times are microseconds in UTC, null for
// none. The marks go into the file's metadata.
func (a *Answer) writeParquet(w io.Writer, marks ...mark) error {
	group := parquet.Group{}
	for _, c := range a.Question.Columns {
		group[c.Name] = node(c.Type)
	}
	schema := parquet.NewSchema(a.Question.Name, group)
	options := []parquet.WriterOption{schema, parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("question", a.Question.Title)}
	for _, m := range marks {
		options = append(options, parquet.KeyValueMetadata(m.name, m.text))
	}
	out := parquet.NewWriter(w, options...)
	// The library orders the columns by name.
	place := map[string]int{}
	for i, path := range schema.Columns() {
		place[path[0]] = i
	}
	for _, r := range a.Rows {
		row := make(parquet.Row, len(r))
		for i, c := range a.Question.Columns {
			at := place[c.Name]
			row[at] = value(r[i]).Level(0, level(c.Type, r[i]), at)
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return fmt.Errorf("ask: parquet: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("ask: parquet: %w", err)
	}
	return nil
}

func node(t Type) parquet.Node {
	switch t {
	case Int:
		return parquet.Int(64)
	case Count:
		return parquet.Optional(parquet.Int(64))
	case Float:
		return parquet.Leaf(parquet.DoubleType)
	case Time:
		return parquet.Optional(parquet.Timestamp(parquet.Microsecond))
	default:
		return parquet.String()
	}
}

// level is 1 for an optional value that is there.
func level(t Type, v any) int {
	at, ok := v.(time.Time)
	if t == Time && ok && !at.IsZero() || t == Count && v != nil {
		return 1
	}
	return 0
}

func value(v any) parquet.Value {
	switch v := v.(type) {
	case int64:
		return parquet.Int64Value(v)
	case float64:
		return parquet.DoubleValue(v)
	case time.Time:
		if v.IsZero() {
			return parquet.NullValue()
		}
		return parquet.Int64Value(v.UnixMicro())
	case string:
		return parquet.ByteArrayValue([]byte(v))
	}
	return parquet.NullValue()
}
