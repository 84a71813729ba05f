package consent

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bystander/internal/sqldb"
)

// DB holds what only this package needs: notices, messages, questions asked,
// guardians, sessions, receipts, imports, tasks. It names nobody.
type DB struct{ *sqldb.DB }

const day = 24 * time.Hour

var migrations = []sqldb.Migration{{Name: "consent", SQL: `
CREATE TABLE notices (
	version TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
	author TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY (version, revision)
) WITHOUT ROWID;
CREATE TABLE notice_acts (
	version TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL, approver TEXT NOT NULL,
	at_ms INTEGER NOT NULL, effective_ms INTEGER NOT NULL, PRIMARY KEY (version, revision, state)
) WITHOUT ROWID;
CREATE TABLE outbox (
	id TEXT PRIMARY KEY, enrollee TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL,
	created_ms INTEGER NOT NULL, read_ms INTEGER, UNIQUE (enrollee, kind, object)
) WITHOUT ROWID;
CREATE TABLE prompts (
	id TEXT PRIMARY KEY, party BLOB NOT NULL, scene TEXT NOT NULL, purpose TEXT NOT NULL,
	at_ms INTEGER NOT NULL, declined_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX prompts_party ON prompts (party, scene, purpose);
CREATE TABLE guardians (
	id TEXT NOT NULL, version INTEGER NOT NULL, enrollee TEXT NOT NULL, relation TEXT NOT NULL, method TEXT NOT NULL,
	proof BLOB NOT NULL, state TEXT NOT NULL, actor TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE INDEX guardians_enrollee ON guardians (enrollee);
CREATE TABLE guardian_channels (
	scene TEXT PRIMARY KEY, desk TEXT NOT NULL, procedure TEXT NOT NULL, actor TEXT NOT NULL, at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sessions (
	id TEXT PRIMARY KEY, enrollee TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL,
	created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_enrollee ON sessions (enrollee);
CREATE TABLE receipts (
	consent TEXT NOT NULL, version INTEGER NOT NULL, receipt TEXT NOT NULL, jws TEXT NOT NULL,
	issued_ms INTEGER NOT NULL, delivered_ms INTEGER, PRIMARY KEY (consent, version)
) WITHOUT ROWID;
CREATE TABLE settled (
	consent TEXT PRIMARY KEY, version INTEGER NOT NULL, enrollee TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE events (
	id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, body TEXT NOT NULL, sent INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_waiting ON events (id) WHERE sent = 0;
CREATE TABLE imports (
	id TEXT PRIMARY KEY, actor TEXT NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE codes (
	hash BLOB PRIMARY KEY, enrollee TEXT NOT NULL, expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tasks (
	id TEXT PRIMARY KEY, kind TEXT NOT NULL, opened_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
	closed_ms INTEGER, closed_by TEXT, reference TEXT
) WITHOUT ROWID;
CREATE TABLE idempotency (
	actor TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, status INTEGER NOT NULL, body BLOB,
	at_ms INTEGER NOT NULL, PRIMARY KEY (actor, key)
) WITHOUT ROWID;
CREATE TRIGGER notices_kept BEFORE UPDATE ON notices BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER notice_acts_kept BEFORE UPDATE ON notice_acts BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER guardians_kept BEFORE UPDATE ON guardians BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER receipts_kept BEFORE UPDATE OF consent, version, receipt, jws, issued_ms ON receipts
	BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
`}}

var classes = map[string]map[string]string{
	"notices":           {"version": "L1", "revision": "L1", "body": "L1", "author": "L3", "created_ms": "L1"},
	"notice_acts":       {"version": "L1", "revision": "L1", "state": "L1", "approver": "L3", "at_ms": "L1", "effective_ms": "L1"},
	"outbox":            {"id": "L1", "enrollee": "L3", "kind": "L2", "object": "L2", "created_ms": "L2", "read_ms": "L2"},
	"prompts":           {"id": "L1", "party": "L3", "scene": "L2", "purpose": "L2", "at_ms": "L2", "declined_ms": "L2"},
	"guardians":         {"id": "L3", "version": "L1", "enrollee": "L3", "relation": "L3", "method": "L2", "proof": "L3", "state": "L2", "actor": "L3", "at_ms": "L2"},
	"guardian_channels": {"scene": "L1", "desk": "L1", "procedure": "L1", "actor": "L3", "at_ms": "L1"},
	"sessions":          {"id": "L1", "enrollee": "L3", "state": "L2", "body": "L3", "created_ms": "L2", "expires_ms": "L2"},
	"receipts":          {"consent": "L3", "version": "L1", "receipt": "L3", "jws": "L3", "issued_ms": "L2", "delivered_ms": "L2"},
	"settled":           {"consent": "L3", "version": "L1", "enrollee": "L3"},
	"events":            {"id": "L1", "at_ms": "L2", "body": "L3", "sent": "L1"},
	"imports":           {"id": "L1", "actor": "L3", "at_ms": "L2", "body": "L3"},
	"codes":             {"hash": "L3", "enrollee": "L3", "expires_ms": "L2"},
	"tasks":             {"id": "L1", "kind": "L1", "opened_ms": "L1", "due_ms": "L1", "closed_ms": "L1", "closed_by": "L3", "reference": "L2"},
	"idempotency":       {"actor": "L3", "key": "L2", "request": "L3", "status": "L1", "body": "L3", "at_ms": "L2"},
}

