package app

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMoreProcessors(t *testing.T) {
	for cores, want := range map[int]int{1: 4, 2: 8, 4: 16, 6: 22, 16: 32, 64: 80} {
		require.Equal(t, want, processorsFor(cores), "%d cores", cores)
	}
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "3")
	MoreProcessors()
	require.Equal(t, before, runtime.GOMAXPROCS(0), "set by whoever runs the program")
	t.Setenv("GOMAXPROCS", "")
	MoreProcessors()
	require.Equal(t, processorsFor(before), runtime.GOMAXPROCS(0))
}
