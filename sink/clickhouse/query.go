package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// MaxLimit bounds the rows of one answer.
const MaxLimit = 1000

// Row is a stored event with its place in the order of arrival.
type Row struct {
	ID    int64
	Event event.Event
}

// Query selects events, with the fields of the embedded store's. Empty fields do
// not restrict.
type Query struct {
	ID     string // of one event
	Camera string
	Zone   string
	Kinds  []event.Kind
	Chain  string
	From   time.Time // at or after
	To     time.Time // before
	// After asks for rows with a greater Row.ID, oldest first: what came in
	// since. Before asks for smaller ones, newest first: the next page. Several
	// writers count by their own clocks, so that a row may become visible after
	// one with a greater ID: whoever follows the log asks a little back.
	After, Before int64
	Tail          bool // oldest first from After on, even when After is 0
	Limit         int  // 100 when 0, at most MaxLimit
}

// Events answers a query, newest first unless After or Tail is set.
func (s *Store) Events(ctx context.Context, q Query) ([]Row, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, MaxLimit)
	if q.Tail || q.After > 0 {
		return s.page(ctx, q, "ASC", q.After, 0, limit)
	}
	// Newest first: look back further and further, as what is sought is mostly
	// young and the index over arrivals then leaves the rest unread.
	end := q.Before
	if end == 0 {
		end = s.o.Now().Add(time.Hour).UnixNano() // others' clocks may be ahead
	}
	for _, back := range []time.Duration{2 * time.Hour, 2 * 24 * time.Hour, 30 * 24 * time.Hour} {
		rows, err := s.page(ctx, q, "DESC", end-back.Nanoseconds(), q.Before, limit)
		if err != nil || len(rows) == limit {
			return rows, err
		}
	}
	return s.page(ctx, q, "DESC", 0, q.Before, limit)
}

// page reads rows with an ID greater than after and, unless it is 0, smaller
// than before.
func (s *Store) page(ctx context.Context, q Query, order string, after, before int64, limit int) ([]Row, error) {
	where, args := q.where(s.o.Legacy)
	if after > 0 {
		where, args = where+" AND arrived > ?", append(args, after)
	}
	if before > 0 {
		where, args = where+" AND arrived < ?", append(args, before)
	}
	rows, err := s.conn.Query(ctx, `SELECT arrived, `+s.list+` FROM `+s.v.name("events")+` FINAL WHERE `+where+
		` ORDER BY arrived `+order+fmt.Sprintf(` LIMIT %d`, limit), args...)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: query: %w", err)
	}
	return s.scan(rows)
}

func (q Query) where(legacy bool) (string, []any) {
	cond := []string{"1"}
	var args []any
	add := func(set bool, c string, v any) {
		if set {
			cond, args = append(cond, c), append(args, v)
		}
	}
	add(q.ID != "", "toString(event_id) = ?", q.ID)
	if q.ID != "" && canonicalUUID(q.ID) {
		cond[len(cond)-1] = "event_id = toUUID(?)" // by the index
	}
	add(q.Camera != "", "camera_id = ?", q.Camera)
	add(q.Zone != "", "zone_id = ?", q.Zone)
	if len(q.Kinds) > 0 {
		in := make([]string, len(q.Kinds))
		for i, kind := range q.Kinds {
			in[i] = quote(string(kind))
		}
		cond = append(cond, "kind IN ("+strings.Join(in, ", ")+")")
	}
	add(q.Chain != "", "chain_id = ?", q.Chain)
	at := "fromUnixTimestamp64Milli(toInt64(?), 'UTC')"
	if legacy {
		at = "?"
	}
	add(!q.From.IsZero(), "ts >= "+at, q.From.UnixMilli())
	add(!q.To.IsZero(), "ts < "+at, q.To.UnixMilli())
	return strings.Join(cond, " AND "), args
}

