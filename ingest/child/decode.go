package child

import (
	"context"
	"errors"
	"io"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// damageHold is how long clean-looking pictures are held back after a damaged
// one, unless a key picture comes first: they are predicted from it, and the
// decoder does not say so. It is short so that the picture never stands still
// for long.
const damageHold = time.Second

// decoding is the part of an attempt that turns units into pictures in slots.
type decoding struct {
	ctx    context.Context //nolint:containedctx // bound to the attempt
	w      *worker
	dec    decoder
	params driver.Params
	unitIn av.Packet // the unit in hand; without data between units
	skip   time.Time // until then units that build on others are left out, as they build on what a card had
	size   frame.Size
	times  [64]arrival // of the last units, by time stamp
	n      int
	told   bool      // the edge knows that pictures arrive
	asked  time.Time // when a key frame was last asked for
	shown  time.Time // when the last whole picture came out
	// while damaged is set, nothing is shown before a key picture or until
	damaged bool
	until   int64 // tick of the picture at which damage is taken to be over
}

type arrival struct {
	pts               int64
	captured, arrived time.Time
}

func newDecoding(ctx context.Context, w *worker) *decoding {
	return &decoding{ctx: ctx, w: w, shown: time.Now()}
}

func (d *decoding) open(p driver.Params, dec decoder) {
	if d.dec != nil {
		_ = d.drain()
		d.dec.Close()
	}
	d.dec, d.params, d.n, d.damaged, d.skip = dec, p, 0, false, time.Time{}
	d.shown = time.Now()
	d.w.line.open(p.TimeBase, p.Rate)
	d.w.codec = string(p.Codec)
	d.told = false
}

// unit decodes one unit. An error ends the attempt.
func (d *decoding) unit(u driver.Unit) error {
	if u.Key {
		d.skip = time.Time{}
		if err := d.cardAgain(); err != nil {
			return err
		}
	}
	if d.w.decoders.now().Before(d.skip) {
		d.w.dropped.Add(1)
		d.askKey()
		return nil
	}
	d.times[d.n%len(d.times)] = arrival{u.PTS, u.Captured, u.Arrived}
	d.n++
	p := av.Packet{
		Data: u.Data, PTS: u.PTS, DTS: u.DTS, Duration: u.Duration, Key: u.Key,
		Discard: u.Discard, Damaged: u.Damaged, Extradata: u.Extra,
	}
	d.unitIn = p
	defer func() { d.unitIn = av.Packet{} }()
	for tries := 0; ; tries++ {
		err := d.dec.Send(p)
		if errors.Is(err, av.ErrAgain) && tries < 4 {
			if err := d.receive(); err != nil {
				return err
			}
			continue
		}
		if errors.Is(err, frame.ErrSize) {
			return d.tooLarge()
		}
		if err != nil {
			if err := d.refused(err); err != nil {
				return err
			}
		}
		break
	}
	if err := d.receive(); err != nil {
		return err
	}
	if d.w.spec.Live && time.Since(d.shown) > d.w.spec.Stall {
		return ingest.Errorf(ingest.CodeDecode,
			"camera %q sends data, but no whole picture came of it for %v; it is connected anew. "+
				"If this repeats, check the network for loss, or use transport tcp", d.w.spec.ID, d.w.spec.Stall.Round(time.Second))
	}
	return nil
}

func (d *decoding) tooLarge() error {
	return ingest.Permanentf(ingest.CodeUnsupportedCodec,
		"%s sends pictures of more than %d pixels; set a smaller size", d.w.name(), frame.MaxPixels)
}

// receive takes out what the decoder has ready.
func (d *decoding) receive() error {
	for refused := 0; ; {
		pic, err := d.dec.Receive()
		switch {
		case err == nil:
			if err := d.picture(pic); err != nil {
				return err
			}
		case errors.Is(err, av.ErrAgain), errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, frame.ErrSize):
			return d.tooLarge()
		default:
			if err := d.refused(err); err != nil {
				return err
			}
			if refused++; refused > 16 {
				return nil
			}
		}
	}
}

