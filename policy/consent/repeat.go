package consent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
)

// Answer is what a request with an idempotency key was answered.
type Answer struct {
	Status int
	Body   []byte
}

// Repeated looks up an actor's key. It returns the earlier answer, if there is
// one, or claims the key for a request that is new; then Answered or Unanswered
// must follow. It refuses a key that is under way, or that came with another
// request.
func (d *DB) Repeated(ctx context.Context, now int64, actor, key string, request []byte) (*Answer, error) {
	hash := sha256.Sum256(request)
	var out *Answer
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		var had []byte
		var a Answer
		err := tx.QueryRowContext(ctx, `SELECT request, status, body FROM idempotency WHERE actor = ? AND key = ?`, actor, key).Scan(&had, &a.Status, &a.Body)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, `INSERT INTO idempotency VALUES (?,?,?,0,NULL,?)`, actor, key, hash[:], now)
			return err
		case err != nil:
			return err
		case !bytes.Equal(had, hash[:]):
			return Refuse(Malformed, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key", "this key came with another request; take a fresh one")
		case a.Status == 0:
			return Refuse(Unmet, "IDEMPOTENCY_IN_PROGRESS", "Idempotency-Key", "the same request is being answered; try again in a moment")
		}
		out = &a
		return nil
	})
	return out, err
}

// Answered keeps the answer to a claimed key.
func (d *DB) Answered(ctx context.Context, actor, key string, a Answer) error {
	_, err := d.W.ExecContext(ctx, `UPDATE idempotency SET status = ?, body = ? WHERE actor = ? AND key = ?`, a.Status, a.Body, actor, key)
	return err
}

// Unanswered gives a claimed key back: the request was refused, and may be sent
// again.
func (d *DB) Unanswered(ctx context.Context, actor, key string) error {
	_, err := d.W.ExecContext(ctx, `DELETE FROM idempotency WHERE actor = ? AND key = ? AND status = 0`, actor, key)
	return err
}
