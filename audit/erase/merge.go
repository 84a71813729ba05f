package erase

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"time"
)

// Merge takes over the tombstones and certificates of another journal, such as
// one out of a backup, and returns how many tombstones were new. An erasure that
// is under way in it is gone on with by Resume. The other journal is not changed.
func Merge(ctx context.Context, into, from string) (int64, error) {
	if _, err := os.Stat(from); err != nil {
		return 0, fmt.Errorf("erase: merge: %w", err)
	}
	j, err := openJournal(ctx, into, time.Now)
	if err != nil {
		return 0, err
	}
	defer j.db.Close() //nolint:errcheck // everything is committed
	// ATTACH holds for one connection; the writer has only one.
	uri := "file:" + (&url.URL{Path: from}).EscapedPath() + "?mode=ro"
	if _, err := j.db.W.ExecContext(ctx, `ATTACH DATABASE ? AS other`, uri); err != nil {
		return 0, fmt.Errorf("erase: merge: %w", err)
	}
	var fresh int64
	err = j.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO tombstones SELECT tombstone, at FROM other.tombstones`)
		if err != nil {
			return err
		}
		if fresh, err = res.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR IGNORE INTO erasures (id, state, person, refs, account, changed_at)
			SELECT id, state, person, refs, account, changed_at FROM other.erasures`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase: merge: %w", err)
	}
	return fresh, nil
}
