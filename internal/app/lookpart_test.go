package app

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/detect/track"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// partEye is an eye that can look at a part. Faces outside the part are not seen.
type partEye struct {
	eye
	parts []geom.Box // that it was asked for; empty for the whole
}

func (e *partEye) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	e.parts = append(e.parts, geom.Box{})
	return e.eye.DetectFaces(ctx, p, dst)
}

func (e *partEye) DetectFacesIn(ctx context.Context, p frame.Planes, part geom.Box, dst []detect.Face) ([]detect.Face, bool, error) {
	e.parts = append(e.parts, part)
	found, err := e.eye.DetectFaces(ctx, p, nil)
	for _, f := range found {
		if part.Covers(f.Box) == 1 {
			dst = append(dst, f)
		}
	}
	return dst, false, err
}

// partsOf plays a script and gives what each look was at.
func partsOf(t *testing.T, change func(l *looker), faces func(look int) []detect.Face, draw func(i int, p frame.Planes)) []geom.Box {
	t.Helper()
	r := newRig(nil, steady(100))
	e := &partEye{eye: eye{faces: func(look int) ([]detect.Face, error) { return faces(look), nil }}}
	r.eyes.faces = e
	l := &looker{eyes: r.eyes, cadence: config.Default().Detect, hold: 8, now: time.Now}
	if change != nil {
		change(l)
	}
	for n := 0; ; n++ {
		raw, err := r.src.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return e.parts
		}
		require.NoError(t, err)
		if draw != nil {
			draw(n, raw.Planes())
		}
		s := seen{raw: raw}
		l.look(context.Background(), &s)
		require.Empty(t, s.sighting.Fault)
		require.Equal(t, s.sighting.Faces && !e.parts[len(e.parts)-1].Empty(), s.sighting.Part, "what vouches for the picture")
		raw.Release()
	}
}

// restless is one who walks so that one looks as often as ever.
func restless(look int) []detect.Face { return []detect.Face{face(60+float32(look%3)*5, 60)} }

// TestEveryOtherLookIsAtAPart: at the people and what moves, and never twice in a
// row, so that nobody who stands elsewhere is missed for longer than pictures are
// held.
func TestEveryOtherLookIsAtAPart(t *testing.T) {
	bar := func(i int, p frame.Planes) {
		if i < 40 {
			return // the guard learns the scene
		}
		for y := 90; y < 115; y++ {
			for x := range 50 {
				p.Y[y*p.StrideY+100+x] = 60
			}
			for x := range 20 {
				p.Y[y*p.StrideY+100+i%30+x] = 220
			}
		}
	}
	at := partsOf(t, nil, restless, bar)
	require.Greater(t, len(at), 25)
	parts := 0
	for i, b := range at {
		if b.Empty() {
			continue
		}
		parts++
		require.True(t, at[i-1].Empty(), "two looks in a row left something out")
		require.Greater(t, b.Covers(face(65, 60).Box), float32(0.8), "the one who is followed is left out")
		if i > len(at)/2 {
			require.Greater(t, b.Y1, float32(112), "what moves is left out")
			require.Greater(t, b.X1, float32(100), "what moves is left out")
		}
	}
	require.Greater(t, parts, len(at)/3)
}

// TestLooksAtTheWhole: where pictures are not held for long enough, where nothing
// is known of what moves, or where somebody may be recognised, a part is not
// enough. Nor is it where nobody is followed and nothing moves: there is none.
func TestLooksAtTheWhole(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *looker)
		faces  func(look int) []detect.Face
	}{
		"too short a hold":   {func(l *looker) { l.hold = 7 }, restless},
		"every picture":      {func(l *looker) { l.cadence.FaceEvery = 1 }, restless},
		"somebody is known":  {func(l *looker) { l.who = openGate{} }, restless},
		"nobody and nothing": {nil, func(int) []detect.Face { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			at := partsOf(t, c.change, c.faces, nil)
			require.Greater(t, len(at), 10)
			for i, b := range at {
				require.True(t, b.Empty(), "look %d was at a part", i)
			}
		})
	}
}

// openGate lets everybody be looked at, and knows nobody.
type openGate struct{}

func (openGate) identify(context.Context, *frame.Raw, []track.Track, bool) ([]settled, bool) {
	return nil, true
}
func (openGate) forget([]uint64) {}
func (openGate) forgetAll()      {}

// TestWhoStandsElsewhereIsFoundAtTheNextLook, which is no later than pictures are
// held.
func TestWhoStandsElsewhereIsFoundAtTheNextLook(t *testing.T) {
	const comes = 41
	var found, asked int
	r := newRig(nil, steady(100))
	e := &partEye{}
	n := 0
	e.faces = func(look int) ([]detect.Face, error) {
		f := restless(look)
		if n >= comes {
			f = append(f, face(140, 20))
		}
		return f, nil
	}
	r.eyes.faces = e
	l := &looker{eyes: r.eyes, cadence: config.Default().Detect, hold: 8, now: time.Now}
	for ; ; n++ {
		raw, err := r.src.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		s := seen{raw: raw}
		l.look(context.Background(), &s)
		raw.Release()
		if n >= comes && found == 0 {
			for _, x := range s.sighting.Targets {
				if x.Box.Covers(face(140, 20).Box) > 0.9 {
					found = n
				}
			}
			if s.lookedFor {
				asked++
			}
		}
	}
	require.NotZero(t, found, "never found")
	require.LessOrEqual(t, found-comes, 6)
	require.LessOrEqual(t, asked, 2)
}

// TestTheGuardRestsBetweenPictures: at 25 pictures a second it looks at every
// other, at 10 at each, and in a recording at each.
func TestTheGuardRestsBetweenPictures(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration
		hold int
		cuts bool
		want int // of 20 pictures, the first of which is a break
	}{
		"25 a second":           {40 * time.Millisecond, 8, false, 9},
		"50 a second":           {20 * time.Millisecond, 8, false, 6},
		"10 a second":           {100 * time.Millisecond, 8, false, 19},
		"100 a second, 3 held":  {10 * time.Millisecond, 3, false, 6},
		"nothing is held":       {40 * time.Millisecond, 0, false, 19},
		"a recording is looked": {40 * time.Millisecond, 8, true, 19},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(aFace, func(i int) (frame.Size, frame.Meta, bool) {
				return frame.Size{W: 160, H: 120}, frame.Meta{PTS: time.Duration(i) * c.step, Arrived: time.Now()}, i < 20
			})
			l := &looker{eyes: r.eyes, cadence: config.Default().Detect, hold: c.hold, cuts: c.cuts, now: time.Now}
			got := 0
			for {
				raw, err := r.src.Next(t.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				s := seen{raw: raw}
				l.look(context.Background(), &s)
				if s.sighting.Guard {
					got++
				}
				raw.Release()
			}
			require.Equal(t, c.want, got)
		})
	}
}
