package redact_test

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// crowd is twelve faces and nine persons, about an eighth of a 1280×720
// picture.
func crowd(at time.Duration) []redact.Target {
	var ts []redact.Target
	for i := range 12 {
		w := walker{from: geom.BoxAt(float32(60+100*i), 330, 50, 64), vx: 20, vy: 3}
		ts = append(ts, face(uint64(i), w.at(at)))
	}
	for i := range 9 {
		w := walker{from: geom.BoxAt(float32(80+130*i), 560, 64, 190), vx: 20}
		ts = append(ts, person(uint64(100+i), w.at(at)))
	}
	return ts
}

// BenchmarkPicture is everything for one picture of 1280×720: taking in,
// planning, painting, sealing. The figure "cpu-ns/op" is processor time without
// the making of the picture, so it holds on a busy machine too.
func BenchmarkPicture(b *testing.B) {
	for _, style := range []redact.Style{redact.StyleFrost, redact.StyleMosaic, redact.StyleSolid} {
		b.Run(string(style), func(b *testing.B) { benchmarkPicture(b, style, crowd) })
	}
	b.Run("nobody", func(b *testing.B) {
		benchmarkPicture(b, redact.StyleFrost, func(time.Duration) []redact.Target { return nil })
	})
}

func benchmarkPicture(b *testing.B, style redact.Style, seen func(time.Duration) []redact.Target) {
	size := frame.Size{W: 1280, H: 720}
	cfg := redact.DefaultConfig()
	cfg.Style = style
	pool := frame.NewPool(cfg.Hold + 2)
	defer pool.Close()
	red, err := redact.New(cfg, redact.Nobody{})
	if err != nil {
		b.Fatal(err)
	}
	defer red.Close()
	src := make([]byte, size.Bytes())
	scribble(frame.PlanesOver(src, size), 1)
	sights := make([]redact.Sighting, 64)
	for i := range sights {
		if i%3 == 0 {
			sights[i] = look(seen(time.Duration(i) * 40 * time.Millisecond)...)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own int64
	var area float32
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		raw, err := pool.Get(size)
		if err != nil {
			b.Fatal(err)
		}
		raw.Planes().CopyFrom(frame.PlanesOver(src, size))
		raw.Seq, raw.PTS = uint64(i), time.Duration(i)*40*time.Millisecond
		if raw.Epoch = uint32(i / len(sights)); i%len(sights) == 0 {
			red.Flush()
			release(red)
		}
		start := threadTime(b)
		if err := red.Push(raw, sights[i%len(sights)]); err != nil {
			b.Fatal(err)
		}
		for o, ok := red.Pop(); ok; o, ok = red.Pop() {
			area = max(area, o.Stats.Area)
			o.Release()
		}
		own += threadTime(b) - start
		i++
	}
	b.ReportMetric(float64(own)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(area), "area")
}

// threadTime is the processor time of this thread in nanoseconds.
func threadTime(b *testing.B) int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return ts.Nano()
}

func release(red *redact.Redactor) {
	for o, ok := red.Pop(); ok; o, ok = red.Pop() {
		o.Release()
	}
}
