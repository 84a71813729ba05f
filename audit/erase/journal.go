package erase

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// state is how far an erasure has got.
type state string

// The states: what has been done.
const (
	stateBegun     state = "begun"     // the tombstone stands
	stateFound     state = "found"     // the references are known
	stateForgotten state = "forgotten" // keys, templates, names and the id are gone
	stateDeleted   state = "deleted"   // rows are gone
	stateDone      state = "done"      // the log says so
)

// work is one erasure under way.
type work struct {
	state  state
	person string         // until it is forgotten
	refs   []event.Digest // until the rows are deleted
	cert   Certificate
}

// journal keeps tombstones for good, and of each erasure no more than its next
// step needs.
type journal struct {
	db  *sqldb.DB
	now func() time.Time
}

var migrations = []sqldb.Migration{{Name: "erasures", SQL: `
CREATE TABLE tombstones (tombstone BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erasures (
	id TEXT PRIMARY KEY, state TEXT NOT NULL, person TEXT NOT NULL, refs BLOB NOT NULL,
	account TEXT NOT NULL, changed_at INTEGER NOT NULL
) WITHOUT ROWID;`}}

func openJournal(ctx context.Context, path string, now func() time.Time) (*journal, error) {
	db, err := sqldb.Open(ctx, path, sqldb.Schema{
		Migrations: migrations,
		Classes: map[string]map[string]string{
			"tombstones": {"tombstone": "L2", "at": "L2"},
			"erasures":   {"id": "L1", "state": "L1", "person": "L3", "refs": "L3", "account": "L2", "changed_at": "L1"},
		},
		Rules: []sqldb.Rule{
			{Table: "tombstones", Class: "tombstones", Basis: "a backup of whatever age must not bring an erased person back"},
			{Table: "erasures", Class: "erasure certificates", Basis: "evidence of erasure; person and refs are emptied by its own steps"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("erase: %w", err)
	}
	return &journal{db, now}, nil
}

// begin sets the tombstone, and finds an erasure of the same person that is
// still under way.
func (j *journal) begin(ctx context.Context, id, person, cause string) (*work, error) {
	stone := Tombstone(person)
	w := &work{state: stateBegun, person: person, cert: Certificate{
		ID: id, Tombstone: stone.String(), Cause: cause, Begun: j.now().UTC().Truncate(time.Millisecond),
		Steps: []Step{}, Events: []string{},
	}}
	err := j.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO tombstones VALUES (?,?) ON CONFLICT DO NOTHING`, stone[:], j.now().UnixMilli()); err != nil {
			return err
		}
		var open string
		err := tx.QueryRowContext(ctx, `SELECT id FROM erasures WHERE person = ? AND state IN (?, ?)`, person, stateBegun, stateFound).Scan(&open)
		if err == nil {
			w, err = load(ctx, tx, open)
			return err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return put(ctx, tx, w, j.now())
	})
	if err != nil {
		return nil, fmt.Errorf("erase: begin: %w", err)
	}
	return w, nil
}

func put(ctx context.Context, tx *sql.Tx, w *work, now time.Time) error {
	account, err := json.Marshal(w.cert)
	if err != nil {
		return err
	}
	refs := make([]byte, 0, 32*len(w.refs))
	for _, r := range w.refs {
		refs = append(refs, r[:]...)
	}
	// REPLACE frees the old row, which secure_delete overwrites.
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO erasures VALUES (?,?,?,?,?,?)`,
		w.cert.ID, w.state, w.person, refs, string(account), now.UnixMilli())
	return err
}

func (j *journal) save(ctx context.Context, w *work) error {
	if err := j.db.Tx(ctx, func(tx *sql.Tx) error { return put(ctx, tx, w, j.now()) }); err != nil {
		return fmt.Errorf("erase: journal: %w", err)
	}
	return nil
}

// move saves what is left to be known, under the next state, and leaves no copy
// of the rest in the write-ahead log.
func (j *journal) move(ctx context.Context, w *work, to state) error {
	was := w.state
	w.state = to
	if err := j.save(ctx, w); err != nil {
		w.state = was
		return err
	}
	var busy, pages, moved int
	if err := j.db.W.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("erase: journal: %w", err)
	}
	return nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func load(ctx context.Context, q querier, id string) (*work, error) {
	w := &work{}
	var refs []byte
	var account string
	err := q.QueryRowContext(ctx, `SELECT state, person, refs, account FROM erasures WHERE id = ?`, id).Scan(&w.state, &w.person, &refs, &account)
	if errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("%w: erasure %q is unknown", ErrPerson, id)
	}
	if err != nil {
		return w, fmt.Errorf("erase: journal: %w", err)
	}
	for ; len(refs) >= 32; refs = refs[32:] {
		w.refs = append(w.refs, event.Digest(refs[:32]))
	}
	if err := json.Unmarshal([]byte(account), &w.cert); err != nil {
		return w, fmt.Errorf("erase: journal: %w", err)
	}
	return w, nil
}

func (j *journal) load(ctx context.Context, id string) (*work, error) { return load(ctx, j.db.R, id) }

// open lists the erasures that are not finished, oldest first.
func (j *journal) open(ctx context.Context) ([]*work, error) {
	rows, err := j.db.R.QueryContext(ctx, `SELECT id FROM erasures WHERE state <> ? ORDER BY id`, stateDone)
	if err != nil {
		return nil, fmt.Errorf("erase: journal: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("erase: journal: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("erase: journal: %w", err)
	}
	out := make([]*work, 0, len(ids))
	for _, id := range ids {
		w, err := j.load(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func (j *journal) buried(ctx context.Context, person string) (bool, error) {
	stone := Tombstone(person)
	var dead bool
	if err := j.db.R.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tombstones WHERE tombstone = ?)`, stone[:]).Scan(&dead); err != nil {
		return false, fmt.Errorf("erase: journal: %w", err)
	}
	return dead, nil
}