// picture gives one picture to the edge, or counts why not.
func (d *decoding) picture(pic *av.Picture) error {
	d.w.pictures.Add(1)
	if d.hide(pic) {
		d.w.corrupt.Add(1)
		return nil
	}
	size := pic.Size()
	if size.Check() != nil {
		return d.tooLarge()
	}
	at := d.arrival(pic.PTS())
	st := d.w.line.next(pic.PTS())
	if st.drop {
		d.w.dropped.Add(1)
		return nil
	}
	if !st.newEpoch && size != d.size {
		st = d.w.line.restart(st) // nothing carries over to another size
	}
	if st.newEpoch {
		d.w.epoch++
	}
	d.size = size
	seq := d.w.seq
	d.w.seq++
	d.shown = time.Now()
	if err := d.tell(); err != nil {
		return err
	}
	slot, ok := d.slot()
	if !ok {
		d.w.dropped.Add(1)
		return d.ctx.Err()
	}
	m := wire.Frame{
		Slot: slot, Size: size, Seq: seq, Epoch: d.w.epoch,
		PTS: st.pts, Ticks: st.ticks, Base: d.params.TimeBase,
		Captured: at.captured, Arrived: at.arrived,
		Colour: pic.Colour(), Aspect: pic.Aspect(),
	}
	if !at.captured.IsZero() {
		m.Clock = frame.ClockCamera
	}
	return d.fill(pic, &m)
}

// fill writes the picture into its slot and announces it.
func (d *decoding) fill(pic *av.Picture, m *wire.Frame) error {
	planes, err := d.w.slots.Planes(int(m.Slot), m.Size)
	if err == nil {
		err = pic.CopyTo(planes)
	}
	if err != nil {
		d.w.free <- m.Slot // there is room: it was just taken
		if d.dec.Coder().Name != "" {
			return d.refused(err)
		}
		d.w.corrupt.Add(1)
		if errors.Is(err, av.ErrUnsupported) || errors.Is(err, frame.ErrSize) {
			return ingest.Permanentf(ingest.CodeUnsupportedCodec,
				"%s: its pictures cannot be turned into YUV 4:2:0: %v", d.w.name(), err)
		}
		return nil
	}
	if err := d.w.conn.SendFrame(m); err != nil {
		return errStopped
	}
	return nil
}

// slot takes a free slot: a live camera does without, a file waits for one.
func (d *decoding) slot() (uint16, bool) {
	select {
	case s := <-d.w.free:
		return s, true
	default:
	}
	if d.w.spec.Live {
		return 0, false
	}
	select {
	case s := <-d.w.free:
		return s, true
	case <-d.ctx.Done():
		return 0, false
	}
}

// hide decides whether a picture is too damaged to be shown.
func (d *decoding) hide(pic *av.Picture) bool {
	if d.w.spec.KeepDamaged {
		return false
	}
	if pic.Damaged() {
		d.markDamaged()
		return true
	}
	if !d.damaged || !d.w.spec.Live {
		return false
	}
	pts := pic.PTS()
	if d.until == av.NoPTS && pts != av.NoPTS {
		hold := int64(damageHold.Seconds() / d.params.TimeBase.Float())
		d.until = pts + hold
	}
	if pic.Key() || (pts != av.NoPTS && pts >= d.until) {
		d.damaged = false
		return false
	}
	return true
}

func (d *decoding) markDamaged() {
	d.damaged, d.until = true, av.NoPTS
	d.askKey()
}

// askKey asks a camera that can be asked for a key picture, once a second at most.
func (d *decoding) askKey() {
	if k, ok := d.w.drv.(driver.KeyFramer); ok && d.w.spec.Live && time.Since(d.asked) > time.Second {
		d.asked = time.Now()
		k.RequestKeyFrame()
	}
}

// resume begins anew after units were left out. Without a key unit, what comes
// next builds on pictures that are missing.
func (d *decoding) resume(key bool) {
	d.shown = time.Now()
	if !key {
		d.markDamaged()
	}
}

// tell lets the edge know, once a stream, that pictures arrive.
func (d *decoding) tell() error {
	if d.told {
		return nil
	}
	d.told = true
	s := wire.State{Phase: wire.PhaseConnected, Codec: d.w.codec}
	d.w.decoders.tell(d.dec, &s)
	return d.w.send(s)
}

// arrival finds the wall-clock times of the unit with the given time stamp.
func (d *decoding) arrival(pts int64) arrival {
	for i := d.n - 1; i >= 0 && i >= d.n-len(d.times); i-- {
		if a := d.times[i%len(d.times)]; a.pts == pts {
			return a
		}
	}
	if d.n > 0 {
		return arrival{arrived: d.times[(d.n-1)%len(d.times)].arrived}
	}
	return arrival{arrived: time.Now()}
}

// drain takes the last pictures out of the decoder.
func (d *decoding) drain() error {
	if d.dec == nil {
		return nil
	}
	if err := d.dec.Drain(); err != nil {
		d.w.corrupt.Add(1)
		return nil //nolint:nilerr // what is inside is lost, and counted
	}
	return d.receive()
}

func (d *decoding) close() {
	if d.dec != nil {
		d.dec.Close()
		d.dec = nil
	}
}
