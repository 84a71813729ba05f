package memscan_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit/memscan"
)

func TestStreamFindsAtEveryPlace(t *testing.T) {
	n := memscan.New()
	needle := []byte("a needle in the hay")
	require.NoError(t, n.Add("needle", needle))
	hay := make([]byte, 9<<20)
	_, _ = rand.Read(hay)
	places := []int{1, 4<<20 - 5, 6 << 20, 8<<20 + 3, len(hay) - len(needle)}
	for _, p := range places {
		copy(hay[p:], needle)
	}
	hits, size, err := n.Stream(bytes.NewReader(hay))
	require.NoError(t, err)
	require.Equal(t, int64(len(hay)), size)
	require.Len(t, hits, len(places))
	for i, h := range hits {
		require.Equal(t, int64(places[i]), h.At)
	}
	require.Error(t, n.Add("short", []byte("short")))
	require.Error(t, n.Add("empty", make([]byte, 64)))
}

// TestProcessFindsWhatAChildHolds looks into a child that was handed the needle,
// and for one that it was not.
func TestProcessFindsWhatAChildHolds(t *testing.T) {
	if os.Getenv("MEMSCAN_CHILD") != "" {
		fmt.Println("ready")
		_, _ = fmt.Scanln()
		return
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessFindsWhatAChildHolds$")
	cmd.Env = append(os.Environ(), "MEMSCAN_CHILD=1", fmt.Sprintf("HELD=%x", secret))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = fmt.Fscanln(out, new(string))
	require.NoError(t, err)
	n := memscan.New()
	require.NoError(t, n.Add("held", fmt.Appendf(nil, "%x", secret)))
	require.NoError(t, n.Add("not held", secret))
	hits, size, err := n.Process(cmd.Process.Pid)
	require.NoError(t, err)
	require.Greater(t, size, int64(1<<20))
	require.NotEmpty(t, hits)
	for _, h := range hits {
		require.Equal(t, "held", h.Name)
	}
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
}
