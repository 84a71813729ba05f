package match_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"bystander/eval/match"
	stage "bystander/match"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBounds holds the bounds to published values and to their meaning.
//
// proves: C-30
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{1, 10, 0.002529, 0.445016}, // Clopper and Pearson's table
		{5, 10, 0.187086, 0.812914},
		{20, 1000, 0.012259, 0.030715},
		{0, 100, 0, 0.03}, // rule of three
		{100, 100, 0.97, 1},
		{0, 1, 0, 1},
	} {
		r := match.NewRate(c.k, c.n)
		require.InDelta(t, c.low, r.Low, 1e-4, "%d of %d", c.k, c.n)
		require.InDelta(t, c.high, r.High, 1e-4, "%d of %d", c.k, c.n)
	}
	none := match.NewRate(0, 0)
	require.True(t, math.IsNaN(none.Value))
	b, err := json.Marshal(none)
	require.NoError(t, err)
	require.JSONEq(t, `{"errors":0,"n":0,"value":null,"low":0,"high":1}`, string(b))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		r := match.NewRate(rapid.IntRange(0, n).Draw(t, "k"), n)
		require.True(t, 0 <= r.Low && r.Low <= r.Value && r.Value <= r.High && r.High <= 1)
	})
}

// TestBoundsCover draws a thousand experiments of a known rate: the bounds hold
// it in at least 95 of a hundred.
func TestBoundsCover(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, rate := range []float64{0.003, 0.05, 0.5} {
		held := 0
		for range 1000 {
			k := 0
			for range 300 {
				if r.Float64() < rate {
					k++
				}
			}
			if b := match.NewRate(k, 300); b.Low <= rate && rate <= b.High {
				held++
			}
		}
		require.GreaterOrEqual(t, held, 945, "rate %v", rate)
	}
}

// drawn gives every picture an embedding: its person's, moved a little.
type drawn struct {
	spread float64
	blind  string // part of the path of pictures without a face
	broken string
}

func (d drawn) Read(_ context.Context, path string, p *stage.Probe) (float32, bool, error) {
	switch {
	case d.broken != "" && strings.Contains(path, d.broken):
		return 0, false, errors.New("damaged")
	case d.blind != "" && strings.Contains(path, d.blind):
		return 0, false, nil
	}
	person := seeded(filepath.Base(filepath.Dir(path)))
	noise := seeded(filepath.Base(path))
	v := make([]float32, stage.Dim)
	for i := range v {
		v[i] = float32(person.NormFloat64() + d.spread*noise.NormFloat64())
	}
	return 0.9, true, p.Set(v)
}

func seeded(s string) *rand.Rand {
	var a uint64 = 1469598103934665603
	for _, c := range []byte(s) {
		a = (a ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(a, a>>7))
}

// folder makes a set of empty files.
func folder(t *testing.T, people map[string]int) string {
	t.Helper()
	dir := t.TempDir()
	for name, n := range people {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		for i := range n {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name, fmt.Sprintf("%s_%04d.jpg", name, i+1)), nil, 0o600))
		}
	}
	return dir
}

func crowd(enrolled, strangers int) map[string]int {
	out := map[string]int{}
	for i := range enrolled {
		out[fmt.Sprintf("known%03d", i)] = 10
	}
	for i := range strangers {
		out[fmt.Sprintf("other%03d", i)] = 2
	}
	return out
}

func measure(t *testing.T, dir string, rd match.Reader, o match.Options) *match.Report {
	t.Helper()
	pictures, err := match.Load(dir)
	require.NoError(t, err)
	f, err := match.ReadAll(t.Context(), rd, pictures, 3, nil)
	require.NoError(t, err)
	defer f.Wipe()
	return match.Measure(pictures, f, o)
}

func options() match.Options {
	return match.Options{
		Set: "drawn", Calibration: stage.Calibration0095(), Rules: stage.DefaultRules(),
		Least: 10, Enrol: 1, FPIR: []float64{0.001, 0.01},
	}
}

