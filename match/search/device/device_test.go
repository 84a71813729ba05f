package device_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"
	"unsafe"

	"bystander/internal/ort"
	"bystander/match/search"
	"bystander/match/search/device"
)

func runtime(t testing.TB) *ort.Runtime {
	t.Helper()
	rt, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// unit fills a row with a direction.
func unit(r *rand.Rand, row []float32, near []float32, by float64) {
	var sum float64
	for i := range row {
		v := r.NormFloat64() * by
		if near != nil {
			v += float64(near[i])
		}
		row[i] = float32(v)
		sum += v * v
	}
	for i := range row {
		row[i] = float32(float64(row[i]) / math.Sqrt(sum))
	}
}

// gallery makes an index of n rows of people with one to three rows each.
func gallery(t testing.TB, n int, seed uint64) (*search.Index, []int32, *rand.Rand) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	mem := make([]float32, (search.Bytes(n)+3)/4)
	x, err := search.New(unsafe.Slice((*byte)(unsafe.Pointer(&mem[0])), 4*len(mem)), n)
	if err != nil {
		t.Fatal(err)
	}
	groups := make([]int32, n)
	for i := range n {
		if i > 0 {
			groups[i] = groups[i-1]
			if r.IntN(2) == 0 {
				groups[i]++
			}
		}
		if i > 0 && groups[i] == groups[i-1] {
			unit(r, x.Row(i), x.Row(i-1), 0.02)
		} else {
			unit(r, x.Row(i), nil, 1)
		}
		x.Seal(i)
	}
	return x, groups, r
}

// The device gives what the index gives, bit by bit: for strangers, for people who
// are there, and where rows are equal.
func TestSameAnswers(t *testing.T) {
	n := 10_000
	if os.Getenv("SEARCH_DEVICE_ROWS") != "" {
		n = 100_000
	}
	x, groups, r := gallery(t, n, 1)
	copy(x.Row(77), x.Row(9000)) // equal rows of two people
	x.Seal(77)
	s, err := device.New(runtime(t), x, device.Options{Provider: ort.CPU, Shard: n*3/10 + 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	all := []search.Span{{From: 0, To: n}}
	var proved int
	var there, here time.Duration
	const queries = 60
	for i := range queries {
		var q search.Query
		switch i % 3 {
		case 0:
			unit(r, q.V[:], nil, 1)
		case 1:
			unit(r, q.V[:], x.Row(r.IntN(n)), 0.03)
		default:
			copy(q.V[:], x.Row(77))
		}
		begun := time.Now()
		got, ok, err := s.Best(t.Context(), &q, groups)
		there += time.Since(begun)
		if err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		want := x.Best(&q, groups, all)
		here += time.Since(begun)
		got.Rescored, want.Rescored = 0, 0
		if got != want {
			t.Errorf("query %d: %+v, want %+v", i, got, want)
		}
		if ok {
			proved++
		}
	}
	if proved < queries*9/10 {
		t.Errorf("only %d of %d were proved by the device", proved, queries)
	}
	t.Logf("%d rows: %v by graph (%s), %v by index, a query", n, there/queries, s.Choice(), here/queries)
}

// Where the candidates prove nothing the index answers.
func TestNoProof(t *testing.T) {
	x, groups, _ := gallery(t, 500, 2)
	for i := range 400 { // many people with one face
		copy(x.Row(i), x.Row(0))
		x.Seal(i)
		groups[i] = int32(i)
	}
	for i := 400; i < 500; i++ {
		groups[i] = int32(i)
	}
	s, err := device.New(runtime(t), x, device.Options{Provider: ort.CPU, Most: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var q search.Query
	copy(q.V[:], x.Row(0))
	got, proved, err := s.Best(t.Context(), &q, groups)
	if err != nil || proved {
		t.Fatalf("%v, proved %v", err, proved)
	}
	if want := x.Best(&q, groups, []search.Span{{From: 0, To: 500}}); got != want || got.Row != 0 || got.Second != got.Score {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestSmallAndEmpty(t *testing.T) {
	x, groups, r := gallery(t, 3, 3)
	s, err := device.New(runtime(t), x, device.Options{Provider: ort.CPU})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var q search.Query
	unit(r, q.V[:], nil, 1)
	got, proved, err := s.Best(t.Context(), &q, groups)
	want := x.Best(&q, groups, []search.Span{{From: 0, To: 3}})
	if err != nil || !proved || got != want {
		t.Errorf("%v, %v: %+v, want %+v", err, proved, got, want)
	}
	empty, err := search.New(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := device.New(runtime(t), empty, device.Options{}); !errors.Is(err, device.ErrEmpty) {
		t.Errorf("%v", err)
	}
}

// A GPU gives the same answers.
func TestGPUSameAnswers(t *testing.T) {
	x, groups, r := gallery(t, 50_000, 4)
	s, err := device.New(runtime(t), x, device.Options{Provider: ort.CUDA})
	if errors.Is(err, ort.ErrProvider) {
		t.Skipf("no GPU here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 50 {
		var q search.Query
		unit(r, q.V[:], x.Row(r.IntN(50_000)), 0.05)
		got, _, err := s.Best(t.Context(), &q, groups)
		want := x.Best(&q, groups, []search.Span{{From: 0, To: 50_000}})
		got.Rescored, want.Rescored = 0, 0
		if err != nil || got != want {
			t.Errorf("%v: %+v, want %+v", err, got, want)
		}
	}
}
