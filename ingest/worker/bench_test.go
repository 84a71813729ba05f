package worker_test

import (
	"testing"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
)

// BenchmarkSource measures decoding in the worker and the way through shared
// memory, without any consumer.
func BenchmarkSource(b *testing.B) {
	for _, size := range []frame.Size{{W: 1280, H: 720}, {W: 1920, H: 1080}} {
		b.Run(size.String(), func(b *testing.B) {
			path := sourcetest.Video(b, "a.mp4", size, 25, 8, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
			b.SetBytes(int64(size.Bytes()))
			b.ReportAllocs()
			n := 0
			var s *worker.Source
			for b.Loop() {
				for {
					if s == nil {
						b.StopTimer()
						var err error
						if s, err = worker.Start(b.Context(), ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, worker.Options{}); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					r, err := s.Next(b.Context())
					if err == nil {
						r.Release()
						n++
						break
					}
					b.StopTimer()
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					s = nil
					b.StartTimer()
				}
			}
			if s != nil {
				_ = s.Close()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "pictures/s")
		})
	}
}
