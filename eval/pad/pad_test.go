package pad_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/eval/pad"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match/enrol"
)

// Bounds by Clopper and Pearson, as R's binom.test gives them.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.3085},
		{10, 10, 0.6915, 1},
		{1, 10, 0.0025, 0.4450},
		{5, 10, 0.1871, 0.8129},
		{0, 100, 0, 0.0362},
		{8, 100, 0.0352, 0.1516},
		{0, 1000, 0, 0.0037},
	} {
		r := pad.RateOf(c.k, c.n)
		require.InDelta(t, c.low, r.Low, 1e-4, "%d of %d", c.k, c.n)
		require.InDelta(t, c.high, r.High, 1e-4, "%d of %d", c.k, c.n)
	}
	require.Equal(t, pad.Rate{High: 1}, pad.RateOf(0, 0), "of nothing nothing is known")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		r := pad.RateOf(rapid.IntRange(0, n).Draw(t, "k"), n)
		require.True(t, r.Low <= r.Value && r.Value <= r.High)
		require.True(t, r.Low >= 0 && r.High <= 1)
	})
}

// brightness is a scorer by the top left pixel, and a detector of one face on
// every picture that is not white.
type brightness struct{ small error }

func (brightness) Faces(_ context.Context, p frame.Planes) ([]enrol.Face, error) {
	if p.Y[0] > 250 {
		return nil, nil
	}
	return []enrol.Face{{Box: geom.Box{X0: 10, Y0: 10, X1: 60, Y1: 60}, Score: 0.9}, {Box: geom.Box{X0: 0, Y0: 0, X1: 99, Y1: 99}, Score: 0.1}}, nil
}

func (b brightness) Score(_ context.Context, p frame.Planes, _ frame.Colour, f geom.Box) (float32, error) {
	if p.Y[0] < 5 {
		return 0, b.small
	}
	if f.W() != 50 {
		return 0, errors.New("the wrong face")
	}
	return float32(p.Y[0]) / 255, nil
}
func (brightness) Threshold() float32 { return 0.5 }

func folder(t *testing.T, grey ...uint8) string {
	t.Helper()
	dir := t.TempDir()
	for i, g := range grey {
		m := image.NewRGBA(image.Rect(0, 0, 100, 100))
		for k := range m.Pix {
			m.Pix[k] = g
			if k%4 == 3 {
				m.Pix[k] = 255
			}
		}
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, m))
		require.NoError(t, os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".png"), b.Bytes(), 0o600))
	}
	return dir
}

// proves: C-29
func TestEachSpeciesByItself(t *testing.T) {
	small := errors.New("small")
	b := brightness{small}
	r, err := pad.Measure(t.Context(), b, b, pad.Options{
		BonaFide: []string{folder(t, 200, 200, 200, 90, 255, 0)}, TooSmall: small,
		Attacks: map[string][]string{"print": {folder(t, 60, 70, 200, 80)}, "mask": {folder(t, 200), folder(t, 60)}},
	})
	require.NoError(t, err)
	require.Len(t, r.BonaFide, 1)
	require.Equal(t, pad.RateOf(1, 4), r.BonaFide[0].Error, "BPCER over those judged")
	require.Equal(t, pad.RateOf(2, 6), r.BonaFide[0].NoResponse, "no face, or one too small, is told apart")
	require.Equal(t, []string{"mask", "print"}, []string{r.Attacks[0].Name, r.Attacks[1].Name})
	require.Equal(t, pad.RateOf(1, 2), r.Attacks[0].Error)
	require.Equal(t, pad.RateOf(1, 4), r.Attacks[1].Error)
	var out bytes.Buffer
	require.NoError(t, r.Write(&out))
	for _, s := range []string{"APCER", "BPCER", "25.00 %", "50.00 %", "print", "mask"} {
		require.Contains(t, out.String(), s)
	}
	require.NotContains(t, out.String(), "simulated")
	require.NotContains(t, strings.ToLower(out.String()), "average")

	b.small = errors.New("broken")
	_, err = pad.Measure(t.Context(), b, b, pad.Options{BonaFide: []string{folder(t, 0)}, TooSmall: small})
	require.ErrorContains(t, err, "broken", "a fault is no refusal")
}

// proves: C-29
func TestOnlyWhatWasTested(t *testing.T) {
	b := brightness{}
	for _, o := range []pad.Options{
		{}, {Simulate: true, Attacks: map[string][]string{"x": {folder(t, 60)}}}, {BonaFide: []string{t.TempDir()}},
	} {
		_, err := pad.Measure(t.Context(), b, b, o)
		require.ErrorIs(t, err, pad.ErrNothing)
	}
	r, err := pad.Measure(t.Context(), b, b, pad.Options{BonaFide: []string{folder(t, 200)}})
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, r.Write(&out))
	require.Contains(t, out.String(), "nothing is known of attacks")
	r, err = pad.Measure(t.Context(), b, b, pad.Options{BonaFide: []string{folder(t, 200, 190)}, Simulate: true, Most: 1})
	require.NoError(t, err)
	require.Len(t, r.Attacks, len(pad.Species()))
	for _, s := range r.Attacks {
		require.True(t, s.Simulated)
		require.Equal(t, 1, s.Pictures)
	}
	out.Reset()
	require.NoError(t, r.Write(&out))
	require.Contains(t, out.String(), "print-close (simulated)")
	require.Contains(t, out.String(), "no camera saw a print or a screen")
}

// A simulated attack is another picture than the one it shows, of the same
// place; held ones have an edge around the face.
func TestSimulationsDiffer(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 300, 300))
	for y := range 300 {
		for x := range 300 {
			m.SetRGBA(x, y, color.RGBA{uint8(80 + x/3), uint8(120), uint8(80 + y/3), 255})
		}
	}
	before := append([]byte(nil), m.Pix...)
	seen := map[string]bool{}
	for _, s := range pad.Species() {
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, s.Make(m, geom.Box{X0: 100, Y0: 100, X1: 200, Y1: 200})))
		require.False(t, seen[b.String()], s.Name)
		seen[b.String()] = true
	}
	require.Equal(t, before, m.Pix, "the original is left as it was")
}
