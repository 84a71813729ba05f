package policy_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/policy"
)

// world is an authority with its people in memory and a clock set by hand.
type world struct {
	now      time.Time
	people   []policy.Enrollee
	consents []policy.Consent
	content  event.Digest
	version  uint64
	serial   uint64
}

func (w *world) clock() time.Time                                     { return w.now }
func (w *world) Enrollees(context.Context) ([]policy.Enrollee, error) { return w.people, nil }
func (w *world) Consents(context.Context) ([]policy.Consent, error)   { return w.consents, nil }
func (w *world) NextSerial(context.Context) (uint64, error)           { w.serial++; return w.serial, nil }

func (w *world) LatestVersion(context.Context) (uint64, error) { return w.version, nil }

func (w *world) DrawLease(_ context.Context, base uint64, c event.Digest, _ time.Time) (version, serial uint64, err error) {
	if w.version == 0 || c != w.content {
		if w.version != base {
			return 0, 0, policy.ErrOvertaken
		}
		w.version, w.content = w.version+1, c
	}
	w.serial++
	return w.version, w.serial, nil
}

func enrolled(now time.Time) ([]policy.Enrollee, []policy.Consent) {
	n := sample().Notices[0]
	var cs []policy.Consent
	for _, p := range policy.Purposes() {
		cs = append(cs, policy.Consent{
			ID: "c-" + string(p), Version: 2, Enrollee: "e1", Purpose: p,
			Scenes: []string{policy.SampleScene("stage")}, Zones: []string{policy.SampleZone("stage")},
			NoticeVersion: n.Version, ExpiresAt: now.Add(time.Hour), State: policy.ConsentGiven, ChangedAt: now,
			Act: policy.Act{Channel: policy.ChannelPaper, At: now, NoticeHash: n.Hash, RecordedBy: "desk", Basis: "consent", Written: true},
		})
	}
	return []policy.Enrollee{{ID: "e1", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive}}, cs
}

func newWorld(t *testing.T) (*world, *policy.Authority, *policy.Holder) {
	t.Helper()
	w := &world{now: noon}
	w.people, w.consents = enrolled(noon)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	a, err := policy.NewAuthority(key, sample(), w, w, w.clock)
	require.NoError(t, err)
	h, err := policy.NewHolder(a.Public(), policy.SampleSiteID, w.clock)
	require.NoError(t, err)
	return w, a, h
}

func issue(t *testing.T, a *policy.Authority) (*policy.Snapshot, policy.Lease) {
	t.Helper()
	s, l, err := a.Issue(t.Context(), 0)
	require.NoError(t, err)
	return s, l
}

func TestNoKeyNoAuthority(t *testing.T) {
	w := &world{now: noon}
	_, err := policy.NewAuthority(nil, sample(), w, w, w.clock)
	require.ErrorIs(t, err, policy.ErrInvalid)
	_, err = policy.NewHolder(nil, "s", w.clock)
	require.ErrorIs(t, err, policy.ErrInvalid)
}

func TestHolderWithoutLeaseHasNothing(t *testing.T) {
	_, _, h := newWorld(t)
	_, err := h.Current()
	require.ErrorIs(t, err, policy.ErrNoLease)
	require.Zero(t, policy.Gate(policy.Facts{Fresh: policy.Held{}.Fresh(true)})&policy.LeaseFresh)
}

// proves: INV-4
func TestLeaseEndsAfterTenSeconds(t *testing.T) {
	w, a, h := newWorld(t)
	s, l := issue(t, a)
	require.NoError(t, h.Offer(l, s))
	w.now = noon.Add(policy.MaxLease - 1)
	held, err := h.Current()
	require.NoError(t, err)
	require.Equal(t, uint64(1), held.Snapshot.Version)
	w.now = noon.Add(policy.MaxLease)
	_, err = h.Current()
	require.ErrorIs(t, err, policy.ErrExpired)
	_, _, err = a.Issue(t.Context(), policy.MaxLease+1)
	require.ErrorIs(t, err, policy.ErrLeaseTerm)
}

func TestForgedLeasesAreRefused(t *testing.T) {
	_, a, h := newWorld(t)
	s, l := issue(t, a)
	for name, do := range map[string]func(l *policy.Lease, s *policy.Snapshot){
		"longer":           func(l *policy.Lease, _ *policy.Snapshot) { l.Expires = l.Expires.Add(time.Second) },
		"other version":    func(l *policy.Lease, _ *policy.Snapshot) { l.Version++ },
		"other serial":     func(l *policy.Lease, _ *policy.Snapshot) { l.Serial++ },
		"other hash":       func(l *policy.Lease, _ *policy.Snapshot) { l.Hash[0] ^= 1 },
		"no signature":     func(l *policy.Lease, _ *policy.Snapshot) { l.Sig = nil },
		"altered snapshot": func(_ *policy.Lease, s *policy.Snapshot) { s.Halted = "x" },
		"more people": func(_ *policy.Lease, s *policy.Snapshot) {
			s.Subjects = append(s.Subjects, policy.SnapEnrollee{ID: "e2"})
		},
		"other site": func(_ *policy.Lease, s *policy.Snapshot) { s.Site = "elsewhere" },
	} {
		t.Run(name, func(t *testing.T) {
			l, s := l, *s
			do(&l, &s)
			require.ErrorIs(t, h.Offer(l, &s), policy.ErrForged)
		})
	}
	require.ErrorIs(t, h.Offer(l, nil), policy.ErrForged)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	w := &world{now: noon}
	other, err := policy.NewAuthority(key, sample(), w, w, w.clock)
	require.NoError(t, err)
	s2, l2 := issue(t, other)
	require.ErrorIs(t, h.Offer(l2, s2), policy.ErrForged, "another authority's")
	_, err = h.Current()
	require.ErrorIs(t, err, policy.ErrNoLease)
}

