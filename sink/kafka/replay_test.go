package kafka_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	lib "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// edge is a spool with a replayer on a broker.
type edge struct {
	t   *testing.T
	c   *kafkax.Client
	dir string
	now time.Time
	sp  *spool.Spool
	cur *spool.Cursor
	ch  *event.Chain
	s   *kafka.Sink
	lot *kafka.Lot
	mu  sync.Mutex
	err []error

	asked int
}

func newEdge(t *testing.T, b *broker.Broker) *edge {
	e := &edge{t: t, c: client(t, b), dir: t.TempDir(), now: time.Now(), ch: chainOf(t, "edge-1")}
	var err error
	e.sp, err = spool.Open(e.dir, spool.Options{SegmentBytes: 4 << 10, MaxAge: time.Hour, Now: func() time.Time { return e.now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.sp.Close()) })
	e.cur, err = e.sp.Consumer("kafka")
	require.NoError(t, err)
	e.s, e.lot = newSink(t, e.c, kafka.Options{})
	return e
}

func (e *edge) write(n int) []event.Event {
	e.t.Helper()
	evs := seal(e.t, e.ch, n)
	for i := range evs {
		require.NoError(e.t, e.sp.Append(context.Background(), evs[i:i+1]))
	}
	return evs
}

func (e *edge) start(o kafka.ReplayerOptions) (*kafka.Replayer, func()) {
	e.t.Helper()
	o.Chain, o.Key = "edge-1", key
	o.OnError = func(err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.err = append(e.err, err)
	}
	r, err := kafka.NewReplayer(e.c, e.sp, e.s, e.lot, o)
	require.NoError(e.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			require.NoError(e.t, <-done)
		})
	}
	e.t.Cleanup(stop)
	return r, stop
}

func (e *edge) ask(from, to uint64) kafkax.ReplayRequest {
	e.t.Helper()
	e.asked++
	r := kafkax.ReplayRequest{ID: fmt.Sprintf("request-%d", e.asked), Chain: "edge-1", From: from, To: to, At: time.Now().UTC()}
	m, err := r.Record()
	require.NoError(e.t, err)
	require.NoError(e.t, e.c.Publish(deadline(e.t), event.TopicReplay, m))
	return r
}

// answers waits for all answers to a request and checks that they are signed and
// account for each number once.
func (e *edge) answers(r kafkax.ReplayRequest) []kafkax.ReplayAnswer {
	e.t.Helper()
	var out []kafkax.ReplayAnswer
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(e.t, e.c.Follow(ctx, event.TopicReplay, kafkax.FollowOptions{}, func(m lib.Message) error {
		rec, _ := kafkax.ReadReplay(m) // a test before put what cannot be read there
		a := rec.Answer
		if a == nil || a.Request != r.ID {
			return nil
		}
		require.NoError(e.t, a.Verify(public()))
		forged := *a
		forged.Status = kafkax.ReplayDisposed + "x"
		require.ErrorIs(e.t, forged.Verify(public()), event.ErrSignature)
		out = append(out, *a)
		if a.Final {
			cancel()
		}
		return nil
	}))
	require.NotEmpty(e.t, out, "no answer to %s: %v", r.ID, e.err)
	next := r.From
	for _, a := range out {
		require.Equal(e.t, next, a.From)
		require.Equal(e.t, "edge-1", a.Chain)
		next = a.To + 1
	}
	require.Equal(e.t, r.To+1, next, "each number is accounted for")
	require.True(e.t, out[len(out)-1].Final)
	return out
}

func statuses(as []kafkax.ReplayAnswer) []string {
	var out []string
	for _, a := range as {
		out = append(out, fmt.Sprintf("%d-%d %s", a.From, a.To, a.Status))
	}
	return out
}

func TestReplay(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	e := newEdge(t, b)
	e.write(60)
	r, stop := e.start(kafka.ReplayerOptions{})

	got := e.answers(e.ask(11, 30))
	require.Equal(t, []string{"11-30 done"}, statuses(got))
	require.Equal(t, uint64(60), got[0].Head)
	n := byNumber(t, read(t, b, e.c.Name(event.TopicEvents)), "edge-1")
	require.Len(t, n, 20)
	require.Equal(t, kafka.ReplayerStats{Requests: 1, Events: 20}, r.Stats())

	got = e.answers(e.ask(55, 70))
	require.Equal(t, []string{"55-60 done", "61-70 refused"}, statuses(got))
	require.Contains(t, got[1].Reason, "ends at 60")

	other := kafkax.ReplayRequest{ID: "for-another", Chain: "edge-2", From: 1, To: 2, At: time.Now()}
	m, err := other.Record()
	require.NoError(t, err)
	junk := m
	junk.Key, junk.Value = []byte("edge-1"), []byte("{")
	old := kafkax.ReplayRequest{ID: "too-old", Chain: "edge-1", From: 1, To: 2, At: time.Now().Add(-2 * time.Hour)}
	om, err := old.Record()
	require.NoError(t, err)
	require.NoError(t, e.c.Publish(deadline(t), event.TopicReplay, m, junk, om))
	require.Equal(t, []string{"1-1 done"}, statuses(e.answers(e.ask(1, 1))), "served after what is passed over")
	require.Equal(t, uint64(3), r.Stats().Requests)

	// A request that came while the edge was down is served by its next run, and
	// those that were answered are not.
	stop()
	late := e.ask(2, 4)
	r, _ = e.start(kafka.ReplayerOptions{})
	require.Equal(t, []string{"2-4 done"}, statuses(e.answers(late)))
	require.Equal(t, uint64(1), r.Stats().Requests)
}

