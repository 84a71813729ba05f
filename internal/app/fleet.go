package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"bystander/ingest"
	"bystander/internal/config"
	"bystander/internal/frame"
)

// errStopping is the answer to a change that comes while the program ends.
var errStopping = errors.New("the program is ending; the change holds with its next start")

// post is how a camera is to run.
type post struct {
	config.Camera
	Paused bool // kept on the list, without any connection to the camera
}

// fleet is the cameras in operation, and the one place that knows which they
// are: whoever needs a camera asks here. Changes are made by the goroutine of
// run, one after the other; a change of one camera leaves the others alone.
type fleet struct {
	open  func(ctx context.Context, p post) (*camera, error)
	left  func(id string) // drops what others keep of a camera that is gone; may be nil
	asked chan func(ctx context.Context)
	over  chan struct{} // closed when run has ended

	mu    sync.RWMutex
	by    map[string]*camera
	order []string // ids, sorted
}

func newFleet(open func(ctx context.Context, p post) (*camera, error)) *fleet {
	return &fleet{
		open: open, by: map[string]*camera{},
		asked: make(chan func(context.Context)), over: make(chan struct{}),
	}
}

// get returns a camera in operation.
func (f *fleet) get(id string) (*camera, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	c, ok := f.by[id]
	return c, ok
}

// all returns the cameras in operation, by id.
func (f *fleet) all() []*camera {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := make([]*camera, len(f.order))
	for i, id := range f.order {
		out[i] = f.by[id]
	}
	return out
}

func (f *fleet) put(c *camera) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.by[c.cfg.ID]; !ok {
		f.order = append(f.order, c.cfg.ID)
		slices.Sort(f.order)
	}
	f.by[c.cfg.ID] = c
}

// take opens a camera; it begins with run, or at once when that runs already.
func (f *fleet) take(ctx context.Context, p post) error {
	c, err := f.open(ctx, p)
	if err == nil {
		f.put(c)
	}
	return err
}

// run runs the cameras, and makes changes, until ctx ends. Then it waits for
// every camera.
func (f *fleet) run(ctx context.Context) {
	defer close(f.over)
	for _, c := range f.all() {
		f.begin(ctx, c)
	}
	for {
		select {
		case change := <-f.asked:
			change(ctx)
		case <-ctx.Done():
			for _, c := range f.all() {
				<-c.done
			}
			return
		}
	}
}

// begin lets a camera run until ctx or the camera is ended.
func (f *fleet) begin(ctx context.Context, c *camera) {
	ctx, c.stop = context.WithCancel(ctx)
	c.done = make(chan struct{})
	go func() { // waited for by end, and by run
		defer close(c.done)
		c.run(ctx)
	}()
}

// end stops a camera and waits until nothing of it is left.
func (f *fleet) end(c *camera) {
	c.stop()
	<-c.done
}

// do has run make a change, and waits for it. A change that was begun is made
// even if ctx ends meanwhile.
func (f *fleet) do(ctx context.Context, change func(ctx context.Context) error) error {
	made := make(chan error, 1)
	select {
	case f.asked <- func(ctx context.Context) { made <- change(ctx) }:
	case <-f.over:
		return errStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-made:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// apply makes one camera run as wanted says when it is asked, which is not
// before every earlier change was made: the last word of whoever keeps the
// cameras holds, in whichever order changes arrive.
func (f *fleet) apply(ctx context.Context, id string, wanted func(ctx context.Context) (post, bool, error)) error {
	return f.do(ctx, func(ctx context.Context) error {
		p, keep, err := wanted(ctx)
		if err != nil {
			return err
		}
		if !keep {
			f.remove(id)
			return nil
		}
		return f.set(ctx, p)
	})
}

// set begins a camera, or lets it go on in another way. Its id stays on the list
// meanwhile. A new name alone disturbs nobody.
func (f *fleet) set(ctx context.Context, p post) error {
	if was, ok := f.get(p.ID); ok {
		same := was.post()
		same.Name = p.Name
		if same == p && was.failed() == nil {
			was.rename(p.Name)
			return nil
		}
		f.end(was)
	}
	if err := f.take(ctx, p); err != nil {
		f.forget(p.ID)
		return err
	}
	c, _ := f.get(p.ID)
	f.begin(ctx, c)
	return nil
}

// remove ends a camera for good.
func (f *fleet) remove(id string) {
	c, ok := f.get(id)
	if !ok {
		return
	}
	f.end(c)
	f.forget(id)
}

func (f *fleet) forget(id string) {
	f.mu.Lock()
	delete(f.by, id)
	f.order = slices.DeleteFunc(f.order, func(x string) bool { return x == id })
	f.mu.Unlock()
	if f.left != nil {
		f.left(id)
	}
}

// close ends the sources of cameras that never came to run; closing one twice
// is harmless.
func (f *fleet) close() error {
	var errs []error
	for _, c := range f.all() {
		errs = append(errs, c.src.Close())
	}
	return errors.Join(errs...)
}

// statePaused is the state of a camera that somebody paused.
const statePaused ingest.State = "paused"

// idle is the source of a paused camera: nothing reaches the camera, and no
// picture comes of it.
type idle struct {
	since time.Time
	once  sync.Once
	ended chan struct{}
}

func newIdle() *idle { return &idle{since: time.Now(), ended: make(chan struct{})} }

// Next implements ingest.Source: it waits for the end.
func (s *idle) Next(ctx context.Context) (*frame.Raw, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.ended:
		return nil, ingest.ErrClosed
	}
}

// Health implements ingest.Source.
func (s *idle) Health() ingest.Health { return ingest.Health{State: statePaused, Since: s.since} }

// Negotiate implements ingest.Source.
func (s *idle) Negotiate(context.Context, string) (string, error) {
	return "", ingest.Errorf(ingest.CodeConfig, "the camera is paused; whoever paused it can let it go on")
}

// Close implements ingest.Source.
func (s *idle) Close() error {
	s.once.Do(func() { close(s.ended) })
	return nil
}
