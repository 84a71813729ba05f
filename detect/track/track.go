// Package track follows faces and persons from look to look and gives each an
// id that is never used for anybody else. It works in the manner of ByteTrack
// (Zhang et al., arXiv 2110.06864): sure detections are assigned first, weak
// ones continue tracks that would otherwise be missed. Looks may come at any
// distance in time.
//
// It also tells when an id can no longer be vouched for. Where two people
// overlap, cross, or take each other's place, both tracks are in doubt, and
// each gets a new generation: whatever was known of the person before counts
// no more.
package track

import (
	"time"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Kind says what a track follows.
type Kind uint8

// The kinds of track.
const (
	Face Kind = iota
	Person
	kinds
)

func (k Kind) String() string {
	if k == Face {
		return "face"
	}
	return "person"
}

// Track is what is known of one face or person at the time asked for.
type Track struct {
	ID   uint64 // unique among both kinds, never reused
	Kind Kind
	// Human is common to a person's track and the tracks of faces seen on that
	// person, one after the other: it outlives a face that turned away.
	Human uint64
	// Partner is the track of the face on this person, or of the person with
	// this face; 0 when there is none.
	Partner uint64
	// Generation changes whenever the track may have passed to somebody else.
	// What was learnt of the person under another generation is void.
	Generation uint32
	// Doubt tells that the generation changed and that no fresh identification
	// has settled who it is; see Tracker.Resolve.
	Doubt bool
	// Ambiguous tells that at this very look two tracks cannot be told apart.
	Ambiguous bool
	// Box is the measured box when Observed, else the predicted one. It may
	// reach beyond the picture.
	Box      geom.Box
	Observed bool
	// Confirmed is false for a track begun by a single weak detection.
	Confirmed bool
	Score     float32 // of the last detection
	// Surprise is how far the last detection lay from where the track had been
	// predicted, in units of the box's size: what interpolation across the next
	// gap may be off by. It means nothing before the second hit.
	Surprise float32
	// Landmarks are those of the detection; valid only when HasLandmarks,
	// which needs Observed.
	Landmarks    [5]geom.Point
	HasLandmarks bool
	Age          time.Duration // since the first detection
	Unseen       time.Duration // since the last detection
	Hits         int           // looks that found it
	Misses       int           // looks in a row that did not
}

// Result is the state after a look or a prediction. Its slices belong to the
// tracker and are valid until its next call.
type Result struct {
	Tracks []Track // faces, then persons, each in order of id
	Lost   []uint64
	// Fault, when not empty, says why this look cannot be vouched for: more
	// detections than can be followed, one that is not finite, or a clock that
	// went backwards. The picture has to be masked as a whole.
	Fault string
}

// Limits are the settings of one kind of track. Distances are in units of the
// box's size, the root of its area.
type Limits struct {
	// Sure is the least score of a detection that starts a confirmed track.
	Sure float32
	// Hold is how long a track lives unseen; half of it when it was seen once
	// only, since where it went cannot be told.
	Hold time.Duration
	// Near is how far a detection may lie from where the track is predicted;
	// NearGrowth is how much that grows for each second unseen, up to NearMost.
	// FirstGrowth takes NearGrowth's place for a track seen once, whose speed is
	// not known.
	Near, NearGrowth, NearMost, FirstGrowth float32
	// Overlap is the part of the smaller box that two tracks may share before
	// they are ambiguous.
	Overlap float32
	// Margin is how much worse the second-best explanation of a look has to be
	// for the best one to be beyond doubt, in units of cost (1 − IoU + half the
	// distance).
	Margin float32
}

// Options set up a tracker.
type Options struct {
	// Size of the picture; a track that is predicted to have left it is lost.
	// Zero means that none ever leaves.
	Size frame.Size
	// Faces and Persons are each kind's limits; zero fields take DefaultOptions.
	Faces, Persons Limits
	// HoldTied is how long a face unseen is kept while the person it belongs
	// to is seen; 0 means 3 s.
	HoldTied time.Duration
	// Gone is how long a track may be unseen before its identity is void;
	// 0 means 300 ms.
	Gone time.Duration
	// Gap is the longest time between two looks; after a longer one nothing is
	// carried over. 0 means 2 s.
	Gap time.Duration
	// Most bounds detections and tracks of each kind; 0 means 300.
	Most int
}

// DefaultOptions are the settings used for zero fields.
func DefaultOptions() Options {
	return Options{
		Faces: Limits{
			Sure: 0.5, Hold: time.Second, Near: 0.6, NearGrowth: 2, NearMost: 2, FirstGrowth: 10,
			Overlap: 0.15, Margin: 0.5,
		},
		Persons: Limits{
			Sure: 0.35, Hold: time.Second, Near: 0.35, NearGrowth: 0.8, NearMost: 1, FirstGrowth: 2.5,
			Overlap: 0.5, Margin: 0.3,
		},
		HoldTied: 3 * time.Second, Gone: 300 * time.Millisecond, Gap: 2 * time.Second, Most: 300,
	}
}

func (l Limits) or(d Limits) Limits {
	def(&l.Sure, d.Sure)
	def(&l.Hold, d.Hold)
	def(&l.Near, d.Near)
	def(&l.NearGrowth, d.NearGrowth)
	def(&l.NearMost, d.NearMost)
	def(&l.FirstGrowth, d.FirstGrowth)
	def(&l.Overlap, d.Overlap)
	def(&l.Margin, d.Margin)
	return l
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Tracker follows the people of one camera. It is not safe for concurrent use.
// Once its buffers have grown to the busiest picture it allocates nothing.
type Tracker struct {
	o      Options
	limits [kinds]Limits
	sets   [kinds]set
	nextID uint64
	last   float64 // seconds
	begun  bool
	out    Result
	dets   [kinds][]detection
	tie    tieScratch
}

// New returns a tracker without tracks. Ids count from 1.
func New(o Options) *Tracker { return NewFrom(o, 1) }

// NewFrom is New with the first id given, so that a camera's ids go on across
// restarts of its tracker.
func NewFrom(o Options, first uint64) *Tracker {
	d := DefaultOptions()
	def(&o.HoldTied, d.HoldTied)
	def(&o.Gone, d.Gone)
	def(&o.Gap, d.Gap)
	def(&o.Most, d.Most)
	t := &Tracker{o: o, nextID: max(first, 1)}
	t.limits = [kinds]Limits{Face: o.Faces.or(d.Faces), Person: o.Persons.or(d.Persons)}
	return t
}

// NextID is the id that the next new track will get.
func (t *Tracker) NextID() uint64 { return t.nextID }

// Update takes a look of both detectors at time at.
func (t *Tracker) Update(at time.Duration, faces []detect.Face, persons []detect.Person) Result {
	t.begin(at)
	t.takeFaces(faces)
	t.takePersons(persons)
	return t.end(at, true, true)
}

// UpdateFaces takes a look of the face detector alone; persons are predicted.
func (t *Tracker) UpdateFaces(at time.Duration, faces []detect.Face) Result {
	t.begin(at)
	t.takeFaces(faces)
	return t.end(at, true, false)
}

// UpdatePersons takes a look of the person detector alone; faces are predicted.
func (t *Tracker) UpdatePersons(at time.Duration, persons []detect.Person) Result {
	t.begin(at)
	t.takePersons(persons)
	return t.end(at, false, true)
}

// Predict says where everybody is expected at a time between or after looks,
// or shortly before the last one. No track is born or lost. Where predicted
// faces overlap, the doubt stays.
func (t *Tracker) Predict(at time.Duration) Result {
	t.out.Lost, t.out.Fault = t.out.Lost[:0], ""
	now := at.Seconds()
	for k := range t.sets {
		s := &t.sets[k]
		for i := range s.tracks {
			s.tracks[i].observed = false
			s.tracks[i].place(now)
			s.tracks[i].ambiguous = false
		}
		s.markOverlaps(t.limits[k].Overlap)
		s.settleDoubt()
	}
	return t.report(at)
}

// Resolve tells that a fresh identification, made of pictures seen under the
// given generation only, settled who a track is. It ends the doubt and reports
// true, unless the track has gone, the generation has changed since, or the
// track is ambiguous at this very look. Settling a face settles the person it
// belongs to, unless that one is ambiguous.
func (t *Tracker) Resolve(id uint64, generation uint32) bool {
	for k := range t.sets {
		if s := t.sets[k].find(id); s != nil {
			if s.generation != generation || s.ambiguous {
				return false
			}
			s.doubt = false
			if p := t.sets[kinds-1-Kind(k)].find(s.partner); p != nil && !p.ambiguous {
				p.doubt = false
			}
			return true
		}
	}
	return false
}

// Reset forgets every track, as when a new epoch begins, and reports them lost.
func (t *Tracker) Reset(size frame.Size) Result {
	t.out.Lost, t.out.Fault = t.out.Lost[:0], ""
	t.dropAll()
	t.o.Size = size
	t.begun = false
	return t.report(0)
}

func (t *Tracker) dropAll() {
	for k := range t.sets {
		for i := range t.sets[k].tracks {
			t.out.Lost = append(t.out.Lost, t.sets[k].tracks[i].id)
		}
		t.sets[k].tracks = t.sets[k].tracks[:0]
	}
}
