package app

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/admin/cameras"
	"bystander/internal/config"
	"bystander/internal/testkit/postgres"
)

// replica is one of several programs on one server.
type replica struct {
	e   *edge
	end func()
}

func startReplica(t *testing.T, server, keys, name, data string) *replica {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Keys = data, keys
	cfg.Events.Edge, cfg.Redact.CheckEvery = name, 0
	cfg.Detect.Library = filepath.Join(cfg.Data, "none.so") // nobody is looked for here
	cfg.Store.Postgres = server
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	if err != nil {
		cancel()
		require.NoError(t, err)
	}
	done := make(chan struct{})
	go func() { defer close(done); e.run(ctx) }()
	ended := false
	r := &replica{e: e, end: func() {
		if !ended {
			ended = true
			cancel()
			<-done
			require.NoError(t, e.close())
		}
	}}
	t.Cleanup(r.end)
	return r
}

func (r *replica) runs(id string) bool {
	_, ok := r.e.fleet.get(id)
	return ok
}

// Cameras that the interface adds belong to all replicas: each lists and changes
// them, exactly one runs them, and another one when that ends. A list from when
// each replica had its own is taken over.
func TestReplicasShareCameras(t *testing.T) {
	s := postgres.Start(t, postgres.Options{})
	ctx, root := t.Context(), t.TempDir()
	keys := filepath.Join(root, "keys")
	require.NoError(t, os.MkdirAll(keys, 0o700))
	first := filepath.Join(root, "a")
	own := config.Default() // of before: this replica's own list
	own.Data, own.Keys = first, keys
	old, err := openCameraStore(ctx, own)
	require.NoError(t, err)
	_, err = old.Add(ctx, cameras.Camera{ID: "old", Transport: "tcp", AddedBy: "ada"}, "rtsp://127.0.0.1:9/old")
	require.NoError(t, err)
	require.NoError(t, old.Close())

	a := startReplica(t, s.URL(), keys, "replica-a", first)
	b := startReplica(t, s.URL(), keys, "replica-b", filepath.Join(root, "b"))
	soon := func(why string, ok func() bool) {
		t.Helper()
		require.Eventually(t, ok, 90*time.Second, 50*time.Millisecond, why)
	}
	soon("one of them runs what was there", func() bool { return a.runs("old") != b.runs("old") })
	one, other := a, b
	if b.runs("old") {
		one, other = b, a
	}

	_, err = other.e.admin.cameras.Add(ctx, cameras.Camera{ID: "new", Transport: "tcp", AddedBy: "ada"}, "rtsp://127.0.0.1:9/new")
	require.NoError(t, err)
	require.NoError(t, other.e.applyCamera(ctx, "new"))
	require.False(t, other.runs("new"), "it is not this one's turn")
	soon("the one whose turn it is begins it", func() bool { return one.runs("new") })
	soon("either shows it as running", func() bool { return len(other.e.running()) == 2 && len(one.e.running()) == 2 })

	_, err = other.e.admin.cameras.Pause(ctx, "new", "ada", "wind")
	require.NoError(t, err)
	soon("a pause arrives", func() bool { c, ok := one.e.fleet.get("new"); return ok && c.src.Health().State == statePaused })
	require.NoError(t, other.e.admin.cameras.Remove(ctx, "old", "ada"))
	soon("so does a removal", func() bool { return !one.runs("old") })

	one.end()
	soon("the other one takes its turn", func() bool { return other.runs("new") })
	require.False(t, other.runs("old"))
	// An address that is spelled in another way is the same server's.
	respelled, err := url.Parse(s.URL())
	require.NoError(t, err)
	q := respelled.Query()
	q.Set("connect_timeout", "7")
	respelled.RawQuery = q.Encode()
	again := startReplica(t, respelled.String(), keys, "replica-a", first)
	soon("a new replica knows them", func() bool { return len(again.e.running()) == 1 })
	require.False(t, again.runs("new"))
	require.False(t, again.runs("old"), "the old file brings nothing back")
}

// What another replica changed is not lost because the store did not answer when
// this one asked: a pause above all.
func TestACameraIsAskedForAgain(t *testing.T) {
	s := &sharing{on: true}
	now := func() map[string]string { return map[string]string{"gate": "1", "hall": "1"} }
	require.Equal(t, []string{"gate", "hall"}, s.saw(now()))
	require.Empty(t, s.saw(now()))
	s.again("gate")
	require.Equal(t, []string{"gate"}, s.saw(now()))
	s.again("removed")
	require.Equal(t, []string{"removed"}, s.saw(now()))
	s.forget()
	require.Equal(t, []string{"gate", "hall"}, s.saw(now()))

	cfg := config.Default()
	cfg.Data, cfg.Keys = t.TempDir(), t.TempDir()
	store, err := openCameraStore(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	a := administration{cameras: store, shared: s}
	s.lead(true)
	_, _, err = a.wanted(t.Context(), "gate")
	require.ErrorIs(t, err, errCameraUnknown)
	e := &edge{admin: a, log: zerolog.Nop(), fleet: newFleet(func(context.Context, post) (*camera, error) {
		return nil, errors.New("nothing is to begin")
	})}
	ctx, end := context.WithCancel(t.Context())
	go e.fleet.run(ctx)
	e.applyEach(ctx, []string{"gate"})
	require.Equal(t, []string{"gate"}, s.saw(now()))
	end()
	<-e.fleet.over
}

// A camera that is being begun when a turn ends is ended with the turn.
func TestATurnEndsWhatItIsBeginning(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Keys = t.TempDir(), t.TempDir()
	store, err := openCameraStore(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	e := &edge{admin: administration{cameras: store, shared: &sharing{on: true}}, log: zerolog.Nop(), fleet: newFleet(nil)}
	ctx, end := context.WithCancel(t.Context())
	go e.fleet.run(ctx)

	opening, opened := make(chan struct{}), make(chan struct{})
	begun := make(chan error, 1)
	go func() {
		begun <- e.fleet.do(ctx, func(context.Context) error {
			close(opening)
			<-opened
			done := make(chan struct{})
			close(done)
			e.fleet.put(&camera{cfg: config.Camera{ID: "gate"}, stop: func() {}, done: done})
			return nil
		})
	}()
	<-opening
	turn, over := context.WithCancel(ctx)
	over()
	ended := make(chan struct{})
	go func() { defer close(ended); e.takeTurn(ctx, turn) }()
	select {
	case <-ended:
	case <-time.After(50 * time.Millisecond): // it waits for what is being begun
	}
	close(opened)
	<-ended
	require.NoError(t, <-begun)
	require.Empty(t, e.fleet.all(), "it runs on where it is not its turn")
	end()
	<-e.fleet.over
}
