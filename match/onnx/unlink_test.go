package onnx_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/match"
)

// TestScenesCannotBeLinked puts real faces into the forms of two scenes. Across
// scenes the templates of one face are as far apart as those of strangers, and
// further than any two strangers of the set come; within a scene every cosine
// stays.
//
// proves: C-28
func TestScenesCannotBeLinked(t *testing.T) {
	files := strangerFiles(t, 150)
	probes, _ := embedAll(t, files)
	key := func(b byte) *match.Protector {
		k := make([]byte, match.SceneKeyBytes)
		k[0] = b
		p, err := match.NewProtector(k)
		require.NoError(t, err)
		return p
	}
	one, two := key(1), key(2)
	forms := make([][2]match.Probe, 0, len(probes))
	list := make([]*match.Probe, 0, len(probes))
	var people []string
	for _, f := range files {
		p := probes[f]
		if p == nil {
			continue
		}
		var form [2]match.Probe
		for i, prot := range []*match.Protector{one, two} {
			b, err := prot.Seal(p)
			require.NoError(t, err)
			require.NoError(t, form[i].Set(floatsOf(b)))
		}
		forms, list, people = append(forms, form), append(list, p), append(people, filepath.Dir(f))
	}
	var mated, strangers, kept []float64
	for i := range forms {
		mated = append(mated, float64(forms[i][0].Cosine(&forms[i][1])))
		for j := range i {
			plain := float64(list[i].Cosine(list[j]))
			if people[i] != people[j] {
				strangers = append(strangers, plain)
			}
			kept = append(kept, math.Abs(plain-float64(forms[i][0].Cosine(&forms[j][0]))))
		}
	}
	slices.Sort(mated)
	slices.Sort(strangers)
	mean, dev := moments(mated)
	t.Logf("one face, two scenes: mean %.3f, deviation %.3f, highest %.3f of %d; strangers within a scene: highest %.3f of %d",
		mean, dev, mated[len(mated)-1], len(mated), strangers[len(strangers)-1], len(strangers))
	require.InDelta(t, 0, mean, 4*dev/math.Sqrt(float64(len(mated))))
	require.InDelta(t, 1.0/16, dev, 0.015, "not spread as unrelated directions are")
	require.Less(t, mated[len(mated)-1], float64(match.Calibration0095().Pair), "a pair of templates across scenes would be taken for one person")
	require.Less(t, slices.Max(kept), 1e-5, "cosines within a scene have changed")
}

func moments(v []float64) (mean, dev float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		dev += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, math.Sqrt(dev)
}

func floatsOf(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
	}
	return out
}
