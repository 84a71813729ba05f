package enrol_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/eval/pad"
	"bystander/internal/frame"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/store"
)

// office is a desk with its consents, on real stores; the models are the test's.
type office struct {
	*enrol.Desk
	t       *testing.T
	cfg     enrol.DeskConfig
	consent *consent.Service
	vault   *vault.Vault
	names   *store.Identity
	store   *store.Store
	samples *enrol.Samples
	site    *policy.Site
	dir     string
	now     time.Time
}

func newOffice(t *testing.T, change ...func(*enrol.DeskConfig)) *office {
	t.Helper()
	o := &office{t: t, now: noon, dir: t.TempDir()}
	ctx, now := t.Context(), func() time.Time { return o.now }
	at := func(name string) string { return filepath.Join(o.dir, name) }
	db := func(name string) string { return sqldbtest.Place(t, at(name)) }
	var err error
	o.vault, err = vault.Open(ctx, vault.Options{Path: db("t.db"), KeyDir: at("keys"), Now: now})
	require.NoError(t, err)
	o.store, err = store.Open(ctx, db("p.db"))
	require.NoError(t, err)
	key, err := vault.OpenKey(at("keys/identity.key"), true)
	require.NoError(t, err)
	o.names, err = store.OpenIdentity(ctx, db("i.db"), key)
	require.NoError(t, err)
	sampleKey, err := vault.OpenKey(at("keys/samples.key"), true)
	require.NoError(t, err)
	o.samples, err = enrol.OpenSamples(ctx, db("s.db"), sampleKey, now)
	require.NoError(t, err)
	acts, err := consent.OpenDB(ctx, db("c.db"))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, errors.Join(o.vault.Close(), o.store.Close(), o.names.Close(), o.samples.Close(), acts.Close()))
	})
	o.site = policy.SampleSite(noon, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	signer, err := consent.NewSigner(ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.NoError(t, err)
	o.consent, err = consent.New(consent.Config{
		DB: acts, Records: o.store, Signer: signer, Now: now, OnError: func(err error) { t.Error(err) },
		Site:   func(context.Context) (*policy.Site, error) { return o.site, nil },
		Keeper: enrol.People{Vault: o.vault, Names: o.names, Samples: o.samples, Model: match.Calibration0095().Model},
	})
	require.NoError(t, err)
	o.cfg = enrol.DeskConfig{
		Sessions: o.consent, Vault: o.vault, Names: o.names, Samples: o.samples,
		Detector: crowd{face(400, 300, 1)}, Embedder: embedder{}, Liveness: liveness(true),
		Duplicates: enrol.Twins{Templates: o.vault, Calibration: match.Calibration0095()},
	}
	for _, f := range change {
		f(&o.cfg)
	}
	o.Desk, err = enrol.NewDesk(o.cfg)
	require.NoError(t, err)
	return o
}

// with returns the same office with other models.
func (o *office) with(change func(*enrol.DeskConfig)) *enrol.Desk {
	o.t.Helper()
	cfg := o.cfg
	change(&cfg)
	d, err := enrol.NewDesk(cfg)
	require.NoError(o.t, err)
	return d
}

// ready begins a session in which everything but the photograph is done.
func (o *office) ready(again string) consent.Session {
	o.t.Helper()
	ctx := o.t.Context()
	s, err := o.consent.StartSession(ctx, consent.Start{
		Channel: policy.ChannelKiosk, Scenes: []string{policy.SampleScene("cam")}, Zones: []string{policy.SampleZone("cam")},
		Under14: policy.No, Enrollee: again, By: "kiosk",
	})
	require.NoError(o.t, err)
	if again == "" {
		o.give(s, policy.PurposeMatch, false)
	}
	s, err = o.Prove(ctx, s.ID, " Canary Müller ", consent.Proof{Method: "identity_document", InPerson: true, Officer: "officer"})
	require.NoError(o.t, err)
	return s
}

func (o *office) give(s consent.Session, p policy.Purpose, written bool) policy.Consent {
	o.t.Helper()
	out, err := o.consent.Give(o.t.Context(), consent.Given{
		Enrollee: s.Enrollee, Purposes: []policy.Purpose{p}, Scenes: s.Scenes, Zones: s.Zones,
		Evidence: consent.ActEvidence{
			Channel: policy.ChannelKiosk, Widget: "slide", NoticeHash: o.site.Notices[0].Hash, Basis: "separate consent", Written: written, By: "kiosk",
		},
	})
	require.NoError(o.t, err)
	return out.Consent
}

func (o *office) templates(enrollee string) int {
	o.t.Helper()
	n := 0
	require.NoError(o.t, o.vault.Each(o.t.Context(), policy.SampleScene("cam"), match.Calibration0095().Model, func(s match.StoredTemplate) error {
		if s.Enrollee == enrollee {
			n++
		}
		return nil
	}))
	return n
}

func (o *office) shot(m image.Image) consent.Shot {
	o.t.Helper()
	return consent.Shot{Photo: bytes.NewReader(jpegOf(o.t, m, 0))}
}

func refusedWith(t *testing.T, err error, sort consent.Sort, codes ...string) {
	t.Helper()
	var no *consent.Refusal
	require.ErrorAs(t, err, &no)
	var got []string
	for _, r := range no.Reasons {
		got = append(got, r.Code)
		require.NotEmpty(t, r.Text)
	}
	require.Equal(t, codes, got)
	require.Equal(t, sort, no.Sort)
}

// unread fails the test when anybody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the photograph was read")
	return 0, io.EOF
}

