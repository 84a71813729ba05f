package match_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
	"bystander/policy"
)

var epoch = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

// fixedEmbedder gives the embeddings set by the test, whatever the face.
type fixedEmbedder struct {
	next  []float32
	err   error
	calls int
}

func (e *fixedEmbedder) Embed(_ context.Context, _ *match.Chip, dst *match.Probe) error {
	e.calls++
	if e.err != nil {
		return e.err
	}
	return dst.Set(append([]float32{}, e.next...))
}

func (e *fixedEmbedder) Info() match.EmbedderInfo {
	return match.EmbedderInfo{Name: "fixed", Digest: match.Calibration0095().Model}
}
func (e *fixedEmbedder) Close() error { return nil }

type tally struct{ n float64 }

func (c *tally) Add(v float64) { c.n += v }

// fixedLeases hands out what the test sets.
type fixedLeases struct {
	held policy.Held
	err  error
}

func (l *fixedLeases) Current() (policy.Held, error) { return l.held, l.err }

// stand is a judge with everything around it under the test's hand.
type stand struct {
	t        *testing.T
	site     *policy.Site
	people   []policy.Enrollee
	consents []policy.Consent
	leases   fixedLeases
	emb      fixedEmbedder
	claims   *match.Claims
	shelf    *match.Shelf
	judge    *match.Judge
	embeds   tally
	compares tally
	rng      *rand.Rand
	vec      map[string][]float32
	now      time.Time
	mem      []byte
	version  uint64
	synced   bool        // this machine's clock
	clock    frame.Clock // of the pictures
}

const scene, zone = "cam-scene", "cam-zone"

func newStand(t *testing.T, people ...string) *stand {
	t.Helper()
	s := &stand{t: t, claims: match.NewClaims(), rng: rand.New(rand.NewPCG(9, 9)), vec: map[string][]float32{}, now: epoch}
	s.site = policy.SampleSite(epoch, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	var src templates
	for _, p := range people {
		s.vec[p] = vector(s.rng)
		src.add(t, p, scene, s.vec[p])
		s.enrol(p, policy.Purposes()...)
	}
	g, err := match.LoadGallery(t.Context(), &src, scene, match.Calibration0095().Model)
	require.NoError(t, err)
	s.shelf = match.NewShelf()
	s.shelf.Put(g)
	t.Cleanup(s.shelf.Close)
	s.compile()
	size := frame.Size{W: 640, H: 360}
	s.mem = make([]byte, size.Bytes())
	for i := range s.mem {
		s.mem[i] = byte(60 + s.rng.IntN(120)) // sharp and well lit
	}
	s.judge, err = match.NewJudge(match.JudgeConfig{
		Camera: "cam", Leases: &s.leases, Shelf: s.shelf, Embedder: &s.emb, Claims: s.claims,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		Counters:    match.Counters{Embeddings: &s.embeds, Comparisons: &s.compares},
		ClockSynced: func() bool { return s.synced },
	})
	require.NoError(t, err)
	return s
}

func (s *stand) enrol(id string, purposes ...policy.Purpose) {
	n := s.site.Notices[0]
	s.people = append(s.people, policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive})
	for _, p := range purposes {
		s.consents = append(s.consents, policy.Consent{
			ID: id + string(p), Version: 2, Enrollee: id, Purpose: p, Scenes: []string{scene}, Zones: []string{zone},
			NoticeVersion: n.Version, ExpiresAt: epoch.Add(time.Hour), State: policy.ConsentGiven,
			Act: policy.Act{Channel: policy.ChannelKiosk, At: epoch, NoticeHash: n.Hash, RecordedBy: "d", Basis: "c", Written: true},
		})
	}
}

// compile puts what stands now into force.
func (s *stand) compile() {
	snap := policy.Compile(s.site, s.people, s.consents, s.now)
	s.version++
	snap.Version = s.version
	s.leases.held.Snapshot = snap
	s.leases.held.Lease.Serial = s.version
}

