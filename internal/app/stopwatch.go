package app

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"bystander/internal/observe"
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
type stopwatch struct {
	spent [stages]atomic.Int64
	took  *observe.Camera // gets how long parts of a look last; nil for nobody
}

func nothing() {}

// stint is a stage under way.
type stint struct {
	w    *stopwatch
	s    stage
	from time.Duration // processor time
	at   time.Time
}

// start begins a stage, which the stint's stop ends. Both must be called on one
// locked thread, since processor time is the thread's.
func (w *stopwatch) start(s stage) stint {
	if w == nil {
		return stint{}
	}
	return stint{w, s, threadTime(), time.Now()}
}

func (l stint) stop() {
	if l.w == nil {
		return
	}
	l.w.spent[l.s].Add(int64(threadTime() - l.from))
	if l.s <= stageMatch {
		l.w.took.Part(lookParts[l.s], time.Since(l.at))
	}
}

// lookParts are the parts of a look by their stages.
var lookParts = [...]observe.Part{
	stageGuard: observe.PartGuard, stageFaces: observe.PartFaces, stagePersons: observe.PartPersons,
	stageTrack: observe.PartTrack, stageMatch: observe.PartMatch,
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
