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
// It is safe for concurrent use, and runs on its caller's thread.
type RFB struct {
	net
	scores, boxes int // outputs
	scratch       *sync.Pool
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
	d := &RFB{}
	in := input{yuv.RGB, yuv.Norm{Mean: [3]float32{127, 127, 127}, Scale: [3]float32{1.0 / 128, 1.0 / 128, 1.0 / 128}}, 127}
	if err := d.openAlone(rt, "rfb", m, o, in); err != nil {
		return nil, err
	}
	d.scores, d.boxes = d.outputIndex("scores"), d.outputIndex("boxes")
	if shape := d.e.In.Shape; d.scores < 0 || d.boxes < 0 || !slices.Equal(shape, []int64{1, 3, rfbH, rfbW}) {
		return nil, d.refuse("it takes 1×3×%d×%d and gives scores and boxes, this one takes %v", rfbH, rfbW, shape)
	}
	d.scratch = &sync.Pool{New: func() any { return new([]detect.Face) }}
	return d, nil
}

// DetectFaces implements detect.FaceDetector. Faces come best first, without
// landmarks, clipped to the picture.
func (d *RFB) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	b, f, err := d.run(ctx, p)
	if err != nil {
		return dst, err
	}
	defer b.Release()
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
			return dst, d.notFinite("a face's box")
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
