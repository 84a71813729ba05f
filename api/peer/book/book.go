// Package book keeps which edges belong to a control, which scenes each has, and
// the one-time tokens with which new ones join.
package book

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"bystander/internal/outbox"
	"bystander/internal/pki"
	"bystander/internal/sqldb"
)

// How long a token holds.
const (
	InviteTerm    = time.Hour
	MaxInviteTerm = 24 * time.Hour
)

// tokenPrefix tells a reader, or a scanner for leaked secrets, what the string is.
const tokenPrefix = "bystander-join_"

// kept is how long the record of a token that is over stays, and of an edge that
// has left.
const kept = 3 * 365 * 24 * time.Hour

var (
	// ErrToken reports a token that is unknown, used or over; which is not told.
	ErrToken = errors.New("book: the token is unknown, used or over; make another with: bystander edge invite")
	// ErrEdge reports an edge that is not known, or not any more.
	ErrEdge = errors.New("book: no such edge")
	// ErrInvalid reports an invitation that cannot be made as asked.
	ErrInvalid = errors.New("book: invitation")
)

var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "edges", SQL: `
CREATE TABLE edges (
	id TEXT PRIMARY KEY, scenes TEXT NOT NULL, added_ms INTEGER NOT NULL, joined_ms INTEGER NOT NULL DEFAULT 0,
	ended_ms INTEGER NOT NULL DEFAULT 9000000000000
) STRICT, WITHOUT ROWID;
CREATE TABLE invites (
	hash BLOB PRIMARY KEY, edge TEXT NOT NULL, invited_by TEXT NOT NULL, made_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TRIGGER invites_once BEFORE UPDATE ON invites WHEN OLD.used_ms <> 0
	BEGIN SELECT RAISE(ABORT, 'a token is used once'); END;
`}, outbox.Migration(), {Name: "cameras", SQL: `
ALTER TABLE edges ADD COLUMN cameras TEXT NOT NULL DEFAULT '[]';
`}},
	Classes: map[string]map[string]string{
		outbox.Table: outbox.Classes(),
		"edges":      {"id": "L1", "scenes": "L2", "cameras": "L2", "added_ms": "L2", "joined_ms": "L2", "ended_ms": "L2"},
		"invites":    {"hash": "L3", "edge": "L1", "invited_by": "L2", "made_ms": "L2", "expires_ms": "L2", "used_ms": "L2"},
	},
	Rules: []sqldb.Rule{
		{Table: "edges", Class: "machines", Period: kept, Column: "ended_ms", Basis: "B-63: which machine could do what, as long as the access log tells what it did"},
		{Table: "invites", Class: "machines", Period: kept, Column: "expires_ms", Basis: "B-63: who let which machine in"},
		outbox.Rule(),
	},
}

// never is the end of an edge that has none: rows are kept by it.
const never = 9000000000000

// Store keeps them. It is safe for concurrent use, also by several processes over
// one file.
type Store struct {
	db  *sqldb.DB
	now func() time.Time
	by  string // whose changes are noted for the log; empty notes none
}

// Open opens or makes the store at path. A nil now is time.Now.
func Open(ctx context.Context, path string, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("book: %w", err)
	}
	return &Store{db: db, now: now}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

// Noting returns the same store for changes made by somebody at the command line
// (package outbox).
func (s *Store) Noting(by string) *Store {
	out := *s
	out.by = by
	return &out
}

func (s *Store) noted(ctx context.Context, edge string, detail map[string]string, change func(*sql.Tx) error) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := change(tx); err != nil || s.by == "" {
			return err
		}
		return outbox.Put(ctx, tx, outbox.Note{At: s.now(), By: s.by, Account: Account(edge), Detail: detail})
	})
}

// Account is how an edge is named where the log names accounts.
func Account(edge string) string { return string(pki.Edge) + "/" + edge }

// May is what an edge may do.
type May struct {
	Scenes  []string // whose templates it may have
	Cameras Cameras  // that it may serve
}

// Edge is one edge.
type Edge struct {
	ID string
	May
	Added  time.Time
	Joined time.Time // zero until it has
	Ended  time.Time // zero while it belongs
}

