package soak_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/eval/soak"
)

// hour is a run of an hour sampled every ten seconds; at gives the figure.
func hour(at func(sec float64, r *rand.Rand) float64) *soak.Series {
	s := &soak.Series{Columns: []string{"seconds", "figure"}}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 361 {
		sec := float64(10 * i)
		s.Rows = append(s.Rows, []float64{sec, at(sec, r)})
	}
	return s
}

func TestAPlantedLeakIsNoticed(t *testing.T) {
	memory := soak.Bound{Column: "figure", Part: 0.05, Absolute: 8}
	handles := soak.Bound{Column: "figure", Absolute: 3}
	for name, c := range map[string]struct {
		at    func(sec float64, r *rand.Rand) float64
		bound soak.Bound
		flat  bool
	}{
		"noise alone":               {func(_ float64, r *rand.Rand) float64 { return 200 + 10*r.Float64() }, memory, true},
		"caches that fill at first": {func(s float64, _ *rand.Rand) float64 { return 250 - 100*math.Exp(-s/200) }, memory, true},
		"a camera that comes and goes": {func(s float64, _ *rand.Rand) float64 {
			return 200 + 40*math.Floor(math.Mod(s, 60)/40)
		}, memory, true},
		"a burst":                  {func(s float64, _ *rand.Rand) float64 { return 200 + 300*b(s > 2000 && s < 2200) }, memory, true},
		"what falls":               {func(s float64, _ *rand.Rand) float64 { return 300 - s/30 }, memory, true},
		"20 MiB an hour, in noise": {func(s float64, r *rand.Rand) float64 { return 200 + s/180 + 10*r.Float64() }, memory, false},
		"a step at the end":        {func(s float64, _ *rand.Rand) float64 { return 200 + 30*b(s > 2800) }, memory, false},
		"a handle every ten minutes": {func(s float64, _ *rand.Rand) float64 {
			return 90 + math.Floor(s/600)
		}, handles, false},
		"handles of a camera that flaps": {func(s float64, _ *rand.Rand) float64 {
			return 90 + 6*math.Floor(math.Mod(s, 60)/40)
		}, handles, true},
		"a leak rate of nothing": {func(float64, *rand.Rand) float64 { return 0 }, soak.Bound{Column: "figure", Absolute: 0.002}, true},
		"faces that begin to show": {func(s float64, r *rand.Rand) float64 {
			return b(s > 1800 && r.Float64() < 0.1)
		}, soak.Bound{Column: "figure", Absolute: 0.002, Mean: true}, false},
		"a face now and then": {func(_ float64, r *rand.Rand) float64 {
			return b(r.Float64() < 0.1)
		}, soak.Bound{Column: "figure", Absolute: 0.1, Mean: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := soak.Judge(hour(c.at), []soak.Bound{c.bound})
			require.NoError(t, err)
			require.Equal(t, c.flat, v[0].Flat, "%+v", v[0])
		})
	}
}

func b(v bool) float64 {
	if v {
		return 1
	}
	return 0
}

func TestWhatIsNotKnownIsNoJudgement(t *testing.T) {
	nothing := hour(func(float64, *rand.Rand) float64 { return math.NaN() })
	_, err := soak.Judge(nothing, []soak.Bound{{Column: "figure", Absolute: 1}})
	require.ErrorIs(t, err, soak.ErrFew)
	_, err = soak.Judge(&soak.Series{}, nil)
	require.ErrorIs(t, err, soak.ErrFew)
	_, err = soak.Judge(nothing, []soak.Bound{{Column: "another"}})
	require.ErrorIs(t, err, soak.ErrColumn)
	require.Error(t, nothing.Add([]float64{1}))
}

func TestSamplesAreReadAsWritten(t *testing.T) {
	want := hour(func(s float64, r *rand.Rand) float64 {
		if s == 20 {
			return math.NaN()
		}
		return math.Round(r.Float64()*1000) / 1000
	})
	var buf bytes.Buffer
	w, err := soak.NewWriter(&buf, want.Columns)
	require.NoError(t, err)
	for _, row := range want.Rows {
		require.NoError(t, w.Write(row))
	}
	got, err := soak.Read(&buf)
	require.NoError(t, err)
	require.True(t, math.IsNaN(got.Rows[2][1]))
	got.Rows[2][1], want.Rows[2][1] = 0, 0
	require.Equal(t, want, got)
	_, err = soak.Read(bytes.NewBufferString("seconds,x\n1,lots\n"))
	require.ErrorContains(t, err, "line 2, x")
}
