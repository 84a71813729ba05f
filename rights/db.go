package rights

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bystander/internal/sqldb"
)

// Keep is how long a finished request is kept as evidence of how it was served;
// afterwards its id answers that it was disposed of.
const Keep = 3 * 365 * 24 * time.Hour

var migrations = []sqldb.Migration{{Name: "rights", SQL: `
CREATE TABLE requests (
	request_id TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL,
	type TEXT NOT NULL, state TEXT NOT NULL, enrollee TEXT NOT NULL, deadline_ms INTEGER NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (request_id, version)
);
CREATE INDEX requests_at ON requests (at_ms);
CREATE INDEX requests_enrollee ON requests (enrollee) WHERE enrollee <> '';
CREATE TRIGGER requests_no_update BEFORE UPDATE ON requests
	WHEN NEW.state <> OLD.state OR NEW.version <> OLD.version OR NEW.request_id <> OLD.request_id
	BEGIN SELECT RAISE(ABORT, 'the history of requests is append-only'); END;
CREATE TABLE contacts (
	request_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE tasks (
	task TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL,
	request_id TEXT NOT NULL, connector TEXT NOT NULL, settled INTEGER NOT NULL, next_ms INTEGER NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (task, version)
);
CREATE INDEX tasks_request ON tasks (request_id);
CREATE INDEX tasks_at ON tasks (at_ms);
CREATE TABLE disposed (
	request_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, rule TEXT NOT NULL
) WITHOUT ROWID;`}}

// DB keeps requests, every version of them, and the tasks of connectors.
type DB struct{ db *sqldb.DB }

