package clickhouse_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
)

// matches seals n events as busy edges give them: mostly matches and counters.
func matches(t testing.TB, id string, n int) []event.Event {
	t.Helper()
	c := sinktest.Chain(t, id)
	out := make([]event.Event, n)
	for i := range out {
		e := &out[i]
		*e = event.Event{
			Kind: event.KindMatch, TSQuality: event.TSSynced, SiteID: "site", CameraID: fmt.Sprintf("cam-%d", i%8), SceneID: "scene",
			ZoneID: fmt.Sprintf("zone-%d", i%5), ZoneVersion: 3, SignSetHash: event.Digest{1}, InspectionID: "inspection-1", PolicyVersion: 17,
			NoticeVersion: "n-4", AssessmentID: "pia-2", GateMode: "zone", GateBits: 0xffff, SubjectRef: event.Digest{2, byte(i), byte(i >> 8)},
			ConsentRef: event.Digest{3, byte(i), byte(i >> 8)}, ConsentVersion: 1, GalleryRoot: event.Digest{4}, GallerySize: 100,
			TemplateRef: event.Digest{5, byte(i)}, ModelDigest: event.Digest{6}, Score: 0.6 + float32(i%100)/1000, Threshold: 0.55, Margin: 0.1, Quality: 0.9,
			PayloadEnc: make([]byte, 60), DEKID: "dek",
		}
		if i%10 == 0 {
			*e = event.Event{Kind: event.KindZoneMinute, SiteID: "site", CameraID: "cam-1", ZoneID: "zone-1", Detail: map[string]string{"pictures": "1500", "full_mask": "0", "people": "12"}}
		}
		require.NoError(t, c.Seal(e))
	}
	return out
}

// BenchmarkAppend tells what an insert costs, all derived tables included.
func BenchmarkAppend(b *testing.B) {
	evs := matches(b, "edge", 50_000)
	for _, batch := range []int{1000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			_, conn, v := engine(b)
			s := open(b, conn, clickhouse.Options{Variant: v, Verified: true})
			require.NoError(b, s.Append(b.Context(), matches(b, "warm", 10)))
			n := 0
			for b.Loop() {
				part := evs[:batch]
				for i := range part {
					part[i].ChainID = fmt.Sprintf("edge-%d", n) // another chain each time
				}
				require.NoError(b, s.Append(b.Context(), part))
				n++
			}
			b.ReportMetric(float64(n*batch)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
