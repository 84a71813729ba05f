package sqlite

import (
	"context"
	"fmt"
)

// Count is the number of events stored.
func (s *Store) Count(ctx context.Context) (int64, error) {
	return s.number(ctx, `SELECT COUNT(*) FROM events`)
}

// Newest is the greatest Row.ID, 0 for an empty store.
func (s *Store) Newest(ctx context.Context) (int64, error) {
	return s.number(ctx, `SELECT COALESCE(MAX(id), 0) FROM events`)
}

func (s *Store) number(ctx context.Context, query string) (n int64, err error) {
	if err := s.db.R.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("sqlite: count: %w", err)
	}
	return n, nil
}
