package app

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/detect"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// stander is a person detector that always sees one person.
type stander struct{ box geom.Box }

func (p stander) DetectPersons(_ context.Context, _ frame.Planes, dst []detect.Person) ([]detect.Person, error) {
	return append(dst, detect.Person{Box: p.box, Score: 0.9}), nil
}
func (stander) Info() detect.Info { return detect.Info{Name: "stander", Provider: "test"} }
func (stander) Close() error      { return nil }

// TestWeakFacesOnClosePersons: a weak face is covered where it lies on or just
// beside a close person, is of a head's size, and is not one that is followed
// already; a failing second look covers the whole picture.
func TestWeakFacesOnClosePersons(t *testing.T) {
	closeBy, far := geom.BoxAt(80, 70, 80, 100), geom.BoxAt(80, 70, 30, 80)
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		person geom.Box
		weak   geom.Box
		err    error
		covers bool
		fault  string
	}{
		"on the body":           {person: closeBy, weak: geom.BoxAt(60, 105, 14, 18), covers: true},
		"on an arm beside":      {person: closeBy, weak: geom.BoxAt(28, 105, 14, 18), covers: true},
		"on nobody":             {person: closeBy, weak: geom.BoxAt(10, 105, 14, 18)},
		"too small for a head":  {person: closeBy, weak: geom.BoxAt(60, 105, 6, 8)},
		"as large as the body":  {person: closeBy, weak: geom.BoxAt(80, 80, 60, 70)},
		"the face that is seen": {person: closeBy, weak: geom.BoxAt(82, 62, 22, 28)},
		"on somebody far":       {person: far, weak: geom.BoxAt(80, 100, 14, 18)},
		"no box":                {person: closeBy, weak: geom.Box{X0: nan, X1: 1, Y1: 1}, fault: api.MaskDetectorError},
		"it fails":              {person: closeBy, err: errors.New("boom"), fault: api.MaskDetectorError},
		"it is late":            {person: closeBy, err: context.DeadlineExceeded, fault: api.MaskDetectorLate},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(aFace, steady(4))
			glance := &eye{faces: func(int) ([]detect.Face, error) {
				return []detect.Face{{Box: c.weak, Score: 0.12}}, c.err
			}}
			r.eyes.persons, r.eyes.glance = stander{c.person}, glance
			l := &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now}
			for i := range 4 {
				raw, err := r.src.Next(t.Context())
				require.NoError(t, err)
				s := seen{raw: raw}
				l.look(t.Context(), &s)
				raw.Release()
				if !s.sighting.Faces && s.sighting.Fault == "" {
					continue
				}
				require.Equal(t, c.fault, s.sighting.Fault, "picture %d", i)
				if c.fault == "" {
					require.Equal(t, c.covers, weaklyCovered(s.sighting, c.weak), "picture %d", i)
					require.Equal(t, 1, s.faces, "it is nobody's face")
				}
			}
			_, err := r.src.Next(t.Context())
			require.ErrorIs(t, err, io.EOF)
			if c.person == far {
				require.Zero(t, glance.looks, "nobody is close, so nothing is spent")
			}
		})
	}
}

// weaklyCovered reports whether a sighting names exactly this face.
func weaklyCovered(s redact.Sighting, face geom.Box) bool {
	for _, g := range s.Targets {
		if g.Kind == redact.TargetFace && g.Track >= glanceFirst && g.Box == face {
			return true
		}
	}
	return false
}
