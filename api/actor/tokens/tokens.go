// Package tokens lets accounts in by bearer token: 256 random bits, shown once,
// of which only the SHA-256 is kept. A token ends when it expires or is revoked,
// with the very next request.
package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"bystander/api/actor"
	"bystander/internal/outbox"
	"bystander/internal/sqldb"
)

// The ways in which a token or an account is refused.
var (
	// ErrToken reports a token that is unknown, over or revoked; which of them
	// is not told.
	ErrToken = errors.New("tokens: not known, expired or revoked")
	// ErrAccount reports an account that cannot be made as asked.
	ErrAccount = errors.New("tokens: account")
	// ErrNone reports that there is nothing to revoke.
	ErrNone = errors.New("tokens: no such account with a valid token")
)

// MaxTerm is how long a token holds at most, MaxExportTerm one that may export.
const (
	MaxTerm       = 366 * 24 * time.Hour
	MaxExportTerm = 90 * 24 * time.Hour
)

// prefix tells a reader, or a scanner for leaked secrets, what the string is.
const prefix = "bystander_"

// kept is how long an ended token's record stays, to say who held which role.
const kept = 3 * 365 * 24 * time.Hour

var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "tokens", SQL: `
CREATE TABLE tokens (
	hash BLOB PRIMARY KEY, id TEXT NOT NULL, roles TEXT NOT NULL, enrollee TEXT NOT NULL,
	created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_id ON tokens (id);
CREATE TRIGGER tokens_only_end BEFORE UPDATE ON tokens
	WHEN OLD.revoked_ms <> 0 OR NEW.hash <> OLD.hash OR NEW.id <> OLD.id OR NEW.roles <> OLD.roles
		OR NEW.enrollee <> OLD.enrollee OR NEW.created_ms <> OLD.created_ms OR NEW.expires_ms <> OLD.expires_ms
	BEGIN SELECT RAISE(ABORT, 'a token can only be revoked, once'); END;
`}, {Name: "exports", SQL: `
ALTER TABLE tokens ADD COLUMN may_export INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER tokens_exports_stay BEFORE UPDATE ON tokens WHEN NEW.may_export <> OLD.may_export
	BEGIN SELECT RAISE(ABORT, 'whether a token may export is settled when it is made'); END;
`}, outbox.Migration()},
	Classes: map[string]map[string]string{outbox.Table: outbox.Classes(), "tokens": {
		"hash": "L3", "id": "L2", "roles": "L2", "enrollee": "L3", "created_ms": "L2", "expires_ms": "L2", "revoked_ms": "L2",
		"may_export": "L2",
	}},
	Rules: []sqldb.Rule{{
		Table: "tokens", Class: "accounts", Period: kept, Column: "expires_ms",
		Basis: "B-55, B-63: who could do what, as long as the access log tells who did",
	}, outbox.Rule()},
}

// Options say how a store works.
type Options struct{ Now func() time.Time }

// Store keeps the tokens. It is safe for concurrent use, also by several
// processes over one file.
type Store struct {
	db  *sqldb.DB
	now func() time.Time
	by  string // whose changes are noted for the log; empty notes none
}

// Noting returns the same store for changes made by somebody at the command line:
// each leaves a note, in its own transaction, that a running program puts on the
// log (package outbox).
func (s *Store) Noting(by string) *Store {
	out := *s
	out.by = by
	return &out
}

// noted runs a change and, where changes are noted, its note, as one.
func (s *Store) noted(ctx context.Context, account string, detail map[string]string, change func(*sql.Tx) error) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := change(tx); err != nil || s.by == "" {
			return err
		}
		return outbox.Put(ctx, tx, outbox.Note{At: s.now(), By: s.by, Account: account, Detail: detail})
	})
}

// Open opens or makes the store at path, readable by its owner only.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return &Store{db: db, now: o.Now}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

// Account says whom a token lets in.
type Account struct {
	ID       string       `json:"id"`
	Roles    []actor.Role `json:"roles"`
	Enrollee string       `json:"enrollee,omitempty"` // of a subject: the person themselves
	Created  time.Time    `json:"created"`
	Expires  time.Time    `json:"expires"`
	Revoked  time.Time    `json:"revoked,omitzero"`
	// MayExport: the token counts as a second factor given lately, for exports
	// and for learning a name. Programs can give none.
	MayExport bool `json:"may_export,omitempty"`
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Add makes a token for an account and returns it. It cannot be shown again.
func (s *Store) Add(ctx context.Context, a Account, term time.Duration) (token string, err error) {
	if err := check(a, term); err != nil {
		return "", err
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	token = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	now := s.now()
	h := sha256.Sum256([]byte(token))
	action := "token_added"
	if a.MayExport {
		action = "export_token_added"
	}
	err = s.noted(ctx, a.ID, map[string]string{"action": action, "roles": actor.Names(a.Roles)}, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (hash, id, roles, enrollee, created_ms, expires_ms, may_export) VALUES (?,?,?,?,?,?,?)`,
			h[:], a.ID, joined(a.Roles), a.Enrollee, now.UnixMilli(), now.Add(term).UnixMilli(), a.MayExport)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	return token, nil
}

func check(a Account, term time.Duration) error {
	switch {
	case !idPattern.MatchString(a.ID):
		return fmt.Errorf("%w: id %q: use lower-case letters, digits, dot, dash and underscore, at most 63", ErrAccount, a.ID)
	case a.ID == "system" || strings.HasPrefix(a.ID, "local"):
		return fmt.Errorf("%w: id %q is the program's own", ErrAccount, a.ID)
	case len(a.Roles) == 0:
		return fmt.Errorf("%w: name at least one role out of %v", ErrAccount, actor.Roles())
	case term <= 0 || term > MaxTerm:
		return fmt.Errorf("%w: a token holds for a year at most, and beyond now", ErrAccount)
	case a.MayExport && term > MaxExportTerm:
		return fmt.Errorf("%w: a token that may export holds for 90 days at most", ErrAccount)
	}
	for _, r := range a.Roles {
		if !slices.Contains(actor.Roles(), r) {
			return fmt.Errorf("%w: role %q is not one of %v", ErrAccount, r, actor.Roles())
		}
	}
	subject := slices.Contains(a.Roles, actor.Subject)
	if subject != (a.Enrollee != "") || subject && len(a.Roles) > 1 {
		return fmt.Errorf("%w: a subject acts for one enrollee, themselves, and holds no other role", ErrAccount)
	}
	return nil
}

func joined(roles []actor.Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, " ")
}

// Revoke ends every token of an account, at once.
func (s *Store) Revoke(ctx context.Context, id string) error {
	now := s.now().UnixMilli()
	err := s.noted(ctx, id, map[string]string{"action": "tokens_revoked"}, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE tokens SET revoked_ms=? WHERE id=? AND revoked_ms=0 AND expires_ms>?`, now, id, now)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNone)
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNone):
		return fmt.Errorf("%w: %s", ErrNone, id)
	case err != nil:
		return fmt.Errorf("tokens: %w", err)
	}
	return nil
}