func (s *stand) face(track uint64) match.Face {
	f := match.Face{Track: track, Box: geom.Box{X0: 100, Y0: 100, X1: 228, Y1: 228}, HasLandmarks: true, Seen: true, Score: 0.9}
	f.Landmarks = onTemplate(1, 0, 100, 100)
	return f
}

// look judges one picture after letting the given time pass.
func (s *stand) look(after time.Duration, faces ...match.Face) ([]match.Decision, []event.Event) {
	s.t.Helper()
	d, e, err := s.tryLook(after, faces...)
	require.NoError(s.t, err)
	return d, e
}

func (s *stand) tryLook(after time.Duration, faces ...match.Face) ([]match.Decision, []event.Event, error) {
	s.now = s.now.Add(after)
	s.leases.held.Now = s.now
	s.leases.held.Lease.Issued, s.leases.held.Lease.Expires = s.now.Add(-time.Second), s.now.Add(5*time.Second)
	pts := s.now.Sub(epoch)
	return s.judge.Judge(s.t.Context(), match.Look{
		Planes: frame.PlanesOver(s.mem, frame.Size{W: 640, H: 360}), Detected: true, Faces: faces, Canary: true,
		Meta: frame.Meta{Camera: "cam", PTS: pts, Captured: s.now, Clock: s.clock},
	})
}

// match shows the enrollee until recognised.
func (s *stand) match(id string, f match.Face) (d match.Decision, events []event.Event) {
	s.t.Helper()
	s.emb.next = near(s.rng, s.vec[id], 0.7)
	for range 3 {
		ds, es := s.look(500*time.Millisecond, f)
		d, events = ds[0], append(events, es...)
	}
	require.Equal(s.t, match.StateMatched, d.State, "missing: %v", d.Bits.Missing(d.Need))
	return d, events
}

// proves: C-23
func TestMatchTakesThreeLooksAndIsLoggedOnce(t *testing.T) {
	s := newStand(t, "ann", "bob")
	s.emb.next = near(s.rng, s.vec["ann"], 0.7)
	for i := range 2 {
		d, e := s.look(500*time.Millisecond, s.face(1))
		require.Equal(t, match.StateCandidate, d[0].State, i)
		require.False(t, d[0].Live || d[0].Record)
		require.Empty(t, e)
	}
	d, e := s.look(500*time.Millisecond, s.face(1))
	require.True(t, d[0].Live && d[0].Record && d[0].Bits.MayShow())
	require.Len(t, e, 3)
	require.Equal(t, []event.Kind{event.KindMatch, event.KindUnmask, event.KindUnmask}, []event.Kind{e[0].Kind, e[1].Kind, e[2].Kind})
	require.Equal(t, d[0].Subject, e[0].SubjectRef)
	require.Equal(t, uint32(policy.NeedShow), e[1].GateBits)
	require.Equal(t, uint32(2), e[0].GallerySize)
	require.InDelta(t, 0.7, e[0].Score, 0.01)
	for range 20 {
		d, e = s.look(200*time.Millisecond, s.face(1))
		require.True(t, d[0].Live)
		require.Empty(t, e)
	}
	require.InDelta(t, s.embeds.n*2, s.compares.n, 0, "two candidates, two comparisons a look")
}

// An event's time is called synchronised only where somebody knows that it is.
//
// proves: C-23
func TestEventsSayHowFarTheirTimeCanBeTrusted(t *testing.T) {
	for want, set := range map[event.TSQuality]func(*stand){
		event.TSUnsynced: func(*stand) {},
		event.TSSynced:   func(s *stand) { s.synced = true },
		event.TSCamera:   func(s *stand) { s.synced, s.clock = true, frame.ClockCamera },
	} {
		s := newStand(t, "ana")
		s.emb.next = near(s.rng, s.vec["ana"], 0.7)
		set(s)
		var all []event.Event
		for range 4 {
			_, e := s.look(500*time.Millisecond, s.face(1))
			all = append(all, e...)
		}
		require.NotEmpty(t, all, "%s", want)
		for _, e := range all {
			require.Equal(t, want, e.TSQuality, "%s", e.Kind)
		}
	}
}

