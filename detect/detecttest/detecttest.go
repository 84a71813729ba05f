// Package detecttest is the suite that every detector passes, and reads
// pictures for detectors' tests.
package detecttest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Faces runs the suite against a face detector. open is called for each part
// and must return a fresh detector, which the suite closes.
func Faces(t *testing.T, open func(testing.TB) detect.FaceDetector) {
	t.Helper()
	run(t, func(t testing.TB) subject[detect.Face] {
		d := open(t)
		return subject[detect.Face]{
			look: d.DetectFaces, close: d.Close, info: d.Info,
			check: func(f detect.Face, s frame.Size) error {
				if err := plausible(f.Box, f.Score, s); err != nil {
					return err
				}
				for _, p := range f.Landmarks {
					if v := float64(p.X) + float64(p.Y); math.IsNaN(v) || math.IsInf(v, 0) {
						return fmt.Errorf("landmark %v is not finite", p)
					}
				}
				return nil
			},
			mark: detect.Face{Box: geom.Box{X0: -1, Y0: -2, X1: -3, Y1: -4}, Score: 42},
		}
	})
}

// Persons runs the suite against a person detector, in the same way.
func Persons(t *testing.T, open func(testing.TB) detect.PersonDetector) {
	t.Helper()
	run(t, func(t testing.TB) subject[detect.Person] {
		d := open(t)
		return subject[detect.Person]{
			look: d.DetectPersons, close: d.Close, info: d.Info,
			check: func(p detect.Person, s frame.Size) error { return plausible(p.Box, p.Score, s) },
			mark:  detect.Person{Box: geom.Box{X0: -1, Y0: -2, X1: -3, Y1: -4}, Score: 42},
		}
	})
}

type subject[T comparable] struct {
	look  func(context.Context, frame.Planes, []T) ([]T, error)
	close func() error
	info  func() detect.Info
	check func(T, frame.Size) error
	mark  T
}

func plausible(b geom.Box, score float32, s frame.Size) error {
	switch {
	case !b.Finite():
		return fmt.Errorf("box %v is not finite", b)
	case b.Empty():
		return fmt.Errorf("box %v is empty", b)
	case b != b.Clip(s.W, s.H):
		return fmt.Errorf("box %v leaves the picture of %v", b, s)
	case !(score > 0 && score <= 1):
		return fmt.Errorf("score %v is not in (0,1]", score)
	}
	return nil
}

func run[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	t.Run("sizes and contents", func(t *testing.T) { sizes(t, open) })
	t.Run("strides", func(t *testing.T) { strides(t, open) })
	t.Run("unusable pictures", func(t *testing.T) { unusable(t, open) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, open) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, open) })
	t.Run("close", func(t *testing.T) { closing(t, open) })
}

// Sizes are those the suite tries: tiny, odd, thin, usual, large.
var Sizes = []frame.Size{
	{W: 1, H: 1},
	{W: 2, H: 2},
	{W: 3, H: 5},
	{W: 17, H: 33},
	{W: 31, H: 640},
	{W: 639, H: 359},
	{W: 1280, H: 720},
	{W: 2048, H: 8},
	{W: 8, H: 2048},
	{W: 3840, H: 2160},
}

func sizes[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	defer shut(t, s)
	if i := s.info(); i.Name == "" || i.Provider == "" {
		t.Errorf("info %+v lacks a name or provider", i)
	}
	for _, size := range Sizes {
		for _, name := range []string{"black", "grey", "white", "noise", "stripes"} {
			p := Picture(size, name)
			before := slices.Clone(p.Y)
			got, err := s.look(t.Context(), p, []T{s.mark})
			if err != nil {
				t.Errorf("%v %s: %v", size, name, err)
				continue
			}
			if len(got) == 0 || got[0] != s.mark {
				t.Errorf("%v %s: what dst held is gone", size, name)
				continue
			}
			for _, g := range got[1:] {
				if err := s.check(g, size); err != nil {
					t.Errorf("%v %s: %v", size, name, err)
				}
			}
			if !bytes.Equal(before, p.Y) {
				t.Errorf("%v %s: the detector wrote to the picture", size, name)
			}
		}
	}
}

