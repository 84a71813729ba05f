package record

import (
	"context"
	"fmt"
	"time"
)

// Summary is what is kept of one camera.
type Summary struct {
	Segments int
	Bytes    int64
	Oldest   time.Time
}

// Summaries returns what is kept, by camera.
func (r *Recorder) Summaries(ctx context.Context) (map[string]Summary, error) {
	live := r.live()
	rows, err := r.index.db.R.QueryContext(ctx,
		`SELECT camera, COUNT(*), COALESCE(SUM(bytes), 0), MIN(start_ms) FROM recordings GROUP BY camera`)
	if err != nil {
		return nil, fmt.Errorf("record: summary: %w", err)
	}
	defer rows.Close()
	out := map[string]Summary{}
	for rows.Next() {
		var camera string
		var s Summary
		var oldest int64
		if err := rows.Scan(&camera, &s.Segments, &s.Bytes, &oldest); err != nil {
			return nil, fmt.Errorf("record: summary: %w", err)
		}
		s.Oldest = time.UnixMilli(oldest).UTC()
		out[camera] = s
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("record: summary: %w", err)
	}
	for _, rec := range live { // the index learns their size when they end
		s := out[rec.Camera]
		s.Bytes += rec.Bytes
		out[rec.Camera] = s
	}
	return out, nil
}

// Disposed reports whether there was a recording of that id that has been
// disposed of.
func (r *Recorder) Disposed(ctx context.Context, id string) (bool, error) {
	var n int
	err := r.index.db.R.QueryRowContext(ctx, `SELECT COUNT(*) FROM disposals WHERE id = ?`, id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("record: disposals: %w", err)
	}
	return n > 0, nil
}
