package vault

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"bystander/internal/event"
	"bystander/match"
)

// Renewal is what RenewScene did.
type Renewal struct {
	Generation uint64 // of the scene's key, from 1
	Templates  int    // turned into the new form
	Stale      int    // of another model or form, deleted: nobody could use them
}

// RenewScene revokes a scene's key and every template under it, and gives the
// scene a new key and its people templates in the new form, under new refs,
// without a new photograph (ISO/IEC 24745, renewability). Whatever leaked of the
// scene before compares with nothing afterwards. Nothing of any other scene is
// read or changed. It happens as a whole or not at all; the old key and
// templates are overwritten, in the write-ahead log too.
//
// An enrolment under way in the same scene must be repeated: its template was
// made under the old key.
func (v *Vault) RenewScene(ctx context.Context, scene string) (r Renewal, err error) {
	if _, err := v.SceneKey(ctx, scene); err != nil { // a scene that has none yet gets one
		return r, err
	}
	err = v.erase(ctx, func(tx *sql.Tx) error {
		r = Renewal{}
		from, to, err := v.turnKey(ctx, tx, scene, &r)
		if err != nil {
			return err
		}
		list, err := allOf(ctx, tx, scene)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM templates WHERE scene=?", scene); err != nil {
			return err
		}
		for _, t := range list {
			if t.form != match.Form {
				r.Stale++
				continue
			}
			if err := v.turn(ctx, tx, scene, t, from, to); err != nil {
				return err
			}
			r.Templates++
		}
		return nil
	})
	if err != nil {
		return Renewal{}, fmt.Errorf("vault: renew scene %s: %w", scene, err)
	}
	return r, nil
}

// turnKey replaces the scene's key and returns the maps of both.
func (v *Vault) turnKey(ctx context.Context, tx *sql.Tx, scene string, r *Renewal) (from, to *match.Protector, err error) {
	var wrapped []byte
	if err := tx.QueryRowContext(ctx, "SELECT wrapped, generation FROM scene_keys WHERE scene=?", scene).Scan(&wrapped, &r.Generation); err != nil {
		return nil, nil, err
	}
	old, err := v.master.Decrypt(wrapped, ad("scene key", scene))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: a scene's key", ErrWrongKey)
	}
	defer clear(old)
	key := random(match.SceneKeyBytes)
	defer clear(key)
	if wrapped, err = v.master.Encrypt(key, ad("scene key", scene)); err != nil {
		return nil, nil, err
	}
	r.Generation++
	if _, err := tx.ExecContext(ctx, "UPDATE scene_keys SET wrapped=?, generation=?, made_at=? WHERE scene=?",
		wrapped, r.Generation, v.now().UnixMilli(), scene); err != nil {
		return nil, nil, err
	}
	if from, err = match.NewProtector(old); err != nil {
		return nil, nil, err
	}
	to, err = match.NewProtector(key)
	return from, to, err
}

type storedTemplate struct {
	sealedTemplate
	model   string
	quality float32
	form    int
}

func allOf(ctx context.Context, tx *sql.Tx, scene string) (out []storedTemplate, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT ref, enrollee, sealed, model, quality, form FROM templates WHERE scene=?", scene)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t storedTemplate
		var ref []byte
		if err := rows.Scan(&ref, &t.enrollee, &t.sealed, &t.model, &t.quality, &t.form); err != nil {
			return nil, err
		}
		if copy(t.ref[:], ref) != len(t.ref) {
			return nil, errors.New("a ref of the wrong length")
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// turn writes one template anew in the form of to.
func (v *Vault) turn(ctx context.Context, tx *sql.Tx, scene string, t storedTemplate, from, to *match.Protector) error {
	s, err := v.open(ctx, tx, t.enrollee)
	if err != nil {
		return err
	}
	defer clear(s.key)
	old, err := s.dek.Decrypt(t.sealed, templateAD(t.ref, t.enrollee, scene, t.model))
	if err != nil {
		return fmt.Errorf("%w: a template was moved or altered", ErrWrongKey)
	}
	defer clear(old)
	fresh, err := from.Renew(to, old)
	if err != nil {
		return err
	}
	defer clear(fresh)
	ref := event.Digest(sha256.Sum256(random(32)))
	sealed, err := s.dek.Encrypt(fresh, templateAD(ref, t.enrollee, scene, t.model))
	if err != nil {
		return err
	}
	return insert(ctx, tx, ref, NewTemplate{Enrollee: t.enrollee, Scene: scene, Model: t.model, Quality: t.quality}, sealed, v.now())
}
