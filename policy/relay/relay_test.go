package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/policy"
	"bystander/policy/relay"
)

// taken is what a round of publishing put on the topic.
func taken(t *testing.T, b *broker.Broker, c *kafkax.Client) []kafka.Message {
	t.Helper()
	var out []kafka.Message
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, c.ReadToEnd(ctx, event.TopicPolicy, func(m kafka.Message) error {
		out = append(out, m)
		return nil
	}))
	return out
}

func follower(c *kafkax.Client, h relay.Holder, refused *errs) *relay.Follower {
	return relay.NewFollower(c, policy.SampleSiteID, h, relay.FollowerOptions{OnRefused: refused.add})
}

// run starts f and returns how to stop it.
func run(t *testing.T, f *relay.Follower) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-done)
	}
	t.Cleanup(stop)
	return stop
}

func holds(h *policy.Holder, version uint64) func() bool {
	return func() bool {
		held, err := h.Current()
		return err == nil && held.Snapshot.Version == version
	}
}

const soon, tick = 60 * time.Second, 20 * time.Millisecond

func TestEdgeRebuildsAndFollows(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, b, "rebuild")
	ensure(t, c)
	w, a := newAuthority(t, time.Now)
	w.enroll(3)
	p := relay.NewPublisher(c, a, relay.PublisherOptions{})
	require.NoError(t, p.Publish(t.Context()))
	require.NoError(t, p.Publish(t.Context()), "the same content: a lease alone")
	require.Equal(t, uint64(1), p.Status().Snapshots)
	require.Equal(t, uint64(2), p.Status().Leases)

	h := newHolder(t, a, time.Now)
	refused := new(errs)
	f := follower(c, h, refused)
	stop := run(t, f)
	require.Eventually(t, holds(h, 1), soon, tick, "an edge that starts later has the policy of before")
	require.Eventually(t, func() bool { return f.Status().CaughtUp }, soon, tick)
	require.Empty(t, refused.list, "old leases are not even offered")

	w.enroll(1)
	require.NoError(t, p.Publish(t.Context()))
	require.Eventually(t, holds(h, 2), soon, tick, "and follows")
	held, err := h.Current()
	require.NoError(t, err)
	require.Len(t, held.Snapshot.Subjects, 4)
	stop()

	// A control that is restarted knows what it may dispose of.
	w.enroll(1)
	p = relay.NewPublisher(c, a, relay.PublisherOptions{})
	require.NoError(t, p.Publish(t.Context()))
	alive := map[string]bool{}
	for _, m := range taken(t, b, c) {
		alive[string(m.Key)] = m.Value != nil
	}
	n := 0
	for k, live := range alive {
		if live && strings.HasPrefix(k, "snapshot/") {
			n++
		}
	}
	require.Equal(t, 1, n, "earlier snapshots are marked for removal: %v", alive)
}

// TestALargeSnapshotIsFollowedByAFreshLease: a lease that grew old while its
// snapshot was sent is not the one that edges get; and a snapshot that is sent
// again keeps no lease waiting.
func TestALargeSnapshotIsFollowedByAFreshLease(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, b, "fresh")
	ensure(t, c)
	w, a := newAuthority(t, time.Now)
	w.enroll(1)
	late := time.Duration(0)
	p := relay.NewPublisher(c, a, relay.PublisherOptions{Now: func() time.Time { return time.Now().Add(late) }})
	require.NoError(t, p.Publish(t.Context()))
	require.Equal(t, uint64(1), leaseOf(t, last(taken(t, b, c), "lease/")).Serial)

	w.enroll(1)
	late = 3 * time.Second // as if sending had taken that long
	require.NoError(t, p.Publish(t.Context()))
	require.Equal(t, uint64(3), leaseOf(t, last(taken(t, b, c), "lease/")).Serial, "the second of two that were issued")

	before := len(taken(t, b, c))
	late = 2 * time.Minute
	require.NoError(t, p.Publish(t.Context()))
	again := taken(t, b, c)[before:]
	require.Len(t, again, 2)
	require.True(t, strings.HasPrefix(string(again[0].Key), "lease/"), "%s", again[0].Key)
	require.True(t, strings.HasPrefix(string(again[1].Key), "snapshot/"), "%s", again[1].Key)
}

