// Package pigo finds faces in pure Go, with neither ONNX Runtime nor a network
// model: a cascade of pixel comparisons (Markuš et al., "Object Detection with
// Pixel Intensity Comparisons Organized in Decision Trees", arXiv 1305.4537) as
// implemented by github.com/esimov/pigo. It sees upright frontal faces only and
// gives no landmarks, so nobody can be matched with it: it serves where
// everybody is masked.
package pigo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	pigo "github.com/esimov/pigo/core"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// ErrCascade reports bytes that are no face cascade.
var ErrCascade = errors.New("detect/pigo: not a face cascade")

// ErrClosed reports the use of a closed detector.
var ErrClosed = errors.New("detect/pigo: detector closed")

// ErrPicture reports a picture that has no pixels or planes shorter than its
// size says.
var ErrPicture = errors.New("detect/pigo: unusable picture")

// Options tune the search. The zero value gives the defaults.
type Options struct {
	// Long is the longer side that pictures are reduced to; 0 means 640.
	Long int
	// MinFace is the smallest face looked for, in reduced pixels; 0 means 20.
	MinFace int
	// MinQ is the least sum of tree outputs reported; 0 means 5. The score
	// given is q/(q+20): an order, not a probability.
	MinQ float32
	// Parallel is how many pictures may be looked at at once; 0 means 1.
	Parallel int
}

// Detector finds faces. It is safe for concurrent use.
type Detector struct {
	pg      *pigo.Pigo
	o       Options
	info    detect.Info
	pool    *frame.Pool // reduced pictures, outside the Go heap
	tickets chan struct{}
	closed  chan struct{}
}

// New unpacks the cascade, whose SHA-256 the caller has checked.
func New(cascade []byte, sha256 string, o Options) (*Detector, error) {
	if err := checkCascade(cascade); err != nil {
		return nil, err
	}
	pg, err := pigo.NewPigo().Unpack(cascade)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCascade, err)
	}
	if o.Long <= 0 {
		o.Long = 640
	}
	if o.MinFace <= 0 {
		o.MinFace = 20
	}
	if o.MinQ <= 0 {
		o.MinQ = 5
	}
	o.Parallel = max(o.Parallel, 1)
	return &Detector{
		pg: pg, o: o, info: detect.Info{Name: "pigo", Digest: sha256, Provider: "go"},
		pool: frame.NewPool(o.Parallel), tickets: make(chan struct{}, o.Parallel), closed: make(chan struct{}, 1),
	}, nil
}

// checkCascade checks the lengths that the library takes for granted: after 16
// bytes of header, each tree of depth d holds 4·(2^d−1) bytes of codes, 2^d
// float32 predictions and a float32 threshold. Codes are int8, so that a test
// never leaves the window it was made for.
func checkCascade(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: %d bytes", ErrCascade, len(b))
	}
	depth, trees := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	if depth < 1 || depth > 10 || trees < 1 || trees > 10_000 {
		return fmt.Errorf("%w: %d trees of depth %d", ErrCascade, trees, depth)
	}
	leaves := 1 << depth
	want := 16 + int(trees)*(4*(leaves-1)+4*leaves+4)
	if len(b) != want {
		return fmt.Errorf("%w: %d bytes, %d trees of depth %d take %d", ErrCascade, len(b), trees, depth, want)
	}
	return nil
}

// Info implements detect.FaceDetector.
func (d *Detector) Info() detect.Info { return d.info }

// Close implements detect.FaceDetector; it waits for calls under way.
func (d *Detector) Close() error {
	select {
	case d.closed <- struct{}{}:
	default:
		return nil
	}
	for range cap(d.tickets) {
		d.tickets <- struct{}{}
	}
	d.pool.Close()
	// A call that waited finds the pool closed rather than waiting for ever.
	for range cap(d.tickets) {
		<-d.tickets
	}
	return nil
}

