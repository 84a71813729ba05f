package ort

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// graph is a model taken apart, so that nodes can be put in the place of others.
// Field numbers are those of onnx.proto: ModelProto.opset_import 8, graph 7;
// OperatorSetIdProto.domain 1, version 2; GraphProto.node 1, initializer 5,
// input 11, output 12, value_info 13; NodeProto.input 1, output 2, op_type 4,
// attribute 5, domain 7, overload 8; AttributeProto.name 1, i 3, g 6, ints 8,
// graphs 11, type 20; TensorProto.dims 1, data_type 2, name 8, raw_data 9,
// external_data 13.
type graph struct {
	around  []byte // the model's other fields
	rest    []byte // the graph's other fields
	opset   int64
	nodes   []*node
	fixed   []*fixed
	inputs  []value
	outputs []value
}

// node is one operator. Those of other domains than ONNX's own have no op.
type node struct {
	raw       []byte
	op        string
	ins, outs []string
	attrs     map[string]attribute
}

// attribute is a whole number or a list of them; others are but known to be there.
type attribute struct {
	i    int64
	ints []int64
}

// fixed is a constant of float32 or int64 in plain bytes. One of any other kind
// has no data.
type fixed struct {
	raw  []byte
	name string
	kind uint64
	dims []int64
	data []byte
}

const (
	kindFloat = 1
	kindInt   = 7
)

// value is an input or output of the graph; free dimensions are -1.
type value struct {
	raw  []byte
	name string
	dims []int64
}

// takeApart reads a model. It fails with ErrModel when the bytes are none, and
// with ErrForm when there is something in it that rewriting might break.
func takeApart(model []byte) (*graph, error) {
	g := &graph{}
	graphs := 0
	err := each(model, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 7 && typ == protowire.BytesType:
			graphs++
			return g.take(body)
		case num == 8 && typ == protowire.BytesType:
			if err := g.takeOpset(body); err != nil {
				return err
			}
		}
		g.around = appendField(g.around, num, typ, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graphs != 1 {
		return nil, fmt.Errorf("%w: %d graphs", ErrModel, graphs)
	}
	seen := map[string]bool{}
	for _, t := range g.fixed {
		if seen[t.name] {
			return nil, fmt.Errorf("%w: two constants are named %q", ErrForm, t.name)
		}
		seen[t.name] = true
	}
	return g, nil
}

func (g *graph) takeOpset(body []byte) error {
	domain, version := "", int64(0)
	err := each(body, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 1 && typ == protowire.BytesType:
			domain = string(body)
		case num == 2 && typ == protowire.VarintType:
			version = number(body)
		}
		return nil
	})
	if domain == "" {
		g.opset = version
	}
	return err
}

func (g *graph) take(msg []byte) error {
	return each(msg, func(num protowire.Number, typ protowire.Type, body []byte) error {
		if typ == protowire.BytesType {
			switch num {
			case 1:
				n, err := readNode(body)
				g.nodes = append(g.nodes, n)
				return err
			case 5:
				t, err := readFixed(body)
				g.fixed = append(g.fixed, t)
				return err
			case 9, 13: // sizes noted for values within, which may be others now; FreeSides makes them 9
				return nil
			case 11:
				v, err := readValue(body)
				g.inputs = append(g.inputs, v)
				return err
			case 12:
				v, err := readValue(body)
				g.outputs = append(g.outputs, v)
				return err
			}
		}
		g.rest = appendField(g.rest, num, typ, body)
		return nil
	})
}

func readNode(msg []byte) (*node, error) {
	n := &node{raw: msg, attrs: map[string]attribute{}}
	foreign := false
	err := each(msg, func(num protowire.Number, typ protowire.Type, body []byte) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case 1:
			n.ins = append(n.ins, string(body))
		case 2:
			n.outs = append(n.outs, string(body))
		case 4:
			n.op = string(body)
		case 5:
			return n.readAttribute(body)
		case 7, 8:
			foreign = foreign || len(body) > 0
		}
		return nil
	})
	if foreign {
		n.op = ""
	}
	return n, err
}

func (n *node) readAttribute(msg []byte) error {
	var a attribute
	name := ""
	err := each(msg, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 1 && typ == protowire.BytesType:
			name = string(body)
		case num == 3 && typ == protowire.VarintType:
			a.i = number(body)
		case num == 6, num == 11:
			return fmt.Errorf("%w: a graph within the graph", ErrForm)
		case num == 8:
			a.ints = numbers(a.ints, typ, body)
		}
		return nil
	})
	n.attrs[name] = a
	return err
}

func readFixed(msg []byte) (*fixed, error) {
	t := &fixed{raw: msg}
	err := each(msg, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 1:
			t.dims = numbers(t.dims, typ, body)
		case num == 2 && typ == protowire.VarintType:
			t.kind = uint64(number(body))
		case num == 8 && typ == protowire.BytesType:
			t.name = string(body)
		case num == 9 && typ == protowire.BytesType:
			t.data = body
		}
		return nil
	})
	return t, err
}