// TestLargeSnapshotTravelsInParts: some thousands of enrollees do not fit one record.
func TestLargeSnapshotTravelsInParts(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, b, "large")
	ensure(t, c)
	w, a := newAuthority(t, time.Now)
	w.enroll(4000)
	p := relay.NewPublisher(c, a, relay.PublisherOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	defer func() { cancel(); <-done }()
	require.Eventually(t, func() bool { return p.Status().Leases > 0 }, soon, tick)
	parts := 0
	for _, m := range taken(t, b, c) {
		if strings.HasPrefix(string(m.Key), "snapshot/") {
			parts++
		}
	}
	require.Greater(t, parts, 2)
	h := newHolder(t, a, time.Now)
	run(t, follower(c, h, new(errs)))
	require.Eventually(t, holds(h, 1), soon, tick)
	held, err := h.Current()
	require.NoError(t, err)
	require.Len(t, held.Snapshot.Subjects, 4000)
}

// TestNothingUntrueChangesAnything hands a follower every kind of record that
// somebody with the right to write to the topic could put there.
func TestNothingUntrueChangesAnything(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, b, "untrue")
	ensure(t, c)
	now := time.Now()
	clock := func() time.Time { return now }
	w, a := newAuthority(t, clock)
	w.enroll(1)
	opts := relay.PublisherOptions{Now: clock}
	p := relay.NewPublisher(c, a, opts)
	require.NoError(t, p.Publish(t.Context()))
	old := taken(t, b, c)
	now = now.Add(time.Second)
	w.consents[0].State = policy.ConsentWithdrawn
	require.NoError(t, p.Publish(t.Context()))
	all := taken(t, b, c)
	cur := all[len(old):]

	// A forger with a key of his own, for the same site.
	fw, fa := newAuthority(t, clock)
	fw.version, fw.serial = 100, 100
	fw.enroll(2)
	fc := open(t, b, "untrue.forger")
	ensure(t, fc)
	require.NoError(t, relay.NewPublisher(fc, fa, opts).Publish(t.Context()))
	forged := taken(t, b, fc)

	lease := func(ms []kafka.Message) kafka.Message { return last(ms, "lease/") }
	snap := func(ms []kafka.Message) kafka.Message { return last(ms, "snapshot/") }
	edit := func(m kafka.Message, do func(*policy.Lease)) kafka.Message {
		var l policy.Lease
		require.NoError(t, json.Unmarshal(m.Value, &l))
		do(&l)
		m.Value, _ = json.Marshal(l)
		return m
	}
	rekey := func(m kafka.Message, from, to string) kafka.Message {
		m.Key = []byte(strings.Replace(string(m.Key), from, to, 1))
		return m
	}
	hash := strings.Split(string(snap(cur).Key), "/")[2]
	more := append([]byte(nil), snap(cur).Value...)
	more = bytes.Replace(more, []byte(`"sample":true`), []byte(`"sample":false`), 1)
	for name, tc := range map[string]struct {
		records []kafka.Message
		want    error // nil: passed over in silence
	}{
		"old lease":                    {old, policy.ErrStale},
		"same lease again":             {cur, policy.ErrStale},
		"forged lease and snapshot":    {forged, policy.ErrForged},
		"lease with a longer term":     {[]kafka.Message{edit(lease(cur), func(l *policy.Lease) { l.Serial++; l.Expires = l.Expires.Add(time.Hour) })}, policy.ErrForged},
		"lease with a higher serial":   {[]kafka.Message{edit(lease(cur), func(l *policy.Lease) { l.Serial += 10 })}, policy.ErrForged},
		"lease for the old snapshot":   {[]kafka.Message{snap(old), edit(lease(cur), func(l *policy.Lease) { l.Serial++; l.Hash = leaseOf(t, lease(old)).Hash })}, policy.ErrForged},
		"lease cut short":              {[]kafka.Message{{Key: lease(cur).Key, Value: lease(cur).Value[:40]}}, relay.ErrMalformed},
		"lease of a megabyte":          {[]kafka.Message{{Key: lease(cur).Key, Value: make([]byte, 1<<20)}}, relay.ErrMalformed},
		"lease removed":                {[]kafka.Message{{Key: lease(cur).Key}}, nil},
		"of another site":              {[]kafka.Message{rekey(snap(forged), policy.SampleSiteID, "elsewhere"), rekey(lease(forged), policy.SampleSiteID, "elsewhere")}, nil},
		"another site's under our key": {[]kafka.Message{edit(lease(cur), func(l *policy.Lease) { l.Site = "elsewhere"; l.Serial++ })}, policy.ErrForged},
		"snapshot spoilt in place":     {[]kafka.Message{{Key: snap(cur).Key, Value: []byte("{}")}}, nil},
		"snapshot removed in place":    {[]kafka.Message{{Key: snap(cur).Key}}, nil},
		"snapshot of another content":  {[]kafka.Message{rekey(kafka.Message{Key: snap(cur).Key, Value: more}, hash, strings.Repeat("ab", 32))}, relay.ErrContent},
		"snapshot cut short":           {[]kafka.Message{rekey(kafka.Message{Key: snap(cur).Key, Value: snap(cur).Value[:50]}, hash, strings.Repeat("ac", 32))}, relay.ErrContent},
		"snapshot of 10000 parts":      {[]kafka.Message{rekey(snap(cur), "/0-1", "/0-10000")}, relay.ErrMalformed},
		"part beyond the count":        {[]kafka.Message{rekey(snap(cur), "/0-1", "/3-2")}, relay.ErrMalformed},
		"counts that differ": {[]kafka.Message{
			rekey(rekey(snap(cur), hash, strings.Repeat("ad", 32)), "/0-1", "/0-2"),
			rekey(rekey(snap(cur), hash, strings.Repeat("ad", 32)), "/0-1", "/0-3"),
		}, relay.ErrContent},
		"no such key":    {[]kafka.Message{{Key: []byte("halt"), Value: []byte("no")}}, relay.ErrMalformed},
		"no key":         {[]kafka.Message{{Value: lease(cur).Value}}, relay.ErrMalformed},
		"hash of zeroes": {[]kafka.Message{rekey(snap(cur), hash, strings.Repeat("0", 64))}, relay.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHolder(t, a, clock)
			refused := new(errs)
			f := follower(c, h, refused)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- f.Run(ctx) }()
			require.Eventually(t, func() bool { return f.Status().CaughtUp }, soon, tick)
			cancel()
			require.NoError(t, <-done)
			before, err := h.Current()
			require.NoError(t, err)
			require.Equal(t, uint64(2), before.Snapshot.Version)

			for _, m := range tc.records {
				f.Handle(m)
			}
			if tc.want == nil {
				require.Empty(t, refused.list)
			} else {
				require.True(t, refused.has(tc.want), "%v", refused.list)
			}
			after, err := h.Current()
			require.NoError(t, err)
			require.Equal(t, before, after)
			require.Empty(t, after.Snapshot.Subjects, "the withdrawn consent does not come back")

			now2 := leaseOf(t, lease(cur)).Issued.Add(2 * time.Second)
			now = now2
			s, l, err := a.Issue(t.Context(), 0)
			require.NoError(t, err)
			require.Equal(t, uint64(2), s.Version)
			b, err := json.Marshal(l)
			require.NoError(t, err)
			f.Handle(kafka.Message{Key: lease(cur).Key, Value: b})
			next, err := h.Current()
			require.NoError(t, err)
			require.Equal(t, l.Serial, next.Lease.Serial, "the true one is taken after it")
			now = leaseOf(t, lease(cur)).Issued
		})
	}
}

