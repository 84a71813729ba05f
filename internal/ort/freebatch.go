package ort

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// FreeBatch returns a copy of a model of fixed batch 1 that takes any number of
// pictures at once: the first dimension of inputs and outputs is freed, and a
// Reshape to a shape that begins with a fixed 1 keeps the first dimension of
// what it reshapes instead (0 in ONNX). It fails with ErrModel when the bytes
// are no ONNX model or nothing was to be freed. Whether the rest of the graph
// treats each picture for itself only a comparison can tell; the tests make it
// for every model of the project.
//
// As with FreeSides the copy is as long as the original. Dimension{dim_value: 1}
// has two bytes, and so has Dimension{dim_param: ""}, which names nothing. Field
// numbers beyond those of FreeSides: GraphProto.node 1, initializer 5;
// NodeProto.input 1, output 2, op_type 4, attribute 5; AttributeProto.t 5;
// TensorProto.int64_data 7, name 8, raw_data 9.
func FreeBatch(model []byte) ([]byte, error) {
	m := slices.Clone(model)
	freed := 0
	err := walk(m, 7, func(_, graph []byte) error {
		for _, field := range [2]int{11, 12} {
			if err := walk(graph, field, func(_, value []byte) error {
				return descend(value, func(_, shape []byte) error {
					freed += freeFirst(shape)
					return nil
				}, 2, 1, 2)
			}); err != nil {
				return err
			}
		}
		if err := freeReshapes(graph); err != nil {
			return err
		}
		return dropValueInfo(graph)
	})
	if err != nil {
		return nil, err
	}
	if freed == 0 {
		return nil, fmt.Errorf("%w: it declares no batch of 1 that could be freed", ErrModel)
	}
	return m, nil
}

// freeFirst frees the first dimension of a TensorShapeProto when it is a fixed 1.
func freeFirst(shape []byte) int {
	// dim {dim_value: 1}: tag 1, length 2, tag 1, value 1.
	if len(shape) >= 4 && shape[0] == 1<<3|2 && shape[1] == 2 && shape[2] == 1<<3 && shape[3] == 1 {
		shape[2], shape[3] = 2<<3|2, 0
		return 1
	}
	return 0
}

// dropValueInfo hides the sizes noted for values within the graph, which would
// bind it again.
func dropValueInfo(graph []byte) error {
	return walk(graph, 13, func(tag, _ []byte) error {
		if len(tag) == 1 {
			tag[0] = 9<<3 | 2
		}
		return nil
	})
}

// freeReshapes finds the shapes that Reshape nodes go by and makes a leading 1
// of them a 0.
func freeReshapes(graph []byte) error {
	shapes := map[string]bool{}
	err := walk(graph, 1, func(_, node []byte) error {
		op, err := text(node, 4)
		if err != nil || op != "Reshape" {
			return err
		}
		n := 0
		return walk(node, 1, func(_, name []byte) error {
			if n++; n == 2 {
				shapes[string(name)] = true
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = walk(graph, 5, func(_, tensor []byte) error {
		name, err := text(tensor, 8)
		if err == nil && shapes[name] {
			err = leadingZero(tensor)
		}
		return err
	})
	if err != nil {
		return err
	}
	return walk(graph, 1, func(_, node []byte) error {
		op, err := text(node, 4)
		if err != nil || op != "Constant" {
			return err
		}
		out, err := text(node, 2)
		if err != nil || !shapes[out] {
			return err
		}
		return descend(node, func(_, tensor []byte) error { return leadingZero(tensor) }, 5, 5)
	})
}

// leadingZero sets the first value of a tensor of int64 to 0 where it is 1.
func leadingZero(tensor []byte) error {
	err := walk(tensor, 9, func(_, raw []byte) error {
		if len(raw) >= 16 && binary.LittleEndian.Uint64(raw) == 1 {
			raw[0] = 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	return walk(tensor, 7, func(_, packed []byte) error {
		if len(packed) >= 2 && packed[0] == 1 {
			packed[0] = 0
		}
		return nil
	})
}

// text is the first string of a field, empty when there is none.
func text(msg []byte, field int) (s string, err error) {
	found := false
	err = walk(msg, field, func(_, b []byte) error {
		if !found {
			s, found = string(b), true
		}
		return nil
	})
	return s, err
}
