package ort

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Leaky returns a copy of a model in which every PRelu whose slope is one fixed
// number is a LeakyRelu of that number, which is the same function, and how many
// there were. ONNX Runtime computes a LeakyRelu within the convolution before it
// and keeps the result in the blocked order that the next convolution wants; a
// PRelu it computes apart, with a change of order before and after.
//
// A PRelu stays as it is when its slope has several values, is computed, can be
// given by the caller, goes by a name used twice, or is not a finite float32. Without any other
// the model itself is returned. It fails with ErrModel when the bytes are no ONNX
// model. Numbers of fields beyond those of FreeSides and FreeBatch:
// NodeProto.domain 7, overload 8; TensorProto.dims 1, data_type 2, float_data 4,
// data_location 14; AttributeProto.name 1, f 2, type 20.
func Leaky(model []byte) ([]byte, int, error) {
	slopes, given := map[string]float32{}, map[string]bool{}
	err := walk(model, 7, func(_, graph []byte) error { return findSlopes(graph, slopes, given) })
	if err != nil {
		return nil, 0, err
	}
	for name := range given {
		delete(slopes, name)
	}
	if len(slopes) == 0 {
		return model, 0, nil
	}
	n := 0
	out, err := rewrite(model, 7, func(graph []byte) ([]byte, error) {
		return rewrite(graph, 1, func(node []byte) ([]byte, error) {
			in, slope, ok := leakyNode(node, slopes)
			if !ok {
				return node, nil
			}
			n++
			return leaky(node, in, slope)
		})
	})
	if err != nil || n == 0 {
		return model, 0, err
	}
	return out, n, nil
}

// findSlopes collects a graph's constants of one float32, and in given the names
// that mean something else besides.
func findSlopes(graph []byte, slopes map[string]float32, given map[string]bool) error {
	seen := map[string]bool{}
	err := walk(graph, 5, func(_, tensor []byte) error {
		name, err := text(tensor, 8)
		if err != nil {
			return err
		}
		if _, twice := slopes[name]; twice || seen[name] {
			given[name] = true
		}
		seen[name] = true
		v, ok, err := oneFloat(tensor)
		if ok {
			slopes[name] = v
		}
		return err
	})
	if err != nil {
		return err
	}
	// An initializer that is an input as well is but that input's default.
	return walk(graph, 11, func(_, input []byte) error {
		name, err := text(input, 1)
		given[name] = true
		return err
	})
}

// oneFloat reads a tensor that holds one finite float32.
func oneFloat(tensor []byte) (v float32, ok bool, err error) {
	const float = 1
	size, kind, values := uint64(1), uint64(0), 0
	one := func(b []byte) {
		if len(b) == 4 {
			v = math.Float32frombits(binary.LittleEndian.Uint32(b))
		}
		values += len(b)
	}
	err = each(tensor, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 1 && typ == protowire.VarintType:
			d, _ := protowire.ConsumeVarint(body)
			if d != 1 {
				size = 0
			}
		case num == 1 && typ == protowire.BytesType: // packed: each 1 is one byte
			for _, d := range body {
				if d != 1 {
					size = 0
				}
			}
		case num == 2 && typ == protowire.VarintType:
			kind, _ = protowire.ConsumeVarint(body)
		case num == 4, num == 9:
			one(body)
		case num == 13, num == 14: // the values lie in another file
			size = 0
		}
		return nil
	})
	finite := v-v == 0
	return v, err == nil && kind == float && size == 1 && values == 4 && finite, err
}

// leakyNode reports whether a node is a PRelu whose slope is known.
func leakyNode(node []byte, slopes map[string]float32) (in string, slope float32, ok bool) {
	var ins []string
	op := ""
	plain := true
	err := each(node, func(num protowire.Number, typ protowire.Type, body []byte) error {
		switch {
		case num == 1 && typ == protowire.BytesType:
			ins = append(ins, string(body))
		case num == 4 && typ == protowire.BytesType:
			op = string(body)
		case num == 5, num == 7 && len(body) > 0, num == 8:
			plain = false // attributes, or an operator of somebody else's
		}
		return nil
	})
	if err != nil || op != "PRelu" || !plain || len(ins) != 2 {
		return "", 0, false
	}
	slope, ok = slopes[ins[1]]
	return ins[0], slope, ok
}

// leaky is the node as a LeakyRelu.
func leaky(node []byte, in string, slope float32) ([]byte, error) {
	const attributeFloat = 1
	var out []byte
	out = protowire.AppendString(protowire.AppendTag(out, 1, protowire.BytesType), in)
	err := each(node, func(num protowire.Number, typ protowire.Type, body []byte) error {
		if num == 1 || num == 4 {
			return nil
		}
		out = appendField(out, num, typ, body)
		return nil
	})
	out = protowire.AppendString(protowire.AppendTag(out, 4, protowire.BytesType), "LeakyRelu")
	var a []byte
	a = protowire.AppendString(protowire.AppendTag(a, 1, protowire.BytesType), "alpha")
	a = protowire.AppendFixed32(protowire.AppendTag(a, 2, protowire.Fixed32Type), math.Float32bits(slope))
	a = protowire.AppendVarint(protowire.AppendTag(a, 20, protowire.VarintType), attributeFloat)
	return protowire.AppendBytes(protowire.AppendTag(out, 5, protowire.BytesType), a), err
}

// rewrite copies a message with each sub-message of the given number replaced.
func rewrite(msg []byte, field protowire.Number, by func(sub []byte) ([]byte, error)) ([]byte, error) {
	out := make([]byte, 0, len(msg)+len(msg)/16)
	err := each(msg, func(num protowire.Number, typ protowire.Type, body []byte) (err error) {
		if num == field && typ == protowire.BytesType {
			if body, err = by(body); err != nil {
				return err
			}
		}
		out = appendField(out, num, typ, body)
		return nil
	})
	return out, err
}

// each visits the fields of a message in order. The body of a length-delimited
// field comes without its length.
func each(msg []byte, visit func(num protowire.Number, typ protowire.Type, body []byte) error) error {
	for len(msg) > 0 {
		num, typ, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return fmt.Errorf("%w: broken field tag", ErrModel)
		}
		if typ == protowire.StartGroupType || typ == protowire.EndGroupType {
			return fmt.Errorf("%w: wire type %d", ErrModel, typ)
		}
		msg = msg[n:]
		size := protowire.ConsumeFieldValue(num, typ, msg)
		if size < 0 {
			return fmt.Errorf("%w: a field reaches beyond the end", ErrModel)
		}
		body := msg[:size]
		if typ == protowire.BytesType {
			body, _ = protowire.ConsumeBytes(body)
		}
		if err := visit(num, typ, body); err != nil {
			return err
		}
		msg = msg[size:]
	}
	return nil
}

func appendField(out []byte, num protowire.Number, typ protowire.Type, body []byte) []byte {
	out = protowire.AppendTag(out, num, typ)
	if typ == protowire.BytesType {
		return protowire.AppendBytes(out, body)
	}
	return append(out, body...)
}