func last(ms []kafka.Message, prefix string) kafka.Message {
	var out kafka.Message
	for _, m := range ms {
		if strings.HasPrefix(string(m.Key), prefix) && m.Value != nil {
			out = m
		}
	}
	return out
}

func leaseOf(t *testing.T, m kafka.Message) policy.Lease {
	t.Helper()
	var l policy.Lease
	require.NoError(t, json.Unmarshal(m.Value, &l))
	return l
}

// TestFloodOfSnapshotsIsBounded: parts that never become whole take no more
// than the bound, and the snapshot in use stays.
func TestFloodOfSnapshotsIsBounded(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, b, "flood")
	ensure(t, c)
	w, a := newAuthority(t, time.Now)
	w.enroll(1)
	require.NoError(t, relay.NewPublisher(c, a, relay.PublisherOptions{}).Publish(t.Context()))
	h := newHolder(t, a, time.Now)
	refused := new(errs)
	f := relay.NewFollower(c, policy.SampleSiteID, h, relay.FollowerOptions{OnRefused: refused.add, MaxBytes: 1 << 20})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	require.Eventually(t, holds(h, 1), soon, tick)
	cancel()
	require.NoError(t, <-done)
	key := last(taken(t, b, c), "snapshot/").Key
	hash := strings.Split(string(key), "/")[2]
	junk := make([]byte, 400<<10)
	for i := range 64 {
		other := strings.Repeat("0123456789abcdef", 4)[:62] + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
		f.Handle(kafka.Message{Key: []byte(strings.Replace(strings.Replace(string(key), hash, other, 1), "/0-1", "/0-2", 1)), Value: junk})
	}
	require.LessOrEqual(t, relay.Kept(f), 1<<20)
	_, l, err := a.Issue(t.Context(), 0)
	require.NoError(t, err)
	text, err := json.Marshal(l)
	require.NoError(t, err)
	f.Handle(kafka.Message{Key: []byte("lease/" + policy.SampleSiteID), Value: text})
	held, err := h.Current()
	require.NoError(t, err)
	require.Equal(t, l.Serial, held.Lease.Serial)
}

