package app

import (
	"time"

	"bystander/api"
	"bystander/internal/frame"
	"bystander/redact"
)

// coverer redacts what was looked at, in order.
type coverer struct {
	p     *pipeline
	out   delivery
	r     *redact.Redactor // nil until the first picture
	size  frame.Size
	shape uint64
}

// coverAll redacts pictures until there are no more. Each leaves when as many have
// followed it as are to be held, or when too many wait to be looked at.
func (p *pipeline) coverAll(in <-chan *seen, out delivery) error {
	defer p.lockThread()()
	c := coverer{p: p, out: out}
	defer c.close()
	var late <-chan struct{} // never, where nobody tells
	if p.spare > 0 {
		late = p.queue.Late()
	}
	for {
		select {
		case s, more := <-in:
			if !more {
				c.flush()
				return nil
			}
			err := c.push(s)
			p.under.Add(-1)
			if err != nil {
				return err
			}
		case <-late:
		}
		keep := p.keep()
		c.drain(keep, keep)
	}
}

// keep is how many pictures stay held: as many as were asked for, less those that
// come late from being looked at. One is being looked at as a rule; when others
// wait behind it, pictures leave at the moment when they would have left, had the
// looks been in time.
func (p *pipeline) keep() int {
	if p.spare == 0 {
		return p.redact.Hold
	}
	behind := int(p.under.Load()) + p.queue.Waiting() - 1
	return p.redact.Hold - min(max(behind, 0), p.spare)
}

// push takes in a picture. A change of size begins with a new redactor, since
// polygons are in pixels.
func (c *coverer) push(s *seen) (err error) {
	p, raw := c.p, s.raw
	if size, shape := raw.Size(), p.shaped(); c.r == nil || size != c.size || shape != c.shape {
		c.flush()
		c.size, c.shape = size, shape
		if c.r, err = p.redactor(size); err != nil {
			raw.Release()
			return err
		}
	}
	if p.suspect != nil && p.suspect() {
		s.sighting.Fault = api.MaskLeak
	}
	if c.r.Anew(raw) {
		c.drain(0, p.redact.Hold) // what is left of the epoch before last
	}
	p.passage.covering(&raw.Meta)
	lap := p.clock.start(stageCover)
	err = c.r.Push(raw, s.sighting)
	lap.stop()
	p.recycle(s)
	if err != nil {
		// The picture did not enter: it does not leave either.
		p.stats.lost(err)
		p.passage.withheld()
	}
	return nil
}

// drain passes on what is finished, down to what is to be held; a picture of the
// epoch that goes on leaves when more than most of its own are held. After a cut the
// pictures before it could all leave at once; they leave as they are due, since
// encoding them in one go would make the next ones late.
func (c *coverer) drain(keep, most int) {
	for c.r != nil && c.r.Held() > keep {
		from := time.Now()
		lap := c.p.clock.start(stageCover)
		o, ok := c.r.PopAbove(most)
		lap.stop()
		if !ok {
			return
		}
		c.p.passage.covered(&o, from)
		select {
		case c.out.out <- o:
		case <-c.out.over:
			o.Release()
		}
	}
}

// flush passes on everything and is done with the redactor.
func (c *coverer) flush() {
	if c.r == nil {
		return
	}
	c.r.Flush()
	c.drain(0, c.p.redact.Hold)
	c.close()
}

func (c *coverer) close() {
	if c.r != nil {
		c.r.Close()
		c.r = nil
	}
}
