package child

import (
	"context"
	"sync/atomic"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
)

const (
	queueUnits = 256      // coded units that wait for the decoder
	queueBytes = 32 << 20 // and their bytes
)

// output takes one attempt's units. A live camera's pass through a bounded queue
// to a goroutine that decodes; a file's are decoded in the driver's own.
type output struct {
	ctx    context.Context //nolint:containedctx // bound to the attempt
	cancel context.CancelCauseFunc
	w      *worker
	dec    *decoding // the decoding side; in a live attempt only the goroutine touches it
	queue  chan item
	done   chan struct{}
	bytes  atomic.Int64
	spare  chan []byte
	skip   bool // live: the queue overflowed, wait for a key unit
	opened bool
	key    bool // live: a key unit was seen since Video
	since  time.Time
	asked  time.Time
}

// item is one order to the decoding goroutine: a new stream, or a unit.
type item struct {
	params *driver.Params
	dec    decoder
	unit   driver.Unit
	buf    []byte
}

var _ driver.Out = (*output)(nil)

func newOutput(ctx context.Context, cancel context.CancelCauseFunc, w *worker) *output {
	o := &output{ctx: ctx, cancel: cancel, w: w, dec: newDecoding(ctx, w)}
	if w.spec.Live {
		o.queue = make(chan item, queueUnits)
		o.spare = make(chan []byte, queueUnits)
		o.done = make(chan struct{})
		go o.drainQueue() // waited for by close
	}
	return o
}

// Video implements driver.Out.
func (o *output) Video(p driver.Params) error {
	if !p.TimeBase.Valid() {
		return ingest.Errorf(ingest.CodeConfig, "camera %q: the driver gave no time base", o.w.spec.ID)
	}
	dec, err := o.w.decoders.open(p)
	if err != nil {
		return err
	}
	o.opened, o.key, o.skip, o.since = true, false, false, time.Now()
	if !o.w.spec.Live {
		o.dec.open(p, dec)
		return nil
	}
	select {
	case o.queue <- item{params: &p, dec: dec}:
		return nil
	case <-o.ctx.Done():
		dec.Close()
		return context.Cause(o.ctx)
	}
}

// Unit implements driver.Out.
func (o *output) Unit(u driver.Unit) error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	if !o.opened {
		return ingest.Errorf(ingest.CodeConfig, "camera %q: the driver sent a unit before it named the stream", o.w.spec.ID)
	}
	o.w.units.Add(1)
	if u.Arrived.IsZero() {
		u.Arrived = time.Now()
	}
	if len(u.Data) == 0 {
		o.w.corrupt.Add(1)
		return nil
	}
	if !o.w.spec.Live {
		return o.dec.unit(u)
	}
	if !o.admit(u) {
		return nil
	}
	buf := append(o.buffer(), u.Data...)
	u.Data = buf
	u.Extra = append([]byte(nil), u.Extra...)
	select {
	case o.queue <- item{unit: u, buf: buf}:
		o.bytes.Add(int64(len(buf)))
	default:
		o.overflow(buf)
	}
	return nil
}

// admit decides whether a live unit is worth queueing: decoding begins with a
// key unit, and after an overflow it begins again with one. A camera without
// key units (gradual refresh) is let through after a while; the decoder then
// finds its own start.
func (o *output) admit(u driver.Unit) bool {
	if u.Key {
		o.key, o.skip = true, false
	}
	if !o.key {
		o.askKey()
		return time.Since(o.since) > keyPatience
	}
	if !o.skip && o.bytes.Load() > queueBytes {
		o.skip = true
	}
	if o.skip {
		o.w.dropped.Add(1)
		o.askKey()
		return false
	}
	return true
}

const keyPatience = 4 * time.Second

func (o *output) overflow(buf []byte) {
	o.recycle(buf)
	o.skip = true
	o.w.dropped.Add(1)
	o.askKey()
}

func (o *output) askKey() {
	if k, ok := o.w.drv.(driver.KeyFramer); ok && time.Since(o.asked) > time.Second {
		o.asked = time.Now()
		k.RequestKeyFrame()
	}
}

// Lost implements driver.Out.
func (o *output) Lost(n int) {
	if n > 0 {
		o.w.corrupt.Add(uint64(n))
	}
}

func (o *output) buffer() []byte {
	select {
	case b := <-o.spare:
		return b[:0]
	default:
		return nil
	}
}

func (o *output) recycle(b []byte) {
	if cap(b) > 4<<20 {
		return
	}
	select {
	case o.spare <- b:
	default:
	}
}

func (o *output) drainQueue() {
	defer close(o.done)
	failed := false
	var behind backlog
	for it := range o.queue {
		if it.params != nil {
			if failed || o.ctx.Err() != nil {
				it.dec.Close()
				continue
			}
			o.dec.open(*it.params, it.dec)
			continue
		}
		o.bytes.Add(-int64(len(it.buf)))
		if !failed && o.ctx.Err() == nil {
			if err := o.decode(&behind, it.unit); err != nil {
				failed = true
				o.cancel(err)
			}
		}
		o.recycle(it.buf)
	}
}

// decode decodes a live unit unless it waited for too long.
func (o *output) decode(behind *backlog, u driver.Unit) error {
	take, anew := behind.take(time.Now(), u)
	if !take {
		o.w.dropped.Add(1)
		o.dec.askKey()
		return nil
	}
	if anew {
		o.dec.resume(u.Key)
	}
	return o.dec.unit(u)
}

// close ends the attempt; with drain set, the pictures still inside the decoder
// come out first. The driver no longer runs.
func (o *output) close(drain bool) error {
	if o.queue != nil {
		close(o.queue)
		<-o.done
	}
	var err error
	if drain && o.ctx.Err() == nil {
		err = o.dec.drain()
	}
	o.dec.close()
	return err
}
