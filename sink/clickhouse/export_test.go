package clickhouse

import (
	"context"
	"io/fs"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// MigrateFrom is Migrate with other steps, for tests of upgrades.
func MigrateFrom(ctx context.Context, conn driver.Conn, v Variant, steps fs.FS) (Report, error) {
	return migrate(ctx, conn, v, steps)
}

// ColumnNames lists the columns that Append writes.
func ColumnNames() []string {
	var out []string
	for _, c := range columns(false) {
		out = append(out, c.name())
	}
	return out
}

// Marks is how many chains the store believes to know.
func (s *Store) Marks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.marks)
}
