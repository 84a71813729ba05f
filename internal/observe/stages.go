// Package observe measures what a picture and an event pass through: how long
// each stage takes, what waits before it, and how that stands to what it may
// take. It makes no decision, and none of its labels is about a person.
package observe

import (
	"fmt"
	"time"
)

// Stage is a part of a picture's way through the machine. Together the stages
// cover the way without a gap and without an overlap.
type Stage uint8

// The stages, in order.
const (
	Decode     Stage = iota // from the last byte's arrival to the decoded picture, in the worker
	Handover                // the copy into the edge's own memory
	WaitLook                // in the camera's queue
	Look                    // detectors, tracker, judge
	WaitCover               // in the queue before the redactor
	Hold                    // held back, so that later looks cover it too
	Cover                   // masks planned and painted
	WaitEncode              // in the queue before the encoder
	Encode                  // once for all who watch, and for the recorder
	Deliver                 // packets to viewers' and recorder's queues
	// Viewer is the way over the network to a browser's screen. It is not
	// measured here; "make first-picture" and the browser tests do.
	Viewer
	// Spare is what the table leaves for nothing in particular.
	Spare

	// Stages is how many stages are measured here.
	Stages = int(Viewer)
)

var stageNames = [...]string{
	"decode", "handover", "wait_look", "look", "wait_cover", "hold", "cover", "wait_encode", "encode", "deliver", "viewer", "spare",
}

func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// Bounds on the 95th percentile of the whole way from the worker to the browser,
// for a camera of 25 pictures a second: with the default hold, and with none.
const (
	BoundHeld = 450 * time.Millisecond
	BoundLive = 150 * time.Millisecond
)

// Budget is what one stage may take, at the 95th percentile.
type Budget struct {
	Stage Stage
	Most  time.Duration
}

// usualInterval is the time between two pictures that the bounds are for, and
// usualHold the hold.
const (
	usualInterval = 40 * time.Millisecond
	usualHold     = 8
)

// shares divide the bound among the stages. What is not for the hold adds up to
// BoundHeld less the usual hold, 130 ms.
var shares = [...]Budget{
	{Decode, 20 * time.Millisecond},
	{Handover, 4 * time.Millisecond},
	{WaitLook, 10 * time.Millisecond},
	{Look, 50 * time.Millisecond},
	{WaitCover, 4 * time.Millisecond},
	{Hold, 0},
	{Cover, 8 * time.Millisecond},
	{WaitEncode, 4 * time.Millisecond},
	{Encode, 12 * time.Millisecond},
	{Deliver, 4 * time.Millisecond},
	{Viewer, 14 * time.Millisecond},
}

// Budgets returns what each stage may take of a camera whose pictures come at
// fps a second and of which hold are held back. The hold lasts as long as its
// pictures do: at 25 a second the sum is BoundHeld with the default hold of 8, and
// BoundLive with none. A rate that is not known counts as 25.
func Budgets(hold int, fps float64) []Budget {
	out := append([]Budget(nil), shares[:]...)
	out[Hold].Most = time.Duration(hold) * interval(fps)
	spare := time.Duration(0)
	if hold == 0 {
		spare = BoundLive - (BoundHeld - usualHold*usualInterval)
	}
	return append(out, Budget{Spare, spare})
}

// Sum is what the whole way may take.
func Sum(budgets []Budget) (sum time.Duration) {
	for _, b := range budgets {
		sum += b.Most
	}
	return sum
}

func interval(fps float64) time.Duration {
	if !(fps >= 1 && fps <= 240) { // false for a NaN, too
		return usualInterval
	}
	return time.Duration(float64(time.Second) / fps)
}
