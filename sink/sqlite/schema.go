package sqlite

import (
	"context"
	"database/sql"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// Days are the periods after which rows go, in days. None can be 0: a log that
// forgets at once is no log, so 0 or less means the default, and whoever wants
// rows gone early gives 1. What a person asks to have erased goes by Delete,
// at once.
type Days struct {
	Events   int // full rows; then their skeleton remains (184)
	Skeleton int // numbers and hashes (3 years)
	Hours    int // hourly counts (2 years)
	Runs     int // reports of disposal (3 years)
}

// DefaultDays are the defaults of REQUIREMENTS 4.4.
var DefaultDays = Days{Events: 184, Skeleton: 3 * 365, Hours: 2 * 365, Runs: 3 * 365}

const day = 24 * time.Hour

// migrations never change once released; a column more is a migration more.
var migrations = []sqldb.Migration{{Name: "events", SQL: `
CREATE TABLE events (
	id INTEGER PRIMARY KEY,
	event_id TEXT NOT NULL UNIQUE,
	ts INTEGER NOT NULL,
	ts_quality TEXT, kind TEXT NOT NULL,
	site_id TEXT, camera_id TEXT, scene_id TEXT,
	zone_id TEXT, zone_version INTEGER, sign_set_hash BLOB, inspection_id TEXT,
	policy_version INTEGER, notice_version TEXT, assessment_id TEXT,
	gate_mode TEXT, gate_bits INTEGER,
	subject_ref BLOB, consent_ref BLOB, consent_version INTEGER,
	gallery_root BLOB, gallery_size INTEGER, template_ref BLOB, model_digest BLOB,
	score REAL, threshold REAL, margin REAL, quality REAL, pad TEXT,
	ref_event TEXT, reviewer_ref BLOB, verdict TEXT, receipt_id TEXT,
	payload_enc BLOB, dek_id TEXT, salt BLOB, detail TEXT,
	chain_id TEXT NOT NULL, seq INTEGER NOT NULL,
	prev_hash BLOB, row_hash BLOB NOT NULL, node_sig BLOB NOT NULL,
	UNIQUE (chain_id, seq)
);
CREATE INDEX events_ts ON events (ts);
CREATE INDEX events_camera ON events (camera_id);
CREATE INDEX events_kind ON events (kind);
CREATE TABLE skeleton (
	chain_id TEXT NOT NULL, seq INTEGER NOT NULL, ts INTEGER NOT NULL,
	prev_hash BLOB, row_hash BLOB NOT NULL,
	rule TEXT NOT NULL, disposed_at INTEGER NOT NULL,
	PRIMARY KEY (chain_id, seq)
) WITHOUT ROWID;
CREATE INDEX skeleton_ts ON skeleton (ts);
CREATE TABLE chain_floor (
	chain_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, row_hash BLOB NOT NULL, disposed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE event_hours (
	hour INTEGER NOT NULL, camera_id TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (hour, camera_id, kind)
) WITHOUT ROWID;
CREATE TABLE retention_runs (
	id INTEGER PRIMARY KEY, at INTEGER NOT NULL, table_name TEXT NOT NULL,
	disposed INTEGER NOT NULL, overdue INTEGER NOT NULL, error TEXT NOT NULL
);`}}

func schema(d Days, now func() time.Time) sqldb.Schema {
	classes := map[string]map[string]string{
		"events":         {"id": "L1"},
		"skeleton":       {"chain_id": "L1", "seq": "L1", "ts": "L2", "prev_hash": "L1", "row_hash": "L1", "rule": "L1", "disposed_at": "L1"},
		"chain_floor":    {"chain_id": "L1", "seq": "L1", "row_hash": "L1", "disposed_at": "L1"},
		"event_hours":    {"hour": "L1", "camera_id": "L2", "kind": "L1", "n": "L2"},
		"retention_runs": {"id": "L1", "at": "L1", "table_name": "L1", "disposed": "L1", "overdue": "L1", "error": "L2"},
	}
	for _, f := range event.Fields() {
		classes["events"][f.Name] = string(f.Class)
	}
	return sqldb.Schema{
		Migrations: migrations,
		Classes:    classes,
		Rules: []sqldb.Rule{
			{
				Table: "events", Class: "match events", Period: time.Duration(d.Events) * day, Column: "ts",
				Basis: "requirements 4.4: payload 184 days; at least 6 months (C-23)",
				Dispose: func(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
					return disposeEvents(ctx, tx, before, now().UnixMilli())
				},
			},
			{
				Table: "skeleton", Class: "chain skeleton", Period: time.Duration(d.Skeleton) * day, Column: "ts",
				Basis: "requirements 4.4: skeleton 3 years",
				Dispose: func(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
					return disposeSkeleton(ctx, tx, before, now().UnixMilli())
				},
			},
			{Table: "chain_floor", Class: "chain skeleton", Basis: "one row a chain: where the log begins now"},
			{Table: "event_hours", Class: "hourly counts", Period: time.Duration(d.Hours) * day, Column: "hour", Basis: "operations: year on year"},
			{Table: "retention_runs", Class: "disposal reports", Period: time.Duration(d.Runs) * day, Column: "at", Basis: "evidence of disposal (INV-16)"},
		},
	}
}

// disposeEvents leaves of each old event its place in the chain.
func disposeEvents(ctx context.Context, tx *sql.Tx, before, now int64) (int64, error) {
	if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO skeleton (chain_id, seq, ts, prev_hash, row_hash, rule, disposed_at)
		SELECT chain_id, seq, ts, prev_hash, row_hash, 'events', ? FROM events WHERE ts < ?`, now, before); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM events WHERE ts < ?`, before)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// disposeSkeleton removes the oldest numbers of each chain and keeps the last
// removed one as the floor from which the rest is verified. Only an unbroken
// run from the floor goes: an old number behind a younger one waits for it.
func disposeSkeleton(ctx context.Context, tx *sql.Tx, before, now int64) (int64, error) {
	// The highest number of each chain below every number that must stay.
	if _, err := tx.ExecContext(ctx, `INSERT INTO chain_floor (chain_id, seq, row_hash, disposed_at)
		SELECT s.chain_id, s.seq, s.row_hash, ?1 FROM skeleton s JOIN (
			SELECT k.chain_id, MAX(k.seq) AS seq FROM skeleton k WHERE k.ts < ?2 AND k.seq < COALESCE(MIN(
				COALESCE((SELECT MIN(e.seq) FROM events e WHERE e.chain_id = k.chain_id), 9223372036854775807),
				COALESCE((SELECT MIN(y.seq) FROM skeleton y WHERE y.chain_id = k.chain_id AND y.ts >= ?2), 9223372036854775807)),
				9223372036854775807)
			GROUP BY k.chain_id) top ON top.chain_id = s.chain_id AND top.seq = s.seq
		WHERE true
		ON CONFLICT (chain_id) DO UPDATE SET seq = excluded.seq, row_hash = excluded.row_hash, disposed_at = excluded.disposed_at
		WHERE excluded.seq > chain_floor.seq`, now, before); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM skeleton WHERE EXISTS (
		SELECT 1 FROM chain_floor f WHERE f.chain_id = skeleton.chain_id AND skeleton.seq <= f.seq)`)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