// proves: B-28
func TestEmbeddingRate(t *testing.T) {
	s := newStand(t, "ann")
	s.emb.next = vector(s.rng)
	f := s.face(1)
	for i := range 100 { // ten seconds at ten pictures a second
		f.Generation = uint32(i / 7) // a nervous tracker buys nothing
		f.Doubt = i%9 == 0
		s.look(100*time.Millisecond, f)
	}
	require.LessOrEqual(t, s.embeds.n, 20.0)
	require.Positive(t, s.embeds.n)
}

func TestStrangerIsNeverShown(t *testing.T) {
	s := newStand(t, "ann", "bob")
	for range 30 {
		s.emb.next = near(s.rng, s.vec["ann"], 0.40) // below the threshold for two
		d, e := s.look(500*time.Millisecond, s.face(1))
		require.Equal(t, match.StateCandidate, d[0].State)
		require.Empty(t, e)
	}
	require.InDelta(t, 30, s.embeds.n, 0)
}

func TestTwinsAreNotToldApart(t *testing.T) {
	s := newStand(t, "ann", "bob")
	mid := make([]float32, match.Dim)
	for i := range mid {
		mid[i] = s.vec["ann"][i] + s.vec["bob"][i]
	}
	s.emb.next = mid // cosine 0.7 to both
	for range 10 {
		d, _ := s.look(500*time.Millisecond, s.face(1))
		require.NotEqual(t, match.StateMatched, d[0].State)
	}
	require.Positive(t, s.embeds.n)
}

func TestTheMaskReturnsAtTheFirstDoubt(t *testing.T) {
	for name, do := range map[string]func(s *stand, f *match.Face){
		"doubt":           func(_ *stand, f *match.Face) { f.Doubt = true },
		"new generation":  func(_ *stand, f *match.Face) { f.Generation++ },
		"new track":       func(_ *stand, f *match.Face) { f.Track = 2 },
		"not seen":        func(_ *stand, f *match.Face) { f.Seen = false },
		"left the zone":   func(_ *stand, f *match.Face) { f.Box = f.Box.Shift(-150, 0) },
		"someone else":    func(s *stand, _ *match.Face) { s.emb.next = near(s.rng, s.vec["bob"], 0.8) },
		"a stranger":      func(s *stand, _ *match.Face) { s.emb.next = vector(s.rng) },
		"embedder failed": func(s *stand, _ *match.Face) { s.emb.err = errors.New("gone") },
		"lease over":      func(s *stand, _ *match.Face) { s.leases.err = policy.ErrExpired },
		"kill switch": func(s *stand, _ *match.Face) {
			s.compile()
			s.leases.held.Snapshot.Halted = "stop"
		},
		"withdrawn":       func(s *stand, _ *match.Face) { s.consents = s.consents[1:]; s.compile() },
		"live withdrawn":  func(s *stand, _ *match.Face) { s.consents = append(s.consents[:1:1], s.consents[3:]...); s.compile() },
		"objected":        func(s *stand, _ *match.Face) { s.people[0].Objected = true; s.compile() },
		"sign taken down": func(s *stand, _ *match.Face) { s.site.Zones[0].Signs = nil; s.compile() },
		"scene paused":    func(s *stand, _ *match.Face) { s.site.Scenes[0].State = policy.ScenePaused; s.compile() },
		"new notice": func(s *stand, _ *match.Face) {
			n := s.site.Notices[0]
			n.Version, n.Hash = "v2", event.Digest{2}
			s.site.Notices = append(s.site.Notices, n)
			s.site.Scenes[0].Notice = "v2"
			s.compile()
		},
		"gallery emptied": func(s *stand, _ *match.Face) {
			g, err := match.LoadGallery(s.t.Context(), &templates{}, scene, match.Calibration0095().Model)
			require.NoError(s.t, err)
			s.shelf.Put(g)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "ann", "bob")
			f := s.face(1)
			s.match("ann", f)
			do(s, &f)
			d, _, _ := s.tryLook(500*time.Millisecond, f)
			require.False(t, d[0].Live, "missing: %v", d[0].Bits.Missing(d[0].Need))
			require.False(t, d[0].Record && name != "live withdrawn")
		})
	}
}

