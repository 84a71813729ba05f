package faulttest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLongOutage takes the bus and then the store away for as long as
// FAULT_OUTAGE says, with events flowing: they wait, memory stays flat, and
// nothing is lost.
func TestLongOutage(t *testing.T) {
	s := os.Getenv("FAULT_OUTAGE")
	if s == "" {
		t.Skip("set FAULT_OUTAGE to a time such as 10m")
	}
	during, err := time.ParseDuration(s)
	require.NoError(t, err)
	w := newWorld(t, load)
	_, ok := w.settleAll(t)
	require.True(t, ok, "events do not reach the store")
	for _, o := range []struct {
		what       string
		away, back func()
	}{
		{"the broker", w.broker.Kill, w.broker.Restart},
		{"ClickHouse", w.ch.Kill, w.ch.Restart},
	} {
		if only := os.Getenv("FAULT_ONLY"); only != "" && !strings.Contains(o.what, only) {
			continue
		}
		w.outage(t, o.what, during, o.away, o.back)
	}
}

func (w *world) outage(t *testing.T, what string, during time.Duration, away, back func()) {
	begin := total(w.heads())
	w.load(load)
	away()
	early, late := uint64(0), uint64(0) // most memory of a process, in the first and the last half
	for begun := time.Now(); time.Since(begun) < during; time.Sleep(time.Second) {
		most := uint64(0)
		for _, c := range w.children() {
			most = max(most, resident(t, c))
		}
		if time.Since(begun) < during/2 {
			early = max(early, most)
		} else {
			late = max(late, most)
		}
	}
	w.load(0)
	waited := total(w.heads()) - begin
	begun := time.Now()
	w.patience = settleWithin + time.Duration(waited/2000)*time.Second
	back()
	_, ok := w.settleAll(t)
	took := time.Since(begun)
	sum := w.compare(w.heads())
	t.Logf("%s away for %v: %d events waited, %d lost, %d doubled, caught up in %v; most memory of an edge or writer %d MiB in the first half, %d in the second; load of the machine %s",
		what, during, waited, sum.lost, sum.doubled, took.Round(10*time.Millisecond), early>>20, late>>20, loadAverage())
	require.True(t, ok, "the store does not catch up")
	require.Zero(t, sum.lost)
	require.Zero(t, sum.doubled)
	require.GreaterOrEqual(t, waited, uint64(float64(edges*load)*during.Seconds()*0.5), "the edges did not go on recording")
	require.LessOrEqual(t, late, early+32<<20, "memory grows while events wait")
}

// resident is a child's memory in bytes.
func resident(t *testing.T, c *child) uint64 {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.NotNil(t, c.cmd, c.name)
	return residentOf(t, c.cmd.Process.Pid)
}

// residentOf is a process's memory in bytes.
func residentOf(t *testing.T, pid int) uint64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseUint(strings.Fields(v)[0], 10, 64)
			require.NoError(t, err)
			return kib << 10
		}
	}
	t.Fatalf("process %d: no VmRSS", pid)
	return 0
}
