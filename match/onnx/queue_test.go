package onnx_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/onnx"
)

// drawn is a chip that is no face, one for each seed.
func drawn(seed int) *match.Chip {
	var c match.Chip
	for i := range c.Planar() {
		c.Planar()[i] = float32((i*31 + seed*i%97 + seed) % 251)
	}
	return &c
}

// Cameras that share a slow embedder are told when a face comes too late, which
// leaves it without an embedding; the next one is embedded as ever.
func TestALateFaceHasNoEmbedding(t *testing.T) {
	e := newEmbedder(t)
	hasty, patient := e.View("hasty", 100*time.Millisecond), e.View("patient", time.Minute)
	t.Cleanup(func() { require.NoError(t, hasty.Close()); require.NoError(t, patient.Close()) })
	var want, got, waited match.Probe
	require.NoError(t, e.Embed(t.Context(), drawn(1), &want))

	resume, err := e.Stall(t.Context())
	require.NoError(t, err)
	late := make(chan error, 1)
	go func() { late <- patient.Embed(t.Context(), drawn(1), &waited) }()
	got = want // what was there before must not stay
	require.ErrorIs(t, hasty.Embed(t.Context(), drawn(2), &got), context.DeadlineExceeded)
	require.Equal(t, match.Probe{}, got)
	require.NotZero(t, e.Devices()[0].Stats.Late)
	resume()

	require.NoError(t, <-late)
	require.Equal(t, want, waited)
	require.Eventually(t, func() bool { return hasty.Embed(t.Context(), drawn(1), &got) == nil }, time.Minute, time.Millisecond)
	require.Equal(t, want, got)
	require.NotZero(t, patient.Spent())
	require.True(t, e.Devices()[0].Up, "late faces are no lost device")
}

// Faces that share runs get the embeddings that they get alone, bit by bit.
func TestSharedRunsEmbedAlike(t *testing.T) {
	alone := newEmbedder(t)
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, i := loadModel(t, "reid-0095")
	e, err := onnx.Open(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256},
		onnx.Options{Provider: ort.CPU, Batch: 4, Wait: 50 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	const cameras, faces = 5, 4
	var wg sync.WaitGroup
	errs := make([]error, cameras)
	got := make([][faces]match.Probe, cameras)
	for c := range cameras {
		v := e.View("camera", 0)
		wg.Go(func() {
			defer v.Close()
			for k := range faces {
				if errs[c] = v.Embed(t.Context(), drawn(10*c+k), &got[c][k]); errs[c] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for c := range cameras {
		require.NoError(t, errs[c])
		for k := range faces {
			var want match.Probe
			require.NoError(t, alone.Embed(t.Context(), drawn(10*c+k), &want))
			require.Equal(t, want, got[c][k], "camera %d, face %d", c, k)
		}
	}
	st := e.Devices()[0].Stats
	require.Less(t, st.Runs, st.Requests, "nobody shared a run: the test shows nothing")
	require.NoError(t, e.Wipe(t.Context()))
}

// Where the next face may be computed in other memory, a stream of faces without
// a pause does not keep what one of them left from being wiped.
func TestFacesWithoutAPauseAreWiped(t *testing.T) {
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	b, i := loadModel(t, "reid-0095")
	e, err := onnx.Open(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, onnx.Options{Provider: ort.CPU, Parallel: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	var p match.Probe
	require.NoError(t, e.Embed(t.Context(), drawn(1), &p))
	first, begin := e.Unwiped(), time.Now()
	require.False(t, first.IsZero())
	for n := 0; !e.Unwiped().After(first); n++ {
		require.NoError(t, e.Embed(t.Context(), drawn(n), &p))
		require.Less(t, time.Since(begin), 30*time.Second, "never wiped")
	}
}
