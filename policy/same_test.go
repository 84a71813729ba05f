package policy_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/geom"
	"bystander/policy"
)

// full is a snapshot in which every field is filled.
func full() *policy.Snapshot {
	return &policy.Snapshot{
		Version: 3, Site: "s", Sample: true, Profile: "eu", Halted: "why",
		Cameras: []policy.SnapCamera{{ID: "c", Pose: "p", PoseAssumed: true, Prohibited: []geom.Polygon{{{X: 1, Y: 2}}}}},
		Scenes: []policy.SnapScene{{
			ID: "sc", Facts: policy.SceneFacts{Mode: "zone", Enabled: true, PurposeAllowed: true, AssessmentValid: true, FilingsPresent: true, ProfilePermits: true, PAD: policy.Yes},
			AssessmentID: "a", ValidUntil: noon, NoticeVersion: "n", NoticeHash: event.Digest{1},
			Thresholds: policy.Thresholds{Score: 1, Margin: 1, Quality: 1}, Coverage: "head", LiveClear: true, RecordClear: true,
			Reasons: []policy.Reason{{Code: "A", Subject: "b", Text: "c"}},
		}},
		Zones: []policy.SnapZone{{
			ID: "z", Version: 1, Camera: "c", Scene: "sc", Outline: geom.Polygon{{X: 1, Y: 2}},
			Facts:        policy.ZoneFacts{Recognition: true, Live: true, InspectionValid: true, SignsComplete: true, AlternativePresent: true, PoseCalibrated: true},
			InspectionID: "i", ValidUntil: noon, SignSetHash: event.Digest{2}, Reasons: []policy.Reason{{Code: "A", Subject: "b", Text: "c"}},
		}},
		Subjects: []policy.SnapEnrollee{{
			ID: "e", Under14: policy.No, GuardianActive: true, Unrestricted: true, NotObjected: true,
			Consents: []policy.SnapConsent{{
				Ref: event.Digest{3}, Version: 1, Purpose: policy.PurposeMatch, Scenes: []string{"sc"}, Zones: []string{"z"},
				NoticeVersion: "n", NoticeHash: event.Digest{1}, ExpiresAt: noon, Written: true,
			}},
		}},
	}
}

