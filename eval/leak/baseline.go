package leak

import (
	"context"
	"fmt"
	"io"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Baseline is the usual way: what a face detector finds in this very picture,
// widened, box-blurred with a kernel of half the box's sides. Nothing carries
// over from picture to picture.
type Baseline struct {
	Ctx   context.Context
	Faces detect.FaceDetector
	Score float32 // 0 means 0.5
	Widen float32 // 0 means 1.3

	buf []byte
	got []detect.Face
	row []int32
}

// Next implements Redacted. After the original's end, told by planes without
// samples, it returns io.EOF as every recording does.
func (b *Baseline) Next(p frame.Planes) (frame.Planes, error) {
	if p.Y == nil {
		return frame.Planes{}, io.EOF
	}
	if n := p.Bytes(); cap(b.buf) < n {
		b.buf = make([]byte, n)
	}
	out := frame.PlanesOver(b.buf[:p.Bytes()], p.Size)
	out.CopyFrom(p)
	var err error
	if b.got, err = b.Faces.DetectFaces(b.Ctx, p, b.got[:0]); err != nil {
		return frame.Planes{}, fmt.Errorf("leak: baseline: %w", err)
	}
	score, widen := b.Score, b.Widen
	if score == 0 {
		score = 0.5
	}
	if widen == 0 {
		widen = 1.3
	}
	for _, f := range b.got {
		if f.Score >= score {
			b.blur(out, f.Box.Scale(widen))
		}
	}
	return out, nil
}

func (b *Baseline) blur(p frame.Planes, box geom.Box) {
	box = box.Clip(p.W, p.H)
	if box.Empty() {
		return
	}
	x0, y0, x1, y1 := int(box.X0), int(box.Y0), int(box.X1), int(box.Y1)
	c := p.Chroma()
	b.plane(p.Y, p.StrideY, x0, y0, x1, y1)
	x0, y0, x1, y1 = x0/2, y0/2, min((x1+1)/2, c.W), min((y1+1)/2, c.H)
	b.plane(p.U, p.StrideC, x0, y0, x1, y1)
	b.plane(p.V, p.StrideC, x0, y0, x1, y1)
}

// plane blurs a rectangle of one plane in place, rows then columns.
func (b *Baseline) plane(s []byte, stride, x0, y0, x1, y1 int) {
	w, h := x1-x0, y1-y0
	if w < 2 || h < 2 {
		return
	}
	if cap(b.row) < max(w, h)+1 {
		b.row = make([]int32, max(w, h)+1)
	}
	run := func(at, step, n, half int) {
		sum := b.row[:n+1]
		for i := range n {
			sum[i+1] = sum[i] + int32(s[at+i*step])
		}
		for i := range n {
			lo, hi := max(i-half, 0), min(i+half+1, n)
			s[at+i*step] = byte((sum[hi] - sum[lo]) / int32(hi-lo))
		}
	}
	for y := y0; y < y1; y++ {
		run(y*stride+x0, 1, w, max(w/4, 1))
	}
	for x := x0; x < x1; x++ {
		run(y0*stride+x, stride, h, max(h/4, 1))
	}
}
