package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bystander/internal/frame"
	"bystander/internal/sqldb"
)

// Recording is one segment file.
type Recording struct {
	ID       string        `json:"id"`
	Camera   string        `json:"camera_id"`
	Rule     string        `json:"rule"`
	Start    time.Time     `json:"start"` // capture of the first picture
	End      time.Time     `json:"end"`
	Size     frame.Size    `json:"size"`
	Bytes    int64         `json:"bytes"`
	Frames   int64         `json:"frames"`
	FullMask int64         `json:"full_mask_frames"`
	SHA256   string        `json:"sha256,omitempty"` // of the file, once it is finished
	Open     bool          `json:"open"`             // still being written
	Restored bool          `json:"restored"`         // finished after a crash
	Path     string        `json:"-"`                // below the recorder's directory
	Length   time.Duration `json:"-"`
	Tally    Tally         `json:"-"` // not in the index: known while the segment is finished
}

var migrations = []sqldb.Migration{{Name: "recordings", SQL: `
CREATE TABLE recordings (
	id TEXT PRIMARY KEY, camera TEXT NOT NULL, rule TEXT NOT NULL,
	start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, path TEXT NOT NULL UNIQUE,
	open INTEGER NOT NULL, restored INTEGER NOT NULL,
	bytes INTEGER NOT NULL, frames INTEGER NOT NULL, full_mask_frames INTEGER NOT NULL,
	width INTEGER NOT NULL, height INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX recordings_camera ON recordings (camera, start_ms);
CREATE INDEX recordings_start ON recordings (start_ms);
CREATE TABLE disposals (
	id TEXT NOT NULL, camera TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
	bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
);
CREATE INDEX disposals_at ON disposals (at_ms);`}}

func schema(l Limits) sqldb.Schema {
	return sqldb.Schema{
		Migrations: migrations,
		Classes: map[string]map[string]string{
			"recordings": {
				"id": "L1", "camera": "L2", "rule": "L1", "start_ms": "L2", "end_ms": "L2", "path": "L2", "open": "L1", "restored": "L1",
				"bytes": "L1", "frames": "L1", "full_mask_frames": "L2", "width": "L1", "height": "L1", "sha256": "L1",
			},
			"disposals": {
				"id": "L1", "camera": "L2", "start_ms": "L2", "end_ms": "L2", "bytes": "L1", "sha256": "L1", "reason": "L1", "at_ms": "L1",
			},
		},
		Rules: []sqldb.Rule{
			{
				Table: "recordings", Class: "redacted recordings", Period: l.MaxAge, Column: "end_ms",
				Basis: "operator's setting record.max_age", Self: true, // the file goes first
			},
			{Table: "disposals", Class: "disposal reports", Period: 3 * 365 * 24 * time.Hour, Column: "at_ms", Basis: "evidence of disposal (INV-16)"},
		},
	}
}

const columns = `id, camera, rule, start_ms, end_ms, path, open, restored, bytes, frames, full_mask_frames, width, height, sha256`

type index struct{ db *sqldb.DB }

func (x index) put(ctx context.Context, r *Recording) error {
	_, err := x.db.W.ExecContext(ctx, `INSERT OR REPLACE INTO recordings (`+columns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		r.ID, r.Camera, r.Rule, r.Start.UnixMilli(), r.End.UnixMilli(), r.Path, r.Open, r.Restored,
		r.Bytes, r.Frames, r.FullMask, r.Size.W, r.Size.H, r.SHA256)
	if err != nil {
		return fmt.Errorf("record: index: %w", err)
	}
	return nil
}

// dispose moves a recording's row to the list of what has gone.
func (x index) dispose(ctx context.Context, r *Recording, reason string, at time.Time) error {
	err := x.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO disposals VALUES (?,?,?,?,?,?,?,?)`,
			r.ID, r.Camera, r.Start.UnixMilli(), r.End.UnixMilli(), r.Bytes, r.SHA256, reason, at.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM recordings WHERE id = ?`, r.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("record: index: %w", err)
	}
	return nil
}

// selectRows returns the recordings of a query's tail (WHERE … ORDER BY …).
func (x index) selectRows(ctx context.Context, tail string, args ...any) ([]Recording, error) {
	rows, err := x.db.R.QueryContext(ctx, `SELECT `+columns+` FROM recordings `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("record: index: %w", err)
	}
	defer rows.Close()
	var out []Recording
	for rows.Next() {
		var r Recording
		var start, end int64
		if err := rows.Scan(&r.ID, &r.Camera, &r.Rule, &start, &end, &r.Path, &r.Open, &r.Restored,
			&r.Bytes, &r.Frames, &r.FullMask, &r.Size.W, &r.Size.H, &r.SHA256); err != nil {
			return nil, fmt.Errorf("record: index: %w", err)
		}
		r.Start, r.End = time.UnixMilli(start).UTC(), time.UnixMilli(end).UTC()
		r.Length = r.End.Sub(r.Start)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("record: index: %w", err)
	}
	return out, nil
}

func (x index) one(ctx context.Context, id string) (*Recording, error) {
	list, err := x.selectRows(ctx, `WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: %q", ErrUnknown, id)
	}
	return &list[0], nil
}

// total returns the bytes of all finished recordings.
func (x index) total(ctx context.Context) (int64, error) {
	var n sql.NullInt64
	if err := x.db.R.QueryRowContext(ctx, `SELECT SUM(bytes) FROM recordings`).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("record: index: %w", err)
	}
	return n.Int64, nil
}

// remove deletes the row of a recording that never came to hold a picture.
func (x index) remove(ctx context.Context, id string) error {
	if _, err := x.db.W.ExecContext(ctx, `DELETE FROM recordings WHERE id = ?`, id); err != nil {
		return fmt.Errorf("record: index: %w", err)
	}
	return nil
}
