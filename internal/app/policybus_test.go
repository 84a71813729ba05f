package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kgo "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/kafkax"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/internal/testkit/kafka"
	"bystander/policy"
)

// One installation decides, another has the camera, and the bus is all that lies
// between them. What the first decides reaches the second's pictures in time; a
// bus that stands still masks everybody; what nobody signed changes nothing.
// proves: INV-3, INV-4, B-32
func TestAnEdgeFollowsTheControlOverTheBus(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a stream for a minute")
	}
	broker := kafka.Start(t, kafka.Options{})
	bus := kafkax.Config{Brokers: []string{broker.Addr()}, TopicPrefix: "follow"}
	cfg := followConfig(t, "control", bus)
	control := &show{t: t, e: startFollow(t, cfg, nil)}
	control.eyes = control.e.eyes
	control.lawful()
	control.enrol()

	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: filepath.Join(testkit.Shared(t), "data", "videos", "stage.mp4"), Path: "stage"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	there := followConfig(t, "edge", bus)
	there.Cameras = []config.Camera{{ID: "stage", Name: "Stage", Driver: "rtsp", Transport: "tcp", URL: config.Secret(cam.URL())}}
	there.Policy = config.Policy{From: config.PolicyBus, Site: control.site.Site, Key: filepath.Join(cfg.Keys, "policy.pub")}
	bringTemplates(t, cfg, there)
	s := &show{t: t}
	s.e = startFollow(t, there, func(e *edge) {
		_, err := e.law.Current()
		require.ErrorIs(t, err, policy.ErrNoLease)
		size := frame.Size{W: 640, H: 360}
		require.Equal(t, []geom.Polygon{policy.On(wholePicture(), 640, 360, nil)}, e.law.privateAreas("stage", size),
			"as long as it is not known what is private, all of it is filled")
		c, _ := e.fleet.get("stage")
		s.out = &leaving{outlet: c.out}
		c.pipe.out = s.out
	})
	t.Cleanup(func() {
		if t.Failed() {
			c, _ := s.e.fleet.get("stage")
			_, n := s.out.seen()
			t.Logf("%d pictures; matching %+v; follower %+v; publisher %+v; alarms %v", n, s.e.law.matching(c), s.e.bus.follower.Status(), control.e.bus.publisher.Status(), s.e.alarms.list())
		}
	})
	require.Eventually(t, func() bool { _, err := s.e.law.Current(); return err == nil }, 90*time.Second, 20*time.Millisecond, "the control's lease arrives")
	held, err := s.e.law.Current()
	require.NoError(t, err)
	require.Equal(t, control.site.Site, held.Snapshot.Site)
	require.Len(t, held.Snapshot.Subjects, 1)
	require.Equal(t, control.who, held.Snapshot.Subjects[0].ID)
	require.Eventually(t, func() bool {
		return s.e.law.shelf.Size(held.Snapshot.Scenes[0].ID) == 1
	}, 30*time.Second, 20*time.Millisecond, "the template that was brought is loaded")

	refused := s.e.bus.follower.Status().Refused
	forge(t, bus, held)
	require.Eventually(t, func() bool { return s.e.bus.follower.Status().Refused > refused }, 20*time.Second, 20*time.Millisecond)
	now, err := s.e.law.Current()
	require.NoError(t, err)
	require.Equal(t, held.Snapshot.Version, now.Snapshot.Version, "what is forged changes nothing")
	require.Positive(t, counted(t, s.e, "bystander_policy_records_refused_total"))

	// What the cameras ask before each comparison and each clear picture.
	until := func(bound time.Duration, denies func(policy.Held, error) bool, change func()) time.Duration {
		begun := time.Now()
		change()
		require.Eventually(t, func() bool { h, err := s.e.law.Current(); return denies(h, err) }, bound+time.Second, 10*time.Millisecond)
		return time.Since(begun)
	}
	paused := until(reachesBy, func(_ policy.Held, err error) bool { return errors.Is(err, policy.ErrExpired) }, broker.Pause)
	broker.Resume()
	require.Eventually(t, func() bool { _, err := s.e.law.Current(); return err == nil }, 90*time.Second, 20*time.Millisecond, "the lease comes back with the bus")
	withdrawn := until(reaches, func(h policy.Held, err error) bool { return err == nil && len(h.Snapshot.Subjects) == 0 }, func() {
		require.NoError(t, Withdraw(t.Context(), cfg, control.who, io.Discard))
	})
	t.Logf("nobody is compared %v after the bus stood still, and %v after the withdrawal at the control", paused, withdrawn)
	require.LessOrEqual(t, paused, reachesBy)
	require.LessOrEqual(t, withdrawn, reaches)
	held, err = s.e.law.Current()
	require.NoError(t, err, "the lease is fresh: the withdrawal is what masks")
	require.Empty(t, held.Snapshot.Subjects)
}

func followConfig(t *testing.T, name string, bus kafkax.Config) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge, cfg.Events.Kafka, cfg.Redact.CheckEvery, cfg.Record.Enabled = name, bus, 0, false
	cfg.Events.Topics.Replication = 1
	return cfg
}

// startFollow runs an installation until the test ends.
func startFollow(t *testing.T, cfg config.Config, before func(*edge)) *edge {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	if err != nil {
		cancel()
	}
	require.NoError(t, err)
	if before != nil {
		before(e)
	}
	done := make(chan struct{})
	go func() { defer close(done); e.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		require.NoError(t, e.close())
	})
	return e
}

// bringTemplates carries the vault from one installation to another, as a person
// does: templates never travel on the bus.
func bringTemplates(t *testing.T, from, to config.Config) {
	t.Helper()
	require.NoError(t, os.MkdirAll(to.Keys, 0o700))
	for _, file := range []string{"templates.db"} {
		db, err := sql.Open("sqlite", filepath.Join(from.Data, file))
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(to.Data, file))
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
	list, err := os.ReadDir(from.Keys)
	require.NoError(t, err)
	for _, f := range list {
		if f.IsDir() || strings.HasPrefix(f.Name(), "edge.") || strings.HasPrefix(f.Name(), "policy.") || strings.HasPrefix(f.Name(), "log-") ||
			strings.HasSuffix(f.Name(), "-wal") || strings.HasSuffix(f.Name(), "-shm") {
			continue
		}
		if strings.HasSuffix(f.Name(), ".db") {
			db, err := sql.Open("sqlite", filepath.Join(from.Keys, f.Name()))
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(to.Keys, f.Name()))
			require.NoError(t, err)
			require.NoError(t, db.Close())
			continue
		}
		b, err := os.ReadFile(filepath.Join(from.Keys, f.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to.Keys, f.Name()), b, 0o600))
	}
}

// forge writes to the policy topic what somebody could who may write there and
// has no key: the lease that holds, made to hold longer, and the like.
func forge(t *testing.T, bus kafkax.Config, held policy.Held) {
	t.Helper()
	c, err := kafkax.Open(bus)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	l := held.Lease
	l.Serial, l.Issued, l.Expires = l.Serial+1000, time.Now(), time.Now().Add(policy.MaxLease)
	b, err := json.Marshal(l)
	require.NoError(t, err)
	key := []byte("lease/" + l.Site)
	require.NoError(t, c.Publish(t.Context(), event.TopicPolicy, kgo.Message{Key: key, Value: b}, kgo.Message{Key: key, Value: []byte("{")}))
}
