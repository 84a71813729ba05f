package app

import (
	"time"

	"bystander/detect/foreground"
	"bystander/detect/track"
)

// Where every followed face is where it was expected, or nobody is there and
// nothing moves, one looks half as often: what lies between two looks is interpolated, and whoever comes in between is
// covered backwards, as long as the pictures are still held. So a wider pace
// needs a hold that is longer than it, and the first surprise ends it.
// docs/performance.md has what it saves, docs/redaction.md what it leaves
// unchanged.
const (
	// calmSpare is how many pictures the hold must be longer than the pace.
	calmSpare = 2
	// calmWithin is the longest time between two looks at a wide pace.
	calmWithin = 250 * time.Millisecond
	// calmOff is the largest surprise, in sizes of the face, of a face that can be
	// left alone. The mask is wider than the face by a quarter of it on each side.
	calmOff = 0.15
	// calmHits is how often a face must have been seen until its speed is known.
	calmHits = 3
	// calmLooks is how many looks in a row have to be without a surprise, so that
	// a face which is seen at every other look is looked for as often as ever.
	calmLooks = 2
	// calmScore is the least score of a face that is not about to be lost.
	calmScore = 0.45
)

// pace tells whether one may look less often. It is made anew with each epoch.
type pace struct {
	calm  int  // looks for faces in a row at which nothing surprised
	empty bool // nobody is followed
	stir  bool // the guard sees something move, or cannot tell
	blind bool // the guard cannot tell what moves
	// matching tells that somebody may be recognised.
	matching bool
}

// moved takes what the guard saw on a picture.
func (p *pace) moved(g foreground.Result) {
	p.blind = g.Warming || g.Cut
	p.stir = p.blind || len(g.Regions) > 0
}

// judge takes the tracks after a look for faces. Where somebody may be recognised
// one looks as often as ever: a match takes several looks, and what keeps somebody
// clear is that each look finds them again.
func (p *pace) judge(tracks []track.Track, matching bool) {
	p.empty, p.matching = len(tracks) == 0, matching
	if matching {
		p.calm = 0
		return
	}
	for i := range tracks {
		if t := &tracks[i]; t.Kind == track.Face && !settledFace(t) {
			p.calm = 0
			return
		}
	}
	p.calm++
}

// settledFace reports whether a face does what was expected of it.
func settledFace(t *track.Track) bool {
	return t.Observed && t.Hits >= calmHits && t.Surprise <= calmOff && t.Score >= calmScore && !t.Ambiguous
}

// due is the distance of looks, in pictures, and the longest time between two
// looks for faces.
type due struct {
	faces, persons int
	within         time.Duration
}

// spare reports whether pictures are held for long enough that every other look
// may be left out, or be at a part of the picture.
func (l *looker) spare() bool {
	return l.cadence.FaceEvery > 1 && 2*l.cadence.FaceEvery+calmSpare <= l.hold
}

// lateable is how many pictures of a live camera's hold late looks may take: as
// many as it is longer than the widest pace, so that whoever comes between two
// looks is still covered backwards.
func (l *looker) lateable() int {
	return min(max(l.hold-2*l.cadence.FaceEvery, 0), calmSpare)
}

// due is how often one looks now. Recordings, which are looked at in every
// picture, keep to that; so do cameras whose hold is too short.
func (l *looker) due() due {
	d := due{l.cadence.FaceEvery, l.cadence.PersonEvery, lookEvery}
	if !l.spare() || l.parted || l.pace.calm < calmLooks || l.pace.empty && l.pace.stir {
		return d
	}
	d.faces, d.within = 2*d.faces, calmWithin
	if l.pace.empty {
		// Nobody is there, and nothing moves. Whoever comes is seen to move first.
		d.persons *= 2
	}
	return d
}
