package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The pauses before a lost device is tried again: doubled each time.
const (
	firstPause = time.Second
	mostPause  = time.Minute
)

// Device is a place where a model can run.
type Device struct {
	Name string // for logs and metrics, e.g. "cuda:0"
	Options
	// Open loads the model there.
	Open func() (Session, error)
	// LastResort devices serve only while no other does.
	LastResort bool
}

// ModelOptions are common to a model's devices.
type ModelOptions struct {
	// Changed is told when a device is lost, cannot be had again, or serves
	// again (nil error). It must not block. Nil tells nobody.
	Changed func(device string, err error)
}

// Model is a model on one or more devices.
type Model struct {
	name    string
	o       ModelOptions
	devices []*device
	fallen  chan struct{} // wakes the nurse
	stop    context.CancelFunc
	nursing sync.WaitGroup // waited for by Close

	mu     sync.Mutex
	closed bool
}

// device is a Device and what became of it.
type device struct {
	Device
	name  string
	index int
	shape atomic.Pointer[[4]int64] // asked for first; tried when it is opened again
	queue atomic.Pointer[queue]    // nil while it is lost
	lanes atomic.Int32

	// Under the model's lock.
	err    error
	since  time.Time
	retry  time.Time
	pause  time.Duration
	losses uint64
	before Stats           // of queues that ended
	over   <-chan struct{} // closed when the last queue is; nil when there was none
	dying  *queue
}

// NewModel opens the model on every device. One that cannot be opened is tried
// again later; it fails when none can.
//
//nolint:contextcheck // loading a model cannot be broken off
func NewModel(name string, devices []Device, o ModelOptions) (*Model, error) {
	ctx, stop := context.WithCancel(context.Background())
	m := &Model{name: name, o: o, fallen: make(chan struct{}, 1), stop: stop}
	var errs []error
	for i, d := range devices {
		dev := &device{Device: d, name: d.Name, index: i, since: time.Now()}
		m.devices = append(m.devices, dev)
		if err := m.open(dev); err != nil {
			errs = append(errs, fmt.Errorf("batch: %s on %s: %w", name, d.Name, err))
			dev.err, dev.pause, dev.retry = err, firstPause, time.Now().Add(firstPause)
		}
	}
	if len(errs) == len(devices) {
		stop()
		return nil, errors.Join(append(errs, fmt.Errorf("%w: %s", ErrNoDevice, name))...)
	}
	m.nursing.Go(func() { m.nurse(ctx) })
	return m, nil
}

// open loads the model on a device and lets cameras at it.
//
//nolint:contextcheck // loading a model cannot be broken off
func (m *Model) open(d *device) error {
	s, err := d.Open()
	if err != nil {
		return err
	}
	if shape := d.shape.Load(); shape != nil {
		// A device that loads a model may still fail to run it.
		b, err := s.Acquire(context.Background(), shape[:]...)
		if err == nil {
			err = b.Run(context.Background())
			b.Release()
		}
		if err != nil && (d.Faulty == nil || !d.Faulty(err)) {
			return errors.Join(err, s.Close())
		}
	}
	d.queue.Store(newQueue(s, d.Options, func(err error) { m.lose(d, err) }))
	return nil
}

// lose takes a device out of service. Its queue has ended already.
func (m *Model) lose(d *device, err error) {
	m.mu.Lock()
	q := d.queue.Swap(nil)
	if q == nil || m.closed {
		m.mu.Unlock()
		return
	}
	now := time.Now()
	if now.Sub(d.since) > mostPause {
		d.pause = 0 // it served well for long
	}
	d.pause = min(max(2*d.pause, firstPause), mostPause)
	d.err, d.since, d.retry = err, now, now.Add(d.pause)
	d.losses++
	d.dying = q
	m.mu.Unlock()
	if m.o.Changed != nil {
		m.o.Changed(d.name, err)
	}
	select {
	case m.fallen <- struct{}{}:
	default:
	}
}

// nurse closes lost devices and opens them again when their pause is over.
func (m *Model) nurse(ctx context.Context) {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		m.bury()
		next := m.revive(time.Now()) //nolint:contextcheck // loading a model cannot be broken off
		if next <= 0 {
			next = time.Hour
		}
		t.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-m.fallen:
		case <-t.C:
		}
	}
}

