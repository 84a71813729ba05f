package ort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/unix"
)

// Binding is a set of tensors bound to a session for one input shape. It
// belongs to one caller from Acquire to Release.
type Binding struct {
	s       *Session
	shape   []int64
	bind    *ortgo.IoBinding
	tensors []*tensor // the input, then the outputs
	inUse   bool
}

// tensor is a float32 tensor over memory outside the Go heap.
type tensor struct {
	mem   []byte
	data  []float32
	shape []int64
	value *ortgo.Tensor[float32]
}

func newTensor(shape []int64) (*tensor, error) {
	n := int(ortgo.Shape(shape).FlattenedSize())
	if n <= 0 {
		return nil, fmt.Errorf("%w: %v", ErrShape, shape)
	}
	page := unix.Getpagesize()
	mem, err := unix.Mmap(-1, 0, (4*n+page-1)/page*page,
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("ort: map a tensor of %v: %w", shape, err)
	}
	t := &tensor{mem: mem, shape: slices.Clone(shape)}
	if err := unix.Madvise(mem, unix.MADV_DONTDUMP); err != nil {
		t.destroy()
		return nil, fmt.Errorf("ort: keep pixels out of core dumps: %w", err)
	}
	t.data = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(mem))), n)
	if t.value, err = ortgo.NewTensor(ortgo.NewShape(shape...), t.data); err != nil {
		t.destroy()
		return nil, fmt.Errorf("ort: make a tensor of %v: %w", shape, err)
	}
	return t, nil
}

func (t *tensor) destroy() {
	if t.value != nil {
		// Destroy only frees the handle; it never fails.
		_ = t.value.Destroy()
	}
	_ = unix.Munmap(t.mem)
	t.data, t.mem, t.value = nil, nil, nil
}

// newBinding makes tensors for an input shape. The first of a shape learns the
// outputs' shapes from one run on zeros, which also brings a provider's late
// failure to light before a picture depends on it.
func newBinding(s *Session, shape []int64) (_ *Binding, err error) {
	b := &Binding{s: s, shape: slices.Clone(shape), inUse: true}
	defer func() {
		if err != nil {
			b.destroy()
		}
	}()
	in, err := newTensor(shape)
	if err != nil {
		return nil, err
	}
	b.tensors = append(b.tensors, in)
	outs := s.outputsOf(shape)
	if outs == nil {
		if outs, err = firstRun(s, in); err != nil {
			return nil, err
		}
		s.learn(shape, outs)
	}
	for _, o := range outs {
		t, err := newTensor(o)
		if err != nil {
			return nil, err
		}
		b.tensors = append(b.tensors, t)
	}
	return b, b.bindAll()
}

func firstRun(s *Session, in *tensor) (shapes [][]int64, err error) {
	outs := make([]ortgo.Value, len(s.out))
	if err := s.s.Run([]ortgo.Value{in.value}, outs); err != nil {
		return nil, fmt.Errorf("ort: first run on input %v: %w", in.shape, err)
	}
	for _, v := range outs {
		shapes = append(shapes, v.GetShape())
		err = errors.Join(err, v.Destroy())
	}
	return shapes, err
}

func (b *Binding) bindAll() (err error) {
	if b.bind, err = b.s.s.CreateIoBinding(); err != nil {
		return fmt.Errorf("ort: bind: %w", err)
	}
	err = b.bind.BindInput(b.s.in.Name, b.tensors[0].value)
	for i, o := range b.s.out {
		err = errors.Join(err, b.bind.BindOutput(o.Name, b.tensors[i+1].value))
	}
	if err != nil {
		return fmt.Errorf("ort: bind: %w", err)
	}
	return nil
}

func (b *Binding) destroy() {
	if b.bind != nil {
		_ = b.bind.Destroy()
		b.bind = nil
	}
	for _, t := range b.tensors {
		t.destroy()
	}
	b.tensors = nil
}

// Input is the input tensor, to be filled before Run; it holds what the run
// before left there.
func (b *Binding) Input() []float32 { return b.tensors[0].data }

// Outputs is how many outputs there are.
func (b *Binding) Outputs() int { return len(b.tensors) - 1 }

// Output is the i-th output after Run, valid until Release.
func (b *Binding) Output(i int) []float32 { return b.tensors[i+1].data }

// OutputShape is the shape of the i-th output.
func (b *Binding) OutputShape(i int) []int64 { return b.tensors[i+1].shape }

// Run computes the outputs and checks that every value is finite, else
// ErrNotFinite. A done ctx keeps it from starting; a run under way is not
// broken off, so the wait is bounded by one run of the model.
func (b *Binding) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.s.choice.Provider != CPU {
		// Binding an input copies it to the device there and then, so that a
		// run would otherwise see what lay in the tensor when it was bound.
		if err := b.bind.BindInput(b.s.in.Name, b.tensors[0].value); err != nil {
			return fmt.Errorf("ort: bind: %w", err)
		}
	}
	if err := b.s.s.RunWithBinding(b.bind); err != nil {
		return fmt.Errorf("ort: run: %w", err)
	}
	for i, t := range b.tensors[1:] {
		if !Finite(t.data) {
			return fmt.Errorf("%w: output %q", ErrNotFinite, b.s.out[i].Name)
		}
	}
	return nil
}

// Release gives the tensors back to the session. Further calls do nothing
// until the binding is acquired again.
func (b *Binding) Release() {
	if !b.inUse {
		return
	}
	b.inUse = false
	b.s.put(b)
	<-b.s.tickets
}

// Finite reports whether every value is a real number. x−x is 0 for a real
// number and NaN otherwise; four sums keep the adder busy.
func Finite(v []float32) bool {
	var s [4]float32
	for ; len(v) >= 4; v = v[4:] {
		s[0] += v[0] - v[0]
		s[1] += v[1] - v[1]
		s[2] += v[2] - v[2]
		s[3] += v[3] - v[3]
	}
	for _, x := range v {
		s[0] += x - x
	}
	return s[0]+s[1]+s[2]+s[3] == 0
}
