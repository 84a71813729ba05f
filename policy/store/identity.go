package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bystander/policy"
)

// AEAD encrypts with associated data; Tink's tink.AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Identity is the vault of names. It has a file and a key of its own: joining
// names with templates takes both credentials (GB/T 35273 6.3).
type Identity struct {
	db  *sql.DB
	key AEAD
}

var identityMigrations = []string{`
CREATE TABLE names (              -- class L4, encrypted
  enrollee TEXT PRIMARY KEY, name BLOB NOT NULL) STRICT, WITHOUT ROWID;
`}

// OpenIdentity opens or makes the identity vault at path, under the given key.
func OpenIdentity(ctx context.Context, path string, key AEAD) (*Identity, error) {
	db, err := OpenDB(ctx, path, identityMigrations)
	if err != nil {
		return nil, fmt.Errorf("identity vault: %w", err)
	}
	return &Identity{db, key}, nil
}

// Close closes the vault.
func (v *Identity) Close() error { return v.db.Close() }

// SetName keeps the enrollee's name, in place of an earlier one.
func (v *Identity) SetName(ctx context.Context, enrollee, name string) error {
	if enrollee == "" || name == "" {
		return fmt.Errorf("identity vault: %w: enrollee and name are needed", policy.ErrInvalid)
	}
	b, err := v.key.Encrypt([]byte(name), nameAD(enrollee))
	if err != nil {
		return fmt.Errorf("identity vault: %w", err)
	}
	_, err = v.db.ExecContext(ctx, "INSERT INTO names VALUES (?,?) ON CONFLICT (enrollee) DO UPDATE SET name=excluded.name", enrollee, b)
	return wrap(err)
}

// Name returns the enrollee's name, or policy.ErrNotFound.
func (v *Identity) Name(ctx context.Context, enrollee string) (string, error) {
	var b []byte
	err := v.db.QueryRowContext(ctx, "SELECT name FROM names WHERE enrollee=?", enrollee).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("identity vault: %w", policy.ErrNotFound)
	}
	if err != nil {
		return "", wrap(err)
	}
	name, err := v.key.Decrypt(b, nameAD(enrollee))
	if err != nil {
		return "", fmt.Errorf("identity vault: the key does not open it: %w", err)
	}
	return string(name), nil
}

// Find returns the enrollees of that name, in no order; names are not unique.
func (v *Identity) Find(ctx context.Context, name string) (ids []string, err error) {
	rows, err := v.db.QueryContext(ctx, "SELECT enrollee, name FROM names")
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { err = errors.Join(err, wrap(rows.Close())) }()
	for rows.Next() {
		var id string
		var b []byte
		if err := rows.Scan(&id, &b); err != nil {
			return nil, wrap(err)
		}
		n, err := v.key.Decrypt(b, nameAD(id))
		if err != nil {
			return nil, fmt.Errorf("identity vault: the key does not open it: %w", err)
		}
		if string(n) == name {
			ids = append(ids, id)
		}
	}
	return ids, wrap(rows.Err())
}

// Erase removes the enrollee's name for good, from the write-ahead log too.
func (v *Identity) Erase(ctx context.Context, enrollee string) error {
	if _, err := v.db.ExecContext(ctx, "DELETE FROM names WHERE enrollee=?", enrollee); err != nil {
		return wrap(err)
	}
	return wrap(EmptyLog(ctx, v.db))
}

func nameAD(enrollee string) []byte { return []byte("bystander identity v1\x00" + enrollee) }

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("identity vault: %w", err)
	}
	return nil
}
