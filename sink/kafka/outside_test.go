package kafka_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	broker "bystander/internal/testkit/kafka"
	"bystander/sink/kafka"
	"bystander/sink/sinktest"
)

// TestThePageKeepsItsWord runs the program that docs/events.md gives to outsiders
// on what kcat reads, with events of every field and of hardly any.
func TestThePageKeepsItsWord(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "events.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```python\n")
	require.True(t, ok)
	program, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)

	b := broker.Start(t, broker.Options{Shared: true})
	c := client(t, b)
	s, _ := newSink(t, c, kafka.Options{})
	evs := sinktest.Events(t, chainOf(t, "edge-1"), 30)
	require.NoError(t, s.Append(deadline(t), evs))
	text := broker.Kcat(t, "", "-C", "-b", b.Addr(), "-t", c.Name(event.TopicEvents), "-o", "beginning", "-e", "-q")

	verify := func(text string) string {
		t.Helper()
		cmd := exec.Command("python3", "-c", program)
		cmd.Dir, cmd.Stdin = root, strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	out := verify(text)
	require.Equal(t, len(evs), strings.Count(out, " ok\n"), out)
	out = verify(strings.Replace(text, `"camera_id":"cam-1"`, `"camera_id":"cam-9"`, 1))
	require.Contains(t, out, "edge-1 1 ALTERED")
	require.Equal(t, len(evs)-1, strings.Count(out, " ok\n"), out)
}
