package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// MaxLimit bounds the rows of one answer.
const MaxLimit = 1000

// Query selects events. Empty fields do not restrict.
type Query struct {
	ID     string // of one event
	Ref    string // events that refer to this one
	Camera string
	Zone   string
	Kinds  []event.Kind
	Chain  string
	From   time.Time // at or after
	To     time.Time // before
	Person bool      // those that carry a pseudonym
	// After asks for rows with a greater Row.ID, oldest first: what came in
	// since. Before asks for smaller ones, newest first: the next page.
	After, Before int64
	Tail          bool // oldest first from After on, even when After is 0
	Limit         int  // 100 when 0, at most MaxLimit
}

// Events answers a query, newest first unless After or Tail is set.
func (s *Store) Events(ctx context.Context, q Query) ([]Row, error) {
	where, args := q.where()
	order := "DESC"
	if q.Tail || q.After > 0 {
		order = "ASC"
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := s.db.R.QueryContext(ctx, `SELECT id, `+s.cols+` FROM events`+where+` ORDER BY id `+order+` LIMIT ?`,
		append(args, min(limit, MaxLimit))...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: query: %w", err)
	}
	return s.scan(rows)
}

func (q Query) where() (string, []any) {
	var cond []string
	var args []any
	add := func(set bool, c string, v any) {
		if set {
			cond, args = append(cond, c), append(args, v)
		}
	}
	add(q.ID != "", "event_id = ?", q.ID)
	add(q.Ref != "", "ref_event = ?", q.Ref)
	add(q.Camera != "", "camera_id = ?", q.Camera)
	add(q.Zone != "", "zone_id = ?", q.Zone)
	if len(q.Kinds) > 0 {
		cond = append(cond, "kind IN ("+strings.TrimSuffix(strings.Repeat("?,", len(q.Kinds)), ",")+")")
		for _, kind := range q.Kinds {
			args = append(args, string(kind))
		}
	}
	add(q.Chain != "", "chain_id = ?", q.Chain)
	add(!q.From.IsZero(), "ts >= ?", q.From.UnixMilli())
	add(!q.To.IsZero(), "ts < ?", q.To.UnixMilli())
	if q.Person {
		cond = append(cond, "subject_ref IS NOT NULL")
	}
	add(q.After > 0, "id > ?", q.After)
	add(q.Before > 0, "id < ?", q.Before)
	if len(cond) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(cond, " AND "), args
}

// Count is how many events one camera had of one kind within an hour.
type Count struct {
	Hour   time.Time  `json:"hour"`
	Camera string     `json:"camera_id"`
	Kind   event.Kind `json:"kind"`
	N      int64      `json:"n"`
}

// Hours returns the hourly counts from the hour of from up to to, oldest first;
// camera may be empty for all.
func (s *Store) Hours(ctx context.Context, from, to time.Time, camera string) ([]Count, error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT hour, camera_id, kind, n FROM event_hours
		WHERE hour >= ? AND hour < ? AND (?3 = '' OR camera_id = ?3) ORDER BY hour, camera_id, kind`,
		from.Truncate(time.Hour).UnixMilli(), to.UnixMilli(), camera)
	if err != nil {
		return nil, fmt.Errorf("sqlite: hours: %w", err)
	}
	defer rows.Close()
	var out []Count
	for rows.Next() {
		var c Count
		var hour int64
		if err := rows.Scan(&hour, &c.Camera, &c.Kind, &c.N); err != nil {
			return nil, fmt.Errorf("sqlite: hours: %w", err)
		}
		c.Hour = time.UnixMilli(hour).UTC()
		out = append(out, c)
	}
	return out, rows.Err()
}

// Gap is a run of missing numbers, both ends included.
type Gap struct{ First, Last uint64 }

// Completeness says what of a chain is there.
type Completeness struct {
	ChainID  string
	Floor    uint64 // everything up to it has been disposed of under its rule
	Last     uint64 // highest number stored
	Events   uint64 // whole rows
	Disposed uint64 // rows of which the skeleton remains
	Gaps     []Gap  // between Floor and Last; at most MaxLimit of them
}

// Complete checks a chain's numbers for gaps. Ask the edge's spool to replay
// them; Append puts them in their place.
func (s *Store) Complete(ctx context.Context, chain string) (Completeness, error) {
	c := Completeness{ChainID: chain}
	tx, err := s.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return c, fmt.Errorf("sqlite: completeness: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // read only
	err = tx.QueryRowContext(ctx, `SELECT
		COALESCE((SELECT seq FROM chain_floor WHERE chain_id = ?1), 0),
		(SELECT COUNT(*) FROM events WHERE chain_id = ?1),
		(SELECT COUNT(*) FROM skeleton WHERE chain_id = ?1),
		MAX(COALESCE((SELECT MAX(seq) FROM events WHERE chain_id = ?1), 0),
		    COALESCE((SELECT MAX(seq) FROM skeleton WHERE chain_id = ?1), 0),
		    COALESCE((SELECT seq FROM chain_floor WHERE chain_id = ?1), 0))`,
		chain).Scan(&c.Floor, &c.Events, &c.Disposed, &c.Last)
	if err == nil && c.Events+c.Disposed != c.Last-c.Floor {
		c.Gaps, err = gaps(ctx, tx, chain, c.Floor)
	}
	if err != nil {
		return c, fmt.Errorf("sqlite: completeness: %w", err)
	}
	return c, nil
}

func gaps(ctx context.Context, tx *sql.Tx, chain string, floor uint64) ([]Gap, error) {
	rows, err := tx.QueryContext(ctx, `SELECT prev + 1, seq - 1 FROM (
			SELECT seq, LAG(seq, 1, ?2) OVER (ORDER BY seq) AS prev FROM (
				SELECT seq FROM events WHERE chain_id = ?1 AND seq > ?2
				UNION SELECT seq FROM skeleton WHERE chain_id = ?1 AND seq > ?2))
		WHERE seq > prev + 1 ORDER BY seq LIMIT ?3`, chain, floor, MaxLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Gap
	for rows.Next() {
		var g Gap
		if err := rows.Scan(&g.First, &g.Last); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// Chains lists the chains that have left a trace here.
func (s *Store) Chains(ctx context.Context) ([]string, error) { return chains(ctx, s.db.R) }

func chains(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT chain_id FROM events UNION SELECT chain_id FROM skeleton
		UNION SELECT chain_id FROM chain_floor ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("sqlite: chains: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("sqlite: chains: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Chain returns up to limit events of a chain with numbers from from on, in order.
func (s *Store) Chain(ctx context.Context, chain string, from uint64, limit int) ([]event.Event, error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT id, `+s.cols+` FROM events WHERE chain_id = ? AND seq >= ? ORDER BY seq LIMIT ?`,
		chain, from, min(max(limit, 1), MaxLimit))
	if err != nil {
		return nil, fmt.Errorf("sqlite: chain: %w", err)
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

// Rules lists the retention rules in force.
func (s *Store) Rules() []sqldb.Rule { return s.db.Rules() }

// Enforce disposes of what has outlived its rule, keeps the report, and returns
// it. The error joins the tables' failures; the report tells of each.
func (s *Store) Enforce(ctx context.Context) ([]sqldb.Outcome, error) {
	now := s.o.Now()
	out, failed := s.db.Enforce(ctx, now)
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, o := range out {
			if o.Disposed == 0 && o.Overdue == 0 && o.Err == "" {
				continue
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO retention_runs (at, table_name, disposed, overdue, error) VALUES (?,?,?,?,?)`,
				now.UnixMilli(), o.Table, o.Disposed, o.Overdue, o.Err); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("sqlite: keep retention report: %w", err)
	}
	return out, failed
}
