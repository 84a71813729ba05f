package ort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"
)

// Port is an input or output of a model. A dimension of -1 is free.
type Port struct {
	Name  string
	Shape []int64
}

// SessionOptions says how to run a model.
type SessionOptions struct {
	Provider Provider // empty means Auto
	// Parallel is how many runs may be under way at once; further callers
	// wait. 0 means 1.
	Parallel int
	// Threads is how many threads one run may use; 0 means 1.
	Threads int
	// Shapes is how many input shapes keep their tensors at a time; 0 means 4.
	// One more shape frees the tensors of the one least recently used.
	Shapes int
	// Keep is how many sets of tensors lie ready at most; 0 means Parallel times
	// Shapes.
	Keep int
	// Device is the GPU, counted from 0; others ignore it.
	Device int
	// Half lets TensorRT compute in 16 bits where it finds that faster, and
	// OpenVINO in bf16 where the processor can. Nothing else heeds it.
	Half bool
	// Lean gives the model in a form that a processor computes with less; nil
	// means there is none. It is asked on CPU only. Where it fails or its form
	// does not load, the model itself runs, and Choice tells why.
	Lean func(model []byte) ([]byte, error)
}

// Session is a loaded model with one float32 input and float32 outputs. It is
// safe for concurrent use.
type Session struct {
	s       *ortgo.DynamicAdvancedSession
	in      Port
	out     []Port
	choice  Choice
	opts    SessionOptions
	tickets chan struct{}

	mu     sync.Mutex
	free   []*Binding // least recently used first
	learnt []learnt
	closed bool
}

// learnt is what a first run told of the outputs of one input shape.
type learnt struct {
	in  []int64
	out [][]int64
}

// NewSession loads a model from its bytes, so that what was hashed is what
// runs. It fails with ErrModel and, when no provider works, with ErrProvider
// naming each one's trouble.
func (r *Runtime) NewSession(model []byte, o SessionOptions) (*Session, error) {
	o.Parallel = max(o.Parallel, 1)
	o.Threads = max(o.Threads, 1)
	if o.Shapes <= 0 {
		o.Shapes = 4
	}
	if o.Keep <= 0 {
		o.Keep = o.Parallel * o.Shapes
	}
	if len(model) == 0 {
		return nil, fmt.Errorf("%w: no bytes", ErrModel)
	}
	in, out, err := ports(model)
	if err != nil {
		return nil, err
	}
	s := &Session{in: in, out: out, opts: o, tickets: make(chan struct{}, o.Parallel)}
	for _, p := range o.Provider.order() {
		if p == CPU && o.Lean != nil {
			err := r.loadLean(model, s)
			if err == nil {
				return s, nil
			}
			s.choice.Whole = strings.Join(strings.Fields(err.Error()), " ")
		}
		ses, err := r.loadOn(model, p, s)
		if err == nil {
			s.s, s.choice.Provider, s.choice.Precision = ses, p, o.precision(p)
			return s, nil
		}
		s.choice.Refused = append(s.choice.Refused, refusal(p, err))
	}
	var why []string
	for _, f := range s.choice.Refused {
		why = append(why, fmt.Sprintf("%s: %s", f.Provider, f.Reason))
	}
	return nil, fmt.Errorf("%w: %v; choose another provider or \"auto\"", ErrProvider, why)
}

// loadLean loads the form that takes less. It changes the session only when that
// works.
func (r *Runtime) loadLean(model []byte, s *Session) error {
	lean, err := s.opts.Lean(model)
	if err != nil {
		return err
	}
	l := &Session{opts: s.opts}
	if l.in, l.out, err = ports(lean); err != nil {
		return err
	}
	if l.s, err = r.load(lean, CPU, l); err != nil {
		return err
	}
	s.s, s.in, s.out = l.s, l.in, l.out
	s.choice.Provider, s.choice.Precision = CPU, s.opts.precision(CPU)
	return nil
}

func (r *Runtime) loadOn(model []byte, p Provider, s *Session) (ses *ortgo.DynamicAdvancedSession, err error) {
	if p != OpenVINO {
		return r.load(model, p, s)
	}
	err = keepSignalStack(func() (err error) {
		ses, err = r.load(model, p, s)
		return err
	})
	if err != nil && ses != nil {
		return nil, errors.Join(err, ses.Destroy())
	}
	return ses, err
}

