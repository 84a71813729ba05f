package kafka_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// TestOutsidersCanRead: kcat sees JSON, the CloudEvents attributes as headers,
// and all of a chain in one partition in order.
func TestOutsidersCanRead(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	for _, codec := range []string{"lz4", "zstd", "none"} {
		t.Run(codec, func(t *testing.T) {
			c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "outside." + codec, Compression: codec})
			_, err := c.EnsureTopics(deadline(t), kafkax.TopicOptions{Partitions: 3})
			require.NoError(t, err)
			s, _ := newSink(t, c, kafka.Options{BatchBytes: 4 << 10})
			a, z := seal(t, chainOf(t, "edge-1"), 40), seal(t, chainOf(t, "édge 2"), 7)
			mixed := append(append(append([]event.Event{}, a[:20]...), z...), a[20:]...)
			require.NoError(t, s.Append(deadline(t), mixed))

			list := read(t, b, c.Name(event.TopicEvents))
			whole(t, byNumber(t, list, "edge-1"), 40)
			whole(t, byNumber(t, list, "édge 2"), 7)
			at := map[string]int{}
			next := map[string]uint64{"edge-1": 1, "édge 2": 1}
			for _, r := range list {
				e, err := event.ParseJSON([]byte(r.Payload))
				require.NoError(t, err)
				require.Equal(t, next[r.Key], e.Seq, "in order")
				next[r.Key]++
				if p, ok := at[r.Key]; ok {
					require.Equal(t, p, r.Partition, "one partition a chain")
				}
				at[r.Key] = r.Partition
				for name, want := range map[string]string{
					"ce_specversion": "1.0", "ce_id": e.ID, "ce_type": "bystander.match.v1", "content-type": "application/json",
					"ce_dataschema": event.DataSchema, "ce_source": event.CloudSource(e.ChainID), "ce_chainid": e.ChainID,
				} {
					require.Equal(t, want, r.header(name), name)
				}
				require.Equal(t, e.TS.Format(time.RFC3339Nano), r.header("ce_time"))
			}
			require.Equal(t, kafka.Stats{Sent: 47, Bytes: s.Stats().Bytes, Requests: s.Stats().Requests}, s.Stats())
			require.Greater(t, s.Stats().Requests, uint64(5), "batches are bounded by bytes")
		})
	}
}

// TestRecordIsTheSameByEitherWay: the sink's own encoding and the plain one give
// the same record.
func TestRecordIsTheSameByEitherWay(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	s, _ := newSink(t, c, kafka.Options{})
	evs := matches(t, "edge-9", 20)
	require.NoError(t, s.Append(deadline(t), evs))
	for i := range evs {
		m, err := kafkax.EventRecord(&evs[i])
		require.NoError(t, err)
		require.NoError(t, c.Publish(deadline(t), event.TopicEvents, m))
	}
	list := read(t, b, c.Name(event.TopicEvents))
	require.Len(t, list, 40)
	pairs := func(h []string) map[string]string {
		m := map[string]string{}
		for i := 0; i+1 < len(h); i += 2 {
			m[h[i]] = h[i+1]
		}
		return m
	}
	for i := range 20 {
		require.Equal(t, list[i].Payload, list[i+20].Payload)
		require.Equal(t, pairs(list[i].Headers), pairs(list[i+20].Headers))
		require.Equal(t, list[i].Partition, list[i+20].Partition)
	}
}

// parked collects what the sink tells of.
type parked struct {
	mu   sync.Mutex
	list []kafka.Parked
}

func (p *parked) add(k kafka.Parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, k)
}

// TestTooLargeIsParked: an event that the topic's bound refuses goes to the
// parking lot, and everything around it goes on.
func TestTooLargeIsParked(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "toolarge", Compression: "none"})
	b.CreateTopic(c.Name(event.TopicEvents), 1, "max.message.bytes=20000")
	var told parked
	s, lot := newSink(t, c, kafka.Options{BatchBytes: 15000, OnParked: told.add})
	ch := chainOf(t, "edge-1")
	evs := seal(t, ch, 5)
	big := event.Event{Kind: event.KindMatch, PayloadEnc: make([]byte, 30000)}
	require.NoError(t, ch.Seal(&big))
	evs = append(append(evs, big), seal(t, ch, 30)...)
	require.NoError(t, s.Append(deadline(t), evs))

	got := byNumber(t, read(t, b, c.Name(event.TopicEvents)), "edge-1")
	require.Zero(t, got[6])
	require.Len(t, got, 35)
	require.Len(t, told.list, 1)
	require.Equal(t, uint64(6), told.list[0].Seq)
	require.Contains(t, told.list[0].Reason, "max.message.bytes")
	p, ok := lot.Find("edge-1", 6)
	require.True(t, ok)
	require.Equal(t, told.list[0], p)
	e, err := lot.Event("edge-1", 6)
	require.NoError(t, err)
	require.Equal(t, big, e, "it is kept whole")
	require.NoError(t, s.Append(deadline(t), evs[5:6]), "again is harmless")
	require.Len(t, lot.List(), 1)
}

