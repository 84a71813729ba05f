package app

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/detect/canary"
	"bystander/internal/config"
	"bystander/match"
)

// A camera's view sees what the eyes see, trusts what they trust, and tells its
// clock what the models took for it, wherever they ran.
func TestACamerasView(t *testing.T) {
	cfg := config.Default()
	cfg.Models.Offline = true
	e, err := openEyes(t.Context(), cfg, 1, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.close()) })
	require.False(t, e.builtIn(), "needs the face model; run: make setup")
	clock := &stopwatch{}
	mine, leave, err := e.of("camera", time.Minute, clock)
	require.NoError(t, err)
	require.NoError(t, canary.New().Check(t.Context(), mine.faces))
	require.NotZero(t, clock.total(stageFaces))
	require.Equal(t, e.trusted.Load(), mine.trusted.Load())
	e.trusted.Store(false)
	require.False(t, mine.trusted.Load())

	rows := e.rows()
	require.NotEmpty(t, rows)
	require.NotEmpty(t, rows[0].Why)
	require.NotEmpty(t, rows[0].Devices)
	require.True(t, rows[0].Devices[0].Up)
	require.Empty(t, e.lost())
	require.Equal(t, "embedding", rows[2].Role)
	require.NotEmpty(t, rows[2].Devices, "the embedder has a queue as well")
	require.NoError(t, mine.embedder.Embed(t.Context(), &match.Chip{}, &match.Probe{}))
	require.NotZero(t, clock.total(stageMatch))
	leave()
	leave()
	require.NoError(t, canary.New().Check(t.Context(), e.faces), "the others still see")

	hasty, leave, err := e.of("hasty", time.Nanosecond, nil)
	require.NoError(t, err)
	defer leave()
	require.ErrorIs(t, canary.New().Check(t.Context(), hasty.faces), context.DeadlineExceeded)
	require.ErrorIs(t, hasty.embedder.Embed(t.Context(), &match.Chip{}, &match.Probe{}), context.DeadlineExceeded)
}
