package relay_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/policy"
	"bystander/policy/relay"
)

// slowLine passes connections on to a broker. What is sent over it, by whichever
// connection and in either direction, shares one rate.
type slowLine struct {
	ln    net.Listener
	rate  *rate.Limiter
	where chan string // holds the broker's address, once it is known

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
}

const chunk = 4 << 10

func newSlowLine(t *testing.T) *slowLine {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &slowLine{ln: ln, rate: rate.NewLimiter(rate.Inf, chunk), where: make(chan string, 1)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.wg.Go(l.accept)
	t.Cleanup(func() {
		l.stop()
		_ = l.ln.Close()
		l.wg.Wait()
	})
	return l
}

func (l *slowLine) accept() {
	for {
		c, err := l.ln.Accept()
		if err != nil {
			return
		}
		var addr string
		select {
		case addr = <-l.where:
			l.where <- addr
		case <-l.ctx.Done():
		}
		d, err := (&net.Dialer{}).DialContext(l.ctx, "tcp", addr)
		if err != nil {
			_ = c.Close()
			continue
		}
		end := context.AfterFunc(l.ctx, func() { _, _ = c.Close(), d.Close() })
		var both sync.WaitGroup
		both.Go(func() { l.pass(d, c) })
		both.Go(func() { l.pass(c, d) })
		l.wg.Go(func() {
			both.Wait()
			end()
		})
	}
}

func (l *slowLine) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if l.rate.WaitN(l.ctx, n) != nil {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// brief signs leases of the given term, as if time were short.
type brief struct {
	*policy.Authority
	term time.Duration
}

func (b brief) Issue(ctx context.Context, _ time.Duration) (*policy.Snapshot, policy.Lease, error) {
	return b.Authority.Issue(ctx, b.term)
}

func (b brief) Extend(ctx context.Context, old *policy.Snapshot, hash event.Digest, _ time.Duration) (policy.Lease, error) {
	return b.Authority.Extend(ctx, old, hash, b.term)
}

func (w *world) withdraw(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.consents[i].State = policy.ConsentWithdrawn
}

// slowWorld is a control and an edge, one of them at the end of a slow line.
type slowWorld struct {
	t *testing.T
	w *world
	h *policy.Holder
	// plain is of an edge beside it, near the broker, which does not look past what
	// it is fetching, as those of the release before.
	plain *policy.Holder
	p     *relay.Publisher
	line  *slowLine
	term  time.Duration
}

const (
	shortTerm = 5 * time.Second
	crowd     = 800 // people; about 450 kB of snapshot
	slowRate  = 60 << 10
)

func newSlowWorld(t *testing.T, b *broker.Broker, line *slowLine, prefix string, slowControl bool) *slowWorld {
	t.Helper()
	connect := func(addr string) *kafkax.Client {
		c, err := kafkax.Open(kafkax.Config{Brokers: []string{addr}, TopicPrefix: prefix, Compression: "none", Timeout: 10 * time.Second})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}
	near, far := connect(b.Addr()), connect(line.ln.Addr().String())
	ensure(t, near)
	control, edge := near, far
	if slowControl {
		control, edge = far, near
	}
	s := &slowWorld{t: t, line: line, term: shortTerm}
	var a *policy.Authority
	s.w, a = newAuthority(t, time.Now)
	s.w.enroll(crowd)
	s.h = newHolder(t, a, time.Now)
	line.rate.SetLimit(rate.Inf)
	s.p = relay.NewPublisher(control, brief{a, s.term}, relay.PublisherOptions{
		Every: 300 * time.Millisecond, OnError: func(err error) { t.Logf("publish: %v", err) },
	})
	f := relay.NewFollower(edge, policy.SampleSiteID, s.h, relay.FollowerOptions{Quiet: 600 * time.Millisecond})
	run(t, f)
	s.plain = newHolder(t, a, time.Now)
	run(t, relay.NewFollower(near, policy.SampleSiteID, s.plain, relay.FollowerOptions{Quiet: time.Hour}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	require.Eventually(t, holds(s.h, 1), soon, tick)
	require.Eventually(t, holds(s.plain, 1), soon, tick)
	line.rate.SetLimit(slowRate)
	return s
}

// until looks at what the edge holds, all the time, until it holds that many people,
// who withdrew not among them.
func (s *slowWorld) until(people int, withdrawn bool, each func(at time.Time, held policy.Held, err error) (enough bool)) time.Duration {
	s.t.Helper()
	look := time.NewTicker(tick)
	defer look.Stop()
	begun := time.Now()
	for time.Since(begun) < soon {
		at := time.Now()
		held, err := s.h.Current()
		if each(at, held, err) {
			return time.Since(begun)
		}
		if err == nil && len(held.Snapshot.Subjects) == people && has(held, first) != withdrawn {
			return time.Since(begun)
		}
		<-look.C
	}
	s.t.Fatalf("the policy with %d people never came", people)
	return 0
}

const first = "e000000" // the one who withdraws

func has(held policy.Held, id string) bool {
	_, ok := held.Snapshot.Subject(id)
	return ok
}

// TestASlowLineMasksNobodyForAnEnrolment: while a large snapshot with somebody who
// is new travels for longer than a lease, over the control's line or the edge's, the
// edge goes on with the one that it has. Who withdraws meanwhile is gone within a
// lease, for which everybody is masked until the edge has what stands then.
//
// proves: INV-4
func TestASlowLineMasksNobodyForAnEnrolment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some leases' time")
	}
	lines, advertised := map[string]*slowLine{}, map[string]string{}
	for _, name := range []string{"CONTROL", "EDGE"} {
		lines[name] = newSlowLine(t)
		advertised[name] = lines[name].ln.Addr().String()
	}
	b := broker.Start(t, broker.Options{Advertised: advertised})
	for name, line := range lines {
		line.where <- b.ListenerAddr(name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSlowWorld(t, b, line, "slow."+name, name == "CONTROL")
			s.w.enroll(1)
			took := s.until(crowd+1, false, func(_ time.Time, _ policy.Held, err error) bool {
				require.NoError(t, err, "nothing is wrong, and everybody is masked")
				_, err = s.plain.Current()
				require.NoError(t, err, "nor at an edge of the release before")
				return false
			})
			require.Greater(t, took, s.term, "the line is not slow enough to show anything")
			t.Logf("the snapshot travelled for %v", took.Round(time.Millisecond))

			sent := s.p.Status().Leases
			s.w.enroll(1)
			require.Eventually(t, func() bool { return s.p.Status().Leases >= sent+3 }, soon, tick)
			s.w.withdraw(0)
			withdrawn := time.Now()
			masked := false
			took = s.until(crowd+1, true, func(at time.Time, held policy.Held, err error) bool {
				if err != nil {
					masked = true
				} else if has(held, first) {
					require.Less(t, at.Sub(withdrawn), s.term, "version %d with who withdrew", held.Snapshot.Version)
				}
				return masked && name == "EDGE" // which has two snapshots to fetch yet
			})
			require.True(t, masked)
			t.Logf("masked or back %v after the withdrawal", took.Round(time.Millisecond))
		})
	}
}
