package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"bystander/api"
	"bystander/ingest"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// betweenSides bounds the pictures that were looked at and wait to be covered.
const betweenSides = 3

// outlet takes finished pictures, which it releases.
type outlet interface {
	take(o redact.Out) error
}

// toDeliver bounds the finished pictures that wait to be encoded. It is small:
// what is permitted was asked when they were finished.
const toDeliver = 1

// pipeline carries one camera's pictures from source to outlet: one goroutine
// looks, one covers, one encodes and hands on.
type pipeline struct {
	id     string
	src    ingest.Source
	looker *looker
	redact redact.Config
	shape  func() uint64                     // changes when rules does; nil never
	rules  func(redact.Config) redact.Config // what the scene adds now; nil nothing
	// covered, when set, is told how much of a person the masks cover from now on.
	covered func(redact.Coverage)
	may     redact.Permission
	out     outlet
	stats   *cameraStats
	clock   *stopwatch
	passage *passage // measures; nil for nobody
	// suspect, when set, tells that pictures must be covered as a whole.
	suspect func() bool

	free chan *seen // recycled
}

// run works until the source ends, which is no error, or ctx does. Pictures
// under way are finished first, unless the outlet fails.
func (p *pipeline) run(ctx context.Context) error {
	p.free = make(chan *seen, betweenSides+2)
	p.looker.hold = p.redact.Hold
	between, done := make(chan *seen, betweenSides), newDelivery()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(between)
		return p.lookAtAll(gctx, between)
	})
	g.Go(func() error {
		defer close(done.out)
		err := p.coverAll(between, done)
		for s := range between { // after a failure: nothing is kept
			s.raw.Release()
		}
		return err
	})
	g.Go(func() error { return p.deliverAll(done) })
	err := g.Wait()
	for o := range done.out { // after a failure
		o.Release()
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (p *pipeline) lookAtAll(ctx context.Context, out chan<- *seen) error {
	defer p.lockThread()()
	for {
		raw, err := p.src.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		s := p.recycled()
		s.raw = raw
		p.passage.came(&raw.Meta)
		p.looker.look(ctx, s)
		p.stats.looked(s)
		p.passage.looked(&raw.Meta)
		select {
		case out <- s:
		case <-ctx.Done():
			raw.Release()
			return ctx.Err()
		}
	}
}

// lockThread keeps a goroutine on its thread while processor time is measured.
func (p *pipeline) lockThread() (unlock func()) {
	if p.clock == nil {
		return nothing
	}
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

func (p *pipeline) recycled() *seen {
	select {
	case s := <-p.free:
		return s
	default:
		return new(seen)
	}
}

// coverAll redacts what was looked at. A change of size begins with a new
// redactor, since polygons are in pixels.
func (p *pipeline) coverAll(in <-chan *seen, out delivery) (err error) {
	defer p.lockThread()()
	var (
		r     *redact.Redactor
		size  frame.Size
		shape uint64
	)
	defer func() {
		if r != nil {
			r.Close()
		}
	}()
	for s := range in {
		raw, epoch, now := s.raw, s.raw.Size(), p.shaped()
		if r == nil || epoch != size || now != shape {
			if r != nil {
				r.Flush()
				p.drain(r, 0, out)
				r.Close()
			}
			size, shape = epoch, now
			if r, err = p.redactor(size); err != nil {
				raw.Release()
				return err
			}
		}
		if p.suspect != nil && p.suspect() {
			s.sighting.Fault = api.MaskLeak
		}
		if r.Anew(raw) {
			p.drain(r, 0, out) // what is left of the epoch before last
		}
		p.passage.covering(&raw.Meta)
		lap := p.clock.start(stageCover)
		err := r.Push(raw, s.sighting)
		lap.stop()
		p.recycle(s)
		if err != nil {
			// The picture did not enter: it does not leave either.
			p.stats.lost(err)
			p.passage.withheld()
			continue
		}
		p.drain(r, p.redact.Hold, out)
	}
	if r != nil {
		r.Flush()
		p.drain(r, 0, out)
	}
	return nil
}

// shaped numbers the private areas and the coverage that hold now.
func (p *pipeline) shaped() uint64 {
	if p.shape == nil {
		return 0
	}
	return p.shape()
}

func (p *pipeline) recycle(s *seen) {
	s.raw = nil
	select {
	case p.free <- s:
	default:
	}
}

func (p *pipeline) redactor(size frame.Size) (*redact.Redactor, error) {
	cfg := p.redact
	if p.rules != nil {
		cfg = p.rules(cfg)
	}
	if p.covered != nil {
		p.covered(cfg.Coverage)
	}
	var private []geom.Polygon
	if p.looker.private != nil {
		private = p.looker.private(size)
	}
	cfg.Privacy = private
	r, err := redact.New(cfg, p.may)
	if err != nil {
		return nil, fmt.Errorf("camera %s: %w", p.id, err)
	}
	return r, nil
}

// delivery is the way of finished pictures from who covers to who encodes.
type delivery struct {
	out  chan redact.Out // closed by who covers
	over chan struct{}   // closed by who encodes, when nothing is taken any more
}

func newDelivery() delivery {
	return delivery{make(chan redact.Out, toDeliver), make(chan struct{})}
}

// drain passes on what is finished, down to what is to be held. After a cut the
// pictures before it could all leave at once; they leave as they are due, since
// encoding them in one go would make the next ones late.
func (p *pipeline) drain(r *redact.Redactor, hold int, d delivery) {
	for r.Held() > hold {
		from := time.Now()
		lap := p.clock.start(stageCover)
		o, ok := r.Pop()
		lap.stop()
		if !ok {
			return
		}
		p.passage.covered(&o, from)
		select {
		case d.out <- o:
		case <-d.over:
			o.Release()
		}
	}
}

// deliverAll hands finished pictures to the outlet until there are no more or
// it fails.
func (p *pipeline) deliverAll(d delivery) error {
	defer p.lockThread()()
	defer close(d.over)
	for o := range d.out {
		told := o // its numbers outlive the pictures
		if err := p.out.take(o); err != nil {
			return err
		}
		p.stats.covered(told, time.Now())
	}
	return nil
}
