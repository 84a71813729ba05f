package writer_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	segment "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	chserver "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// inMemory makes a writer's store of a Memory.
func inMemory(m *sinktest.Memory) writer.Store {
	return writer.Store{
		Append: writer.Copied(m.Append),
		State: func(ctx context.Context, chain string) (uint64, []writer.Gap, error) {
			evs, err := m.Chain(ctx, chain)
			missing, merr := m.Missing(ctx, chain)
			var gaps []writer.Gap
			for _, n := range missing {
				gaps = append(gaps, writer.Gap{First: n, Last: n})
			}
			if len(evs) == 0 {
				return 0, nil, errors.Join(err, merr)
			}
			return evs[len(evs)-1].Seq, gaps, errors.Join(err, merr)
		},
		Conflict: func(err error) bool {
			return errors.Is(err, sinktest.ErrConflict) || errors.Is(err, event.ErrInvalid)
		},
	}
}

func has(t testing.TB, m *sinktest.Memory, want []event.Event) {
	t.Helper()
	require.Eventually(t, func() bool {
		got, err := m.Chain(t.Context(), want[0].ChainID)
		return err == nil && len(got) == len(want)
	}, time.Minute, 20*time.Millisecond, "chain %s", want[0].ChainID)
	got, err := m.Chain(t.Context(), want[0].ChainID)
	require.NoError(t, err)
	sinktest.Equal(t, want, got)
}

// TestPoisonHoldsNothingUp puts every kind of bad record between good ones.
func TestPoisonHoldsNothingUp(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	stranger := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	reg := prometheus.NewRegistry()
	o := quick(inMemory(m))
	o.Registry = reg
	o.Log = zerolog.New(zerolog.NewTestWriter(t))
	o.Keys = func(chain string) ed25519.PublicKey {
		if strings.HasPrefix(chain, "edge") {
			return pub
		}
		return nil
	}
	good := sinktest.Events(t, sinktest.Chain(t, "edge"), 30)
	twin := sinktest.Events(t, sinktest.Chain(t, "edge"), 30)
	unknown := sinktest.Events(t, sinktest.Chain(t, "who"), 3)
	forger, err := event.NewChain(event.ChainConfig{ID: "edge-2", Key: stranger})
	require.NoError(t, err)
	forged := event.Event{Kind: event.KindMatch}
	require.NoError(t, forger.Seal(&forged))
	altered := good[20]
	altered.CameraID = "another camera"
	picture := event.Event{Kind: event.KindMatch, PayloadEnc: []byte("\x89PNG\r\n\x1a\n a picture")}
	require.NoError(t, sinktest.Chain(t, "edge-3").Seal(&picture))
	put := func(records ...segment.Message) {
		require.NoError(t, b.c.Publish(within(t, time.Minute), event.TopicEvents, records...))
	}
	record := func(e event.Event) segment.Message {
		m, err := kafkax.EventRecord(&e)
		require.NoError(t, err)
		return m
	}
	b.send(good[:10]...)
	put(segment.Message{Key: []byte("edge"), Value: []byte("{")}, segment.Message{Key: []byte("edge")},
		segment.Message{Key: []byte("edge"), Value: []byte(`{"chain_id":"edge","nonsense":1}`)},
		segment.Message{Key: []byte("other"), Value: record(good[3]).Value},
		record(twin[4]), record(forged), record(altered), record(picture))
	b.send(unknown...)
	b.send(good[10:]...)
	w, _ := start(t, b.c, o)
	has(t, m, good)
	require.Eventually(t, func() bool { return w.Status().Parked == 11 }, 20*time.Second, 20*time.Millisecond)
	require.Len(t, m.All(), 30, "nothing else is stored")
	want := map[string]float64{
		writer.ReasonUnreadable: 4, writer.ReasonConflict: 1, writer.ReasonSignature: 1,
		writer.ReasonHash: 1, writer.ReasonClass: 1, writer.ReasonUnknown: 3,
	}
	got := map[string]float64{}
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "bystander_writer_parked_records_total" {
			for _, s := range f.GetMetric() {
				got[s.GetLabel()[0].GetValue()] = s.GetCounter().GetValue()
			}
		}
	}
	require.Equal(t, want, got)
	lines := b.b.KcatRead(b.c.Name(event.TopicParked), "%h %s")
	require.Len(t, lines, 11)
	all := strings.Join(lines, "\n")
	require.Contains(t, all, "parked_reason="+writer.ReasonUnknown)
	require.NotContains(t, all, base64.StdEncoding.EncodeToString(picture.PayloadEnc)[:16], "a picture was copied to another topic")
	require.Contains(t, all, base64.StdEncoding.EncodeToString(unknown[0].PayloadEnc), "the others are kept whole")
	require.NoError(t, w.Status().Err)
}

