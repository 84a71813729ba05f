package ort

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Narrow returns a copy of a model whose output has only the first keep values of
// each row, with nothing computed for the others. The output consists of several
// grids, one behind the other, turned to rows; the last values of each come from
// one convolution, of which at least one is kept.
//
// It fails with ErrModel when the bytes are no ONNX model and with ErrForm when
// the output is computed otherwise.
func Narrow(model []byte, output string, keep int64) ([]byte, error) {
	g, err := takeApart(model)
	if err != nil {
		return nil, err
	}
	at, err := g.output(output)
	if err != nil {
		return nil, err
	}
	turn, err := g.fromA("Transpose", output)
	if err != nil {
		return nil, err
	}
	all, err := g.fromA("Concat", turn.ins[0])
	if err != nil {
		return nil, err
	}
	d := g.outputs[at].dims
	if !slices.Equal(turn.attrs["perm"].ints, []int64{0, 2, 1}) || all.attrs["axis"].i != 2 || len(d) != 3 || d[2] <= keep {
		return nil, fmt.Errorf("%w: %q has %v values, not rows of more than %d", ErrForm, output, d, keep)
	}
	for _, grid := range all.ins {
		if err := g.narrow(grid, d[2], keep); err != nil {
			return nil, err
		}
	}
	if g.outputs[at].raw, err = withLast(g.outputs[at].raw, len(d)-1, keep); err != nil {
		return nil, err
	}
	return g.putTogether(), nil
}

// narrow cuts one grid of width values a place.
func (g *graph) narrow(grid string, width, keep int64) error {
	flat, err := g.fromA("Reshape", grid)
	if err != nil {
		return err
	}
	if len(flat.ins) != 2 {
		return fmt.Errorf("%w: %q has no shape", ErrForm, grid)
	}
	shape, err := g.ints(flat.ins[1])
	if err != nil {
		return err
	}
	parts, err := g.fromA("Concat", flat.ins[0])
	if err != nil {
		return err
	}
	if len(shape) != 3 || shape[1] != width || shape[2] != -1 || parts.attrs["axis"].i != 1 {
		return fmt.Errorf("%w: %q is reshaped to %v, not to lines of %d", ErrForm, grid, shape, width)
	}
	last := parts.ins[len(parts.ins)-1]
	if n := g.from(last); n != nil && n.op == "Sigmoid" && len(n.ins) == 1 {
		last = n.ins[0]
	}
	c, err := g.convTo(last)
	if err != nil {
		return err
	}
	left := c.dims[0] - (width - keep)
	if c.group != 1 || left < 1 {
		return fmt.Errorf("%w: %q gives %d values, of which %d are to go", ErrForm, last, c.dims[0], width-keep)
	}
	name := func(s string) string { return last + "/narrow/" + s }
	one := int64(len(c.w)) / c.dims[0]
	if err := g.addFloats(name("w"), c.w[:left*one], left, c.dims[1], c.dims[2], c.dims[3]); err != nil {
		return err
	}
	if err := g.addFloats(name("b"), c.b[:left], left); err != nil {
		return err
	}
	if err := g.addInts(name("shape"), shape[0], keep, -1); err != nil {
		return err
	}
	p := c.pad
	g.replace([]*node{c.node}, newNode("Conv", []string{c.in, name("w"), name("b")}, c.node.outs,
		square("kernel_shape", c.dims[2]), square("strides", c.stride), list("pads", p, p, p, p), whole("group", 1)))
	g.replace([]*node{flat}, newNode("Reshape", []string{flat.ins[0], name("shape")}, flat.outs))
	return nil
}

// withLast is a ValueInfoProto with a dimension of its own at one place.
func withLast(msg []byte, at int, size int64) ([]byte, error) {
	i := -1
	dim := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(size))
	var down func(msg []byte, path ...protowire.Number) ([]byte, error)
	down = func(msg []byte, path ...protowire.Number) ([]byte, error) {
		return rewrite(msg, path[0], func(sub []byte) ([]byte, error) {
			if len(path) > 1 {
				return down(sub, path[1:]...)
			}
			if i++; i == at {
				return dim, nil
			}
			return sub, nil
		})
	}
	return down(msg, 2, 1, 2, 1)
}