// TestReplayExplainsGaps: what the edge no longer has, cannot read, or cannot
// send is told of under its signature.
func TestReplayExplainsGaps(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	e := newEdge(t, b)
	evs := e.write(60)
	require.NoError(t, e.cur.Ack(40))
	e.now = e.now.Add(2 * time.Hour)
	require.NoError(t, e.sp.Enforce())
	oldest := e.sp.Oldest()
	require.Greater(t, oldest, uint64(5))
	require.NoError(t, e.lot.Park(&evs[49], time.Now(), fmt.Errorf("kafka: record is too large")))

	// One event rots on the disk.
	segs, err := filepath.Glob(filepath.Join(e.dir, "*.seg"))
	require.NoError(t, err)
	slices.Sort(segs)
	raw, err := evs[oldest+1].AppendBinary(nil)
	require.NoError(t, err)
	rotten := false
	for _, path := range segs {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if at := indexOf(text, raw); at >= 0 {
			text[at+40] ^= 0xff
			require.NoError(t, os.WriteFile(path, text, 0o600))
			rotten = true
		}
	}
	require.True(t, rotten)

	_, _ = e.start(kafka.ReplayerOptions{})
	got := e.answers(e.ask(1, 60))
	require.Equal(t, []string{
		fmt.Sprintf("1-%d disposed", oldest-1),
		fmt.Sprintf("%d-%d done", oldest, oldest+1),
		fmt.Sprintf("%d-%d damaged", oldest+2, oldest+2),
		fmt.Sprintf("%d-49 done", oldest+3),
		"50-50 parked",
		"51-60 done",
	}, statuses(got))
	require.Contains(t, got[0].Reason, "acknowledged")
	require.Contains(t, got[4].Reason, "too large")
	n := byNumber(t, read(t, b, e.c.Name(event.TopicEvents)), "edge-1")
	require.Len(t, n, int(60-oldest+1)-2)
}

func indexOf(text, part []byte) int {
	for i := 0; i+len(part) <= len(text); i++ {
		if string(text[i:i+len(part)]) == string(part) {
			return i
		}
	}
	return -1
}

// TestReplayIsBounded: too much at once is refused in words, a flood is refused
// mostly in silence, and the rate is kept.
func TestReplayIsBounded(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	e := newEdge(t, b)
	e.write(60)
	var flood []lib.Message
	for i := range 200 {
		r := kafkax.ReplayRequest{ID: fmt.Sprintf("flood-%d", i), Chain: "edge-1", From: 1, To: 50, At: time.Now().UTC()}
		m, err := r.Record()
		require.NoError(t, err)
		flood = append(flood, m)
	}
	require.NoError(t, e.c.Publish(deadline(t), event.TopicReplay, flood...))
	r, stop := e.start(kafka.ReplayerOptions{MaxWaiting: 3, MaxEvents: 100})
	require.Eventually(t, func() bool { return r.Stats().Requests == 3 }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, kafka.ReplayerStats{Requests: 3, Events: 150, Refused: 197}, r.Stats())
	told := 0
	require.NoError(t, e.c.ReadToEnd(deadline(t), event.TopicReplay, func(m lib.Message) error {
		if r, err := kafkax.ReadReplay(m); err == nil && r.Answer != nil && r.Answer.Status == kafkax.ReplayRefused {
			told++
		}
		return nil
	}))
	require.Positive(t, told)
	require.Less(t, told, 30)
	require.Equal(t, []string{"1-200 refused"}, statuses(e.answers(e.ask(1, 200))))
	stop()
}

// TestTheEndIsTold: an edge repeats under its signature up to where the bus has
// taken its chain, and says nothing of what still waits.
func TestTheEndIsTold(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	e := newEdge(t, b)
	e.write(60)
	heads := func() []kafkax.ReplayHead {
		var out []kafkax.ReplayHead
		require.NoError(t, e.c.ReadToEnd(deadline(t), event.TopicReplay, func(m lib.Message) error {
			r, err := kafkax.ReadReplay(m)
			if err == nil && r.Head != nil {
				require.NoError(t, r.Head.Verify(public()))
				forged := *r.Head
				forged.Head++
				require.ErrorIs(t, forged.Verify(public()), event.ErrSignature)
				require.Equal(t, "edge-1", r.Head.Chain)
				out = append(out, *r.Head)
			}
			return nil
		}))
		return out
	}
	_, stop := e.start(kafka.ReplayerOptions{Announce: 20 * time.Millisecond})
	require.Equal(t, []string{"1-1 done"}, statuses(e.answers(e.ask(1, 1))))
	require.Empty(t, heads(), "the bus has acknowledged nothing")
	require.NoError(t, e.cur.Ack(40))
	require.Eventually(t, func() bool { h := heads(); return len(h) >= 2 && h[len(h)-1].Head == 40 }, 30*time.Second, 20*time.Millisecond)
	stop()
	n := len(heads())
	_, _ = e.start(kafka.ReplayerOptions{})
	require.Eventually(t, func() bool { return len(heads()) > n }, 30*time.Second, 20*time.Millisecond, "it says so when it starts, whether or not there is anything new")
}
