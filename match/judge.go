package match

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/policy"
)

// Face is one face track on one picture.
type Face struct {
	Track      uint64
	Generation uint32 // changes when the track may have become somebody else
	Box        geom.Box
	// Landmarks are the left eye, right eye, nose, left and right mouth corner
	// as seen in the picture; they count only when HasLandmarks.
	Landmarks    [5]geom.Point
	HasLandmarks bool
	Score        float32 // of the detector
	Doubt        bool    // merged, crossed, or may be somebody else
	// Seen tells that the detector found the face on this very picture, not
	// that the tracker expects it there.
	Seen bool
}

// Look is one picture with what was found on it.
type Look struct {
	Planes frame.Planes // only read during Judge
	Meta   frame.Meta
	// Detected tells that the face detector looked at this picture. Without,
	// Faces hold expected places, and nothing is embedded.
	Detected bool
	Faces    []Face
	Lost     []uint64 // tracks that ended since the last look
	Canary   bool     // the detector's last self-test passed
	Pose     string   // fingerprint of the observed camera pose, if any
}

// State is how far a track has got.
type State string

// The states of a track.
const (
	StateUnknown   State = "unknown"   // the gate forbids looking
	StateCandidate State = "candidate" // may be looked at; nobody recognised
	StateMatched   State = "matched"   // an enrollee, under their consent
	StateRefused   State = "refused"   // was recognised, but the gate denies now
)

// Decision is what holds for a track on this picture. The zero value of Live
// and Record masks.
type Decision struct {
	Track      uint64
	Generation uint32
	State      State
	Subject    event.Digest // pseudonym of the day; zero unless matched
	Live       bool         // may be shown clear to live viewers
	Record     bool         // may be recorded clear
	// Bits are the gate's conjuncts for the live audience, or for the last
	// candidate looked at; Need is what the state asks for, so that
	// Bits.Missing(Need) says what stands in the way.
	Bits policy.Bits
	Need policy.Bits
}

// Liveness tells a live face from a print or a screen. A scene with PAD needs
// one; without it such a scene matches nobody.
type Liveness interface {
	Live(ctx context.Context, p frame.Planes, m frame.Meta, face geom.Box) (bool, error)
}

// Leases gives the policy in force; *policy.Holder is one.
type Leases interface {
	Current() (policy.Held, error)
}

// JudgeConfig says what a judge works with.
type JudgeConfig struct {
	Camera      string
	Leases      Leases
	Shelf       *Shelf
	Embedder    Embedder
	Calibration Calibration
	Rules       Rules
	Claims      *Claims  // nil where no scene runs in claim mode
	Liveness    Liveness // nil where no scene asks for it
	Counters    Counters
	// ClockSynced tells whether a time service keeps this machine's clock, for
	// the events to say so; nil means that nobody knows.
	ClockSynced func() bool
	// Sealer encrypts what an event says of its person beyond the pseudonym; nil
	// leaves that out.
	Sealer PayloadSealer
}

// Judge decides for one camera. It belongs to one goroutine.
type Judge struct {
	cfg    JudgeConfig
	model  event.Digest
	tracks map[uint64]*track
	epoch  uint32
	count  uint64 // looks judged
	view   view
	chip   *Chip
	probe  *Probe
	room   *scratch

	decisions []Decision
	events    []event.Event
}

// NewJudge returns a judge. It fails with ErrConfig for parts that are missing,
// for rules laxer than the requirements, and for a calibration made for another
// model.
func NewJudge(cfg JudgeConfig) (*Judge, error) {
	if cfg.Camera == "" || cfg.Leases == nil || cfg.Shelf == nil || cfg.Embedder == nil {
		return nil, fmt.Errorf("%w: a judge needs camera, leases, shelf and embedder", ErrConfig)
	}
	if err := cfg.Rules.check(); err != nil {
		return nil, err
	}
	j := &Judge{cfg: cfg, tracks: map[uint64]*track{}, chip: &Chip{}, probe: &Probe{}, room: &scratch{}}
	info := cfg.Embedder.Info()
	if cfg.Calibration.Model != info.Digest {
		return nil, fmt.Errorf("%w: the calibration is for model %.12s, the embedder is %.12s", ErrConfig, cfg.Calibration.Model, info.Digest)
	}
	if n, err := hex.Decode(j.model[:], []byte(info.Digest)); err != nil || n != len(j.model) {
		return nil, fmt.Errorf("%w: the embedder's digest is not a SHA-256 in hex", ErrConfig)
	}
	return j, nil
}

// Through has faces embedded by e from now on: another way to the same model, such
// as a camera's own place in its queue. It fails with ErrConfig for another model.
func (j *Judge) Through(e Embedder) error {
	if e == nil || e.Info().Digest != j.cfg.Embedder.Info().Digest {
		return fmt.Errorf("%w: another embedder than the judge was made for", ErrConfig)
	}
	j.cfg.Embedder = e
	return nil
}

