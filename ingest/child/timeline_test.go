package child

import (
	"testing"
	"time"

	"bystander/ingest/driver"
	"bystander/internal/frame"
)

// The timeline is tested from within: it is the one part of the worker whose
// inputs cannot all be provoked through a real camera.

type step struct {
	in       int64
	pts      time.Duration
	ticks    int64
	newEpoch bool
	drop     bool
}

func TestTimeline(t *testing.T) {
	const ms = time.Millisecond
	base := frame.Rational{Num: 1, Den: 1000}
	rate := frame.Rational{Num: 25, Den: 1}
	for name, c := range map[string]struct {
		live  bool
		steps []step
	}{
		"regular": {true, []step{
			{in: 500, ticks: 500, newEpoch: true}, {in: 540, pts: 40 * ms, ticks: 540}, {in: 580, pts: 80 * ms, ticks: 580},
		}},
		"live: doubled stamp": {true, []step{
			{in: 0, newEpoch: true}, {in: 0, pts: 1 * ms, ticks: 1}, {in: 40, pts: 40 * ms, ticks: 40},
		}},
		"live: a late picture is left out": {true, []step{
			{in: 0, newEpoch: true}, {in: 80, pts: 80 * ms, ticks: 80}, {in: 40, drop: true}, {in: 120, pts: 120 * ms, ticks: 120},
		}},
		"live: clock falls back": {true, []step{
			{in: 9000, ticks: 9000, newEpoch: true},
			{in: 9040, pts: 40 * ms, ticks: 9040},
			{in: 100, ticks: 100, newEpoch: true},
			{in: 140, pts: 40 * ms, ticks: 140},
		}},
		"live: clock jumps ahead": {true, []step{
			{in: 0, newEpoch: true},
			{in: 5000, pts: 5000 * ms, ticks: 5000},
			{in: 10001, ticks: 10001, newEpoch: true},
			{in: 10041, pts: 40 * ms, ticks: 10041},
		}},
		"file: a long pause is kept": {false, []step{
			{in: 0, newEpoch: true}, {in: 60000, pts: 60000 * ms, ticks: 60000},
		}},
		"file: no stamps at all": {false, []step{
			{in: driver.NoPTS, newEpoch: true},
			{in: driver.NoPTS, pts: 40 * ms, ticks: 40},
			{in: driver.NoPTS, pts: 80 * ms, ticks: 80},
		}},
		"file: doubled and swapped stamps": {false, []step{
			{in: 0, newEpoch: true},
			{in: 80, pts: 80 * ms, ticks: 80},
			{in: 40, pts: 81 * ms, ticks: 81},
			{in: 81, pts: 82 * ms, ticks: 82},
			{in: 120, pts: 120 * ms, ticks: 120},
		}},
		"file: joined from two": {false, []step{
			{in: 5000, ticks: 5000, newEpoch: true},
			{in: 5040, pts: 40 * ms, ticks: 5040},
			{in: 0, ticks: 5080, newEpoch: true},
			{in: 40, pts: 40 * ms, ticks: 5120},
			{in: 80, pts: 80 * ms, ticks: 5160},
		}},
		"file: negative start": {false, []step{
			{in: -80, ticks: -80, newEpoch: true}, {in: -40, pts: 40 * ms, ticks: -40},
		}},
		"absurd stamps": {true, []step{
			{in: 1<<63 - 1, newEpoch: true}, {in: -1 << 62, pts: 40 * ms, ticks: 40},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := timeline{live: c.live}
			l.open(base, rate)
			for i, s := range c.steps {
				want := stamp{pts: s.pts, ticks: s.ticks, newEpoch: s.newEpoch, drop: s.drop}
				if got := l.next(s.in); got != want {
					t.Fatalf("step %d (%d): got %+v, want %+v", i, s.in, got, want)
				}
			}
		})
	}
}

func FuzzTimeline(f *testing.F) {
	f.Add(true, int64(1), int64(90000), int64(0), int64(3600), int64(-5), int64(1<<40))
	f.Add(false, int64(1001), int64(30000), int64(-1<<63), int64(1<<62), int64(-1<<62), int64(7))
	f.Fuzz(func(t *testing.T, live bool, num, den, a, b, c, d int64) {
		base := frame.Rational{Num: int(num), Den: int(den)}
		if !base.Valid() || num > 1<<31-1 || den > 1<<31-1 {
			return
		}
		l := timeline{live: live}
		l.open(base, frame.Rational{})
		var last stamp
		for i, in := range []int64{a, b, c, d, a, d, driver.NoPTS, c, b} {
			s := l.next(in)
			if s.drop {
				continue
			}
			switch {
			case i > 0 && !s.newEpoch && s.pts <= last.pts:
				t.Fatalf("%d: time stands still: %+v after %+v", i, s, last)
			case s.newEpoch && s.pts != 0, s.pts < 0:
				t.Fatalf("%d: epoch begins at %v", i, s.pts)
			case i > 0 && !live && s.ticks <= last.ticks:
				t.Fatalf("%d: ticks %d after %d", i, s.ticks, last.ticks)
			}
			last = s
		}
	})
}
