package accounts

import (
	"context"
	"database/sql"
	"errors"

	"bystander/api/actor"
)

// SetRoles replaces an account's roles, and ends its sessions, which hold those
// that were. It fails with ErrInvalid and ErrNone.
func (s *Store) SetRoles(ctx context.Context, id string, roles []actor.Role) (Account, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return Account{}, err
	}
	if err := checkRoles(roles, a.Enrollee); err != nil {
		return Account{}, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := affected(tx.ExecContext(ctx, `UPDATE accounts SET roles=?, changed_ms=? WHERE id=? AND state<>?`, joined(roles), s.ms(), id, string(Disabled))); err != nil {
			return err
		}
		_, err := s.endAll(ctx, tx, id, "")
		return err
	})
	if err != nil {
		return Account{}, wrap(err)
	}
	return s.Get(ctx, id)
}

// Disable ends an account for good: its sessions, password and factors go at
// once, the record of who it was stays as long as its retention rule says.
func (s *Store) Disable(ctx context.Context, id string) error {
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		now := s.ms()
		if err := affected(tx.ExecContext(ctx, `UPDATE accounts SET state=?, ended_ms=?, changed_ms=? WHERE id=? AND state<>?`,
			string(Disabled), now, now, id, string(Disabled))); err != nil {
			return err
		}
		if err := s.note(ctx, tx, id, "disabled", nil); err != nil {
			return err
		}
		return s.strip(ctx, tx, id)
	}))
}

// Reset takes an account back to its invitation: whoever opens the new link sets
// a password and a second factor.
func (s *Store) Reset(ctx context.Context, id string) error {
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := affected(tx.ExecContext(ctx, `UPDATE accounts SET state=?, changed_ms=? WHERE id=? AND state<>? AND sample=0`,
			string(Invited), s.ms(), id, string(Disabled))); err != nil {
			return err
		}
		if err := s.note(ctx, tx, id, "reset", nil); err != nil {
			return err
		}
		return s.strip(ctx, tx, id)
	}))
}

// strip removes every way in.
func (s *Store) strip(ctx context.Context, tx *sql.Tx, id string) error {
	for _, q := range []string{
		`UPDATE accounts SET password='', password_ms=0, totp=NULL, totp_new=NULL, totp_step=0 WHERE id=?`,
		`DELETE FROM recovery WHERE account=?`,
		`DELETE FROM passkeys WHERE account=?`,
		`DELETE FROM links WHERE account=? AND used_ms=0`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM attempts WHERE key IN (?,?)`, forAccount("password", id).key, forAccount("factor", id).key); err != nil {
		return err
	}
	_, err := s.endAll(ctx, tx, id, "")
	return err
}

// Vouched returns the account that an identity provider's subject has, made or
// brought up to date with what the provider says now. It fails with ErrState for
// one that was disabled, and with ErrExists when another account has the id.
func (s *Store) Vouched(ctx context.Context, n NewAccount) (_ Account, made bool, err error) {
	if n.Issuer == "" || n.Subject == "" {
		return Account{}, false, ErrInvalid
	}
	a, err := s.scan(s.db.R.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.issuer=? AND a.subject=?`,
		n.Issuer, hashOf(n.Issuer+"\x00"+n.Subject)))
	if errors.Is(err, sql.ErrNoRows) {
		n.State = Active
		a, err = s.Add(ctx, n)
		return a, true, err
	}
	if err != nil {
		return Account{}, false, wrap(err)
	}
	if a.State != Active {
		return Account{}, false, ErrState
	}
	if joined(a.Roles) != joined(n.Roles) {
		a, err = s.SetRoles(ctx, a.ID, n.Roles)
	}
	return a, false, err
}

// EndVouched ends the sessions of whoever a provider no longer vouches for.
func (s *Store) EndVouched(ctx context.Context, issuer, subject string) error {
	_, err := s.db.W.ExecContext(ctx, `UPDATE sessions SET ended_ms=? WHERE ended_ms=0 AND account IN (SELECT id FROM accounts WHERE issuer=? AND subject=?)`,
		s.ms(), issuer, hashOf(issuer+"\x00"+subject))
	return wrap(err)
}

// Forget deletes the accounts of an enrolled person, and what belongs to them.
func (s *Store) Forget(ctx context.Context, enrollee string) (n int64, err error) {
	if enrollee == "" {
		return 0, nil // of nobody's are the staff's
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"recovery", "passkeys", "links", "sessions"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE account IN (SELECT id FROM accounts WHERE enrollee=?)`, enrollee); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM accounts WHERE enrollee=?`, enrollee)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	if err == nil {
		err = s.db.EmptyLog(ctx)
	}
	return n, wrap(err)
}

// Persons lists the enrollees who have accounts.
func (s *Store) Persons(ctx context.Context) (out []string, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT DISTINCT enrollee FROM accounts WHERE enrollee <> '' ORDER BY 1`)
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, wrap(err)
		}
		out = append(out, id)
	}
	return out, wrap(rows.Err())
}
