package ask

import (
	"fmt"
	"strings"
)

// sqliteDialect reads the tables of sink/sqlite, where what is unset is NULL.
func sqliteDialect() *dialect {
	detail := func(alias, key string) string {
		return fmt.Sprintf("COALESCE(json_extract(%s.detail, '$.%s'), '')", alias, key)
	}
	return &dialect{
		name:      "sqlite",
		explain:   "EXPLAIN QUERY PLAN ",
		text:      func(x string) string { return "COALESCE(" + x + ", '')" },
		int:       func(x string) string { return "COALESCE(" + x + ", 0)" },
		float:     func(x string) string { return "COALESCE(" + x + ", 0.0)" },
		digest:    func(x string) string { return "COALESCE(lower(hex(" + x + ")), '')" },
		nothing:   func(x string) string { return "(" + x + " IS NULL)" },
		rows:      sqliteRows,
		one:       "(SELECT * FROM events WHERE event_id = @event)",
		old:       "(SELECT * FROM events WHERE ts < @to - @keep)",
		detail:    detail,
		detailInt: func(alias, key string) string { return "CAST(" + detail(alias, key) + " AS INTEGER)" },
		asof:      sqliteAsOf,
		lead: func(x, by, order, none string) string {
			return fmt.Sprintf("LEAD(%s, 1, %s) OVER (PARTITION BY %s ORDER BY %s)", x, none, by, order)
		},
		lag: func(x, by, order, none string) string {
			return fmt.Sprintf("LAG(%s, 1, %s) OVER (PARTITION BY %s ORDER BY %s)", x, none, by, order)
		},
		div:  func(a, b string) string { return "(" + a + ") / " + b },
		held: sqliteHeld,
		runs: "SELECT chain, seq AS first, seq AS last FROM (" + sqliteHeld + ")",
		// The store names its rows by chain and number, and refuses a second content.
		doubles: "SELECT '' AS chain, 0 AS seq WHERE 0",
	}
}

const sqliteHeld = `SELECT chain, seq FROM (
	SELECT chain_id AS chain, seq FROM events UNION SELECT chain_id, seq FROM skeleton UNION SELECT chain_id, seq FROM chain_floor)
	WHERE (@chain = '' OR chain = @chain) AND seq >= @first AND (@last = 0 OR seq <= @last)`

func sqliteRows(narrow, kinds []string) string {
	where := []string{"kind IN (" + quoted(kinds) + ")"}
	doubts := sqliteDoubts()
	for _, n := range narrow {
		if doubt, ok := doubts[n]; ok {
			where = append(where, doubt)
			continue
		}
		switch n {
		case "from":
			where = append(where, "ts >= @from")
		case "to":
			where = append(where, "ts < @to")
		default:
			where = append(where, fmt.Sprintf("(@%[1]s = '' OR %[1]s_id = @%[1]s)", n))
		}
	}
	return "(SELECT * FROM events WHERE " + strings.Join(where, " AND ") + ")"
}

// sqliteAsOf gives each of a key's changes the time of the next, so that one
// join finds the change in force.
func sqliteAsOf(alias string, h history, key, at string) string {
	until := ", LEAD(ts, 1, 9223372036854775807) OVER (PARTITION BY " + key + " ORDER BY ts, chain_id, seq) AS until"
	return fmt.Sprintf("LEFT JOIN (SELECT %s FROM events WHERE kind = '%s') %[3]s ON %[3]s.%[4]s = m.%[4]s AND %[3]s.ts <= %[5]s AND %[5]s < %[3]s.until",
		sqliteChange(h, key)+until, h.kind, alias, key, at)
}

func sqlitePast(h history, key string) string {
	return fmt.Sprintf("(SELECT %s FROM events WHERE kind = '%s' AND %s IS NOT NULL)", sqliteChange(h, key), h.kind, key)
}

// sqliteChange lists the columns of a change.
func sqliteChange(h history, key string) string {
	cols := []string{key, "ts"}
	for _, name := range sorted(h.columns) {
		cols = append(cols, fmt.Sprintf("COALESCE(json_extract(detail, '$.%s'), '') AS %s", h.columns[name], name))
	}
	for _, name := range sorted(h.times) {
		cols = append(cols, fmt.Sprintf("CAST(unixepoch(json_extract(detail, '$.%s'), 'subsec') * 1000 AS INTEGER) AS %s", h.times[name], name))
	}
	return strings.Join(append(cols, h.fields...), ", ")
}
