package enrol

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"bystander/internal/event"
	"bystander/match"
	"bystander/policy"
)

// KeepPhoto is one person to be left clear in a recording, by a photograph.
type KeepPhoto struct {
	Name  string // for error messages; not kept
	Photo io.Reader
}

// Keep is the policy and gallery of `bystander redact --keep`: the people whose
// photographs the user gives and for whose written consent to be recorded the
// user vouches. They pass through the same gate as everybody, under a site made
// for this one file; nothing of it reaches the disk. It is safe for concurrent
// use.
type Keep struct {
	auth   *policy.Authority
	holder *policy.Holder
	shelf  *match.Shelf
	now    func() time.Time

	mu     sync.Mutex
	issued time.Time
}

// keepTerm is how long the vouching lasts at most; a redaction is shorter.
const keepTerm = 30 * 24 * time.Hour

// renewAfter is how old a lease may be before a new one is taken.
const renewAfter = 2 * time.Second

// NewKeep reads the photographs and returns the policy for pictures of the
// given camera id. It fails like Reader.Read, naming the person.
func NewKeep(ctx context.Context, r Reader, camera string, people []KeepPhoto, now func() time.Time) (*Keep, error) {
	if now == nil {
		now = time.Now
	}
	src := &memory{key: make([]byte, match.SceneKeyBytes), model: r.Embedder.Info().Digest}
	_, _ = rand.Read(src.key)
	defer src.wipe()
	site := policy.SampleSite(now(), policy.SampleCamera{ID: camera, PlaceType: "recording", Match: true})
	site.Site = "redact"
	for i, p := range people {
		if err := src.add(ctx, r, site, camera, fmt.Sprintf("keep-%d", i+1), p.Photo, now()); err != nil {
			return nil, fmt.Errorf("photograph of %q: %w", p.Name, err)
		}
	}
	return src.keep(ctx, site, camera, now)
}

// Shelf holds the gallery.
func (k *Keep) Shelf() *match.Shelf { return k.shelf }

// Close wipes the gallery.
func (k *Keep) Close() { k.shelf.Close() }

// Current implements match.Leases. Being issuer and holder in one, it renews
// the lease by itself.
func (k *Keep) Current() (policy.Held, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); k.issued.IsZero() || now.Sub(k.issued) >= renewAfter || now.Before(k.issued) {
		s, l, err := k.auth.Issue(context.Background(), policy.MaxLease)
		if err != nil {
			return policy.Held{}, err
		}
		if err := k.holder.Offer(l, s); err != nil {
			return policy.Held{}, err
		}
		k.issued = now
	}
	return k.holder.Current()
}

// memory serves Keep as people, versions and templates.
type memory struct {
	mu        sync.Mutex
	key       []byte
	model     string
	enrollees []policy.Enrollee
	consents  []policy.Consent
	templates []match.StoredTemplate
	content   event.Digest
	version   uint64
	serial    uint64
}

func (m *memory) add(ctx context.Context, r Reader, site *policy.Site, camera, id string, photo io.Reader, now time.Time) error {
	p, err := ReadPhoto(photo)
	if err != nil {
		return err
	}
	defer p.Wipe()
	var probe match.Probe
	defer probe.Wipe()
	if _, err := r.Read(ctx, p, &probe); err != nil {
		return err
	}
	prot, err := match.NewProtector(m.key)
	if err != nil {
		return err
	}
	blob, err := prot.Seal(&probe)
	if err != nil {
		return err
	}
	key := make([]byte, match.SubjectKeyBytes)
	_, _ = rand.Read(key)
	m.templates = append(m.templates, match.StoredTemplate{Enrollee: id, Ref: sha256.Sum256([]byte(id)), Blob: blob, SubjectKey: key})
	m.vouch(site.Notices[0].Hash, camera, id, "the user of redact --keep vouches for consent in writing", now)
	return nil
}

// wipe clears the keys and templates, which live on in locked memory.
func (m *memory) wipe() {
	clear(m.key)
	for _, t := range m.templates {
		clear(t.Blob)
		clear(t.SubjectKey)
	}
	m.templates = nil
}

func (m *memory) Enrollees(context.Context) ([]policy.Enrollee, error) { return m.enrollees, nil }

func (m *memory) Consents(context.Context) ([]policy.Consent, error) { return m.consents, nil }

func (m *memory) SceneKey(context.Context, string) ([]byte, error) { return slices.Clone(m.key), nil }

func (m *memory) Each(_ context.Context, _, _ string, f func(match.StoredTemplate) error) error {
	for _, t := range m.templates {
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) LatestVersion(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.version, nil
}

// DrawLease implements policy.Versions. Keep alone draws, so nobody overtakes it.
func (m *memory) DrawLease(_ context.Context, _ uint64, content event.Digest, _ time.Time) (version, serial uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version == 0 || content != m.content {
		m.content, m.version = content, m.version+1
	}
	m.serial++
	return m.version, m.serial, nil
}

func (m *memory) NextSerial(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	return m.serial, nil
}
