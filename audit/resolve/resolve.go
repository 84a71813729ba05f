// Package resolve keeps the requests to learn whose pseudonym an event carries
// (REQUIREMENTS section 6): one person asks with a purpose, another one approves,
// and the answer is shown once. The book holds no name, before or after: a name
// is looked up when it is shown, and kept nowhere.
package resolve

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// The ways in which a request is refused.
var (
	ErrNotFound   = errors.New("resolve: no such request")
	ErrSamePerson = errors.New("resolve: who asked cannot approve")
	ErrDecided    = errors.New("resolve: decided already")
	ErrNotYours   = errors.New("resolve: somebody else asked")
	ErrState      = errors.New("resolve: not approved, shown already, or expired")
	ErrRequest    = errors.New("resolve: incomplete request")
)

// How long a request waits for its approval, and its answer for being read.
const (
	WaitFor = 24 * time.Hour
	ReadFor = time.Hour
)

// State is how far a request has come.
type State string

// The states.
const (
	Waiting  State = "waiting"
	Approved State = "approved" // may be shown once, to who asked
	Refused  State = "refused"
	Shown    State = "shown"
	Expired  State = "expired"
)

// Request is one request to learn a name.
type Request struct {
	ID        string
	Event     string       // whose pseudonym it is about
	Subject   event.Digest // the pseudonym
	Purpose   string
	AskedBy   string // account
	AskedAt   time.Time
	ExpiresAt time.Time
	DecidedBy string // account; empty while nobody decided
	DecidedAt time.Time
	Approved  bool
	Reason    string // of the decision
	ShownAt   time.Time
}

// State is how far the request has come at that time.
func (r *Request) State(now time.Time) State {
	switch {
	case !r.ShownAt.IsZero():
		return Shown
	case r.DecidedBy != "" && !r.Approved:
		return Refused
	case !now.Before(r.ExpiresAt):
		return Expired
	case r.DecidedBy != "":
		return Approved
	}
	return Waiting
}

var migrations = []sqldb.Migration{{Name: "resolutions", SQL: `
CREATE TABLE resolutions (
	id TEXT PRIMARY KEY, event TEXT NOT NULL, subject_ref BLOB NOT NULL, purpose TEXT NOT NULL,
	asked_by TEXT NOT NULL, asked_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
	decided_by TEXT NOT NULL DEFAULT '', decided_ms INTEGER NOT NULL DEFAULT 0,
	approved INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', shown_ms INTEGER NOT NULL DEFAULT 0,
	CHECK (decided_by <> asked_by), CHECK (shown_ms = 0 OR approved = 1)
);
CREATE INDEX resolutions_asked ON resolutions (asked_ms);`}}

// Options say how a book works. The zero value of a field means its default.
type Options struct {
	Keep time.Duration // 3 years
	Now  func() time.Time
}

// Book keeps the requests. It is safe for concurrent use.
type Book struct {
	db  *sqldb.DB
	now func() time.Time
}

// Rules lists the book's rules of keeping.
func (b *Book) Rules() []sqldb.Rule { return b.db.Rules() }

