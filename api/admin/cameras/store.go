// Package cameras keeps the cameras that administrators add in the interface,
// and which of all cameras are paused. Addresses, which hold credentials, are
// sealed with the installation's key; whoever removes a camera removes its
// address at once.
package cameras

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"bystander/internal/sqldb"
)

// The ways in which a camera is refused.
var (
	ErrInvalid  = errors.New("cameras: not acceptable") // 422
	ErrExists   = errors.New("cameras: exists already") // 409
	ErrNotFound = errors.New("cameras: no such camera") // 404
	ErrSealed   = errors.New("cameras: the address cannot be opened")
)

// AEAD encrypts with associated data; Tink's tink.AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Camera is one camera. Its address is told by Reveal alone.
type Camera struct {
	ID, Name  string
	Transport string // tcp or udp
	// Rotation is by how much pictures are turned clockwise to stand upright: 0,
	// 90, 180 or 270 degrees.
	Rotation  int
	AddedBy   string // account
	AddedAt   time.Time
	ChangedBy string    // account; empty as long as nobody changed it
	ChangedAt time.Time // zero likewise
}

// Pause says that a camera is paused.
type Pause struct {
	Camera string
	By     string // account
	Reason string
	At     time.Time
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
`}, {Name: "changes", SQL: `
ALTER TABLE cameras ADD COLUMN rotation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cameras ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN changed_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE pauses (
	camera TEXT PRIMARY KEY, by TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`}},
	Classes: map[string]map[string]string{
		"cameras": {
			"id": "L1", "name": "L1", "transport": "L1", "address": "L3",
			"added_by": "L2", "added_ms": "L2", "removed_by": "L2", "removed_ms": "L2",
			"rotation": "L1", "changed_by": "L2", "changed_ms": "L2",
		},
		"pauses": {"camera": "L1", "by": "L2", "reason": "L2", "at_ms": "L2"},
	},
	Rules: []sqldb.Rule{
		{
			Table: "cameras", Class: "cameras", Period: keptRemoved, Column: "removed_ms",
			Basis: "A-15, B-63: who added and removed which camera; its address goes at once",
		},
		{Table: "pauses", Class: "cameras", Basis: "A-05: why a camera is paused; gone when it goes on, the log keeps it"},
	},
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

func (c *Camera) check() error {
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" {
		c.Name = c.ID
	}
	switch {
	case !idForm.MatchString(c.ID):
		return fmt.Errorf("%w: id: use small letters, digits and dashes, at most 63", ErrInvalid)
	case c.Transport != "tcp" && c.Transport != "udp":
		return fmt.Errorf("%w: transport: tcp or udp", ErrInvalid)
	case !slices.Contains([]int{0, 90, 180, 270}, c.Rotation):
		return fmt.Errorf("%w: rotation: 0, 90, 180 or 270 degrees", ErrInvalid)
	}
	return nil
}

// Add keeps a camera with its address, which the caller has checked. The id must
// be free among those kept here; other cameras' ids are the caller's to compare.
func (s *Store) Add(ctx context.Context, c Camera, address string) (Camera, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	sealed, err := s.key.Encrypt([]byte(address), []byte(c.ID))
	if err != nil {
		return c, fmt.Errorf("cameras: seal: %w", err)
	}
	c.AddedAt = s.time()
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = ? AND address IS NOT NULL`, c.ID).Scan(&have); err != nil {
			return err
		}
		if have > 0 {
			return fmt.Errorf("%w: %s", ErrExists, c.ID)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO cameras (id, name, transport, address, added_by, added_ms, removed_ms, rotation) VALUES (?,?,?,?,?,?,?,?)`,
			c.ID, c.Name, c.Transport, sealed, c.AddedBy, c.AddedAt.UnixMilli(), never, c.Rotation)
		return err
	})
	return c, err
}

func (s *Store) time() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// What a change was of.
const (
	ChangedAddress   = "address"
	ChangedName      = "name"
	ChangedTransport = "transport"
	ChangedRotation  = "rotation"
)

// Change edits a camera: edit gets it with its address, and returns both as they
// shall be from now on. It may be called more than once. Change says what of the
// camera became different.
func (s *Store) Change(ctx context.Context, id, by string, edit func(c Camera, address string) (Camera, string, error)) (c Camera, what []string, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		what = nil
		was, address, err := s.one(ctx, tx, id)
		if err != nil {
			return err
		}
		next := ""
		if c, next, err = edit(was, address); err != nil {
			return err
		}
		c.ID, c.AddedBy, c.AddedAt = was.ID, was.AddedBy, was.AddedAt
		if err := c.check(); err != nil {
			return err
		}
		for _, x := range []struct {
			name    string
			differs bool
		}{
			{ChangedAddress, next != address},
			{ChangedName, c.Name != was.Name},
			{ChangedTransport, c.Transport != was.Transport},
			{ChangedRotation, c.Rotation != was.Rotation},
		} {
			if x.differs {
				what = append(what, x.name)
			}
		}
		if len(what) == 0 {
			c = was
			return nil
		}
		c.ChangedBy, c.ChangedAt = by, s.time()
		sealed, err := s.key.Encrypt([]byte(next), []byte(id))
		if err != nil {
			return fmt.Errorf("cameras: seal: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE cameras SET name = ?, transport = ?, rotation = ?, address = ?, changed_by = ?, changed_ms = ?
			WHERE id = ? AND address IS NOT NULL`, c.Name, c.Transport, c.Rotation, sealed, by, c.ChangedAt.UnixMilli(), id)
		return err
	})
	return c, what, err
}

