// Package outbox keeps notes of what was changed where there is no log at hand: at
// the command line, beside a program that may run or not. A note is written in
// the very transaction of the change, so neither is there without the other; the
// running program puts it on the log, once, and takes it away.
package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"bystander/internal/sqldb"
)

// Table is where the notes lie.
const Table = "untold"

// Migration makes the table.
func Migration() sqldb.Migration {
	return sqldb.Migration{Name: "untold changes", SQL: `
CREATE TABLE untold (
	id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL, account TEXT NOT NULL, detail TEXT NOT NULL,
	tried INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;`}
}

// Classes are the data classes of its columns.
func Classes() map[string]string {
	return map[string]string{"id": "L1", "at_ms": "L2", "who": "L2", "account": "L2", "detail": "L2", "tried": "L1"}
}

// Rule says how long a note stays.
func Rule() sqldb.Rule {
	return sqldb.Rule{Table: Table, Class: "events on their way", Basis: "until the change is on the log"}
}

// Note is one change that is not on the log yet.
type Note struct {
	ID      string // UUID v7: of the event that will tell of it
	At      time.Time
	By      string // account, or who sat at the command line
	Account string // whose account was changed
	Detail  map[string]string
	// Tried: it was about to be put on the log, and may be there.
	Tried bool
}

// Put writes a note in the transaction of the change that it tells of.
func Put(ctx context.Context, tx *sql.Tx, n Note) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	detail, err := json.Marshal(n.Detail)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO untold (id, at_ms, who, account, detail) VALUES (?,?,?,?,?)`,
		id.String(), n.At.UnixMilli(), n.By, n.Account, string(detail))
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// Pending lists the notes, the oldest first.
func Pending(ctx context.Context, db *sqldb.DB) (_ []Note, err error) {
	rows, err := db.R.QueryContext(ctx, `SELECT id, at_ms, who, account, detail, tried FROM untold ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []Note
	for rows.Next() {
		var n Note
		var at int64
		var detail string
		if err := rows.Scan(&n.ID, &at, &n.By, &n.Account, &detail, &n.Tried); err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
		if err := json.Unmarshal([]byte(detail), &n.Detail); err != nil {
			return nil, fmt.Errorf("outbox: %s: %w", n.ID, err)
		}
		n.At = time.UnixMilli(at).UTC()
		out = append(out, n)
	}
	return out, rows.Err()
}

// Log is where notes are told.
type Log interface {
	// Holds reports whether an event of that id is on the log; it may wait until
	// that can be known.
	Holds(ctx context.Context, id string) (bool, error)
	// Tell puts the note's event, under the note's id, on the log, and returns
	// once it is on the disk.
	Tell(ctx context.Context, n Note) error
}

// Deliver puts every note on the log and takes it away. A program that ended
// between the two looks first whether the log has the event: each change is told
// once. It returns how many were told.
func Deliver(ctx context.Context, db *sqldb.DB, log Log) (told int, err error) {
	notes, err := Pending(ctx, db)
	if err != nil {
		return 0, err
	}
	for _, n := range notes {
		there := false
		if n.Tried {
			if there, err = log.Holds(ctx, n.ID); err != nil {
				return told, err
			}
		}
		if !there {
			if _, err := db.W.ExecContext(ctx, `UPDATE untold SET tried=1 WHERE id=?`, n.ID); err != nil {
				return told, fmt.Errorf("outbox: %w", err)
			}
			if err := log.Tell(ctx, n); err != nil {
				return told, err
			}
			told++
		}
		if _, err := db.W.ExecContext(ctx, `DELETE FROM untold WHERE id=?`, n.ID); err != nil {
			return told, fmt.Errorf("outbox: %w", err)
		}
	}
	return told, nil
}