func rules() []sqldb.Rule {
	sent := func(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
		r, err := tx.ExecContext(ctx, `DELETE FROM events WHERE at_ms < ? AND sent = 1`, before)
		if err != nil {
			return 0, err
		}
		return r.RowsAffected()
	}
	return []sqldb.Rule{
		{Table: "notices", Class: "notices", Basis: "what was published is evidence for every consent that rests on it"},
		{Table: "notice_acts", Class: "notices", Basis: "likewise"},
		{Table: "outbox", Class: "messages", Period: 365 * day, Column: "created_ms", Basis: "proof that a change was told"},
		{Table: "prompts", Class: "questions asked", Period: 400 * day, Column: "at_ms", Basis: "A-41: no second question before the interval is over"},
		{Table: "guardians", Class: "guardians", Basis: "until the enrolment is erased (Forget)"},
		{Table: "guardian_channels", Class: "scenes", Basis: "what a scene for children rests on (B-47)"},
		{Table: "sessions", Class: "enrolment sessions", Period: 90 * day, Column: "created_ms", Basis: "proofing method and officer (B-25)"},
		{Table: "receipts", Class: "consent receipts", Period: 3 * 365 * day, Column: "issued_ms", Basis: "PIPL 56, GDPR 7(1): proof of consent"},
		{Table: "settled", Class: "consent receipts", Basis: "which versions of a consent have their receipt; until erased (Forget)"},
		{Table: "events", Class: "events on their way", Period: 30 * day, Column: "at_ms", Basis: "until the ledger has them", Dispose: sent},
		{Table: "imports", Class: "imports", Period: 3 * 365 * day, Column: "at_ms", Basis: "B-49: proof of lawful source"},
		{Table: "codes", Class: "pick-up codes", Period: day, Column: "expires_ms", Basis: "an online consent is shown at a kiosk (A-47)"},
		{Table: "tasks", Class: "filings", Basis: "C-11: filings and their deadlines"},
		{Table: "idempotency", Class: "answers to repeat", Period: day, Column: "at_ms", Basis: "a repeated request gets the same answer"},
	}
}

// OpenDB opens or makes the database at path.
func OpenDB(ctx context.Context, path string) (*DB, error) {
	d, err := sqldb.Open(ctx, path, sqldb.Schema{Migrations: migrations, Classes: classes, Rules: rules()})
	if err != nil {
		return nil, fmt.Errorf("consent: %w", err)
	}
	return &DB{d}, nil
}

// Forget removes everything of a person from this database, the receipts too,
// from the write-ahead log as well, and returns how many rows went. It serves
// erasure together with policy.Store's Forget; as long as the consents are
// there, their receipts are issued again.
func (d *DB) Forget(ctx context.Context, enrollee string) (n int64, err error) {
	err = d.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		for _, q := range []struct {
			sql string
			arg any
		}{
			{`DELETE FROM receipts WHERE consent IN (SELECT consent FROM settled WHERE enrollee = ?)`, enrollee},
			{`DELETE FROM settled WHERE enrollee = ?`, enrollee},
			{`DELETE FROM outbox WHERE enrollee = ?`, enrollee},
			{`DELETE FROM guardians WHERE enrollee = ?`, enrollee},
			{`DELETE FROM sessions WHERE enrollee = ?`, enrollee},
			{`DELETE FROM codes WHERE enrollee = ?`, enrollee},
			{`DELETE FROM idempotency WHERE instr(body, ?) > 0`, enrollee},
			{`DELETE FROM prompts WHERE party = ?`, partyHash(enrollee)},
			{`UPDATE imports SET body = replace(body, ?1, 'erased') WHERE instr(body, ?1) > 0`, enrollee},
		} {
			r, err := tx.ExecContext(ctx, q.sql, q.arg)
			if err != nil {
				return err
			}
			gone, err := r.RowsAffected()
			if err != nil {
				return err
			}
			n += gone
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("consent: forget: %w", err)
	}
	if err := d.EmptyLog(ctx); err != nil {
		return n, fmt.Errorf("consent: forget: %w", err)
	}
	return n, nil
}

// Persons lists of whom anything is held here.
func (d *DB) Persons(ctx context.Context) ([]string, error) {
	return list(ctx, d.R, func(r *sql.Rows) (id string, err error) { err = r.Scan(&id); return id, err },
		`SELECT enrollee FROM settled UNION SELECT enrollee FROM outbox UNION SELECT enrollee FROM guardians
		UNION SELECT enrollee FROM sessions UNION SELECT enrollee FROM codes ORDER BY 1`)
}

func ms(t time.Time) int64 { return t.UnixMilli() }

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
