// Package access keeps the log of who read what about whom (requirements B-55,
// INV-13): one row for each read that is linked to a person. The API records a
// read before it answers; where the row cannot be written there is no answer.
//
// Rows are only ever added. Each carries the hash of the one before, so that a
// changed or missing row shows.
package access

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// ErrTampered reports a row that is not as it was written, or missing.
var ErrTampered = errors.New("access: log has been altered")

// ErrEntry reports an entry that says too little or too much.
var ErrEntry = errors.New("access: incomplete entry")

// MaxSubjects bounds the people that one row can name.
const MaxSubjects = 100_000

// Entry is one read.
type Entry struct {
	Actor    string         // account, never a display name
	Role     string         // under which the actor read: operator, owner, auditor, …
	Purpose  string         // why, in the actor's words or by code
	Action   string         // what was read, e.g. "events.list", "recording.open"
	Query    []byte         // canonical form of what was asked; only its hash is kept
	Subjects []event.Digest // pseudonyms of the people in the answer
	// Count is how many people the answer concerns when it does not name
	// them; len(Subjects) when 0.
	Count int
}

// Row is a stored entry.
type Row struct {
	Seq       uint64         `json:"seq"`
	At        time.Time      `json:"at"`
	Actor     string         `json:"actor"`
	Role      string         `json:"role"`
	Purpose   string         `json:"purpose"`
	Action    string         `json:"action"`
	QueryHash event.Digest   `json:"query_hash"`
	Subjects  []event.Digest `json:"subject_refs,omitempty"`
	Count     int            `json:"subjects"`
	Prev      event.Digest   `json:"prev_hash,omitzero"`
	Hash      event.Digest   `json:"row_hash"`
}

// Head is the end of the log, for checkpoints kept elsewhere.
type Head struct {
	Seq  uint64       `json:"seq"`
	Hash event.Digest `json:"hash"`
}

const domain = "bystander/access/v1\x00"

var migrations = []sqldb.Migration{{Name: "access", SQL: `
CREATE TABLE access_log (
	seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,
	actor TEXT NOT NULL, role TEXT NOT NULL, purpose TEXT NOT NULL, action TEXT NOT NULL,
	query_hash BLOB NOT NULL, subject_refs BLOB NOT NULL, subjects INTEGER NOT NULL,
	prev_hash BLOB NOT NULL, row_hash BLOB NOT NULL
);
CREATE INDEX access_at ON access_log (at_ms);
CREATE INDEX access_actor ON access_log (actor, seq);
CREATE TABLE access_floor (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seq INTEGER NOT NULL, row_hash BLOB NOT NULL, disposed_ms INTEGER NOT NULL
);
CREATE TRIGGER access_no_update BEFORE UPDATE ON access_log
	BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER access_no_delete BEFORE DELETE ON access_log
	WHEN OLD.seq > COALESCE((SELECT seq FROM access_floor), 0)
	BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;`}}

// Options say how a log works. The zero value of a field means its default.
type Options struct {
	Keep time.Duration // 3 years
	Now  func() time.Time
}

// Log is an access log. It is safe for concurrent use.
type Log struct {
	db  *sqldb.DB
	now func() time.Time
}

