package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bystander/internal/event"
	"bystander/match"
)

// Holds reports whether any template of an enrollee is kept, of whatever model.
func (v *Vault) Holds(ctx context.Context, enrollee string) (bool, error) {
	var n int
	if err := v.db.QueryRowContext(ctx, "SELECT count(*) FROM templates WHERE enrollee=?", enrollee).Scan(&n); err != nil {
		return false, fmt.Errorf("vault: %w", err)
	}
	return n > 0, nil
}

// StaleEnrollees lists those of whom a template was made by another model than
// the given one, in order: they must enrol again.
func (v *Vault) StaleEnrollees(ctx context.Context, model string) (out []string, err error) {
	rows, err := v.db.QueryContext(ctx, "SELECT DISTINCT enrollee FROM templates WHERE model<>? ORDER BY enrollee", model)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// SubjectRef returns the pseudonym under which events name an enrollee in a
// scene on a day; the zero value once the keys are destroyed, and for somebody
// of whom there are none.
func (v *Vault) SubjectRef(ctx context.Context, enrollee, scene string, at time.Time) (event.Digest, error) {
	s, err := v.open(ctx, v.db, enrollee)
	if errors.Is(err, ErrDestroyed) || errors.Is(err, sql.ErrNoRows) {
		return event.Digest{}, nil
	}
	if err != nil {
		return event.Digest{}, fmt.Errorf("vault: subject: %w", err)
	}
	defer clear(s.key)
	return match.SubjectRef(s.key, scene, at), nil
}
