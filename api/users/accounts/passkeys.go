package accounts

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// maxPasskeys is how many an account may have.
const maxPasskeys = 10

// Passkey is one of an account's passkeys. Data is the relying party's own
// record of it, which the store seals and does not read.
type Passkey struct {
	ID            string // the credential's, in base64url
	Label         string
	Data          []byte
	Created, Used time.Time
}

// Passkeys lists an account's passkeys by age.
func (s *Store) Passkeys(ctx context.Context, account string) (_ []Passkey, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT credential, data, label, created_ms, used_ms FROM passkeys WHERE account=? ORDER BY created_ms, credential`, account)
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []Passkey{}
	for rows.Next() {
		var id, data, label []byte
		var created, used int64
		if err := rows.Scan(&id, &data, &label, &created, &used); err != nil {
			return nil, wrap(err)
		}
		p := Passkey{ID: base64.RawURLEncoding.EncodeToString(id), Created: at(created), Used: at(used)}
		if p.Data, err = s.unseal("passkey", account, data); err != nil {
			return nil, wrap(err)
		}
		plain, err := s.unseal("label", account, label)
		if err != nil {
			return nil, wrap(err)
		}
		p.Label = string(plain)
		out = append(out, p)
	}
	return out, wrap(rows.Err())
}

// AddPasskey keeps a passkey. The first second factor of an account comes with
// recovery codes, which are returned. It fails with ErrExists and ErrInvalid.
func (s *Store) AddPasskey(ctx context.Context, account string, p Passkey) (codes []string, err error) {
	id, err := base64.RawURLEncoding.DecodeString(p.ID)
	if err != nil || len(id) == 0 || len(id) > 1023 || p.Label == "" || utf8.RuneCountInString(p.Label) > maxName {
		return nil, fmt.Errorf("%w: passkey", ErrInvalid)
	}
	data, err := s.seal("passkey", account, p.Data)
	if err != nil {
		return nil, wrap(err)
	}
	label, err := s.seal("label", account, []byte(p.Label))
	if err != nil {
		return nil, wrap(err)
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var own, there int
		var app bool
		err := tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM passkeys WHERE account=?1), (SELECT COUNT(*) FROM passkeys WHERE credential=?2),
			(SELECT totp IS NOT NULL FROM accounts WHERE id=?1 AND state=?3)`, account, id, string(Active)).Scan(&own, &there, &app)
		switch {
		case err != nil:
			return err
		case there > 0:
			return fmt.Errorf("%w: this passkey", ErrExists)
		case own >= maxPasskeys:
			return fmt.Errorf("%w: an account has at most %d passkeys", ErrInvalid, maxPasskeys)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO passkeys (credential, account, data, label, created_ms) VALUES (?,?,?,?,?)`, id, account, data, label, s.ms()); err != nil {
			return err
		}
		if own == 0 && !app {
			codes, err = s.putRecovery(ctx, tx, account)
		}
		return err
	})
	return codes, wrap(err)
}

// UsePasskey records a passkey's use and what its record has become.
func (s *Store) UsePasskey(ctx context.Context, account, credential string, data []byte) error {
	id, err := base64.RawURLEncoding.DecodeString(credential)
	if err != nil {
		return ErrNone
	}
	sealed, err := s.seal("passkey", account, data)
	if err != nil {
		return wrap(err)
	}
	return affected(s.db.W.ExecContext(ctx, `UPDATE passkeys SET data=?, used_ms=? WHERE credential=? AND account=?`, sealed, s.ms(), id, account))
}

// DropPasskey removes a passkey. It fails with ErrState when it is the only way
// in, or the only second factor of an account that needs one.
func (s *Store) DropPasskey(ctx context.Context, account, credential string) error {
	id, err := base64.RawURLEncoding.DecodeString(credential)
	if err != nil {
		return ErrNone
	}
	a, err := s.Get(ctx, account)
	if err != nil {
		return err
	}
	last := a.Passkeys == 1
	switch {
	case last && !a.Password && a.Issuer == "":
		return fmt.Errorf("%w: it is the only way in; set a password first", ErrState)
	case last && !a.TOTP && s.NeedsFactor(a.Roles):
		return fmt.Errorf("%w: this account's roles need a second factor; set up another first", ErrState)
	}
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := affected(tx.ExecContext(ctx, `DELETE FROM passkeys WHERE credential=? AND account=?`, id, account)); err != nil {
			return err
		}
		if last && !a.TOTP {
			_, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE account=?`, account)
			return err
		}
		return nil
	}))
}

// ByHandle returns the account whose authenticator gave this user handle, or
// ErrNone.
func (s *Store) ByHandle(ctx context.Context, handle []byte) (Account, error) {
	a, err := s.scan(s.db.R.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.handle=? AND a.state=? AND a.sample=0`, handle, string(Active)))
	return a, wrap(err)
}

// Handle is what the account's authenticators know it by.
func (s *Store) Handle(ctx context.Context, account string) (handle []byte, err error) {
	err = s.db.R.QueryRowContext(ctx, `SELECT handle FROM accounts WHERE id=?`, account).Scan(&handle)
	return handle, wrap(err)
}
