package app

import (
	"context"

	"bystander/detect"
	"bystander/internal/geom"
)

// Every other look for faces is confined to where somebody is followed and where
// something moves, when that is a small part of the picture. Whoever appears
// elsewhere without moving is found at the look after it, two paces after the one
// before, and is covered backwards like everybody who comes: the pictures between
// are still held. Where they are not, and where somebody may be recognised, every
// look is at the whole.

// partMargin is how far around a followed box somebody is looked for, as a factor
// on its sides.
const partMargin = 1.5

// findFaces looks for faces in the picture, or in the part that matters.
func (l *looker) findFaces(ctx context.Context, s *seen) (err error) {
	p, ok := l.eyes.faces.(detect.PartDetector)
	if ok && l.mayPart() {
		if part := l.part(s); !part.Empty() {
			var whole bool
			l.faces, whole, err = p.DetectFacesIn(ctx, s.raw.Planes(), part, l.faces)
			l.parted = !whole
			return err
		}
	}
	l.parted = false
	l.faces, err = l.eyes.faces.DetectFaces(ctx, s.raw.Planes(), l.faces)
	return err
}

// mayPart reports whether this look may be at a part: the one before was at the
// whole and not long ago, and what is beside the part is known to be still.
func (l *looker) mayPart() bool {
	return l.spare() && !l.parted && l.sinceFaces <= l.cadence.FaceEvery && !l.pace.matching && !l.pace.blind
}

// part is the smallest box around everybody followed, where they are by now, and
// all that moved when the guard last looked.
func (l *looker) part(s *seen) geom.Box {
	var part geom.Box
	for _, t := range l.tracker.Predict(s.raw.PTS).Tracks {
		part = part.Union(t.Box.Scale(partMargin))
	}
	for _, m := range l.moving {
		part = part.Union(m)
	}
	return part
}
