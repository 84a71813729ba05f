package match_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/match"
)

func load(t *testing.T, src *templates, scene string) *match.Gallery {
	t.Helper()
	g, err := match.LoadGallery(t.Context(), src, scene, "m")
	require.NoError(t, err)
	t.Cleanup(g.Close)
	return g
}

// TestDuplicates enrols one face under two ids, as when the same photograph is
// handed in twice: both are named, and nobody else.
func TestDuplicates(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var src templates
	for _, id := range []string{"a", "b", "c"} {
		src.add(t, id, "s", vector(r))
	}
	tau := match.Calibration0095().Duplicate(3)
	before := load(t, &src, "s")
	require.Empty(t, before.Duplicates(nil, tau))
	v := vector(r)
	src.add(t, "d", "s", v)
	src.add(t, "d", "s", near(r, v, 0.9)) // several templates of one person are no duplicate
	g := load(t, &src, "s")
	require.Empty(t, g.Duplicates(nil, tau))
	src.add(t, "e", "s", near(r, v, 0.97))
	g = load(t, &src, "s")
	ds := g.Duplicates(nil, tau)
	require.Len(t, ds, 2)
	require.Equal(t, "d", ds[0].Enrollee)
	require.Equal(t, "e", ds[0].Other)
	require.Equal(t, "e", ds[1].Enrollee)
	require.Equal(t, "d", ds[1].Other)
	require.InDelta(t, 0.97, ds[0].Score, 1e-3)
	// Beside a gallery that was looked at already, only who is new is.
	ds = g.Duplicates(before, tau)
	require.Len(t, ds, 2)
	require.Empty(t, g.Duplicates(g, tau))
}

func TestDuplicateAtEnrolment(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 8))
	var src templates
	v := vector(r)
	src.add(t, "a", "s", v)
	src.add(t, "b", "s", vector(r))
	c := match.Calibration0095()
	d, found, err := match.FindDuplicate(t.Context(), &src, "s", "m", "new", probeOf(t, near(r, v, 0.8)), c)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "new", d.Enrollee)
	require.Equal(t, "a", d.Other)
	// Who enrols again is not their own double.
	_, found, err = match.FindDuplicate(t.Context(), &src, "s", "m", "a", probeOf(t, v), c)
	require.NoError(t, err)
	require.False(t, found)
	_, found, err = match.FindDuplicate(t.Context(), &src, "s", "m", "new", probeOf(t, vector(r)), c)
	require.NoError(t, err)
	require.False(t, found)
	_, found, err = match.FindDuplicate(t.Context(), &src, "s", "m", "new", new(match.Probe), c)
	require.NoError(t, err)
	require.False(t, found, "an empty probe resembles nobody")
}

func TestDuplicateThreshold(t *testing.T) {
	c := match.Calibration0095()
	require.InDelta(t, 0.247, c.Duplicate(0), 1e-3)
	require.InDelta(t, 0.449, c.Duplicate(100), 1e-3)
	require.InDelta(t, 0.686, c.Duplicate(10_000_000), 1e-3, "the strictest there is")
}
