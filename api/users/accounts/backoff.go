package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// How often may fail before each further try has to wait, and how long at most.
// An address stands for many people, so it may fail more often.
const (
	freeForAccount = 5
	freeForAddress = 20
	firstWait      = 5 * time.Second
	longestWait    = 15 * time.Minute
)

// BackoffError tells how long to wait after too many failures.
type BackoffError struct{ Wait time.Duration }

// Error implements error.
func (e *BackoffError) Error() string {
	return fmt.Sprintf("%v: wait %v", ErrBackoff, e.Wait.Round(time.Second))
}

// Unwrap makes it an ErrBackoff.
func (e *BackoffError) Unwrap() error { return ErrBackoff }

// waitAfter is how long the next try has to wait after so many failures: twice
// as long each time.
func waitAfter(failures, free int) time.Duration {
	if failures < free {
		return 0
	}
	return time.Duration(min(float64(firstWait)*math.Pow(2, float64(failures-free)), float64(longestWait)))
}

// attempt is one thing that failures are counted for: an account's name, known
// or not, or an address.
type attempt struct {
	key  []byte
	free int
}

func forAccount(what, id string) attempt {
	return attempt{hashOf("account\x00" + what + "\x00" + strings.ToLower(id)), freeForAccount}
}

func forAddress(address string) attempt {
	return attempt{hashOf("address\x00" + address), freeForAddress}
}

// charge counts a try as a failure before it is made, so that many at once count
// as many, and refuses it while an earlier one has to be waited for. Whoever
// succeeds gets it back by clear.
func (s *Store) charge(ctx context.Context, tries ...attempt) error {
	var wait time.Duration
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		counts := make([]int, len(tries))
		for i, t := range tries {
			var until, last int64
			err := tx.QueryRowContext(ctx, `SELECT failures, until_ms, last_ms FROM attempts WHERE key=?`, t.key).Scan(&counts[i], &until, &last)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if now.Sub(time.UnixMilli(last)) > keptAttempts {
				counts[i] = 0
			}
			wait = max(wait, time.UnixMilli(until).Sub(now))
		}
		if wait > 0 {
			return nil
		}
		for i, t := range tries {
			n := counts[i] + 1
			_, err := tx.ExecContext(ctx, `INSERT INTO attempts VALUES (?,?,?,?)
				ON CONFLICT (key) DO UPDATE SET failures=excluded.failures, until_ms=excluded.until_ms, last_ms=excluded.last_ms`,
				t.key, n, now.Add(waitAfter(n, t.free)).UnixMilli(), now.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return wrap(err)
	}
	if wait > 0 {
		return &BackoffError{wait}
	}
	return nil
}

// clear forgets an account's failures, and takes the one try back from its
// address: others fail from there, too.
func (s *Store) clear(ctx context.Context, account, address attempt) error {
	return wrap(s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM attempts WHERE key=?`, account.key); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE attempts SET failures=failures-1, until_ms=0 WHERE key=? AND failures>0`, address.key)
		return err
	}))
}
