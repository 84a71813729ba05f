package ort

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// FreeSides returns a copy of a model whose inputs and outputs no longer
// declare fixed sides: every dimension from 128 to 16383 becomes a free one.
// Convolutional models exported for one size often hold nothing else that
// binds them to it; the first run on another size tells. It fails with
// ErrModel when the bytes are no ONNX model or nothing was to be freed.
//
// The copy is as long as the original: a dimension of two varint bytes,
// TensorShapeProto.Dimension{dim_value}, has the room of a one-letter name,
// Dimension{dim_param}. The sizes noted for values within the graph would bind
// it again; their field number is changed to one that onnx.proto has reserved
// and readers pass over. Field numbers are those of onnx.proto
// (ModelProto.graph 7; GraphProto.input 11, output 12, value_info 13;
// ValueInfoProto.type 2; TypeProto.tensor_type 1; Tensor.shape 2;
// TensorShapeProto.dim 1).
func FreeSides(model []byte) ([]byte, error) {
	m := slices.Clone(model)
	letter, freed := byte('a'), 0
	free := func(_, dim []byte) error {
		if len(dim) == 3 && dim[0] == 1<<3 && dim[1] >= 0x80 && dim[2] < 0x80 && letter <= 'z' {
			dim[0], dim[1], dim[2] = 2<<3|2, 1, letter
			letter++
			freed++
		}
		return nil
	}
	err := walk(m, 7, func(_, graph []byte) error {
		for _, field := range [2]int{11, 12} {
			if err := walk(graph, field, func(_, value []byte) error { return descend(value, free, 2, 1, 2, 1) }); err != nil {
				return err
			}
		}
		return dropValueInfo(graph)
	})
	if err != nil {
		return nil, err
	}
	if freed == 0 {
		return nil, fmt.Errorf("%w: it declares no side that could be freed", ErrModel)
	}
	return m, nil
}

// descend follows a path of nested messages and visits the last ones.
func descend(msg []byte, visit func(tag, body []byte) error, path ...int) error {
	if len(path) == 1 {
		return walk(msg, path[0], visit)
	}
	return walk(msg, path[0], func(_, sub []byte) error { return descend(sub, visit, path[1:]...) })
}

// walk visits the tag and the body of each length-delimited field of the given
// number.
func walk(msg []byte, field int, visit func(tag, body []byte) error) error {
	for len(msg) > 0 {
		tag, n := binary.Uvarint(msg)
		if n <= 0 {
			return fmt.Errorf("%w: broken field tag", ErrModel)
		}
		head := msg[:n]
		msg = msg[n:]
		size := uint64(0)
		switch tag & 7 {
		case 0:
			_, n = binary.Uvarint(msg)
			if n <= 0 {
				return fmt.Errorf("%w: broken number", ErrModel)
			}
			size = uint64(n)
		case 1:
			size = 8
		case 2:
			if size, n = binary.Uvarint(msg); n <= 0 {
				return fmt.Errorf("%w: broken length", ErrModel)
			}
			msg = msg[n:]
		case 5:
			size = 4
		default:
			return fmt.Errorf("%w: wire type %d", ErrModel, tag&7)
		}
		if size > uint64(len(msg)) {
			return fmt.Errorf("%w: a field reaches beyond the end", ErrModel)
		}
		if tag&7 == 2 && tag>>3 == uint64(field) {
			if err := visit(head, msg[:size]); err != nil {
				return err
			}
		}
		msg = msg[size:]
	}
	return nil
}
