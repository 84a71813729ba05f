package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	totpPeriod    = 30 // seconds a code holds
	totpIssuer    = "Bystander"
	recoveryCodes = 10
	recoveryBytes = 10 // 80 bits each
)

// NewTOTP makes a secret for an authenticator app and returns its address
// (otpauth://). It counts only once ConfirmTOTP has seen a code of it.
func (s *Store) NewTOTP(ctx context.Context, id string) (address, secret string, err error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: id, Period: totpPeriod, SecretSize: 20, Rand: rand.Reader})
	if err != nil {
		return "", "", wrap(err)
	}
	sealed, err := s.seal("totp", id, []byte(k.Secret()))
	if err != nil {
		return "", "", wrap(err)
	}
	err = affected(s.db.W.ExecContext(ctx, `UPDATE accounts SET totp_new=? WHERE id=? AND state=?`, sealed, id, string(Active)))
	return k.URL(), k.Secret(), err
}

// ConfirmTOTP takes up the secret that was made last, when the code is its own,
// and returns recovery codes, which are shown once and replace earlier ones. It
// fails with ErrCredentials and ErrBackoff.
func (s *Store) ConfirmTOTP(ctx context.Context, id, code, address string) ([]string, error) {
	try, from := forAccount("factor", id), forAddress(address)
	if err := s.charge(ctx, try, from); err != nil {
		return nil, err
	}
	var sealed []byte
	err := s.db.R.QueryRowContext(ctx, `SELECT totp_new FROM accounts WHERE id=? AND totp_new IS NOT NULL`, id).Scan(&sealed)
	if err != nil {
		return nil, wrap(err)
	}
	step, err := s.fits(id, sealed, code)
	if err != nil {
		return nil, err
	}
	var codes []string
	err = s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		err = affected(tx.ExecContext(ctx, `UPDATE accounts SET totp=totp_new, totp_new=NULL, totp_step=?, changed_ms=? WHERE id=? AND totp_new=?`, step, s.ms(), id, sealed))
		if err == nil {
			codes, err = s.putRecovery(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return nil, wrap(err)
	}
	return codes, s.clear(ctx, try, from)
}

var digits = regexp.MustCompile(`^[0-9]{6}$`)

// fits returns the time step that a code belongs to: now's, or the one before or
// after.
func (s *Store) fits(id string, sealed []byte, code string) (step int64, err error) {
	code = strings.Join(strings.Fields(code), "")
	if !digits.MatchString(code) {
		return 0, ErrCredentials
	}
	secret, err := s.unseal("totp", id, sealed)
	if err != nil {
		return 0, wrap(err)
	}
	now := s.now().Unix() / totpPeriod
	for _, step := range []int64{now, now - 1, now + 1} {
		ok, err := totp.ValidateCustom(code, string(secret), time.Unix(step*totpPeriod, 0), totp.ValidateOpts{
			Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, wrap(err)
		}
		if ok {
			return step, nil
		}
	}
	return 0, ErrCredentials
}

// CheckFactor takes a code of the authenticator app, or a recovery code, each
// once. It fails with ErrCredentials and ErrBackoff.
func (s *Store) CheckFactor(ctx context.Context, id, code, address string) error {
	try, from := forAccount("factor", id), forAddress(address)
	if err := s.charge(ctx, try, from); err != nil {
		return err
	}
	err := s.useTOTP(ctx, id, code)
	if errors.Is(err, ErrCredentials) {
		err = s.useRecovery(ctx, id, code)
	}
	if err != nil {
		return err
	}
	return s.clear(ctx, try, from)
}

func (s *Store) useTOTP(ctx context.Context, id, code string) error {
	var sealed []byte
	err := s.db.R.QueryRowContext(ctx, `SELECT totp FROM accounts WHERE id=? AND totp IS NOT NULL`, id).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrCredentials
	}
	if err != nil {
		return wrap(err)
	}
	step, err := s.fits(id, sealed, code)
	if err != nil {
		return err
	}
	// A code that was seen, or an older one, opens nothing any more.
	err = affected(s.db.W.ExecContext(ctx, `UPDATE accounts SET totp_step=? WHERE id=? AND totp=? AND totp_step<?`, step, id, sealed, step))
	if errors.Is(err, ErrNone) {
		return ErrCredentials
	}
	return err
}

func (s *Store) useRecovery(ctx context.Context, id, code string) error {
	code, ok := recoveryForm(code)
	if !ok {
		return ErrCredentials
	}
	err := affected(s.db.W.ExecContext(ctx, `UPDATE recovery SET used_ms=? WHERE account=? AND hash=? AND used_ms=0`, s.ms(), id, hashOf(code)))
	if errors.Is(err, ErrNone) {
		return ErrCredentials
	}
	return err
}

var recoveryPattern = regexp.MustCompile(`^[a-z2-7]{16}$`)

// recoveryForm brings a typed code into the form that is hashed.
func recoveryForm(code string) (string, bool) {
	if len(code) > 64 {
		return "", false
	}
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	return code, recoveryPattern.MatchString(code)
}

// NewRecovery replaces an account's recovery codes.
func (s *Store) NewRecovery(ctx context.Context, id string) (codes []string, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		codes, err = s.putRecovery(ctx, tx, id)
		return err
	})
	return codes, wrap(err)
}

func (s *Store) putRecovery(ctx context.Context, tx *sql.Tx, id string) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE account=?`, id); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		b := make([]byte, recoveryBytes)
		_, _ = rand.Read(b)
		code := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		if _, err := tx.ExecContext(ctx, `INSERT INTO recovery (account, hash) VALUES (?,?)`, id, hashOf(code)); err != nil {
			return nil, err
		}
		codes[i] = code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
	}
	return codes, nil
}

// DropTOTP removes the authenticator app. It fails with ErrState where the
// account needs a second factor and has no other.
func (s *Store) DropTOTP(ctx context.Context, id string) error {
	a, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if s.NeedsFactor(a.Roles) && a.Passkeys == 0 {
		return fmt.Errorf("%w: this account's roles need a second factor; add a passkey first", ErrState)
	}
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		if a.Passkeys == 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE account=?`, id); err != nil {
				return err
			}
		}
		return affected(tx.ExecContext(ctx, `UPDATE accounts SET totp=NULL, totp_new=NULL, totp_step=0, changed_ms=? WHERE id=? AND totp IS NOT NULL`, s.ms(), id))
	}))
}