// Invite makes a one-time token with which an edge joins, or joins again, and
// says what it may do. Where no cameras are named, those of an edge that is known
// stay as they are: letting it in again widens nothing. Earlier tokens of the edge
// that were not used end.
func (s *Store) Invite(ctx context.Context, edge string, may May, term time.Duration) (token string, until time.Time, err error) {
	if _, err := pki.New(pki.Edge, edge); err != nil {
		return "", until, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if term == 0 {
		term = InviteTerm
	}
	if term < time.Minute || term > MaxInviteTerm {
		return "", until, fmt.Errorf("%w: a token for %v; between a minute and %v", ErrInvalid, term, MaxInviteTerm)
	}
	scenes, err := sceneList(may.Scenes)
	if err != nil {
		return "", until, err
	}
	cameras, err := may.Cameras.list()
	if err != nil {
		return "", until, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", until, fmt.Errorf("book: %w", err)
	}
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	now := s.now()
	until = now.Add(term)
	detail := map[string]string{"action": "edge_invited", "edge": edge}
	err = s.noted(ctx, edge, detail, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO edges (id, scenes, cameras, added_ms) VALUES (?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET scenes=excluded.scenes, ended_ms=?,
				cameras=CASE excluded.cameras WHEN '[]' THEN edges.cameras ELSE excluded.cameras END`,
			edge, scenes, cameras, now.UnixMilli(), int64(never)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE invites SET expires_ms=? WHERE edge=? AND used_ms=0 AND expires_ms>?`,
			now.UnixMilli(), edge, now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO invites (hash, edge, invited_by, made_ms, expires_ms) VALUES (?,?,?,?,?)`,
			hash[:], edge, s.by, now.UnixMilli(), until.UnixMilli())
		return err
	})
	if err != nil {
		return "", until, fmt.Errorf("book: invite: %w", err)
	}
	return token, until, nil
}

func sceneList(scenes []string) (string, error) {
	out := slices.Clone(scenes)
	slices.Sort(out)
	out = slices.Compact(out)
	if slices.Contains(out, "") {
		return "", fmt.Errorf("%w: a scene without a name", ErrInvalid)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("book: %w", err)
	}
	return string(b), nil
}

// Redeem uses a token up and returns whose it is and who made it. It fails with
// ErrToken.
func (s *Store) Redeem(ctx context.Context, token string) (e Edge, by string, err error) {
	hash := sha256.Sum256([]byte(token))
	now := s.now().UnixMilli()
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var id string
		err := tx.QueryRowContext(ctx, `UPDATE invites SET used_ms=? WHERE hash=? AND used_ms=0 AND expires_ms>? RETURNING edge, invited_by`, now, hash[:], now).Scan(&id, &by)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrToken
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE edges SET joined_ms=? WHERE id=? AND ended_ms=?`, now, id, int64(never)); err != nil {
			return err
		}
		e, err = one(ctx, tx, id)
		if errors.Is(err, ErrEdge) {
			return ErrToken // it was revoked since
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrToken) {
		err = fmt.Errorf("book: redeem: %w", err)
	}
	return e, by, err
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const columns = `id, scenes, cameras, added_ms, joined_ms, ended_ms`

func scan(row interface{ Scan(...any) error }) (e Edge, err error) {
	var scenes, cameras string
	var added, joined, ended int64
	if err := row.Scan(&e.ID, &scenes, &cameras, &added, &joined, &ended); err != nil {
		return e, err
	}
	e.Added = time.UnixMilli(added)
	if joined != 0 {
		e.Joined = time.UnixMilli(joined)
	}
	if ended != never {
		e.Ended = time.UnixMilli(ended)
	}
	return e, errors.Join(json.Unmarshal([]byte(scenes), &e.Scenes), json.Unmarshal([]byte(cameras), &e.Cameras))
}

func one(ctx context.Context, q querier, id string) (Edge, error) {
	e, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM edges WHERE id=?`, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !e.Ended.IsZero() {
		return e, fmt.Errorf("%w: %.80q", ErrEdge, id)
	}
	return e, err
}

// Edge returns an edge that belongs; it fails with ErrEdge.
func (s *Store) Edge(ctx context.Context, id string) (Edge, error) {
	e, err := one(ctx, s.db.R, id)
	if err != nil {
		return e, fmt.Errorf("book: %w", err)
	}
	return e, nil
}

// List returns all edges by id, also those that have left.
func (s *Store) List(ctx context.Context) (_ []Edge, err error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT `+columns+` FROM edges ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("book: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []Edge
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("book: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Grant says which scenes an edge has from now on.
func (s *Store) Grant(ctx context.Context, edge string, scenes []string) error {
	list, err := sceneList(scenes)
	if err != nil {
		return err
	}
	return s.change(ctx, edge, "edge_scenes", `UPDATE edges SET scenes=? WHERE id=? AND ended_ms=?`, list, edge, int64(never))
}

// Limit says which cameras an edge may serve from now on. At least one has to be
// named, or Any.
func (s *Store) Limit(ctx context.Context, edge string, cameras Cameras) error {
	if len(cameras) == 0 {
		return fmt.Errorf("%w: name cameras, or %q for any", ErrInvalid, Any)
	}
	list, err := cameras.list()
	if err != nil {
		return err
	}
	return s.change(ctx, edge, "edge_cameras", `UPDATE edges SET cameras=? WHERE id=? AND ended_ms=?`, list, edge, int64(never))
}

// End lets an edge go; its open tokens end with it.
func (s *Store) End(ctx context.Context, edge string) error {
	now := s.now().UnixMilli()
	if _, err := s.db.W.ExecContext(ctx, `UPDATE invites SET expires_ms=? WHERE edge=? AND used_ms=0 AND expires_ms>?`, now, edge, now); err != nil {
		return fmt.Errorf("book: %w", err)
	}
	return s.change(ctx, edge, "edge_revoked", `UPDATE edges SET ended_ms=? WHERE id=? AND ended_ms=?`, now, edge, int64(never))
}

func (s *Store) change(ctx context.Context, edge, action, query string, args ...any) error {
	err := s.noted(ctx, edge, map[string]string{"action": action, "edge": edge}, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: %.80q; bystander edge list shows them", ErrEdge, edge)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("book: %w", err)
	}
	return nil
}