// Open opens or makes the log at path.
func Open(ctx context.Context, path string, o Options) (*Log, error) {
	if o.Keep <= 0 {
		o.Keep = 3 * 365 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Log{now: o.Now}
	var err error
	l.db, err = sqldb.Open(ctx, path, sqldb.Schema{
		Migrations: migrations,
		Classes: map[string]map[string]string{
			"access_log": {
				"seq": "L1", "at_ms": "L2", "actor": "L3", "role": "L2", "purpose": "L3", "action": "L2",
				"query_hash": "L2", "subject_refs": "L3", "subjects": "L2", "prev_hash": "L1", "row_hash": "L1",
			},
			"access_floor": {"one": "L1", "seq": "L1", "row_hash": "L1", "disposed_ms": "L1"},
		},
		Rules: []sqldb.Rule{
			{
				Table: "access_log", Class: "access log", Period: o.Keep, Column: "at_ms",
				Basis: "B-55, C-17: at least 6 months; 3 years with the log it guards", Dispose: l.dispose,
			},
			{Table: "access_floor", Class: "access log", Basis: "one row: where the log begins now"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	return l, nil
}

// Close releases the log.
func (l *Log) Close() error { return l.db.Close() }

// Record stores an entry and returns once it is on the disk. On error nothing
// is stored and the read must not be answered.
func (l *Log) Record(ctx context.Context, e Entry) (Head, error) {
	if err := e.check(); err != nil {
		return Head{}, err
	}
	r := Row{
		At: l.now().UTC().Truncate(time.Millisecond), Actor: e.Actor, Role: e.Role, Purpose: e.Purpose, Action: e.Action,
		QueryHash: sha256.Sum256(e.Query), Subjects: e.Subjects, Count: max(e.Count, len(e.Subjects)),
	}
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		h, err := head(ctx, tx)
		if err != nil {
			return err
		}
		r.Seq, r.Prev = h.Seq+1, h.Hash
		r.Hash = r.hash()
		_, err = tx.ExecContext(ctx, `INSERT INTO access_log VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
			r.Seq, r.At.UnixMilli(), r.Actor, r.Role, r.Purpose, r.Action,
			r.QueryHash[:], joinRefs(r.Subjects), r.Count, r.Prev[:], r.Hash[:])
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("access: record: %w", err)
	}
	return Head{r.Seq, r.Hash}, nil
}

func (e Entry) check() error {
	for name, v := range map[string]string{"actor": e.Actor, "role": e.Role, "purpose": e.Purpose, "action": e.Action} {
		if strings.TrimSpace(v) == "" || len(v) > 1024 || !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("%w: %s must be given, in at most 1024 bytes of plain text", ErrEntry, name)
		}
	}
	if len(e.Subjects) > MaxSubjects || e.Count < 0 {
		return fmt.Errorf("%w: %d people in one answer, at most %d: ask for less", ErrEntry, len(e.Subjects), MaxSubjects)
	}
	return nil
}

// hash covers every field but itself, each after its length.
func (r *Row) hash() event.Digest {
	b := append([]byte(domain), r.Prev[:]...)
	b = binary.BigEndian.AppendUint64(b, r.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMilli()))
	for _, s := range []string{r.Actor, r.Role, r.Purpose, r.Action} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = append(b, r.QueryHash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Count))
	return sha256.Sum256(append(b, joinRefs(r.Subjects)...))
}

func joinRefs(refs []event.Digest) []byte {
	b := make([]byte, 0, 32*len(refs))
	for _, d := range refs {
		b = append(b, d[:]...)
	}
	return b
}

func splitRefs(b []byte) ([]event.Digest, error) {
	if len(b)%32 != 0 {
		return nil, fmt.Errorf("%w: subject references of %d bytes", ErrTampered, len(b))
	}
	var refs []event.Digest
	for ; len(b) > 0; b = b[32:] {
		refs = append(refs, event.Digest(b[:32]))
	}
	return refs, nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// head returns the last row, or the floor when everything has been disposed of.
func head(ctx context.Context, q querier) (Head, error) {
	var h Head
	var hash []byte
	err := q.QueryRowContext(ctx, `SELECT seq, row_hash FROM (
			SELECT seq, row_hash FROM access_log UNION ALL SELECT seq, row_hash FROM access_floor) ends
		ORDER BY seq DESC LIMIT 1`).Scan(&h.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Head{}, nil
	}
	if err == nil && len(hash) != len(h.Hash) {
		err = fmt.Errorf("%w: hash of row %d", ErrTampered, h.Seq)
	}
	copy(h.Hash[:], hash)
	return h, err
}

// Head returns the end of the log.
func (l *Log) Head(ctx context.Context) (Head, error) {
	h, err := head(ctx, l.db.R)
	if err != nil {
		return h, fmt.Errorf("access: %w", err)
	}
	return h, nil
}
