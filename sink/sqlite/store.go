// Package sqlite is the embedded event store: one file, no server. It keeps the
// match log of a house that runs on one machine.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// ErrConflict reports an event whose number or id is stored with another
// content: two edges share a chain id, or somebody altered the log.
var ErrConflict = errors.New("sqlite: number or id is stored with another content")

// Options say how a store works. The zero value of a field means its default.
type Options struct {
	Days Days // DefaultDays for each that is 0 or less
	Now  func() time.Time
	// Stored is told, after the commit, of events that were not there before,
	// in order. It must not block; the slice is the caller's.
	Stored func([]event.Event)
}

// Store is an event store. It is safe for concurrent use and implements
// sink.EventSink.
type Store struct {
	db     *sqldb.DB
	o      Options
	fields []event.Field
	cols   string
	rows   int // events in one statement: rowsAtOnce
}

// Open opens or makes the store at path.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, p := range []struct{ have, def *int }{
		{&o.Days.Events, &DefaultDays.Events},
		{&o.Days.Skeleton, &DefaultDays.Skeleton},
		{&o.Days.Hours, &DefaultDays.Hours},
		{&o.Days.Runs, &DefaultDays.Runs},
	} {
		if *p.have <= 0 {
			*p.have = *p.def
		}
	}
	db, err := sqldb.Open(ctx, path, schema(o.Days, o.Now))
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, o: o, fields: event.Fields(), rows: rowsAtOnce}
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.Name
	}
	s.cols = strings.Join(names, ", ")
	return s, nil
}

// insertOf is the statement that inserts n events.
func (s *Store) insertOf(n int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(s.fields)), ",") + ")"
	return `INSERT INTO events (` + s.cols + `) VALUES ` + row + strings.Repeat(","+row, n-1) + ` ON CONFLICT DO NOTHING`
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// Append stores sealed events in one transaction and returns once they are on
// the disk. What is stored already, or was and has been disposed of, is passed
// over. It fails with ErrConflict, event.ErrInvalid and the database's errors;
// nothing is stored then.
func (s *Store) Append(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	for i := range events {
		if err := checkSealed(&events[i]); err != nil {
			return err
		}
	}
	var fresh []event.Event
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if fresh, err = s.insertAll(ctx, tx, events); err != nil {
			return err
		}
		return addHours(ctx, tx, fresh)
	})
	if err != nil {
		return fmt.Errorf("sqlite: append: %w", err)
	}
	if s.o.Stored != nil && len(fresh) > 0 {
		s.o.Stored(fresh)
	}
	return nil
}

func checkSealed(e *event.Event) error {
	if e.ChainID == "" || e.Seq == 0 || e.ID == "" || e.TS.IsZero() || e.RowHash.IsZero() || len(e.NodeSig) == 0 {
		return fmt.Errorf("sqlite: %w: event %q has not been sealed", event.ErrInvalid, e.ID)
	}
	if e.Seq > 1<<63-1 || e.PolicyVersion > 1<<63-1 {
		return fmt.Errorf("sqlite: %w: event %q: number above 63 bits", event.ErrInvalid, e.ID)
	}
	return e.Check()
}

// rowsAtOnce is how many events one statement inserts: its cursors then stay
// where the next row belongs. Far more would pass the limit of parameters.
const rowsAtOnce = 32

