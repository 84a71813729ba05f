package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// room is what an insert leaves free on the disk, where the server can be told:
// a merge that runs out of room in the middle can leave a part that cannot be
// read. The greater of the two holds.
var room = [...]struct{ name, value string }{
	{"min_free_disk_bytes_to_perform_insert", "268435456"},
	{"min_free_disk_ratio_to_perform_insert", "0.005"},
}

// keepRoom sets it on every table that says nothing about it, and returns those.
func keepRoom(ctx context.Context, conn driver.Conn, v Variant) ([]string, error) {
	var set []string
	for _, s := range room {
		var known uint64
		err := conn.QueryRow(ctx, `SELECT count() FROM system.merge_tree_settings WHERE name = ?`, s.name).Scan(&known)
		if err != nil {
			return nil, fmt.Errorf("clickhouse: room: %w", err)
		}
		if known > 0 { // not an older server
			set = append(set, s.name+" = "+s.value)
		}
	}
	if len(set) == 0 {
		return nil, nil
	}
	var changed []string
	for _, table := range tables() {
		local := table
		if v.Cluster != "" {
			local += "_local"
		}
		var said uint64
		err := conn.QueryRow(ctx, `SELECT count() FROM system.tables WHERE database = ? AND name = ? AND position(create_table_query, 'min_free_disk_') > 0`,
			v.database(), local).Scan(&said)
		if err == nil && said == 0 {
			err = conn.Exec(ctx, "ALTER TABLE "+v.table(table)+v.on()+" MODIFY SETTING "+strings.Join(set, ", "))
			changed = append(changed, table)
		}
		if err != nil {
			return changed, fmt.Errorf("clickhouse: room of %s: %w", table, err)
		}
	}
	return changed, nil
}