// edge answers replay requests as an edge does, from evs.
func edge(t testing.TB, b *bus, evs []event.Event, disposed func(seq uint64) bool) (requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	r := segment.NewReader(segment.ReaderConfig{Brokers: b.c.Brokers(), Dialer: b.c.Dialer(), Topic: b.c.Name(event.TopicReplay), MaxWait: 100 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			m, err := r.ReadMessage(ctx)
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return
			}
			r, err := kafkax.ReadReplay(m)
			req := r.Request
			if err != nil || req == nil || req.Chain != evs[0].ChainID {
				continue
			}
			if requests.Add(1) == 1 {
				continue // the first request is lost
			}
			for seq := req.From; seq <= req.To; seq++ {
				a := kafkax.ReplayAnswer{Request: req.ID, Chain: req.Chain, From: seq, To: seq, Status: kafkax.ReplayDisposed, Head: uint64(len(evs)), At: time.Now().UTC()}
				if !disposed(seq) {
					a.Status = kafkax.ReplayDone
					if err := b.s.Append(ctx, evs[seq-1:seq]); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
				if err := a.Sign(sinktest.Key); err != nil {
					t.Error(err)
				}
				rec, err := a.Record()
				if err != nil {
					t.Error(err)
				}
				if err := b.c.Publish(ctx, event.TopicReplay, rec); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; _ = r.Close() })
	return requests
}

// TestGapsAreReplayed loses events on the way, in the stream and before the
// writer began, and has a fake edge answer: some it sends again, of some it says
// that they are gone.
func TestGapsAreReplayed(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 2)
	m := sinktest.NewMemory()
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 60)
	require.NoError(t, m.Append(t.Context(), append(evs[:3:3], evs[7:10]...))) // 4 to 7 were missing before
	w, _ := start(t, b.c, quick(inMemory(m)))
	require.Eventually(t, func() bool { return len(w.Status().Partitions) == 2 }, time.Minute, 20*time.Millisecond)
	b.send(evs[10:20]...)
	b.send(evs[25:40]...)
	b.send(evs[41:]...)
	require.Eventually(t, func() bool {
		c := w.Chains()
		return len(c) == 1 && c[0].Last == 60 && c[0].Missing == 4+5+1
	}, time.Minute, 20*time.Millisecond)
	gone := func(seq uint64) bool { return seq == 22 || seq == 23 }
	requests := edge(t, b, evs, gone)
	require.Eventually(t, func() bool {
		c := w.Chains()
		return len(c) == 1 && c[0].Missing == 0 && c[0].Explained == 2
	}, time.Minute, 20*time.Millisecond, "%v", w.Chains())
	require.Greater(t, requests.Load(), int64(1), "it asks again")
	missing, err := m.Missing(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, []uint64{22, 23}, missing)
}

