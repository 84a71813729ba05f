package ask

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NewClickHouse returns an asker of a ClickHouse database with the schema of
// deploy/clickhouse; db is opened by clickhouse-go and stays the caller's.
//
// Rows that arrived twice and are not merged yet do no harm: lists are
// deduplicated, histories take the last of each moment, and counts come from
// roll-ups or distinct numbers.
func NewClickHouse(db *sql.DB, now func() time.Time) *Asker {
	return &Asker{db, clickhouseDialect(), now, func(name string, v any) any { return sql.Named(name, v) }}
}

// clickhouseDialect reads the tables of deploy/clickhouse, where what is unset
// is the type's zero.
func clickhouseDialect() *dialect {
	return &dialect{
		name:    "clickhouse",
		explain: "EXPLAIN indexes = 1 ",
		text:    func(x string) string { return "toString(" + x + ")" },
		int:     func(x string) string { return "toInt64(ifNull(" + x + ", 0))" },
		float:   func(x string) string { return "toFloat64(" + x + ")" },
		digest:  clickhouseDigest,
		nothing: func(x string) string {
			return "(" + x + " = toFixedString('', 32))"
		},
		rows:   clickhouseRows,
		one:    "(SELECT * REPLACE(toUnixTimestamp64Milli(t.ts) AS ts) FROM events AS t WHERE t.event_id = toUUID(@event) LIMIT 1)",
		old:    "(SELECT DISTINCT chain_id, seq, toUnixTimestamp64Milli(t.ts) AS ts FROM events AS t WHERE t.ts < fromUnixTimestamp64Milli(@to - @keep))",
		detail: func(alias, key string) string { return fmt.Sprintf("%s.detail['%s']", alias, key) },
		detailInt: func(alias, key string) string {
			return fmt.Sprintf("toInt64OrZero(%s.detail['%s'])", alias, key)
		},
		asof: clickhouseAsOf,
		lead: func(x, by, order, none string) string {
			return fmt.Sprintf("leadInFrame(%s, 1, toInt64(%s)) OVER (PARTITION BY %s ORDER BY %s ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
				x, none, by, order)
		},
		lag: func(x, by, order, none string) string {
			return fmt.Sprintf("lagInFrame(%s, 1, toInt64(%s)) OVER (PARTITION BY %s ORDER BY %s ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
				x, none, by, order)
		},
		div:  func(a, b string) string { return "intDiv(" + a + ", " + b + ")" },
		held: "SELECT t.chain_id AS chain, toInt64(t.seq) AS seq FROM skeleton AS t WHERE " + clickhouseRange,
		runs: clickhouseRuns, doubles: clickhouseDoubles,
	}
}

const clickhouseRange = "(@chain = '' OR t.chain_id = @chain) AND t.seq >= @first AND (@last = 0 OR t.seq <= @last)"

// Each event has its skeleton from the start. The server keeps the numbers of
// each block of 65,536 with the rows (the projection blocks); a query that groups
// like this one reads those alone, some thousandth of the table. Where a part has
// none, it reads the rows: the answer is that of the rows in any case.
const (
	clickhouseBlocks = "SELECT t.chain_id AS chain, intDiv(t.seq, 65536) AS block, groupBitmapState(t.seq) AS all, count() AS rows FROM skeleton AS t" +
		" WHERE (@chain = '' OR t.chain_id = @chain) AND intDiv(t.seq, 65536) >= intDiv(toUInt64(@first), 65536)" +
		" AND (@last = 0 OR intDiv(t.seq, 65536) <= intDiv(toUInt64(@last), 65536)) GROUP BY t.chain_id, intDiv(t.seq, 65536)"
	// clickhouseRuns cuts each block at its holes: what is left has none. Of one
	// that has no holes no number is looked at.
	clickhouseRuns = "SELECT chain, run.1 AS first, run.2 AS last FROM (" +
		"SELECT chain, lo, hi, arrayMap(x -> toInt64(x), bitmapToArray(bitmapAndnot(bitmapBuild(range(toUInt64(lo), toUInt64(if(whole, lo, hi + 1)))), all))) AS holes FROM (" +
		"SELECT chain, all, greatest(toInt64(bitmapMin(all)), toInt64(@first)) AS lo, if(@last = 0, toInt64(bitmapMax(all)), least(toInt64(bitmapMax(all)), toInt64(@last))) AS hi," +
		" bitmapCardinality(all) = bitmapMax(all) - bitmapMin(all) + 1 AS whole FROM (" + clickhouseBlocks + ")) WHERE lo <= hi)" +
		" ARRAY JOIN arrayFilter(r -> r.1 <= r.2, arrayMap((a, b) -> (a + 1, b - 1), arrayPushFront(holes, lo - 1), arrayPushBack(holes, hi + 1))) AS run"
	// clickhouseDoubles looks at rows only in blocks that hold more of them than
	// numbers. The same row twice, not merged yet, is none.
	clickhouseDoubles = "SELECT t.chain_id AS chain, toInt64(t.seq) AS seq FROM skeleton AS t WHERE " + clickhouseRange +
		" AND (t.chain_id, intDiv(t.seq, 65536)) IN (SELECT chain, block FROM (" + clickhouseBlocks + ") WHERE rows > bitmapCardinality(all))" +
		" GROUP BY t.chain_id, t.seq HAVING uniqExact(t.row_hash) > 1"
)

