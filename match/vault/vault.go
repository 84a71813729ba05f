// Package vault keeps the templates of enrollees, encrypted. Each enrollee has
// a data key of their own, wrapped by the master key, which lives in a file
// apart from the data; destroying the data key makes everything of that person
// unreadable. Names are not here: they have a vault of their own.
package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/match"
	"bystander/policy/store"
)

// ErrDestroyed reports an enrollee whose keys were destroyed for good.
var ErrDestroyed = errors.New("vault: this enrollee's keys were destroyed; enrol again under a new id")

// Options says where the vault lies.
type Options struct {
	Path   string // of the database
	KeyDir string // of the master key, apart from the data
	// MasterKeyFile, when set, is used in place of the one in KeyDir and never
	// made; take it from EnvMasterKeyFile.
	MasterKeyFile string
	// MasterKey, when set, says where the master key is instead: file:/path of
	// a keyset, env:NAME of a variable that holds one, or kms:ADDRESS of a key
	// of a key management service, which encrypts the master key in KeyDir. Take
	// it from EnvMasterKey.
	MasterKey string
	// KMS are asked for kms: addresses before FileKMS and the clients that are
	// registered with Tink.
	KMS []KMS
	Now func() time.Time // time.Now when nil
}

// Vault is an open template vault. It is safe for concurrent use, also by
// several processes over one file.
type Vault struct {
	db     *sql.DB
	master tink.AEAD
	now    func() time.Time
}

var _ match.Templates = (*Vault)(nil)

