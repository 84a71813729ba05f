package batch_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"bystander/internal/ort/batch"
)

var (
	errDevice = errors.New("device says no")
	errNaN    = errors.New("no numbers")
)

// fake is a session that doubles each value. Fault injected here reaches the
// queue the way a provider's would.
type fake struct {
	takes  time.Duration // of a run
	broken atomic.Bool   // every run fails
	hangs  chan struct{} // when set, runs wait for it

	mu      sync.Mutex
	runs    []int // sizes, in order
	served  []float32
	lent    int
	most    int // runs at once
	now     int
	closed  bool
	closing int // bindings lent when it was closed
}

type binding struct {
	f       *fake
	in, out []float32
	shape   []int64
}

func (f *fake) Acquire(ctx context.Context, shape ...int64) (batch.Binding, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lent++
	n := shape[0] * shape[1] * shape[2] * shape[3]
	return &binding{f: f, in: make([]float32, n), out: make([]float32, n), shape: append([]int64(nil), shape...)}, nil
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.closing = true, f.lent
	return nil
}

func (b *binding) Input() []float32        { return b.in }
func (b *binding) Outputs() int            { return 1 }
func (b *binding) Output(int) []float32    { return b.out }
func (b *binding) OutputShape(int) []int64 { return b.shape }

func (b *binding) Release() {
	b.f.mu.Lock()
	b.f.lent--
	b.f.mu.Unlock()
}

func (b *binding) Run(context.Context) error {
	f := b.f
	f.mu.Lock()
	f.runs = append(f.runs, int(b.shape[0]))
	one := len(b.in) / int(b.shape[0])
	for i := 0; i < len(b.in); i += one {
		f.served = append(f.served, b.in[i])
	}
	f.now++
	f.most = max(f.most, f.now)
	takes := f.takes
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.now--; f.mu.Unlock() }()
	if takes > 0 {
		time.Sleep(takes) // in a bubble of its own time
	}
	if f.hangs != nil {
		<-f.hangs
	}
	if f.broken.Load() {
		return errDevice
	}
	for i, v := range b.in {
		if math.IsNaN(float64(v)) {
			return errNaN
		}
		b.out[i] = 2 * v
	}
	return nil
}

func (f *fake) quicken(takes time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.takes = takes
}

func (f *fake) history() (runs []int, served []float32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]int(nil), f.runs...), append([]float32(nil), f.served...)
}

func faulty(err error) bool { return errors.Is(err, errNaN) }

// ask makes one request that holds v and returns the answer.
func ask(ctx context.Context, l *batch.Lane, v float32, side int64) (float32, error) {
	r, err := l.Acquire(ctx, [4]int64{1, 1, side, side})
	if err != nil {
		return 0, err
	}
	defer r.Release()
	in := r.Input()
	for i := range in {
		in[i] = v
	}
	if err := r.Run(ctx); err != nil {
		return 0, err
	}
	out := r.Output(0)
	for _, x := range out {
		if x != out[0] {
			return 0, errors.New("answers are mixed")
		}
	}
	return out[0], nil
}

func device(name string, f *fake, o batch.Options) batch.Device {
	o.Faulty = faulty
	return batch.Device{Name: name, Options: o, Open: func() (batch.Session, error) {
		if f.broken.Load() {
			return nil, errDevice
		}
		return f, nil
	}}
}