// proves: B-07, B-25, A-28, C-14
func TestADeskEnrols(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	s, err := o.consent.StartSession(ctx, consent.Start{
		Channel: policy.ChannelKiosk, Scenes: []string{policy.SampleScene("cam")}, Zones: []string{policy.SampleZone("cam")}, Under14: policy.No, By: "kiosk",
	})
	require.NoError(t, err)
	_, err = o.Photo(ctx, s.ID, consent.Shot{Photo: unread{t}})
	refusedWith(t, err, consent.Unmet, "CONSENT_FIRST")
	_, err = o.Prove(ctx, s.ID, "Canary", consent.Proof{Method: "identity_document"})
	refusedWith(t, err, consent.Unmet, "CONSENT_FIRST")
	o.give(s, policy.PurposeMatch, false)
	_, err = o.Photo(ctx, s.ID, consent.Shot{Photo: unread{t}})
	refusedWith(t, err, consent.Unmet, "PROOF_FIRST")
	_, err = o.Prove(ctx, s.ID, " ", consent.Proof{Method: "identity_document"})
	refusedWith(t, err, consent.Malformed, "NAME")
	_, err = o.Prove(ctx, s.ID, "Canary", consent.Proof{Method: "identity_document", InPerson: true, Officer: "officer"})
	require.NoError(t, err)
	_, err = o.Photo(ctx, s.ID, consent.Shot{Photo: unread{t}, Keep: true})
	refusedWith(t, err, consent.Forbidden, "RAW_IMAGE_UNAUTHORISED")
	got, err := o.Photo(ctx, s.ID, o.shot(picture(640, 480)))
	require.NoError(t, err)
	require.Equal(t, consent.PhotoEnrolled, got.Outcome)
	require.False(t, got.Kept)
	require.Equal(t, 1, o.templates(s.Enrollee))
	require.Equal(t, map[string]int{consent.PhotoEnrolled: 1}, got.Session.Photos)
	name, err := o.names.Name(ctx, s.Enrollee)
	require.NoError(t, err)
	require.Equal(t, "Canary", name)
	_, err = o.samples.Load(ctx, s.Enrollee)
	require.ErrorIs(t, err, policy.ErrNotFound, "the photograph is discarded")
	worse, err := o.Photo(ctx, s.ID, o.shot(picture(640, 480)))
	require.NoError(t, err)
	require.Equal(t, consent.PhotoWorse, worse.Outcome)
	require.Equal(t, 1, o.templates(s.Enrollee))
}

