package capacity

import (
	"slices"
	"strings"
)

// Rung is what a camera's quality is reduced to. Nothing in it is about
// covering: every picture that leaves has passed guard, hold and mask, whatever
// the rung. Fewer pictures are fewer looks, but looks are due by the clock as
// well, so that none is later than on the first rung.
type Rung struct {
	Name string
	// PersonStretch multiplies the time between two looks for whole people.
	PersonStretch float64
	// MostFPS thins pictures out before anything looks; 0 keeps all.
	MostFPS float64
	// MostSide bounds the longer side of what is encoded, after it was covered;
	// 0 keeps it.
	MostSide int
	// Cost is about the part of a camera's cost that remains.
	Cost float64
}

// Rungs are the rungs of the ladder, the first at full quality.
func Rungs() []Rung {
	return []Rung{
		{Name: "full", PersonStretch: 1, Cost: 1},
		{Name: "cadence", PersonStretch: 1.5, Cost: 0.9},
		{Name: "rate", PersonStretch: 1.5, MostFPS: 15, Cost: 0.65},
		{Name: "size", PersonStretch: 1.5, MostFPS: 15, MostSide: 960, Cost: 0.55},
		{Name: "least", PersonStretch: 1.5, MostFPS: 8, MostSide: 640, Cost: 0.35},
	}
}

// PersonEvery is the distance of looks for people on this rung, in pictures,
// where configured is that of full quality at fps pictures a second. Where
// pictures are thinned out it is smaller, so that looks stay as dense in time.
func (r Rung) PersonEvery(configured int, fps float64) int {
	n := float64(configured) * r.PersonStretch
	if r.MostFPS > 0 && fps > r.MostFPS {
		n *= r.MostFPS / fps
	}
	return max(int(n), 1)
}

// How long trouble must last until a camera steps down, and ease until one steps
// up: a wide hysteresis, since a step up that fails costs pictures.
const (
	downAfter = 3  // seconds of trouble
	upAfter   = 30 // seconds of ease
	// settle is how many seconds a step down is given to show what it saves
	// before the same camera steps down again.
	settle = 10
	// upMost is the longest ease asked for. It doubles when a step up was
	// followed by trouble.
	upMost = 600
	// easeBelow is the busy part of the machine below which it is at ease;
	// troubleAbove that above which dropped pictures are its fault.
	easeBelow, troubleAbove = 0.75, 0.85
)

// Load is what was seen in one second.
type Load struct {
	Busy float64 // part of the machine's processor time that was used, 0 to 1
	// Late are pictures that were covered because a detector was late.
	Late    uint64
	Cameras []CameraLoad // those that run
}

// CameraLoad is one camera's second.
type CameraLoad struct {
	ID      string
	Cores   float64 // used
	Dropped uint64  // pictures nobody took in time
}

// Step is a change of one camera's rung.
type Step struct {
	Camera   string
	From, To int
	Reason   string
}

// Ladder decides who steps down and up. It belongs to one goroutine, which calls
// Tick once a second.
type Ladder struct {
	rungs   []Rung
	at      map[string]int
	why     map[string]string
	trouble int
	ease    int
	wait    int            // seconds of ease asked for
	rose    int            // seconds since the last step up; -1 never
	last    int            // seconds since the last step down
	begun   bool           // a step was ever made
	now     int            // seconds since the start
	went    map[string]int // when a camera stepped down last
}

// NewLadder makes a ladder on which every camera begins at full quality.
func NewLadder() *Ladder {
	return &Ladder{rungs: Rungs(), at: map[string]int{}, why: map[string]string{}, went: map[string]int{}, wait: upAfter, rose: -1}
}

// At is a camera's rung and why it is there.
func (l *Ladder) At(camera string) (rung int, why string) { return l.at[camera], l.why[camera] }

// Tick takes one second's load and returns the step to make, if any.
func (l *Ladder) Tick(load Load) *Step {
	l.forget(load.Cameras)
	l.last++
	l.now++
	if l.rose >= 0 {
		l.rose++
	}
	missed := load.Late
	for _, c := range load.Cameras {
		missed += c.Dropped
	}
	switch {
	case load.Busy >= troubleAbove && missed > 0:
		l.trouble, l.ease = l.trouble+1, 0
	case load.Busy < easeBelow && missed == 0:
		l.trouble, l.ease = 0, l.ease+1
	default:
		l.trouble, l.ease = max(l.trouble-1, 0), 0
	}
	switch {
	case l.trouble >= downAfter && (!l.begun || l.last >= downAfter):
		return l.down(load)
	case l.ease >= l.wait:
		return l.up()
	}
	return nil
}

// forget drops cameras that are gone.
func (l *Ladder) forget(now []CameraLoad) {
	for id := range l.at {
		if !slices.ContainsFunc(now, func(c CameraLoad) bool { return c.ID == id }) {
			delete(l.at, id)
			delete(l.why, id)
			delete(l.went, id)
		}
	}
}

// down steps the camera down that costs most, of those on the highest rung that
// is taken: everybody gives before anybody gives twice, and a busy camera gives
// before a calm one.
func (l *Ladder) down(load Load) *Step {
	if l.rose >= 0 && l.rose < 60 {
		l.wait = min(2*l.wait, upMost) // the last step up was too much
	}
	l.rose = -1
	var best *CameraLoad
	for i := range load.Cameras {
		c := &load.Cameras[i]
		if went, ok := l.went[c.ID]; l.at[c.ID] == len(l.rungs)-1 || ok && l.now-went < settle {
			continue
		}
		if best == nil || l.at[c.ID] < l.at[best.ID] || l.at[c.ID] == l.at[best.ID] && c.Cores > best.Cores {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	l.trouble = 0
	l.last, l.begun, l.went[best.ID] = 0, true, l.now
	return l.step(best.ID, 1, "the machine cannot keep up: pictures were dropped or came too late to be looked at")
}

// up steps the camera up that stands lowest.
func (l *Ladder) up() *Step {
	l.ease = 0
	lowest := ""
	for id, r := range l.at {
		if r > 0 && (lowest == "" || r > l.at[lowest] || r == l.at[lowest] && strings.Compare(id, lowest) < 0) {
			lowest = id
		}
	}
	if lowest == "" {
		l.wait = upAfter
		return nil
	}
	l.rose = 0
	return l.step(lowest, -1, "the machine has had room for a while")
}

func (l *Ladder) step(camera string, by int, why string) *Step {
	s := &Step{Camera: camera, From: l.at[camera], To: l.at[camera] + by, Reason: why}
	l.at[camera], l.why[camera] = s.To, why
	return s
}