// insertAll inserts what is not stored or disposed of and returns it.
func (s *Store) insertAll(ctx context.Context, tx *sql.Tx, events []event.Event) ([]event.Event, error) {
	wanted, err := s.undisposed(ctx, tx, events)
	if err != nil {
		return nil, err
	}
	var newest int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM events`).Scan(&newest); err != nil {
		return nil, err
	}
	var many, one *sql.Stmt
	if len(wanted) >= s.rows {
		if many, err = tx.PrepareContext(ctx, s.insertOf(s.rows)); err != nil {
			return nil, err
		}
		defer many.Close()
	}
	if len(wanted)%s.rows > 0 {
		if one, err = tx.PrepareContext(ctx, s.insertOf(1)); err != nil {
			return nil, err
		}
		defer one.Close()
	}
	fresh := make([]event.Event, 0, len(wanted))
	args := make([]any, s.rows*len(s.fields))
	for len(wanted) > 0 {
		stmt, n := one, 1
		if len(wanted) >= s.rows {
			stmt, n = many, s.rows
		}
		if fresh, err = s.insertSome(ctx, tx, stmt, args, wanted[:n], newest, fresh); err != nil {
			return nil, err
		}
		wanted = wanted[n:]
	}
	return fresh, nil
}

// undisposed leaves out the events that were disposed of under their rule.
func (s *Store) undisposed(ctx context.Context, tx *sql.Tx, events []event.Event) ([]event.Event, error) {
	disposed, err := disposedUpTo(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(events, func(e event.Event) bool { return e.Seq <= disposed[e.ChainID] }) {
		return events, nil
	}
	var out []event.Event
	for i := range events {
		e := &events[i]
		if e.Seq <= disposed[e.ChainID] {
			gone, err := isDisposed(ctx, tx, e)
			if err != nil {
				return nil, err
			}
			if gone {
				continue
			}
		}
		out = append(out, *e)
	}
	return out, nil
}

// insertSome inserts as many events as stmt takes and adds those that were not
// there to fresh. Rows of before this transaction have ids up to newest.
func (s *Store) insertSome(ctx context.Context, tx *sql.Tx, stmt *sql.Stmt, args []any, events []event.Event, newest int64, fresh []event.Event) ([]event.Event, error) {
	args = args[:len(events)*len(s.fields)]
	for i := range events {
		if err := bind(args[i*len(s.fields):(i+1)*len(s.fields)], s.fields, &events[i]); err != nil {
			return nil, err
		}
	}
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == int64(len(events)) {
		return append(fresh, events...), err
	}
	// Some of them stood in their own way. The others were inserted just now.
	for i := range events {
		e := &events[i]
		id, err := s.sameStored(ctx, tx, e)
		if err != nil {
			return nil, err
		}
		twice := slices.ContainsFunc(fresh, func(f event.Event) bool { return f.Seq == e.Seq && f.ChainID == e.ChainID })
		if id > newest && !twice {
			fresh = append(fresh, *e)
		}
	}
	return fresh, nil
}

// disposedUpTo returns the highest disposed number of each chain.
func disposedUpTo(ctx context.Context, tx *sql.Tx) (map[string]uint64, error) {
	rows, err := tx.QueryContext(ctx, `SELECT chain_id, seq FROM chain_floor
		UNION ALL SELECT chain_id, MAX(seq) FROM skeleton GROUP BY chain_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]uint64{}
	for rows.Next() {
		var id string
		var seq uint64
		if err := rows.Scan(&id, &seq); err != nil {
			return nil, err
		}
		m[id] = max(m[id], seq)
	}
	return m, rows.Err()
}

func isDisposed(ctx context.Context, tx *sql.Tx, e *event.Event) (bool, error) {
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT row_hash FROM skeleton WHERE chain_id = ? AND seq = ?`, e.ChainID, e.Seq).Scan(&hash)
	switch {
	case err == nil && string(hash) != string(e.RowHash[:]):
		return false, fmt.Errorf("%w: %s/%d", ErrConflict, e.ChainID, e.Seq)
	case err == nil:
		return true, nil
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	var below bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM chain_floor WHERE chain_id = ? AND seq >= ?)`, e.ChainID, e.Seq).Scan(&below)
	return below, err
}

// sameStored checks that what is stored in e's place is e itself, and returns
// its row's id.
func (s *Store) sameStored(ctx context.Context, tx *sql.Tx, e *event.Event) (int64, error) {
	var row int64
	var id string
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT id, event_id, row_hash FROM events WHERE chain_id = ? AND seq = ?`, e.ChainID, e.Seq).Scan(&row, &id, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	if err != nil || id != e.ID || string(hash) != string(e.RowHash[:]) {
		return 0, fmt.Errorf("%w: %s/%d (%s)", ErrConflict, e.ChainID, e.Seq, e.ID)
	}
	return row, nil
}

// addHours adds events to the hourly counts, in the transaction that stores
// them, so that the counts are exact however often an event is offered.
func addHours(ctx context.Context, tx *sql.Tx, events []event.Event) error {
	type key struct {
		hour         int64
		camera, kind string
	}
	n := map[key]int{}
	for i := range events {
		e := &events[i]
		n[key{e.TS.Truncate(time.Hour).UnixMilli(), e.CameraID, string(e.Kind)}]++
	}
	for k, count := range n {
		if _, err := tx.ExecContext(ctx, `INSERT INTO event_hours VALUES (?,?,?,?)
			ON CONFLICT (hour, camera_id, kind) DO UPDATE SET n = n + excluded.n`, k.hour, k.camera, k.kind, count); err != nil {
			return err
		}
	}
	return nil
}
