package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bystander/internal/event"
	"bystander/match"
	"bystander/policy/store"
)

// Each implements match.Templates: it decrypts every template of the scene
// made by the model, one at a time, and wipes it after f. Templates of another
// model or form are stale and left out.
func (v *Vault) Each(ctx context.Context, scene, model string, f func(match.StoredTemplate) error) error {
	list, err := v.sealed(ctx, scene, model)
	if err != nil {
		return fmt.Errorf("vault: read: %w", err)
	}
	for _, t := range list {
		if err := v.one(ctx, t, scene, model, f); err != nil {
			return fmt.Errorf("vault: read: %w", err)
		}
	}
	return nil
}

type sealedTemplate struct {
	ref      event.Digest
	enrollee string
	sealed   []byte
}

func (v *Vault) sealed(ctx context.Context, scene, model string) (out []sealedTemplate, err error) {
	rows, err := v.db.QueryContext(ctx, "SELECT ref, enrollee, sealed FROM templates WHERE scene=? AND model=? AND form=? ORDER BY enrollee, ref", scene, model, match.Form)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t sealedTemplate
		var ref []byte
		if err := rows.Scan(&ref, &t.enrollee, &t.sealed); err != nil {
			return nil, err
		}
		if copy(t.ref[:], ref) != len(t.ref) {
			return nil, errors.New("a ref of the wrong length")
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

func (v *Vault) one(ctx context.Context, t sealedTemplate, scene, model string, f func(match.StoredTemplate) error) error {
	s, err := v.open(ctx, v.db, t.enrollee)
	if errors.Is(err, ErrDestroyed) || errors.Is(err, sql.ErrNoRows) {
		return nil // destroyed since the list was read
	}
	if err != nil {
		return err
	}
	defer clear(s.key)
	blob, err := s.dek.Decrypt(t.sealed, templateAD(t.ref, t.enrollee, scene, model))
	if err != nil {
		return fmt.Errorf("%w: a template was moved or altered", ErrWrongKey)
	}
	defer clear(blob)
	return f(match.StoredTemplate{Enrollee: t.enrollee, Ref: t.ref, Blob: blob, SubjectKey: s.key})
}

// Stale returns how many templates were made by another model than the given
// one, or have an earlier release's form: their enrollees must enrol again
// before they are recognised.
func (v *Vault) Stale(ctx context.Context, model string) (int, error) {
	var n int
	if err := v.db.QueryRowContext(ctx, "SELECT count(*) FROM templates WHERE model<>? OR form<>?", model, match.Form).Scan(&n); err != nil {
		return 0, fmt.Errorf("vault: %w", err)
	}
	return n, nil
}

// Revision is a number that rises with every change, by whichever process, so
// that a reader knows when to load its galleries again.
func (v *Vault) Revision(ctx context.Context) (uint64, error) {
	var n uint64
	if err := v.db.QueryRowContext(ctx, "SELECT n FROM revision").Scan(&n); err != nil {
		return 0, fmt.Errorf("vault: %w", err)
	}
	return n, nil
}

// DropTemplates deletes an enrollee's templates of one scene, as when they
// enrol again; the keys stay.
func (v *Vault) DropTemplates(ctx context.Context, enrollee, scene string) error {
	return v.erase(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM templates WHERE enrollee=? AND scene=?", enrollee, scene)
		return err
	})
}

// Destroy makes everything of an enrollee unreadable for good: it overwrites
// the wrapped data key and subject key and deletes the templates, in the
// write-ahead log too. Events that carry their pseudonyms cannot be linked to
// them any more. A second call does nothing.
func (v *Vault) Destroy(ctx context.Context, enrollee string) error {
	return v.erase(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM templates WHERE enrollee=?", enrollee); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE subjects SET dek=NULL, subject_key=NULL, destroyed_at=coalesce(destroyed_at, ?) WHERE enrollee=?`,
			v.now().UnixMilli(), enrollee)
		return err
	})
}

func (v *Vault) erase(ctx context.Context, f func(*sql.Tx) error) error {
	err := store.InTx(ctx, v.db, func(tx *sql.Tx) error { return errors.Join(f(tx), bump(ctx, tx)) })
	if err != nil {
		return fmt.Errorf("vault: erase: %w", err)
	}
	if err := store.EmptyLog(ctx, v.db); err != nil {
		return fmt.Errorf("vault: erase: %w", err)
	}
	return nil
}
