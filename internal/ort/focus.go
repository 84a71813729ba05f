package ort

import (
	"fmt"
	"math"
	"slices"
)

// FoldFocus returns a copy of a model in which a convolution of every second
// sample, taken four times from even and odd rows and columns and laid one behind
// the other, is a convolution of the input itself: of twice the kernel and twice
// the stride. Its products are the same, added in another order.
//
// It fails with ErrModel when the bytes are no ONNX model and with ErrForm when
// the model does not begin like that.
func FoldFocus(model []byte) ([]byte, error) {
	g, err := takeApart(model)
	if err != nil {
		return nil, err
	}
	for _, n := range g.nodes {
		if n.op != "Conv" || len(n.ins) == 0 || len(n.outs) != 1 {
			continue
		}
		laid := g.from(n.ins[0])
		if laid == nil || laid.op != "Concat" || len(laid.ins) != 4 || laid.attrs["axis"].i != 1 {
			continue
		}
		if from := g.from(laid.ins[0]); from == nil || from.op != "Slice" {
			continue
		}
		if err := g.foldFocus(n, laid); err != nil {
			return nil, err
		}
		return g.putTogether(), nil
	}
	return nil, fmt.Errorf("%w: no convolution of every second sample", ErrForm)
}

func (g *graph) foldFocus(n, laid *node) error {
	c, err := g.convTo(n.outs[0])
	if err != nil {
		return err
	}
	source := ""
	var at [4][2]int64 // where each quarter begins: row and column
	for q, name := range laid.ins {
		from, begins, err := g.everySecond(name)
		if err != nil {
			return err
		}
		if q > 0 && from != source {
			return fmt.Errorf("%w: quarters of %q and of %q", ErrForm, source, from)
		}
		source, at[q] = from, begins
	}
	i := slices.IndexFunc(g.inputs, func(v value) bool { return v.name == source })
	if i < 0 || len(g.inputs[i].dims) != 4 || c.group != 1 || c.stride != 1 || c.dims[1] != 4*g.inputs[i].dims[1] {
		return fmt.Errorf("%w: %q is not a convolution of an input's quarters", ErrForm, n.outs[0])
	}
	outs, ins, k := c.dims[0], c.dims[1]/4, c.dims[2]
	w := make([]float32, len(c.w))
	for o := range outs {
		for q, begin := range at {
			for s := range ins {
				for y := range k {
					for x := range k {
						from := ((o*4*ins+int64(q)*ins+s)*k+y)*k + x
						to := ((o*ins+s)*2*k+2*y+begin[0])*2*k + 2*x + begin[1]
						w[to] += c.w[from] // two quarters may be the same one
					}
				}
			}
		}
	}
	name := n.outs[0] + "/folded/w"
	if err := g.addFloats(name, w, outs, ins, 2*k, 2*k); err != nil {
		return err
	}
	p := 2 * c.pad
	g.replace([]*node{n}, newNode("Conv", []string{source, name, n.ins[2]}, n.outs,
		square("kernel_shape", 2*k), square("strides", 2), list("pads", p, p, p, p), whole("group", 1)))
	return nil
}

// everySecond follows Slices back to what they take every second row and column
// of, and tells at which they begin.
func (g *graph) everySecond(name string) (source string, begins [2]int64, err error) {
	begins = [2]int64{-1, -1}
	for range begins {
		n := g.from(name)
		if n == nil || n.op != "Slice" {
			break
		}
		if len(n.ins) != 5 {
			return "", begins, fmt.Errorf("%w: %q is cut without steps", ErrForm, name)
		}
		var v [4][]int64 // starts, ends, axes, steps
		for i := range v {
			if v[i], err = g.ints(n.ins[1+i]); err != nil {
				return "", begins, err
			}
		}
		for i, start := range v[0] {
			if len(v[1]) <= i || len(v[2]) <= i || len(v[3]) <= i {
				return "", begins, fmt.Errorf("%w: %q is cut by lists of several lengths", ErrForm, name)
			}
			axis := v[2][i] - 2
			if axis < 0 || axis > 1 || begins[axis] >= 0 || start < 0 || start > 1 || v[1][i] < math.MaxInt32 || v[3][i] != 2 {
				return "", begins, fmt.Errorf("%w: %q is not every second sample", ErrForm, name)
			}
			begins[axis] = start
		}
		name = n.ins[0]
	}
	if slices.Min(begins[:]) < 0 {
		return "", begins, fmt.Errorf("%w: %q is not cut both ways", ErrForm, name)
	}
	return name, begins, nil
}