// Open opens the vault, making it and its master key at first use. Beside an
// existing vault no new key is made: it could open nothing. It fails with
// ErrKeyFile, ErrKeyAddress and ErrWrongKey.
func Open(ctx context.Context, o Options) (*Vault, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	onServer := sqldb.IsPostgres(o.Path)
	_, err := os.Stat(o.Path)
	fresh := !onServer && errors.Is(err, os.ErrNotExist)
	var db *sql.DB
	if onServer { // only the server knows whether there is a vault already
		if db, err = store.OpenDB(ctx, o.Path, migrations); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		if fresh, err = empty(ctx, db); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	master, err := openMaster(o, fresh)
	if err != nil {
		return nil, errors.Join(err, closed(db))
	}
	if db == nil {
		if db, err = store.OpenDB(ctx, o.Path, migrations); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
	}
	v := &Vault{db, master, o.Now}
	if err := v.checkKey(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
}

func closed(db *sql.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// empty reports whether no master key has sealed anything here yet.
func empty(ctx context.Context, db *sql.DB) (bool, error) {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM key_check").Scan(&n); err != nil {
		return false, fmt.Errorf("vault: %w", err)
	}
	return n == 0, nil
}

// Close closes the database.
func (v *Vault) Close() error { return v.db.Close() }

var migrations = []string{`
CREATE TABLE key_check (          -- class L2
  one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB NOT NULL) STRICT;
CREATE TABLE scene_keys (         -- class L4, wrapped by the master key
  scene TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subjects (           -- class L4, wrapped by the master key
  enrollee TEXT PRIMARY KEY, dek_id TEXT NOT NULL, dek BLOB, subject_key BLOB,
  created_at INTEGER NOT NULL, destroyed_at INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE templates (          -- class L4, encrypted under the subject's key
  ref BLOB PRIMARY KEY, enrollee TEXT NOT NULL REFERENCES subjects, scene TEXT NOT NULL, model TEXT NOT NULL,
  sealed BLOB NOT NULL, quality REAL NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX templates_scene ON templates (scene, model);
CREATE TABLE revision (           -- class L1
  one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (1, 0);
`, `
-- The form of a template (match.Form), and how often a scene's key was renewed.
ALTER TABLE templates ADD COLUMN form INTEGER NOT NULL DEFAULT 1; -- class L1
ALTER TABLE scene_keys ADD COLUMN generation INTEGER NOT NULL DEFAULT 1; -- class L1
ALTER TABLE scene_keys ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0; -- class L1
`, `
-- Hashes of the ids of people who were erased: they get no keys again.
CREATE TABLE gone (hash BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID; -- class L2
`}

var checkWords = []byte("bystander template vault")

// checkKey tells a wrong master key at once, rather than at the first template.
func (v *Vault) checkKey(ctx context.Context) error {
	return store.InTx(ctx, v.db, func(tx *sql.Tx) error {
		var sealed []byte
		err := tx.QueryRowContext(ctx, "SELECT sealed FROM key_check").Scan(&sealed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			if sealed, err = v.master.Encrypt(checkWords, ad("check")); err != nil {
				return fmt.Errorf("vault: %w", err)
			}
			_, err = tx.ExecContext(ctx, "INSERT INTO key_check VALUES (1, ?)", sealed)
			return err
		case err != nil:
			return fmt.Errorf("vault: %w", err)
		}
		if _, err := v.master.Decrypt(sealed, ad("check")); err != nil {
			return fmt.Errorf("%w: the master key is another vault's", ErrWrongKey)
		}
		return nil
	})
}

// ad builds associated data: a purpose and what it is bound to, each length
// first, so that nothing can be moved to another place.
func ad(purpose string, parts ...string) []byte {
	out := fmt.Appendf(nil, "bystander vault v1 %s", purpose)
	for _, p := range parts {
		out = fmt.Appendf(out, "\x00%d:%s", len(p), p)
	}
	return out
}

// SceneKey implements match.Templates.
func (v *Vault) SceneKey(ctx context.Context, scene string) (key []byte, err error) {
	err = store.InTx(ctx, v.db, func(tx *sql.Tx) error {
		var wrapped []byte
		err := tx.QueryRowContext(ctx, "SELECT wrapped FROM scene_keys WHERE scene=?", scene).Scan(&wrapped)
		if err == nil {
			key, err = v.master.Decrypt(wrapped, ad("scene key", scene))
			return err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		key = random(match.SceneKeyBytes)
		if wrapped, err = v.master.Encrypt(key, ad("scene key", scene)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO scene_keys (scene, wrapped, made_at) VALUES (?,?,?)", scene, wrapped, v.now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("vault: scene key: %w", err)
	}
	return key, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails; it ends the program instead
	return b
}

// subject is an enrollee's opened keys.
type subject struct {
	id  string // of the data key
	dek tink.AEAD
	key []byte // for pseudonyms
}

// ensure opens the enrollee's keys, making them at first use.
func (v *Vault) ensure(ctx context.Context, tx *sql.Tx, enrollee string) (subject, error) {
	s, err := v.open(ctx, tx, enrollee)
	if !errors.Is(err, sql.ErrNoRows) {
		return s, err
	}
	if err := notGone(ctx, tx, enrollee); err != nil {
		return subject{}, err
	}
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return subject{}, err
	}
	var dek bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&dek), v.master, ad("data key", enrollee)); err != nil {
		return subject{}, err
	}
	key := random(match.SubjectKeyBytes)
	defer clear(key)
	wrapped, err := v.master.Encrypt(key, ad("subject key", enrollee))
	if err != nil {
		return subject{}, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return subject{}, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO subjects VALUES (?,?,?,?,?,NULL)",
		enrollee, id.String(), dek.Bytes(), wrapped, v.now().UnixMilli()); err != nil {
		return subject{}, err
	}
	return v.open(ctx, tx, enrollee)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (v *Vault) open(ctx context.Context, q querier, enrollee string) (subject, error) {
	var s subject
	var dek, wrapped []byte
	var destroyed sql.NullInt64
	err := q.QueryRowContext(ctx, "SELECT dek_id, dek, subject_key, destroyed_at FROM subjects WHERE enrollee=?", enrollee).
		Scan(&s.id, &dek, &wrapped, &destroyed)
	if err != nil {
		return s, err
	}
	if destroyed.Valid {
		return s, ErrDestroyed
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(dek)), v.master, ad("data key", enrollee))
	if err != nil {
		return s, fmt.Errorf("%w: a data key", ErrWrongKey)
	}
	if s.dek, err = aead.New(h); err != nil {
		return s, err
	}
	if s.key, err = v.master.Decrypt(wrapped, ad("subject key", enrollee)); err != nil {
		return s, fmt.Errorf("%w: a subject key", ErrWrongKey)
	}
	return s, nil
}

// NewTemplate is a template to be kept.
type NewTemplate struct {
	Enrollee string
	Scene    string
	Model    string // digest of the model in hex
	Blob     []byte // from match.Protector.Seal; wiped by Put
	Quality  float32
}

// Put encrypts and keeps a template and returns its ref. It fails with
// ErrDestroyed for an enrollee whose keys were destroyed.
func (v *Vault) Put(ctx context.Context, t NewTemplate) (ref event.Digest, err error) {
	defer clear(t.Blob)
	if t.Enrollee == "" || t.Scene == "" || t.Model == "" || len(t.Blob) != match.TemplateBytes {
		return ref, errors.New("vault: a template needs enrollee, scene, model and blob")
	}
	ref = sha256.Sum256(random(32))
	err = store.InTx(ctx, v.db, func(tx *sql.Tx) error {
		s, err := v.ensure(ctx, tx, t.Enrollee)
		if err != nil {
			return err
		}
		defer clear(s.key)
		sealed, err := s.dek.Encrypt(t.Blob, templateAD(ref, t.Enrollee, t.Scene, t.Model))
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, ref, t, sealed, v.now()); err != nil {
			return err
		}
		return bump(ctx, tx)
	})
	if err != nil {
		return event.Digest{}, fmt.Errorf("vault: put: %w", err)
	}
	return ref, nil
}

func insert(ctx context.Context, tx *sql.Tx, ref event.Digest, t NewTemplate, sealed []byte, at time.Time) error {
	_, err := tx.ExecContext(ctx,
		"INSERT INTO templates (ref, enrollee, scene, model, sealed, quality, created_at, form) VALUES (?,?,?,?,?,?,?,?)",
		ref[:], t.Enrollee, t.Scene, t.Model, sealed, t.Quality, at.UnixMilli(), match.Form)
	return err
}

func templateAD(ref event.Digest, enrollee, scene, model string) []byte {
	return ad("template", ref.String(), enrollee, scene, model, fmt.Sprint("form ", match.Form))
}

func bump(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE revision SET n = n + 1")
	return err
}
