package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/testkit"
)

// TestMain lets the test binary be the writer's process.
func TestMain(m *testing.M) {
	if os.Getenv(writerEnv) != "" {
		os.Exit(writerMain())
	}
	goleak.VerifyTestMain(m)
}

// TestAHundredCameras runs one small step with everything real. What it reaches
// is the machine's; that nothing is lost, and that the policy arrives, is ours.
func TestAHundredCameras(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a broker and a ClickHouse engine")
	}
	var out, log bytes.Buffer
	err := run(t.Context(), []string{
		"-steps", "50,100", "-hold", "3s", "-settle", "1s", "-followers", "2", "-per-edge", "25", "-dir", t.TempDir(), "-root", testkit.Root(t), "-json",
	}, &out, &log)
	require.NoError(t, err, "%s", log.String())
	var r report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r), "%s", out.String())
	require.Len(t, r.Steps, 2)
	for i, s := range r.Steps {
		require.Equal(t, 50*(i+1), s.Cameras)
		require.Equal(t, 2*(i+1), s.Edges)
		require.InDelta(t, 10*(i+1), s.Asked, 1e-9)
		require.Positive(t, s.Made)
		require.Zero(t, s.Parked, "every event is one that the writer believes")
		require.GreaterOrEqual(t, s.Spooled, int64(0), "nothing is sent that was not made")
		require.GreaterOrEqual(t, s.OnBus, int64(-1000), "what is stored was sent, but for the moments between two counts")
		require.Positive(t, s.Probes, "events were found by queries")
		require.Positive(t, s.P99)
		require.Positive(t, s.Lease)
		require.Positive(t, s.Snapshot)
		require.Positive(t, s.Age)
		require.Len(t, s.Parts, 4)
		for name, p := range s.Parts {
			require.Positive(t, p.MiB, name)
		}
		require.NotContains(t, strings.Join(s.Bends, "\n"), "a follower knows")
	}
	require.Greater(t, r.Steps[1].Snapshot, r.Steps[0].Snapshot*3/2, "the policy grows with the cameras")
	require.NoError(t, r.print(&out))
	t.Logf("%s%s", log.String(), out.String())
}

// TestWhereItBends: each part is named by the sign that it alone gives.
func TestWhereItBends(t *testing.T) {
	fine := func() step {
		return step{
			Cameras: 1000, Asked: 200, Made: 199, Sent: 199, Reached: 199, seconds: 60, P99: time.Second, Lease: 50 * time.Millisecond, Age: time.Second, looks: 600,
			Inserting: 0.2, Parts: map[string]part{"edges, control": {Cores: 0.5}, "writer": {Cores: 0.3}, "broker": {Cores: 0.4}, "store": {Cores: 0.5}},
		}
	}
	s := fine()
	s.judge(2)
	require.Empty(t, s.Bends, "1.7 of 2 cores, and all arrives")
	for want, change := range map[string]func(*step){
		"edges: 100 of 200":                                func(s *step) { s.Made = 100 },
		"bus: the spools grew":                             func(s *step) { s.spooled = 5000 },
		"store: the bus grew":                              func(s *step) { s.onBus, s.Inserting = 5000, 0.97 },
		"writer: the bus grew":                             func(s *step) { s.onBus = 5000 },
		"delay: one event":                                 func(s *step) { s.P99 = time.Minute },
		"writer: 1 records":                                func(s *step) { s.Parked = 1 },
		"control: a lease takes":                           func(s *step) { s.Lease = 3 * time.Second },
		"policy: leases are":                               func(s *step) { s.Age = 8 * time.Second },
		"policy: edges were without":                       func(s *step) { s.lapsed = 6 },
		"machine: 2.0 of 2 cores are used, most by broker": func(s *step) { s.Parts["broker"] = part{Cores: 0.7} },
	} {
		s := fine()
		change(&s)
		s.judge(2)
		require.Len(t, s.Bends, 1, want)
		require.True(t, strings.HasPrefix(s.Bends[0], want), "%s: %s", want, s.Bends[0])
		r := report{Steps: []step{fine(), s}}
		require.Contains(t, r.first(), "first at 1000 cameras: "+want)
	}
	require.Contains(t, report{Steps: []step{fine()}}.first(), "does not bend up to 1000")
}

func TestWrongOptions(t *testing.T) {
	for name, args := range map[string][]string{
		"falling":   {"-steps", "100,50"},
		"no number": {"-steps", "many"},
		"profile":   {"-profile", "loud"},
		"rate":      {"-rate", "-1"},
		"per edge":  {"-per-edge", "0"},
	} {
		_, err := parse(args, &bytes.Buffer{}, &bytes.Buffer{})
		require.Error(t, err, name)
	}
	_, err := parse([]string{"-h"}, &bytes.Buffer{}, &bytes.Buffer{})
	require.ErrorIs(t, err, flag.ErrHelp)
	o, err := parse(nil, &bytes.Buffer{}, &bytes.Buffer{})
	require.NoError(t, err)
	require.Equal(t, []int{100, 1000, 3000, 10000}, o.steps)
	require.InDelta(t, 0.2, o.rate, 1e-9, "what bystander plan takes for a street")
}
