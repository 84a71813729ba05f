package store_test

import (
	"context"
	"crypto/ed25519"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/store"
)

// replica is one of several controls over one store. It waits, once, between
// reading consents and going on.
type replica struct {
	*store.Store
	authority *policy.Authority
	read      chan struct{} // closed when consents were read
	goOn      chan struct{} // nil: it does not wait
	once      sync.Once
}

func (r *replica) Consents(ctx context.Context) ([]policy.Consent, error) {
	cs, err := r.Store.Consents(ctx)
	if r.goOn != nil {
		r.once.Do(func() {
			close(r.read)
			<-r.goOn
		})
	}
	return cs, err
}

// replicasOf opens one store n times, each with an authority of the same key.
func replicasOf(t *testing.T, n int) ([]*replica, *policy.Holder) {
	t.Helper()
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "policy.db"))
	pub, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true})
	var out []*replica
	for range n {
		s, err := store.Open(t.Context(), path)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		r := &replica{Store: s, read: make(chan struct{})}
		r.authority, err = policy.NewAuthority(key, site, r, s, time.Now)
		require.NoError(t, err)
		out = append(out, r)
	}
	h, err := policy.NewHolder(pub, site.Site, time.Now)
	require.NoError(t, err)
	return out, h
}

// agree has somebody agree to be matched before the stage.
func agree(t *testing.T, s *store.Store, id string) policy.Consent {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Millisecond)
	require.NoError(t, s.PutEnrollee(t.Context(), policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: at}))
	c := consent("c-" + id)
	c.Enrollee, c.ChangedAt, c.Act.At, c.ExpiresAt = id, at, at, at.Add(time.Hour)
	c.Scenes, c.Zones = []string{policy.SampleScene("stage")}, []string{policy.SampleZone("stage")}
	given, err := c.Become(policy.ConsentGiven, at, "given")
	require.NoError(t, err)
	require.NoError(t, s.PutConsents(t.Context(), c, given))
	return given
}

func withdraw(t *testing.T, s *store.Store, c policy.Consent) {
	t.Helper()
	gone, err := c.Become(policy.ConsentWithdrawn, time.Now().UTC().Truncate(time.Millisecond), "asked")
	require.NoError(t, err)
	require.NoError(t, s.PutConsents(t.Context(), gone))
}

type given struct {
	snap  *policy.Snapshot
	lease policy.Lease
}

func issue(t *testing.T, r *replica) given {
	s, l, err := r.authority.Issue(t.Context(), 0)
	if !assert.NoError(t, err) {
		t.FailNow()
	}
	return given{s, l}
}

// TestWhatAReplicaReadEarlierIsNoNewerVersion: one replica has read the consents,
// and is slow; meanwhile somebody withdraws, and another replica signs that. What
// the slow one then signs must not bring the consent back, under whatever number.
//
// proves: INV-4
func TestWhatAReplicaReadEarlierIsNoNewerVersion(t *testing.T) {
	rs, h := replicasOf(t, 2)
	slow, quick := rs[0], rs[1]
	c := agree(t, quick.Store, "e1")
	first := issue(t, quick)
	require.Len(t, first.snap.Subjects, 1)

	slow.goOn = make(chan struct{})
	late := make(chan given, 1)
	go func() { late <- issue(t, slow) }()
	<-slow.read
	withdraw(t, quick.Store, c)
	second := issue(t, quick)
	require.Empty(t, second.snap.Subjects)
	require.NoError(t, h.Offer(second.lease, second.snap))
	close(slow.goOn)
	third := <-late

	require.GreaterOrEqual(t, third.lease.Version, second.lease.Version)
	require.Empty(t, third.snap.Subjects, "version %d has the consent that version %d has not", third.lease.Version, second.lease.Version)
	require.NoError(t, h.Offer(third.lease, third.snap))
	held, err := h.Current()
	require.NoError(t, err)
	require.Empty(t, held.Snapshot.Subjects)
}

// TestSerialsRiseWithVersions: of leases that replicas sign at the same time while
// consents come and go, one with a higher serial never names an older version; and
// an edge that gets them in any order holds nobody's consent after it was
// withdrawn and signed away.
//
// proves: INV-4
func TestSerialsRiseWithVersions(t *testing.T) {
	rs, _ := replicasOf(t, 3)
	var mu sync.Mutex
	bySerial := map[uint64]given{}
	var wg sync.WaitGroup
	for _, r := range rs[:2] {
		wg.Go(func() {
			for range 12 {
				g := issue(t, r)
				mu.Lock()
				bySerial[g.lease.Serial] = g
				mu.Unlock()
			}
		})
	}
	gone := map[string]uint64{} // the last serial before each withdrawal was known to be signed
	for i := range 4 {
		id := string(rune('a' + i))
		c := agree(t, rs[2].Store, id)
		issue(t, rs[2])
		withdraw(t, rs[2].Store, c)
		g := issue(t, rs[2])
		gone[id] = g.lease.Serial
	}
	wg.Wait()
	require.Len(t, bySerial, 24)
	last, at := uint64(0), uint64(0)
	for _, serial := range slices.Sorted(maps.Keys(bySerial)) {
		g := bySerial[serial]
		require.GreaterOrEqual(t, g.lease.Version, last, "serial %d after serial %d", serial, at)
		last, at = g.lease.Version, serial
		for _, e := range g.snap.Subjects {
			require.Less(t, serial, gone[e.ID], "%s withdrew, and serial %d said so", e.ID, gone[e.ID])
		}
	}
}
