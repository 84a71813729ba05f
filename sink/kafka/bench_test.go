package kafka_test

import (
	"bytes"
	"context"
	"testing"

	lib "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
	"bystander/sink/spool"
)

// matches seals n events as an edge sends them most.
func matches(t testing.TB, chain string, n int) []event.Event {
	t.Helper()
	ch, err := event.NewChain(event.ChainConfig{ID: chain, Key: key})
	require.NoError(t, err)
	out := make([]event.Event, n)
	d := func(b int) event.Digest {
		return event.Digest(bytes.Repeat([]byte{byte(b), byte(b * 7), 3, byte(b * 13)}, 8))
	}
	for i := range out {
		out[i] = event.Event{
			TSQuality: event.TSSynced, Kind: event.KindMatch, SiteID: "station-hall", CameraID: "cam-3", SceneID: "gate-a",
			ZoneID: "gate-a-east", ZoneVersion: 3, SignSetHash: d(1), InspectionID: "insp-2026-05", PolicyVersion: 71, NoticeVersion: "n-7",
			AssessmentID: "pia-4", GateMode: "zone", GateBits: 0xffffffff, SubjectRef: d(i), ConsentRef: d(i + 1), ConsentVersion: 2,
			GalleryRoot: d(4), GallerySize: 1000, TemplateRef: d(i + 2), ModelDigest: d(6), Score: 0.5 + float32(i%97)/200, Threshold: 0.363,
			Margin: 0.21 + float32(i%31)/500, Quality: 0.87, PAD: "live", ReceiptID: "01890a5d-ac96-774b-bcce-b302099a8057",
			PayloadEnc: bytes.Repeat([]byte{byte(i), byte(i >> 3), byte(i * 31), 0x55}, 20), DEKID: "dek-17",
		}
		require.NoError(t, ch.Seal(&out[i]))
	}
	return out
}

// BenchmarkProduce compares ways to hand the same batch to the broker, in one
// run: ours, the library's client, and the library's writer.
func BenchmarkProduce(b *testing.B) {
	br := broker.Start(b, broker.Options{Shared: true})
	const n = 4096
	evs := matches(b, "bench", n)
	ctx := context.Background()
	for _, codec := range []string{"zstd", "lz4", "none"} {
		c := open(b, kafkax.Config{Brokers: []string{br.Addr()}, TopicPrefix: "bench." + codec, Compression: codec})
		_, err := c.EnsureTopics(deadline(b), kafkax.TopicOptions{Partitions: 1})
		require.NoError(b, err)
		topic := c.Name(event.TopicEvents)
		lot, err := kafka.OpenLot(b.TempDir())
		require.NoError(b, err)
		s, err := kafka.New(c, kafka.Options{Parking: lot})
		require.NoError(b, err)
		each := func(b *testing.B, do func() error) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
		}
		b.Run(codec+"/ours", func(b *testing.B) { each(b, func() error { return s.Append(ctx, evs) }) })
		b.Run(codec+"/client", func(b *testing.B) {
			each(b, func() error {
				for at := 0; at < n; at += 512 {
					recs := make([]lib.Record, 0, 512)
					for i := at; i < at+512; i++ {
						m, err := kafkax.EventRecord(&evs[i])
						if err != nil {
							return err
						}
						recs = append(recs, lib.Record{Time: m.Time, Key: lib.NewBytes(m.Key), Value: lib.NewBytes(m.Value), Headers: m.Headers})
					}
					if _, err := c.Kafka().Produce(ctx, &lib.ProduceRequest{Topic: topic, RequiredAcks: lib.RequireAll, Compression: code(c), Records: lib.NewRecordReader(recs...)}); err != nil {
						return err
					}
				}
				return nil
			})
		})
		b.Run(codec+"/writer", func(b *testing.B) {
			w := &lib.Writer{
				Addr: lib.TCP(br.Addr()), Topic: topic, RequiredAcks: lib.RequireAll, Compression: code(c), Balancer: lib.Murmur2Balancer{},
				BatchSize: 512, BatchBytes: 900 << 10, Transport: c.Kafka().Transport,
			}
			each(b, func() error {
				ms := make([]lib.Message, n)
				for i := range ms {
					var err error
					if ms[i], err = kafkax.EventRecord(&evs[i]); err != nil {
						return err
					}
				}
				return w.WriteMessages(ctx, ms...)
			})
			require.NoError(b, w.Close())
		})
	}
}

// BenchmarkSpoolToKafka is the edge's whole way: from the spool's files to all
// replicas' acknowledgement, cursor included.
func BenchmarkSpoolToKafka(b *testing.B) {
	br := broker.Start(b, broker.Options{Shared: true})
	c := open(b, kafkax.Config{Brokers: []string{br.Addr()}, TopicPrefix: "bench.pump"})
	_, err := c.EnsureTopics(deadline(b), kafkax.TopicOptions{Partitions: 1})
	require.NoError(b, err)
	lot, err := kafka.OpenLot(b.TempDir())
	require.NoError(b, err)
	s, err := kafka.New(c, kafka.Options{Parking: lot})
	require.NoError(b, err)
	const n = 60000
	sp, err := spool.Open(b.TempDir(), spool.Options{})
	require.NoError(b, err)
	defer sp.Close()
	evs := matches(b, "bench", n)
	for i := 0; i < n; i += 2000 {
		require.NoError(b, sp.Append(context.Background(), evs[i:i+2000]))
	}
	name := []byte("aaaa")
	b.ReportAllocs()
	for b.Loop() {
		name[0]++
		cur, err := sp.Consumer(string(name))
		require.NoError(b, err)
		p := spool.NewPump(cur, s, spool.PumpOptions{Batch: 4096})
		require.NoError(b, p.Drain(context.Background()))
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
}

func code(c *kafkax.Client) lib.Compression {
	if c.Codec() == nil {
		return 0
	}
	return lib.Compression(c.Codec().Code())
}
