package app

import (
	"context"
	"errors"
	"time"

	"bystander/api"
	"bystander/detect"
	"bystander/detect/foreground"
	"bystander/detect/track"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// identifier judges who may be seen. Without one everybody is masked.
type identifier interface {
	// identify looks at the faces seen in this very picture and returns the
	// tracks whose doubt a fresh identification has settled, and whether the gate
	// lets any of them be looked at.
	identify(ctx context.Context, raw *frame.Raw, tracks []track.Track, trusted bool) (done []settled, open bool)
	// forget drops what was known of these tracks, forgetAll of every track.
	forget(tracks []uint64)
	forgetAll()
}

// settled is a track whose person was identified anew under a generation.
type settled struct {
	track      uint64
	generation uint32
}

// lookEvery is the longest time between two looks for faces, whatever the
// picture rate: slow cameras are looked at in every picture.
const lookEvery = 130 * time.Millisecond

// lookLate is how far behind a live picture may be before looks are left out to
// catch up. The redactor's own bound then covers everything if that lasts.
const lookLate = 350 * time.Millisecond

// looker is the raw side of one camera: it says what is to be covered in each
// picture. It belongs to one goroutine.
type looker struct {
	eyes    *eyes
	cadence config.Detect
	who     identifier
	private func(frame.Size) []geom.Polygon // filled before anything looks
	shape   func() uint64                   // changes when private does; nil never
	view    *poseWatch                      // of a fixed camera; nil where nobody asks
	live    bool
	// cuts makes a new epoch where a recording was cut: nobody is looked for
	// across it. A fixed camera has no cuts.
	cuts  bool
	hold  int // pictures that are held back after a look; bounds how rarely one looks
	now   func() time.Time
	clock *stopwatch

	tracker   *track.Tracker
	guard     *foreground.Guard
	moving    []geom.Box // the guard's own, when it last looked
	watched   bool       // it looked in this epoch
	watchedAt time.Duration
	rested    int // pictures since then
	polygons  []geom.Polygon
	epoch     uint32
	size      frame.Size
	begun     bool
	shaped    uint64 // what polygons stand for
	scenes    uint32 // begun by cuts

	sinceFaces, sincePersons int // pictures
	personsFailed            bool
	failures                 uint64
	complained               time.Time
	lastFaces                time.Duration
	faces                    []detect.Face
	persons                  []detect.Person

	pace   pace
	parted bool // the last look for faces was at a part of the picture

	weakTracks *track.Tracker // of weak faces on close persons; nil until the first
	weak       []detect.Face
	near       []geom.Box // close persons
}

// seen is a picture with what was seen on it, on its way to the cover side.
// Its slices are its own.
type seen struct {
	raw       *frame.Raw
	sighting  redact.Sighting
	faces     int // face tracks
	humans    int // people followed
	fresh     int // face tracks begun
	lookedFor bool
}

// look fills private polygons, then looks. It never fails: whatever goes wrong
// becomes the sighting's fault, and the picture is covered as a whole.
func (l *looker) look(ctx context.Context, s *seen) {
	raw := s.raw
	s.sighting = redact.Sighting{Targets: s.sighting.Targets[:0], Lost: s.sighting.Lost[:0], Moving: s.sighting.Moving[:0]}
	raw.Epoch += l.scenes
	if !l.begun || raw.Epoch != l.epoch || raw.Size() != l.size {
		l.begin(raw, s)
	}
	if l.shape != nil {
		if v := l.shape(); v != l.shaped {
			l.shaped, l.polygons = v, l.private(l.size)
		}
	}
	if l.view != nil {
		l.view.observe(raw, l.polygons)
	}
	if err := redact.FillPrivacy(raw, l.polygons); err != nil {
		s.sighting.Fault = api.MaskDetectorError
		return
	}
	if l.eyes.faces == nil {
		s.sighting.Fault = api.MaskModelMissing
		return
	}
	if !l.eyes.trusted.Load() {
		s.sighting.Fault = api.OffCanary
		return
	}
	l.watch(s)
	l.detect(ctx, s)
}

// guardPace is the shortest time between two looks of the guard at a live
// camera. What it sees holds for the pictures on either side, as long as the first
// of those that it left out is still held at its next look.
const guardPace = 50 * time.Millisecond

// watch asks the guard what moves.
func (l *looker) watch(s *seen) {
	raw := s.raw
	since := raw.PTS - l.watchedAt
	if !l.cuts && l.watched && since > 0 && since < guardPace && l.rested+1 < l.hold {
		l.rested++
		return
	}
	lap := l.clock.start(stageGuard)
	g := l.guard.Observe(raw.Planes(), raw.PTS)
	lap.stop()
	if g.Other && l.cuts {
		l.scenes++
		raw.Epoch++
		l.begin(raw, s)
		g = l.guard.Observe(raw.Planes(), raw.PTS)
	}
	l.watched, l.watchedAt, l.rested, l.moving = true, raw.PTS, 0, g.Regions
	l.pace.moved(g)
	// After a break the guard knows nothing yet, and what it saw before holds on.
	s.sighting.Guard = !g.Cut
	s.sighting.Moving = append(s.sighting.Moving, g.Regions...)
}

// begin forgets everything: nothing carries over between epochs.
func (l *looker) begin(raw *frame.Raw, s *seen) {
	l.begun, l.epoch, l.size = true, raw.Epoch, raw.Size()
	l.polygons = nil
	if l.private != nil {
		l.polygons = l.private(l.size)
	}
	if l.tracker == nil {
		l.tracker = track.New(track.Options{Size: l.size})
	} else {
		s.sighting.Lost = append(s.sighting.Lost, l.tracker.Reset(l.size).Lost...)
	}
	if l.weakTracks != nil {
		s.sighting.Lost = append(s.sighting.Lost, l.weakTracks.Reset(l.size).Lost...)
	}
	l.guard, l.moving, l.watched = foreground.New(foreground.Options{}), nil, false
	if l.who != nil {
		l.who.forgetAll()
	}
	// Both detectors look at an epoch's first picture.
	l.sinceFaces, l.sincePersons = l.cadence.FaceEvery, l.cadence.PersonEvery+1
	l.personsFailed, l.pace, l.parted = false, pace{}, false
}

// detect runs the detectors that are due and turns their answers into targets.
func (l *looker) detect(ctx context.Context, s *seen) {
	raw := s.raw
	l.sinceFaces++
	l.sincePersons++
	late := l.live && l.now().Sub(raw.Arrived) > lookLate
	due := l.due()
	lookFaces := !late && (l.sinceFaces >= due.faces || raw.PTS-l.lastFaces >= due.within)
	// People and faces take turns, so that no picture pays for both, but for an
	// epoch's first and where faces are looked for in every picture.
	lookPersons := !late && l.eyes.persons != nil && l.sincePersons >= due.persons &&
		(!lookFaces || due.faces == 1 || l.sincePersons > due.persons+1 || l.personsFailed)
	if l.personsFailed && !lookPersons {
		// Whoever turned away is covered by the person detector alone.
		s.sighting.Fault = api.MaskDetectorError
		return
	}
	if !lookFaces && !lookPersons {
		return
	}
	s.lookedFor = true
	if err := l.run(ctx, s, lookFaces, lookPersons); err != nil {
		l.failed(ctx, s, err)
		return
	}
	l.follow(ctx, s, lookFaces, lookPersons)
}

// failed covers the picture as a whole since a detector failed on it.
func (l *looker) failed(ctx context.Context, s *seen, err error) {
	l.complain(ctx, s.raw.Camera, err)
	s.sighting.Fault = api.MaskDetectorError
	if errors.Is(err, context.DeadlineExceeded) {
		s.sighting.Fault = api.MaskDetectorLate
	}
}

// complain logs a detector's failure, once a second at most.
func (l *looker) complain(ctx context.Context, camera string, err error) {
	l.failures++
	now := l.now()
	if ctx.Err() != nil || now.Sub(l.complained) < time.Second {
		return
	}
	l.complained = now
	l.eyes.log.Error().Err(err).Str("camera", camera).Uint64("failures", l.failures).
		Msg("a detector failed; pictures are covered as a whole")
}

func (l *looker) run(ctx context.Context, s *seen, lookFaces, lookPersons bool) (err error) {
	raw := s.raw
	l.faces, l.persons = l.faces[:0], l.persons[:0]
	if lookFaces {
		lap := l.clock.start(stageFaces)
		err = l.findFaces(ctx, s)
		lap.stop()
		if err != nil {
			return err
		}
		l.sinceFaces, l.lastFaces = 0, raw.PTS
	}
	if lookPersons {
		lap := l.clock.start(stagePersons)
		l.persons, err = l.eyes.persons.DetectPersons(ctx, raw.Planes(), l.persons)
		lap.stop()
		if l.personsFailed = err != nil; err == nil {
			l.sincePersons = 0
		}
	}
	return err
}

// follow ties detections to tracks, asks who they are, and lists the targets.
func (l *looker) follow(ctx context.Context, s *seen, lookFaces, lookPersons bool) {
	lap := l.clock.start(stageTrack)
	var r track.Result
	switch at := s.raw.PTS; {
	case lookFaces && lookPersons:
		r = l.tracker.Update(at, l.faces, l.persons)
	case lookFaces:
		r = l.tracker.UpdateFaces(at, l.faces)
	default:
		r = l.tracker.UpdatePersons(at, l.persons)
	}
	lap.stop()
	if r.Fault != "" {
		s.sighting.Fault = api.MaskDetectorError
		return
	}
	s.sighting.Faces, s.sighting.Persons, s.sighting.Part = lookFaces, lookPersons, lookFaces && l.parted
	s.sighting.Lost = append(s.sighting.Lost, r.Lost...)
	matching := false
	if l.who != nil && lookFaces {
		lap := l.clock.start(stageMatch)
		l.who.forget(r.Lost)
		var resolved []settled
		resolved, matching = l.who.identify(ctx, s.raw, r.Tracks, l.eyes.trusted.Load())
		for _, k := range resolved {
			if l.tracker.Resolve(k.track, k.generation) {
				settle(r.Tracks, k)
			}
		}
		lap.stop()
	}
	s.faces, s.humans, s.fresh = 0, 0, 0
	for i := range r.Tracks {
		l.target(s, &r.Tracks[i])
	}
	if !lookFaces {
		return
	}
	l.pace.judge(r.Tracks, matching)
	if err := l.glance(ctx, s, r.Tracks); err != nil {
		l.failed(ctx, s, err)
	}
}

func settle(tracks []track.Track, k settled) {
	for i := range tracks {
		if tracks[i].ID == k.track {
			tracks[i].Doubt = false
		}
	}
}

func (l *looker) target(s *seen, t *track.Track) {
	kind := redact.TargetFace
	if t.Kind == track.Person {
		kind = redact.TargetPerson
	}
	if kind == redact.TargetFace {
		s.faces++
		if t.Observed && t.Hits == 1 {
			s.fresh++
		}
	}
	if kind == redact.TargetPerson || t.Partner == 0 {
		s.humans++
	}
	if !t.Observed {
		return
	}
	s.sighting.Targets = append(s.sighting.Targets, redact.Target{
		Track: t.ID, Kind: kind, Box: t.Box, Score: t.Score, Doubt: t.Doubt || t.Ambiguous,
	})
}
