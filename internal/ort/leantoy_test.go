package ort_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"bystander/internal/ort"
)

// toy is a model in the making.
type toy struct{ graph []byte }

func sub(b []byte, n protowire.Number, s []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func num(b []byte, n protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), uint64(v))
}

// attrs are whole numbers (int64) or lists of them.
type attrs map[string]any

func (m *toy) node(op string, ins, outs []string, with attrs) {
	var n []byte
	for _, s := range ins {
		n = sub(n, 1, []byte(s))
	}
	for _, s := range outs {
		n = sub(n, 2, []byte(s))
	}
	n = sub(n, 4, []byte(op))
	for name, v := range with {
		a := sub(nil, 1, []byte(name))
		switch v := v.(type) {
		case int64:
			a = num(num(a, 3, v), 20, 2)
		case []int64:
			for _, x := range v {
				a = num(a, 8, x)
			}
			a = num(a, 20, 7)
		}
		n = sub(n, 5, a)
	}
	m.graph = sub(m.graph, 1, n)
}

func (m *toy) fixed(name string, kind int64, data []byte, dims ...int64) {
	var t []byte
	for _, d := range dims {
		t = num(t, 1, d)
	}
	m.graph = sub(m.graph, 5, sub(sub(num(t, 2, kind), 8, []byte(name)), 9, data))
}

// floats are some weights of the given shape.
func (m *toy) floats(name string, dims ...int64) {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	var data []byte
	for i := range n {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32((i*7919+int64(len(name))*31)%61-30)/64))
	}
	m.fixed(name, 1, data, dims...)
}