// Persons lists the enrollees for whom there are tokens.
func (s *Store) Persons(ctx context.Context) (out []string, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT DISTINCT enrollee FROM tokens WHERE enrollee <> '' ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("tokens: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Forget deletes an enrollee's own accounts, in the write-ahead log too, and
// returns how many tokens went.
func (s *Store) Forget(ctx context.Context, enrollee string) (int64, error) {
	if enrollee == "" {
		return 0, nil // of nobody's are the staff's
	}
	res, err := s.db.W.ExecContext(ctx, `DELETE FROM tokens WHERE enrollee = ?`, enrollee)
	if err != nil {
		return 0, fmt.Errorf("tokens: forget: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil {
		err = s.db.EmptyLog(ctx)
	}
	if err != nil {
		return n, fmt.Errorf("tokens: forget: %w", err)
	}
	return n, nil
}

// List returns every token's account, ended ones too, by id and age.
func (s *Store) List(ctx context.Context) (_ []Account, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT `+columns+` FROM tokens ORDER BY id, created_ms`)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []Account{}
	for rows.Next() {
		a, err := account(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

const columns = `id, roles, enrollee, created_ms, expires_ms, revoked_ms, may_export`

func account(row interface{ Scan(...any) error }, more ...any) (Account, error) {
	var a Account
	var roles string
	var created, expires, revoked int64
	if err := row.Scan(append([]any{&a.ID, &roles, &a.Enrollee, &created, &expires, &revoked, &a.MayExport}, more...)...); err != nil {
		return a, fmt.Errorf("tokens: %w", err)
	}
	for r := range strings.SplitSeq(roles, " ") {
		a.Roles = append(a.Roles, actor.Role(r))
	}
	a.Created, a.Expires = time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC()
	if revoked != 0 {
		a.Revoked = time.UnixMilli(revoked).UTC()
	}
	return a, nil
}

// Actor returns who holds a token, or ErrToken.
func (s *Store) Actor(ctx context.Context, token string) (actor.Actor, error) {
	if len(token) != len(prefix)+base64.RawURLEncoding.EncodedLen(32) || !strings.HasPrefix(token, prefix) {
		return actor.Actor{}, ErrToken
	}
	h := sha256.Sum256([]byte(token))
	// The index is searched by the hash: how long that takes says nothing about
	// a token that would fit.
	var found []byte
	row := s.db.R.QueryRowContext(ctx, `SELECT `+columns+`, hash FROM tokens WHERE hash=?`, h[:])
	a, err := account(row, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return actor.Actor{}, ErrToken
	}
	if err != nil {
		return actor.Actor{}, err
	}
	if subtle.ConstantTimeCompare(found, h[:]) != 1 || !a.Revoked.IsZero() || !s.now().Before(a.Expires) {
		return actor.Actor{}, ErrToken
	}
	return actor.Actor{ID: a.ID, Roles: a.Roles, Enrollee: a.Enrollee, Via: actor.ViaToken, Session: hex.EncodeToString(h[:]), Strong: a.MayExport}, nil
}

// Valid reports whether the token that let an actor in still does.
func (s *Store) Valid(ctx context.Context, who actor.Actor) (bool, error) {
	h, err := hex.DecodeString(who.Session)
	if err != nil {
		return false, nil //nolint:nilerr // it is no token's
	}
	a, err := account(s.db.R.QueryRowContext(ctx, `SELECT `+columns+` FROM tokens WHERE hash=?`, h))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && a.Revoked.IsZero() && s.now().Before(a.Expires), err
}

// Authenticate finds out who sends a request by its bearer token; it is what
// api.Config.Authenticate wants. A request without one is nobody's; one with a
// wrong or a malformed one is refused with ErrToken.
func (s *Store) Authenticate(r *http.Request) (actor.Actor, error) {
	lines := r.Header.Values("Authorization")
	if len(lines) == 0 {
		return actor.Actor{}, nil
	}
	scheme, token, ok := strings.Cut(lines[0], " ")
	if len(lines) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") {
		return actor.Actor{}, ErrToken
	}
	return s.Actor(r.Context(), token)
}
