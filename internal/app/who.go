package app

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"bystander/detect/track"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/trace"
	"bystander/match"
	"bystander/redact"
)

// who joins the judge of package match to the pipeline: it answers for the
// raw side who a track is, and for the cover side who may be seen.
type who struct {
	judge  *match.Judge
	leases match.Leases
	emit   func(event.Event)
	emitOf func(trace.Ref, event.Event) // of what follows from a picture; nil takes emit
	site   func() string
	pose   func() string // the calibrated view's fingerprint while the camera stands so; nil knows none
	log    zerolog.Logger
	faces  []match.Face
	done   []settled
	open   bool // the gate lets somebody in the last look be looked at

	// noRecord keeps everybody masked in recordings, where an erasure could not
	// reach these.
	noRecord bool

	// keepLost lets what a track earned outlive it, for recordings: pictures
	// are held for longer there than a track may last, and no consent can
	// change on the way. Track ids are never used again.
	keepLost bool

	mu     sync.RWMutex
	grants map[uint64]grant

	embedded, compared *tally                // since the start; nil where nobody counts
	matched            map[event.Digest]bool // people recognised since the start, by pseudonym of the day
}

// tally counts for one camera what the whole house counts as well.
type tally struct {
	n     atomic.Uint64
	house match.Counter // nil keeps none
}

// total is the count so far.
func (t *tally) total() uint64 {
	if t == nil {
		return 0
	}
	return t.n.Load()
}

// Add implements match.Counter.
func (t *tally) Add(n float64) {
	t.n.Add(uint64(n))
	if t.house != nil {
		t.house.Add(n)
	}
}

// grant is what a track's last look earned it.
type grant struct{ live, record bool }

func newWho(j *match.Judge, leases match.Leases, site func() string, emit func(event.Event), log zerolog.Logger) *who {
	return &who{
		judge: j, leases: leases, emit: emit, site: site, log: log,
		grants: map[uint64]grant{}, matched: map[event.Digest]bool{},
	}
}

// identify implements identifier.
func (w *who) identify(ctx context.Context, raw *frame.Raw, tracks []track.Track, trusted bool) (done []settled, open bool) {
	w.faces, w.done = w.faces[:0], w.done[:0]
	for i := range tracks {
		t := &tracks[i]
		if t.Kind != track.Face {
			continue
		}
		// The tracker's lasting doubt is settled by a fresh identification
		// under the new generation, so only what is ambiguous in this very
		// picture is kept from the judge.
		w.faces = append(w.faces, match.Face{
			Track: t.ID, Generation: t.Generation, Box: t.Box, Landmarks: t.Landmarks,
			HasLandmarks: t.HasLandmarks, Score: t.Score, Doubt: t.Ambiguous, Seen: t.Observed,
		})
	}
	look := match.Look{Planes: raw.Planes(), Meta: raw.Meta, Detected: true, Faces: w.faces, Canary: trusted}
	if w.pose != nil {
		look.Pose = w.pose()
	}
	decisions, events, err := w.judge.Judge(ctx, look)
	if err != nil && ctx.Err() == nil {
		w.log.Error().Err(err).Str("camera", raw.Camera).Msg("matching failed; the face stays masked")
	}
	w.take(decisions)
	for _, e := range events {
		e.SiteID = w.site()
		if w.emitOf != nil {
			w.emitOf(refOf(&raw.Meta), e)
			continue
		}
		w.emit(e)
	}
	return w.done, w.open
}

func (w *who) take(decisions []match.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = false
	for _, d := range decisions {
		w.open = w.open || d.State != match.StateUnknown
		if d.State != match.StateMatched {
			delete(w.grants, d.Track)
			continue
		}
		w.grants[d.Track] = grant{d.Live, d.Record && !w.noRecord}
		w.matched[d.Subject] = true
		w.done = append(w.done, settled{d.Track, d.Generation})
	}
}

// forget implements identifier.
func (w *who) forget(tracks []uint64) {
	if w.keepLost {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range tracks {
		delete(w.grants, id)
	}
}

// forgetAll implements identifier.
func (w *who) forgetAll() {
	if w.keepLost {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.grants)
}

// May implements redact.Permission: what the last look earned, as long as the
// policy lease is fresh.
func (w *who) May(id uint64, rule redact.Rule) bool {
	w.mu.RLock()
	g, ok := w.grants[id]
	w.mu.RUnlock()
	if !ok || rule == redact.RuleLive && !g.live || rule == redact.RuleRecord && !g.record {
		return false
	}
	held, err := w.leases.Current()
	return err == nil && held.Snapshot != nil && held.Snapshot.Halted == ""
}

// people is how many enrollees were recognised since the start.
func (w *who) people() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.matched)
}
