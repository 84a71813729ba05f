package device

import (
	"encoding/binary"
	"math"
)

// Field numbers of onnx.proto that the graph needs.
const (
	modelIR, modelGraph, modelOpset         = 1, 7, 8
	opsetVersion                            = 2
	graphNode, graphName, graphInitializer  = 1, 2, 5
	graphInput, graphOutput                 = 11, 12
	nodeInput, nodeOutput, nodeOp, nodeAttr = 1, 2, 4, 5
	attrName, attrInt, attrType             = 1, 3, 20
	tensorDims, tensorType, tensorName      = 1, 2, 8
	tensorRaw                               = 9
	valueName, valueType                    = 1, 2
	typeTensor                              = 1
	tensorElem, tensorShape                 = 1, 2
	shapeDim, dimValue, dimParam            = 1, 1, 2

	typeFloat, typeInt64 = 1, 7
	attrIsInt            = 2
)

// proto appends fields to a protobuf message.
type proto []byte

func (p proto) num(field int, v uint64) proto {
	p = binary.AppendUvarint(p, uint64(field)<<3)
	return binary.AppendUvarint(p, v)
}

func (p proto) bytes(field int, b []byte) proto {
	p = binary.AppendUvarint(p, uint64(field)<<3|2)
	p = binary.AppendUvarint(p, uint64(len(b)))
	return append(p, b...)
}

func (p proto) text(field int, s string) proto { return p.bytes(field, []byte(s)) }

func node(op string, inputs, outputs []string, ints map[string]uint64) proto {
	var n proto
	for _, s := range inputs {
		n = n.text(nodeInput, s)
	}
	for _, s := range outputs {
		n = n.text(nodeOutput, s)
	}
	n = n.text(nodeOp, op)
	for name, v := range ints {
		n = n.bytes(nodeAttr, proto(nil).text(attrName, name).num(attrInt, v).num(attrType, attrIsInt))
	}
	return n
}

// port declares an input or output of float32 whose first dimension is free.
func port(name string, width int) proto {
	shape := proto(nil).bytes(shapeDim, proto(nil).text(dimParam, "queries")).
		bytes(shapeDim, proto(nil).num(dimValue, uint64(width)))
	tensor := proto(nil).num(tensorElem, typeFloat).bytes(tensorShape, shape)
	return proto(nil).text(valueName, name).bytes(valueType, proto(nil).bytes(typeTensor, tensor))
}

// graph is a model that scores queries×dim against n rows and gives the k best
// scores and their rows, best first. Rows are counted in float32, which holds
// whole numbers up to 2²⁴. The caller wipes it: it holds the rows.
func graph(rows []float32, n, dim, k int) []byte {
	raw := make([]byte, 4*len(rows))
	for i, v := range rows {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	defer clear(raw)
	most := binary.LittleEndian.AppendUint64(nil, uint64(k))
	// Room for all, so that appending leaves no copies of rows behind.
	g := make(proto, 0, len(raw)+4096)
	g = g.bytes(graphNode, node("Gemm", []string{"q", "rows"}, []string{"scores"}, map[string]uint64{"transB": 1}))
	g = g.bytes(graphNode, node("TopK", []string{"scores", "k"}, []string{"best", "index"}, nil))
	g = g.bytes(graphNode, node("Cast", []string{"index"}, []string{"at"}, map[string]uint64{"to": typeFloat}))
	g = g.text(graphName, "gallery")
	g = g.bytes(graphInitializer, proto(nil).num(tensorDims, 1).num(tensorType, typeInt64).text(tensorName, "k").bytes(tensorRaw, most))
	head := proto(nil).num(tensorDims, uint64(n)).num(tensorDims, uint64(dim)).num(tensorType, typeFloat).text(tensorName, "rows")
	head = binary.AppendUvarint(head, tensorRaw<<3|2)
	head = binary.AppendUvarint(head, uint64(len(raw)))
	g = binary.AppendUvarint(g, graphInitializer<<3|2)
	g = binary.AppendUvarint(g, uint64(len(head)+len(raw)))
	g = append(append(g, head...), raw...)
	g = g.bytes(graphInput, port("q", dim))
	g = g.bytes(graphOutput, port("best", k)).bytes(graphOutput, port("at", k))
	defer clear(g)
	m := make(proto, 0, len(g)+64)
	m = m.num(modelIR, 8).bytes(modelOpset, proto(nil).num(opsetVersion, 13))
	return m.bytes(modelGraph, g)
}
