package calls

import "errors"

// Why a call fails.
var (
	// ErrCamera reports a camera that no edge has.
	ErrCamera = errors.New("calls: no edge has that camera")
	// ErrTwice reports a camera that two edges say they have.
	ErrTwice = errors.New("calls: two edges say they have that camera")
	// ErrAway reports an edge that says nothing now.
	ErrAway = errors.New("calls: the edge is not heard of")
	// ErrOld reports an edge whose release knows no calls.
	ErrOld = errors.New("calls: the edge runs an older release")
	// ErrBusy reports an edge with too much to do.
	ErrBusy = errors.New("calls: the edge has too much to do")
	// ErrSlow reports an edge that did not answer in time.
	ErrSlow = errors.New("calls: the edge did not answer in time")
	// ErrView reports a view that is over or never was.
	ErrView = errors.New("calls: no such view")
	// ErrTaken reports an edge that asks twice at the same time, or that was let go
	// while it waited.
	ErrTaken = errors.New("calls: another process asks with the same certificate")
	// ErrOver reports an answer that nobody waits for.
	ErrOver = errors.New("calls: nobody waits for that answer")
	// ErrAnswer reports an answer that cannot be passed on.
	ErrAnswer = errors.New("calls: the edge's answer cannot be used")
)

// Refusal is an edge's no.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }
