// Package cameras keeps the cameras that administrators add in the interface.
// Addresses, which hold credentials, are sealed with the installation's key;
// whoever removes a camera removes its address at once.
package cameras

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"bystander/internal/sqldb"
)

// The ways in which a camera is refused.
var (
	ErrInvalid  = errors.New("cameras: not acceptable") // 422
	ErrExists   = errors.New("cameras: exists already") // 409
	ErrNotFound = errors.New("cameras: no such camera") // 404
)

// AEAD encrypts with associated data; Tink's tink.AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Camera is one camera. Address is left out of what List returns.
type Camera struct {
	ID, Name  string
	Transport string // tcp or udp
	AddedBy   string // account
	AddedAt   time.Time
}

// keptRemoved is how long it stays known who had added and removed a camera.
const (
	keptRemoved = 3 * 365 * 24 * time.Hour
	never       = int64(1) << 60 // a time in ms that does not come: not removed yet
)

var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "cameras", SQL: `
CREATE TABLE cameras (
	id TEXT NOT NULL, name TEXT NOT NULL, transport TEXT NOT NULL, address BLOB,
	added_by TEXT NOT NULL, added_ms INTEGER NOT NULL,
	removed_by TEXT NOT NULL DEFAULT '', removed_ms INTEGER NOT NULL,
	PRIMARY KEY (id, added_ms)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cameras_present ON cameras (id) WHERE address IS NOT NULL;
`}},
	Classes: map[string]map[string]string{
		"cameras": {
			"id": "L1", "name": "L1", "transport": "L1", "address": "L3",
			"added_by": "L2", "added_ms": "L2", "removed_by": "L2", "removed_ms": "L2",
		},
	},
	Rules: []sqldb.Rule{{
		Table: "cameras", Class: "cameras", Period: keptRemoved, Column: "removed_ms",
		Basis: "A-15, B-63: who added and removed which camera; its address goes at once",
	}},
}

// Store keeps cameras. It is safe for concurrent use.
type Store struct {
	db  *sqldb.DB
	key AEAD
	now func() time.Time
}

// Open opens or makes the store at path. now may be nil.
func Open(ctx context.Context, path string, key AEAD, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("cameras: %w", err)
	}
	return &Store{db, key, now}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Add keeps a camera with its address, which the caller has checked. The id must
// be free among those kept here; other cameras' ids are the caller's to compare.
func (s *Store) Add(ctx context.Context, c Camera, address string) (Camera, error) {
	if !idForm.MatchString(c.ID) {
		return c, fmt.Errorf("%w: id: use small letters, digits and dashes, at most 63", ErrInvalid)
	}
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" {
		c.Name = c.ID
	}
	if c.Transport != "tcp" && c.Transport != "udp" {
		return c, fmt.Errorf("%w: transport: tcp or udp", ErrInvalid)
	}
	sealed, err := s.key.Encrypt([]byte(address), []byte(c.ID))
	if err != nil {
		return c, fmt.Errorf("cameras: seal: %w", err)
	}
	c.AddedAt = s.now().UTC().Truncate(time.Millisecond)
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = ? AND address IS NOT NULL`, c.ID).Scan(&have); err != nil {
			return err
		}
		if have > 0 {
			return fmt.Errorf("%w: %s", ErrExists, c.ID)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO cameras (id, name, transport, address, added_by, added_ms, removed_ms) VALUES (?,?,?,?,?,?,?)`,
			c.ID, c.Name, c.Transport, sealed, c.AddedBy, c.AddedAt.UnixMilli(), never)
		return err
	})
	return c, err
}

// Remove forgets a camera's address, and records who did it.
func (s *Store) Remove(ctx context.Context, id, by string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE cameras SET address = NULL, removed_by = ?, removed_ms = ? WHERE id = ? AND address IS NOT NULL`,
			by, s.now().UnixMilli(), id)
		if err != nil {
			return fmt.Errorf("cameras: %w", err)
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: %s", ErrNotFound, id)
		}
		return err
	})
}

// List returns the cameras that are kept now, by id.
func (s *Store) List(ctx context.Context) ([]Camera, error) {
	out := []Camera{}
	err := s.each(ctx, func(c Camera, _ []byte) error {
		out = append(out, c)
		return nil
	})
	return out, err
}

// Reveal calls f with each camera and its address, for whoever runs them.
func (s *Store) Reveal(ctx context.Context, f func(c Camera, address string) error) error {
	return s.each(ctx, func(c Camera, sealed []byte) error {
		address, err := s.key.Decrypt(sealed, []byte(c.ID))
		if err != nil {
			return fmt.Errorf("cameras: the address of %s cannot be opened; is keys/cameras.key the one that it was sealed with? %w", c.ID, err)
		}
		return f(c, string(address))
	})
}

func (s *Store) each(ctx context.Context, f func(c Camera, sealed []byte) error) (err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT id, name, transport, address, added_by, added_ms FROM cameras WHERE address IS NOT NULL ORDER BY id`)
	if err != nil {
		return fmt.Errorf("cameras: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c Camera
		var sealed []byte
		var at int64
		if err := rows.Scan(&c.ID, &c.Name, &c.Transport, &sealed, &c.AddedBy, &at); err != nil {
			return fmt.Errorf("cameras: %w", err)
		}
		c.AddedAt = time.UnixMilli(at).UTC()
		if err := f(c, sealed); err != nil {
			return err
		}
	}
	return rows.Err()
}
