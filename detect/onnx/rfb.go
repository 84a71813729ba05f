package onnx

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

// The input that version RFB-640 was made for.
const rfbW, rfbH = 640, 480

// RFB finds faces with the Ultra-Light-Fast-Generic-Face-Detector, version
// RFB-640. The pipeline does not use it: it judges what the pipeline did. It
// looks at the whole picture, scaled to at most 640×480, and gives no landmarks.
// It is safe for concurrent use.
type RFB struct {
	s             *ort.Session
	o             Options
	info          detect.Info
	scores, boxes int // outputs
	scale         scalers
	scratch       sync.Pool
}

// NewRFB loads the detector. Options.Long does not apply; the least score is
// 0.7 unless given. It fails with the errors of ort.Runtime.NewSession and with
// ErrModel.
func NewRFB(rt *ort.Runtime, m Model, o Options) (*RFB, error) {
	if o.Score == 0 {
		o.Score = 0.7
	}
	if o.IoU == 0 {
		o.IoU = 0.3
	}
	s, err := rt.NewSession(m.Data, o.session())
	if err != nil {
		return nil, fmt.Errorf("detect/onnx: %s: %w", m.Name, err)
	}
	d := &RFB{
		s: s, o: o, info: detect.Info{Name: m.Name, Digest: m.SHA256, Provider: string(s.Choice().Provider)},
		scores: s.OutputIndex("scores"), boxes: s.OutputIndex("boxes"),
	}
	d.scratch.New = func() any { return new([]detect.Face) }
	if in := s.Input().Shape; d.scores < 0 || d.boxes < 0 || !slices.Equal(in, []int64{1, 3, rfbH, rfbW}) {
		_ = s.Close()
		return nil, fmt.Errorf("%w: rfb takes 1×3×%d×%d and gives scores and boxes, this one takes %v", ErrModel, rfbH, rfbW, in)
	}
	return d, nil
}

// Info implements detect.FaceDetector.
func (d *RFB) Info() detect.Info { return d.info }

// Close implements detect.FaceDetector; it waits for calls under way.
func (d *RFB) Close() error { return d.s.Close() }

// DetectFaces implements detect.FaceDetector. Faces come best first, without
// landmarks, clipped to the picture.
func (d *RFB) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	if err := check(p); err != nil {
		return dst, err
	}
	f := place(p.Size, rfbW, rfbH, 2)
	b, err := d.s.Acquire(ctx, 1, 3, rfbH, rfbW)
	if err != nil {
		return dst, wrap("detect/onnx: rfb", err)
	}
	defer b.Release()
	if err := d.scale.planarRFB(b.Input(), p, f); err != nil {
		return dst, err
	}
	if err := b.Run(ctx); err != nil {
		return dst, wrap("detect/onnx: rfb", err)
	}
	scores, boxes := b.Output(d.scores), b.Output(d.boxes)
	if len(scores)/2 != len(boxes)/4 {
		return dst, fmt.Errorf("%w: %d scores for %d boxes", ErrModel, len(scores)/2, len(boxes)/4)
	}
	buf, _ := d.scratch.Get().(*[]detect.Face)
	defer d.scratch.Put(buf)
	*buf = (*buf)[:0]
	for i := range len(scores) / 2 {
		// Of two scores the second is that of a face; boxes are in parts of the
		// input's sides.
		s := scores[2*i+1]
		if !(s >= d.o.Score) {
			continue
		}
		q := boxes[4*i : 4*i+4]
		box := f.toPicture(geom.Box{X0: q[0] * rfbW, Y0: q[1] * rfbH, X1: q[2] * rfbW, Y1: q[3] * rfbH})
		if !box.Finite() {
			return dst, fmt.Errorf("detect/onnx: rfb: %w: a face's box", detect.ErrNotFinite)
		}
		*buf = append(*buf, detect.Face{Box: box.Clip(p.W, p.H), Score: min(s, 1)})
	}
	for _, c := range (nms.Rule{IoU: d.o.IoU}).Faces(*buf) {
		if !c.Box.Empty() {
			dst = append(dst, c)
		}
	}
	return dst, nil
}

// planarRFB scales a picture into the top left of the input, as three planes
// R, G, B of (value − 127)/128, and fills the rest with grey.
func (s *scalers) planarRFB(dst []float32, p frame.Planes, f fit) error {
	c := s.get(p.Size)
	defer s.put(c)
	err := c.r.Do(dst, p, frame.Colour{Matrix: 2}, yuv.Planar{
		Canvas: frame.Size{W: f.netW, H: f.netH}, Size: frame.Size{W: f.w, H: f.h}, Order: yuv.RGB, Fill: 127,
		Norm: yuv.Norm{Mean: [3]float32{127, 127, 127}, Scale: [3]float32{1.0 / 128, 1.0 / 128, 1.0 / 128}},
	})
	if err != nil {
		return fmt.Errorf("detect/onnx: scale: %w", err)
	}
	return nil
}
