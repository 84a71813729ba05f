package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bystander/internal/event"
)

// Of returns the events that name one of the references as subject, consent or
// template, oldest first: what the log holds of one person. It fails like
// Events; at most limit rows come back.
func (s *Store) Of(ctx context.Context, refs []event.Digest, limit int) ([]Row, error) {
	var out []Row
	for part := range slices.Chunk(refs, perStatement) {
		var args []any
		for i := range part {
			if !part[i].IsZero() {
				args = append(args, part[i][:])
			}
		}
		if len(args) == 0 {
			continue
		}
		in := " IN (" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")"
		rows, err := s.db.R.QueryContext(ctx, `SELECT id, `+s.cols+` FROM events WHERE subject_ref`+in+` OR consent_ref`+in+` OR template_ref`+in+
			` ORDER BY ts, id LIMIT ?`, append(slices.Concat(args, args, args), limit)...)
		if err != nil {
			return nil, fmt.Errorf("sqlite: query: %w", err)
		}
		found, err := s.scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b Row) int { return a.Event.TS.Compare(b.Event.TS) })
	out = slices.CompactFunc(out, func(a, b Row) bool { return a.ID == b.ID })
	return out[:min(len(out), limit)], nil
}
