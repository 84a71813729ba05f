package app

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"bystander/internal/frame"
	"bystander/redact"
	"bystander/sink"
	"bystander/sink/encode"
)

// agreeFor is how long both rules must have given the same masks before the
// recorder returns to the shared stream.
const agreeFor = 10 * time.Second

// liveOutlet encodes finished pictures and hands them to viewers and recorder.
// Both share one bitstream, but for the time in which consents tell the two
// audiences apart (docs/adr/0007).
type liveOutlet struct {
	shared *encode.Stream
	newOne func() *encode.Stream
	live   sink.PacketSink
	record sink.PacketSink // nil when nothing is recorded
	log    zerolog.Logger
	clock  *stopwatch
	stats  *cameraStats
	// passage measures; nil for nobody.
	passage *passage
	check   *cameraCheck // nil when what leaves is not checked
	stills  *stillDesk   // nil when nobody may ask for single pictures

	fit func() frame.Size // bounds the pictures' size now; nil never

	at time.Duration // of the latest picture, on the shared stream's time line

	tiles    tileView // live, when it tells who watches what
	newSmall func() *encode.Stream
	small    *encode.Stream // nil while nobody watches it
	smallAt  time.Duration  // PTS of its last picture

	apart    *encode.Stream // of the recorder alone; nil while shared
	differed time.Duration  // PTS of the last picture on which the rules differed
	failures atomic.Uint64
	blocked  atomic.Pointer[string] // why the recorder refuses, nil when it does not
}

// take implements outlet. Trouble with encoder or sinks is counted and told; it
// never ends the camera.
func (l *liveOutlet) take(o redact.Out) error {
	defer o.Release()
	l.check.offer(o)
	l.stills.offer(o)
	from := l.passage.delivering(&o.Meta)
	lap := l.clock.start(stageEncode)
	p, err := l.encodeShared(o)
	lap.stop()
	from = l.passage.encoded(&o.Meta, from)
	if err != nil {
		l.fail("encode", err)
		return nil
	}
	lap = l.clock.start(stageSinks)
	defer lap.stop()
	if err := l.show(o, p); err != nil {
		l.fail("live", err)
	}
	if l.record != nil {
		l.recordPicture(o, p)
	}
	l.passage.delivered(&o.Meta, from)
	return nil
}

// encodeShared encodes the stream of viewers and recorder, or only keeps its time
// while neither wants it; nil then.
func (l *liveOutlet) encodeShared(o redact.Out) (*sink.Packet, error) {
	if l.fit != nil {
		l.shared.Refit(l.fit())
	}
	if l.tiles != nil && !l.tiles.Full() && !l.recordsShared(o) {
		l.at = l.shared.Skip(o.Live)
		return nil, nil
	}
	p, err := l.shared.Encode(o.Live)
	if err != nil {
		return nil, err
	}
	l.at = p.PTS
	p.Tally = tallyOf(o.Stats, o.Stats.Clear) // before anybody else has the packet
	return p, nil
}

// recordsShared tells whether the recorder takes a picture from the shared stream,
// or would return to it.
func (l *liveOutlet) recordsShared(o redact.Out) bool {
	return l.record != nil && o.Live == o.Record && (l.apart == nil || l.at-l.differed >= agreeFor)
}

// smallEvery is the least time between two pictures of the small rendition.
const smallEvery = 60 * time.Millisecond

// smallFit is what small tiles get: enough for sixteen on one screen.
var smallFit = frame.Size{W: 480, H: 270}

// tileView is a live view that shows two renditions, and knows which are watched.
type tileView interface {
	Full() bool
	Small() (watched, key bool)
	WritePackets(full, small *sink.Packet) error
}

// show hands a picture to those who watch; p is nil when nobody watches it in
// full. The small rendition is made of the redacted picture, and only while
// somebody watches it.
func (l *liveOutlet) show(o redact.Out, p *sink.Packet) error {
	if l.tiles == nil {
		return l.live.WritePacket(p)
	}
	watched, key := l.tiles.Small()
	if !watched {
		if l.small != nil {
			_ = l.small.Close() // Close of an encoder has no error
			l.small = nil
		}
		return l.tiles.WritePackets(p, nil)
	}
	if l.small == nil {
		l.small, l.smallAt = l.newSmall(), l.at-smallEvery
	}
	if key {
		l.small.RequestKey()
	}
	if !key && l.at-l.smallAt < smallEvery {
		return l.tiles.WritePackets(p, nil)
	}
	q, err := l.small.Encode(o.Live)
	if err != nil {
		l.fail("encode", err)
		return l.tiles.WritePackets(p, nil)
	}
	l.smallAt = l.at
	q.PTS = l.at // the viewers' time line is one
	return l.tiles.WritePackets(p, q)
}

// recordPicture hands a picture to the recorder: the shared stream's, or, from
// when the rules differ until they have agreed for a while, one of its own.
func (l *liveOutlet) recordPicture(o redact.Out, p *sink.Packet) {
	differ := o.Live != o.Record
	if differ {
		l.differed = l.at
		if l.apart == nil {
			l.apart = l.newOne()
		}
	}
	if l.apart != nil {
		agreed := !differ && l.at-l.differed >= agreeFor
		if agreed {
			l.shared.RequestKey()
		}
		if agreed && p != nil && p.Key {
			_ = l.apart.Close() // Close of an encoder has no error
			l.apart = nil
		} else if p = l.encodeApart(o); p == nil {
			return
		}
	}
	l.blocked.Store(nil)
	if err := l.record.WritePacket(p); err != nil {
		why := err.Error()
		l.blocked.Store(&why)
		l.fail("record", err)
	}
}

// encodeApart encodes the recorder's own picture, on the shared time line.
func (l *liveOutlet) encodeApart(o redact.Out) *sink.Packet {
	q, err := l.apart.Encode(o.Record)
	if err != nil {
		l.fail("encode", err)
		return nil
	}
	q.PTS = l.at
	q.Tally = tallyOf(o.Stats, o.Stats.ClearRecord)
	return q
}

// tallyOf says what a receipt needs to know of a picture that shows so many
// faces clear.
func tallyOf(s redact.Stats, shown int) sink.Tally {
	t := sink.Tally{Faces: uint32(s.Faces), Masked: uint32(s.Faces - shown), Clear: uint32(shown)}
	switch s.Reason {
	case redact.ReasonNone, redact.ReasonStart, redact.ReasonCovered:
	default:
		t.Fault = true
	}
	return t
}

func (l *liveOutlet) fail(what string, err error) {
	if errors.Is(err, encode.ErrStopped) {
		return // told when it stopped
	}
	// Per-picture trouble is told once in a hundred.
	if l.failures.Add(1)%100 == 1 {
		l.log.Error().Err(err).Str("sink", what).Msg("a redacted picture could not be handed on")
	}
}

func (l *liveOutlet) close() error {
	errs := []error{l.shared.Close(), l.live.Close()}
	if l.apart != nil {
		errs = append(errs, l.apart.Close())
	}
	if l.small != nil {
		errs = append(errs, l.small.Close())
	}
	if l.record != nil {
		errs = append(errs, l.record.Close())
	}
	return errors.Join(errs...)
}
