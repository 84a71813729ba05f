package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/testkit"
)

// someFaces is a small part of lfw-dev: people with ten pictures and more, and
// others with one.
func someFaces(t *testing.T, enrolled, strangers int) string {
	t.Helper()
	all := filepath.Join(testkit.Shared(t), "data", "faces", "lfw-dev")
	dir := filepath.Join(t.TempDir(), "some")
	people, err := os.ReadDir(all)
	require.NoError(t, err)
	for _, p := range people {
		files, err := filepath.Glob(filepath.Join(all, p.Name(), "*.jpg"))
		require.NoError(t, err)
		left := &enrolled
		if len(files) < 10 {
			left, files = &strangers, files[:1]
		}
		if *left == 0 {
			continue
		}
		*left--
		require.NoError(t, os.MkdirAll(filepath.Join(dir, p.Name()), 0o700))
		for _, f := range files {
			require.NoError(t, os.Symlink(f, filepath.Join(dir, p.Name(), filepath.Base(f))))
		}
	}
	return dir
}

// TestEvalMatchOnRealFaces runs the command on a few real people.
//
// proves: C-30
func TestEvalMatchOnRealFaces(t *testing.T) {
	dir := someFaces(t, 6, 40)
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	o := app.MatchOptions{
		Set: dir, Least: 10, Enrol: 1, FPIR: []float64{0.01}, JSON: true,
		CSV: filepath.Join(out, "det.csv"), SVG: filepath.Join(out, "det.svg"), Stdout: &stdout, Stderr: &stderr,
	}
	require.NoError(t, app.EvalMatch(t.Context(), o))
	var r struct {
		Open struct {
			Enrolled  int `json:"enrolled_people"`
			Strangers int `json:"strangers"`
			Points    []struct {
				Calibrated struct {
					Threshold float64 `json:"threshold"`
					FNIR      struct {
						N     int     `json:"n"`
						Value float64 `json:"value"`
						High  float64 `json:"high"`
					} `json:"fnir"`
				} `json:"calibrated"`
			} `json:"points"`
		} `json:"open_set"`
	}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &r))
	require.Equal(t, 6, r.Open.Enrolled)
	require.Equal(t, 40, r.Open.Strangers)
	p := r.Open.Points[0].Calibrated
	require.GreaterOrEqual(t, p.FNIR.N, 54)
	require.Less(t, p.FNIR.Value, 0.1)
	require.Greater(t, p.FNIR.High, p.FNIR.Value)
	csv, err := os.ReadFile(o.CSV)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(csv), "threshold,fpir"))
	svg, err := os.ReadFile(o.SVG)
	require.NoError(t, err)
	require.Contains(t, string(svg), "<polyline")
	for _, b := range [][]byte{stdout.Bytes(), csv, svg} {
		require.NotContains(t, string(b), "_0001", "no picture or person is named")
	}
}

func TestEvalMatchUsage(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []app.MatchOptions{
		{},
		{Set: filepath.Join(dir, "absent"), Least: 10, Enrol: 1},
		{Set: dir, Least: 10, Enrol: 1}, // empty
		{Set: dir, Least: 1, Enrol: 1},
		{Set: dir, Least: 10, Enrol: 1, FPIR: []float64{2}},
		{Set: dir, Least: 10, Enrol: 1, Pairs: filepath.Join(dir, "absent")},
	} {
		o.Stdout, o.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
		require.ErrorIs(t, app.EvalMatch(t.Context(), o), app.ErrUsage)
	}
}
