package ort

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// named is a part of an attribute list.
type named struct {
	name string
	attribute
}

func whole(name string, i int64) named     { return named{name, attribute{i: i}} }
func list(name string, v ...int64) named   { return named{name, attribute{ints: v}} }
func square(name string, side int64) named { return list(name, side, side) }

// newNode makes a node of ONNX's own operators.
func newNode(op string, ins, outs []string, attrs ...named) *node {
	n := &node{op: op, ins: ins, outs: outs, attrs: map[string]attribute{}}
	for _, s := range ins {
		n.raw = appendBytes(n.raw, 1, []byte(s))
	}
	for _, s := range outs {
		n.raw = appendBytes(n.raw, 2, []byte(s))
	}
	n.raw = appendBytes(n.raw, 3, []byte(outs[0]))
	n.raw = appendBytes(n.raw, 4, []byte(op))
	for _, a := range attrs {
		n.attrs[a.name] = a.attribute
		n.raw = appendBytes(n.raw, 5, a.bytes())
	}
	return n
}

func (a named) bytes() []byte {
	const attributeInt, attributeInts = 2, 7
	out := appendBytes(nil, 1, []byte(a.name))
	kind := uint64(attributeInts)
	if a.ints == nil {
		out = protowire.AppendVarint(protowire.AppendTag(out, 3, protowire.VarintType), uint64(a.i))
		kind = attributeInt
	}
	for _, v := range a.ints {
		out = protowire.AppendVarint(protowire.AppendTag(out, 8, protowire.VarintType), uint64(v))
	}
	return protowire.AppendVarint(protowire.AppendTag(out, 20, protowire.VarintType), kind)
}

// addFloats adds a constant. Its name must be new.
func (g *graph) addFloats(name string, v []float32, dims ...int64) error {
	data := make([]byte, 0, 4*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return g.add(&fixed{name: name, kind: kindFloat, dims: dims, data: data})
}

// addInts adds a constant list of whole numbers. Its name must be new.
func (g *graph) addInts(name string, v ...int64) error {
	data := make([]byte, 0, 8*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	return g.add(&fixed{name: name, kind: kindInt, dims: []int64{int64(len(v))}, data: data})
}

func (g *graph) add(t *fixed) error {
	if err := g.unused(t.name); err != nil {
		return err
	}
	for _, d := range t.dims {
		t.raw = protowire.AppendVarint(protowire.AppendTag(t.raw, 1, protowire.VarintType), uint64(d))
	}
	t.raw = protowire.AppendVarint(protowire.AppendTag(t.raw, 2, protowire.VarintType), t.kind)
	t.raw = appendBytes(t.raw, 8, []byte(t.name))
	t.raw = appendBytes(t.raw, 9, t.data)
	g.fixed = append(g.fixed, t)
	return nil
}

// unused fails with ErrForm when a name is taken.
func (g *graph) unused(name string) error {
	taken := g.from(name) != nil ||
		slices.ContainsFunc(g.fixed, func(t *fixed) bool { return t.name == name }) ||
		slices.ContainsFunc(g.inputs, func(v value) bool { return v.name == name })
	if taken {
		return fmt.Errorf("%w: %q is taken", ErrForm, name)
	}
	return nil
}

// replace puts nodes where the first of the old ones is; the others go.
func (g *graph) replace(old []*node, by ...*node) {
	at := slices.IndexFunc(g.nodes, func(n *node) bool { return slices.Contains(old, n) })
	g.nodes = slices.Insert(g.nodes, at, by...)
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return slices.Contains(old, n) })
}

// output is an output's place in the list.
func (g *graph) output(name string) (int, error) {
	i := slices.IndexFunc(g.outputs, func(v value) bool { return v.name == name })
	if i < 0 {
		return 0, fmt.Errorf("%w: no output %q", ErrForm, name)
	}
	return i, nil
}

// conv is a convolution whose weights are constants and which leaves out no
// samples.
type conv struct {
	node        *node
	in          string
	w, b        []float32
	dims        []int64 // of w: outputs, inputs of each group, rows, columns
	group       int64
	stride, pad int64
}

// convTo reads the convolution that gives a value. It has a bias, a square kernel,
// the same stride both ways and the same padding on all sides.
func (g *graph) convTo(name string) (c conv, err error) {
	if c.node, err = g.fromA("Conv", name); err != nil {
		return c, err
	}
	n := c.node
	if len(n.ins) != 3 {
		return c, fmt.Errorf("%w: %q has no bias", ErrForm, name)
	}
	c.in = n.ins[0]
	if c.w, c.dims, err = g.floats(n.ins[1]); err != nil {
		return c, err
	}
	if c.b, _, err = g.floats(n.ins[2]); err != nil {
		return c, err
	}
	if len(c.dims) != 4 || c.dims[2] != c.dims[3] || int64(len(c.b)) != c.dims[0] || len(c.w) == 0 {
		return c, fmt.Errorf("%w: weights of %v and %d biases for %q", ErrForm, c.dims, len(c.b), name)
	}
	alike := func(name string, n int, otherwise int64) int64 {
		a, ok := c.node.attrs[name]
		if !ok {
			return otherwise
		}
		if len(a.ints) != n || slices.Min(a.ints) != slices.Max(a.ints) {
			return -1
		}
		return a.ints[0]
	}
	c.group, c.stride, c.pad = 1, alike("strides", 2, 1), alike("pads", 4, 0)
	if a, ok := n.attrs["group"]; ok {
		c.group = a.i
	}
	_, auto := n.attrs["auto_pad"]
	if auto || c.stride < 1 || c.pad < 0 || alike("dilations", 2, 1) != 1 || alike("kernel_shape", 2, c.dims[2]) != c.dims[2] {
		return c, fmt.Errorf("%w: %q is no plain convolution", ErrForm, name)
	}
	return c, nil
}
