package consent_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/store"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	scene, zone = "cam-scene", "cam-zone"
	day         = 24 * time.Hour
)

// keeper is what a person's templates and photographs are, in a test.
type keeper struct {
	mu        sync.Mutex
	templates map[string]bool
	photos    map[string]bool
	erased    []string
	stale     []string
	err       error
}

func (k *keeper) Erase(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	k.erased = append(k.erased, id)
	delete(k.templates, id)
	delete(k.photos, id)
	return nil
}

func (k *keeper) DropPhotos(_ context.Context, id string) error {
	delete(k.photos, id)
	return k.err
}

func (k *keeper) HasTemplate(_ context.Context, id string) (bool, error) { return k.templates[id], nil }

func (k *keeper) Templates(context.Context) (int, error) { return len(k.templates), nil }

func (k *keeper) Stale(context.Context) ([]string, string, error) { return k.stale, "model-2", nil }

// desk is a service on real databases in a temporary folder.
type desk struct {
	*consent.Service
	t      *testing.T
	db     *consent.DB
	store  *store.Store
	site   *policy.Site
	keeper *keeper
	key    ed25519.PublicKey
	now    time.Time
	events []event.Event
	errs   []error
}

func newDesk(t *testing.T, change ...func(*consent.Config)) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{t: t, now: noon, keeper: &keeper{templates: map[string]bool{}, photos: map[string]bool{}}}
	var err error
	d.store, err = store.Open(t.Context(), sqldbtest.Place(t, filepath.Join(dir, "policy.db")))
	require.NoError(t, err)
	d.db, err = consent.OpenDB(t.Context(), sqldbtest.Place(t, filepath.Join(dir, "consent.db")))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.store.Close())
		require.NoError(t, d.db.Close())
		require.Empty(t, d.errs)
	})
	d.site = policy.SampleSite(noon, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true}, policy.SampleCamera{ID: "far", PlaceType: "hall", Match: true})
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	d.key = key.Public().(ed25519.PublicKey)
	signer, err := consent.NewSigner(key)
	require.NoError(t, err)
	cfg := consent.Config{
		DB: d.db, Records: d.store, Signer: signer, Keeper: d.keeper,
		Site:    func(context.Context) (*policy.Site, error) { return d.site, nil },
		Emit:    func(e event.Event) { d.events = append(d.events, e) },
		Now:     func() time.Time { return d.now },
		OnError: func(err error) { d.errs = append(d.errs, err) },
	}
	for _, f := range change {
		f(&cfg)
	}
	d.Service, err = consent.New(cfg)
	require.NoError(t, err)
	return d
}

// person starts a session for somebody of age and returns them.
func (d *desk) person() consent.Session {
	d.t.Helper()
	s, err := d.StartSession(d.t.Context(), consent.Start{Channel: policy.ChannelKiosk, Scenes: []string{scene}, Zones: []string{zone}, Under14: policy.No, By: "kiosk-1"})
	require.NoError(d.t, err)
	return s
}

// given is an act that will do.
func (d *desk) given(enrollee string, p ...policy.Purpose) consent.Given {
	d.t.Helper()
	n, err := d.Current(d.t.Context(), scene)
	require.NoError(d.t, err)
	g := consent.Given{
		Enrollee: enrollee, Purposes: p, Scenes: []string{scene}, Zones: []string{zone},
		Evidence: consent.ActEvidence{Channel: policy.ChannelKiosk, Widget: "checkbox", Language: "en", NoticeHash: n.Hash, Basis: "separate consent", By: "kiosk-1"},
	}
	return g
}

func (d *desk) give(g consent.Given) policy.Consent {
	d.t.Helper()
	o, err := d.Give(d.t.Context(), g)
	require.NoError(d.t, err)
	return o.Consent
}

// enrolled is somebody with a match consent and a template.
func (d *desk) enrolled() policy.Consent {
	d.t.Helper()
	s := d.person()
	d.keeper.templates[s.Enrollee] = true
	return d.give(d.given(s.Enrollee, policy.PurposeMatch))
}

func (d *desk) state(id string) policy.ConsentState {
	d.t.Helper()
	c, err := d.store.Consent(d.t.Context(), id)
	require.NoError(d.t, err)
	return c.State
}

// eligible asks the gate's own view whether the person may be compared.
func (d *desk) eligible(enrollee string) bool {
	d.t.Helper()
	site, err := d.Overlay(d.t.Context(), d.site)
	require.NoError(d.t, err)
	require.NoError(d.t, site.Validate())
	people, err := d.store.Enrollees(d.t.Context())
	require.NoError(d.t, err)
	consents, err := d.store.Consents(d.t.Context())
	require.NoError(d.t, err)
	snap := policy.Compile(site, people, consents, d.now)
	for _, e := range snap.Subjects {
		if e.ID != enrollee {
			continue
		}
		return slices.ContainsFunc(e.Consents, func(c policy.SnapConsent) bool {
			sc, ok := snap.Scene(scene)
			return ok && c.Purpose == policy.PurposeMatch && c.NoticeVersion == sc.NoticeVersion && c.NoticeHash == sc.NoticeHash &&
				e.Under14 != policy.Unknown && (e.Under14 == policy.No || e.GuardianActive)
		})
	}
	return false
}

func refused(t *testing.T, err error, sort consent.Sort, code string) *consent.Refusal {
	t.Helper()
	var r *consent.Refusal
	require.ErrorAs(t, err, &r)
	require.Equal(t, code, r.Code(), "%v", err)
	require.Equal(t, sort, r.Sort, "%v", err)
	require.NotEmpty(t, r.Reasons[0].Text)
	return r
}

func (d *desk) kinds(k event.Kind) (out []event.Event) {
	for _, e := range d.events {
		if e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

// draft is a notice that passes.
func draft(version string) consent.Draft {
	d := consent.Draft{Version: version, Scenes: []string{scene}, Texts: map[string]consent.Text{}}
	for _, l := range consent.Languages() {
		tpl, err := consent.Template(l)
		if err != nil {
			panic(err)
		}
		d.Texts[l] = complete(tpl)
	}
	return d
}

func digest(s string) event.Digest { return sha256.Sum256([]byte(s)) }

var errBusy = store.ErrReading

func asRefusal(err error, to **consent.Refusal) bool { return errors.As(err, to) }

func keys(d *desk) []ed25519.PublicKey { return []ed25519.PublicKey{d.key} }