func readValue(msg []byte) (value, error) {
	name, err := text(msg, 1)
	v := value{raw: msg, name: name}
	if err != nil {
		return v, err
	}
	return v, descend(msg, func(_, dim []byte) error {
		d := int64(-1)
		err := each(dim, func(num protowire.Number, typ protowire.Type, body []byte) error {
			if num == 1 && typ == protowire.VarintType {
				d = number(body)
			}
			return nil
		})
		v.dims = append(v.dims, d)
		return err
	}, 2, 1, 2, 1)
}

// number reads a varint that each has found whole.
func number(body []byte) int64 {
	v, _ := protowire.ConsumeVarint(body)
	return int64(v)
}

// numbers appends a repeated number, packed or not.
func numbers(list []int64, typ protowire.Type, body []byte) []int64 {
	if typ == protowire.VarintType {
		return append(list, number(body))
	}
	for len(body) > 0 && typ == protowire.BytesType {
		v, n := protowire.ConsumeVarint(body)
		if n < 0 {
			return nil
		}
		list, body = append(list, int64(v)), body[n:]
	}
	return list
}

// putTogether leaves out what no output needs. Nodes are in an order in which each
// comes after those that it takes from.
func (g *graph) putTogether() []byte {
	needed := map[string]bool{}
	for _, v := range g.outputs {
		needed[v.name] = true
	}
	keep := make([]bool, len(g.nodes))
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		if keep[i] = slices.ContainsFunc(n.outs, func(o string) bool { return needed[o] }); keep[i] {
			for _, in := range n.ins {
				needed[in] = true
			}
		}
	}
	out := slices.Clone(g.rest)
	for i, n := range g.nodes {
		if keep[i] {
			out = appendBytes(out, 1, n.raw)
		}
	}
	for _, t := range g.fixed {
		if needed[t.name] {
			out = appendBytes(out, 5, t.raw)
		}
	}
	for _, v := range g.inputs {
		out = appendBytes(out, 11, v.raw)
	}
	for _, v := range g.outputs {
		out = appendBytes(out, 12, v.raw)
	}
	return appendBytes(slices.Clone(g.around), 7, out)
}

// from is the node that gives a value, nil when there is none.
func (g *graph) from(name string) *node {
	i := slices.IndexFunc(g.nodes, func(n *node) bool { return slices.Contains(n.outs, name) })
	if i < 0 {
		return nil
	}
	return g.nodes[i]
}

// fromA is the node that gives a value, if it is of that operator and gives
// nothing else.
func (g *graph) fromA(op, name string) (*node, error) {
	n := g.from(name)
	if n == nil || n.op != op || len(n.outs) != 1 || len(n.ins) == 0 {
		return nil, fmt.Errorf("%w: %q comes from no %s", ErrForm, name, op)
	}
	return n, nil
}

// constant is a value that nobody can give in its place.
func (g *graph) constant(name string) (*fixed, error) {
	i := slices.IndexFunc(g.fixed, func(t *fixed) bool { return t.name == name })
	given := slices.ContainsFunc(g.inputs, func(v value) bool { return v.name == name })
	if i < 0 || given || g.from(name) != nil {
		return nil, fmt.Errorf("%w: %q is no constant", ErrForm, name)
	}
	return g.fixed[i], nil
}

// floats are a constant's values, as many as its dimensions say.
func (g *graph) floats(name string) ([]float32, []int64, error) {
	t, err := g.constant(name)
	if err != nil {
		return nil, nil, err
	}
	n, ok := volume(t.dims)
	if t.kind != kindFloat || !ok || len(t.data) != 4*n {
		return nil, nil, fmt.Errorf("%w: %q holds no plain float32", ErrForm, name)
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*i:]))
	}
	return v, t.dims, nil
}

// ints are a constant's whole numbers.
func (g *graph) ints(name string) ([]int64, error) {
	t, err := g.constant(name)
	if err != nil {
		return nil, err
	}
	n, ok := volume(t.dims)
	if t.kind != kindInt || !ok || len(t.data) != 8*n {
		return nil, fmt.Errorf("%w: %q holds no plain int64", ErrForm, name)
	}
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(t.data[8*i:]))
	}
	return v, nil
}

// volume is how many values dimensions hold, as far as a model may.
func volume(dims []int64) (int, bool) {
	const most = 1 << 28
	n := int64(1)
	for _, d := range dims {
		if d < 0 || d > most || n*d > most {
			return 0, false
		}
		n *= d
	}
	return int(n), true
}

func appendBytes(out []byte, num protowire.Number, body []byte) []byte {
	return appendField(out, num, protowire.BytesType, body)
}
