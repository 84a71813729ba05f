package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"sync"
	"time"

	"bystander/api/zones"
	"bystander/detect/tile"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/yuv"
	"bystander/match/enrol"
	"bystander/redact"
)

// errPhotoMasked: the picture could not be vouched for.
var errPhotoMasked = errors.New("the photograph could not be vouched for")

// photoQuality is a stored photograph's JPEG quality.
const photoQuality = 85

// photoRedactor covers whoever is on a photograph of a place: whole people, by
// the stages that redact recordings. What the photograph said beside its
// pixels (place, time, device) is dropped.
type photoRedactor struct {
	eyes *eyes
	mu   sync.Mutex // one at a time: the cameras come first
}

var _ zones.Redactor = (*photoRedactor)(nil)

// RedactPhoto implements zones.Redactor.
func (p *photoRedactor) RedactPhoto(ctx context.Context, photo []byte) ([]byte, int, error) {
	if p.eyes.faces == nil || !p.eyes.trusted.Load() {
		return nil, 0, errPhotoMasked
	}
	in, err := enrol.ReadPhoto(bytes.NewReader(photo))
	if err != nil {
		return nil, 0, err
	}
	defer in.Wipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cover(ctx, in)
}

func (p *photoRedactor) cover(ctx context.Context, in *enrol.Photo) (_ []byte, masked int, err error) {
	eyes, err := p.still()
	if err != nil {
		return nil, 0, err
	}
	rc := recordingMasks()
	rc.Coverage = redact.CoverPerson
	r, err := redact.New(rc, redact.Nobody{})
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	pool := frame.NewPool(2)
	defer pool.Close()
	raw, err := pool.Get(in.Planes.Size)
	if err != nil {
		return nil, 0, err
	}
	raw.Planes().CopyFrom(in.Planes)
	raw.Camera, raw.Colour, raw.Arrived = recordingID, in.Colour, time.Now()
	cadence := config.Default().Detect
	cadence.FaceEvery, cadence.PersonEvery = 1, 1
	one := seen{raw: raw}
	(&looker{eyes: eyes, cadence: cadence, now: time.Now}).look(ctx, &one)
	if err := r.Push(raw, one.sighting); err != nil {
		return nil, 0, err
	}
	r.Flush()
	o, ok := r.Pop()
	if !ok {
		return nil, 0, errPhotoMasked
	}
	defer o.Release()
	if o.Record.FullMask() {
		return nil, 0, fmt.Errorf("%w: %s", errPhotoMasked, one.sighting.Fault)
	}
	out, err := encodeJPEG(o.Record.Planes(), in.Colour)
	return out, o.Stats.Faces, err
}

// still is the eyes for one photograph: small faces are looked for too.
func (p *photoRedactor) still() (*eyes, error) {
	faces, err := tile.New(p.eyes.faces, tile.Options{})
	if err != nil {
		return nil, err
	}
	e := &eyes{faces: faces, persons: p.eyes.persons, canary: p.eyes.canary, log: p.eyes.log}
	e.trusted.Store(true)
	return e, nil
}

func encodeJPEG(p frame.Planes, c frame.Colour) ([]byte, error) {
	packed := make([]byte, 3*p.W*p.H)
	if err := yuv.ToPacked(packed, 3*p.W, yuv.RGB, p, c); err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.W * p.H {
		img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = packed[3*i], packed[3*i+1], packed[3*i+2], 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: photoQuality}); err != nil {
		return nil, fmt.Errorf("photograph: %w", err)
	}
	return b.Bytes(), nil
}