func (s *Store) scan(rows driver.Rows) ([]Row, error) {
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Row
	dst := make([]any, len(s.cols)+1)
	for rows.Next() {
		r := &row{}
		dst[0] = &r.arrived
		for i, c := range s.cols {
			dst[i+1] = c.dest(r)
		}
		if err := rows.Scan(dst...); err != nil {
			return nil, fmt.Errorf("clickhouse: read: %w", err)
		}
		out = append(out, Row{ID: r.arrived, Event: r.finish(s.o.Legacy)})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("clickhouse: read: %w", err)
	}
	return out, nil
}

// Chain returns up to limit events of a chain with numbers from from on, in
// order. A number with two contents comes twice, and does not verify.
func (s *Store) Chain(ctx context.Context, chain string, from uint64, limit int) ([]event.Event, error) {
	rows, err := s.conn.Query(ctx, `SELECT arrived, `+s.list+` FROM `+s.v.name("events")+
		` FINAL WHERE chain_id = ? AND seq >= ? ORDER BY seq LIMIT `+fmt.Sprint(min(max(limit, 1), MaxLimit)), chain, from)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: chain: %w", err)
	}
	list, err := s.scan(rows)
	if err != nil {
		return nil, err
	}
	out := make([]event.Event, len(list))
	for i := range list {
		out[i] = list[i].Event
	}
	return out, nil
}

// Chains lists the chains that have left a trace here.
func (s *Store) Chains(ctx context.Context) ([]string, error) {
	rows, err := s.conn.Query(ctx, `SELECT DISTINCT c FROM (
		SELECT DISTINCT toString(chain_id) AS c FROM `+s.v.name("skeleton")+`
		UNION ALL SELECT toString(chain_id) AS c FROM `+s.v.name("chain_floor")+`) ORDER BY c`)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: chains: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("clickhouse: chains: %w", err)
		}
		out = append(out, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("clickhouse: chains: %w", err)
	}
	return out, nil
}

// Count is the number of events stored.
func (s *Store) Count(ctx context.Context) (int64, error) {
	var n uint64
	if err := s.conn.QueryRow(ctx, `SELECT count() FROM `+s.v.name("events")+` FINAL`).Scan(&n); err != nil {
		return 0, fmt.Errorf("clickhouse: count: %w", err)
	}
	return int64(n), nil
}

// Newest is the greatest Row.ID, 0 for an empty store.
func (s *Store) Newest(ctx context.Context) (int64, error) {
	var n int64
	if err := s.conn.QueryRow(ctx, `SELECT max(arrived) FROM `+s.v.name("events")).Scan(&n); err != nil {
		return 0, fmt.Errorf("clickhouse: newest: %w", err)
	}
	return n, nil
}

// Hour is how many events one camera had of one kind within an hour.
type Hour struct {
	Hour   time.Time  `json:"hour"`
	Camera string     `json:"camera_id"`
	Kind   event.Kind `json:"kind"`
	N      int64      `json:"n"`
}

// Hours returns the hourly counts from the hour of from up to to, oldest first;
// camera may be empty for all. They count each event once, also one that was
// erased since.
func (s *Store) Hours(ctx context.Context, from, to time.Time, camera string) ([]Hour, error) {
	rows, err := s.conn.Query(ctx, `SELECT hour, camera_id, kind, sum(n) FROM (
			SELECT hour, camera_id, kind, chain_id, groupBitmapMerge(seqs) AS n FROM `+s.v.name("event_hours")+`
			WHERE hour >= toDateTime(?, 'UTC') AND hour < toDateTime(?, 'UTC') AND (? = '' OR camera_id = ?)
			GROUP BY hour, camera_id, kind, chain_id)
		GROUP BY hour, camera_id, kind ORDER BY hour, camera_id, kind`,
		from.Truncate(time.Hour).Unix(), to.Unix(), camera, camera)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: hours: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Hour
	for rows.Next() {
		var h Hour
		var kind string
		var n uint64
		if err := rows.Scan(&h.Hour, &h.Camera, &kind, &n); err != nil {
			return nil, fmt.Errorf("clickhouse: hours: %w", err)
		}
		h.Hour, h.Kind, h.N = h.Hour.UTC(), event.Kind(kind), int64(n)
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("clickhouse: hours: %w", err)
	}
	return out, nil
}