// TestOpenSet measures drawn people: well apart, everybody is found and nobody
// is mistaken; with more spread than likeness, nobody is found. Counts are those
// of the set.
func TestOpenSet(t *testing.T) {
	dir := folder(t, crowd(20, 100))
	r := measure(t, dir, drawn{spread: 0.3}, options())
	require.Equal(t, 400, r.Pictures)
	require.Equal(t, 120, r.People)
	o := r.Open
	require.Equal(t, []int{20, 20, 0, 180, 100, 200}, []int{o.Enrolled, o.Templates, o.Failed, o.Probes, o.Strangers, o.Searches})
	require.Zero(t, r.Closed.Rank1.Errors)
	for _, p := range o.Points {
		require.NotNil(t, p.Calibrated, p.Reason)
		require.Zero(t, p.Calibrated.FNIR.Errors+p.Calibrated.FPIR.Errors+p.Calibrated.Mistaken.Errors)
		require.Equal(t, 180, p.Calibrated.FNIR.Trials)
		require.Equal(t, 200, p.Calibrated.FPIR.Trials)
		require.InDelta(t, 3.0/200, p.Calibrated.FPIR.High, 1e-9)
	}
	r = measure(t, dir, drawn{spread: 5}, options())
	require.InDelta(t, 1, r.Open.Points[0].Calibrated.FNIR.Value, 1e-9)
	require.InDelta(t, 0.95, r.Closed.Rank1.Value, 0.15, "twenty people by chance")
}

// TestFailuresToAcquireCount: a probe without a face is a person who was missed.
func TestFailuresToAcquireCount(t *testing.T) {
	dir := folder(t, crowd(20, 50))
	r := measure(t, dir, drawn{spread: 0.3, blind: "known000_0003"}, options())
	require.Equal(t, 1, r.NoFace.Errors)
	require.Equal(t, 1, r.Open.Points[0].Calibrated.FNIR.Errors)
	require.Equal(t, 1, r.Closed.Rank1.Errors)
	r = measure(t, dir, drawn{spread: 0.3, blind: "known000_0001"}, options())
	require.Equal(t, 1, r.Open.Failed)
	require.Equal(t, 9, r.Open.Points[0].Calibrated.FNIR.Errors, "nobody can find who could not be enrolled")
}

func TestPairs(t *testing.T) {
	dir := folder(t, map[string]int{"ann": 3, "bob": 2, "cid": 1})
	o := options()
	var err error
	o.Pairs, err = match.ReadPairs(strings.NewReader("2\nann 1 2\nbob 1 2\nann 1 bob 1\nann 3 cid 1\n"), dir)
	require.NoError(t, err)
	r := measure(t, dir, drawn{spread: 0.3}, o)
	require.InDelta(t, 1, r.Pairs.Accuracy, 1e-9)
	require.Equal(t, []int{2, 2, 4}, []int{r.Pairs.FMR.Trials, r.Pairs.FNMR.Trials, r.Pairs.Wrong.Trials})
	r = measure(t, dir, drawn{spread: 0.3, blind: "bob_0002"}, o)
	require.Equal(t, 1, r.Pairs.Missing)
	require.Equal(t, 1, r.Pairs.FNMR.Errors, "a missing face is a false non-match")
	require.Nil(t, r.Open, "nobody has ten pictures")
	for _, bad := range []string{"", "ann 1", "ann x 2", "ann 0 1", "../ann 1 2", "a 1 b 2 c"} {
		_, err := match.ReadPairs(strings.NewReader(bad), dir)
		require.ErrorIs(t, err, match.ErrSet, bad)
	}
}