func (r *Runtime) load(model []byte, p Provider, s *Session) (*ortgo.DynamicAdvancedSession, error) {
	so, err := r.sessionOptions(p, s.opts)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(s.out))
	for i, o := range s.out {
		names[i] = o.Name
	}
	ses, err := ortgo.NewDynamicAdvancedSessionWithONNXData(model, []string{s.in.Name}, names, so)
	return ses, errors.Join(err, so.Destroy())
}

func ports(model []byte) (Port, []Port, error) {
	ins, outs, err := ortgo.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return Port{}, nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	if len(ins) != 1 || len(outs) == 0 {
		return Port{}, nil, fmt.Errorf("%w: %d inputs and %d outputs, want 1 and at least 1", ErrModel, len(ins), len(outs))
	}
	for _, p := range slices.Concat(ins, outs) {
		if p.OrtValueType != ortgo.ONNXTypeTensor || p.DataType != ortgo.TensorElementDataTypeFloat {
			return Port{}, nil, fmt.Errorf("%w: %q is no float32 tensor", ErrModel, p.Name)
		}
	}
	res := make([]Port, len(outs))
	for i, o := range outs {
		res[i] = Port{Name: o.Name, Shape: o.Dimensions.Clone()}
	}
	return Port{Name: ins[0].Name, Shape: ins[0].Dimensions.Clone()}, res, nil
}

// Input is the model's input.
func (s *Session) Input() Port { return s.in }

// Outputs are the model's outputs, in the order of Binding.Output.
func (s *Session) Outputs() []Port { return s.out }

// OutputIndex finds an output by name; -1 when there is none.
func (s *Session) OutputIndex(name string) int {
	return slices.IndexFunc(s.out, func(p Port) bool { return p.Name == name })
}

// Choice tells which provider runs the model and why others do not.
func (s *Session) Choice() Choice { return s.choice }

// Acquire waits for a turn and returns tensors bound for an input of the given
// shape. The caller fills Input, calls Run, reads Output, and calls Release.
// It fails with ErrShape, ErrClosed and ctx's error. The first use of a shape
// allocates its tensors and runs the model once on zeros.
func (s *Session) Acquire(ctx context.Context, shape ...int64) (*Binding, error) {
	if err := s.fits(shape); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.tickets <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b, err := s.take(shape)
	if err == nil && b == nil {
		b, err = newBinding(s, shape)
	}
	if err != nil {
		<-s.tickets
		return nil, err
	}
	return b, nil
}

func (s *Session) fits(shape []int64) error {
	ok := len(shape) == len(s.in.Shape)
	for i := 0; ok && i < len(shape); i++ {
		ok = shape[i] > 0 && (s.in.Shape[i] <= 0 || s.in.Shape[i] == shape[i])
	}
	if !ok {
		return fmt.Errorf("%w: got %v, the model takes %v", ErrShape, slices.Clone(shape), s.in.Shape)
	}
	return nil
}

// take returns a free binding of the shape, nil when there is none.
func (s *Session) take(shape []int64) (*Binding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	for i := len(s.free) - 1; i >= 0; i-- {
		if b := s.free[i]; slices.Equal(b.shape, shape) {
			s.free = slices.Delete(s.free, i, i+1)
			b.inUse = true
			return b, nil
		}
	}
	return nil, nil
}

// outputsOf returns the shapes of the outputs for an input shape, nil until a
// first run has told them.
func (s *Session) outputsOf(in []int64) [][]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.learnt {
		if slices.Equal(l.in, in) {
			return l.out
		}
	}
	return nil
}

// mostLearnt bounds the shapes remembered.
const mostLearnt = 64

func (s *Session) learn(in []int64, out [][]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.learnt) >= mostLearnt {
		s.learnt = slices.Delete(s.learnt, 0, 1)
	}
	s.learnt = append(s.learnt, learnt{slices.Clone(in), out})
}

func (s *Session) put(b *Binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		b.destroy()
		return
	}
	s.free = append(s.free, b)
	if len(s.free) > s.opts.Keep {
		s.free[0].destroy()
		s.free = slices.Delete(s.free, 0, 1)
	}
}

// Close waits for runs under way and frees everything. Further calls return nil.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	free := s.free
	s.free = nil
	s.mu.Unlock()
	for range cap(s.tickets) {
		s.tickets <- struct{}{}
	}
	for _, b := range free {
		b.destroy()
	}
	// The tickets go back so that a late Acquire is told ErrClosed at once.
	for range cap(s.tickets) {
		<-s.tickets
	}
	return s.s.Destroy()
}