// changes calls f once for every field at any depth of v, with that field alone
// changed.
func changes(t *testing.T, v reflect.Value, path string, f func(path string)) {
	t.Helper()
	set := func(path string, to reflect.Value) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(to)
		f(path)
		v.Set(was)
	}
	if at, ok := v.Interface().(time.Time); ok {
		set(path, reflect.ValueOf(at.Add(1)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			changes(t, v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Slice:
		require.NotZero(t, v.Len(), "%s: fill it in full()", path)
		set(path+" longer", reflect.Append(v, reflect.Zero(v.Type().Elem())))
		set(path+" empty", reflect.MakeSlice(v.Type(), 0, 0))
		set(path+" none", reflect.Zero(v.Type()))
		for i := range v.Len() {
			changes(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
	case reflect.Array:
		changes(t, v.Index(v.Len()-1), path, f)
	case reflect.String:
		set(path, reflect.ValueOf(v.String()+"x").Convert(v.Type()))
	case reflect.Bool:
		set(path, reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64, reflect.Int, reflect.Int8:
		set(path, reflect.ValueOf(7).Convert(v.Type()))
	case reflect.Float32:
		set(path, reflect.ValueOf(float32(0.25)))
	default:
		t.Fatalf("%s: a kind that the test does not know: %v", path, v.Kind())
	}
}

// TestNothingThatChangesIsOverlooked changes every field of a snapshot, at any
// depth, and sees that it is not taken for the one before: a field that somebody
// adds and same forgets fails here.
func TestNothingThatChangesIsOverlooked(t *testing.T) {
	s, was := full(), full()
	require.True(t, policy.Same(s, was))
	n := 0
	changes(t, reflect.ValueOf(s).Elem(), "snapshot", func(path string) {
		if path == "snapshot.Version" {
			require.True(t, policy.Same(s, was), "a version is given to content")
			return
		}
		n++
		require.False(t, policy.Same(s, was), path)
	})
	require.Greater(t, n, 60)
	require.True(t, policy.Same(s, was), "all is as it was")
}

// TestAnUnchangedSiteIsSignedAsItIs: the same snapshot under new leases; any
// change makes another one, at once.
func TestAnUnchangedSiteIsSignedAsItIs(t *testing.T) {
	w, a, h := newWorld(t)
	first, l1 := issue(t, a)
	require.NoError(t, h.Offer(l1, first))
	w.now = w.now.Add(2 * time.Second)
	again, l2 := issue(t, a)
	require.Same(t, first, again)
	require.Equal(t, l1.Hash, l2.Hash)
	require.Greater(t, l2.Serial, l1.Serial)
	require.NoError(t, h.Offer(l2, again))

	w.consents = w.consents[:len(w.consents)-1]
	changed, l3 := issue(t, a)
	require.NotSame(t, first, changed)
	require.Equal(t, first.Version+1, changed.Version)
	hash, err := changed.Hash()
	require.NoError(t, err)
	require.Equal(t, hash, l3.Hash)
	require.ErrorIs(t, h.Offer(l3, again), policy.ErrForged, "not the snapshot that is held, under another's lease")
	require.NoError(t, h.Offer(l3, changed))

	a.Halt("stop")
	halted, _ := issue(t, a)
	require.Equal(t, "stop", halted.Halted)
	w.version += 5 // another replica counted on
	w.content = event.Digest{9}
	renumbered, l5 := issue(t, a)
	require.Equal(t, w.version, renumbered.Version)
	hash, err = renumbered.Hash()
	require.NoError(t, err)
	require.Equal(t, hash, l5.Hash)
	require.Equal(t, uint64(3), halted.Version, "what was given out before is as it was")
}

// slowReader reads consents, and is slow to give them once.
type slowReader struct {
	*world
	wait chan struct{} // nil once it was slow
}

func (r *slowReader) Consents(ctx context.Context) ([]policy.Consent, error) {
	read, wait := slices.Clone(r.world.consents), r.wait
	if r.wait = nil; wait != nil {
		<-wait
	}
	return read, nil
}

// TestWhatWasReadEarlierIsNotSignedLater: of two who issue at a time, neither signs
// what it read before a withdrawal under a serial above that of what was read after.
func TestWhatWasReadEarlierIsNotSignedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := newWorld(t)
		wait := make(chan struct{})
		_, key, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		a, err := policy.NewAuthority(key, sample(), &slowReader{w, wait}, w, w.clock)
		require.NoError(t, err)
		type issued struct {
			snap  *policy.Snapshot
			lease policy.Lease
		}
		given := make(chan issued, 2)
		one := func() {
			s, l, err := a.Issue(t.Context(), 0)
			assert.NoError(t, err)
			given <- issued{s, l}
		}
		go one()
		synctest.Wait() // it has read
		w.consents = nil
		go one()
		synctest.Wait()
		close(wait)
		x, y := <-given, <-given
		if x.lease.Serial > y.lease.Serial {
			x, y = y, x
		}
		require.Empty(t, y.snap.Subjects, "the newer lease has what was withdrawn")
	})
}

// TestSignsAreHashedAnewWhereTheyChanged holds the authority's memory of sign sets
// to what the zones say.
func TestSignsAreHashedAnewWhereTheyChanged(t *testing.T) {
	_, a, _ := newWorld(t)
	first, _ := issue(t, a)
	next := sample()
	next.Zones[0].Signs[0].ID += "-new"
	require.NoError(t, a.SetSite(next))
	s, _ := issue(t, a)
	require.NotEqual(t, first.Zones[0].SignSetHash, s.Zones[0].SignSetHash)
	require.Equal(t, next.Zones[0].SignSetHash(), s.Zones[0].SignSetHash)
	b, err := json.Marshal(policy.Compile(next, nil, nil, noon).Zones)
	require.NoError(t, err)
	got, err := json.Marshal(s.Zones)
	require.NoError(t, err)
	require.JSONEq(t, string(b), string(got))
}

// BenchmarkIssue is a lease every two seconds of a site that does not change, with
// an edge that takes it.
func BenchmarkIssue(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		site, people, consents := crowd(n)
		for i := range site.Zones {
			site.Zones[i].Version = 1
		}
		w := &world{now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), people: people, consents: consents}
		a, err := policy.NewAuthority(ed25519.NewKeyFromSeed(make([]byte, 32)), site, w, w, w.clock)
		require.NoError(b, err)
		h, err := policy.NewHolder(a.Public(), site.Site, w.clock)
		require.NoError(b, err)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				s, l, err := a.Issue(b.Context(), 0)
				if err == nil {
					err = h.Offer(l, s)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
