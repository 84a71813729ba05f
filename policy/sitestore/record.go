package sitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
	"bystander/policy"
)

// Meta is what every version of every record says of itself.
type Meta struct {
	ID      string    `json:"id"`
	Version uint32    `json:"version" minimum:"1" doc:"Counts from 1 with every change; send it as If-Match"`
	Author  string    `json:"author" doc:"The account that made this version"`
	Reason  string    `json:"reason" doc:"Why"`
	At      time.Time `json:"at"`
}

func (m *Meta) meta() *Meta { return m }

// record is what the store keeps in versions; *T implements it.
type record[T any] interface {
	*T
	meta() *Meta
	kind() string
}

// By is who changes something, and why.
type By struct {
	Actor  string // account id
	Reason string
	// Version is the version that the change was made of; 0 skips the check.
	Version uint32
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// txn is one change under way: all of it is stored, or nothing.
type txn struct {
	ctx    context.Context
	tx     *sql.Tx
	s      *Store
	by     By
	now    time.Time
	events []event.Event
	places *places // of every zone, until something is stored
}

// places are all entrances and signs by their zone, and all inspections by their
// id, each read once for a compilation.
type places struct {
	entrances   map[string][]Entrance
	signs       map[string][]Sign
	inspections map[string]Inspection // nil until one is asked for
}

func fetch[T any, P record[T]](ctx context.Context, q querier, id string) (T, error) {
	var v T
	var body string
	k := P(&v).kind()
	err := q.QueryRowContext(ctx, `SELECT body FROM records WHERE kind=? AND id=? ORDER BY version DESC LIMIT 1`, k, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return v, refuse(ErrNotFound, CodeNotFound, "there is no %s %q", k, id)
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &v)
	}
	if err != nil {
		return v, fmt.Errorf("sitestore: %s %s: %w", k, id, err)
	}
	return v, nil
}

func fetchAll[T any, P record[T]](ctx context.Context, q querier) ([]T, error) {
	var v T
	return scan[T](ctx, q, `SELECT body FROM records r WHERE kind=? AND version =
		(SELECT max(version) FROM records WHERE kind=r.kind AND id=r.id) ORDER BY id`, P(&v).kind())
}

func history[T any, P record[T]](ctx context.Context, q querier, id string) ([]T, error) {
	var v T
	k := P(&v).kind()
	out, err := scan[T](ctx, q, `SELECT body FROM records WHERE kind=? AND id=? ORDER BY version`, k, id)
	if err == nil && len(out) == 0 {
		return nil, refuse(ErrNotFound, CodeNotFound, "there is no %s %q", k, id)
	}
	return out, err
}

func scan[T any](ctx context.Context, q querier, query string, args ...any) (_ []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("sitestore: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []T{}
	for rows.Next() {
		var body string
		var v T
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("sitestore: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("sitestore: damaged record: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// load reads a record's newest version, and checks that it is the one that the
// change was made of.
func load[T any, P record[T]](t *txn, id string) (T, error) {
	v, err := fetch[T, P](t.ctx, t.tx, id)
	if err != nil {
		return v, err
	}
	if m := P(&v).meta(); t.by.Version != 0 && m.Version != t.by.Version {
		return v, refuse(ErrVersion, CodeVersion, "it is at version %d, the change was made of version %d; read it again", m.Version, t.by.Version)
	}
	return v, nil
}

// other reads a record that the change only refers to.
func other[T any, P record[T]](t *txn, id string) (T, error) {
	return fetch[T, P](t.ctx, t.tx, id)
}

func all[T any, P record[T]](t *txn) ([]T, error) { return fetchAll[T, P](t.ctx, t.tx) }

// create stores a record's first version.
func create[T any, P record[T]](t *txn, v P) error {
	m := v.meta()
	if err := policy.CheckID(m.ID); err != nil {
		return invalid("id: %v", err)
	}
	var n int
	if err := t.tx.QueryRowContext(t.ctx, `SELECT count(*) FROM records WHERE kind=? AND id=?`, v.kind(), m.ID).Scan(&n); err != nil {
		return fmt.Errorf("sitestore: %w", err)
	}
	if n > 0 {
		return one(CodeExists, m.ID, fmt.Sprintf("there is a %s %q already; an id is never used twice", v.kind(), m.ID))
	}
	m.Version = 0
	return store[T](t, v)
}

// store adds the next version of a record.
func store[T any, P record[T]](t *txn, v P) error {
	t.places = nil
	m := v.meta()
	m.Version++
	m.Author, m.Reason, m.At = t.by.Actor, t.by.Reason, t.now
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("sitestore: %s: %w", v.kind(), err)
	}
	_, err = t.tx.ExecContext(t.ctx, `INSERT INTO records (kind, id, version, body, author, reason, at_ms) VALUES (?,?,?,?,?,?,?)`,
		v.kind(), m.ID, m.Version, string(body), m.Author, m.Reason, t.now.UnixMilli())
	if err != nil {
		return fmt.Errorf("sitestore: %s %s: %w", v.kind(), m.ID, err)
	}
	return nil
}

// newID returns an id that sorts by time.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