// Open opens or makes the book at path.
func Open(ctx context.Context, path string, o Options) (*Book, error) {
	if o.Keep <= 0 {
		o.Keep = 3 * 365 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sqldb.Open(ctx, path, sqldb.Schema{
		Migrations: migrations,
		Classes: map[string]map[string]string{"resolutions": {
			"id": "L1", "event": "L2", "subject_ref": "L3", "purpose": "L3", "asked_by": "L3", "asked_ms": "L2", "expires_ms": "L1",
			"decided_by": "L3", "decided_ms": "L2", "approved": "L2", "reason": "L3", "shown_ms": "L2",
		}},
		Rules: []sqldb.Rule{{
			Table: "resolutions", Class: "access log", Period: o.Keep, Column: "asked_ms",
			Basis: "B-55: who learnt whose name, and who let them; as long as the access log",
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("resolve: %w", err)
	}
	return &Book{db, o.Now}, nil
}

// Close releases the book.
func (b *Book) Close() error { return b.db.Close() }

// Enforce disposes of requests that have outlived their rule.
func (b *Book) Enforce(ctx context.Context) ([]sqldb.Outcome, error) {
	return b.db.Enforce(ctx, b.now())
}

// Ask keeps a request. Event, Subject, Purpose and AskedBy are needed.
func (b *Book) Ask(ctx context.Context, r Request) (Request, error) {
	if r.Event == "" || r.Subject.IsZero() || strings.TrimSpace(r.Purpose) == "" || r.AskedBy == "" {
		return r, ErrRequest
	}
	id, err := uuid.NewV7()
	if err != nil {
		return r, fmt.Errorf("resolve: %w", err)
	}
	now := b.now().UTC().Truncate(time.Millisecond)
	r = Request{
		ID: id.String(), Event: r.Event, Subject: r.Subject, Purpose: r.Purpose,
		AskedBy: r.AskedBy, AskedAt: now, ExpiresAt: now.Add(WaitFor),
	}
	_, err = b.db.W.ExecContext(ctx, `INSERT INTO resolutions (id, event, subject_ref, purpose, asked_by, asked_ms, expires_ms)
		VALUES (?,?,?,?,?,?,?)`, r.ID, r.Event, r.Subject[:], r.Purpose, r.AskedBy, r.AskedAt.UnixMilli(), r.ExpiresAt.UnixMilli())
	if err != nil {
		return r, fmt.Errorf("resolve: ask: %w", err)
	}
	return r, nil
}

// Decide approves or refuses a request. It fails with ErrSamePerson for who
// asked, and with ErrDecided and ErrState when it is too late.
func (b *Book) Decide(ctx context.Context, id, by string, approve bool, reason string) (r Request, err error) {
	if by == "" || strings.TrimSpace(reason) == "" {
		return r, ErrRequest
	}
	err = b.db.Tx(ctx, func(tx *sql.Tx) error {
		if r, err = get(ctx, tx, id); err != nil {
			return err
		}
		now := b.now().UTC().Truncate(time.Millisecond)
		switch {
		case r.AskedBy == by:
			return ErrSamePerson
		case r.DecidedBy != "":
			return ErrDecided
		case r.State(now) != Waiting:
			return ErrState
		}
		r.DecidedBy, r.DecidedAt, r.Approved, r.Reason = by, now, approve, reason
		if approve {
			r.ExpiresAt = now.Add(ReadFor)
		}
		_, err := tx.ExecContext(ctx, `UPDATE resolutions SET decided_by=?, decided_ms=?, approved=?, reason=?, expires_ms=? WHERE id=?`,
			by, now.UnixMilli(), approve, reason, r.ExpiresAt.UnixMilli(), id)
		return err
	})
	return r, wrapped("decide", err)
}

// Show marks an approved request as shown to who asked. Only who gets no error
// may be shown the name, and nobody gets none twice.
func (b *Book) Show(ctx context.Context, id, by string) (r Request, err error) {
	err = b.db.Tx(ctx, func(tx *sql.Tx) error {
		if r, err = get(ctx, tx, id); err != nil {
			return err
		}
		now := b.now().UTC().Truncate(time.Millisecond)
		switch {
		case r.AskedBy != by:
			return ErrNotYours
		case r.State(now) != Approved:
			return ErrState
		}
		r.ShownAt = now
		_, err := tx.ExecContext(ctx, `UPDATE resolutions SET shown_ms=? WHERE id=?`, now.UnixMilli(), id)
		return err
	})
	return r, wrapped("show", err)
}

// Get returns one request, or ErrNotFound.
func (b *Book) Get(ctx context.Context, id string) (Request, error) {
	r, err := get(ctx, b.db.R, id)
	return r, wrapped("get", err)
}

// List returns the newest requests, of one account or of all when by is empty.
func (b *Book) List(ctx context.Context, by string) (out []Request, err error) {
	rows, err := b.db.R.QueryContext(ctx, `SELECT `+columns+` FROM resolutions
		WHERE (?1 = '' OR asked_by = ?1) ORDER BY asked_ms DESC, id DESC LIMIT 200`, by)
	if err != nil {
		return nil, fmt.Errorf("resolve: list: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("resolve: list: %w", err)
		}
		out = append(out, r)
	}
	return out, wrapped("list", rows.Err())
}

const columns = `id, event, subject_ref, purpose, asked_by, asked_ms, expires_ms, decided_by, decided_ms, approved, reason, shown_ms`

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func get(ctx context.Context, q querier, id string) (Request, error) {
	r, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM resolutions WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	return r, err
}

func scan(row interface{ Scan(dst ...any) error }) (Request, error) {
	var r Request
	var subject []byte
	var asked, expires, decided, shown int64
	err := row.Scan(&r.ID, &r.Event, &subject, &r.Purpose, &r.AskedBy, &asked, &expires, &r.DecidedBy, &decided, &r.Approved, &r.Reason, &shown)
	if err == nil && len(subject) != len(r.Subject) {
		err = fmt.Errorf("request %s is damaged", r.ID)
	}
	copy(r.Subject[:], subject)
	r.AskedAt, r.ExpiresAt, r.DecidedAt, r.ShownAt = moment(asked), moment(expires), moment(decided), moment(shown)
	return r, err
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// wrapped leaves the package's own errors as they are.
func wrapped(what string, err error) error {
	for _, own := range []error{nil, ErrNotFound, ErrSamePerson, ErrDecided, ErrNotYours, ErrState} {
		if errors.Is(err, own) {
			return own
		}
	}
	return fmt.Errorf("resolve: %s: %w", what, err)
}
