package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bystander/internal/event"
	"bystander/match"
	"bystander/policy/store"
)

// ErrNobody reports an event whose person has no key here: nobody's, or erased.
var ErrNobody = errors.New("vault: no key here belongs to this event's person; it may have been destroyed")

// sealTime bounds how long an event waits for its person's key.
const sealTime = 2 * time.Second

var _ match.PayloadSealer = (*Vault)(nil)

// SealPayload implements match.PayloadSealer: AES-256-GCM under the enrollee's
// data key, bound to the event's kind, camera, scene, time and pseudonym. The
// key's id that the event carries is as short-lived as the pseudonym, one for
// each scene and day, so that it links nothing that the pseudonym does not.
func (v *Vault) SealPayload(enrollee string, e *event.Event, p match.Payload) error {
	ctx, cancel := context.WithTimeout(context.Background(), sealTime)
	defer cancel()
	s, err := v.open(ctx, v.db, enrollee)
	if err != nil {
		return fmt.Errorf("vault: seal: %w", err)
	}
	defer clear(s.key)
	plain, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("vault: seal: %w", err)
	}
	e.DEKID = keyID(s.key, e.SceneID, e.TS)
	if e.PayloadEnc, err = s.dek.Encrypt(plain, payloadAD(e)); err != nil {
		return fmt.Errorf("vault: seal: %w", err)
	}
	return nil
}

// keyID names a data key to whoever has the subject's key, and to nobody else.
func keyID(subjectKey []byte, scene string, at time.Time) string {
	m := hmac.New(sha256.New, subjectKey)
	m.Write([]byte("bystander data key id v1\x00" + scene + "\x00" + at.UTC().Format(time.DateOnly)))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

func payloadAD(e *event.Event) []byte {
	return ad("payload", e.DEKID, string(e.Kind), e.CameraID, e.SceneID, strconv.FormatInt(e.TS.UnixMilli(), 10), e.SubjectRef.String())
}

// OpenPayload returns whose event it is and what it says of them. The caller
// has recorded the read, and asked whoever else must agree. It fails with
// ErrNobody and ErrWrongKey. Each enrollee's key is tried: some 20 µs each.
func (v *Vault) OpenPayload(ctx context.Context, e *event.Event) (enrollee string, p match.Payload, err error) {
	if e.SubjectRef.IsZero() {
		return "", p, ErrNobody
	}
	ids, err := v.Persons(ctx)
	if err != nil {
		return "", p, err
	}
	for _, id := range ids {
		s, err := v.open(ctx, v.db, id)
		if errors.Is(err, ErrDestroyed) || errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", p, fmt.Errorf("vault: open: %w", err)
		}
		ref := match.SubjectRef(s.key, e.SceneID, e.TS)
		if subtle.ConstantTimeCompare(ref[:], e.SubjectRef[:]) != 1 {
			clear(s.key)
			continue
		}
		defer clear(s.key)
		if len(e.PayloadEnc) == 0 {
			return id, p, nil
		}
		plain, err := s.dek.Decrypt(e.PayloadEnc, payloadAD(e))
		if err != nil { // perhaps an edge sealed it, which has no data keys
			plain, err = match.OpenUnder(s.key, e)
		}
		if err != nil {
			return "", p, fmt.Errorf("%w: a payload was moved or altered", ErrWrongKey)
		}
		return id, p, json.Unmarshal(plain, &p)
	}
	return "", p, ErrNobody
}

// Persons lists the enrollees of whom the vault holds anything.
func (v *Vault) Persons(ctx context.Context) (ids []string, err error) {
	rows, err := v.db.QueryContext(ctx, "SELECT enrollee FROM subjects ORDER BY enrollee")
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Refs returns every pseudonym that events can carry for the enrollee: one for
// each scene and day since the first key, and their templates. It is empty
// once the keys are destroyed.
func (v *Vault) Refs(ctx context.Context, enrollee string) ([]event.Digest, error) {
	s, err := v.open(ctx, v.db, enrollee)
	if errors.Is(err, ErrDestroyed) || errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("vault: refs: %w", err)
	}
	defer clear(s.key)
	var created int64
	if err := v.db.QueryRowContext(ctx, "SELECT created_at FROM subjects WHERE enrollee=?", enrollee).Scan(&created); err != nil {
		return nil, fmt.Errorf("vault: refs: %w", err)
	}
	out, err := v.list(ctx, "SELECT ref FROM templates WHERE enrollee=?", enrollee)
	if err != nil {
		return nil, err
	}
	refs := make([]event.Digest, 0, len(out))
	for _, b := range out {
		if len(b) == len(event.Digest{}) {
			refs = append(refs, event.Digest(b))
		}
	}
	scenes, err := v.list(ctx, "SELECT scene FROM scene_keys")
	if err != nil {
		return nil, err
	}
	// A day more at either end: clocks differ.
	to := v.now().UTC().Add(24 * time.Hour)
	for _, scene := range scenes {
		for day := time.UnixMilli(created).UTC().Add(-24 * time.Hour); !day.After(to); day = day.Add(24 * time.Hour) {
			refs = append(refs, match.SubjectRef(s.key, string(scene), day))
		}
	}
	return refs, nil
}

func (v *Vault) list(ctx context.Context, query string, args ...any) (out [][]byte, err error) {
	rows, err := v.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// Forget destroys an enrollee's keys and templates as Destroy does, and the id
// with them: what stays is a hash of it, so that they get no keys again. It
// returns how many templates there were.
func (v *Vault) Forget(ctx context.Context, enrollee string) (int64, error) {
	return forget(ctx, v.db, enrollee, v.now())
}

// ForgetIn does the same in a copy of the vault's file, such as a backup of the
// keys, without opening anything in it.
func ForgetIn(ctx context.Context, path, enrollee string, now time.Time) (n int64, err error) {
	db, err := store.OpenDB(ctx, path, migrations)
	if err != nil {
		return 0, fmt.Errorf("vault: %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return forget(ctx, db, enrollee, now)
}

func forget(ctx context.Context, db *sql.DB, enrollee string, now time.Time) (n int64, err error) {
	err = store.InTx(ctx, db, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM templates WHERE enrollee=?", enrollee)
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
		// Overwritten before they are deleted, besides what SQLite overwrites.
		if _, err := tx.ExecContext(ctx, "UPDATE subjects SET dek=zeroblob(length(dek)), subject_key=zeroblob(length(subject_key)) WHERE enrollee=?", enrollee); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM subjects WHERE enrollee=?", enrollee); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO gone VALUES (?,?) ON CONFLICT DO NOTHING", goneHash(enrollee), now.UnixMilli()); err != nil {
			return err
		}
		return bump(ctx, tx)
	})
	if err == nil {
		err = store.EmptyLog(ctx, db)
	}
	if err != nil {
		return 0, fmt.Errorf("vault: forget: %w", err)
	}
	return n, nil
}

// goneHash stands for an id that must not be kept. Ids are random, so nobody
// guesses them back.
func goneHash(enrollee string) []byte {
	h := sha256.Sum256([]byte("bystander gone v1\x00" + enrollee))
	return h[:]
}

func notGone(ctx context.Context, q querier, enrollee string) error {
	var gone bool
	if err := q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM gone WHERE hash=?)", goneHash(enrollee)).Scan(&gone); err != nil {
		return err
	}
	if gone {
		return ErrDestroyed
	}
	return nil
}