// Remove forgets a camera's address and its pause, and records who did it.
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
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM pauses WHERE camera = ?`, id)
		}
		return err
	})
}

// Pause pauses a camera, one of the configuration too. It reports whether that
// is new; whoever paused first stays on record.
func (s *Store) Pause(ctx context.Context, id, by, reason string) (fresh bool, err error) {
	return s.counted(ctx, `INSERT INTO pauses (camera, by, reason, at_ms) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`,
		id, by, reason, s.now().UnixMilli())
}

// Resume ends a camera's pause. It reports whether there was one.
func (s *Store) Resume(ctx context.Context, id string) (was bool, err error) {
	return s.counted(ctx, `DELETE FROM pauses WHERE camera = ?`, id)
}

func (s *Store) counted(ctx context.Context, query string, args ...any) (some bool, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("cameras: %w", err)
		}
		n, err := res.RowsAffected()
		some = n > 0
		return err
	})
	return some, err
}

// Pauses returns which cameras are paused, by id.
func (s *Store) Pauses(ctx context.Context) (_ map[string]Pause, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT camera, by, reason, at_ms FROM pauses`)
	if err != nil {
		return nil, fmt.Errorf("cameras: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := map[string]Pause{}
	for rows.Next() {
		var p Pause
		var at int64
		if err := rows.Scan(&p.Camera, &p.By, &p.Reason, &at); err != nil {
			return nil, fmt.Errorf("cameras: %w", err)
		}
		p.At = time.UnixMilli(at).UTC()
		out[p.Camera] = p
	}
	return out, rows.Err()
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
		address, err := s.unseal(c.ID, sealed)
		if err != nil {
			return err
		}
		return f(c, address)
	})
}

// RevealOne returns one camera with its address, for whoever runs it.
func (s *Store) RevealOne(ctx context.Context, id string) (Camera, string, error) {
	return s.one(ctx, s.db.R, id)
}

func (s *Store) unseal(id string, sealed []byte) (string, error) {
	address, err := s.key.Decrypt(sealed, []byte(id))
	if err != nil {
		return "", fmt.Errorf("%w: that of %s; is keys/cameras.key the one that it was sealed with? %w", ErrSealed, id, err)
	}
	return string(address), nil
}

const columns = `id, name, transport, rotation, address, added_by, added_ms, changed_by, changed_ms`

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) one(ctx context.Context, q querier, id string) (Camera, string, error) {
	c, sealed, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM cameras WHERE address IS NOT NULL AND id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return c, "", fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err != nil {
		return c, "", err
	}
	address, err := s.unseal(id, sealed)
	return c, address, err
}

func scan(row func(...any) error) (c Camera, sealed []byte, err error) {
	var added, changed int64
	err = row(&c.ID, &c.Name, &c.Transport, &c.Rotation, &sealed, &c.AddedBy, &added, &c.ChangedBy, &changed)
	if err != nil {
		return c, nil, fmt.Errorf("cameras: %w", err)
	}
	c.AddedAt = time.UnixMilli(added).UTC()
	if changed > 0 {
		c.ChangedAt = time.UnixMilli(changed).UTC()
	}
	return c, sealed, nil
}

func (s *Store) each(ctx context.Context, f func(c Camera, sealed []byte) error) (err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT `+columns+` FROM cameras WHERE address IS NOT NULL ORDER BY id`)
	if err != nil {
		return fmt.Errorf("cameras: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c, sealed, err := scan(rows.Scan)
		if err != nil {
			return err
		}
		if err := f(c, sealed); err != nil {
			return err
		}
	}
	return rows.Err()
}
