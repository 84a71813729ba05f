package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bystander/api/actor"
)

// State is where an account stands.
type State string

// The states.
const (
	Invited  State = "invited"  // waits for its owner to take it up
	Active   State = "active"   // may sign in
	Disabled State = "disabled" // may not, and will not
)

// Account is who may sign in.
type Account struct {
	ID       string // appears in logs; not a person's full name
	Name     string // shown to colleagues; sealed
	Roles    []actor.Role
	State    State
	Enrollee string // of a subject: the person themselves
	Sample   bool   // of a demonstration; nobody signs in to it by a secret

	Password bool // whether it has one
	TOTP     bool
	Passkeys int
	Recovery int // codes left
	Issuer   string

	Created, Changed, Ended time.Time
	PasswordSet             time.Time
}

// FactorEnrolled reports whether the account has a second factor.
func (a Account) FactorEnrolled() bool { return a.TOTP || a.Passkeys > 0 }

// Has reports whether the account holds one of the roles.
func (a Account) Has(roles ...actor.Role) bool { return actor.Actor{Roles: a.Roles}.Has(roles...) }

// alwaysFactor lists the roles that need a second factor whatever is configured.
func alwaysFactor() []string {
	return []string{string(actor.Administrator), string(actor.PrivacyOfficer)}
}

// NeedsFactor reports whether one of the roles needs a second factor.
func (s *Store) NeedsFactor(roles []actor.Role) bool {
	return slices.ContainsFunc(roles, func(r actor.Role) bool { return s.factors[string(r)] })
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// maxName is how long a shown name may be, in characters.
const maxName = 80

// NewAccount says what account to make.
type NewAccount struct {
	ID, Name string
	Roles    []actor.Role
	State    State
	Enrollee string
	Sample   bool
	Issuer   string // with Subject: who vouches for it
	Subject  string
}

func (n NewAccount) check() error {
	if !idPattern.MatchString(n.ID) {
		return fmt.Errorf("%w: id %q: use 1 to 63 small letters, digits, and . _ -", ErrInvalid, n.ID)
	}
	if err := checkName(n.Name); err != nil {
		return err
	}
	return checkRoles(n.Roles, n.Enrollee)
}

func checkName(name string) error {
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.TrimSpace(name) != name {
		return fmt.Errorf("%w: name: 1 to %d characters, without spaces at either end", ErrInvalid, maxName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%w: name: letters, digits, signs and plain spaces only", ErrInvalid)
	}
	return nil
}

func checkRoles(roles []actor.Role, enrollee string) error {
	if len(roles) == 0 {
		return fmt.Errorf("%w: roles: name at least one", ErrInvalid)
	}
	for i, r := range roles {
		if !slices.Contains(actor.Roles(), r) || r == actor.Client {
			return fmt.Errorf("%w: roles: there is no role %q for accounts", ErrInvalid, r)
		}
		if slices.Contains(roles[:i], r) {
			return fmt.Errorf("%w: roles: %q is given twice", ErrInvalid, r)
		}
	}
	subject := slices.Contains(roles, actor.Subject)
	switch {
	case subject && (len(roles) > 1 || enrollee == ""):
		return fmt.Errorf("%w: the role subject stands alone, for one enrolled person", ErrInvalid)
	case !subject && enrollee != "":
		return fmt.Errorf("%w: only a subject acts for an enrolled person", ErrInvalid)
	case slices.Contains(roles, actor.Kiosk) && len(roles) > 1:
		return fmt.Errorf("%w: the role kiosk stands alone: it is a device's", ErrInvalid)
	}
	return nil
}

func joined(roles []actor.Role) string {
	sorted := slices.Sorted(slices.Values(roles))
	names := make([]string, len(sorted))
	for i, r := range sorted {
		names[i] = string(r)
	}
	return strings.Join(names, " ")
}

func split(roles string) []actor.Role {
	out := []actor.Role{}
	for r := range strings.FieldsSeq(roles) {
		out = append(out, actor.Role(r))
	}
	return out
}

// Add makes an account. It fails with ErrInvalid and ErrExists.
func (s *Store) Add(ctx context.Context, n NewAccount) (Account, error) {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.add(ctx, tx, n); err != nil {
			return err
		}
		return s.note(ctx, tx, n.ID, "invited", n.Roles)
	})
	if err != nil {
		return Account{}, wrap(err)
	}
	return s.Get(ctx, n.ID)
}

func (s *Store) add(ctx context.Context, tx *sql.Tx, n NewAccount) error {
	if err := n.check(); err != nil {
		return err
	}
	if n.State == "" {
		n.State = Invited
	}
	name, err := s.seal("name", n.ID, []byte(n.Name))
	if err != nil {
		return err
	}
	var there int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM accounts WHERE id=?`, n.ID).Scan(&there); err != nil {
		return err
	}
	if there > 0 {
		return fmt.Errorf("%w: %s", ErrExists, n.ID)
	}
	// The handle is what authenticators keep: it says nothing about the person.
	handle := make([]byte, 32)
	_, _ = rand.Read(handle)
	var subject []byte
	if n.Issuer != "" {
		subject = hashOf(n.Issuer + "\x00" + n.Subject)
	}
	now := s.ms()
	_, err = tx.ExecContext(ctx, `INSERT INTO accounts (id, name, roles, state, enrollee, sample, issuer, subject, created_ms, changed_ms, ended_ms, handle)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, n.ID, name, joined(n.Roles), string(n.State), n.Enrollee, n.Sample, n.Issuer, subject, now, now, never, handle)
	return err
}

const accountColumns = `a.id, a.name, a.roles, a.state, a.enrollee, a.sample, a.password <> '', a.password_ms, a.totp IS NOT NULL, a.issuer,
	a.created_ms, a.changed_ms, a.ended_ms,
	(SELECT COUNT(*) FROM passkeys p WHERE p.account = a.id),
	(SELECT COUNT(*) FROM recovery r WHERE r.account = a.id AND r.used_ms = 0)`

type scanner interface{ Scan(...any) error }

func (s *Store) scan(row scanner, more ...any) (Account, error) {
	var a Account
	var name []byte
	var roles string
	var created, changed, ended, set int64
	err := row.Scan(append([]any{
		&a.ID, &name, &roles, &a.State, &a.Enrollee, &a.Sample, &a.Password, &set, &a.TOTP, &a.Issuer,
		&created, &changed, &ended, &a.Passkeys, &a.Recovery,
	}, more...)...)
	if err != nil {
		return Account{}, err
	}
	plain, err := s.unseal("name", a.ID, name)
	if err != nil {
		return Account{}, fmt.Errorf("the name of %s: %w", a.ID, err)
	}
	a.Name, a.Roles = string(plain), split(roles)
	a.Created, a.Changed, a.Ended, a.PasswordSet = at(created), at(changed), at(ended), at(set)
	return a, nil
}

// Get returns an account, or ErrNone.
func (s *Store) Get(ctx context.Context, id string) (Account, error) {
	a, err := s.scan(s.db.R.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id=?`, id))
	return a, wrap(err)
}

// List returns every account by id, ended ones too.
func (s *Store) List(ctx context.Context) (_ []Account, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT `+accountColumns+` FROM accounts a ORDER BY a.id`)
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []Account{}
	for rows.Next() {
		a, err := s.scan(rows)
		if err != nil {
			return nil, wrap(err)
		}
		out = append(out, a)
	}
	return out, wrap(rows.Err())
}

// wrap names the package in errors that do not, and tells what is not there.
func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNone
	case strings.HasPrefix(err.Error(), "accounts: "):
		return err
	}
	return fmt.Errorf("accounts: %w", err)
}
