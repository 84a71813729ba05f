package enrol

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"time"

	"bystander/policy"
	"bystander/policy/store"
)

// Samples keeps photographs under a key of its own, for as long as an
// authorisation in writing says and policy.MaxRawImage at most (A-28, B-20). It
// has a file of its own, which belongs in no backup.
type Samples struct {
	db  *sql.DB
	key store.AEAD
	now func() time.Time
}

var sampleMigrations = []string{`
CREATE TABLE samples (            -- class L4, encrypted; kept until until_ms
  enrollee TEXT PRIMARY KEY, consent TEXT NOT NULL, until_ms INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
`}

// OpenSamples opens or makes the store at path, under the given key. A nil now
// is time.Now.
func OpenSamples(ctx context.Context, path string, key store.AEAD, now func() time.Time) (*Samples, error) {
	if now == nil {
		now = time.Now
	}
	db, err := store.OpenDB(ctx, path, sampleMigrations)
	if err != nil {
		return nil, fmt.Errorf("enrol: samples: %w", err)
	}
	return &Samples{db, key, now}, nil
}

// Close closes the store.
func (s *Samples) Close() error { return s.db.Close() }

// Sample is a photograph with the consent that allows keeping it.
type Sample struct {
	Enrollee string
	Consent  string
	Until    time.Time
	Photo    *Photo
}

// Keep stores a photograph in place of an earlier one, encoded anew: what the
// file said of place, time and camera is left out.
func (s *Samples) Keep(ctx context.Context, x Sample) error {
	now := s.now()
	if !x.Until.After(now) || x.Until.Sub(now) > policy.MaxRawImage || x.Consent == "" || x.Enrollee == "" {
		return fmt.Errorf("enrol: samples: %w: a photograph is kept under a consent and for %d days at most", policy.ErrInvalid, int(policy.MaxRawImage.Hours()/24))
	}
	var b bytes.Buffer
	b.Grow(x.Photo.Planes.Bytes()) // so that no copy is left behind in growing
	defer func() { clear(b.Bytes()) }()
	if err := jpeg.Encode(&b, x.Photo.ycbcr(), &jpeg.Options{Quality: 92}); err != nil {
		return fmt.Errorf("enrol: samples: %w", err)
	}
	sealed, err := s.key.Encrypt(b.Bytes(), sampleAD(x.Enrollee, x.Consent))
	if err != nil {
		return fmt.Errorf("enrol: samples: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO samples VALUES (?,?,?,?) ON CONFLICT (enrollee) DO UPDATE SET
		consent = excluded.consent, until_ms = excluded.until_ms, sealed = excluded.sealed`, x.Enrollee, x.Consent, x.Until.UnixMilli(), sealed)
	if err != nil {
		return fmt.Errorf("enrol: samples: %w", err)
	}
	return nil
}

// Load returns a person's photograph as JPEG while it may be kept; else
// policy.ErrNotFound.
func (s *Samples) Load(ctx context.Context, enrollee string) ([]byte, error) {
	var id string
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT consent, sealed FROM samples WHERE enrollee = ? AND until_ms > ?`, enrollee, s.now().UnixMilli()).Scan(&id, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("enrol: samples: %w", policy.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("enrol: samples: %w", err)
	}
	b, err := s.key.Decrypt(sealed, sampleAD(enrollee, id))
	if err != nil {
		return nil, fmt.Errorf("enrol: samples: the key does not open it: %w", err)
	}
	return b, nil
}

// Drop deletes a person's photograph, and every one whose time is over, from
// the write-ahead log too.
func (s *Samples) Drop(ctx context.Context, enrollee string) error {
	r, err := s.db.ExecContext(ctx, `DELETE FROM samples WHERE enrollee = ? OR until_ms <= ?`, enrollee, s.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("enrol: samples: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return store.EmptyLog(ctx, s.db)
}

// Forget deletes a person's photograph and returns how many went.
func (s *Samples) Forget(ctx context.Context, enrollee string) (int64, error) {
	var n int64
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM samples WHERE enrollee = ?`, enrollee).Scan(&n); err != nil {
		return 0, fmt.Errorf("enrol: samples: %w", err)
	}
	return n, s.Drop(ctx, enrollee)
}

// Persons lists of whom a photograph is kept.
func (s *Samples) Persons(ctx context.Context) (out []string, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT enrollee FROM samples ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("enrol: samples: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("enrol: samples: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

func sampleAD(enrollee, consent string) []byte {
	return []byte("bystander enrolment sample v1\x00" + enrollee + "\x00" + consent)
}

// ycbcr shows the planes as an image; they are full-range BT.601 as in JPEG.
func (p *Photo) ycbcr() *image.YCbCr {
	return &image.YCbCr{
		Y: p.Planes.Y, Cb: p.Planes.U, Cr: p.Planes.V, YStride: p.Planes.StrideY, CStride: p.Planes.StrideC,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.Planes.W, p.Planes.H),
	}
}

// People is everything that belongs to a person besides the consents. It
// implements consent.Keeper.
type People struct {
	Vault interface {
		Destroy(ctx context.Context, enrollee string) error
		Holds(ctx context.Context, enrollee string) (bool, error)
		Stale(ctx context.Context, model string) (int, error)
		StaleEnrollees(ctx context.Context, model string) ([]string, error)
	}
	Names   Names
	Samples interface { // nil where none are kept
		Drop(ctx context.Context, enrollee string) error
	}
	// Model is the digest of the embedder in use; empty while none is loaded,
	// and then nothing counts as stale.
	Model string
}

// Erase implements consent.Keeper: keys and templates first, since without the
// keys the rest says nothing.
func (p People) Erase(ctx context.Context, enrollee string) error {
	return errors.Join(p.Vault.Destroy(ctx, enrollee), p.Names.Erase(ctx, enrollee), p.DropPhotos(ctx, enrollee))
}

// DropPhotos implements consent.Keeper.
func (p People) DropPhotos(ctx context.Context, enrollee string) error {
	if p.Samples == nil {
		return nil
	}
	return p.Samples.Drop(ctx, enrollee)
}

// HasTemplate implements consent.Keeper.
func (p People) HasTemplate(ctx context.Context, enrollee string) (bool, error) {
	return p.Vault.Holds(ctx, enrollee)
}

// Templates implements consent.Keeper.
func (p People) Templates(ctx context.Context) (int, error) { return p.Vault.Stale(ctx, "") }

// Stale implements consent.Keeper.
func (p People) Stale(ctx context.Context) ([]string, string, error) {
	if p.Model == "" {
		return nil, "", nil
	}
	ids, err := p.Vault.StaleEnrollees(ctx, p.Model)
	return ids, p.Model, err
}