// TestCutOffEdgeMasksEverybody stops the broker in its tracks: within the
// lease's ten seconds nobody may be matched any more, and when the broker goes
// on so does the edge, by itself.
func TestCutOffEdgeMasksEverybody(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a lease's ten seconds")
	}
	b := broker.Start(t, broker.Options{})
	c, ec := open(t, b, "cut"), open(t, b, "cut")
	ensure(t, c)
	w, a := newAuthority(t, time.Now)
	w.enroll(1)
	ctx, cancel := context.WithCancel(t.Context())
	failed := new(errs)
	p := relay.NewPublisher(c, a, relay.PublisherOptions{Every: 500 * time.Millisecond, OnError: failed.add})
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	defer func() { cancel(); <-done }()
	h := newHolder(t, a, time.Now)
	f := follower(ec, h, new(errs))
	run(t, f)
	require.Eventually(t, holds(h, 1), soon, tick)

	b.Pause()
	cut := time.Now()
	var masked time.Time
	require.Eventually(t, func() bool {
		held, err := h.Current()
		if err == nil {
			return false
		}
		masked = time.Now()
		return policy.Gate(policy.Facts{Fresh: held.Fresh(true)})&policy.LeaseFresh == 0
	}, policy.MaxLease+5*time.Second, tick)
	require.Less(t, masked.Sub(cut), policy.MaxLease+time.Second)
	require.Error(t, p.Status().Err)

	w.enroll(1) // what changes meanwhile
	b.Resume()
	require.Eventually(t, holds(h, 2), soon, tick)
	t.Logf("masked %v after the cut, back %v after the broker", masked.Sub(cut).Round(time.Millisecond), time.Since(masked).Round(time.Millisecond))
}
