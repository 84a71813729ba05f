// Package sqlite is the embedded event store: one file, no server. It keeps the
// match log of a house that runs on one machine.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	Days Days // DefaultDays for each that is 0
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
	insert string
	fields []event.Field
	cols   string
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
	s := &Store{db: db, o: o, fields: event.Fields()}
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.Name
	}
	s.cols = strings.Join(names, ", ")
	s.insert = `INSERT INTO events (` + s.cols + `) VALUES (` +
		strings.TrimSuffix(strings.Repeat("?,", len(names)), ",") + `) ON CONFLICT DO NOTHING`
	return s, nil
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

func (s *Store) insertAll(ctx context.Context, tx *sql.Tx, events []event.Event) ([]event.Event, error) {
	disposed, err := disposedUpTo(ctx, tx)
	if err != nil {
		return nil, err
	}
	stmt, err := tx.PrepareContext(ctx, s.insert)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	fresh := make([]event.Event, 0, len(events))
	args := make([]any, len(s.fields))
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
		if err := bind(args, s.fields, e); err != nil {
			return nil, err
		}
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		if n == 1 {
			fresh = append(fresh, *e)
		} else if err := s.sameStored(ctx, tx, e); err != nil {
			return nil, err
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

// sameStored checks that what stood in the way of e is e itself.
func (s *Store) sameStored(ctx context.Context, tx *sql.Tx, e *event.Event) error {
	var id string
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT event_id, row_hash FROM events WHERE chain_id = ? AND seq = ?`, e.ChainID, e.Seq).Scan(&id, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || id != e.ID || string(hash) != string(e.RowHash[:]) {
		return fmt.Errorf("%w: %s/%d (%s)", ErrConflict, e.ChainID, e.Seq, e.ID)
	}
	return nil
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