func clickhouseDigest(x string) string {
	return fmt.Sprintf("if(%[1]s = toFixedString('', 32), '', lower(hex(%[1]s)))", x)
}

// source is where the events of some kinds lie in the order of the questions.
type source struct {
	table  string
	kinds  []string
	kind   string   // expression of the kind
	fields []string // columns of the union that the table has, the rest are unset
	detail string
}

// The columns that a union of sources has, with what stands for an unset one.
var unionColumns = [][2]string{
	{"camera_id", "''"},
	{"zone_id", "''"},
	{"verdict", "''"},
	{"ref_event", "''"},
	{"threshold", "toFloat32(0)"},
	{"subject_ref", "toFixedString('', 32)"},
	{"reviewer_ref", "toFixedString('', 32)"},
	{"consent_ref", "toFixedString('', 32)"},
}

var matchKinds = []string{"match", "claim_outcome", "verify_1to1", "unmask", reviewKind}

const reviewKind = "human_review"

var sources = []source{
	{
		table: "match_log", kinds: matchKinds, kind: "kind", detail: "detail",
		fields: []string{"camera_id", "zone_id", "verdict", "ref_event", "threshold", "subject_ref", "reviewer_ref", "consent_ref"},
	},
	{
		table: "reviews", kinds: []string{reviewKind}, kind: "'" + reviewKind + "'", detail: "map()",
		fields: []string{"verdict", "ref_event", "reviewer_ref"},
	},
	{
		table: "minute_counters", kinds: []string{"zone_minute"}, kind: "'zone_minute'", fields: []string{"camera_id", "zone_id"},
		detail: "map('comparisons', toString(comparisons), 'rejected', toString(rejected))",
	},
	{
		table: "access_log", kinds: []string{"access"}, kind: "'access'", fields: []string{"subject_ref", "reviewer_ref"},
		detail: "map('action', action, 'role', role, 'purpose', purpose, 'object', object, 'subjects', toString(subjects))",
	},
	{
		table: "camera_health", kinds: []string{"use_start", "use_end", "camera_health"}, kind: "kind", fields: []string{"camera_id"},
		detail: "map('state', state, 'code', code, 'reason', reason)",
	},
	{
		table: "consent_changes", kinds: []string{"consent_change"}, kind: "'consent_change'", fields: []string{"consent_ref"},
		detail: "map('state', state)",
	},
	{
		table: "control_log", kinds: []string{"rights_change", "disposal", "retention_run", "census", "incident", "account_change", "camera_change"}, kind: "kind",
		fields: []string{"reviewer_ref", "ref_event", "verdict"}, detail: "detail",
	},
}

