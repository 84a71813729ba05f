// Package store keeps enrollees, consents and policy versions in SQLite or on a
// PostgreSQL server, and names in a file, or schema, of their own. Every change is
// a new row; nothing is overwritten, so that the history can be shown
// (REQUIREMENTS A-51).
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/policy"
)

// Store implements policy.Store and policy.Versions. It is safe for concurrent
// use, also by several processes over one file or server.
type Store struct{ db *sql.DB }

var (
	_ policy.Store    = (*Store)(nil)
	_ policy.Versions = (*Store)(nil)
)

// Open opens or makes the policy database at path, readable by its owner only;
// path may be a place on a PostgreSQL server (sqldb.Place).
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := OpenDB(ctx, path, migrations)
	if err != nil {
		return nil, fmt.Errorf("policy store: %w", err)
	}
	return &Store{db}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// OpenDB opens or makes a SQLite file, readable by its owner only, in WAL mode
// with every commit on disk before it returns, and brings it to the newest of
// the steps. Deleted content is overwritten. One connection serves it. A path
// that is a place on a PostgreSQL server (sqldb.Place) is opened there.
func OpenDB(ctx context.Context, path string, steps []string) (*sql.DB, error) {
	if sqldb.IsPostgres(path) {
		db, err := sqldb.OpenSteps(ctx, path, steps)
		if errors.Is(err, sqldb.ErrNewer) {
			err = fmt.Errorf("%w: %w", ErrNewer, err)
		}
		return db, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("folder of %s: %w", path, err)
	}
	// Made first, so that it is never readable by others, not even briefly.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_txlock=immediate"+
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, steps); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, nil
}

// EmptyLog moves the write-ahead log into the database and empties it, so that
// no copy of what was erased is left. While another process reads, SQLite
// cannot; that is ErrReading, and the caller may try again.
func EmptyLog(ctx context.Context, db *sql.DB) error {
	err := sqldb.EmptyLog(ctx, db)
	if errors.Is(err, sqldb.ErrReading) {
		return ErrReading
	}
	return err
}

// ErrReading reports an erasure whose old pages are still in the log.
var ErrReading = errors.New("another process is reading, and its log still holds the old pages; try again")

// ErrNewer reports a database made by a newer release.
var ErrNewer = errors.New("the database was made by a newer release of bystander; update this one")

// migrate brings the database to the newest step; user_version counts them.
func migrate(ctx context.Context, db *sql.DB, steps []string) error {
	return InTx(ctx, db, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
			return err
		}
		if have > len(steps) {
			return fmt.Errorf("%w (version %d, known %d)", ErrNewer, have, len(steps))
		}
		for i := have; i < len(steps); i++ {
			if _, err := tx.ExecContext(ctx, steps[i]); err != nil {
				return fmt.Errorf("migration %d: %w", i+1, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps)))
		return err
	})
}

// InTx runs f in a transaction that takes the write lock at once; an error rolls
// it back.
func InTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	return sqldb.InTx(ctx, db, f)
}

// Data classes by column: every table holds pseudonymous records of
// class L3 (consents, enrollees) or L1 (policy versions, serials).
var migrations = []string{`
CREATE TABLE enrollees (          -- class L3, pseudonymous
  id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, changed_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID;
CREATE TABLE consents (           -- class L3, pseudonymous
  id TEXT NOT NULL, version INTEGER NOT NULL, enrollee TEXT NOT NULL, purpose TEXT NOT NULL,
  state TEXT NOT NULL, body TEXT NOT NULL, changed_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID;
CREATE INDEX consents_enrollee ON consents (enrollee);
CREATE TABLE policy_versions (    -- class L1
  version INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE lease_serial (       -- class L1
  one INTEGER PRIMARY KEY CHECK (one = 1), serial INTEGER NOT NULL) STRICT;
INSERT INTO lease_serial VALUES (1, 0);
CREATE TRIGGER enrollees_kept BEFORE UPDATE ON enrollees BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER consents_kept BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
`}