// strides checks that padding between rows is neither read nor needed.
func strides[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	defer shut(t, s)
	a := Picture(frame.Size{W: 321, H: 241}, "noise")
	want, err := s.look(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.look(t.Context(), Padded(a, 63), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("padding between rows changes the result:\n%v\n%v", got, want)
	}
}

func unusable[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	defer shut(t, s)
	short := Picture(frame.Size{W: 64, H: 64}, "grey")
	short.Y = short.Y[:64*63]
	chroma := Picture(frame.Size{W: 64, H: 64}, "grey")
	chroma.V = nil
	for name, p := range map[string]frame.Planes{
		"no pixels": {}, "short luma": short, "no chroma": chroma,
		"huge":     {Size: frame.Size{W: math.MaxInt32, H: math.MaxInt32}},
		"negative": {Size: frame.Size{W: -4, H: 4}},
	} {
		got, err := s.look(t.Context(), p, []T{s.mark})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if len(got) != 1 || got[0] != s.mark {
			t.Errorf("%s: dst changed to %v", name, got)
		}
	}
}

func cancelled[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	defer shut(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := s.look(ctx, Picture(frame.Size{W: 320, H: 240}, "noise"), []T{s.mark})
	if err == nil || ctx.Err() == nil {
		t.Error("a cancelled look gives no error")
	}
	if len(got) != 1 {
		t.Errorf("a cancelled look gives results: %v", got)
	}
}

func concurrent[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	defer shut(t, s)
	const n = 4
	var pics [n]frame.Planes
	var want [n][]T
	for i := range pics {
		pics[i] = Picture(frame.Size{W: 320 + 32*i, H: 240}, "noise")
		var err error
		if want[i], err = s.look(t.Context(), pics[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 2 * n {
		wg.Go(func() {
			for k := range n {
				i := (g + k) % n
				got, err := s.look(t.Context(), pics[i], nil)
				if err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("picture %d seen together with others: %v, %v; alone: %v", i, got, err, want[i])
				}
			}
		})
	}
	wg.Wait()
}

func closing[T comparable](t *testing.T, open func(testing.TB) subject[T]) {
	s := open(t)
	shut(t, s)
	shut(t, s)
	if got, err := s.look(t.Context(), Picture(frame.Size{W: 64, H: 64}, "grey"), nil); err == nil || len(got) > 0 {
		t.Errorf("after Close: %v, %v; want an error", got, err)
	}
}

func shut[T comparable](t *testing.T, s subject[T]) {
	t.Helper()
	if err := s.close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// Picture makes a picture of the given kind: black, grey, white, noise or
// stripes. The same arguments give the same picture.
func Picture(s frame.Size, kind string) frame.Planes {
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	fill(p.U, 128)
	fill(p.V, 128)
	switch kind {
	case "black":
		fill(p.Y, 16)
	case "grey":
		fill(p.Y, 126)
	case "white":
		fill(p.Y, 235)
	case "stripes":
		for i := range p.Y {
			p.Y[i] = byte(16 + (i%s.W/7%2)*200)
		}
	case "noise":
		r := rand.New(rand.NewPCG(uint64(s.W), uint64(s.H)))
		for _, b := range [][]byte{p.Y, p.U, p.V} {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		}
	default:
		panic("detecttest: unknown picture " + kind)
	}
	return p
}

// Padded is a copy of p with pad bytes of garbage after each row.
func Padded(p frame.Planes, pad int) frame.Planes {
	c := p.Chroma()
	q := frame.Planes{Size: p.Size, StrideY: p.W + pad, StrideC: c.W + pad}
	q.Y = make([]byte, q.StrideY*p.H)
	q.U = make([]byte, q.StrideC*c.H)
	q.V = make([]byte, q.StrideC*c.H)
	for i := range q.Y {
		q.Y[i] = byte(i * 37)
	}
	q.CopyFrom(p)
	return q
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
