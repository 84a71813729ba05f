package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// BrokenPart is a part of a table that the server cannot read.
type BrokenPart struct {
	Table   string `json:"table"`
	Part    string `json:"part"`
	Reason  string `json:"reason"`
	Outcome string `json:"outcome"` // one of the Part… constants
}

// What became of a broken part.
const (
	PartCopied  = "copied"  // its rows could still be read: written again, the part dropped
	PartDropped = "dropped" // its rows come back from the log, or from the edges
	// PartLeft: its rows can be had from nowhere but a backup, or the server
	// mends it from a replica.
	PartLeft = "left"
)

// RepairReport tells what Repair found and did.
type RepairReport struct {
	Checked  int          `json:"checked"` // parts
	Broken   []BrokenPart `json:"broken,omitempty"`
	Refilled []string     `json:"refilled,omitempty"` // derived tables filled again from the log
	// LogHit says that rows of the log itself went with a part. They show as
	// gaps, which the writers ask the edges for.
	LogHit bool `json:"log_hit"`
}

// Left counts the broken parts that are still there.
func (r RepairReport) Left() int {
	n := 0
	for _, p := range r.Broken {
		if p.Outcome == PartLeft {
			n++
		}
	}
	return n
}

// irreplaceable are tables that nothing can be derived from: their broken parts
// stay for a person and a backup. They say what was disposed of.
var irreplaceable = []string{"chain_floor", "disposed", migrationsTable}

// repairsTable tells of each part that was given up, before and after.
const repairsTable = "repairs"

// The steps of giving up a part.
const (
	stepBegun = "begun"
	stepDone  = "done"
)

// Repair looks for parts that cannot be read, as a server that ran out of room
// or lost power in the middle of a merge can leave them, and puts right what it
// can. What can still be read of such a part is written anew; the part goes.
// Tables that are derived from the log are filled again from it; rows of the log
// that are gone become gaps, which the writers ask the edges for. It reads all
// data once and may be repeated, also beside writers. On a cluster it has the
// server it is connected to check its own parts: those it fetches from a replica
// by itself. It fails with ErrVariant and the server's errors.
func Repair(ctx context.Context, conn driver.Conn, v Variant) (RepairReport, error) {
	return RepairSince(ctx, conn, v, time.Time{})
}

// RepairSince is Repair for parts that were made since a time, by the server's
// clock, alone.
func RepairSince(ctx context.Context, conn driver.Conn, v Variant, since time.Time) (RepairReport, error) {
	r := repair{conn: conn, v: v, since: since}
	var err error
	if r.steps, err = Steps(v); err != nil {
		return r.rep, err
	}
	if err := r.all(ctx); err != nil {
		return r.rep, fmt.Errorf("clickhouse: repair %w", err)
	}
	return r.rep, nil
}