// bury closes the queues of lost devices.
func (m *Model) bury() {
	for _, d := range m.devices {
		m.mu.Lock()
		q := d.dying
		d.dying = nil
		m.mu.Unlock()
		if q == nil {
			continue
		}
		over, _ := q.close(ErrLost) // why it was lost is known
		m.mu.Lock()
		d.before.add(q.snapshot())
		d.over = over
		m.mu.Unlock()
	}
}

// revive opens devices whose pause is over and returns how long until the next.
// One that still hangs is left alone until it has come to an end.
func (m *Model) revive(now time.Time) (next time.Duration) {
	for _, d := range m.devices {
		m.mu.Lock()
		due, over, lost := d.retry, d.over, d.queue.Load() == nil
		m.mu.Unlock()
		if !lost {
			continue
		}
		if hangs(over) {
			next = soonest(next, firstPause)
			continue
		}
		if left := due.Sub(now); left > 0 {
			next = soonest(next, left)
			continue
		}
		err := m.open(d)
		m.mu.Lock()
		d.since, d.err = now, err
		if err != nil {
			d.pause = min(2*d.pause, mostPause)
			d.retry = now.Add(d.pause)
			next = soonest(next, d.pause)
		}
		m.mu.Unlock()
		if m.o.Changed != nil {
			m.o.Changed(d.name, err)
		}
	}
	return next
}

func hangs(over <-chan struct{}) bool {
	if over == nil {
		return false
	}
	select {
	case <-over:
		return false
	default:
		return true
	}
}

func soonest(a, b time.Duration) time.Duration {
	if a <= 0 {
		return b
	}
	return min(a, b)
}

// Lane makes a camera's way to the model. The camera is placed on the device
// that has the fewest.
func (m *Model) Lane(name string, o LaneOptions) *Lane {
	if o.Weight <= 0 {
		o.Weight = 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &Lane{m: m, name: name, o: o, seats: make([]*seat, len(m.devices))}
	for _, d := range m.devices {
		if !d.LastResort && (l.home == nil || d.lanes.Load() < l.home.lanes.Load()) {
			l.home = d
		}
	}
	if l.home != nil {
		l.home.lanes.Add(1)
	}
	return l
}

func (m *Model) left(home *device) {
	if home != nil {
		home.lanes.Add(-1)
	}
}

// choose is the device that serves a camera now: its own, else another of the
// same rank with the fewest cameras, else one of last resort.
func (m *Model) choose(home *device) (*device, *queue) {
	if home != nil {
		if q := home.queue.Load(); q != nil {
			return home, q
		}
	}
	var best *device
	var queue *queue
	for _, d := range m.devices {
		q := d.queue.Load()
		if q == nil {
			continue
		}
		if best == nil || best.LastResort && !d.LastResort ||
			best.LastResort == d.LastResort && d.lanes.Load() < best.lanes.Load() {
			best, queue = d, q
		}
	}
	return best, queue
}

// none says why no device serves.
func (m *Model) none() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	errs := []error{ErrNoDevice}
	for _, d := range m.devices {
		if d.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.name, d.err))
		}
	}
	return errors.Join(errs...)
}

// Status is what a device does now.
type Status struct {
	Device     string
	Up         bool
	LastResort bool
	Err        string // why it is not up
	Since      time.Time
	Retry      time.Time // zero while it is up
	Losses     uint64
	Lanes      int // cameras placed here
	Stats      Stats
}

// Status tells of every device, in the order given.
func (m *Model) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Status, 0, len(m.devices))
	for _, d := range m.devices {
		st := Status{Device: d.name, LastResort: d.LastResort, Since: d.since, Losses: d.losses, Lanes: int(d.lanes.Load()), Stats: d.before}
		if q := d.queue.Load(); q != nil {
			st.Up = true
			st.Stats.add(q.snapshot())
		} else {
			st.Retry = d.retry
			if d.err != nil {
				st.Err = d.err.Error()
			}
		}
		out = append(out, st)
	}
	return out
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// Close ends the service: requests that wait are answered ErrClosed, runs under
// way are finished, sessions are closed. It waits for requests that are still
// held. A device that hangs is left behind after a few seconds, with ErrHung.
// Further calls return nil.
func (m *Model) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.nursing.Wait()
	m.bury()
	var errs []error
	for _, d := range m.devices {
		if q := d.queue.Swap(nil); q != nil {
			_, err := q.close(ErrClosed)
			errs = append(errs, err)
			m.mu.Lock()
			d.before.add(q.snapshot())
			m.mu.Unlock()
		}
	}
	return errors.Join(errs...)
}
