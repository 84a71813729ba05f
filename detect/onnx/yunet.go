package onnx

import (
	"context"
	"fmt"
	"math"
	"sync"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

var strides = [3]int{8, 16, 32}

// nested is how much of a box may lie in a stronger one. What is dropped is
// covered by the mask of the face around it; kept, it would make that face look
// like two people.
const nested = 0.85

// YuNet finds faces with five landmarks (Wu, Peng and Yu, "YuNet: A Tiny
// Millisecond-level Face Detector", 2023). It is safe for concurrent use.
type YuNet struct {
	net
	// Indices of the outputs by stride.
	cls, obj, box, kps [3]int
	scratch            *sync.Pool
}

// NewYuNet loads YuNet in its dynamic or fixed form. It fails with the errors
// of ort.Runtime.NewSession and with ErrModel.
func NewYuNet(rt *ort.Runtime, m Model, o Options) (*YuNet, error) {
	if o.Long == 0 {
		o.Long = 640
	}
	if err := checkLong(o.Long); err != nil {
		return nil, fmt.Errorf("detect/onnx: yunet: %w", err)
	}
	if o.Score == 0 {
		o.Score = 0.3
	}
	if o.IoU == 0 {
		o.IoU = 0.3
	}
	d := &YuNet{}
	if err := d.open(rt, "yunet", m, o, as(yuv.BGR, 0), leanYuNet); err != nil {
		return nil, err
	}
	d.scratch = &sync.Pool{New: func() any { return new([]detect.Face) }}
	for i, s := range strides {
		for _, h := range []struct {
			name string
			at   *int
		}{{"cls", &d.cls[i]}, {"obj", &d.obj[i]}, {"bbox", &d.box[i]}, {"kps", &d.kps[i]}} {
			name := fmt.Sprintf("%s_%d", h.name, s)
			if *h.at = d.outputIndex(name); *h.at < 0 {
				return nil, d.refuse("it has an output %q, this one does not", name)
			}
		}
	}
	return d, nil
}

// View is d for one camera, with the same model. Its Close gives up its place
// and leaves the model alone.
func (d *YuNet) View(v View) (*YuNet, error) {
	c := *d
	var err error
	c.net, err = d.view(v)
	return &c, err
}

// DetectFaces implements detect.FaceDetector. Faces come best first, with
// landmarks, clipped to the picture.
func (d *YuNet) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	b, f, err := d.run(ctx, p)
	if err != nil {
		return dst, err
	}
	defer b.Release()
	return d.faces(b, f, p.Size, dst)
}

// faces reads the faces off the outputs for a picture of size s.
func (d *YuNet) faces(b tensors, f fit, s frame.Size, dst []detect.Face) ([]detect.Face, error) {
	buf, _ := d.scratch.Get().(*[]detect.Face)
	defer d.scratch.Put(buf)
	*buf = (*buf)[:0]
	for i, cell := range strides {
		gw, gh := f.netW/cell, f.netH/cell
		h := yunetHead{cls: b.Output(d.cls[i]), obj: b.Output(d.obj[i]), box: b.Output(d.box[i]), kps: b.Output(d.kps[i])}
		if !h.fits(gw * gh) {
			return dst, fmt.Errorf("%w: yunet's stride %d has %d cells, want %d", ErrModel, cell, len(h.cls), gw*gh)
		}
		*buf = h.decode(*buf, gw, float32(cell), d.o.Score)
	}
	for _, c := range (nms.Rule{IoU: d.o.IoU, Nested: nested}).Faces(*buf) {
		if !finish(&c, f, s) {
			return dst, d.notFinite("a face's box")
		}
		if !c.Box.Empty() {
			dst = append(dst, c)
		}
	}
	return dst, nil
}

// yunetHead is one stride's output, row by row.
type yunetHead struct{ cls, obj, box, kps []float32 }

func (h yunetHead) fits(n int) bool {
	return len(h.cls) == n && len(h.obj) == n && len(h.box) == 4*n && len(h.kps) == 10*n
}

// decode appends the faces scored at least min, in input pixels:
// centre = (cell + d)·s, size = exp(d)·s, landmark = (cell + k)·s,
// score = sqrt(cls·obj).
func (h yunetHead) decode(dst []detect.Face, gw int, s, least float32) []detect.Face {
	sq := least * least
	for i, c := range h.cls {
		p := clamp01(c) * clamp01(h.obj[i])
		if p < sq || p == 0 {
			continue
		}
		gx, gy := float32(i%gw), float32(i/gw)
		q := h.box[4*i : 4*i+4]
		f := detect.Face{
			Score:        float32(math.Sqrt(float64(p))),
			Box:          geom.BoxAt((gx+q[0])*s, (gy+q[1])*s, exp(q[2])*s, exp(q[3])*s),
			HasLandmarks: true,
		}
		k := h.kps[10*i : 10*i+10]
		for j := range f.Landmarks {
			f.Landmarks[j] = geom.Point{X: (gx + k[2*j]) * s, Y: (gy + k[2*j+1]) * s}
		}
		dst = append(dst, f)
	}
	return dst
}

// finish moves a face from input to picture pixels and clips its box. It
// reports false for values that are not finite.
func finish(c *detect.Face, f fit, s frame.Size) bool {
	c.Box = f.toPicture(c.Box)
	var sum float32
	for j, q := range c.Landmarks {
		c.Landmarks[j] = geom.Point{X: q.X * f.sx, Y: q.Y * f.sy}
		sum += c.Landmarks[j].X - c.Landmarks[j].X + c.Landmarks[j].Y - c.Landmarks[j].Y
	}
	if !c.Box.Finite() || sum != 0 {
		return false
	}
	c.Box = c.Box.Clip(s.W, s.H)
	return true
}

func clamp01(v float32) float32 { return min(max(v, 0), 1) }

func exp(v float32) float32 { return float32(math.Exp(float64(v))) }