// Of a refused photograph nothing stays, and all of its faults are told.
//
// proves: B-26, B-34
func TestARefusedPhotographLeavesNothing(t *testing.T) {
	o := newOffice(t)
	turned := face(400, 300, 1)
	turned.Landmarks[2].X -= 35
	small := face(10, 10, 0.3)
	dark, bright := image.NewGray(image.Rect(0, 0, 640, 480)), image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range dark.Pix {
		dark.Pix[i], bright.Pix[i] = 12, 250
	}
	for name, c := range map[string]struct {
		faces crowd
		photo image.Image
		live  match.Liveness
		want  []string
	}{
		"nobody":               {crowd{}, picture(640, 480), liveness(true), []string{"NO_FACE"}},
		"two":                  {crowd{face(0, 0, 1), face(300, 100, 0.8)}, picture(640, 480), liveness(true), []string{"TWO_FACES"}},
		"turned, and a print":  {crowd{turned}, picture(640, 480), liveness(false), []string{"POSE", "LIVENESS_FAILED"}},
		"small and dark":       {crowd{small}, dark, liveness(false), []string{"TOO_SMALL", "BLUR", "DARK"}},
		"bright, blurred":      {crowd{face(400, 300, 1)}, bright, liveness(true), []string{"BLUR", "BRIGHT"}},
		"a print and nothing":  {crowd{face(400, 300, 1)}, picture(640, 480), liveness(false), []string{"LIVENESS_FAILED"}},
		"no picture":           {nil, nil, liveness(true), []string{"PHOTO_UNREADABLE"}},
		"the check is missing": {crowd{face(400, 300, 1)}, picture(640, 480), nil, []string{"MODEL_MISSING"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := o.ready("")
			d := o.with(func(cfg *enrol.DeskConfig) { cfg.Detector, cfg.Liveness = c.faces, c.live })
			shot := consent.Shot{Photo: bytes.NewReader([]byte("no picture"))}
			if c.photo != nil {
				shot = o.shot(c.photo)
			}
			before := o.files()
			_, err := d.Photo(t.Context(), s.ID, shot)
			sort := consent.Malformed
			if c.live == nil {
				sort = consent.Broken
			}
			refusedWith(t, err, sort, c.want...)
			require.Zero(t, o.templates(s.Enrollee))
			_, err = o.samples.Load(t.Context(), s.Enrollee)
			require.ErrorIs(t, err, policy.ErrNotFound)
			require.Equal(t, before, o.files(), "no file was left")
		})
	}
	d := o.with(func(cfg *enrol.DeskConfig) { cfg.Detector, cfg.Embedder = nil, nil })
	_, err := d.Photo(t.Context(), o.ready("").ID, consent.Shot{Photo: unread{t}})
	refusedWith(t, err, consent.Broken, "MODEL_MISSING", "MODEL_MISSING")
}

// files lists what lies in the office's folder.
func (o *office) files() (out []string) {
	o.t.Helper()
	require.NoError(o.t, filepath.WalkDir(o.dir, func(path string, _ os.DirEntry, err error) error {
		out = append(out, path)
		return err
	}))
	return out
}

// proves: B-40
func TestAPhotographBroughtAlong(t *testing.T) {
	o := newOffice(t)
	d := o.with(func(cfg *enrol.DeskConfig) { cfg.Liveness = liveness(false) }) // it would fail, and says nothing here
	s := o.ready("")
	_, err := d.Photo(t.Context(), s.ID, consent.Shot{Photo: unread{t}, SelfSupplied: true})
	refusedWith(t, err, consent.Unmet, "IN_PERSON_CHECK")
	_, err = d.Prove(t.Context(), s.ID, "Canary", consent.Proof{Method: "identity_document", InPerson: true, Compared: true, Officer: "officer"})
	require.NoError(t, err)
	shot := o.shot(picture(640, 480))
	shot.SelfSupplied = true
	got, err := d.Photo(t.Context(), s.ID, shot)
	require.NoError(t, err)
	require.Equal(t, consent.PhotoEnrolled, got.Outcome)
}

// Somebody who is enrolled already is not enrolled as somebody else.
//
// proves: C-11
func TestDuplicatesAreRefused(t *testing.T) {
	o := newOffice(t)
	first := o.ready("")
	_, err := o.Photo(t.Context(), first.ID, o.shot(picture(640, 480)))
	require.NoError(t, err)
	second := o.ready("")
	_, err = o.Photo(t.Context(), second.ID, o.shot(picture(640, 480)))
	refusedWith(t, err, consent.Malformed, "DUPLICATE")
	require.Zero(t, o.templates(second.Enrollee))
}