func clickhouseRows(narrow, kinds []string) string {
	var parts []string
	for _, s := range sources {
		of := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(s.kinds, k) })
		// Reviews alone lie in a table of their own, by the event that they are about.
		alone := len(kinds) == 1 && kinds[0] == reviewKind
		if len(of) == 0 || s.table == "match_log" && alone || s.table == "reviews" && !alone {
			continue
		}
		where := clickhouseWhere(narrow)
		if s.kind == "kind" {
			where = append([]string{"t.kind IN (" + quoted(of) + ")"}, where...)
		}
		if len(where) == 0 {
			where = []string{"1"}
		}
		columns, final := s.union(), " FINAL"
		if len(of) == len(kinds) && s.table == "match_log" {
			columns = "* REPLACE(toUnixTimestamp64Milli(t.ts) AS ts, toString(t.event_id) AS event_id)"
			final = "" // the lists leave doubles out themselves
		}
		parts = append(parts, fmt.Sprintf("SELECT %s FROM %s AS t%s WHERE %s", columns, s.table, final, strings.Join(where, " AND ")))
	}
	return "(" + strings.Join(parts, " UNION ALL ") + ")"
}

func clickhouseWhere(narrow []string) []string {
	var where []string
	doubts := clickhouseDoubts()
	for _, n := range narrow {
		if doubt, ok := doubts[n]; ok {
			where = append(where, doubt)
			continue
		}
		switch n {
		case "from":
			where = append(where, "t.ts >= fromUnixTimestamp64Milli(@from)")
		case "to":
			where = append(where, "t.ts < fromUnixTimestamp64Milli(@to)")
		default:
			where = append(where, fmt.Sprintf("(@%[1]s = '' OR t.%[1]s_id = @%[1]s)", n))
		}
	}
	return where
}

// union lists the columns that all sources can give.
func (s source) union() string {
	cols := []string{
		"t.chain_id AS chain_id", "t.seq AS seq", "toString(t.event_id) AS event_id", s.kind + " AS kind",
		"toUnixTimestamp64Milli(t.ts) AS ts", "t.site_id AS site_id",
	}
	for _, c := range unionColumns {
		expr := c[1]
		if slices.Contains(s.fields, c[0]) {
			expr = "t." + c[0]
		}
		cols = append(cols, expr+" AS "+c[0])
	}
	return strings.Join(append(cols, "CAST("+s.detail+", 'Map(String, String)') AS detail"), ", ")
}

// changes is where each history lies: its table, and the columns of a change.
var changes = map[string]struct {
	table   string
	columns []string
}{
	"consent_change": {"consent_changes", []string{
		"argMax(state, (chain_id, seq)) AS state", "argMax(under14, (chain_id, seq)) AS under14", "argMax(guardian, (chain_id, seq)) AS guardian",
		"argMax(ifNull(toUnixTimestamp64Milli(expires), 0), (chain_id, seq)) AS expires",
	}},
	"zone_change": {"zone_changes", []string{
		"argMax(state, (chain_id, seq)) AS state", "argMax(sign_set_hash, (chain_id, seq)) AS sign_set_hash",
		"argMax(ifNull(formatDateTime(inspection_until, '%FT%TZ', 'UTC'), ''), (chain_id, seq)) AS inspection_until",
		"argMax(ifNull(toUnixTimestamp64Milli(t.inspection_until), 0), (chain_id, seq)) AS inspection_ms",
	}},
	"gate_change": {"gate_changes", []string{
		"argMax(state, (chain_id, seq)) AS state", "argMax(arrayStringConcat(reasons, ','), (chain_id, seq)) AS reasons",
	}},
	"scene_change": {"scene_changes", []string{
		"argMax(state, (chain_id, seq)) AS state", "argMax(approver, (chain_id, seq)) AS approver",
	}},
	"notice_change": {"notice_changes", []string{
		"argMax(ifNull(formatDateTime(effective_from, '%FT%TZ', 'UTC'), ''), (chain_id, seq)) AS effective_from",
	}},
}

func clickhouseAsOf(alias string, h history, key, at string) string {
	return fmt.Sprintf("ASOF LEFT JOIN %[1]s AS %[2]s ON %[2]s.%[3]s = m.%[3]s AND %[4]s >= %[2]s.ts", clickhousePast(h, key), alias, key, at)
}

// clickhousePast is one row for each moment at which a key changed: its last.
func clickhousePast(h history, key string) string {
	c := changes[h.kind]
	return fmt.Sprintf("(SELECT %[1]s, toUnixTimestamp64Milli(t.ts) AS ts, %[2]s FROM %[3]s AS t GROUP BY %[1]s, t.ts)",
		key, strings.Join(c.columns, ", "), c.table)
}