func TestStrata(t *testing.T) {
	dir := folder(t, crowd(12, 40))
	pictures, err := match.Load(dir)
	require.NoError(t, err)
	labels := "person,light\nknown000,dim\nknown001,bright\nother000,dim\n"
	require.NoError(t, match.Label(pictures, strings.NewReader(labels)))
	f, err := match.ReadAll(t.Context(), drawn{spread: 0.3, blind: "known000"}, pictures, 2, nil)
	require.NoError(t, err)
	defer f.Wipe()
	r := match.Measure(pictures, f, options())
	got := map[string]match.Layer{}
	for _, l := range r.Open.Strata {
		got[l.Label+" "+l.Value] = l
	}
	require.InDelta(t, 1, got["light dim"].FNIR.Value, 0)
	require.Equal(t, 9, got["light dim"].FNIR.Trials)
	require.Equal(t, 2, got["light dim"].FPIR.Trials)
	require.Zero(t, got["light bright"].FNIR.Errors)
	require.Contains(t, got, "quality no face")
	for _, bad := range []string{"", "person\nknown000\n", "name,x\nknown000,y\n", "person,x\nnobody,y\n", "person,x\nknown000\n"} {
		require.ErrorIs(t, match.Label(pictures, strings.NewReader(bad)), match.ErrSet, bad)
	}
}

// TestCurve writes the curve: FPIR falls and FNIR rises with the threshold, and
// both outputs are well formed.
func TestCurve(t *testing.T) {
	r := measure(t, folder(t, crowd(20, 100)), drawn{spread: 1.5}, options())
	last := match.Step{Threshold: -2, FPIR: match.Rate{Value: 1}}
	for _, s := range r.Open.DET {
		require.Greater(t, s.Threshold, last.Threshold)
		require.LessOrEqual(t, s.FPIR.Value, last.FPIR.Value)
		require.GreaterOrEqual(t, s.FNIR.Value, last.FNIR.Value)
		last = s
	}
	require.Greater(t, len(r.Open.DET), 20)
	var b bytes.Buffer
	require.NoError(t, r.Open.WriteCSV(&b))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, len(r.Open.DET)+1)
	b.Reset()
	require.NoError(t, r.Open.WriteSVG(&b, `a <title> & "more"`))
	for d := xml.NewDecoder(&b); ; {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	b.Reset()
	require.NoError(t, r.WriteText(&b))
	for _, word := range []string{"FNIR", "FPIR", "95 %", "20 enrolled people", "crossed"} {
		require.Contains(t, b.String(), word)
	}
	j, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(j), "jpg", "no picture is named")
}

// TestFit finds known rates again.
func TestFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	scores := make([]float32, 200_000)
	for i := range scores {
		scores[i] = float32(r.Float64())
	}
	points := match.Fit(scores)
	require.Len(t, points, 6, "rates that rest on fewer than four pairs are left out")
	for _, p := range points {
		require.InDelta(t, 1-p.FMR, float64(p.Cosine), 0.01*math.Sqrt(p.FMR)+1e-4)
	}
}

func TestReadingStops(t *testing.T) {
	dir := folder(t, crowd(3, 3))
	pictures, err := match.Load(dir)
	require.NoError(t, err)
	_, err = match.ReadAll(t.Context(), drawn{broken: "known001_0002"}, pictures, 2, nil)
	require.ErrorContains(t, err, "known001_0002")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = match.ReadAll(ctx, drawn{}, pictures, 2, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = match.Load(t.TempDir())
	require.ErrorIs(t, err, match.ErrSet)
	_, err = match.Load(filepath.Join(dir, "absent"))
	require.ErrorIs(t, err, match.ErrSet)
}

// FuzzPairs reads whatever comes without panicking, and only pictures below the
// folder.
func FuzzPairs(f *testing.F) {
	f.Add("2\nann 1 2\nann 1 bob 1\n")
	f.Add("..\\x 1 2")
	f.Add(".. 1 1")
	f.Fuzz(func(t *testing.T, s string) {
		pairs, err := match.ReadPairs(strings.NewReader(s), "/set")
		if err != nil {
			return
		}
		for _, p := range pairs {
			for _, path := range []string{p.A, p.B} {
				if !strings.HasPrefix(path, "/set/") {
					t.Fatalf("%q leaves the folder", path)
				}
			}
		}
	})
}
