// Package sink holds the contracts of everything that lies right of the
// boundary. A sink sees encoded redacted pictures and events, never a raw one.
package sink

import (
	"context"
	"time"

	"bystander/internal/event"
	"bystander/internal/frame"
)

// Packet is one encoded redacted picture (H.264, Annex B access unit, no
// B-frames, parameter sets repeated at each key picture). Packets are shared
// read-only between sinks.
type Packet struct {
	Data     []byte
	PTS      time.Duration // since the stream began; strictly increasing
	Duration time.Duration // until the next picture, 0 when unknown
	Captured time.Time     // wall clock
	Key      bool
	FullMask bool
	Size     frame.Size // changes only at a key picture
	Seq      uint64     // of the picture
	Tally    Tally
}

// Tally is what the redactor counted on one picture, under the rule that the
// packet was made for. It goes into the receipt of what is recorded.
type Tally struct {
	Faces, Masked, Clear uint32
	Fault                bool // covered as a whole because something failed
}

// PacketSink takes a stream of packets. WritePacket must not block longer than
// the sink's own bound; a sink that falls behind drops and counts.
type PacketSink interface {
	WritePacket(p *Packet) error
	Close() error
}

// EventSink takes events. Append returns once the events are durable; the
// caller keeps them until then. Appending an event again is harmless.
type EventSink interface {
	Append(ctx context.Context, events []event.Event) error
	Close() error
}