// PutEnrollee implements policy.Store.
func (s *Store) PutEnrollee(ctx context.Context, e policy.Enrollee) error {
	if e.ID == "" || e.Version == 0 || e.Status == "" {
		return fmt.Errorf("policy store: %w: an enrollee needs id, version and status", policy.ErrInvalid)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("policy store: enrollee: %w", err)
	}
	return InTx(ctx, s.db, func(tx *sql.Tx) error {
		if err := follows(ctx, tx, "SELECT coalesce(max(version),0) FROM enrollees WHERE id=?", e.ID, e.Version); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO enrollees VALUES (?,?,?,?)", e.ID, e.Version, string(body), e.ChangedAt.UnixMilli())
		return err
	})
}

func follows(ctx context.Context, tx *sql.Tx, query, id string, version uint32) error {
	var last uint32
	if err := tx.QueryRowContext(ctx, query, id).Scan(&last); err != nil {
		return fmt.Errorf("policy store: %w", err)
	}
	if version != last+1 {
		return fmt.Errorf("policy store: %w: version %d of %s after version %d", policy.ErrExists, version, id, last)
	}
	return nil
}

// PutConsents implements policy.Store.
func (s *Store) PutConsents(ctx context.Context, cs ...policy.Consent) error {
	return InTx(ctx, s.db, func(tx *sql.Tx) error {
		for _, c := range cs {
			if err := putConsent(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func putConsent(ctx context.Context, tx *sql.Tx, c policy.Consent) error {
	if err := c.Check(); err != nil {
		return err
	}
	if err := follows(ctx, tx, "SELECT coalesce(max(version),0) FROM consents WHERE id=?", c.ID, c.Version); err != nil {
		return err
	}
	if c.Version == 1 {
		if c.State != policy.ConsentPending {
			return fmt.Errorf("policy store: %w: a consent starts pending, this one is %s", policy.ErrTransition, c.State)
		}
	} else if err := checkMove(ctx, tx, c); err != nil {
		return err
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("policy store: consent: %w", err)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO consents VALUES (?,?,?,?,?,?,?)",
		c.ID, c.Version, c.Enrollee, string(c.Purpose), string(c.State), string(body), c.ChangedAt.UnixMilli())
	return err
}

// checkMove makes sure that nothing but the state changed, and that it may.
func checkMove(ctx context.Context, tx *sql.Tx, c policy.Consent) error {
	var body string
	if err := tx.QueryRowContext(ctx, "SELECT body FROM consents WHERE id=? AND version=?", c.ID, c.Version-1).Scan(&body); err != nil {
		return fmt.Errorf("policy store: %w", err)
	}
	var old policy.Consent
	if err := json.Unmarshal([]byte(body), &old); err != nil {
		return fmt.Errorf("policy store: consent %s: %w", c.ID, err)
	}
	want, err := moved(old, c)
	if err != nil {
		return err
	}
	a, errA := json.Marshal(want)
	b, errB := json.Marshal(c)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if string(a) != string(b) {
		return fmt.Errorf("policy store: %w: only the state of consent %s may change; give a new consent instead", policy.ErrTransition, c.ID)
	}
	return nil
}

// moved is what old becomes by the change that c claims. A new act, and with
// it a new notice, guardian and term, comes only with becoming active.
func moved(old, c policy.Consent) (policy.Consent, error) {
	switch {
	case c.State == policy.ConsentGiven && old.State == policy.ConsentReconfirm:
		return old.Reconfirm(policy.Renewal{
			Act: c.Act, NoticeVersion: c.NoticeVersion, Guardian: c.Guardian, ExpiresAt: c.ExpiresAt,
		}, c.ChangedAt, c.Reason)
	case c.State == policy.ConsentGiven && old.State == policy.ConsentPending:
		return old.Confirm(c.Act, c.ChangedAt, c.Reason)
	}
	return old.Become(c.State, c.ChangedAt, c.Reason)
}

// Enrollees implements policy.People: the newest version of each.
func (s *Store) Enrollees(ctx context.Context) ([]policy.Enrollee, error) {
	return rows[policy.Enrollee](ctx, s.db, `SELECT body FROM enrollees e WHERE version =
		(SELECT max(version) FROM enrollees WHERE id = e.id) ORDER BY id`)
}

// Consents implements policy.People: the newest version of each.
func (s *Store) Consents(ctx context.Context) ([]policy.Consent, error) {
	return rows[policy.Consent](ctx, s.db, `SELECT body FROM consents c WHERE version =
		(SELECT max(version) FROM consents WHERE id = c.id) ORDER BY id`)
}

// ConsentHistory implements policy.Store.
func (s *Store) ConsentHistory(ctx context.Context, id string) ([]policy.Consent, error) {
	out, err := rows[policy.Consent](ctx, s.db, "SELECT body FROM consents WHERE id=? ORDER BY version", id)
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("policy store: %w: consent %s", policy.ErrNotFound, id)
	}
	return out, err
}

// Consent returns the newest version of one consent, or policy.ErrNotFound.
func (s *Store) Consent(ctx context.Context, id string) (policy.Consent, error) {
	return one[policy.Consent](ctx, s.db, "consent", id, "SELECT body FROM consents WHERE id=? ORDER BY version DESC LIMIT 1")
}

// ConsentsOf returns the newest version of each of one person's consents.
func (s *Store) ConsentsOf(ctx context.Context, enrollee string) ([]policy.Consent, error) {
	return rows[policy.Consent](ctx, s.db, `SELECT body FROM consents c WHERE enrollee = ? AND version =
		(SELECT max(version) FROM consents WHERE id = c.id) ORDER BY id`, enrollee)
}

// Enrollee returns the newest version of one enrollee, or policy.ErrNotFound.
func (s *Store) Enrollee(ctx context.Context, id string) (policy.Enrollee, error) {
	return one[policy.Enrollee](ctx, s.db, "enrollee", id, "SELECT body FROM enrollees WHERE id=? ORDER BY version DESC LIMIT 1")
}

// EnrolleeHistory returns all versions of one enrollee, oldest first.
func (s *Store) EnrolleeHistory(ctx context.Context, id string) ([]policy.Enrollee, error) {
	out, err := rows[policy.Enrollee](ctx, s.db, "SELECT body FROM enrollees WHERE id=? ORDER BY version", id)
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("policy store: %w: enrollee %s", policy.ErrNotFound, id)
	}
	return out, err
}

func one[T any](ctx context.Context, db *sql.DB, what, id, query string) (v T, err error) {
	out, err := rows[T](ctx, db, query, id)
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("policy store: %w: %s %s", policy.ErrNotFound, what, id)
	}
	if err != nil {
		return v, err
	}
	return out[0], nil
}

func rows[T any](ctx context.Context, db *sql.DB, query string, args ...any) (out []T, err error) {
	r, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("policy store: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for r.Next() {
		var body string
		var v T
		if err := r.Scan(&body); err != nil {
			return nil, fmt.Errorf("policy store: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("policy store: damaged record: %w", err)
		}
		out = append(out, v)
	}
	return out, r.Err()
}

// LatestVersion implements policy.Versions.
func (s *Store) LatestVersion(ctx context.Context) (uint64, error) {
	var v uint64
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(version),0) FROM policy_versions").Scan(&v); err != nil {
		return 0, fmt.Errorf("policy store: version: %w", err)
	}
	return v, nil
}

// DrawLease implements policy.Versions. One transaction, of which the store takes
// one at a time, gives both numbers: so serials rise with versions, too.
func (s *Store) DrawLease(ctx context.Context, base uint64, content event.Digest, at time.Time) (version, serial uint64, err error) {
	err = InTx(ctx, s.db, func(tx *sql.Tx) error {
		var last []byte
		err := tx.QueryRowContext(ctx, "SELECT version, content FROM policy_versions ORDER BY version DESC LIMIT 1").Scan(&version, &last)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case err == nil && string(last) == string(content[:]):
		case version != base:
			return fmt.Errorf("%w: %d after %d", policy.ErrOvertaken, version, base)
		default:
			err = tx.QueryRowContext(ctx, "INSERT INTO policy_versions (content, at) VALUES (?,?) RETURNING version",
				content[:], at.UnixMilli()).Scan(&version)
			if err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, nextSerial).Scan(&serial)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("policy store: lease: %w", err)
	}
	return version, serial, nil
}

const nextSerial = "UPDATE lease_serial SET serial = serial + 1 RETURNING serial"

// NextSerial implements policy.Versions.
func (s *Store) NextSerial(ctx context.Context) (uint64, error) {
	var v uint64
	err := InTx(ctx, s.db, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, nextSerial).Scan(&v) })
	if err != nil {
		return 0, fmt.Errorf("policy store: serial: %w", err)
	}
	return v, nil
}
