package graph

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"bystander/match/search"
)

// Field numbers and values are those of onnx.proto (ONNX IR version 8).
const (
	modelIR, modelGraph, modelOpset                           = 1, 7, 8
	opsetVersion                                              = 2
	graphNode, graphName, graphInit, graphInput, graphOutput  = 1, 2, 5, 11, 12
	nodeInput, nodeOutput, nodeType, nodeAttr                 = 1, 2, 4, 5
	attrName, attrInt, attrType                               = 1, 3, 20
	tensorDims, tensorType, tensorName, tensorRaw             = 1, 2, 8, 9
	valueName, valueType, typeTensor, tensorElem, tensorShape = 1, 2, 1, 1, 2
	shapeDim, dimValue, dimParam                              = 1, 1, 2
	elemFloat, elemInt64, attrIsInt                           = 1, 7, 2
	irVersion, opset                                          = 8, 13
)

type message []byte

func (m *message) num(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

func (m *message) text(field protowire.Number, s string) { m.bytes(field, []byte(s)) }

func (m *message) sub(field protowire.Number, f func(*message)) {
	var s message
	f(&s)
	m.bytes(field, s)
}

// attr is an attribute of a node that is a whole number.
type attr struct {
	name  string
	value uint64
}

func (m *message) node(kind string, in, out []string, attrs ...attr) {
	m.sub(graphNode, func(n *message) {
		for _, s := range in {
			n.text(nodeInput, s)
		}
		for _, s := range out {
			n.text(nodeOutput, s)
		}
		n.text(nodeType, kind)
		for _, a := range attrs {
			n.sub(nodeAttr, func(m *message) {
				m.text(attrName, a.name)
				m.num(attrInt, a.value)
				m.num(attrType, attrIsInt)
			})
		}
	})
}

// port is an input or output of n×wide floats, n free.
func (m *message) port(field protowire.Number, name string, wide int) {
	m.sub(field, func(v *message) {
		v.text(valueName, name)
		v.sub(valueType, func(t *message) {
			t.sub(typeTensor, func(t *message) {
				t.num(tensorElem, elemFloat)
				t.sub(tensorShape, func(s *message) {
					s.sub(shapeDim, func(d *message) { d.text(dimParam, "n") })
					s.sub(shapeDim, func(d *message) { d.num(dimValue, uint64(wide)) }) //nolint:gosec // a small count
				})
			})
		})
	})
}

// build writes the model: scores = probes · rowsᵀ, then the k best of each, with
// their numbers as floats, which hold whole numbers up to 2²⁴ exactly. The rows
// are part of it, so whoever called wipes it.
func build(x *search.Index, k int) []byte {
	n := x.Len()
	g := make(message, 0, 4*search.Dim*n+4096)
	g.node("Gemm", []string{"probes", "rows"}, []string{"scores"}, attr{"transB", 1})
	g.node("TopK", []string{"scores", "k"}, []string{"best", "at"}, attr{"axis", 1}, attr{"largest", 1}, attr{"sorted", 1})
	g.node("Cast", []string{"at"}, []string{"number"}, attr{"to", elemFloat})
	g.text(graphName, "search")
	g.sub(graphInit, func(t *message) {
		t.num(tensorDims, 1)
		t.num(tensorType, elemInt64)
		t.text(tensorName, "k")
		t.bytes(tensorRaw, binary.LittleEndian.AppendUint64(nil, uint64(k))) //nolint:gosec // a small count
	})
	// Written straight into place, so that no second copy of the rows is made.
	head := message{}
	head.num(tensorDims, uint64(n)) //nolint:gosec // a count
	head.num(tensorDims, search.Dim)
	head.num(tensorType, elemFloat)
	head.text(tensorName, "rows")
	raw := 4 * search.Dim * n
	size := len(head) + protowire.SizeTag(tensorRaw) + protowire.SizeBytes(raw)
	g = protowire.AppendVarint(protowire.AppendTag(g, graphInit, protowire.BytesType), uint64(size)) //nolint:gosec // a length
	g = append(g, head...)
	g = protowire.AppendVarint(protowire.AppendTag(g, tensorRaw, protowire.BytesType), uint64(raw)) //nolint:gosec // a length
	for i := range n {
		for _, v := range x.Row(i) {
			g = binary.LittleEndian.AppendUint32(g, math.Float32bits(v))
		}
	}
	g.port(graphInput, "probes", search.Dim)
	g.port(graphOutput, "best", k)
	g.port(graphOutput, "number", k)

	m := make(message, 0, len(g)+64)
	m.num(modelIR, irVersion)
	m.sub(modelOpset, func(o *message) { o.num(opsetVersion, opset) })
	m.bytes(modelGraph, g)
	clear(g)
	return m
}
