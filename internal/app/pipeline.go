package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

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

	free  chan *seen    // recycled
	under atomic.Int32  // pictures that were taken and are not with the redactor yet
	queue ingest.Queued // the source, when it tells what waits there
	spare int           // pictures of the hold that late looks may take
}

// run works until the source ends, which is no error, or ctx does. Pictures
// under way are finished first, unless the outlet fails.
func (p *pipeline) run(ctx context.Context) error {
	p.free = make(chan *seen, betweenSides+2)
	p.looker.hold = p.redact.Hold
	if q, ok := p.src.(ingest.Queued); ok && p.looker.live { // a recording's looks are never late
		p.queue, p.spare = q, p.looker.lateable()
	}
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
		p.under.Add(1)
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
