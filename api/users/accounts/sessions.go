package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"

	"bystander/api/actor"
)

// Level is how far a session has got.
type Level string

// The levels.
const (
	// LevelFull lets the account's roles act.
	LevelFull Level = "full"
	// LevelFactor waits for the second factor; nothing else is allowed.
	LevelFactor Level = "factor"
	// LevelEnrol waits for a second factor to be set up, which the account's
	// roles need; nothing else is allowed.
	LevelEnrol Level = "enrol"
)

// Method is how a session's owner proved who they are.
type Method string

// The methods.
const (
	MethodPassword Method = "password"
	MethodPasskey  Method = "passkey"
	MethodOIDC     Method = "oidc"
	MethodLink     Method = "link"   // a one-time link, just taken up
	MethodSample   Method = "sample" // a demonstration's
)

// Limits are how long a session holds.
type Limits struct{ Idle, Absolute time.Duration }

// The limits. A kiosk is a device on a desk, which nobody signs in each
// morning; its page has an idle limit of its own for the people who use it.
const (
	idleLimit     = 30 * time.Minute
	absoluteLimit = 12 * time.Hour
	kioskIdle     = 24 * time.Hour
	kioskAbsolute = 30 * 24 * time.Hour
	pendingLimit  = 10 * time.Minute // to give or set up the second factor
	rotateAfter   = 15 * time.Minute
	rotateEarly   = 10 * time.Minute // where the client is about to take up the new one
	seenEvery     = time.Minute
	// rotatedGrace is how long a replaced token is told from an unknown one, so
	// that a request that crossed the change may be sent again. It lets nobody in.
	rotatedGrace = time.Minute
)

func limits(roles []actor.Role) Limits {
	if len(roles) == 1 && roles[0] == actor.Kiosk {
		return Limits{kioskIdle, kioskAbsolute}
	}
	return Limits{idleLimit, absoluteLimit}
}

// Session is one sign-in on one device.
type Session struct {
	ID      string // no secret: it names the session in lists
	Account Account
	CSRF    string
	Level   Level
	Strong  bool // whether a second factor was given
	Method  Method
	Device  string // what the browser calls itself, in short
	// Expires is when it ends unless it is used again.
	Created, Proved, Seen, Expires time.Time
	rotated                        time.Time
}

// Fresh reports whether its owner has proved who they are lately enough to
// change how they sign in.
func (s Session) Fresh(now time.Time) bool { return now.Sub(s.Proved) < actor.StrongFor }

const sessionColumns = `s.id, s.csrf, s.level, s.strong, s.method, s.device, s.created_ms, s.proved_ms, s.rotated_ms, s.seen_ms, s.expires_ms, s.hash, ` + accountColumns

func (s *Store) scanSession(row scanner) (Session, []byte, error) {
	var v Session
	var hash []byte
	var created, proved, rotated, seen, expires int64
	a, err := s.scan(prefixed{row, []any{&v.ID, &v.CSRF, &v.Level, &v.Strong, &v.Method, &v.Device, &created, &proved, &rotated, &seen, &expires, &hash}})
	if err != nil {
		return Session{}, nil, err
	}
	v.Account = a
	v.Created, v.Proved, v.Seen, v.rotated = at(created), at(proved), at(seen), at(rotated)
	v.Expires = at(min(expires, seen+s.idle(v).Milliseconds()))
	return v, hash, nil
}

func (s *Store) idle(v Session) time.Duration {
	if v.Level != LevelFull {
		return pendingLimit
	}
	return limits(v.Account.Roles).Idle
}

// prefixed scans columns of its own before the others'.
type prefixed struct {
	row  scanner
	dest []any
}

func (p prefixed) Scan(dest ...any) error { return p.row.Scan(append(p.dest, dest...)...) }

