package access

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// Query selects rows. Empty fields do not restrict.
type Query struct {
	Actor    string
	Subject  event.Digest // rows whose answer named this person
	From, To time.Time    // at or after, before
	Before   uint64       // rows with a smaller number: the next page
	Limit    int          // 100 when 0, at most 1000
}

const columns = `seq, at_ms, actor, role, purpose, action, query_hash, subject_refs, subjects, prev_hash, row_hash`

// Rows answers a query, newest first. Reading the access log is itself a read
// to be recorded; that is the caller's part.
func (l *Log) Rows(ctx context.Context, q Query) ([]Row, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	hi, before := int64(1)<<62, uint64(1)<<62
	if !q.To.IsZero() {
		hi = q.To.UnixMilli()
	}
	if q.Before > 0 {
		before = q.Before
	}
	var lo int64
	if !q.From.IsZero() {
		lo = q.From.UnixMilli()
	}
	var subject []byte
	if !q.Subject.IsZero() {
		subject = q.Subject[:]
	}
	rows, err := l.db.R.QueryContext(ctx, `SELECT `+columns+` FROM access_log
		WHERE (?1 = '' OR actor = ?1) AND at_ms >= ?2 AND at_ms < ?3 AND seq < ?4
		AND (CAST(?5 AS BLOB) IS NULL OR instr(subject_refs, CAST(?5 AS BLOB)) > 0) ORDER BY seq DESC LIMIT ?6`,
		q.Actor, lo, hi, before, subject, min(limit, 1000))
	if err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	var out []Row
	err = each(rows, func(r Row) error {
		if subject == nil || aligned(r.Subjects, q.Subject) {
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// aligned drops hits of instr across the border of two references.
func aligned(refs []event.Digest, d event.Digest) bool {
	for _, r := range refs {
		if r == d {
			return true
		}
	}
	return false
}

func each(rows *sql.Rows, fn func(Row) error) error {
	defer rows.Close()
	for rows.Next() {
		var r Row
		var at int64
		var query, refs, prev, hash []byte
		if err := rows.Scan(&r.Seq, &at, &r.Actor, &r.Role, &r.Purpose, &r.Action, &query, &refs, &r.Count, &prev, &hash); err != nil {
			return fmt.Errorf("access: %w", err)
		}
		for _, d := range []struct {
			dst *event.Digest
			src []byte
		}{{&r.QueryHash, query}, {&r.Prev, prev}, {&r.Hash, hash}} {
			if len(d.src) != len(d.dst) {
				return fmt.Errorf("%w: row %d", ErrTampered, r.Seq)
			}
			copy(d.dst[:], d.src)
		}
		r.At = time.UnixMilli(at).UTC()
		var err error
		if r.Subjects, err = splitRefs(refs); err != nil {
			return fmt.Errorf("row %d: %w", r.Seq, err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Verify walks the whole log from its floor and returns its end. It fails with
// ErrTampered, naming the first number that is not as it was written. Give the
// last checkpoint kept elsewhere as known, so that a log cut short or written
// anew shows as well; the zero Head asks for no more than an unbroken chain.
func (l *Log) Verify(ctx context.Context, known Head) (Head, error) {
	tx, err := l.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Head{}, fmt.Errorf("access: verify: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // read only
	at, err := floor(ctx, tx)
	if err != nil {
		return Head{}, fmt.Errorf("access: verify: %w", err)
	}
	seen := known.Seq == 0 || known.Seq < at.Seq || known == at
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM access_log ORDER BY seq`)
	if err != nil {
		return at, fmt.Errorf("access: verify: %w", err)
	}
	err = each(rows, func(r Row) error {
		switch {
		case r.Seq != at.Seq+1:
			return fmt.Errorf("%w: row %d is missing", ErrTampered, at.Seq+1)
		case r.Prev != at.Hash, r.hash() != r.Hash, r.Seq == known.Seq && r.Hash != known.Hash:
			return fmt.Errorf("%w: row %d", ErrTampered, r.Seq)
		}
		seen = seen || r.Seq == known.Seq
		at = Head{r.Seq, r.Hash}
		return nil
	})
	if err == nil && !seen {
		err = fmt.Errorf("%w: row %d and those behind it up to %d are missing", ErrTampered, at.Seq+1, known.Seq)
	}
	return at, err
}

func floor(ctx context.Context, q querier) (Head, error) {
	var h Head
	var hash []byte
	err := q.QueryRowContext(ctx, `SELECT seq, row_hash FROM access_floor`).Scan(&h.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Head{}, nil
	}
	if err == nil && h.Seq > 0 && len(hash) != len(h.Hash) {
		err = fmt.Errorf("%w: floor", ErrTampered)
	}
	copy(h.Hash[:], hash)
	return h, err
}

// Enforce disposes of rows that have outlived their rule, oldest first, and
// keeps the hash of the last one, from which the rest goes on being verified.
func (l *Log) Enforce(ctx context.Context) ([]sqldb.Outcome, error) {
	return l.db.Enforce(ctx, l.now())
}

// dispose removes the longest run of old rows from the log's beginning.
func (l *Log) dispose(ctx context.Context, tx *sql.Tx, before int64) (int64, error) {
	var to Head
	var hash []byte
	err := tx.QueryRowContext(ctx, `SELECT seq, row_hash FROM access_log
		WHERE seq < COALESCE((SELECT MIN(seq) FROM access_log WHERE at_ms >= ?), 9223372036854775807)
		ORDER BY seq DESC LIMIT 1`, before).Scan(&to.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO access_floor VALUES (1, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, row_hash = excluded.row_hash, disposed_ms = excluded.disposed_ms`,
		to.Seq, bytes.Clone(hash), l.now().UnixMilli()); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM access_log WHERE seq <= ?`, to.Seq)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