// proves
func TestEnrollingAgainReplaces(t *testing.T) {
	o := newOffice(t)
	s := o.ready("")
	_, err := o.Photo(t.Context(), s.ID, o.shot(picture(640, 480)))
	require.NoError(t, err)
	refs := func() (out []match.StoredTemplate) {
		require.NoError(t, o.vault.Each(t.Context(), policy.SampleScene("cam"), match.Calibration0095().Model, func(s match.StoredTemplate) error {
			out = append(out, match.StoredTemplate{Enrollee: s.Enrollee, Ref: s.Ref})
			return nil
		}))
		return out
	}
	old := refs()
	again := o.ready(s.Enrollee)
	require.True(t, again.Again)
	_, err = o.Photo(t.Context(), again.ID, o.shot(picture(640, 480)))
	require.NoError(t, err, "they are no duplicate of themselves")
	now := refs()
	require.Len(t, now, 1)
	require.NotEqual(t, old[0].Ref, now[0].Ref, "the old template is destroyed")
	h, err := o.store.EnrolleeHistory(t.Context(), s.Enrollee)
	require.NoError(t, err)
	require.Len(t, h, 2)
	require.Contains(t, h[1].Reason, "took the place of the old one")

	stale := enrol.People{Vault: o.vault, Names: o.names, Model: "another model"}
	ids, model, err := stale.Stale(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{s.Enrollee}, ids)
	require.Equal(t, "another model", model)
	n, err := stale.Templates(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// proves: A-28, B-20
func TestThePhotographIsKeptOnlyAsAuthorised(t *testing.T) {
	o := newOffice(t)
	s := o.ready("")
	o.give(s, policy.PurposeRawImage, true)
	shot := consent.Shot{Photo: bytes.NewReader(jpegOf(t, picture(640, 480), 6)), Keep: true}
	d := o.with(func(cfg *enrol.DeskConfig) { cfg.Detector = crowd{face(100, 300, 1)} })
	got, err := d.Photo(t.Context(), s.ID, shot)
	require.NoError(t, err)
	require.True(t, got.Kept)
	b, err := o.samples.Load(t.Context(), s.Enrollee)
	require.NoError(t, err)
	require.NotContains(t, string(b), "Exif", "what the file said besides the picture is left out")
	img, err := enrol.ReadPhoto(bytes.NewReader(b))
	require.NoError(t, err)
	require.Equal(t, frame.Size{W: 480, H: 640}, img.Planes.Size, "upright")
	files, err := filepath.Glob(filepath.Join(o.dir, "s.db*"))
	require.NoError(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		// Sixteen bytes: three, as a JPEG begins, stand in some ciphertexts by chance.
		for at := 0; at+16 <= len(b); at += max(len(b)/64, 1) {
			require.False(t, bytes.Contains(raw, b[at:at+16]), "the picture lies open in %s, from byte %d on", filepath.Base(f), at)
		}
	}
	who, err := o.samples.Persons(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{s.Enrollee}, who)
	o.now = noon.Add(30 * 24 * time.Hour)
	_, err = o.samples.Load(t.Context(), s.Enrollee)
	require.ErrorIs(t, err, policy.ErrNotFound)
	require.NoError(t, o.consent.Tick(t.Context()))
	who, err = o.samples.Persons(t.Context())
	require.NoError(t, err)
	require.Empty(t, who)
	err = o.samples.Keep(t.Context(), enrol.Sample{Enrollee: "e", Consent: "c", Until: o.now.Add(31 * 24 * time.Hour), Photo: img})
	require.ErrorIs(t, err, policy.ErrInvalid)
}

// With the detector and the liveness check that ship, stills of living people
// are enrolled, and the same stills drawn as a sheet of paper that somebody
// holds up are refused for that.
//
// proves: B-26
func TestRealFaceAtTheDesk(t *testing.T) {
	eyes := openReal(t)
	o := newOffice(t, func(c *enrol.DeskConfig) { c.Detector, c.Liveness = eyes, eyes.live })
	files, err := filepath.Glob(filepath.Join(sharedFaces(t), "stage-stills", "*"))
	require.NoError(t, err)
	enrolled, caught := 0, 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		if heldUp(t, o, eyes, b) {
			caught++
		}
		s := o.ready("")
		d := o.with(func(c *enrol.DeskConfig) { c.Duplicates = nil }) // the test's embedder takes all for one
		_, err = d.Photo(t.Context(), s.ID, consent.Shot{Photo: bytes.NewReader(b)})
		var no *consent.Refusal
		if errors.As(err, &no) {
			t.Logf("%s: %v", filepath.Base(f), no.Reasons)
			require.NotContains(t, []string{"LIVENESS_FAILED"}, no.Code())
			continue
		}
		require.NoError(t, err)
		enrolled++
	}
	require.GreaterOrEqual(t, enrolled, 3)
	require.GreaterOrEqual(t, caught, len(files)-1)
}

// heldUp tells whether a still, drawn as a print in somebody's hand, is refused
// as one.
func heldUp(t *testing.T, o *office, eyes realEyes, still []byte) bool {
	t.Helper()
	p, err := enrol.ReadPhoto(bytes.NewReader(still))
	require.NoError(t, err)
	faces, err := eyes.Faces(t.Context(), p.Planes)
	require.NoError(t, err)
	img, _, err := image.Decode(bytes.NewReader(still))
	require.NoError(t, err)
	for _, sp := range pad.Species() {
		if sp.Name != "print-held" {
			continue
		}
		d := o.with(func(c *enrol.DeskConfig) { c.Duplicates = nil })
		_, err := d.Photo(t.Context(), o.ready("").ID, o.shot(sp.Make(img, faces[0].Box)))
		var no *consent.Refusal
		return errors.As(err, &no) && slices.ContainsFunc(no.Reasons, func(r consent.Reason) bool { return r.Code == "LIVENESS_FAILED" })
	}
	t.Fatal("there is no such species")
	return false
}