func (m *toy) ints(name string, v ...int64) {
	var data []byte
	for _, x := range v {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	m.fixed(name, 7, data, int64(len(v)))
}

// port is an input (11) or output (12); a dimension of 0 is free.
func (m *toy) port(field protowire.Number, name string, dims ...int64) {
	var shape []byte
	for i, d := range dims {
		dim := num(nil, 1, d)
		if d == 0 {
			dim = sub(nil, 2, fmt.Appendf(nil, "%s%d", name, i))
		}
		shape = sub(shape, 1, dim)
	}
	m.graph = sub(m.graph, field, sub(sub(nil, 1, []byte(name)), 2, sub(nil, 1, sub(num(nil, 1, 1), 2, shape))))
}

func (m *toy) bytes() []byte {
	return sub(sub(num(nil, 1, 6), 8, num(sub(nil, 1, nil), 2, 11)), 7, sub(m.graph, 2, []byte("toy")))
}

// sameNumbers runs a model as it is and rewritten.
func sameNumbers(t *rapid.T, rt *ort.Runtime, m, less []byte, shape ...int64) {
	var all [2][][]float32
	for i, b := range [][]byte{m, less} {
		s, err := rt.NewSession(b, ort.SessionOptions{Provider: ort.CPU})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // it was only read
		bind, err := s.Acquire(t.Context(), shape...)
		if err != nil {
			t.Fatal(err)
		}
		for k := range bind.Input() {
			bind.Input()[k] = float32(k*7919%251)/251 - 0.5
		}
		if err := bind.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Outputs() {
			all[i] = append(all[i], slices.Clone(bind.Output(s.OutputIndex(p.Name))))
		}
		bind.Release()
	}
	for k := range all[0] {
		if len(all[0][k]) != len(all[1][k]) {
			t.Fatalf("output %d has %d values, not %d", k, len(all[1][k]), len(all[0][k]))
		}
		for i, w := range all[0][k] {
			if !(math.Abs(float64(all[1][k][i]-w)) <= 1e-5*(1+math.Abs(float64(w)))) {
				t.Fatalf("output %d, value %d: %v, want %v", k, i, all[1][k][i], w)
			}
		}
	}
}

// quarters is a model that begins with every second sample of its input.
type quarters struct {
	ins, outs, kernel, pad int64
	begins                 [4][2]int64 // row and column
	step, end, axis, group int64
	stride                 int64
	other                  bool // the last quarter is another value's
}

func (q quarters) bytes() []byte {
	m := &toy{}
	m.port(11, "x", 1, q.ins, 0, 0)
	m.port(12, "y", 1, q.outs, 0, 0)
	var laid []string
	for i, b := range q.begins {
		half, all, from := fmt.Sprint("h", i), fmt.Sprint("q", i), "x"
		if q.other && i == 3 {
			from = "z"
			m.node("Relu", []string{"x"}, []string{"z"}, nil)
		}
		for k, v := range []int64{b[0], q.end, 2, q.step, b[1], q.end, 3, q.step} {
			m.ints(fmt.Sprint("c", i, k), v)
		}
		name := func(k int) string { return fmt.Sprint("c", i, k) }
		m.node("Slice", []string{from, name(0), name(1), name(2), name(3)}, []string{half}, nil)
		m.node("Slice", []string{half, name(4), name(5), name(6), name(7)}, []string{all}, nil)
		laid = append(laid, all)
	}
	m.node("Concat", laid, []string{"laid"}, attrs{"axis": q.axis})
	m.floats("w", q.outs, 4*q.ins/q.group, q.kernel, q.kernel)
	m.floats("b", q.outs)
	m.node("Conv", []string{"laid", "w", "b"}, []string{"y"}, attrs{
		"kernel_shape": []int64{q.kernel, q.kernel}, "strides": []int64{q.stride, q.stride},
		"pads": []int64{q.pad, q.pad, q.pad, q.pad}, "group": q.group,
	})
	return m.bytes()
}

func plainQuarters() quarters {
	return quarters{
		ins: 3, outs: 16, kernel: 3, pad: 1, begins: [4][2]int64{{0, 0}, {1, 0}, {0, 1}, {1, 1}},
		step: 2, end: math.MaxInt64, axis: 1, group: 1, stride: 1,
	}
}

// Whatever the order of the quarters, the kernel and the padding.
func TestFoldFocusIsTheSame(t *testing.T) {
	rt := open(t)
	rapid.Check(t, func(t *rapid.T) {
		q := plainQuarters()
		q.ins, q.outs = rapid.Int64Range(1, 4).Draw(t, "ins"), rapid.Int64Range(1, 20).Draw(t, "outs")
		q.kernel = rapid.Int64Range(1, 4).Draw(t, "kernel")
		q.pad = rapid.Int64Range(0, q.kernel-1).Draw(t, "pad")
		for i := range q.begins {
			q.begins[i] = [2]int64{rapid.Int64Range(0, 1).Draw(t, "row"), rapid.Int64Range(0, 1).Draw(t, "column")}
		}
		m := q.bytes()
		less, err := ort.FoldFocus(m)
		if err != nil {
			t.Fatal(err)
		}
		sameNumbers(t, rt, m, less, 1, q.ins, 2*rapid.Int64Range(5, 9).Draw(t, "rows"), 2*rapid.Int64Range(5, 9).Draw(t, "columns"))
	})
}

// What is regrouped in any other way stays as it is.
func TestFoldFocusOnlyWhatIsTheSame(t *testing.T) {
	if _, err := ort.FoldFocus(plainQuarters().bytes()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*quarters){
		"every third":      func(q *quarters) { q.step = 3 },
		"begun too late":   func(q *quarters) { q.begins[2] = [2]int64{2, 0} },
		"begun at the end": func(q *quarters) { q.begins[2] = [2]int64{-1, 0} },
		"ended early":      func(q *quarters) { q.end = 10 },
		"side by side":     func(q *quarters) { q.axis = 2 },
		"in groups":        func(q *quarters) { q.group = 4 },
		"with a stride":    func(q *quarters) { q.stride = 2 },
		"of another's too": func(q *quarters) { q.other = true },
	} {
		q := plainQuarters()
		change(&q)
		if _, err := ort.FoldFocus(q.bytes()); !errors.Is(err, ort.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// headed is a model of several heads on its input.
type headed struct {
	channels     []int64
	sigmoid      []bool
	width        int64
	kernel, pad  int64
	perm         []int64
	declared     int64 // added to the last dimension of the outputs
	pointPad     int64
	group        int64 // 0: each channel
	lastIsAlone  bool  // the last head takes another value
	biasless     bool
	withinAGraph bool
}

func (h headed) bytes() []byte {
	m := &toy{}
	m.port(11, "x", 0, h.width, 0, 0)
	for i, c := range h.channels {
		name := func(s string) string { return fmt.Sprint(s, i) }
		group := h.group
		if group == 0 {
			group = c
		}
		from := "x"
		if h.lastIsAlone && i == len(h.channels)-1 {
			from = "z"
			m.node("Relu", []string{"x"}, []string{"z"}, nil)
		}
		m.floats(name("pw"), c, h.width, 1, 1)
		m.floats(name("pb"), c)
		m.floats(name("ew"), c, c/group, h.kernel, h.kernel)
		m.floats(name("eb"), c)
		each := []string{name("p"), name("ew"), name("eb")}
		if h.biasless {
			each = each[:2]
		}
		q := h.pointPad
		with := attrs{"kernel_shape": []int64{1, 1}, "pads": []int64{q, q, q, q}}
		if h.withinAGraph {
			m.graph = sub(m.graph, 1, sub(sub(nil, 4, []byte("If")), 5, sub(sub(nil, 1, []byte("then_branch")), 6, nil)))
		}
		m.node("Conv", []string{from, name("pw"), name("pb")}, []string{name("p")}, with)
		m.node("Conv", each, []string{name("e")}, attrs{"group": group, "pads": []int64{h.pad, h.pad, h.pad, h.pad}})
		m.node("Transpose", []string{name("e")}, []string{name("t")}, attrs{"perm": h.perm})
		m.ints(name("s"), 0, -1, c)
		out := name("y")
		if h.sigmoid[i] {
			m.node("Reshape", []string{name("t"), name("s")}, []string{name("r")}, nil)
			m.node("Sigmoid", []string{name("r")}, []string{out}, nil)
		} else {
			m.node("Reshape", []string{name("t"), name("s")}, []string{out}, nil)
		}
		m.port(12, out, 0, 0, c+h.declared)
	}
	return m.bytes()
}

func (h headed) outputs() []string {
	out := make([]string, len(h.channels))
	for i := range out {
		out[i] = fmt.Sprint("y", i)
	}
	return out
}

func plainHeads() headed {
	return headed{channels: []int64{1, 1, 4, 10}, sigmoid: []bool{true, true, false, false}, width: 8, kernel: 3, pad: 1, perm: []int64{0, 2, 3, 1}}
}

// Whatever the heads' number, sizes, kernel and padding.
func TestJoinHeadsIsTheSame(t *testing.T) {
	rt := open(t)
	rapid.Check(t, func(t *rapid.T) {
		h := plainHeads()
		h.channels = rapid.SliceOfN(rapid.Int64Range(1, 9), 2, 5).Draw(t, "channels")
		h.sigmoid = rapid.SliceOfN(rapid.Bool(), len(h.channels), len(h.channels)).Draw(t, "sigmoid")
		h.width, h.kernel = rapid.Int64Range(1, 20).Draw(t, "width"), rapid.Int64Range(1, 4).Draw(t, "kernel")
		h.pad = rapid.Int64Range(0, h.kernel-1).Draw(t, "pad")
		m := h.bytes()
		less, err := ort.JoinHeads(m, h.outputs())
		if err != nil {
			t.Fatal(err)
		}
		sameNumbers(t, rt, m, less, rapid.Int64Range(1, 3).Draw(t, "batch"), h.width, 5, 7)
	})
}

// What is computed in any other way stays as it is.
func TestJoinHeadsOnlyWhatIsTheSame(t *testing.T) {
	h := plainHeads()
	if _, err := ort.JoinHeads(h.bytes(), h.outputs()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*headed){
		"turned otherwise":   func(h *headed) { h.perm = []int64{0, 3, 2, 1} },
		"rows of other size": func(h *headed) { h.declared = 1 },
		"a point with a rim": func(h *headed) { h.pointPad = 1 },
		"of mixed channels":  func(h *headed) { h.group = 1 },
		"of another value":   func(h *headed) { h.lastIsAlone = true },
		"without a bias":     func(h *headed) { h.biasless = true },
		"a graph within":     func(h *headed) { h.withinAGraph = true },
	} {
		h := plainHeads()
		change(&h)
		if _, err := ort.JoinHeads(h.bytes(), h.outputs()); !errors.Is(err, ort.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bytes from anywhere give a model or one of two errors.
func FuzzLean(f *testing.F) {
	f.Add(plainHeads().bytes())
	f.Add(plainQuarters().bytes())
	f.Add([]byte{0x3a, 0x02, 0x0a, 0x00})
	f.Add([]byte{0x3a, 0x06, 0x0a, 0x04, 0x22, 0x02, 'I', 'f'})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, lean := range []func([]byte) ([]byte, error){
			ort.FoldFocus,
			func(b []byte) ([]byte, error) { return ort.JoinHeads(b, plainHeads().outputs()) },
			func(b []byte) ([]byte, error) { return ort.Narrow(b, "y", 1) },
		} {
			if out, err := lean(b); err != nil && !errors.Is(err, ort.ErrModel) && !errors.Is(err, ort.ErrForm) || err == nil && len(out) == 0 {
				t.Errorf("%d bytes, %v", len(out), err)
			}
		}
	})
}
