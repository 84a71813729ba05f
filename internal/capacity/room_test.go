package capacity_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/capacity"
)

func TestRoom(t *testing.T) {
	r := capacity.NewRoom(2, 0.5) // 1.8 cores for cameras, 3.6 at full quality
	require.NoError(t, r.Admit("a", 1))
	require.NoError(t, r.Admit("b", 1))
	require.NoError(t, r.Admit("c", 1))
	err := r.Admit("d", 1)
	require.ErrorIs(t, err, capacity.ErrNoRoom)
	require.ErrorContains(t, err, "capacity.cores")
	require.ErrorContains(t, err, "2.00 cores at the least quality, and 1.80 of 2.00")
	require.NoError(t, r.Admit("a", 1), "who is there already counts once")
	r.Measured("b", 0.2)
	require.NoError(t, r.Admit("d", 1), "what was measured counts")
	r.Measured("nobody", 5)
	r.Leave("a")
	used, most := r.Sum()
	require.InDelta(t, 2.2, used, 1e-9)
	require.InDelta(t, 1.8, most, 1e-9)
}

// A camera is refused exactly when what it needs exceeds what it may have, and
// the advice given fits.
func TestMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(16, 8000).Draw(t, "w"), rapid.IntRange(16, 8000).Draw(t, "h")
		hold, most := rapid.IntRange(0, 50).Draw(t, "hold"), rapid.Int64Range(1<<20, 4<<30).Draw(t, "most")
		err := capacity.FitMemory(w, h, hold, most)
		require.Equal(t, capacity.CameraBytes(w, h, hold) > most, err != nil)
	})
	require.Equal(t, int64(1280*720*3/2), capacity.PictureBytes(1280, 720))
	require.Equal(t, int64(3*3+2*4), capacity.PictureBytes(3, 3))
	require.NoError(t, capacity.FitMemory(3840, 2160, 8, 1<<30))
	err := capacity.FitMemory(3840, 2160, 50, 512<<20)
	require.ErrorIs(t, err, capacity.ErrMemory)
	for _, word := range []string{"3840×2160", "redact.hold 50", "997 MiB", "capacity.camera_memory (512 MiB)", "lower redact.hold to 9"} {
		require.ErrorContains(t, err, word)
	}
	require.NoError(t, capacity.FitMemory(3840, 2160, 9, 512<<20))
	require.Error(t, capacity.FitMemory(3840, 2160, 10, 512<<20))
	require.NotContains(t, capacity.FitMemory(3840, 2160, 50, 64<<20).Error(), "lower redact.hold")
}
