package detecttest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Fake is a detector for tests of what comes after one: it finds the box
// around all samples of full luma (above 230), or fails as told. It is both a
// face and a person detector, and passes the suite.
type Fake struct {
	mu     sync.Mutex
	err    error
	closed bool
}

// Fail makes every later look fail with err; nil ends that.
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// DetectFaces implements detect.FaceDetector.
func (f *Fake) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	b, err := f.look(ctx, p)
	if err != nil || b.Empty() {
		return dst, err
	}
	return append(dst, detect.Face{Box: b, Score: 0.9}), nil
}

// DetectPersons implements detect.PersonDetector.
func (f *Fake) DetectPersons(ctx context.Context, p frame.Planes, dst []detect.Person) ([]detect.Person, error) {
	b, err := f.look(ctx, p)
	if err != nil || b.Empty() {
		return dst, err
	}
	return append(dst, detect.Person{Box: b, Score: 0.9}), nil
}

// Info implements both contracts.
func (f *Fake) Info() detect.Info { return detect.Info{Name: "fake", Provider: "go"} }

// Close implements both contracts.
func (f *Fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *Fake) look(ctx context.Context, p frame.Planes) (geom.Box, error) {
	f.mu.Lock()
	err, closed := f.err, f.closed
	f.mu.Unlock()
	switch {
	case closed:
		return geom.Box{}, errors.New("detecttest: fake is closed")
	case err != nil:
		return geom.Box{}, err
	case ctx.Err() != nil:
		return geom.Box{}, ctx.Err()
	}
	if err := p.Check(); err != nil {
		return geom.Box{}, err
	}
	c := p.Chroma()
	if p.StrideY < p.W || len(p.Y) < (p.H-1)*p.StrideY+p.W || min(len(p.U), len(p.V)) < (c.H-1)*p.StrideC+c.W {
		return geom.Box{}, fmt.Errorf("detecttest: planes shorter than %v", p.Size)
	}
	var b geom.Box
	for y := range p.H {
		for x, v := range p.Y[y*p.StrideY : y*p.StrideY+p.W] {
			if v > 230 {
				b = b.Union(geom.Box{X0: float32(x), Y0: float32(y), X1: float32(x + 1), Y1: float32(y + 1)})
			}
		}
	}
	return b, nil
}