// Evidence gathered under an old lease does not carry over a gap.
func TestLeaseGapAsksForProofAgain(t *testing.T) {
	s := newStand(t, "ann")
	f := s.face(1)
	s.match("ann", f)
	s.leases.err = policy.ErrExpired
	s.look(100*time.Millisecond, f)
	s.leases.err = nil
	d, _ := s.look(100*time.Millisecond, f)
	require.False(t, d[0].Live)
	_, e := s.match("ann", f)
	require.Empty(t, e, "the same person on the same track within a minute is no news")
}

// What was suspended and is allowed again is proved again, as soon as anybody
// would be, and the log says so however soon it is: it rests on another decision.
func TestWhatIsAllowedAgainIsProvedAndLoggedAnew(t *testing.T) {
	for name, of := range map[string]func(s *stand, off bool){
		"zone suspended": func(s *stand, off bool) {
			s.site.Zones[0].State = map[bool]policy.ZoneState{true: policy.ZoneSuspended, false: policy.ZoneOn}[off]
		},
		"scene paused": func(s *stand, off bool) {
			s.site.Scenes[0].State = map[bool]policy.SceneState{true: policy.ScenePaused, false: policy.SceneOn}[off]
		},
		"processing restricted": func(s *stand, off bool) { s.people[0].Restricted = off },
		"objected":              func(s *stand, off bool) { s.people[0].Objected = off },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "ann")
			f := s.face(1)
			s.match("ann", f)
			of(s, true)
			s.compile()
			before := s.embeds.n
			for range 60 { // six seconds: a flicker would be kept quiet of for a minute
				d, e := s.look(100*time.Millisecond, f)
				require.False(t, d[0].Live || d[0].Record)
				require.Empty(t, e)
			}
			require.InDelta(t, before, s.embeds.n, 0)
			of(s, false)
			s.compile()
			var all []event.Event
			for i := range 3 {
				d, e := s.look(500*time.Millisecond, f)
				require.Equal(t, i == 2, d[0].Live, "the third look, and not by what was proved before")
				all = append(all, e...)
			}
			require.Len(t, all, 3, "a match, and shown to two audiences")
			for _, e := range all {
				require.Equal(t, s.leases.held.Snapshot.Version, e.PolicyVersion)
			}
		})
	}
}

// A kill switch is a decision too; a lease that is late is none.
func TestAfterAHaltTheLogBeginsAnew(t *testing.T) {
	s := newStand(t, "ann")
	f := s.face(1)
	s.match("ann", f)
	s.leases.held.Snapshot.Halted = "stop"
	s.look(100*time.Millisecond, f)
	s.leases.held.Snapshot.Halted = ""
	_, e := s.match("ann", f)
	require.Len(t, e, 3)
	s.leases.err = policy.ErrExpired
	s.look(100*time.Millisecond, f)
	s.leases.err = nil
	_, e = s.match("ann", f)
	require.Empty(t, e)
}

