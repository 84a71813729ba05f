package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bystander/api/actor"
)

// LinkKind is what a one-time link is for.
type LinkKind string

// The kinds.
const (
	LinkSetup  LinkKind = "setup"  // makes the first administrator
	LinkInvite LinkKind = "invite" // takes an account up
	LinkReset  LinkKind = "reset"  // sets a new password and second factor
)

// How long links hold.
const (
	SetupTerm  = time.Hour
	InviteTerm = 72 * time.Hour
)

// Link is what a one-time link leads to.
type Link struct {
	Kind    LinkKind
	Account Account // empty for a set-up
	Expires time.Time
}

// HasAdministrator reports whether somebody can sign in who administers.
func (s *Store) HasAdministrator(ctx context.Context) (bool, error) {
	list, err := s.List(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range list {
		if a.State == Active && !a.Sample && a.Has(actor.Administrator) && (a.Password || a.Passkeys > 0 || a.Issuer != "") {
			return true, nil
		}
	}
	return false, nil
}

// NewSetup makes the link for the first administrator; earlier ones end. It
// fails with ErrState once there is one.
func (s *Store) NewSetup(ctx context.Context) (string, error) {
	there, err := s.HasAdministrator(ctx)
	if err != nil {
		return "", err
	}
	if there {
		return "", fmt.Errorf("%w: there is an administrator already", ErrState)
	}
	return s.newLink(ctx, LinkSetup, "", SetupTerm)
}

// NewInvitation makes the link for an account that waits for its owner; earlier
// ones end.
func (s *Store) NewInvitation(ctx context.Context, id string, kind LinkKind) (string, error) {
	return s.newLink(ctx, kind, id, InviteTerm)
}

func (s *Store) newLink(ctx context.Context, kind LinkKind, id string, term time.Duration) (string, error) {
	token, hash := newSecret()
	now := s.ms()
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE links SET used_ms=? WHERE account=? AND used_ms=0`, now, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO links (hash, kind, account, created_ms, expires_ms) VALUES (?,?,?,?,?)`,
			hash, string(kind), id, now, now+term.Milliseconds())
		return err
	})
	return token, wrap(err)
}

// Look says where a link leads, or fails with ErrLink.
func (s *Store) Look(ctx context.Context, token string) (Link, error) {
	if !wellFormed(token) {
		return Link{}, ErrLink
	}
	var l Link
	var id string
	var expires int64
	err := s.db.R.QueryRowContext(ctx, `SELECT kind, account, expires_ms FROM links WHERE hash=? AND used_ms=0 AND expires_ms>?`, hashOf(token), s.ms()).
		Scan(&l.Kind, &id, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, ErrLink
	}
	if err != nil {
		return Link{}, wrap(err)
	}
	l.Expires = at(expires)
	if l.Kind == LinkSetup {
		there, err := s.HasAdministrator(ctx)
		if err == nil && there {
			err = ErrLink
		}
		return l, err
	}
	if l.Account, err = s.Get(ctx, id); err != nil || l.Account.State == Disabled {
		return Link{}, errors.Join(err, ErrLink)
	}
	return l, nil
}

// TakeUp uses a link: it makes the first administrator, or activates the account
// that the link is for, and sets its password; an empty one leaves it to passkeys.
// It fails with ErrLink, ErrWeak and ErrInvalid, and then the link still holds.
func (s *Store) TakeUp(ctx context.Context, token string, first NewAccount, password string) (Account, error) {
	l, err := s.Look(ctx, token)
	if err != nil {
		return Account{}, err
	}
	id := l.Account.ID
	if l.Kind == LinkSetup {
		first.Roles, first.State, first.Sample, first.Issuer = []actor.Role{actor.Administrator}, Active, false, ""
		id = first.ID
	}
	hash := ""
	if password != "" {
		if hash, err = s.newPassword(ctx, id, password); err != nil {
			return Account{}, err
		}
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		used := affected(tx.ExecContext(ctx, `UPDATE links SET used_ms=? WHERE hash=? AND used_ms=0 AND expires_ms>?`, s.ms(), hashOf(token), s.ms()))
		if errors.Is(used, ErrNone) {
			return ErrLink
		}
		if used != nil {
			return used
		}
		if l.Kind == LinkSetup {
			if err := s.add(ctx, tx, first); err != nil {
				return err
			}
		} else if err := affected(tx.ExecContext(ctx, `UPDATE accounts SET state=?, changed_ms=? WHERE id=? AND state<>?`, string(Active), s.ms(), id, string(Disabled))); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		return s.putPassword(ctx, tx, id, hash)
	})
	if err != nil {
		return Account{}, wrap(err)
	}
	return s.Get(ctx, id)
}
