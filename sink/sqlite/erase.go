package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"bystander/internal/event"
)

// ruleErasure is the rule that rows erased on request were disposed of under.
const ruleErasure = "erasure"

// perStatement bounds the references in one statement.
const perStatement = 500

// Delete erases every event that belongs to one of refs, be it a pseudonym, a
// consent or a template, and returns how many rows each table lost. Their
// skeleton stays, so that the chain still verifies and a replay does not bring
// them back; hourly counts, which are of nobody, stay as well. The bytes go too:
// SQLite overwrites what it deletes (secure_delete), and the log that still
// holds them is moved into the file and cut to nothing.
//
// That last step waits for readers that began before; while one lasts, Delete
// fails with the rows gone and the log not yet cut: call it again.
func (s *Store) Delete(ctx context.Context, refs []event.Digest) (map[string]int64, error) {
	out := map[string]int64{}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for len(refs) > 0 {
			part := refs[:min(len(refs), perStatement)]
			refs = refs[len(part):]
			n, err := s.erase(ctx, tx, part)
			if err != nil {
				return err
			}
			out["events"] += n
		}
		return nil
	})
	if err != nil {
		return map[string]int64{}, fmt.Errorf("sqlite: erase: %w", err)
	}
	return out, s.truncate(ctx)
}

func (s *Store) erase(ctx context.Context, tx *sql.Tx, refs []event.Digest) (int64, error) {
	var args []any
	for i := range refs {
		if !refs[i].IsZero() {
			args = append(args, refs[i][:])
		}
	}
	if len(args) == 0 {
		return 0, nil
	}
	in := " IN (" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")"
	where := " FROM events WHERE subject_ref" + in + " OR consent_ref" + in + " OR template_ref" + in
	thrice := append(append(append([]any{}, args...), args...), args...)
	if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO skeleton (chain_id, seq, ts, prev_hash, row_hash, rule, disposed_at)
		SELECT chain_id, seq, ts, prev_hash, row_hash, ?, ?`+where,
		append([]any{ruleErasure, s.o.Now().UnixMilli()}, thrice...)...); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, "DELETE"+where, thrice...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// truncate moves the write-ahead log into the file and empties it.
func (s *Store) truncate(ctx context.Context) error {
	var busy, log, moved int
	err := s.db.W.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved)
	if err == nil && busy != 0 {
		err = fmt.Errorf("a reader still holds the log; try again")
	}
	if err != nil {
		return fmt.Errorf("sqlite: erase: cut the log: %w", err)
	}
	return nil
}