func TestReplayedLeasesAreRefused(t *testing.T) {
	w, a, h := newWorld(t)
	s1, l1 := issue(t, a)
	require.NoError(t, h.Offer(l1, s1))
	require.ErrorIs(t, h.Offer(l1, s1), policy.ErrStale)
	w.now = w.now.Add(time.Second)
	w.consents = nil // withdrawn
	s2, l2 := issue(t, a)
	require.Equal(t, uint64(2), l2.Version)
	require.NoError(t, h.Offer(l2, s2))
	require.ErrorIs(t, h.Offer(l1, s1), policy.ErrStale, "the consent does not come back")
	held, err := h.Current()
	require.NoError(t, err)
	require.Empty(t, held.Snapshot.Subjects)
}

// proves: A-38, INV-4
func TestWithdrawalReachesTheEdgeWithTheNextLease(t *testing.T) {
	w, a, h := newWorld(t)
	s, l := issue(t, a)
	require.NoError(t, h.Offer(l, s))
	require.Len(t, s.Subjects, 1)
	gone, err := w.consents[0].Become(policy.ConsentWithdrawn, noon, "asked")
	require.NoError(t, err)
	w.consents[0] = gone
	w.now = noon.Add(2 * time.Second)
	s, l = issue(t, a)
	require.NoError(t, h.Offer(l, s))
	held, err := h.Current()
	require.NoError(t, err)
	e, ok := held.Snapshot.Subject("e1")
	require.True(t, ok)
	f, _ := held.Snapshot.Person(e, &held.Snapshot.Scenes[0], &held.Snapshot.Zones[0], w.now)
	require.False(t, f.ConsentActive)
	// Cut off from the authority, the old policy ends by itself.
	w.now = w.now.Add(policy.MaxLease)
	_, err = h.Current()
	require.ErrorIs(t, err, policy.ErrExpired)
}

func TestClockTrouble(t *testing.T) {
	w, a, h := newWorld(t)
	s, l := issue(t, a)
	require.NoError(t, h.Offer(l, s))
	w.now = noon.Add(5 * time.Second)
	_, err := h.Current()
	require.NoError(t, err)
	w.now = noon.Add(2 * time.Second)
	_, err = h.Current()
	require.ErrorIs(t, err, policy.ErrClock, "set back by three seconds")
	w.now = noon.Add(6 * time.Second)
	_, err = h.Current()
	require.ErrorIs(t, err, policy.ErrClock, "trouble lasts until the next lease")
	s, l = issue(t, a)
	require.NoError(t, h.Offer(l, s))
	_, err = h.Current()
	require.NoError(t, err)
	w.now = noon.Add(-time.Hour)
	require.ErrorIs(t, h.Offer(l, s), policy.ErrClock, "issued in the future")
}

// proves: A-24, INV-9
func TestHaltAndExpiryWithinALease(t *testing.T) {
	w, a, _ := newWorld(t)
	a.Halt("kill switch")
	s, l := issue(t, a)
	require.Equal(t, "kill switch", s.Halted)
	require.NoError(t, policy.Verify(a.Public(), l, w.now))
	a.Halt("")
	s, _ = issue(t, a)
	z := &s.Zones[0]
	cam, _ := s.Camera("stage")
	require.True(t, z.At(noon, cam, "").InspectionValid)
	require.False(t, z.At(z.ValidUntil, cam, "").InspectionValid, "an inspection ends inside a lease too")
	require.False(t, s.Scenes[0].At(s.Scenes[0].ValidUntil).AssessmentValid)
	cam.PoseAssumed = false
	require.False(t, z.At(noon, cam, "").PoseCalibrated)
	cam.Pose = "p1"
	require.True(t, z.At(noon, cam, "p1").PoseCalibrated)
	require.False(t, z.At(noon, cam, "p2").PoseCalibrated)
}

func TestConsentStates(t *testing.T) {
	_, cs := enrolled(noon)
	c := cs[0]
	for _, to := range []policy.ConsentState{policy.ConsentReconfirm, policy.ConsentGiven, policy.ConsentExpired} {
		var err error
		c, err = c.Become(to, noon, "because")
		require.NoError(t, err)
	}
	_, err := c.Become(policy.ConsentGiven, noon, "again")
	require.ErrorIs(t, err, policy.ErrTransition, "expired is terminal")
	_, err = cs[0].Become(policy.ConsentWithdrawn, noon, "")
	require.ErrorIs(t, err, policy.ErrTransition, "a reason is needed")
	rec := cs[2]
	rec.Act.Written = false
	require.ErrorContains(t, rec.Check(), "in writing")
}
