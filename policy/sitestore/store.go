package sitestore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/policy"
)

// Options say how a store works. Every field may be left out.
type Options struct {
	Now func() time.Time
	// Emit takes the events of a change once it is stored.
	Emit func(event.Event)
	// Changed is called once a change is stored; it must not block.
	Changed func()
	// GoLive adds conditions that only the running system knows, such as where
	// a camera points now.
	GoLive func(ctx context.Context, s *policy.Site, z policy.Zone) []policy.Reason
	// Enable adds conditions for enabling a scene, such as the self-check.
	Enable func(ctx context.Context) []policy.Reason
	// LogRetention is how long this installation keeps its logs; a profile that
	// asks for more is refused. 0 leaves that unchecked.
	LogRetention time.Duration
}

// Store keeps one site. It is safe for concurrent use, also by several
// processes over one file or server.
type Store struct {
	db       *sqldb.DB
	o        Options
	readOnly atomic.Bool // the site is managed by a file
	compiled compiled
}

// Retention: the history of what made recognition lawful is itself the proof,
// and is kept; photographs and assessments have an end of their own.
var schema = sqldb.Schema{
	Migrations: []sqldb.Migration{{Name: "site", SQL: `
CREATE TABLE records (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
	author TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,
	UNIQUE (kind, id, version)
) STRICT;
CREATE TRIGGER records_kept BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER records_stay BEFORE DELETE ON records WHEN OLD.kind <> 'assessment'
	BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TABLE photos (
	id TEXT PRIMARY KEY, jpeg BLOB NOT NULL, masked INTEGER NOT NULL, by TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER photos_kept BEFORE UPDATE ON photos BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
`}},
	Classes: map[string]map[string]string{
		"records": {
			"seq": "L1", "kind": "L1", "id": "L1", "version": "L1", "body": "L2",
			"author": "L2", "reason": "L2", "at_ms": "L2",
		},
		"photos": {"id": "L1", "jpeg": "L2", "masked": "L2", "by": "L2", "at_ms": "L2"},
	},
	Rules: []sqldb.Rule{
		{Table: "records", Class: "site history", Basis: "proof of what made recognition lawful; assessments at least 3 years (PIPL 56)"},
		{Table: "photos", Class: "redacted photographs of places", Basis: "part of the inspections that they prove"},
	},
}

// Open opens or makes the store at path, readable by its owner only.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sqldb.Open(ctx, path, schema)
	if err != nil {
		return nil, fmt.Errorf("sitestore: %w", err)
	}
	return &Store{db: db, o: o}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.db.Close() }

// DB is the database, for whoever enforces and reports retention.
func (s *Store) DB() *sqldb.DB { return s.db }

// ManagedByFile makes the store refuse every change of the site: it shows what
// a file says. What is not the site (incidents, the kill switch) belongs in
// another store.
func (s *Store) ManagedByFile() { s.readOnly.Store(true) }

// Revision grows with every change, also of other processes.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.R.QueryRowContext(ctx, `SELECT coalesce(max(seq),0) FROM records`).Scan(&n); err != nil {
		return 0, fmt.Errorf("sitestore: revision: %w", err)
	}
	return n, nil
}

// change runs f in a transaction, then tells of it.
func (s *Store) change(ctx context.Context, by By, f func(*txn) error) error {
	if s.readOnly.Load() {
		return one(CodeManagedByFile, "", "the site is managed by its file; change the file and restart, or import it")
	}
	by.Actor, by.Reason = strings.TrimSpace(by.Actor), strings.TrimSpace(by.Reason)
	if by.Actor == "" {
		return refuse(ErrForbidden, CodeReason, "a change needs somebody who makes it")
	}
	if len(by.Reason) > maxReason {
		return invalid("reason: at most %d bytes", maxReason)
	}
	t := &txn{ctx: ctx, s: s, by: by, now: s.o.Now().UTC().Truncate(time.Millisecond)}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		t.tx, t.events = tx, nil
		return f(t)
	})
	if err != nil {
		return err
	}
	if s.o.Emit != nil {
		for _, e := range t.events {
			s.o.Emit(e)
		}
	}
	if s.o.Changed != nil {
		s.o.Changed()
	}
	return nil
}

// maxReason bounds a reason, which also goes into an event.
const maxReason = 500

// decide is change for a decision, which needs a reason.
func (s *Store) decide(ctx context.Context, by By, f func(*txn) error) error {
	if strings.TrimSpace(by.Reason) == "" {
		return refuse(ErrInvalid, CodeReason, "reason: say why; a decision without a reason is not taken")
	}
	return s.change(ctx, by, f)
}

// emit adds an event of this change.
func (t *txn) emit(e event.Event) error {
	site, err := t.siteID()
	if err != nil {
		return err
	}
	e.TS, e.SiteID = t.now, site
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail["actor"], e.Detail["reason"] = t.by.Actor, t.by.Reason
	t.events = append(t.events, e)
	return nil
}

func (t *txn) siteID() (string, error) {
	sites, err := all[Site](t)
	if err != nil || len(sites) == 0 {
		return "none", err
	}
	return sites[0].ID, nil
}