// TestRefusedBatchIsDivided: where only some of many events in one request are
// too large, those alone are parked.
func TestRefusedBatchIsDivided(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "divided", Compression: "none"})
	b.CreateTopic(c.Name(event.TopicEvents), 1, "max.message.bytes=12000")
	s, lot := newSink(t, c, kafka.Options{})
	ch := chainOf(t, "edge-1")
	var evs []event.Event
	for i := range 24 {
		e := event.Event{Kind: event.KindMatch}
		if i%10 == 3 {
			e.PayloadEnc = make([]byte, 20000)
		}
		require.NoError(t, ch.Seal(&e))
		evs = append(evs, e)
	}
	require.NoError(t, s.Append(deadline(t), evs))
	got := byNumber(t, read(t, b, c.Name(event.TopicEvents)), "edge-1")
	for i := uint64(1); i <= 24; i++ {
		_, isParked := lot.Find("edge-1", i)
		require.Equal(t, (i-1)%10 == 3, isParked, "%d", i)
		require.Equal(t, !isParked, got[i] > 0, "%d", i)
	}
}

// TestWhatMayNotLeaveIsParked: the producer itself refuses pictures, templates
// and vectors, wherever they were put.
//
// proves: B-52, C-06, INV-10
func TestWhatMayNotLeaveIsParked(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	s, lot := newSink(t, c, kafka.Options{})
	ch := chainOf(t, "edge-1")
	jpeg := "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"
	spoilt := []event.Event{
		{Kind: event.KindSegment, Detail: map[string]string{"thumbnail": "x"}},
		{Kind: event.KindSegment, Detail: map[string]string{"note": "data:image/png;base64,iVBORw0KGgo="}},
		{Kind: event.KindSegment, Detail: map[string]string{"note": strings.Repeat("0.125,", 128)}},
		{Kind: event.KindMatch, PayloadEnc: []byte(jpeg + "....")},
	}
	evs := seal(t, ch, 2)
	for i := range spoilt {
		require.NoError(t, ch.Seal(&spoilt[i]))
	}
	evs = append(append(evs, spoilt...), seal(t, ch, 2)...)
	require.NoError(t, s.Append(deadline(t), evs))
	list := read(t, b, c.Name(event.TopicEvents))
	require.Len(t, byNumber(t, list, "edge-1"), 4)
	require.Len(t, lot.List(), len(spoilt))
	for _, r := range list {
		require.NotContains(t, r.Payload, "iVBORw0KGgo")
	}
}

func TestSinkRefuses(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	s, _ := newSink(t, c, kafka.Options{})
	require.NoError(t, s.Append(deadline(t), nil))
	require.ErrorIs(t, s.Append(deadline(t), []event.Event{{Kind: event.KindMatch}}), event.ErrInvalid, "not sealed")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	evs := seal(t, chainOf(t, "e"), 1)
	require.ErrorIs(t, s.Append(stopped, evs), context.Canceled)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Append(deadline(t), evs), kafka.ErrClosed)
	_, err := kafka.New(c, kafka.Options{})
	require.ErrorIs(t, err, kafkax.ErrConfig, "no place to park")

	missing := open(t, kafkax.Config{Brokers: []string{b.Addr()}, TopicPrefix: "nowhere"})
	s2, _ := newSink(t, missing, kafka.Options{})
	err = s2.Append(deadline(t), evs)
	require.ErrorIs(t, err, kafkax.ErrNoTopic, "a topic is never made in passing")
	require.ErrorContains(t, err, "events.kafka.topic_prefix")
	require.False(t, kafkax.Permanent(err))
}

// TestNothingIsLostWhenTheBrokerFails pumps a spool through a broker that stops,
// is killed and comes back, and through acknowledgements that get lost. Events
// keep coming all the while; in the end each number is there.
func TestNothingIsLostWhenTheBrokerFails(t *testing.T) {
	b := broker.Start(t, broker.Options{})
	c := client(t, b)
	s, lot := newSink(t, c, kafka.Options{})
	sp, err := spool.Open(t.TempDir(), spool.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sp.Close()) })
	cur, err := sp.Consumer("kafka")
	require.NoError(t, err)
	j, err := spool.NewJournal(chainOf(t, "edge-1"), sp, spool.JournalOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	var failures sync.Map
	p := spool.NewPump(cur, s, spool.PumpOptions{
		Batch: 256, MinBackoff: 50 * time.Millisecond, MaxBackoff: 500 * time.Millisecond, Timeout: 3 * time.Second,
		OnError: func(err error, _ int) { failures.Store(err.Error(), true) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	pumped, written := make(chan error, 1), make(chan error, 1)
	stop := make(chan struct{})
	end := sync.OnceFunc(func() { close(stop); require.NoError(t, <-written) })
	t.Cleanup(func() { end(); cancel(); require.NoError(t, <-pumped) })
	go func() { pumped <- p.Run(ctx) }()
	go func() { // the pipeline: it never waits for the bus
		for {
			select {
			case <-stop:
				written <- nil
				return
			default:
			}
			if _, err := j.Record(context.Background(), event.Event{Kind: event.KindMatch}, event.Event{Kind: event.KindMatch}); err != nil {
				written <- err
				return
			}
		}
	}()
	moves := func() {
		t.Helper()
		from := p.Status().Moved
		require.Eventually(t, func() bool { return p.Status().Moved > from+100 }, 60*time.Second, 10*time.Millisecond)
	}
	moves()
	for range 2 { // a request under way is stored, its acknowledgement too late
		b.Pause()
		require.Eventually(t, func() bool { return p.Status().Err != nil }, 30*time.Second, 10*time.Millisecond)
		head := sp.Head().Seq
		require.Eventually(t, func() bool { return sp.Head().Seq > head+20 }, 10*time.Second, 10*time.Millisecond, "the edge goes on")
		b.Resume()
		moves()
	}
	b.Kill()
	require.Eventually(t, func() bool { return p.Status().Err != nil }, 30*time.Second, 10*time.Millisecond)
	b.Restart()
	moves()
	end()
	last := sp.Head().Seq
	require.Eventually(t, func() bool { return cur.Acked() == last }, 60*time.Second, 20*time.Millisecond)

	got := byNumber(t, read(t, b, c.Name(event.TopicEvents)), "edge-1")
	whole(t, got, last)
	twice := 0
	for _, n := range got {
		if n > 1 {
			twice++
		}
	}
	require.Empty(t, lot.List(), "an outage is no reason to park")
	failures.Range(func(k, _ any) bool { t.Log(k); return true })
	t.Logf("%d events, %d of them more than once", last, twice)
}

// balky is a parking lot that is shut the first time.
type balky struct {
	*kafka.Lot
	tried bool
}

func (b *balky) Park(e *event.Event, at time.Time, reason error) error {
	if !b.tried {
		b.tried = true
		return errors.New("shut")
	}
	return b.Lot.Park(e, at, reason)
}

// TestTryingAgainGoesOnWhereItFailed: what was acknowledged before a failure is
// not sent a second time.
func TestTryingAgainGoesOnWhereItFailed(t *testing.T) {
	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	lot, err := kafka.OpenLot(t.TempDir())
	require.NoError(t, err)
	s, err := kafka.New(c, kafka.Options{BatchBytes: 3000, Parking: &balky{Lot: lot}})
	require.NoError(t, err)
	ch := chainOf(t, "edge-1")
	evs := seal(t, ch, 20)
	bad := event.Event{Kind: event.KindSegment, Detail: map[string]string{"thumbnail": "x"}}
	require.NoError(t, ch.Seal(&bad))
	evs = append(append(evs, bad), seal(t, ch, 20)...)
	require.ErrorContains(t, s.Append(deadline(t), evs), "shut")
	sent := s.Stats().Sent
	require.Greater(t, sent, uint64(10))
	require.NoError(t, s.Append(deadline(t), evs))
	require.Equal(t, uint64(40), s.Stats().Sent, "none twice")
	require.Equal(t, uint64(1), s.Stats().Parked)
	got := byNumber(t, read(t, b, c.Name(event.TopicEvents)), "edge-1")
	require.Len(t, got, 40)
	require.NoError(t, s.Append(deadline(t), evs[:5]))
	require.Equal(t, 2, byNumber(t, read(t, b, c.Name(event.TopicEvents)), "edge-1")[1], "a new call sends again")
}
