package writer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	chserver "bystander/internal/testkit/clickhouse"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/sinktest"
	"bystander/sink/writer"
)

// discard is a store that keeps nothing.
func discard() writer.Store {
	return writer.Store{
		Append: func(context.Context, []*event.Event) error { return nil },
		State:  func(context.Context, string) (uint64, []writer.Gap, error) { return 0, nil, nil },
	}
}

// BenchmarkWriter tells how fast events go from a real broker into the real
// engine, verified; beside it, in the same run, the same without a store.
func BenchmarkWriter(b *testing.B) {
	const n = 100_000
	c, err := event.NewChain(event.ChainConfig{ID: "edge", Key: sinktest.Key})
	require.NoError(b, err)
	evs := make([]event.Event, n)
	for i := range evs {
		evs[i] = event.Event{
			Kind: event.KindMatch, SiteID: "site", CameraID: "cam", SceneID: "scene", ZoneID: "zone", ZoneVersion: 2, PolicyVersion: 7, NoticeVersion: "n",
			GateMode: "zone", SubjectRef: event.Digest{1, byte(i)}, ConsentRef: event.Digest{2, byte(i)}, ConsentVersion: 1, GallerySize: 10,
			Score: 0.7, Threshold: 0.6, Margin: 0.1, Quality: 0.9, PayloadEnc: make([]byte, 60), DEKID: "k",
		}
		require.NoError(b, c.Seal(&evs[i]))
	}
	bus := newBus(b, broker.Start(b, broker.Options{}), 4)
	for i := 0; i < n; i += 5000 {
		bus.send(evs[i : i+5000]...)
	}
	for name, store := range map[string]func(b *testing.B) writer.Store{
		"engine": func(b *testing.B) writer.Store {
			return writer.ClickHouse(chstore(b, chserver.StartEngine(b, chserver.Options{})))
		},
		"nothing": func(*testing.B) writer.Store { return discard() },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				o := quick(store(b))
				o.Batch, o.Wait = 25_000, 500*time.Millisecond
				b.StartTimer()
				w, stop := start(b, bus.c, o)
				tick := time.NewTicker(time.Millisecond)
				for w.Status().Stored == 0 { // joining the group takes seconds of its own
					<-tick.C
				}
				begun, first := time.Now(), w.Status().Stored
				for w.Status().Stored < n {
					<-tick.C
				}
				b.ReportMetric(float64(n-first)/time.Since(begun).Seconds(), "events/s")
				b.StopTimer()
				tick.Stop()
				stop()
				b.StartTimer()
			}
		})
	}
}
