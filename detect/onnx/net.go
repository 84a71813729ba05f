package onnx

import (
	"context"
	"fmt"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/ort"
	"bystander/internal/yuv"
)

// net is what the detectors share: a model, and the tables that scale pictures
// into its input.
type net struct {
	kind  string // in errors
	s     *ort.Session
	o     Options
	info  detect.Info
	fixed frame.Size // of the input; zero when free
	in    input
	scale scalers
}

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
// errors of ort.Runtime.NewSession and with ErrModel.
func (n *net) open(rt *ort.Runtime, kind string, m Model, o Options, in input) error {
	s, err := rt.NewSession(m.Data, o.session())
	if err != nil {
		return fmt.Errorf("detect/onnx: %s: %w", m.Name, err)
	}
	n.kind, n.s, n.o, n.in = kind, s, o, in
	n.info = detect.Info{Name: m.Name, Digest: m.SHA256, Provider: string(s.Choice().Provider)}
	shape := s.Input().Shape
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
	_ = n.s.Close()
	return fmt.Errorf("%w: %s: %s", ErrModel, n.kind, fmt.Sprintf(format, a...))
}

// Info implements detect.FaceDetector and detect.PersonDetector.
func (n *net) Info() detect.Info { return n.info }

// Choice tells which provider runs the model and why others do not.
func (n *net) Choice() ort.Choice { return n.s.Choice() }

// Close implements detect.FaceDetector and detect.PersonDetector; it waits for
// calls under way.
func (n *net) Close() error { return n.s.Close() }

// run scales a picture into the top left of the input and runs the model. The
// caller releases the binding, which is nil after an error.
func (n *net) run(ctx context.Context, p frame.Planes) (*ort.Binding, fit, error) {
	if err := check(p); err != nil {
		return nil, fit{}, err
	}
	f := fitIn(p.Size, n.fixed, n.o.Long)
	b, err := n.s.Acquire(ctx, 1, 3, int64(f.netH), int64(f.netW))
	if err != nil {
		return nil, f, n.wrap(err)
	}
	if err = n.scale.planar(b.Input(), p, f, n.in); err == nil {
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
