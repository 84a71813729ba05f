package pose

import (
	"time"

	"bystander/internal/geom"
)

// State is how a camera stands.
type State string

// The states.
const (
	Unknown    State = "unknown"    // nothing to compare with, or not yet
	Calibrated State = "calibrated" // as it was calibrated
	Moved      State = "moved"      // it was turned, shifted, zoomed, or shows another view
	Unsure     State = "unsure"     // too dark, too crowded or too blurred to tell
)

// How long verdicts must last before they are believed.
const (
	// believeNot is how long a view that was calibrated may differ.
	believeNot   = 1500 * time.Millisecond
	believeMoved = 1200 * time.Millisecond
	believeSame  = time.Second
	believeAgain = 5 * time.Second // after it had moved
	// warm is how long a view is watched before anything is said of it.
	warm = 2 * time.Second
	// calm is how long it is watched before it can be calibrated.
	calm = 5 * time.Second
)

// Watcher watches one camera. It is not safe for concurrent use and keeps no
// picture: only the directions of lasting edges.
type Watcher struct {
	field  field
	masked [W * H]bool
	ref    *Fingerprint
	rich   int // cells of ref with an edge

	state   State
	verdict State
	since   time.Duration // of the verdict
	same    time.Duration // of the last verdict that the view is the calibrated one
	now     time.Duration
}

// NewWatcher returns a watcher that has seen nothing.
func NewWatcher() *Watcher { return &Watcher{state: Unknown, verdict: Unknown} }

// Mask leaves out the cells that outlines touch, in parts of the picture: what
// is filled there does not move with the camera.
func (w *Watcher) Mask(areas []geom.Polygon) {
	w.masked = [W * H]bool{}
	for _, g := range areas {
		for y := range H {
			for x := range W {
				// A cell more on each side: gradients reach over.
				b := geom.Box{
					X0: float32(x-1) / W, Y0: float32(y-1) / H, X1: float32(x+2) / W, Y1: float32(y+2) / H,
				}
				if g.TouchesBox(b) {
					w.masked[y*W+x] = true
				}
			}
		}
	}
}

// Restart forgets what was seen, as after a gap.
func (w *Watcher) Restart() {
	w.field = field{}
	w.state, w.verdict = Unknown, Unknown
}

// Calibrate sets the view to compare with; nil compares with nothing.
func (w *Watcher) Calibrate(ref *Fingerprint) {
	w.ref, w.rich = ref, 0
	if ref != nil {
		for _, d := range ref {
			if d != 0 {
				w.rich++
			}
		}
	}
	w.state, w.verdict = Unknown, Unknown
}

// Fingerprint returns the present view; false while it was not watched for long
// enough or holds too little structure.
func (w *Watcher) Fingerprint() (*Fingerprint, bool) {
	if !w.field.begun || w.now-w.field.since < calm {
		return nil, false
	}
	return w.field.fingerprint(&w.masked)
}

// Observe takes a picture's grid and says how the camera stands. Call it a few
// times a second; at is the picture's time on the camera's own line.
func (w *Watcher) Observe(g *Grid, at time.Duration) State {
	w.now = at
	w.field.observe(g, at)
	if w.ref == nil || at-w.field.since < warm {
		w.state, w.verdict = Unknown, Unknown
		return w.state
	}
	v := w.judge()
	if v != w.verdict {
		w.verdict, w.since = v, at
	}
	if v == Calibrated {
		w.same = at
	}
	lasted := at - w.since
	switch {
	case w.state == Unknown:
		w.state = v
	case w.state == Calibrated && v != Calibrated && at-w.same >= believeNot:
		w.state = v
	case w.state == Unsure && v == Moved && lasted >= believeMoved,
		w.state == Unsure && v == Calibrated && lasted >= believeSame,
		w.state == Moved && v == Calibrated && lasted >= believeAgain:
		w.state = v
	}
	return w.state
}

// Parts of the blocks that make a verdict.
const (
	mostMoved   = 0.2
	enoughStay  = 0.5
	hardlyStay  = 0.2
	leastBlocks = 4
)

func (w *Watcher) judge() State {
	c := w.field.compare(w.ref)
	if c.blocks < leastBlocks {
		return Unsure
	}
	switch {
	case c.moved >= mostMoved && c.moved*float32(c.blocks) >= 3:
		return Moved
	case c.stays >= enoughStay:
		return Calibrated
	case c.stays+c.moved < hardlyStay && w.field.structure() >= w.rich*3/5:
		return Moved // another view altogether
	}
	return Unsure
}

// State is what Observe said last.
func (w *Watcher) State() State { return w.state }

// Compared tells the last comparison's parts: blocks with a say, and how many
// of them were found in place and elsewhere.
func (w *Watcher) Compared() (blocks int, stays, moved float32) {
	if w.ref == nil {
		return 0, 0, 0
	}
	c := w.field.compare(w.ref)
	return c.blocks, c.stays, c.moved
}
