package policy_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/policy"
)

// TestOnlyAdditionsAreCovered changes every field of a snapshot, at any depth: the
// one before is covered by another version, and by people and consents that are
// added, and by nothing else. A field that somebody adds and Covers overlooks fails
// here.
func TestOnlyAdditionsAreCovered(t *testing.T) {
	s, was := full(), full()
	require.True(t, s.Covers(was))
	covered := []string{"snapshot.Version", "snapshot.Subjects longer", "snapshot.Subjects[0].Consents longer"}
	n, yes := 0, 0
	changes(t, reflect.ValueOf(s).Elem(), "snapshot", func(path string) {
		n++
		if s.Covers(was) {
			yes++
			require.Contains(t, covered, path)
		}
		if slices.Contains(covered[1:], path) {
			require.False(t, was.Covers(s), "taken away: %s", path)
		}
	})
	require.Equal(t, len(covered), yes)
	require.Greater(t, n, 60)
}

// TestCoversForgetsNobody takes two lists of people, one of which has what the other
// has, and more, in the order of the compiler; then takes one thing away, anywhere.
func TestCoversForgetsNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-e]{1,3}`), 1, 12, rapid.ID[string]).Draw(t, "ids")
		slices.Sort(ids)
		newer, older := full(), full()
		newer.Subjects, older.Subjects = nil, nil
		consents := 0
		for _, id := range ids {
			e := full().Subjects[0]
			e.ID, e.Consents = id, nil
			o := e
			for i := range rapid.IntRange(1, 3).Draw(t, "consents") {
				c := full().Subjects[0].Consents[0]
				c.Ref = event.Digest{byte(i)}
				e.Consents = append(e.Consents, c)
				if rapid.Bool().Draw(t, "old") {
					o.Consents = append(o.Consents, c)
				}
			}
			newer.Subjects = append(newer.Subjects, e)
			if len(o.Consents) > 0 {
				older.Subjects = append(older.Subjects, o)
				consents += len(o.Consents)
			}
		}
		newer.Version++
		require.True(t, newer.Covers(older))
		if consents == 0 {
			return
		}
		// Whichever of the old consents goes, or changes, it is missed.
		e := &older.Subjects[rapid.IntRange(0, len(older.Subjects)-1).Draw(t, "who")]
		gone := e.Consents[rapid.IntRange(0, len(e.Consents)-1).Draw(t, "what")]
		for i := range newer.Subjects {
			p := &newer.Subjects[i]
			if p.ID != e.ID {
				continue
			}
			at := slices.IndexFunc(p.Consents, func(c policy.SnapConsent) bool { return c.Ref == gone.Ref })
			if rapid.Bool().Draw(t, "changes") {
				p.Consents[at].Version++
			} else {
				p.Consents = slices.Delete(p.Consents, at, at+1)
			}
		}
		require.False(t, newer.Covers(older))
	})
}

// TestAnOlderVersionGoesOnOnlyWhileAllOfItStands: an authority signs once more for a
// snapshot that it issued before when people were added since, and for none that
// allows what was taken back in any way.
//
// proves: INV-4, INV-9
func TestAnOlderVersionGoesOnOnlyWhileAllOfItStands(t *testing.T) {
	w, a, h := newWorld(t)
	old, first := issue(t, a)
	require.NoError(t, h.Offer(first, old))
	w.now = w.now.Add(2 * time.Second)
	w.people = append(w.people, policy.Enrollee{ID: "e2", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive})
	more := w.consents[0]
	more.ID, more.Enrollee = "c-e2", "e2"
	w.consents = append(w.consents, more)
	newer, second := issue(t, a)
	require.Equal(t, old.Version+1, newer.Version)

	again, err := a.Extend(t.Context(), old, first.Hash, 0)
	require.NoError(t, err)
	require.Equal(t, old.Version, again.Version)
	require.Greater(t, again.Serial, second.Serial)
	require.Equal(t, w.now.Add(policy.MaxLease), again.Expires)
	require.NoError(t, h.Offer(again, old), "an edge that has the old one goes on")
	require.NoError(t, h.Offer(second, newer), "and takes the new one whatever its serial")
	require.ErrorIs(t, h.Offer(again, old), policy.ErrStale)
	w.now = w.now.Add(2 * time.Second)
	again, err = a.Extend(t.Context(), old, first.Hash, 0)
	require.NoError(t, err)
	require.ErrorIs(t, h.Offer(again, old), policy.ErrStale, "never back to an older version, whatever the serial")
	require.ErrorIs(t, func() error { _, err := a.Extend(t.Context(), old, first.Hash, policy.MaxLease+1); return err }(), policy.ErrLeaseTerm)

	people, consents := slices.Clone(w.people), slices.Clone(w.consents)
	for name, restrict := range map[string]func(){
		"withdrawn":  func() { w.consents[1].State = policy.ConsentWithdrawn },
		"expired":    func() { w.consents[1].ExpiresAt = w.now },
		"reconfirm":  func() { w.consents[1].State = policy.ConsentReconfirm },
		"restricted": func() { w.people[0].Restricted = true },
		"objected":   func() { w.people[0].Objected = true },
		"halted":     func() { a.Halt("stop") },
		"suspended": func() {
			site := sample()
			for i := range site.Zones {
				site.Zones[i].State = policy.ZoneSuspended
			}
			require.NoError(t, a.SetSite(site))
		},
		"inspection over": func() { w.now = old.Zones[0].ValidUntil },
	} {
		t.Run(name, func(t *testing.T) {
			now := w.now
			restrict()
			_, err := a.Extend(t.Context(), old, first.Hash, 0)
			require.ErrorIs(t, err, policy.ErrNarrowed)
			w.now, w.people, w.consents = now, slices.Clone(people), slices.Clone(consents)
			a.Halt("")
			require.NoError(t, a.SetSite(sample()))
			_, err = a.Extend(t.Context(), old, first.Hash, 0)
			require.NoError(t, err, "as before")
		})
	}
}

// TestNewerVersionsCountWhateverTheSerial: replicas draw serials side by side, by
// clocks that differ. An edge takes the newer version under a lower serial or an
// earlier time, and of one version the later lease.
//
// proves: INV-4
func TestNewerVersionsCountWhateverTheSerial(t *testing.T) {
	w, a, h := newWorld(t)
	old, l1 := issue(t, a)
	w.consents = nil // everybody withdrew
	w.now = w.now.Add(-500 * time.Millisecond)
	newer, l2 := issue(t, a) // signed by the replica whose clock is behind
	w.now = w.now.Add(time.Second)
	l3, err := extendAsBefore(a, w, old, l1.Hash)
	require.NoError(t, err)
	require.Greater(t, l3.Serial, l2.Serial)

	require.NoError(t, h.Offer(l3, old))
	require.NoError(t, h.Offer(l2, newer), "what was withdrawn is gone with the first lease that says so")
	held, err := h.Current()
	require.NoError(t, err)
	require.Empty(t, held.Snapshot.Subjects)
	for _, l := range []policy.Lease{l1, l3} {
		require.ErrorIs(t, h.Offer(l, old), policy.ErrStale)
	}
	require.ErrorIs(t, h.Offer(l2, newer), policy.ErrStale, "a replay")
}

// extendAsBefore signs an old snapshot under a new serial, as a replica of the
// release before may.
func extendAsBefore(a *policy.Authority, w *world, old *policy.Snapshot, hash event.Digest) (policy.Lease, error) {
	was := w.consents
	_, w.consents = enrolled(noon)
	defer func() { w.consents = was }()
	return a.Extend(context.Background(), old, hash, 0)
}

// TestAuthorityAsksForTheSite: before each lease, for one at a time, and signs
// nothing where it cannot be told.
func TestAuthorityAsksForTheSite(t *testing.T) {
	w, _, _ := newWorld(t)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	a, err := policy.NewAuthority(key, sample(), w, w, w.clock)
	require.NoError(t, err)
	halted, broken := "", error(nil)
	a.Reread(func(context.Context) error {
		a.Halt(halted)
		return broken
	})
	s, l := issue(t, a)
	require.Empty(t, s.Halted)
	_, err = a.Extend(t.Context(), s, l.Hash, 0)
	require.NoError(t, err)
	halted = "stop"
	_, err = a.Extend(t.Context(), s, l.Hash, 0)
	require.ErrorIs(t, err, policy.ErrNarrowed)
	s, _ = issue(t, a)
	require.Equal(t, "stop", s.Halted)
	broken = errors.New("the disk is gone")
	_, _, err = a.Issue(t.Context(), 0)
	require.ErrorIs(t, err, broken)
	_, err = a.Extend(t.Context(), s, l.Hash, 0)
	require.ErrorIs(t, err, broken)
	require.True(t, strings.HasPrefix(err.Error(), "policy: "), err)
}

// TestOvertakenAuthorityReadsAgain: content that rests on an earlier reading gets no
// number; it is read again, a few times.
func TestOvertakenAuthorityReadsAgain(t *testing.T) {
	w, _, _ := newWorld(t)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	reads, rivals := 0, 2
	a, err := policy.NewAuthority(key, sample(), w, w, w.clock)
	require.NoError(t, err)
	a.Reread(func(context.Context) error {
		if reads++; rivals > 0 { // another replica numbers what differs
			rivals--
			w.version++
			w.content = event.Digest{byte(w.version)}
		}
		return nil
	})
	s, _ := issue(t, a)
	require.Equal(t, 3, reads)
	require.Equal(t, uint64(3), s.Version)
	rivals = 100
	w.consents = nil
	_, _, err = a.Issue(t.Context(), 0)
	require.ErrorIs(t, err, policy.ErrOvertaken, "told, rather than tried for ever")
}

// TestALeaseRunsFromBeforeItWasRead: reading that takes long makes no lease that
// holds for longer than ten seconds after what it read.
//
// proves: INV-4
func TestALeaseRunsFromBeforeItWasRead(t *testing.T) {
	w, a, _ := newWorld(t)
	a.Reread(func(context.Context) error {
		w.now = w.now.Add(3 * time.Second)
		return nil
	})
	_, l := issue(t, a)
	require.Equal(t, noon.Add(policy.MaxLease), l.Expires)
}