// Judge decides for every face of a picture, in order, and returns the events
// that this gave rise to, without number. Both slices are valid until the next
// call. An error of the embedder is returned with decisions that mask the face
// it struck; an error of any kind never grants.
func (j *Judge) Judge(ctx context.Context, l Look) ([]Decision, []event.Event, error) {
	j.decisions, j.events = j.decisions[:0], j.events[:0]
	if l.Meta.Epoch != j.epoch {
		clear(j.tracks)
		j.epoch = l.Meta.Epoch
	}
	for _, id := range l.Lost {
		delete(j.tracks, id)
	}
	j.sweep()
	held, err := j.cfg.Leases.Current()
	if err != nil || held.Snapshot == nil || held.Snapshot.Halted != "" {
		// No vouching for anything: evidence gathered under the old policy
		// does not carry over either.
		for _, t := range j.tracks {
			t.reset("")
			t.told.denied(err == nil && held.Snapshot != nil) // halted: by somebody, who ends it too
		}
		for _, f := range l.Faces {
			j.decisions = append(j.decisions, Decision{Track: f.Track, Generation: f.Generation, State: StateUnknown, Need: policy.NeedEmbed})
		}
		return j.decisions, j.events, nil
	}
	j.view.update(j.cfg, held, l)
	var first error
	for i := range l.Faces {
		d, err := j.face(ctx, &l, &l.Faces[i])
		if err != nil && first == nil {
			first = fmt.Errorf("match: camera %s: %w", j.cfg.Camera, err)
		}
		j.decisions = append(j.decisions, d)
	}
	j.claimsOver(&l)
	return j.decisions, j.events, first
}

// sweepEvery is after how many looks tracks that were never offered again are
// dropped, so that a caller who does not tell of lost ones costs no memory.
const sweepEvery = 256

func (j *Judge) sweep() {
	if j.count++; j.count%sweepEvery != 0 {
		return
	}
	for id, t := range j.tracks {
		if j.count-t.offered > sweepEvery {
			delete(j.tracks, id)
		}
	}
}

// face judges one face on one picture.
func (j *Judge) face(ctx context.Context, l *Look, f *Face) (Decision, error) {
	t := j.tracks[f.Track]
	switch {
	case t == nil:
		t = &track{gen: f.Generation}
		j.tracks[f.Track] = t
	case t.gen != f.Generation:
		t.reset("")
		t.gen, t.seen, t.told = f.Generation, false, told{}
	case f.Doubt:
		// What comes after a doubt must prove itself from the start.
		t.reset("")
		t.seen = false
	}
	t.offered = j.count
	d := Decision{Track: f.Track, Generation: f.Generation, State: StateUnknown, Need: policy.NeedEmbed}
	zv := j.view.zoneAt(f.Box)
	if zv == nil {
		t.told.denied(false)
		d.Bits = policy.Gate(policy.Facts{Fresh: j.view.fresh}) // nothing is known of a zone
		return d, nil
	}
	if t.zone != zv.zone.ID {
		t.reset(zv.zone.ID) // another zone is another consent
	}
	if l.Detected {
		t.seen = f.Seen
	}
	var err error
	if l.Detected && f.Seen && !f.Doubt && f.HasLandmarks {
		err = j.prove(ctx, l, f, t, zv)
	}
	j.conclude(l, f, t, zv, &d)
	if err != nil {
		d.Live, d.Record = false, false
	}
	return d, err
}

// conclude fills the decision from the evidence and the gate as of now.
func (j *Judge) conclude(l *Look, f *Face, t *track, zv *zoneView, d *Decision) {
	who, best := t.verdict(j.cfg.Rules)
	if who == "" {
		t.told.denied(!policy.Gate(zv.facts(f, nil)).Holds(decidedScene))
		d.Bits = t.bits
		if zv.anyone() {
			d.State = StateCandidate
		}
		if d.Bits == 0 {
			d.Bits = policy.Gate(zv.facts(f, nil))
		}
		return
	}
	d.State, d.Need = StateRefused, policy.NeedShow
	p, consent, ok := zv.person(j.cfg, who)
	if !ok {
		t.reset(t.zone) // consent is gone, and the evidence with it
		t.told.denied(true)
		d.Bits = policy.Gate(zv.facts(f, nil))
		return
	}
	facts := zv.facts(f, &p)
	facts.Face.Quality, facts.Face.MinQuality = best.quality, j.minQuality(zv) // as of the proof
	facts.Face.RateAllowed = true
	facts.Score = best.facts
	facts.Show = policy.ShowFacts{
		ProvenAt: best.at, ProofHolds: j.cfg.Rules.ProofHolds, TrackWhole: !f.Doubt && t.seen,
	}
	live, record := zv.appearances(who, facts)
	d.Bits = live
	if !live.Matches() {
		decided := !live.Holds(decidedScene | decidedPerson)
		if t.told.denied(decided); decided {
			t.reset(t.zone) // once it is allowed again, it is proved again
		}
		return
	}
	d.State = StateMatched
	j.cfg.Shelf.with(zv.scene.ID, func(g *Gallery) {
		if g != nil {
			d.Subject = g.SubjectRef(who, l.Meta.Captured)
		}
	})
	known := !d.Subject.IsZero()
	d.Live, d.Record = known && live.MayShow(), known && record.MayShow()
	j.report(l, t, zv, d, best, consent, record)
}

// minQuality is the least quality of a face that is embedded in a zone.
func (j *Judge) minQuality(z *zoneView) float32 {
	return max(j.cfg.Rules.Quality, z.scene.Thresholds.Quality)
}

// now is the policy clock's reading for this picture.
func (j *Judge) now() time.Time { return j.view.fresh.Now }
