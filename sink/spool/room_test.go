package spool_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/event"
	"bystander/sink/spool"
)

// TestDiskFullGivesUpAcknowledgedSegmentsFirst: on a full disk a copy kept for
// replay goes before a new event is refused; what waits for a consumer stays.
func TestDiskFullGivesUpAcknowledgedSegmentsFirst(t *testing.T) {
	dir := smallDisk(t, "256k")
	var alarms []spool.Alarm
	s := open(t, filepath.Join(dir, "spool"), spool.Options{SegmentBytes: 16 << 10, Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }})
	cur, err := s.Consumer("store")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	require.NoError(t, s.Append(ctx, seal(t, c, 200)))
	for s.Stats().Segments < 6 {
		require.NoError(t, s.Append(ctx, seal(t, c, 20)))
	}
	acked := s.Head().Seq - 30
	require.NoError(t, cur.Ack(acked))
	require.Equal(t, uint64(1), s.Stats().Oldest, "acknowledged, and kept for replay")

	// Fill what is left of the disk.
	var fs unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &fs))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, int(fs.Bavail)*int(fs.Bsize)), 0o600))
	var full error
	for i := 0; full == nil && i < 5000; i++ {
		if full = s.Append(ctx, seal(t, c, 5)); full != nil {
			require.NoError(t, c.Rewind(s.Head()))
		}
	}
	require.ErrorIs(t, full, unix.ENOSPC, "in the end all that may go is gone")
	st := s.Stats()
	require.NotZero(t, st.Early)
	require.Greater(t, st.Oldest, uint64(1))
	require.LessOrEqual(t, st.Oldest, acked+1, "nothing unacknowledged was given up")
	require.Equal(t, spool.AlarmDisk, alarms[len(alarms)-1].Kind)
	require.ErrorIs(t, s.Replay(ctx, 1, 5, func([]event.Event) error { return nil }), spool.ErrTrimmed)
	got, err := cur.Read(ctx, 1<<20)
	require.NoError(t, err)
	require.Equal(t, acked+1, got[0].Seq)
	require.Equal(t, s.Head().Seq, got[len(got)-1].Seq)

	require.NoError(t, cur.Ack(s.Head().Seq))
	require.NoError(t, s.Append(ctx, seal(t, c, 5)), "acknowledging makes room")
	require.True(t, alarms[len(alarms)-1].Cleared)
}

// TestAFullDiskIsEmptied: a spool that has filled its disk while its consumer was
// away is emptied by acknowledgements that settle no segment by themselves.
func TestAFullDiskIsEmptied(t *testing.T) {
	dir := smallDisk(t, "256k")
	s := open(t, filepath.Join(dir, "spool"), spool.Options{SegmentBytes: 64 << 10})
	cur, err := s.Consumer("store")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	var full error
	for i := 0; full == nil && i < 5000; i++ {
		if full = s.Append(ctx, seal(t, c, 5)); full != nil {
			require.NoError(t, c.Rewind(s.Head()))
		}
	}
	require.ErrorIs(t, full, unix.ENOSPC)
	var fs unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &fs))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, int(fs.Bavail)*int(fs.Bsize)), 0o600))

	head, got := s.Head().Seq, uint64(0)
	for cur.Acked() < head {
		evs, err := cur.Read(ctx, 3)
		require.NoError(t, err)
		require.Equal(t, got+1, evs[0].Seq, "nothing is passed over or given again")
		got = evs[len(evs)-1].Seq
		require.NoError(t, cur.Ack(got))
	}
	require.NoError(t, s.Append(ctx, seal(t, c, 5)), "there is room again")
	require.NoError(t, s.Enforce())
	require.NoError(t, s.Close())
	s = open(t, filepath.Join(dir, "spool"), spool.Options{SegmentBytes: 64 << 10})
	cur, err = s.Consumer("store")
	require.NoError(t, err)
	require.Equal(t, head, cur.Acked(), "what was acknowledged without room is on the disk")
}

// TestLagAlarm: a consumer that takes nothing is told of once its oldest event
// is older than the bound, and the news ends when it catches up.
func TestLagAlarm(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var alarms []spool.Alarm
	dir := t.TempDir()
	o := spool.Options{MaxWait: time.Minute, Now: func() time.Time { return now }, Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }}
	s, err := spool.Open(dir, o)
	require.NoError(t, err)
	cur, err := s.Consumer("kafka")
	require.NoError(t, err)
	other, err := s.Consumer("sqlite")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	require.NoError(t, s.Append(ctx, seal(t, c, 1)))
	require.NoError(t, cur.Ack(1))
	require.NoError(t, other.Ack(1))
	now = now.Add(time.Hour) // nobody emitted anything; then something comes
	require.NoError(t, s.Enforce())
	require.Empty(t, alarms)
	for range 4 {
		require.NoError(t, s.Append(ctx, seal(t, c, 1)))
		require.NoError(t, other.Ack(s.Head().Seq))
		now = now.Add(20 * time.Second)
	}
	require.Equal(t, map[string]time.Duration{"kafka": 80 * time.Second, "sqlite": 0}, s.Stats().Waiting)
	require.NoError(t, s.Enforce())
	require.NoError(t, s.Enforce())
	require.Len(t, alarms, 1, "one state, one alarm")
	require.Equal(t, spool.AlarmLag, alarms[0].Kind)
	require.ErrorIs(t, alarms[0].Err, spool.ErrLag)
	require.ErrorContains(t, alarms[0].Err, "kafka")

	require.NoError(t, cur.Ack(3))
	require.Len(t, alarms, 2, "the oldest now waits for 40 s")
	require.True(t, alarms[1].Cleared)
	require.Equal(t, 40*time.Second, s.Stats().Waiting["kafka"])
	require.NoError(t, s.Close())

	// After a restart nothing younger than the segment can be vouched for.
	s = open(t, dir, o)
	require.Equal(t, time.Hour+80*time.Second, s.Stats().Waiting["kafka"])
	require.NoError(t, s.Enforce())
	require.Len(t, alarms, 3)
}

// TestReplayBesideDisposal: numbers that go while they are read are told of as
// gone, not as damage.
func TestReplayBesideDisposal(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := open(t, t.TempDir(), spool.Options{SegmentBytes: 1, MaxAge: time.Hour, Now: func() time.Time { return now }})
	cur, err := s.Consumer("c")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	for range 600 {
		require.NoError(t, s.Append(ctx, seal(t, c, 1)))
	}
	require.NoError(t, cur.Ack(600))
	seen := 0
	err = s.Replay(ctx, 1, 600, func(evs []event.Event) error {
		seen += len(evs)
		now = now.Add(48 * time.Hour)
		return s.Enforce()
	})
	require.ErrorIs(t, err, spool.ErrTrimmed)
	require.Equal(t, 256, seen)
}
