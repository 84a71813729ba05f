package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SignIn returns the account that the name and the password open. It fails with
// ErrCredentials, ErrBackoff (a *BackoffError) and ErrBusy, for unknown names as
// for known ones and after as much work.
func (s *Store) SignIn(ctx context.Context, id, password, address string) (Account, error) {
	account, from := forAccount("password", id), forAddress(address)
	if err := s.charge(ctx, account, from); err != nil {
		return Account{}, err
	}
	stored, err := s.stored(ctx, id)
	if err != nil {
		return Account{}, err
	}
	ok, err := s.hasher.check(ctx, stored, password)
	if err != nil {
		return Account{}, err
	}
	if !ok {
		return Account{}, ErrCredentials
	}
	if err := s.clear(ctx, account, from); err != nil {
		return Account{}, err
	}
	if s.hasher.weaker(stored) {
		if err := s.rehash(ctx, id, stored, password); err != nil {
			return Account{}, err
		}
	}
	return s.Get(ctx, id)
}

// stored is the hash of an account that may sign in by password; empty for
// every other.
func (s *Store) stored(ctx context.Context, id string) (string, error) {
	var stored string
	err := s.db.R.QueryRowContext(ctx, `SELECT password FROM accounts WHERE id=? AND state=? AND sample=0`, id, string(Active)).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return stored, wrap(err)
}

func (s *Store) rehash(ctx context.Context, id, was, password string) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.db.W.ExecContext(ctx, `UPDATE accounts SET password=? WHERE id=? AND password=?`, hash, id, was)
	return wrap(err)
}

// CheckPassword reports whether the password is the account's own, for somebody
// who is signed in already. It fails as SignIn does.
func (s *Store) CheckPassword(ctx context.Context, id, password, address string) error {
	_, err := s.SignIn(ctx, id, password, address)
	return err
}

// SetPassword gives an account a password and ends its sessions besides the one
// named. It fails with ErrWeak.
func (s *Store) SetPassword(ctx context.Context, id, password, butSession string) error {
	hash, err := s.newPassword(ctx, id, password)
	if err != nil {
		return err
	}
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.putPassword(ctx, tx, id, hash); err != nil {
			return err
		}
		if err := s.note(ctx, tx, id, "password", nil); err != nil {
			return err
		}
		_, err := s.endAll(ctx, tx, id, butSession)
		return err
	}))
}

func (s *Store) newPassword(ctx context.Context, id, password string) (hash string, err error) {
	if err := CheckStrength(password, id); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password)
}

func (s *Store) putPassword(ctx context.Context, x execer, id, hash string) error {
	now := s.ms()
	return affected(x.ExecContext(ctx, `UPDATE accounts SET password=?, password_ms=?, changed_ms=? WHERE id=? AND state<>?`, hash, now, now, id, string(Disabled)))
}

// DropPassword leaves an account with its passkeys alone. It fails with ErrState
// when it has none.
func (s *Store) DropPassword(ctx context.Context, id string) error {
	a, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if a.Passkeys == 0 {
		return fmt.Errorf("%w: without a passkey the password is the only way in", ErrState)
	}
	return affected(s.db.W.ExecContext(ctx, `UPDATE accounts SET password='', password_ms=0, changed_ms=? WHERE id=?`, s.ms(), id))
}
