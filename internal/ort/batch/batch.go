// Package batch stands in front of a model that several cameras share. It joins
// their requests into runs of the model, gives each camera its fair part, answers
// those that waited too long with ErrLate, and moves cameras to another device
// when one is lost.
//
// A Model has one queue for each device. A camera asks through a Lane of its own:
//
//	r, err := lane.Acquire(ctx, [4]int64{1, 3, 384, 640})
//	fill(r.Input())
//	err = r.Run(ctx)
//	read(r.Output(0))
//	r.Release()
//
// Who asks fills its input on its own thread, into memory outside the Go heap
// that is left out of core dumps; workers of the queue do no more than copy,
// run and copy back. In steady state a request allocates nothing.
package batch

import (
	"context"
	"errors"
	"time"
)

// The errors of this package, to be told apart with errors.Is.
var (
	// ErrLate reports a request that was not answered in time. It is a
	// context.DeadlineExceeded as well.
	ErrLate error = lateError{}
	// ErrClosed reports a request to a model that was closed.
	ErrClosed = errors.New("batch: model closed")
	// ErrLost reports a request that was with a device when it failed.
	ErrLost = errors.New("batch: device lost")
	// ErrNoDevice reports that no device runs the model now.
	ErrNoDevice = errors.New("batch: no device runs the model")
	// ErrHung reports a device that did not end a run in time.
	ErrHung = errors.New("batch: device hangs")
)

type lateError struct{}

func (lateError) Error() string        { return "batch: not answered in time" }
func (lateError) Is(target error) bool { return target == context.DeadlineExceeded } //nolint:errorlint // this is Is

// Binding is a set of tensors for one input shape, held by one caller from
// Session.Acquire to Release. *ort.Binding is one.
type Binding interface {
	Input() []float32
	Outputs() int
	Output(i int) []float32
	OutputShape(i int) []int64
	Run(ctx context.Context) error
	Release()
}

// Session is a model on one device. Acquire must not wait for bindings that are
// lent: requests in a queue hold some while a worker takes another.
type Session interface {
	Acquire(ctx context.Context, shape ...int64) (Binding, error)
	Close() error
}

// Options say how a device's queue works. The zero value runs one request at a
// time, in turn.
type Options struct {
	// Batch is how many requests of one shape a run takes at most; 0 means 1,
	// the only choice for a graph of fixed batch. Runs are filled up to 1, 2, 4,
	// … or Batch, so that a device sees few shapes.
	Batch int
	// Wait is how long the first request of a run waits for others. Nobody
	// waits when every camera has asked already.
	Wait time.Duration
	// Workers is how many runs may be under way at once; 0 means 1.
	Workers int
	// Depth is how many requests a camera may have under way; 0 means 2. Further
	// ones wait, so that a camera cannot crowd the queue.
	Depth int
	// Stall is how long a run may take before the device counts as hung; 0
	// means 10 seconds.
	Stall time.Duration
	// Guard surrounds each run and the copying before and after it: it calls what
	// it is given once, on the goroutine that it is called on. Nil calls it plainly.
	Guard func(run func())
	// Faulty tells errors that one request may have brought about, such as values
	// that are no numbers, from those of the device; nil knows none.
	Faulty func(error) bool
	// MostFaulty is how many such runs in a row a device may give before it
	// counts as lost after all; 0 means 5.
	MostFaulty int
}

func (o Options) filled() Options {
	o.Batch, o.Workers = max(o.Batch, 1), max(o.Workers, 1)
	if o.Depth <= 0 {
		o.Depth = 2
	}
	if o.Stall <= 0 {
		o.Stall = 10 * time.Second
	}
	if o.Guard == nil {
		o.Guard = func(run func()) { run() }
	}
	if o.MostFaulty <= 0 {
		o.MostFaulty = 5
	}
	return o
}

// Stats count what a queue did since the device was opened.
type Stats struct {
	Requests uint64 // answered with a result
	Runs     uint64
	Late     uint64 // answered ErrLate
	Failed   uint64 // answered with another error
	Filled   uint64 // places in runs that nobody asked for
	Waiting  int    // now
	Waited   time.Duration
	Running  time.Duration // of runs, by the clock
	CPU      time.Duration // of runs, of the worker's own thread
	Sizes    [8]uint64     // runs of 1, 2, 3–4, 5–8, 9–16, 17–32, 33–64, more requests
}

func (s *Stats) add(o Stats) {
	s.Requests += o.Requests
	s.Runs += o.Runs
	s.Late += o.Late
	s.Failed += o.Failed
	s.Filled += o.Filled
	s.Waiting += o.Waiting
	s.Waited += o.Waited
	s.Running += o.Running
	s.CPU += o.CPU
	for i, n := range o.Sizes {
		s.Sizes[i] += n
	}
}

// sizeClass is the place of n requests in Stats.Sizes.
func sizeClass(n int) int {
	c := 0
	for m := 1; m < n && c < 7; m *= 2 {
		c++
	}
	return c
}