// OpenDB opens or makes the database at path.
func OpenDB(ctx context.Context, path string) (*DB, error) {
	db, err := sqldb.Open(ctx, path, sqldb.Schema{
		Migrations: migrations,
		Classes: map[string]map[string]string{
			"requests": {
				"request_id": "L2", "version": "L1", "at_ms": "L2", "type": "L2", "state": "L2",
				"enrollee": "L3", "deadline_ms": "L2", "body": "L3",
			},
			"contacts": {"request_id": "L2", "at_ms": "L2", "sealed": "L4"},
			"tasks": {
				"task": "L2", "version": "L1", "at_ms": "L2", "request_id": "L2", "connector": "L1",
				"settled": "L2", "next_ms": "L2", "body": "L2",
			},
			"disposed": {"request_id": "L2", "at_ms": "L2", "type": "L2", "state": "L2", "rule": "L1"},
		},
		Rules: []sqldb.Rule{
			{
				Table: "requests", Class: "rights requests", Period: Keep, Column: "at_ms",
				Basis: "C-05, C-20: evidence of how requests were served, three years", Dispose: disposeRequests,
			},
			{Table: "contacts", Class: "contact of who asked", Period: Keep, Column: "at_ms", Basis: "as long as the request, unless erased before"},
			{Table: "tasks", Class: "rights requests", Period: Keep, Column: "at_ms", Basis: "as the requests"},
			{Table: "disposed", Class: "disposal records", Period: 10 * 365 * 24 * time.Hour, Column: "at_ms", Basis: "B-15: an id answers that it was disposed of"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	return &DB{db}, nil
}

// Close releases the database.
func (d *DB) Close() error { return d.db.Close() }

// Enforce disposes of what has outlived its rule.
func (d *DB) Enforce(ctx context.Context, now time.Time) ([]sqldb.Outcome, error) {
	return d.db.Enforce(ctx, now)
}

// disposeRequests removes requests whose last version is old and closed, and
// leaves the record that they were. Open ones stay, however old.
func disposeRequests(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO disposed (request_id, at_ms, type, state, rule)
		SELECT request_id, at_ms, type, state, 'rights requests' FROM requests r
		WHERE version = (SELECT MAX(version) FROM requests x WHERE x.request_id = r.request_id)
		  AND at_ms < ? AND state IN ('fulfilled', 'refused') ON CONFLICT DO NOTHING`, before); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM requests WHERE request_id IN (SELECT request_id FROM disposed)`)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// put stores the next version of a request, and of its tasks. It fails with
// ErrVersion when somebody else was faster.
func (d *DB) put(ctx context.Context, r Request, tasks ...Task) error {
	return d.db.Tx(ctx, func(tx *sql.Tx) error { return putVersion(ctx, tx, r, tasks...) })
}

// putFirst stores a new request together with how to reach who asks, sealed by
// the caller: nobody may ask and then not be found.
func (d *DB) putFirst(ctx context.Context, r Request, contact []byte) error {
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := putVersion(ctx, tx, r); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO contacts VALUES (?,?,?)`, r.ID, r.ChangedAt.UnixMilli(), contact)
		return err
	})
}

func putVersion(ctx context.Context, tx *sql.Tx, r Request, tasks ...Task) error {
	var have sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT MAX(version) FROM requests WHERE request_id = ?`, r.ID).Scan(&have); err != nil {
		return err
	}
	if have.Int64+1 != int64(r.Version) {
		return refuse(ErrVersion, CodeVersion, "the request was changed by somebody else; read it again")
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO requests VALUES (?,?,?,?,?,?,?,?)`, r.ID, r.Version, r.ChangedAt.UnixMilli(),
		string(r.Type), string(r.State), r.Enrollee, r.Deadline.UnixMilli(), string(body)); err != nil {
		return err
	}
	for _, t := range tasks {
		if err := putTask(ctx, tx, t, r.ChangedAt); err != nil {
			return err
		}
	}
	return nil
}

func putTask(ctx context.Context, tx *sql.Tx, t Task, at time.Time) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	next := int64(0)
	if !t.NextTry.IsZero() {
		next = t.NextTry.UnixMilli()
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO tasks SELECT ?1, COALESCE(MAX(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM tasks WHERE task = ?1`,
		t.ID, at.UnixMilli(), t.Request, t.Connector, t.Settled(), next, string(body))
	return err
}

// putTasks stores new versions of tasks alone.
func (d *DB) putTasks(ctx context.Context, at time.Time, tasks ...Task) error {
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, t := range tasks {
			if err := putTask(ctx, tx, t, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// Get returns a request as it stands. It fails with ErrNotFound, and with
// ErrDisposed once its time of keeping is over.
func (d *DB) Get(ctx context.Context, id string) (Request, error) {
	h, err := d.History(ctx, id)
	if err != nil {
		return Request{}, err
	}
	return h[len(h)-1], nil
}

// History returns every version of a request, oldest first.
func (d *DB) History(ctx context.Context, id string) ([]Request, error) {
	out, err := list[Request](ctx, d.db.R, `SELECT body FROM requests WHERE request_id = ? ORDER BY version`, id)
	if err != nil || len(out) > 0 {
		return out, err
	}
	var at int64
	err = d.db.R.QueryRowContext(ctx, `SELECT at_ms FROM disposed WHERE request_id = ?`, id).Scan(&at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, refuse(ErrNotFound, CodeNotFound, "there is no request of that id")
	case err != nil:
		return nil, fmt.Errorf("rights: %w", err)
	}
	return nil, refuse(ErrDisposed, CodeDisposed, "the request was closed on %s and has been disposed of under its rule",
		time.UnixMilli(at).UTC().Format(time.DateOnly))
}

// Query selects requests; empty fields do not restrict.
type Query struct {
	Type     Type
	State    State
	Enrollee string
	Open     bool   // only those with something left to do
	After    string // ids greater than this: the next page
	Limit    int    // 100 when 0, at most 1000
}

// List returns requests as they stand, oldest first.
func (d *DB) List(ctx context.Context, q Query) ([]Request, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	return list[Request](ctx, d.db.R, `SELECT body FROM requests r
		WHERE version = (SELECT MAX(version) FROM requests x WHERE x.request_id = r.request_id)
		  AND (?1 = '' OR type = ?1) AND (?2 = '' OR state = ?2) AND (?3 = '' OR enrollee = ?3)
		  AND (?4 = 0 OR state NOT IN ('fulfilled', 'refused')) AND request_id > ?5
		ORDER BY request_id LIMIT ?6`, string(q.Type), string(q.State), q.Enrollee, q.Open, q.After, min(limit, 1000))
}

const newestTask = `version = (SELECT MAX(version) FROM tasks x WHERE x.task = t.task)`

// Tasks returns a request's tasks as they stand.
func (d *DB) Tasks(ctx context.Context, request string) ([]Task, error) {
	return list[Task](ctx, d.db.R, `SELECT body FROM tasks t WHERE request_id = ? AND `+newestTask+` ORDER BY connector`, request)
}

// task returns one task as it stands.
func (d *DB) task(ctx context.Context, id string) (Task, error) {
	ts, err := list[Task](ctx, d.db.R, `SELECT body FROM tasks t WHERE task = ? AND `+newestTask, id)
	if err != nil || len(ts) == 0 {
		return Task{}, errors.Join(err, refuse(ErrNotFound, CodeNotFound, "there is no task of that id"))
	}
	return ts[0], nil
}

// due returns the tasks whose next attempt has come.
func (d *DB) due(ctx context.Context, now time.Time, limit int) ([]Task, error) {
	return list[Task](ctx, d.db.R, `SELECT body FROM tasks t WHERE settled = 0 AND next_ms > 0 AND next_ms <= ? AND `+newestTask+
		` ORDER BY next_ms LIMIT ?`, now.UnixMilli(), limit)
}

func (d *DB) contact(ctx context.Context, request string) ([]byte, error) {
	var sealed []byte
	err := d.db.R.QueryRowContext(ctx, `SELECT sealed FROM contacts WHERE request_id = ?`, request).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(ErrNotFound, CodeNotFound, "no contact was left with this request")
	}
	return sealed, err
}

// Persons lists the enrollees whom requests name.
func (d *DB) Persons(ctx context.Context) ([]string, error) {
	rows, err := d.db.R.QueryContext(ctx, `SELECT DISTINCT enrollee FROM requests WHERE enrollee <> ''`)
	if err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("rights: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Forget removes what the requests of an enrollee hold of the person: contact
// and words, in the write-ahead log too. That the requests were made and how they
// ended stays. Again is harmless.
func (d *DB) Forget(ctx context.Context, enrollee string) (int64, error) {
	var n int64
	err := d.db.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		for _, q := range []string{
			`DELETE FROM contacts WHERE request_id IN (SELECT request_id FROM requests WHERE enrollee = ?)`,
			`UPDATE requests SET body = json_remove(body, '$.text', '$.reason', '$.enrollee'), enrollee = ''
				WHERE request_id IN (SELECT request_id FROM requests WHERE enrollee = ?)`,
		} {
			res, err := tx.ExecContext(ctx, q, enrollee)
			if err != nil {
				return err
			}
			k, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += k
		}
		return nil
	})
	if err == nil {
		err = d.db.EmptyLog(ctx)
	}
	return n, err
}

func list[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var body []byte
		var v T
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("rights: %w", err)
		}
		if err := json.Unmarshal(body, &v); err != nil {
			return nil, fmt.Errorf("rights: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	return out, nil
}
