// Package accounts keeps who may sign in, how they prove it, and their
// sessions. Secrets never leave it: passwords are kept as argon2id, tokens and
// recovery codes as SHA-256, names, second factors and passkeys sealed with the
// installation's key.
package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"

	"bystander/api/actor"
	"bystander/internal/outbox"
	"bystander/internal/sqldb"
)

// AEAD encrypts with associated data; Tink's tink.AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Options say how a store works. Key is required.
type Options struct {
	Key AEAD // seals names and factors
	Now func() time.Time
	// Cost is what a password costs to check; the zero value is DefaultCost.
	Cost Cost
	// FactorRoles need a second factor besides those that always do.
	FactorRoles []string
}

// Store keeps accounts and sessions. It is safe for concurrent use, also by
// several processes over one file.
type Store struct {
	db      *sqldb.DB
	key     AEAD
	now     func() time.Time
	hasher  *hasher
	factors map[string]bool // roles that need a second factor
	by      string          // whose changes are noted for the log; empty notes none
}

// Noting returns the same store for changes made by somebody at the command line:
// each leaves a note, in its own transaction, that a running program puts on the
// log (package outbox). A running program tells of its own changes itself.
func (s *Store) Noting(by string) *Store {
	out := *s
	out.by = by
	return &out
}

// note tells of a change in its transaction.
func (s *Store) note(ctx context.Context, tx *sql.Tx, account, action string, roles []actor.Role) error {
	if s.by == "" {
		return nil
	}
	n := outbox.Note{At: s.now(), By: s.by, Account: account, Detail: map[string]string{"action": action}}
	if len(roles) > 0 {
		n.Detail["roles"] = actor.Names(roles)
	}
	return outbox.Put(ctx, tx, n)
}

// Open opens or makes the store at path, readable by its owner only.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Key == nil {
		return nil, fmt.Errorf("%w: no key to seal with", ErrInvalid)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h, err := newHasher(o.Cost)
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	s := &Store{db: db, key: o.Key, now: o.Now, hasher: h, factors: map[string]bool{}}
	for _, r := range append(alwaysFactor(), o.FactorRoles...) {
		s.factors[r] = true
	}
	return s, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

func (s *Store) ms() int64 { return s.now().UnixMilli() }

func at(ms int64) time.Time {
	if ms == 0 || ms >= never {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// newSecret returns 256 random bits as text, and their hash, which is what is
// kept.
func newSecret() (text string, hash []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails: see crypto/rand
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, hashOf(text)
}

func hashOf(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

// wellFormed reports whether text could be a secret of newSecret's.
func wellFormed(text string) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(32) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil
}

func (s *Store) seal(what, account string, plain []byte) ([]byte, error) {
	return s.key.Encrypt(plain, []byte("bystander/accounts/v1\x00"+what+"\x00"+account))
}

func (s *Store) unseal(what, account string, sealed []byte) ([]byte, error) {
	return s.key.Decrypt(sealed, []byte("bystander/accounts/v1\x00"+what+"\x00"+account))
}
