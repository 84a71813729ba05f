package cameras

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// Marks returns, for each camera that is kept or paused, a mark that becomes
// another one when anything of it changes. Replicas that share the store compare
// them with those that they saw last.
func (s *Store) Marks(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := s.each(ctx, func(c Camera, sealed []byte) error {
		h := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %d %x", c.Name, c.Transport, c.Rotation, c.AddedAt.UnixMilli(), c.ChangedAt.UnixMilli(), sealed))
		out[c.ID] = hex.EncodeToString(h[:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	pauses, err := s.Pauses(ctx)
	for id := range pauses {
		out[id] += " paused"
	}
	return out, err
}

// TakeFrom takes over what another store keeps, whose addresses are sealed with the
// same key: cameras, their history and pauses. What is here already stays, and its
// id is returned where the other's camera was left out for it.
func (s *Store) TakeFrom(ctx context.Context, from *Store) (left []string, err error) {
	type row struct {
		present bool
		values  []any
	}
	var cams, pauses []row
	const fields = `id, name, transport, address, added_by, added_ms, removed_by, removed_ms, rotation, changed_by, changed_ms`
	if err := from.rows(ctx, `SELECT `+fields+` FROM cameras ORDER BY added_ms`, 11, func(v []any) {
		cams = append(cams, row{v[3] != nil, v})
	}); err != nil {
		return nil, err
	}
	if err := from.rows(ctx, `SELECT camera, by, reason, at_ms FROM pauses`, 4, func(v []any) { pauses = append(pauses, row{values: v}) }); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		left = nil
		for _, r := range cams {
			n, err := put(ctx, tx, `INSERT INTO cameras (`+fields+`) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`, r.values)
			if err != nil {
				return err
			}
			if n > 0 || !r.present {
				continue
			}
			same := 0 // an earlier call may have taken it over
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = ? AND added_ms = ?`, r.values[0], r.values[5]).Scan(&same); err != nil {
				return err
			}
			if id, ok := r.values[0].(string); ok && same == 0 {
				left = append(left, id)
			}
		}
		for _, r := range pauses {
			if _, err := put(ctx, tx, `INSERT INTO pauses (camera, by, reason, at_ms) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`, r.values); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: take over: %w", err)
	}
	return left, nil
}

func put(ctx context.Context, tx *sql.Tx, query string, args []any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// rows calls f with the values of each row.
func (s *Store) rows(ctx context.Context, query string, columns int, f func([]any)) (err error) {
	rows, err := s.db.R.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("cameras: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, to := make([]any, columns), make([]any, columns)
		for i := range to {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return fmt.Errorf("cameras: %w", err)
		}
		f(values)
	}
	return rows.Err()
}
