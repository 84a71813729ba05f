// Package notes is the operators' own desk work: notes on events and instants,
// and clips of redacted recordings that leave the house with their receipts.
package notes

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"bystander/internal/sqldb"
)

// kept is how long a note stays.
const kept = 180 * 24 * time.Hour

// MaxText is the longest note, in characters.
const MaxText = 1000

// AEAD encrypts with associated data; Tink's tink.AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Note is what somebody wrote of an instant of a camera, or of an event.
type Note struct {
	ID      string
	Camera  string
	At      time.Time // the instant it is about
	Event   string    // the event it is about; empty when it is about the instant alone
	Text    string
	Author  string // account id
	Written time.Time
}

// schema: what a note says may name somebody against all advice, so its text is
// sealed with the installation's key.
var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "notes", SQL: `
CREATE TABLE notes (
	id TEXT PRIMARY KEY, camera TEXT NOT NULL, at_ms INTEGER NOT NULL, event TEXT NOT NULL,
	text BLOB NOT NULL, author TEXT NOT NULL, written_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_at ON notes (at_ms);
CREATE INDEX notes_event ON notes (event) WHERE event <> '';
`}},
	Classes: map[string]map[string]string{
		"notes": {"id": "L1", "camera": "L2", "at_ms": "L2", "event": "L2", "text": "L3", "author": "L2", "written_ms": "L1"},
	},
	Rules: []sqldb.Rule{{
		Table: "notes", Class: "operators' notes", Period: kept, Column: "written_ms",
		Basis: "handling of incidents; longer only as part of an incident's own record",
	}},
}

// Store keeps notes. It is safe for concurrent use.
type Store struct {
	db  *sqldb.DB
	key AEAD
}

// Open opens or makes the store at path, readable by its owner only. The key
// seals the texts.
func Open(ctx context.Context, path string, key AEAD) (*Store, error) {
	if key == nil {
		return nil, errors.New("notes: no key to seal with")
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("notes: %w", err)
	}
	return &Store{db: db, key: key}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

// Query selects notes. Zero fields do not restrict.
type Query struct {
	Camera   string
	Event    string
	From, To time.Time // of the instants: at or after, before
	Limit    int
}

// Add keeps a note and gives it its id.
func (s *Store) Add(ctx context.Context, n Note) (Note, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Note{}, fmt.Errorf("notes: %w", err)
	}
	n.ID = id.String()
	n.At, n.Written = n.At.UTC().Truncate(time.Millisecond), n.Written.UTC().Truncate(time.Millisecond)
	sealed, err := s.key.Encrypt([]byte(n.Text), []byte(n.ID))
	if err != nil {
		return Note{}, fmt.Errorf("notes: seal: %w", err)
	}
	_, err = s.db.W.ExecContext(ctx, `INSERT INTO notes (id, camera, at_ms, event, text, author, written_ms) VALUES (?,?,?,?,?,?,?)`,
		n.ID, n.Camera, n.At.UnixMilli(), n.Event, sealed, n.Author, n.Written.UnixMilli())
	if err != nil {
		return Note{}, fmt.Errorf("notes: add: %w", err)
	}
	return n, nil
}

// List returns notes by their instants, newest first.
func (s *Store) List(ctx context.Context, q Query) ([]Note, error) {
	from, to := int64(0), int64(1)<<62
	if !q.From.IsZero() {
		from = q.From.UnixMilli()
	}
	if !q.To.IsZero() {
		to = q.To.UnixMilli()
	}
	rows, err := s.db.R.QueryContext(ctx, `SELECT id, camera, at_ms, event, text, author, written_ms FROM notes
		WHERE (?1 = '' OR camera = ?1) AND (?2 = '' OR event = ?2) AND at_ms >= ?3 AND at_ms < ?4
		ORDER BY at_ms DESC, id DESC LIMIT ?5`, q.Camera, q.Event, from, to, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("notes: list: %w", err)
	}
	defer rows.Close()
	out := []Note{}
	for rows.Next() {
		n, err := s.scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("notes: list: %w", err)
	}
	return out, nil
}

func (s *Store) scan(rows *sql.Rows) (Note, error) {
	var n Note
	var at, written int64
	var sealed []byte
	if err := rows.Scan(&n.ID, &n.Camera, &at, &n.Event, &sealed, &n.Author, &written); err != nil {
		return Note{}, fmt.Errorf("notes: list: %w", err)
	}
	text, err := s.key.Decrypt(sealed, []byte(n.ID))
	if err != nil {
		return Note{}, fmt.Errorf("notes: open %s: %w", n.ID, err)
	}
	n.Text, n.At, n.Written = string(text), time.UnixMilli(at).UTC(), time.UnixMilli(written).UTC()
	return n, nil
}