// DetectFaces implements detect.FaceDetector.
func (d *Detector) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	if err := check(p); err != nil {
		return dst, err
	}
	if len(d.closed) > 0 {
		return dst, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	select {
	case d.tickets <- struct{}{}:
	case <-ctx.Done():
		return dst, ctx.Err()
	}
	defer func() { <-d.tickets }()
	r := min(float32(d.o.Long)/float32(max(p.W, p.H)), 1)
	small := frame.Size{W: max(int(float32(p.W)*r), 1), H: max(int(float32(p.H)*r), 1)}
	raw, err := d.pool.Get(small)
	if err != nil {
		return dst, fmt.Errorf("detect/pigo: %w", err)
	}
	defer raw.Release()
	q := raw.Planes()
	reduce(q, p)
	hits, err := d.search(ctx, q)
	if err != nil {
		return dst, err
	}
	n := len(dst)
	sx, sy := float32(p.W)/float32(small.W), float32(p.H)/float32(small.H)
	for _, h := range d.pg.ClusterDetections(hits, 0.2) {
		if !(h.Q >= d.o.MinQ) || h.Q > math.MaxFloat32 {
			continue
		}
		s := float32(h.Scale)
		b := geom.BoxAt(float32(h.Col)*sx, float32(h.Row)*sy, s*sx, s*sy).Clip(p.W, p.H)
		if !b.Empty() {
			dst = append(dst, detect.Face{Box: b, Score: h.Q / (h.Q + 20)})
		}
	}
	kept := nms.Rule{IoU: 0.3}.Faces(dst[n:])
	return dst[:n+len(kept)], nil
}

// search runs the cascade scale by scale, so that ctx is looked at in between.
func (d *Detector) search(ctx context.Context, q frame.Planes) ([]pigo.Detection, error) {
	const step, most = 1.1, 2000
	var hits []pigo.Detection
	for s := d.o.MinFace; s <= min(q.W, q.H); s = int(math.Max(float64(s)+2, float64(s)*step)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hits = append(hits, d.pg.RunCascade(pigo.CascadeParams{
			MinSize: s, MaxSize: s, ShiftFactor: 0.1, ScaleFactor: step,
			ImageParams: pigo.ImageParams{Pixels: q.Y, Rows: q.H, Cols: q.W, Dim: q.StrideY},
		}, 0)...)
		if len(hits) > most {
			// Clustering is quadratic; a picture with so many hits cannot be judged.
			return nil, fmt.Errorf("detect/pigo: more than %d hits in one picture; nothing can be said of it", most)
		}
	}
	return hits, nil
}

func check(p frame.Planes) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrPicture, err)
	}
	c := p.Chroma()
	if p.StrideY < p.W || p.StrideC < c.W || len(p.Y) < (p.H-1)*p.StrideY+p.W ||
		min(len(p.U), len(p.V)) < (c.H-1)*p.StrideC+c.W {
		return fmt.Errorf("%w: planes shorter than %v", ErrPicture, p.Size)
	}
	return nil
}

// reduce averages the luma of src down to the size of dst.
func reduce(dst, src frame.Planes) {
	if dst.Size == src.Size {
		for y := range dst.H {
			copy(dst.Y[y*dst.StrideY:][:dst.W], src.Y[y*src.StrideY:][:src.W])
		}
		return
	}
	for y := range dst.H {
		y0, y1 := y*src.H/dst.H, max((y+1)*src.H/dst.H, y*src.H/dst.H+1)
		for x := range dst.W {
			x0, x1 := x*src.W/dst.W, max((x+1)*src.W/dst.W, x*src.W/dst.W+1)
			sum := 0
			for yy := y0; yy < y1; yy++ {
				for _, v := range src.Y[yy*src.StrideY+x0 : yy*src.StrideY+x1] {
					sum += int(v)
				}
			}
			dst.Y[y*dst.StrideY+x] = byte(sum / ((y1 - y0) * (x1 - x0)))
		}
	}
}
