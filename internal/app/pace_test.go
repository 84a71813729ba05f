package app

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// looksOf plays a script and says at which pictures faces were looked for.
func looksOf(t *testing.T, hold, pictures int, faces func(n int) []detect.Face, draw func(i int, p frame.Planes)) []int {
	t.Helper()
	r := newRig(nil, steady(pictures))
	n := 0
	var at []int
	r.eyes.faces = &eye{faces: func(int) ([]detect.Face, error) {
		at = append(at, n)
		return faces(n), nil
	}}
	l := &looker{eyes: r.eyes, cadence: config.Default().Detect, hold: hold, now: time.Now}
	for ; ; n++ {
		raw, err := r.src.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return at
		}
		require.NoError(t, err)
		if draw != nil {
			draw(n, raw.Planes())
		}
		s := seen{raw: raw}
		l.look(context.Background(), &s)
		raw.Release()
	}
}

func widest(at []int, from int) int {
	most := 0
	for i := 1; i < len(at); i++ {
		if at[i-1] >= from {
			most = max(most, at[i]-at[i-1])
		}
	}
	return most
}

// TestOneLooksLessOftenWhereNothingSurprises, and as often as ever at the first
// surprise: a face that jumps, that is new, that is lost, or that is hardly seen;
// where pictures are not held long enough; and where something moves though
// nobody is followed.
func TestOneLooksLessOftenWhereNothingSurprises(t *testing.T) {
	still := func(int) []detect.Face { return []detect.Face{face(80, 60)} }
	for name, c := range map[string]struct {
		hold  int
		faces func(n int) []detect.Face
		draw  func(i int, p frame.Planes)
		most  int // pictures between two looks, from the second second on
	}{
		"somebody stands":      {hold: 8, faces: still, most: 6},
		"somebody walks":       {hold: 8, faces: func(n int) []detect.Face { return []detect.Face{face(40+float32(n)/2, 60)} }, most: 6},
		"nobody, nothing":      {hold: 8, faces: func(int) []detect.Face { return nil }, most: 6},
		"too short a hold":     {hold: 7, faces: still, most: 3},
		"no hold":              {hold: 0, faces: still, most: 3},
		"somebody jumps about": {hold: 8, faces: func(n int) []detect.Face { return []detect.Face{face(60+float32(n%5)*5, 60)} }, most: 3},
		"somebody is hardly seen": {hold: 8, faces: func(int) []detect.Face {
			f := face(80, 60)
			f.Score = 0.35
			return []detect.Face{f}
		}, most: 3},
		"one who is lost and found": {hold: 8, faces: everySecond(), most: 3},
		"nobody, but something moves": {hold: 8, faces: func(int) []detect.Face { return nil }, draw: func(i int, p frame.Planes) {
			for y := 40; y < 100; y++ {
				for x := 20 + i%60; x < 60+i%60; x++ {
					p.Y[y*p.StrideY+x] = 220
				}
			}
		}, most: 3},
	} {
		t.Run(name, func(t *testing.T) {
			at := looksOf(t, c.hold, 100, c.faces, c.draw)
			require.Equal(t, c.most, widest(at, 40), "looks at %v", at)
		})
	}
}

func face(x, y float32) detect.Face {
	return detect.Face{Box: geom.BoxAt(x, y, 24, 30), Score: 0.9}
}

// everySecond sees a face at every second look.
func everySecond() func(int) []detect.Face {
	look := 0
	return func(int) []detect.Face {
		if look++; look%2 == 0 {
			return nil
		}
		return []detect.Face{face(80, 60)}
	}
}
