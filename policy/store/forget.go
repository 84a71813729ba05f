package store

import (
	"context"
	"database/sql"
	"fmt"

	"bystander/internal/event"
)

// Refs returns what events carry for the enrollee's consents.
func (s *Store) Refs(ctx context.Context, enrollee string) ([]event.Digest, error) {
	cs, err := s.ConsentsOf(ctx, enrollee)
	if err != nil {
		return nil, err
	}
	refs := make([]event.Digest, len(cs))
	for i := range cs {
		refs[i] = cs[i].Ref()
	}
	return refs, nil
}

// Persons lists the enrollees of whom the store holds anything.
func (s *Store) Persons(ctx context.Context) ([]string, error) {
	return persons(ctx, s.db, "SELECT id FROM enrollees UNION SELECT enrollee FROM consents ORDER BY 1")
}

// Forget deletes the enrollee and every version of their consents, in the
// write-ahead log too, and returns how many rows went. That a consent was given
// stays on the event log, under a reference that leads to nobody.
func (s *Store) Forget(ctx context.Context, enrollee string) (n int64, err error) {
	err = InTx(ctx, s.db, func(tx *sql.Tx) error {
		n = 0
		for _, q := range []string{"DELETE FROM consents WHERE enrollee=?", "DELETE FROM enrollees WHERE id=?"} {
			res, err := tx.ExecContext(ctx, q, enrollee)
			if err != nil {
				return err
			}
			gone, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += gone
		}
		return nil
	})
	if err == nil {
		err = EmptyLog(ctx, s.db)
	}
	if err != nil {
		return 0, fmt.Errorf("policy store: forget: %w", err)
	}
	return n, nil
}

// Persons lists the enrollees of whom the vault holds a name.
func (v *Identity) Persons(ctx context.Context) ([]string, error) {
	return persons(ctx, v.db, "SELECT enrollee FROM names ORDER BY 1")
}

// Forget erases the name and returns how many there were.
func (v *Identity) Forget(ctx context.Context, enrollee string) (int64, error) {
	var n int64
	if err := v.db.QueryRowContext(ctx, "SELECT count(*) FROM names WHERE enrollee=?", enrollee).Scan(&n); err != nil {
		return 0, wrap(err)
	}
	return n, v.Erase(ctx, enrollee)
}

func persons(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("store: persons: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("store: persons: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
