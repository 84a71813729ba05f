package app

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// stage names a part of the work on a picture, for the speed report.
type stage int

const (
	stageGuard stage = iota
	stageFaces
	stagePersons
	stageTrack
	stageMatch
	stageCover
	stageEncode
	stageSinks
	stages
)

var stageNames = [stages]string{"guard", "faces", "persons", "track", "match", "cover", "encode", "sinks"}

// stopwatch adds up the processor time that each stage takes. A nil stopwatch
// measures nothing.
type stopwatch struct{ spent [stages]atomic.Int64 }

func nothing() {}

// start begins a stage; the returned function ends it. Both must be called on
// one locked thread, since processor time is the thread's.
func (w *stopwatch) start(s stage) (stop func()) {
	if w == nil {
		return nothing
	}
	from := threadTime()
	return func() { w.spent[s].Add(int64(threadTime() - from)) }
}

// add notes processor time that a stage took on another thread.
func (w *stopwatch) add(s stage, d time.Duration) {
	if w != nil {
		w.spent[s].Add(int64(d))
	}
}

// total returns what a stage has taken so far.
func (w *stopwatch) total(s stage) time.Duration { return time.Duration(w.spent[s].Load()) }

// threadTime is the processor time that the calling thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