// Whoever was masked for more than a moment is logged when they are seen again,
// though they were never lost from sight.
func TestWhoIsSeenAgainIsLoggedAgain(t *testing.T) {
	s := newStand(t, "ann")
	f := s.face(1)
	s.match("ann", f)
	away := f
	away.Box = f.Box.Shift(-150, 0) // partly outside the zone
	for range 130 {
		_, e := s.look(500*time.Millisecond, away)
		require.Empty(t, e)
	}
	_, e := s.match("ann", f)
	require.Len(t, e, 2, "shown to two audiences; the match is the one before")
	require.Equal(t, []event.Kind{event.KindUnmask, event.KindUnmask}, []event.Kind{e[0].Kind, e[1].Kind})
}

// Another zone is another consent, and the log says that it was matched there.
func TestAMatchIsLoggedForEachZone(t *testing.T) {
	s := newStand(t, "ann")
	other := s.site.Zones[0]
	other.ID, other.Polygon = "other", policy.Polygon{Relative: [][2]float32{{0.5, 0}, {1, 0}, {1, 1}, {0.5, 1}}}
	s.site.Zones[0].Polygon = policy.Polygon{Relative: [][2]float32{{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}}
	s.site.Zones = append(s.site.Zones, other)
	for i := range s.consents {
		s.consents[i].Zones = append(s.consents[i].Zones, other.ID)
	}
	s.compile()
	f := s.face(1)
	_, e := s.match("ann", f)
	require.Len(t, e, 3)
	require.Equal(t, zone, e[0].ZoneID)
	f.Box = f.Box.Shift(250, 0)
	for i := range f.Landmarks {
		f.Landmarks[i].X += 250
	}
	_, e = s.match("ann", f)
	require.Len(t, e, 3, "the same person on the same track, in another zone")
	for _, x := range e {
		require.Equal(t, other.ID, x.ZoneID)
	}
}

func TestProofRunsOut(t *testing.T) {
	s := newStand(t, "ann")
	f := s.face(1)
	s.match("ann", f)
	f.HasLandmarks = false // turned away, still tracked
	d, _ := s.look(4900*time.Millisecond, f)
	require.True(t, d[0].Live)
	d, _ = s.look(200*time.Millisecond, f)
	require.False(t, d[0].Live)
	require.Equal(t, policy.ProvenRecently, d[0].Bits.Missing(policy.NeedShow))
}

func TestMatchedButNotToBeShown(t *testing.T) {
	s := newStand(t, "ann")
	s.consents = s.consents[:1] // match alone
	s.compile()
	d, e := s.match("ann", s.face(1))
	require.False(t, d.Live || d.Record)
	require.Len(t, e, 1)
	require.Equal(t, event.KindMatch, e[0].Kind)
	require.Equal(t, policy.AppearanceConsented, d.Bits.Missing(policy.NeedShow))
}

// Default deny: with any of these, nothing is embedded (INV-3, A-06).
func TestClosedGateEmbedsNothing(t *testing.T) {
	for name, do := range map[string]func(s *stand, f *match.Face){
		"no consent":     func(s *stand, _ *match.Face) { s.consents = nil },
		"zone not named": func(s *stand, _ *match.Face) { s.consents[0].Zones = []string{"elsewhere"} },
		"no zone":        func(s *stand, _ *match.Face) { s.site.Zones = nil },
		"zone suspended": func(s *stand, _ *match.Face) { s.site.Zones[0].State = policy.ZoneSuspended },
		"partly outside": func(_ *stand, f *match.Face) { f.Box = f.Box.Shift(-101, 0) },
		"small":          func(_ *stand, f *match.Face) { f.Landmarks = onTemplate(0.1, 0, 100, 100) },
		"blurred":        func(s *stand, _ *match.Face) { clear(s.mem) },
		"no landmarks":   func(_ *stand, f *match.Face) { f.HasLandmarks = false },
		"expected only":  func(_ *stand, f *match.Face) { f.Seen = false },
		"scene draft":    func(s *stand, _ *match.Face) { s.site.Scenes[0].State = policy.SceneDraft },
		"prohibited": func(s *stand, _ *match.Face) {
			s.site.Cameras[0].Private = []policy.Polygon{{Relative: [][2]float32{{0, 0}, {0.2, 0}, {0.2, 1}}}}
		},
		"camera moved": func(s *stand, _ *match.Face) { s.site.Cameras[0].PoseAssumed = false },
		"claim mode":   func(s *stand, _ *match.Face) { s.site.Scenes[0].Mode = policy.ModeClaim },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "ann")
			f := s.face(1)
			do(s, &f)
			s.compile()
			s.emb.next = near(s.rng, s.vec["ann"], 0.9)
			for range 6 {
				d, e := s.look(500*time.Millisecond, f)
				require.False(t, d[0].Live || d[0].Record)
				require.Empty(t, e)
			}
			require.Zero(t, s.embeds.n)
			require.Zero(t, s.compares.n)
			require.Zero(t, s.emb.calls)
		})
	}
}

