package pair_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/pair"
	"bystander/policy"
)

var epoch = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

const (
	scene = "cam-scene"
	zone  = "cam-zone"
)

// photo is a noisy picture whose red tells who is on it.
func photo(t *testing.T, who uint8) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(who), 1))
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := 0; i < len(img.Pix); i += 4 {
		v := uint8(60 + r.IntN(120))
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = v, v, v, 255
	}
	for y := range 8 {
		for x := range 8 {
			img.Set(x, y, color.Gray{who})
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

// eyes finds one face in the middle of every picture, and remembers whose
// picture it looked at last.
type eyes struct {
	last  uint8
	looks int
	faces int
}

func (e *eyes) Faces(_ context.Context, p frame.Planes) ([]enrol.Face, error) {
	e.last = p.Y[3*p.StrideY+3]
	e.looks++
	f := enrol.Face{Box: geom.Box{X0: 64, Y0: 64, X1: 192, Y1: 192}, HasLandmarks: true, Score: 0.9}
	for i, q := range [5][2]float32{{0.31557, 0.46157}, {0.68262, 0.46157}, {0.50026, 0.64053}, {0.34947, 0.82469}, {0.65344, 0.82469}} {
		f.Landmarks[i] = geom.Point{X: 64 + 128*q[0], Y: 64 + 128*q[1]}
	}
	return append([]enrol.Face{}, []enrol.Face{f, f}[:e.faces]...), nil
}

// embedder gives everybody a direction of their own.
type embedder struct {
	eyes  *eyes
	wiped int
}

func (e *embedder) Embed(_ context.Context, _ *match.Chip, p *match.Probe) error {
	return p.Set(direction(e.eyes.last / 32))
}

func direction(who uint8) []float32 {
	r := rand.New(rand.NewPCG(uint64(who), 7))
	v := make([]float32, match.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func (e *embedder) Info() match.EmbedderInfo {
	return match.EmbedderInfo{Digest: match.Calibration0095().Model}
}
func (e *embedder) Close() error               { return nil }
func (e *embedder) Wipe(context.Context) error { e.wiped++; return nil }

// people is a gallery of one.
type people struct{ who uint8 }

func (people) SceneKey(context.Context, string) ([]byte, error) {
	return make([]byte, match.SceneKeyBytes), nil
}

func (g people) Each(_ context.Context, _, _ string, f func(match.StoredTemplate) error) error {
	var p match.Probe
	if err := p.Set(direction(g.who / 32)); err != nil {
		return err
	}
	prot, err := match.NewProtector(make([]byte, match.SceneKeyBytes))
	if err != nil {
		return err
	}
	b, err := prot.Seal(&p)
	if err != nil {
		return err
	}
	return f(match.StoredTemplate{Enrollee: "alice", Ref: event.Digest{5}, Blob: b, SubjectKey: make([]byte, match.SubjectKeyBytes)})
}

type leases struct {
	held policy.Held
	err  error
}

func (l *leases) Current() (policy.Held, error) { return l.held, l.err }

type liveness struct{ live bool }

func (l liveness) Live(context.Context, frame.Planes, frame.Meta, geom.Box) (bool, error) {
	return l.live, nil
}

type stand struct {
	cfg    pair.Config
	eyes   eyes
	emb    embedder
	leases leases
	c      *pair.Comparer
}

// newStand has alice (who looks like 64) enrolled with her consent to match.
func newStand(t *testing.T, change ...func(*stand)) *stand {
	t.Helper()
	s := &stand{eyes: eyes{faces: 1}}
	s.emb.eyes = &s.eyes
	shelf := match.NewShelf()
	t.Cleanup(shelf.Close)
	g, err := match.LoadGallery(t.Context(), people{64}, scene, s.emb.Info().Digest)
	require.NoError(t, err)
	shelf.Put(g)
	s.law(policy.ConsentGiven)
	s.cfg = pair.Config{
		Detector: &s.eyes, Embedder: &s.emb, Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		Leases: &s.leases, Shelf: shelf,
	}
	for _, f := range change {
		f(s)
	}
	s.c, err = pair.New(s.cfg)
	require.NoError(t, err)
	return s
}

// law puts alice's consent in the given state into force.
func (s *stand) law(state policy.ConsentState) {
	site := policy.SampleSite(epoch, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	n := site.Notices[0]
	snap := policy.Compile(site,
		[]policy.Enrollee{{ID: "alice", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive}},
		[]policy.Consent{{
			ID: "c", Version: 2, Enrollee: "alice", Purpose: policy.PurposeMatch, Scenes: []string{scene}, Zones: []string{zone},
			NoticeVersion: n.Version, ExpiresAt: epoch.Add(time.Hour), State: state,
			Act: policy.Act{Channel: policy.ChannelKiosk, At: epoch, NoticeHash: n.Hash, RecordedBy: "d", Basis: "c", Written: true},
		}}, epoch)
	s.leases.held.Snapshot, s.leases.held.Now = snap, epoch
	s.leases.held.Lease.Issued, s.leases.held.Lease.Expires = epoch, epoch.Add(policy.MaxLease)
}

func TestPhotos(t *testing.T) {
	s := newStand(t)
	a, b := photo(t, 64), photo(t, 200)
	r, err := s.c.Photos(t.Context(), a, a, false)
	require.NoError(t, err)
	require.InDelta(t, 1, r.Score, 1e-6)
	require.LessOrEqual(t, r.Score, float32(1))
	require.InDelta(t, 0.449, r.Threshold, 1e-3)
	require.Len(t, r.Levels, 4)
	require.Equal(t, "off", r.PAD)
	require.Equal(t, 1, s.emb.wiped, "what the runtime keeps is overwritten")
	require.Equal(t, 4, s.eyes.looks, "and so is what the detector keeps")
	require.Zero(t, s.eyes.last, "with an empty picture")
	r, err = s.c.Photos(t.Context(), a, b, false)
	require.NoError(t, err)
	require.Less(t, r.Score, float32(0.3))
}

// TestPhotosThatWillNotDo names the picture and the reason.
func TestPhotosThatWillNotDo(t *testing.T) {
	s := newStand(t)
	good := photo(t, 64)
	var p bytes.Buffer
	require.NoError(t, png.Encode(&p, image.NewGray(image.Rect(0, 0, 9, 9))))
	for name, b := range map[string][]byte{"empty": nil, "nonsense": []byte("nonsense"), "PNG": p.Bytes(), "broken": good[:200]} {
		var r *pair.Refusal
		_, err := s.c.Photos(t.Context(), good, b, false)
		require.ErrorAs(t, err, &r, name)
		require.Equal(t, "PHOTO", r.Code)
		require.True(t, r.Reference)
		_, err = s.c.Photos(t.Context(), b, good, false)
		require.ErrorAs(t, err, &r, name)
		require.False(t, r.Reference)
	}
	for faces, code := range map[int]string{0: "NO_FACE", 2: "TWO_FACES"} {
		s.eyes.faces = faces
		var r *pair.Refusal
		_, err := s.c.Photos(t.Context(), good, good, false)
		require.ErrorAs(t, err, &r)
		require.Equal(t, code, r.Code)
	}
}

func TestLiveness(t *testing.T) {
	s := newStand(t)
	_, err := s.c.Photos(t.Context(), photo(t, 64), photo(t, 64), true)
	require.ErrorIs(t, err, pair.ErrLiveness, "nobody can tell")
	s = newStand(t, func(s *stand) { s.cfg.Liveness = liveness{true} })
	r, err := s.c.Photos(t.Context(), photo(t, 64), photo(t, 64), true)
	require.NoError(t, err)
	require.Equal(t, "live", r.PAD)
	s = newStand(t, func(s *stand) { s.cfg.Liveness = liveness{} })
	var no *pair.Refusal
	_, err = s.c.Photos(t.Context(), photo(t, 64), photo(t, 64), true)
	require.ErrorAs(t, err, &no)
	require.Equal(t, "LIVENESS_FAILED", no.Code)
}

// TestEnrolled compares with one template under the gate, and with nobody's
// without it.
//
// proves: B-01
func TestEnrolled(t *testing.T) {
	s := newStand(t)
	r, err := s.c.Enrolled(t.Context(), scene, "alice", photo(t, 64), false)
	require.NoError(t, err)
	require.InDelta(t, 1, r.Score, 1e-5)
	require.Equal(t, event.Digest{5}, r.Claim.Template)
	require.False(t, r.Claim.Subject.IsZero() || r.Consent.IsZero())
	require.True(t, r.Bits.Holds(policy.NeedEligible))
	r, err = s.c.Enrolled(t.Context(), scene, "alice", photo(t, 200), false)
	require.NoError(t, err)
	require.Less(t, r.Score, float32(0.3))

	looks := s.eyes.looks
	for _, c := range [][2]string{{scene, "bob"}, {"nowhere", "alice"}, {scene, ""}} {
		_, err = s.c.Enrolled(t.Context(), c[0], c[1], photo(t, 64), false)
		require.ErrorIs(t, err, pair.ErrUnknown)
	}
	for _, state := range []policy.ConsentState{policy.ConsentWithdrawn, policy.ConsentPending} {
		s.law(state)
		_, err = s.c.Enrolled(t.Context(), scene, "alice", photo(t, 64), false)
		require.ErrorIs(t, err, pair.ErrUnknown, "somebody without consent is told apart from nobody")
	}
	s.law(policy.ConsentGiven)
	s.leases.held.Now = epoch.Add(2 * policy.MaxLease)
	var no *pair.NotAllowed
	_, err = s.c.Enrolled(t.Context(), scene, "alice", photo(t, 64), false)
	require.ErrorAs(t, err, &no, "the lease is over")
	require.NotZero(t, no.Bits.Missing(no.Need)&policy.LeaseFresh)
	s.leases.err = errors.New("cut off")
	_, err = s.c.Enrolled(t.Context(), scene, "alice", photo(t, 64), false)
	require.ErrorIs(t, err, pair.ErrNoPolicy)
	require.Equal(t, looks, s.eyes.looks, "a photograph was looked at before the gate was asked")
}

func TestConfig(t *testing.T) {
	_, err := pair.New(pair.Config{})
	require.ErrorIs(t, err, match.ErrConfig)
	var s stand
	cal := match.Calibration0095()
	cal.Model = "another"
	_, err = pair.New(pair.Config{Detector: &s.eyes, Embedder: &s.emb, Calibration: cal, Rules: match.DefaultRules()})
	require.ErrorIs(t, err, match.ErrConfig)
	s2 := newStand(t, func(s *stand) { s.cfg.Leases = nil })
	_, err = s2.c.Enrolled(t.Context(), scene, "alice", photo(t, 64), false)
	require.ErrorIs(t, err, pair.ErrUnknown)
}