// Begin makes a session and returns its token, which is not kept. The level
// follows from the account and the method: a passkey and an identity provider
// that vouches for it count as second factor.
func (s *Store) Begin(ctx context.Context, account string, m Method, strong bool, device string) (token string, _ Session, err error) {
	a, err := s.Get(ctx, account)
	if err != nil {
		return "", Session{}, err
	}
	if a.State != Active {
		return "", Session{}, fmt.Errorf("%w: %s is %s", ErrState, a.ID, a.State)
	}
	if a.Sample != (m == MethodSample) {
		return "", Session{}, fmt.Errorf("%w: %s is a sample account, or this is none", ErrState, a.ID)
	}
	level := s.levelFor(a, m, strong)
	token, hash := newSecret()
	now := s.ms()
	lim := limits(a.Roles).Absolute
	if level != LevelFull {
		lim = pendingLimit
	}
	id := rand.Text()
	_, err = s.db.W.ExecContext(ctx, `INSERT INTO sessions (id, hash, account, csrf, level, strong, method, device, created_ms, proved_ms, rotated_ms, seen_ms, expires_ms)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, id, hash, a.ID, rand.Text(), string(level), strong || m == MethodPasskey, string(m), shortDevice(device), now, now, now, now, now+lim.Milliseconds())
	if err != nil {
		return "", Session{}, wrap(err)
	}
	v, err := s.session(ctx, s.db.R, `s.id=?`, id)
	return token, v, err
}

func (s *Store) levelFor(a Account, m Method, strong bool) Level {
	switch {
	case strong || m == MethodPasskey || m == MethodSample:
		return LevelFull
	case a.FactorEnrolled():
		return LevelFactor
	case s.NeedsFactor(a.Roles):
		return LevelEnrol
	}
	return LevelFull
}

// maxDevice is how much of a browser's own description is kept.
const maxDevice = 120

func shortDevice(d string) string {
	r := []rune(d)
	r = slices.DeleteFunc(r[:min(len(r), maxDevice)], func(c rune) bool { return !unicode.IsPrint(c) })
	return string(r)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// session returns a session that holds now, or ErrSession.
func (s *Store) session(ctx context.Context, q querier, where string, args ...any) (Session, error) {
	v, _, err := s.scanSession(q.QueryRowContext(ctx, `SELECT `+sessionColumns+
		` FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.ended_ms=0 AND `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, ErrSession
	}
	if err != nil {
		return Session{}, wrap(err)
	}
	if !s.holds(v) {
		return Session{}, ErrSession
	}
	return v, nil
}

func (s *Store) holds(v Session) bool {
	return v.Account.State == Active && s.now().Before(v.Expires)
}

// Session returns the session that a token opens. It fails with ErrSession, and
// with ErrRotated for a token that was replaced a moment ago.
func (s *Store) Session(ctx context.Context, token string) (Session, error) {
	if !wellFormed(token) {
		return Session{}, ErrSession
	}
	want := hashOf(token)
	// The index is searched by the hash: how long that takes says nothing about
	// a token that would fit.
	v, hash, err := s.scanSession(s.db.R.QueryRowContext(ctx, `SELECT `+sessionColumns+
		` FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.ended_ms=0 AND s.hash=?`, want))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Session{}, s.replaced(ctx, want)
	case err != nil:
		return Session{}, wrap(err)
	case subtle.ConstantTimeCompare(hash, want) != 1 || !s.holds(v):
		return Session{}, ErrSession
	}
	return v, nil
}

func (s *Store) replaced(ctx context.Context, hash []byte) error {
	v, err := s.session(ctx, s.db.R, `s.previous=?`, hash)
	if err == nil && s.now().Sub(v.rotated) < rotatedGrace {
		return ErrRotated
	}
	if err == nil {
		err = ErrSession
	}
	return err
}

// Valid reports whether the session with this id still holds, at full level.
// Whoever watches a stream uses it: that it was asked counts as use.
func (s *Store) Valid(ctx context.Context, id string) (bool, error) {
	v, err := s.session(ctx, s.db.R, `s.id=?`, id)
	if errors.Is(err, ErrSession) {
		return false, nil
	}
	if err != nil || v.Level != LevelFull {
		return false, err
	}
	return true, s.Touch(ctx, v)
}

// Touch records that the session is used, at most once a minute.
func (s *Store) Touch(ctx context.Context, v Session) error {
	if v.Level != LevelFull || s.now().Sub(v.Seen) < seenEvery {
		return nil
	}
	_, err := s.db.W.ExecContext(ctx, `UPDATE sessions SET seen_ms=? WHERE id=? AND ended_ms=0 AND seen_ms<?`, s.ms(), v.ID, s.ms())
	return wrap(err)
}

// Due reports whether the session's token is to be replaced: early, when the
// client is sure to take up the answer to this very request.
func (s *Store) Due(v Session, early bool) bool {
	after := rotateAfter
	if early {
		after = rotateEarly
	}
	return s.now().Sub(v.rotated) >= after
}

// Rotate replaces a session's token; the old one opens nothing from then on. Of
// several at once only one succeeds, the others get ErrRotated.
func (s *Store) Rotate(ctx context.Context, token string) (fresh string, err error) {
	fresh, hash := newSecret()
	old := hashOf(token)
	res, err := s.db.W.ExecContext(ctx, `UPDATE sessions SET hash=?, previous=?, rotated_ms=? WHERE hash=? AND ended_ms=0`, hash, old, s.ms(), old)
	if err != nil {
		return "", wrap(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return "", errors.Join(wrap(err), ErrRotated)
	}
	return fresh, nil
}

// Raise brings a session to the full level, with a new token and the time that
// its roles allow.
func (s *Store) Raise(ctx context.Context, token string) (fresh string, _ Session, err error) {
	v, err := s.Session(ctx, token)
	if err != nil {
		return "", Session{}, err
	}
	fresh, hash := newSecret()
	old, now := hashOf(token), s.ms()
	expires := now + limits(v.Account.Roles).Absolute.Milliseconds()
	if v.Level == LevelFull {
		expires = min(expires, v.Created.Add(limits(v.Account.Roles).Absolute).UnixMilli())
	}
	res, err := s.db.W.ExecContext(ctx, `UPDATE sessions SET hash=?, previous=NULL, level=?, strong=1, proved_ms=?, rotated_ms=?, seen_ms=?, expires_ms=?
		WHERE hash=? AND ended_ms=0`, hash, string(LevelFull), now, now, now, expires, old)
	if err != nil {
		return "", Session{}, wrap(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return "", Session{}, errors.Join(wrap(err), ErrSession)
	}
	v, err = s.session(ctx, s.db.R, `s.id=?`, v.ID)
	return fresh, v, err
}

// Sessions lists an account's sessions that hold, the latest used first.
func (s *Store) Sessions(ctx context.Context, account string) (_ []Session, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT `+sessionColumns+
		` FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.ended_ms=0 AND s.account=? ORDER BY s.seen_ms DESC, s.id`, account)
	if err != nil {
		return nil, wrap(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []Session{}
	for rows.Next() {
		v, _, err := s.scanSession(rows)
		if err != nil {
			return nil, wrap(err)
		}
		if s.holds(v) {
			out = append(out, v)
		}
	}
	return out, wrap(rows.Err())
}

// End ends one session of an account, or ErrNone.
func (s *Store) End(ctx context.Context, account, id string) error {
	res, err := s.db.W.ExecContext(ctx, `UPDATE sessions SET ended_ms=? WHERE account=? AND id=? AND ended_ms=0`, s.ms(), account, id)
	return affected(res, err)
}

// EndAll ends every session of an account besides the one named, and returns how
// many that were.
func (s *Store) EndAll(ctx context.Context, account, but string) (int64, error) {
	return s.endAll(ctx, s.db.W, account, but)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) endAll(ctx context.Context, x execer, account, but string) (int64, error) {
	res, err := x.ExecContext(ctx, `UPDATE sessions SET ended_ms=? WHERE account=? AND id<>? AND ended_ms=0`, s.ms(), account, but)
	if err != nil {
		return 0, wrap(err)
	}
	n, err := res.RowsAffected()
	return n, wrap(err)
}

func affected(res sql.Result, err error) error {
	if err != nil {
		return wrap(err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNone
	}
	return wrap(err)
}
