package onnx

import (
	"context"
	"fmt"
	"time"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/ort"
	"bystander/internal/ort/batch"
	"bystander/internal/yuv"
)

// net is what the detectors share: a model, and the tables that scale pictures
// into its input.
type net struct {
	kind  string // in errors
	e     *batch.Engine
	lane  *batch.Lane
	alone *ort.Session // in place of a lane: runs are the caller's own
	own   ownership
	o     Options
	info  detect.Info
	fixed frame.Size // of the input; zero when free
	in    input
	scale *scalers
}

// ownership is what closing a detector closes.
type ownership int

const (
	ownsNothing ownership = iota
	ownsLane
	ownsModel
)

// input is how a model wants its pictures.
type input struct {
	order yuv.Order
	norm  yuv.Norm
	fill  float32 // of what the picture does not cover
}

// as keeps values at 0 to 255.
func as(order yuv.Order, fill float32) input {
	return input{order: order, norm: yuv.Identity(), fill: fill}
}

// open loads a model that takes one picture of three planes. It fails with the
// errors of ort.Runtime.NewSession and with ErrModel. lean gives the model in the
// form that a processor runs.
func (n *net) open(rt *ort.Runtime, kind string, m Model, o Options, in input, lean func([]byte) ([]byte, error)) error {
	e, err := openEngine(rt, m, o, lean)
	if err != nil {
		return fmt.Errorf("detect/onnx: %s: %w", m.Name, err)
	}
	n.lane, n.own = e.Lane("", batch.LaneOptions{}), ownsModel
	return n.fit(kind, e, m, o, in)
}

// openAlone loads a model that runs on its caller's thread, whoever else runs
// what: for a judge that keeps behind everybody and counts its own time.
func (n *net) openAlone(rt *ort.Runtime, kind string, m Model, o Options, in input) error {
	so := ort.SessionOptions{Provider: o.Provider, Half: o.Half, Parallel: o.Parallel}
	if len(o.Devices) > 0 {
		so.Device = o.Devices[0]
	}
	s, err := rt.NewSession(m.Data, so)
	if err != nil {
		return fmt.Errorf("detect/onnx: %s: %w", m.Name, err)
	}
	n.alone, n.own = s, ownsModel
	return n.fit(kind, &batch.Engine{In: s.Input(), Out: s.Outputs(), Choice: s.Choice()}, m, o, in)
}

func (n *net) fit(kind string, e *batch.Engine, m Model, o Options, in input) error {
	n.kind, n.e, n.o, n.in, n.scale = kind, e, o, in, &scalers{}
	n.info = detect.Info{Name: m.Name, Digest: m.SHA256, Provider: string(e.Choice.Provider)}
	shape := e.In.Shape
	if len(shape) != 4 || shape[1] != 3 {
		return n.refuse("it takes 1×3×H×W, this one %v", shape)
	}
	if shape[2] > 0 && shape[3] > 0 {
		n.fixed = frame.Size{W: int(shape[3]), H: int(shape[2])}
	}
	return nil
}

// refuse closes a model that is not the detector's.
func (n *net) refuse(format string, a ...any) error {
	_ = n.Close()
	return fmt.Errorf("%w: %s: %s", ErrModel, n.kind, fmt.Sprintf(format, a...))
}

// view is n for one camera.
func (n net) view(v View) (net, error) {
	n.own = ownsNothing
	if v.Long != 0 {
		if err := checkLong(v.Long); err != nil {
			return n, fmt.Errorf("detect/onnx: %s: %w", n.kind, err)
		}
		n.o.Long = v.Long
	}
	if v.Score != 0 {
		n.o.Score = v.Score
	}
	if v.Camera != "" {
		n.lane, n.own = n.e.Lane(v.Camera, batch.LaneOptions{Patience: v.Patience}), ownsLane
	}
	return n, nil
}

// Info implements detect.FaceDetector and detect.PersonDetector.
func (n *net) Info() detect.Info { return n.info }

// Choice tells which provider runs the model and why others do not.
func (n *net) Choice() ort.Choice { return n.e.Choice }

// Devices tells of the devices that the model runs on, and what they do.
func (n *net) Devices() []batch.Status { return n.e.Status() }

// Long is the longer side of the model's input.
func (n *net) Long() int { return n.o.Long }

// Spent is the processor time that runs of the model took for the camera.
func (n *net) Spent() time.Duration { return n.lane.CPU() }

// Close implements detect.FaceDetector and detect.PersonDetector; it waits for
// calls under way. Closing a view leaves the model to the others.
func (n *net) Close() error {
	if n.alone != nil {
		return n.alone.Close()
	}
	if n.own != ownsNothing {
		n.lane.Close()
	}
	if n.own == ownsModel {
		return n.e.Close()
	}
	return nil
}

// tensors are a model's input and outputs, held from acquire to Release.
type tensors interface {
	Input() []float32
	Output(i int) []float32
	OutputShape(i int) []int64
	Run(ctx context.Context) error
	Release()
}

func (n *net) acquire(ctx context.Context, shape [4]int64) (tensors, error) {
	if n.alone != nil {
		b, err := n.alone.Acquire(ctx, shape[:]...)
		if err != nil {
			return nil, err // a nil *ort.Binding would not be nil tensors
		}
		return b, nil
	}
	r, err := n.lane.Acquire(ctx, shape)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// run scales a picture into the top left of the input and runs the model. The
// caller releases the request, which is nil after an error.
func (n *net) run(ctx context.Context, p frame.Planes) (tensors, fit, error) {
	if err := check(p); err != nil {
		return nil, fit{}, err
	}
	return n.runFit(ctx, p, p.H, fitIn(p.Size, n.fixed, n.o.Long))
}

// runFit is run with the place in the input given. rows is the height of the
// picture that p is all or a part of.
func (n *net) runFit(ctx context.Context, p frame.Planes, rows int, f fit) (tensors, fit, error) {
	b, err := n.acquire(ctx, [4]int64{1, 3, int64(f.netH), int64(f.netW)})
	if err != nil {
		return nil, f, n.wrap(err)
	}
	if err = n.scale.planar(b.Input(), p, rows, f, n.in); err == nil {
		if err = b.Run(ctx); err != nil {
			err = n.wrap(err)
		}
	}
	if err != nil {
		b.Release()
		return nil, f, err
	}
	return b, f, nil
}

// wrap makes a fault of the model's output the contract's own.
func (n *net) wrap(err error) error { return wrap("detect/onnx: "+n.kind, err) }

// notFinite reports a box that is no place.
func (n *net) notFinite(what string) error {
	return fmt.Errorf("detect/onnx: %s: %w: %s", n.kind, detect.ErrNotFinite, what)
}