// all repairs each table: what tells of repairs first, for it is written to;
// then the log, from which the others are filled; and fills again what another
// repair gave parts of up and did not come to fill.
func (r *repair) all(ctx context.Context) error {
	tables := tables()
	slices.SortStableFunc(tables, func(a, b string) int { return order(a) - order(b) })
	for _, table := range append(tables, migrationsTable) {
		if err := r.table(ctx, table); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	for begun, err := r.unfinished(ctx); len(begun) > 0 || err != nil; begun = begun[1:] {
		if err != nil {
			return fmt.Errorf("what was begun: %w", err)
		}
		table, parts := begun[0].table, begun[0].parts
		if err := r.finish(ctx, table, parts); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// Repair is RepairSince for this store's database, and forgets what this process
// believes to be stored.
func (s *Store) Repair(ctx context.Context, since time.Time) (RepairReport, error) {
	defer s.Refresh()
	return RepairSince(ctx, s.conn, s.v, since)
}

// order is in which order tables are repaired.
func order(table string) int {
	if i := slices.Index([]string{repairsTable, "events", "skeleton"}, table); i >= 0 {
		return i
	}
	return 3
}

type repair struct {
	conn  driver.Conn
	v     Variant
	since time.Time
	steps []Step
	rep   RepairReport
}

func (r *repair) table(ctx context.Context, table string) error {
	parts, err := r.parts(ctx, table)
	if err != nil {
		return err
	}
	var lost []string
	for _, part := range parts {
		reason, err := r.check(ctx, table, part)
		if err != nil {
			return err
		}
		r.rep.Checked++
		if reason == "" {
			continue
		}
		b := BrokenPart{Table: table, Part: part, Reason: reason, Outcome: PartLeft}
		if r.v.Cluster == "" && !slices.Contains(irreplaceable, table) {
			if b.Outcome, err = r.replace(ctx, table, part, reason); err != nil {
				return err
			}
			if b.Outcome == PartDropped {
				lost = append(lost, part)
			}
		}
		r.rep.Broken = append(r.rep.Broken, b)
	}
	if len(lost) == 0 {
		return nil
	}
	return r.finish(ctx, table, lost)
}

// finish puts right what follows from parts of a table that were given up.
func (r *repair) finish(ctx context.Context, table string, parts []string) error {
	r.rep.LogHit = r.rep.LogHit || table == "events"
	if err := r.refill(ctx, table); err != nil {
		return err
	}
	for _, part := range parts {
		if err := r.note(ctx, table, part, stepDone, PartDropped); err != nil {
			return err
		}
	}
	return nil
}

// note writes down a step of giving up a part.
func (r *repair) note(ctx context.Context, table, part, step, reason string) error {
	err := r.conn.Exec(ctx, "INSERT INTO "+r.v.name(repairsTable)+" (ts, source, part, step, reason) VALUES (now64(3, 'UTC'), ?, ?, ?, ?)", table, part, step, reason)
	if err != nil {
		return fmt.Errorf("note part %s: %w", part, err)
	}
	return nil
}

// given is what was given up of one table.
type given struct {
	table string
	parts []string
}

// unfinished lists the parts whose giving up was begun and not done, by whomever.
func (r *repair) unfinished(ctx context.Context) ([]given, error) {
	if r.v.Cluster != "" {
		return nil, nil // there the server's replicas do it
	}
	rows, err := r.conn.Query(ctx, "SELECT source, groupArray(part) FROM ("+unfinished(r.v)+") GROUP BY source ORDER BY source")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []given
	for rows.Next() {
		var g given
		if err := rows.Scan(&g.table, &g.parts); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

func unfinished(v Variant) string {
	return "SELECT toString(source) AS source, part FROM " + v.name(repairsTable) + " GROUP BY source, part HAVING countIf(step = " + quote(stepDone) + ") = 0"
}

// Condition is what a store tells of rows that may have gone.
type Condition struct {
	Epoch      string // another one: rows may have gone since
	Unfinished bool   // parts were given up, and what is derived from them is not filled again
}

// Condition tells whether rows may have gone since it was last asked: a repair
// gave up parts, by whomever, or the server was started again. It costs the
// server next to nothing. When the program itself starts, the epoch tells
// nothing.
func (s *Store) Condition(ctx context.Context) (Condition, error) {
	var steps, open uint64
	var last, now time.Time
	var up uint32
	err := s.conn.QueryRow(ctx, "SELECT count(), max(ts), (SELECT count() FROM ("+unfinished(s.v)+")), uptime(), now64(3, 'UTC') FROM "+s.v.name(repairsTable)).
		Scan(&steps, &last, &open, &up, &now)
	if err != nil {
		return Condition{}, fmt.Errorf("clickhouse: condition: %w", err)
	}
	s.ages.Lock()
	defer s.ages.Unlock()
	// The server tells whole seconds of its age; a clock that is set looks like
	// another start, which does no harm.
	began := now.Add(-time.Duration(up) * time.Second)
	if up < s.up || began.Sub(s.began).Abs() > 1500*time.Millisecond {
		s.began, s.starts = began, s.starts+1
	}
	s.up = up
	return Condition{Epoch: fmt.Sprintf("%d %d %d", steps, last.UnixMilli(), s.starts), Unfinished: open > 0}, nil
}

func (r *repair) local(table string) string {
	if r.v.Cluster != "" {
		return table + "_local"
	}
	return table
}

func (r *repair) parts(ctx context.Context, table string) ([]string, error) {
	if table == migrationsTable && r.v.Cluster != "" {
		return nil, nil
	}
	rows, err := r.conn.Query(ctx, `SELECT name FROM system.parts WHERE active AND database = ? AND table = ? AND toInt64(modification_time) >= ? ORDER BY name`,
		r.v.database(), r.local(table), max(0, r.since.Unix()))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// check has the server read a part; reason is empty when the part is well or
// has been merged away meanwhile.
func (r *repair) check(ctx context.Context, table, part string) (reason string, err error) {
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"check_query_single_value_result": 0}))
	var path, why string
	var well uint8
	err = r.conn.QueryRow(ctx, "CHECK TABLE "+r.v.table(table)+" PART "+quote(part)).Scan(&path, &well, &why)
	switch {
	case Damaged(err):
		return err.Error(), nil
	case codeOf(err) == codeNoSuchPart:
		return "", nil
	case err != nil:
		return "", err
	case well == 0 && !transient(why):
		return why, nil
	case well == 0:
		return "", fmt.Errorf("part %s cannot be checked now: %s", part, why)
	}
	return "", nil
}

// transient tells an answer that speaks of the server's state from one that
// speaks of the part.
func transient(why string) bool {
	for _, s := range []string{"MEMORY_LIMIT_EXCEEDED", "TIMEOUT_EXCEEDED", "NETWORK_ERROR", "SOCKET_TIMEOUT", "NOT_ENOUGH_SPACE", "QUERY_WAS_CANCELLED"} {
		if strings.Contains(why, s) {
			return true
		}
	}
	return false
}

// replace copies what a part holds, if that can be read, and drops the part. If
// it cannot, that is written down first: whoever watches must hear of it also
// when this is cut off right behind.
func (r *repair) replace(ctx context.Context, table, part, reason string) (outcome string, err error) {
	name := r.v.name(table)
	err = r.exec(ctx, "INSERT INTO "+name+" SELECT * FROM "+name+" WHERE _part = "+quote(part))
	outcome = PartCopied
	if Damaged(err) {
		outcome, err = PartDropped, nil
	}
	if err != nil {
		return PartLeft, fmt.Errorf("copy part %s: %w", part, err)
	}
	if outcome == PartDropped {
		if err := r.note(ctx, table, part, stepBegun, reason); err != nil {
			return PartLeft, err
		}
	}
	err = r.exec(ctx, "ALTER TABLE "+r.v.table(table)+" DROP PART "+quote(part))
	if err != nil && codeOf(err) != codeNoSuchPart { // another writer repairs as well
		return PartLeft, fmt.Errorf("drop part %s: %w", part, err)
	}
	return outcome, nil
}

// exec runs a statement whose rows must not be taken for an earlier insert's.
func (r *repair) exec(ctx context.Context, sql string) error {
	return r.conn.Exec(ch.Context(ctx, ch.WithSettings(ch.Settings{"insert_deduplicate": 0})), sql)
}

// refill fills a derived table from the log. Its rows are named by their events,
// so that those that are there collapse with those that come.
func (r *repair) refill(ctx context.Context, table string) error {
	fill := r.filling(table)
	for _, sql := range fill {
		if err := r.exec(ctx, sql); err != nil {
			return fmt.Errorf("fill again: %w", err)
		}
	}
	if len(fill) > 0 {
		r.rep.Refilled = append(r.rep.Refilled, table)
	}
	return nil
}

// filling is what fills a table from the log: the schema's own statements.
func (r *repair) filling(table string) []string {
	if table == "skeleton" {
		return []string{"INSERT INTO " + r.v.name(table) + " SELECT chain_id, seq, ts, prev_hash, row_hash FROM " + r.v.name("events")}
	}
	var out []string
	for _, s := range r.steps {
		for _, sql := range s.Statements {
			if strings.HasPrefix(sql, "INSERT INTO "+r.v.name(table)+" ") {
				out = append(out, sql)
			}
		}
	}
	return out
}

// The server's codes for data that it cannot read, and for a full disk.
const (
	codeNoSuchPart = 232
	codeNoSpace    = 243
)

var damageCodes = []int32{
	3,   // unexpected end of file
	6,   // cannot parse text: of a part's own lists
	27,  // cannot parse input: likewise
	32,  // attempt to read after the end
	33,  // cannot read all data
	40,  // checksum does not match
	79,  // incorrect file name
	107, // file does not exist
	131, // compressed size too large
	226, // no file in part
	227, // unexpected file in part
	228, // bad size of file in part
	246, // corrupted data
	271, // cannot decompress
	384, // not found expected part
	432, // unknown codec
}

// Damaged reports whether err is the server's word that stored data cannot be
// read; Repair puts it right.
func Damaged(err error) bool { return slices.Contains(damageCodes, codeOf(err)) }

// NoRoom reports whether err is the server's word that its disk is full. Merges
// that ran then may have left what Repair puts right.
func NoRoom(err error) bool {
	e := (*ch.Exception)(nil)
	return errors.As(err, &e) && (e.Code == codeNoSpace || strings.Contains(e.Message, "No space left on device"))
}

// codeOf is the server's code, 0 for other errors.
func codeOf(err error) int32 {
	if e := (*ch.Exception)(nil); errors.As(err, &e) {
		return e.Code
	}
	return 0
}
