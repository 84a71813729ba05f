package app

import (
	"context"
	"errors"
	"math"

	"bystander/detect"
	"bystander/detect/onnx"
	"bystander/detect/track"
	"bystander/internal/geom"
	"bystander/redact"
)

// A person who stands close may hide a second, smaller head: a child held in
// the arms, somebody behind. Each of its pixels also tells more than one of a
// far face. So what lies on a close person is looked at once more, at half the
// size, where blur is half as wide, and a much weaker face is covered. Hands
// pass for faces there and are covered too; elsewhere nothing changes.
const (
	glanceScore = 0.10 // the least score of a weak face
	// closePart is the part of the picture from which on a person is close.
	closePart = 0.15
	// armsReach is how far a face may lie beside a person's box, in widths of it:
	// live boxes are up to nine pictures old, and arms are faster.
	armsReach = 0.25
	// A face on a person is no narrower than leastFace of the person's width and
	// no higher than mostFace of the height.
	leastFace, mostFace = 0.10, 0.60
	// glanceFirst is the first track number of weak faces, which no other reaches.
	glanceFirst = math.MaxUint64 / 2
)

var errWeakFaces = errors.New("weak faces cannot be followed")

// glanceOptions are those of the face detector at half its size.
func glanceOptions(o onnx.Options) onnx.Options {
	if o.Long == 0 {
		o.Long = 640
	}
	o.Long, o.Score = max(o.Long/64*32, 160), glanceScore
	return o
}

// glance covers weak faces on close persons. They are followed apart from the
// others: nobody is asked who they are, and they explain and end nothing else.
func (l *looker) glance(ctx context.Context, s *seen, tracks []track.Track) error {
	if l.eyes.glance == nil {
		return nil
	}
	size := s.raw.Size()
	l.near, l.weak = l.near[:0], l.weak[:0]
	for i := range tracks {
		if t := &tracks[i]; t.Kind == track.Person && t.Box.Area() >= closePart*float32(size.W*size.H) {
			l.near = append(l.near, t.Box)
		}
	}
	if len(l.near) > 0 {
		lap := l.clock.start(stageFaces)
		var err error
		l.weak, err = l.eyes.glance.DetectFaces(ctx, s.raw.Planes(), l.weak)
		lap.stop()
		if err != nil {
			return err
		}
	}
	kept := l.weak[:0]
	for _, f := range l.weak {
		// What is no box is kept, for the tracker to refuse.
		if !f.Box.Finite() || !followed(tracks, f.Box) && bears(l.near, f.Box) {
			kept = append(kept, f)
		}
	}
	return l.followWeak(s, kept)
}

func (l *looker) followWeak(s *seen, faces []detect.Face) error {
	if l.weakTracks == nil {
		l.weakTracks = track.NewFrom(track.Options{Size: l.size}, glanceFirst)
	}
	r := l.weakTracks.UpdateFaces(s.raw.PTS, faces)
	s.sighting.Lost = append(s.sighting.Lost, r.Lost...)
	if r.Fault != "" {
		return errWeakFaces
	}
	for i := range r.Tracks {
		if t := &r.Tracks[i]; t.Observed {
			s.sighting.Targets = append(s.sighting.Targets, redact.Target{
				Track: t.ID, Kind: redact.TargetFace, Box: t.Box, Score: t.Score, Doubt: true, Weak: true,
			})
		}
	}
	return nil
}

// followed reports whether a face is one that is followed already.
func followed(tracks []track.Track, b geom.Box) bool {
	for i := range tracks {
		if t := &tracks[i]; t.Kind == track.Face && (t.Box.Covers(b) >= 0.5 || b.Covers(t.Box) >= 0.5) {
			return true
		}
	}
	return false
}

// bears reports whether a face lies on one of these persons and is as large as
// a face on that person can be.
func bears(persons []geom.Box, face geom.Box) bool {
	c := face.Centre()
	for _, p := range persons {
		reach := armsReach * p.W()
		if c.X >= p.X0-reach && c.X < p.X1+reach && c.Y >= p.Y0 && c.Y < p.Y1 &&
			face.W() >= leastFace*p.W() && face.H() <= mostFace*p.H() {
			return true
		}
	}
	return false
}
