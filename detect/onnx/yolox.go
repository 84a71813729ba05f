package onnx

import (
	"context"
	"fmt"
	"sync"

	"bystander/detect"
	"bystander/detect/internal/nms"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

// rows of YOLOX's output: box (4), objectness, then one score a class.
const (
	yoloxObject = 4
	yoloxPerson = 5
)

// yoloxOutput is what the model calls it.
const yoloxOutput = "output"

// YOLOX finds persons (Ge et al., "YOLOX: Exceeding YOLO Series in 2021",
// arXiv 2107.08430). Of its classes only "person" is ever read. It is safe for
// concurrent use.
type YOLOX struct {
	net
	scratch *sync.Pool
}

// NewYOLOX loads YOLOX. A model exported for one input size is freed of it
// where it can be, so that a wide picture is not looked at with half of the
// input empty. It fails with the errors of ort.Runtime.NewSession and with
// ErrModel.
func NewYOLOX(rt *ort.Runtime, m Model, o Options) (*YOLOX, error) {
	if o.Score == 0 {
		o.Score = 0.1
	}
	if o.IoU == 0 {
		o.IoU = 0.5
	}
	if o.Long == 0 {
		o.Long = 416
	}
	if err := checkLong(o.Long); err != nil {
		return nil, fmt.Errorf("detect/onnx: yolox: %w", err)
	}
	if free, err := ort.FreeSides(m.Data); err == nil {
		m.Data = free
	}
	d := &YOLOX{}
	if err := d.open(rt, "yolox", m, o, as(yuv.BGR, 114), leanYOLOX); err != nil {
		return nil, err
	}
	in := d.e.In.Shape
	if max(in[2], 0)%32 != 0 || max(in[3], 0)%32 != 0 || len(d.e.Out) != 1 {
		return nil, d.refuse("its sides are multiples of 32 and it gives one output; this one takes %v and gives %d", in, len(d.e.Out))
	}
	d.scratch = &sync.Pool{New: func() any { return new([]detect.Person) }}
	return d, nil
}

// View is d for one camera, with the same model. Its Close gives up its place
// and leaves the model alone.
func (d *YOLOX) View(v View) (*YOLOX, error) {
	c := *d
	var err error
	c.net, err = d.view(v)
	return &c, err
}

// DetectPersons implements detect.PersonDetector. Persons come best first,
// clipped to the picture.
func (d *YOLOX) DetectPersons(ctx context.Context, p frame.Planes, dst []detect.Person) ([]detect.Person, error) {
	b, f, err := d.run(ctx, p)
	if err != nil {
		return dst, err
	}
	defer b.Release()
	buf, _ := d.scratch.Get().(*[]detect.Person)
	defer d.scratch.Put(buf)
	if *buf, err = d.decode(b, f, (*buf)[:0]); err != nil {
		return dst, err
	}
	for _, c := range (nms.Rule{IoU: d.o.IoU}).Persons(*buf) {
		c.Box = f.toPicture(c.Box)
		if !c.Box.Finite() {
			return dst, d.notFinite("a person's box")
		}
		if c.Box = c.Box.Clip(p.W, p.H); !c.Box.Empty() {
			dst = append(dst, c)
		}
	}
	return dst, nil
}

// decode reads the raw grid: centre = (cell + d)·s, size = exp(d)·s,
// score = objectness·person.
func (d *YOLOX) decode(b tensors, f fit, dst []detect.Person) ([]detect.Person, error) {
	out, shape := b.Output(0), b.OutputShape(0)
	cells := 0
	for _, s := range strides {
		cells += (f.netW / s) * (f.netH / s)
	}
	if len(shape) != 3 || shape[1] != int64(cells) || shape[2] <= yoloxPerson {
		return dst, fmt.Errorf("%w: yolox gives %v, want [1 %d 6+]", ErrModel, shape, cells)
	}
	row, n := int(shape[2]), 0
	for _, stride := range strides {
		s, gw := float32(stride), f.netW/stride
		for i := range gw * (f.netH / stride) {
			v := out[n*row : n*row+yoloxPerson+1]
			n++
			score := clamp01(v[yoloxObject]) * clamp01(v[yoloxPerson])
			if score < d.o.Score {
				continue
			}
			x, y := (float32(i%gw)+v[0])*s, (float32(i/gw)+v[1])*s
			dst = append(dst, detect.Person{Score: score, Box: geom.BoxAt(x, y, exp(v[2])*s, exp(v[3])*s)})
		}
	}
	return dst, nil
}
