package ort_test

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protowire"

	"bystander/internal/ort"
)

// The embedder's rectifiers each have one slope, and with them as LeakyRelu it
// gives the same numbers, bit by bit.
func TestLeaky(t *testing.T) {
	m := model(t, "face-reidentification-retail-0095-fp32.onnx")
	quick, n, err := ort.Leaky(m)
	if err != nil || n != 48 {
		t.Fatalf("%d of 48, %v", n, err)
	}
	if _, n, err = ort.Leaky(quick); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	side := [3]int64{3, 128, 128}
	var got [2][][][]float32
	for i, b := range [][]byte{m, quick} {
		s, err := open(t).NewSession(b, ort.SessionOptions{Provider: ort.CPU})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		got[i] = outputs(t, s, append(made(4, side), make([]float32, 3*128*128)), 1, side[:]...)
	}
	for k := range got[0] {
		if !slices.Equal(got[0][k][0], got[1][k][0]) {
			t.Errorf("picture %d: the numbers differ", k)
		}
	}
}

// Slopes of several values, and models without any, stay as they are.
func TestLeakyLeavesOthers(t *testing.T) {
	for _, f := range []string{"minifasnet_2.7_80x80.onnx", "yunet_n_dynamic.onnx", "yolox_nano.onnx"} {
		m := model(t, f)
		if out, n, err := ort.Leaky(m); n != 0 || err != nil || !bytes.Equal(out, m) {
			t.Errorf("%s: %d rectifiers, %v", f, n, err)
		}
	}
	if _, _, err := ort.Leaky([]byte{0x3a, 0x7f, 1}); !errors.Is(err, ort.ErrModel) {
		t.Errorf("no model: %v", err)
	}
}

// Anything but a constant of one finite value keeps its PRelu.
func TestLeakyOnlyWhatIsTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tiny)
		want   int
	}{
		"as it should be":     {func(*tiny) {}, 1},
		"no dimensions":       {func(m *tiny) { m.dims = nil }, 1},
		"values apart":        {func(m *tiny) { m.floats = true }, 1},
		"two values":          {func(m *tiny) { m.dims, m.values = []uint64{2, 1, 1}, []float32{1, 2} }, 0},
		"none":                {func(m *tiny) { m.dims, m.values = []uint64{0}, nil }, 0},
		"not a number":        {func(m *tiny) { m.values[0] = float32(math.NaN()) }, 0},
		"without end":         {func(m *tiny) { m.values[0] = float32(math.Inf(1)) }, 0},
		"another type":        {func(m *tiny) { m.kind = 10 }, 0},
		"an input as well":    {func(m *tiny) { m.inputs = []string{"s"} }, 0},
		"two of one name":     {func(m *tiny) { m.twice = true }, 0},
		"computed":            {func(m *tiny) { m.name = "other" }, 0},
		"another's operator":  {func(m *tiny) { m.domain = "com.example" }, 0},
		"another operator":    {func(m *tiny) { m.op = "Add" }, 0},
		"in a file elsewhere": {func(m *tiny) { m.external = true }, 0},
	} {
		m := tiny{op: "PRelu", name: "s", dims: []uint64{1, 1, 1}, kind: 1, values: []float32{0.25}}
		c.change(&m)
		b := m.bytes()
		out, n, err := ort.Leaky(b)
		if err != nil || n != c.want || (n == 0) != bytes.Equal(out, b) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if n == 1 && (!bytes.Contains(out, []byte("LeakyRelu")) || bytes.Contains(out, []byte("PRelu"))) {
			t.Errorf("%s: %q", name, out)
		}
	}
}

// tiny is a model of one node and its slope.
type tiny struct {
	op, name, domain string
	dims             []uint64
	kind             uint64
	values           []float32
	floats, external bool
	twice            bool
	inputs           []string
}

func (m tiny) bytes() []byte {
	str := func(b []byte, n protowire.Number, s string) []byte {
		return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
	}
	sub := func(b []byte, n protowire.Number, s []byte) []byte { return str(b, n, string(s)) }
	num := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	node := str(str(str(str(nil, 1, "x"), 1, "s"), 2, "y"), 4, m.op)
	if m.domain != "" {
		node = str(node, 7, m.domain)
	}
	var tensor, raw []byte
	for _, d := range m.dims {
		tensor = num(tensor, 1, d)
	}
	tensor = str(num(tensor, 2, m.kind), 8, m.name)
	for _, v := range m.values {
		raw = protowire.AppendFixed32(raw, math.Float32bits(v))
	}
	if field := protowire.Number(9); m.floats {
		tensor = sub(tensor, 4, raw)
	} else {
		tensor = sub(tensor, field, raw)
	}
	if m.external {
		tensor = num(tensor, 14, 1)
	}
	graph := sub(sub(nil, 1, node), 5, tensor)
	if m.twice {
		graph = sub(graph, 5, tensor)
	}
	for _, in := range append(m.inputs, "x") {
		graph = sub(graph, 11, str(nil, 1, in))
	}
	return sub(num(nil, 1, 6), 7, graph)
}

func FuzzLeaky(f *testing.F) {
	f.Add(tiny{op: "PRelu", name: "s", dims: []uint64{1, 1, 1}, kind: 1, values: []float32{0.25}}.bytes())
	f.Add(tiny{op: "PRelu", name: "s", kind: 1, values: []float32{0.25}, floats: true, inputs: []string{"s"}}.bytes())
	f.Add([]byte{0x3a, 0x02, 0x0a})
	f.Fuzz(func(t *testing.T, b []byte) {
		out, n, err := ort.Leaky(b)
		if err != nil {
			if !errors.Is(err, ort.ErrModel) {
				t.Errorf("error %v is not ErrModel", err)
			}
			return
		}
		if len(out) > len(b)+32*n {
			t.Errorf("%d bytes became %d with %d rectifiers", len(b), len(out), n)
		}
		if n == 0 {
			if !bytes.Equal(out, b) {
				t.Errorf("%x became %x", b, out)
			}
			return
		}
		if _, again, err := ort.Leaky(out); again != 0 || err != nil {
			t.Errorf("a second time: %d, %v", again, err)
		}
	})
}

// BenchmarkLeaky runs the embedder as it is and with quicker rectifiers, in
// turns, and reports the processor time of each.
func BenchmarkLeaky(b *testing.B) {
	m := model(b, "face-reidentification-retail-0095-fp32.onnx")
	quick, _, err := ort.Leaky(m)
	if err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread() // processor time is a thread's
	defer runtime.UnlockOSThread()
	var spent [2]time.Duration
	var bind [2]*ort.Binding
	for i, data := range [][]byte{m, quick} {
		s, err := open(b).NewSession(data, ort.SessionOptions{Provider: ort.CPU})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // it was only read
		if bind[i], err = s.Acquire(b.Context(), 1, 3, 128, 128); err != nil {
			b.Fatal(err)
		}
		defer bind[i].Release()
	}
	n := 0
	for b.Loop() {
		for i := range bind {
			from := threadTime(b)
			if err := bind[i].Run(b.Context()); err != nil {
				b.Fatal(err)
			}
			spent[i] += threadTime(b) - from
		}
		n++
	}
	b.ReportMetric(float64(spent[0].Microseconds())/1e3/float64(n), "prelu-cpu-ms")
	b.ReportMetric(float64(spent[1].Microseconds())/1e3/float64(n), "leaky-cpu-ms")
}

func threadTime(t testing.TB) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}
