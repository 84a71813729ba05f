package leak

import (
	"math"
	"slices"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Leak is one judged face on one picture.
type Leak struct {
	Frame        int     `json:"frame"`
	Face         Face    `json:"face"`
	Detail       float32 `json:"detail"` // correlation of fine detail
	Exposed      bool    `json:"exposed"`
	Redetected   bool    `json:"redetected"`
	By           []int   `json:"redetected_by,omitempty"` // indices of judges
	Compared     bool    `json:"compared"`                // embeddings were compared
	Reidentified bool    `json:"reidentified"`
	Cosine       float32 `json:"cosine"`
	Chance       Chance  `json:"chance,omitempty"`
}

// Chance says why a high cosine may say nothing about the redaction.
type Chance string

// The chances.
const (
	ChanceBlank Chance = "blank" // the original itself is like a smooth patch to the embedder
	ChanceOther Chance = "other" // somebody else in the picture is as like
)

// Bad reports whether anything can be made of the face.
func (l Leak) Bad() bool { return l.Exposed || l.Redetected || l.Reidentified }

// Row counts faces of one size, or all of them.
type Row struct {
	From         int     `json:"from_px"` // shorter side; to below the next row's
	Faces        int     `json:"faces"`
	Exposed      int     `json:"exposed"`
	Redetected   int     `json:"redetected"`
	RedetectedBy []int   `json:"redetected_by,omitempty"` // by judge
	Compared     int     `json:"compared"`
	Reidentified int     `json:"reidentified"`
	Chance       int     `json:"chance"` // of those, for which there is another reason
	ExposedRate  float64 `json:"exposed_rate"`
	RedetectRate float64 `json:"redetected_rate"`
	ReidRate     float64 `json:"reidentified_rate"` // of those compared
}

func (r *Row) add(l *Leak) {
	one := func(n *int, b bool) {
		if b {
			*n++
		}
	}
	r.Faces++
	one(&r.Exposed, l.Exposed)
	one(&r.Redetected, l.Redetected)
	one(&r.Compared, l.Compared)
	one(&r.Reidentified, l.Reidentified)
	one(&r.Chance, l.Reidentified && l.Chance != "")
	for _, k := range l.By {
		r.RedetectedBy[k]++
	}
}

func (r *Row) rate() {
	n := float64(max(r.Faces, 1))
	r.ExposedRate, r.RedetectRate = float64(r.Exposed)/n, float64(r.Redetected)/n
	r.ReidRate = float64(r.Reidentified) / float64(max(r.Compared, 1))
}

// sizes are the rows' least sides.
var sizes = []int{LeastSide, 24, 48, 96}

// Result is the verdict on one redaction.
type Result struct {
	Name   string `json:"name"`
	Frames int    `json:"frames"`
	Tracks int    `json:"tracks"`
	All    Row    `json:"all"`
	Sure   Row    `json:"sure"` // without faces in doubt
	BySize []Row  `json:"by_size"`
	// ExposedTracks are people seen clear in at least one picture; LongestRun
	// is the most pictures in a row in which one of them is.
	ExposedTracks int `json:"exposed_tracks"`
	LongestRun    int `json:"longest_exposed_run"`
	// Area is the mean part of the picture that the redaction changed,
	// AreaNobody what of it lies on no person. EmptyArea is the mean over
	// pictures with nobody within a second, of which there are EmptyFrames.
	Area        float64 `json:"masked_area"`
	AreaNobody  float64 `json:"masked_area_nobody"`
	EmptyFrames int     `json:"empty_frames"`
	EmptyArea   float64 `json:"masked_area_empty"`
	// Told is the mean masked area by the redaction's own word, -1 if it gives
	// none.
	Told float64 `json:"masked_area_told"`
	// Cosines are those of the faces compared, with the original. They tell how
	// far from the threshold a redaction stays, which counts of matches do not.
	Cosines Spread `json:"cosines"`
	Leaks   []Leak `json:"leaks,omitempty"` // the worst, at most mostLeaks

	worst []thumbnail
}

const mostLeaks = 400

// Spread is how values are distributed: all zero of none.
type Spread struct {
	N      int     `json:"n"`
	Median float32 `json:"median"`
	P99    float32 `json:"p99"`
	P999   float32 `json:"p99_9"`
	Max    float32 `json:"max"`
}

// spreadOf sorts v. A percentile is the least value that so many are at most.
func spreadOf(v []float32) Spread {
	if len(v) == 0 {
		return Spread{}
	}
	slices.Sort(v)
	at := func(q float64) float32 { return v[max(int(math.Ceil(q*float64(len(v))))-1, 0)] }
	return Spread{N: len(v), Median: at(0.5), P99: at(0.99), P999: at(0.999), Max: v[len(v)-1]}
}

// tally sums up one redaction.
type tally struct {
	r         Result
	emptySum  float64
	areaSum   float64
	nobodySum float64
	runs      map[int]run // by track
	cosines   []float32
	worst     []thumbnail
}

type run struct{ last, length int }

func newTally(name string, seen *Seen, judges int) *tally {
	row := func(from int) Row { return Row{From: from, RedetectedBy: make([]int, judges)} }
	t := &tally{r: Result{Name: name, Tracks: seen.Tracks, Told: -1, All: row(LeastSide), Sure: row(LeastSide)}, runs: map[int]run{}}
	for _, s := range sizes {
		t.r.BySize = append(t.r.BySize, row(s))
	}
	return t
}

func (t *tally) area(f *FrameSeen, c *changes) {
	people := make([]geom.Box, len(f.People))
	for i, b := range f.People {
		people[i] = b.Scale(1.15)
	}
	all, nobody := c.area(people)
	t.r.Frames++
	t.areaSum += all
	t.nobodySum += nobody
	if f.Empty {
		t.r.EmptyFrames++
		t.emptySum += all
	}
}

func (t *tally) faces(leaks []Leak) {
	for i := range leaks {
		l := &leaks[i]
		t.r.All.add(l)
		if l.Face.Doubt == "" {
			t.r.Sure.add(l)
		}
		side := min(l.Face.Box.W(), l.Face.Box.H())
		for k := len(sizes) - 1; k >= 0; k-- {
			if side >= float32(sizes[k]) {
				t.r.BySize[k].add(l)
				break
			}
		}
		if l.Compared {
			t.cosines = append(t.cosines, l.Cosine)
		}
		if l.Exposed {
			t.expose(l)
		}
		if l.Bad() && len(t.r.Leaks) < mostLeaks {
			t.r.Leaks = append(t.r.Leaks, *l)
		}
	}
}

// expose goes on with the run of a track, counted in sightings, so that a
// picture in which the judge itself missed the face does not end it.
func (t *tally) expose(l *Leak) {
	v, ok := t.runs[l.Face.Track]
	switch {
	case !ok:
		t.r.ExposedTracks++
		v.length = 1
	case v.last == l.Face.Nth-1:
		v.length++
	default:
		v.length = 1
	}
	v.last = l.Face.Nth
	t.runs[l.Face.Track] = v
	t.r.LongestRun = max(t.r.LongestRun, v.length)
}

// keep remembers the worst pictures for the page.
func (t *tally) keep(leaks []Leak, f *FrameSeen, q frame.Planes, most int) {
	if most <= 0 {
		return
	}
	worst, bad := float32(-1), 0
	for i := range leaks {
		if l := &leaks[i]; l.Bad() {
			bad++
			worst = max(worst, l.Detail)
		}
	}
	if bad == 0 {
		return
	}
	if len(t.worst) == most && t.worst[most-1].detail >= worst {
		return
	}
	n := thumbnail{frame: leaks[0].Frame, bad: bad, detail: worst}
	n.draw(q, f, leaks)
	t.worst = append(t.worst, n)
	slices.SortStableFunc(t.worst, func(a, b thumbnail) int {
		switch {
		case a.detail > b.detail:
			return -1
		case a.detail < b.detail:
			return 1
		}
		return 0
	})
	t.worst = t.worst[:min(len(t.worst), most)]
}

func (t *tally) result() *Result {
	r := t.r
	n := float64(max(r.Frames, 1))
	r.Area, r.AreaNobody = t.areaSum/n, t.nobodySum/n
	r.EmptyArea = t.emptySum / float64(max(r.EmptyFrames, 1))
	r.All.rate()
	r.Sure.rate()
	for i := range r.BySize {
		r.BySize[i].rate()
	}
	r.Cosines = spreadOf(t.cosines)
	r.worst = t.worst
	return &r
}
