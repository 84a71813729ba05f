package ort

import (
	"fmt"
	"slices"
)

// JoinHeads returns a copy of a model in which each group of outputs that are
// computed alike from one value is computed by one chain of operators: a 1×1
// convolution, one of each channel for itself, a change to rows of channels, and
// for some a Sigmoid. Each output keeps its name and its numbers.
//
// ONNX Runtime computes 16 channels at a time: four heads of 1, 1, 4 and 10
// channels cost as much as four of 16, and those that are no multiple of four
// leave its blocked order. Together they are one of 16.
//
// It fails with ErrModel when the bytes are no ONNX model and with ErrForm when an
// output is computed otherwise.
func JoinHeads(model []byte, groups ...[]string) ([]byte, error) {
	g, err := takeApart(model)
	if err != nil {
		return nil, err
	}
	// Split takes its sizes as an attribute up to 12; Reshape a shape since 5.
	if g.opset < 5 || g.opset > 12 {
		return nil, fmt.Errorf("%w: operators of version %d", ErrForm, g.opset)
	}
	for _, outputs := range groups {
		if err := g.joinHeads(outputs); err != nil {
			return nil, err
		}
	}
	return g.putTogether(), nil
}

// head is one output as it was: point, then each, then rows of channels.
type head struct {
	output      string
	last        *node
	sigmoid     bool
	point, each conv
	channels    int64
}

func (g *graph) headTo(output string) (h head, err error) {
	h.output = output
	at, err := g.output(output)
	if err != nil {
		return h, err
	}
	name := output
	if h.last = g.from(output); h.last != nil && h.last.op == "Sigmoid" && len(h.last.ins) == 1 {
		h.sigmoid, name = true, h.last.ins[0]
	}
	rows, err := g.fromA("Reshape", name)
	if err != nil {
		return h, err
	}
	turn, err := g.fromA("Transpose", rows.ins[0])
	if err != nil {
		return h, err
	}
	if h.each, err = g.convTo(turn.ins[0]); err != nil {
		return h, err
	}
	if h.point, err = g.convTo(h.each.in); err != nil {
		return h, err
	}
	p, e := h.point, h.each
	h.channels = p.dims[0]
	if !slices.Equal(turn.attrs["perm"].ints, []int64{0, 2, 3, 1}) ||
		p.group != 1 || p.dims[2] != 1 || p.stride != 1 || p.pad != 0 ||
		e.group != h.channels || e.dims[0] != h.channels || e.dims[1] != 1 || e.stride != 1 {
		return h, fmt.Errorf("%w: %q is no head of a point, each channel, and rows", ErrForm, output)
	}
	if d := g.outputs[at].dims; len(d) != 3 || d[2] != h.channels {
		return h, fmt.Errorf("%w: %q has %v values, not rows of %d", ErrForm, output, d, h.channels)
	}
	return h, nil
}

// joined are the weights of heads, one after the other.
type joined struct {
	w1, b1, w2, b2  []float32
	sizes           []int64
	channels, width int64 // out of the point, and into it
	kernel          int64 // of each
}

func (g *graph) joinHeads(outputs []string) error {
	if len(outputs) < 2 {
		return fmt.Errorf("%w: %d heads to join", ErrForm, len(outputs))
	}
	heads := make([]head, len(outputs))
	var j joined
	for i, o := range outputs {
		if slices.Contains(outputs[:i], o) {
			return fmt.Errorf("%w: %q joined with itself", ErrForm, o)
		}
		h, err := g.headTo(o)
		if err != nil {
			return err
		}
		heads[i] = h
		f := heads[0]
		if h.point.in != f.point.in || h.point.dims[1] != f.point.dims[1] || h.each.dims[2] != f.each.dims[2] || h.each.pad != f.each.pad {
			return fmt.Errorf("%w: %q and %q are not computed alike", ErrForm, o, f.output)
		}
		j.w1, j.b1 = append(j.w1, h.point.w...), append(j.b1, h.point.b...)
		j.w2, j.b2 = append(j.w2, h.each.w...), append(j.b2, h.each.b...)
		j.sizes, j.channels = append(j.sizes, h.channels), j.channels+h.channels
	}
	j.width, j.kernel = heads[0].point.dims[1], heads[0].each.dims[2]
	return g.putHeads(heads, j)
}

func (g *graph) putHeads(heads []head, j joined) error {
	name := func(s string) string { return heads[0].output + "/joined/" + s }
	for _, s := range []string{"point", "each", "turned", "rows"} {
		if err := g.unused(name(s)); err != nil {
			return err
		}
	}
	for _, add := range []func() error{
		func() error { return g.addFloats(name("w1"), j.w1, j.channels, j.width, 1, 1) },
		func() error { return g.addFloats(name("b1"), j.b1, j.channels) },
		func() error { return g.addFloats(name("w2"), j.w2, j.channels, 1, j.kernel, j.kernel) },
		func() error { return g.addFloats(name("b2"), j.b2, j.channels) },
		func() error { return g.addInts(name("shape"), 0, -1, j.channels) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	var parts []string
	var last, tails []*node
	for _, h := range heads {
		part := h.output
		if h.sigmoid {
			part = name(h.output)
			if err := g.unused(part); err != nil {
				return err
			}
			tails = append(tails, newNode("Sigmoid", []string{part}, []string{h.output}))
		}
		parts, last = append(parts, part), append(last, h.last)
	}
	pad := heads[0].each.pad
	nodes := []*node{
		newNode("Conv", []string{heads[0].point.in, name("w1"), name("b1")}, []string{name("point")},
			square("kernel_shape", 1), square("strides", 1), list("pads", 0, 0, 0, 0), whole("group", 1)),
		newNode("Conv", []string{name("point"), name("w2"), name("b2")}, []string{name("each")},
			square("kernel_shape", j.kernel), square("strides", 1), list("pads", pad, pad, pad, pad), whole("group", j.channels)),
		newNode("Transpose", []string{name("each")}, []string{name("turned")}, list("perm", 0, 2, 3, 1)),
		newNode("Reshape", []string{name("turned"), name("shape")}, []string{name("rows")}),
		newNode("Split", []string{name("rows")}, parts, whole("axis", 2), list("split", j.sizes...)),
	}
	g.replace(last, append(nodes, tails...)...)
	return nil
}