// TestAnAnswerThatNobodySignedExplainsNothing has somebody on the bus claim that
// missing events are gone.
func TestAnAnswerThatNobodySignedExplainsNothing(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	reg := prometheus.NewRegistry()
	o := quick(inMemory(m))
	o.Registry = reg
	w, _ := start(t, b.c, o)
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 10)
	b.send(evs[5:]...)
	require.Eventually(t, func() bool { c := w.Chains(); return len(c) == 1 && c[0].Missing == 5 }, time.Minute, 20*time.Millisecond)
	a := kafkax.ReplayAnswer{Request: "x", Chain: "edge", From: 1, To: 5, Status: kafkax.ReplayDisposed, At: time.Now().UTC()}
	require.NoError(t, a.Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
	rec, err := a.Record()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		require.NoError(t, b.c.Publish(within(t, time.Minute), event.TopicReplay, rec))
		families, err := reg.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "bystander_writer_replay_answers_total" {
				return true
			}
		}
		return false
	}, time.Minute, 100*time.Millisecond)
	require.EqualValues(t, 5, w.Chains()[0].Missing)
}

// TestTheStoreIsAwayForAWhile holds the writer to back-pressure: nothing is
// committed and nothing is lost while the store refuses.
func TestTheStoreIsAwayForAWhile(t *testing.T) {
	b := newBus(t, broker.Start(t, broker.Options{Shared: true}), 1)
	m := sinktest.NewMemory()
	var away atomic.Bool
	var tries atomic.Int64
	away.Store(true)
	st := inMemory(m)
	st.Append = func(ctx context.Context, evs []*event.Event) error {
		tries.Add(1)
		if away.Load() {
			return errors.New("the store is away")
		}
		return writer.Copied(m.Append)(ctx, evs)
	}
	o := quick(st)
	o.Memory = 1 << 20 // a few hundred events
	evs := sinktest.Events(t, sinktest.Chain(t, "edge"), 3000)
	for i := 0; i < len(evs); i += 250 {
		b.send(evs[i : i+250]...)
	}
	w, stop := start(t, b.c, o)
	require.Eventually(t, func() bool { return tries.Load() > 3 && w.Status().Err != nil }, time.Minute, 20*time.Millisecond)
	require.ErrorContains(t, w.Status().Err, "the store is away")
	stop()
	require.Empty(t, m.All())
	w, _ = start(t, b.c, o)
	require.Eventually(t, func() bool { return w.Status().Err != nil }, time.Minute, 20*time.Millisecond)
	away.Store(false)
	has(t, m, evs)
	require.Eventually(t, func() bool { return w.Status().Err == nil }, time.Minute, 20*time.Millisecond)
}

// TestBrokerAndStoreAreKilled kills broker and engine while events flow.
func TestBrokerAndStoreAreKilled(t *testing.T) {
	br := broker.Start(t, broker.Options{})
	b := newBus(t, br, 2)
	engine := chserver.StartEngine(t, chserver.Options{})
	st := chstore(t, engine)
	o := quick(writer.ClickHouse(st))
	o.Batch = 500
	w, _ := start(t, b.c, o)
	chains := map[string][]event.Event{}
	for i := range 4 {
		id := fmt.Sprintf("edge-%d", i)
		chains[id] = sinktest.Events(t, sinktest.Chain(t, id), 2000)
	}
	send := func(from, to int) {
		for _, evs := range chains {
			for i := from; i < to; i += 250 {
				require.Eventually(t, func() bool { return b.s.Append(within(t, 10*time.Second), evs[i:i+250]) == nil }, time.Minute, 50*time.Millisecond)
			}
		}
	}
	send(0, 500)
	require.Eventually(t, func() bool { return w.Status().Stored > 0 }, time.Minute, time.Millisecond)
	engine.Kill()
	send(500, 1000)
	engine.Restart()
	send(1000, 1250)
	br.Kill()
	br.Restart()
	send(1250, 1500)
	engine.Kill()
	engine.Restart()
	send(1500, 2000)
	for id, evs := range chains {
		holds(t, st, id, evs)
	}
	require.Eventually(t, func() bool { return w.Status().Err == nil }, time.Minute, 50*time.Millisecond)
}