func TestClaimMode(t *testing.T) {
	s := newStand(t, "ann", "bob")
	s.site.Scenes[0].Mode = policy.ModeClaim
	s.compile()
	require.NoError(t, s.claims.Claim(zone, "ann", s.now))
	_, e := s.match("ann", s.face(1))
	require.Equal(t, event.KindClaimOutcome, e[0].Kind)
	require.Equal(t, "matched", e[0].Verdict)
	require.InDelta(t, s.embeds.n, s.compares.n, 0, "only the claimed template is compared")
	other := s.face(2)
	other.Box = other.Box.Shift(200, 0)
	n := s.embeds.n
	s.look(500*time.Millisecond, s.face(1), other)
	require.InDelta(t, n, s.embeds.n, 0, "two faces in the zone: nobody is embedded")
	d, e := s.look(match.ClaimWindow, s.face(1))
	require.False(t, d[0].Live, "the claim is over")
	require.Empty(t, e)
	require.NoError(t, s.claims.Claim(zone, "bob", s.now))
	_, e = s.look(match.ClaimWindow)
	require.Len(t, e, 1)
	require.Equal(t, "not_matched", e[0].Verdict)
	require.False(t, e[0].SubjectRef.IsZero())
}

// A scene that asks for liveness matches nobody while nothing can show it.
func TestLivenessUnknownIsNotLive(t *testing.T) {
	s := newStand(t, "ann")
	s.site.Scenes[0].PAD = true
	s.compile()
	s.emb.next = near(s.rng, s.vec["ann"], 0.9)
	for range 6 {
		d, e := s.look(500*time.Millisecond, s.face(1))
		require.NotEqual(t, match.StateMatched, d[0].State)
		require.Empty(t, e)
	}
	require.Positive(t, s.embeds.n)
}

func TestRulesMayNotBeLax(t *testing.T) {
	for name, do := range map[string]func(c *match.JudgeConfig){
		"rate":   func(c *match.JudgeConfig) { c.Rules.Interval = 100 * time.Millisecond },
		"agree":  func(c *match.JudgeConfig) { c.Rules.Agree = 1 },
		"margin": func(c *match.JudgeConfig) { c.Rules.Margin = 0 },
		"proof":  func(c *match.JudgeConfig) { c.Rules.ProofHolds = time.Minute },
		"fpir":   func(c *match.JudgeConfig) { c.Rules.FPIR = 0.5 },
		"model":  func(c *match.JudgeConfig) { c.Calibration.Model = "other" },
		"leases": func(c *match.JudgeConfig) { c.Leases = nil },
	} {
		c := match.JudgeConfig{
			Camera: "cam", Leases: &fixedLeases{}, Shelf: match.NewShelf(), Embedder: &fixedEmbedder{},
			Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		}
		_, err := match.NewJudge(c)
		require.NoError(t, err)
		do(&c)
		_, err = match.NewJudge(c)
		require.ErrorIs(t, err, match.ErrConfig, name)
	}
}
