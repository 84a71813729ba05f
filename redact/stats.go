package redact

import (
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Reason says why a picture was masked as a whole. The values are stable and
// serve as labels and in receipts.
type Reason string

// The reasons.
const (
	ReasonNone     Reason = ""
	ReasonFault    Reason = "fault"    // the sighting said so; see Stats.Detail
	ReasonStart    Reason = "start"    // no successful look in this epoch yet
	ReasonBlind    Reason = "blind"    // no successful look for too long
	ReasonOutput   Reason = "output"   // a target that is no place: NaN, empty
	ReasonOverflow Reason = "overflow" // more tracks than can be followed
	ReasonCovered  Reason = "covered"  // masks cover everything
	ReasonInternal Reason = "internal" // a fault of this package
)

// Stats is what a receipt and the metrics need to know of one picture.
type Stats struct {
	Faces       int    // faces that have a place in the picture, seen or inferred
	Masked      int    // of those, masked in the live picture
	Clear       int    // of those, clear in the live picture
	ClearRecord int    // of those, clear in the recorded picture
	Heads       int    // persons masked for whom no face was found
	Guard       int    // moving regions masked that nothing explained
	FullMask    bool   // both pictures are uniform
	Reason      Reason // why
	Detail      string // the sighting's own words with ReasonFault
	// Area and AreaRecord are the masked parts of the two pictures, 0 to 1.
	Area, AreaRecord float32
}

// Out is one finished picture. Live and Record are never nil; they may be the
// same picture. The taker owns one share of each and releases both.
type Out struct {
	Meta   frame.Meta
	Live   *frame.Redacted
	Record *frame.Redacted
	Stats  Stats
	// Shown are the heads shown clear in the live picture, in its pixels; nil
	// when nobody is. A check of what leaves needs to know them.
	Shown []geom.Box
}

// Release gives both shares back.
func (o Out) Release() {
	o.Live.Release()
	o.Record.Release()
}

// Permission tells who may be seen. May is asked for each face's track and
// each rule when a picture is pushed and again when it leaves; only two times
// yes can lead to a clear view. It must be quick and must not call back.
type Permission interface {
	May(track uint64, rule Rule) bool
}

// Nobody gives no permission at all.
type Nobody struct{}

// May returns false.
func (Nobody) May(uint64, Rule) bool { return false }
