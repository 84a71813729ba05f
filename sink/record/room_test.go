package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/frame"
	"bystander/sink/record"
)

// When others have filled the disk, giving up every recording would not make the
// room that is wanted: none is given up, and a person is told.
func TestAStrangersFullDiskCostsNoRecording(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Limits: record.Limits{MinFree: 1 << 60}})
	write(t, r, film(t, small, 100))
	before := list(t, r)
	require.Len(t, before, 4)
	rep, err := r.Enforce(ctx)
	require.ErrorIs(t, err, record.ErrNoRoom)
	require.ErrorContains(t, err, "make room on the disk")
	require.Zero(t, rep.ByRoom)
	require.Equal(t, before, list(t, r))
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	now := start.Add(time.Minute)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Now: clock, Limits: record.Limits{MaxAge: time.Hour, MaxBytes: 1 << 40}})
	write(t, r, film(t, small, 200))
	l := list(t, r)
	require.Len(t, l, 8)
	size := l[0].Bytes
	rep, err := r.Enforce(ctx)
	require.NoError(t, err)
	require.Zero(t, rep.ByAge+rep.BySize+rep.ByRoom)

	mu.Lock()
	now = l[2].End.Add(time.Hour + time.Millisecond)
	mu.Unlock()
	rep, err = r.Enforce(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, rep.ByAge)
	require.Zero(t, rep.Overdue)
	require.Positive(t, rep.Bytes)
	require.NoFileExists(t, filepath.Join(dir, l[0].Path))
	require.Equal(t, l[3:], list(t, r))
	gone, err := r.Disposed(ctx, l[0].ID)
	require.NoError(t, err)
	require.True(t, gone)
	require.NoError(t, r.Close())

	r = open(t, record.Config{Dir: dir, Now: clock, Limits: record.Limits{MaxAge: 2 * time.Hour, MaxBytes: 2*size + size/2}})
	_, err = r.Enforce(ctx)
	require.NoError(t, err)
	require.Len(t, list(t, r), 2, "the newest that fit")
	require.Equal(t, l[6:], list(t, r))
}

func TestMinAgeStandsAboveSize(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Limits: record.Limits{MaxBytes: 1, MinAge: time.Hour}})
	write(t, r, film(t, small, 100))
	rep, err := r.Enforce(ctx)
	require.NoError(t, err)
	require.Len(t, list(t, r), 4)
	require.Positive(t, rep.Over)
}

// A row whose file is gone goes too, and a person is told.
func TestARowWithoutItsFileGoesAndIsTold(t *testing.T) {
	dir := t.TempDir()
	var a alarms
	r := open(t, record.Config{Dir: dir, Alarm: a.add, Limits: record.Limits{MaxAge: 12 * time.Hour}, Every: time.Hour})
	write(t, r, film(t, small, 30))
	l := list(t, r)
	path := filepath.Join(dir, l[0].Path)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700)) // even root cannot remove it as a file
	require.NoError(t, r.Close())

	late := start.AddDate(1, 0, 0)
	r2, err := record.Open(ctx, record.Config{Dir: dir, Alarm: a.add, Now: func() time.Time { return late }, Limits: record.Limits{MinFree: -1}, Every: time.Hour})
	require.NoError(t, err)
	defer r2.Close()
	require.Empty(t, list(t, r2), "a row without a file goes, and is told")
	require.Contains(t, a.kinds(), "lost")
}

func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if errors.Is(err, unix.EPERM) {
			t.Skip("needs the right to mount a small file system")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, 0)) })
	return dir
}

// TestDiskFull fills a real file system: recording pauses with one alarm, what
// was recorded plays, and it goes on once there is room.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, "1m")
	var a alarms
	var mu sync.Mutex
	now := start.Add(time.Minute)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	r := open(t, record.Config{Dir: filepath.Join(dir, "rec"), Segment: 2 * time.Second, Alarm: a.add, Now: clock, Limits: record.Limits{MinAge: time.Hour}})
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 650<<10), 0o600))
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	packets := film(t, frame.Size{W: 320, H: 240}, 400)
	i := 0
	for ; i < len(packets) && !s.Stats().Paused; i++ {
		require.NoError(t, s.WritePacket(packets[i]))
		settle(t, s, i+1)
	}
	require.Less(t, i, len(packets)-100, "the disk never filled")
	require.ErrorIs(t, s.Stats().Err, unix.ENOSPC)
	require.Contains(t, a.kinds(), "paused")
	require.NotContains(t, a.kinds(), "over")
	for _, rec := range list(t, r) {
		f, err := r.Open(ctx, rec.ID)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	require.NoError(t, os.Remove(ballast))
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	for j := i; j < len(packets); j++ {
		require.NoError(t, s.WritePacket(packets[j]))
	}
	require.NoError(t, s.Close())
	require.Contains(t, a.kinds(), "paused over")
	_, err = r.Enforce(ctx) // finishes what could not be finished then
	require.NoError(t, err)
	total := int64(0)
	for _, rec := range list(t, r) {
		require.False(t, rec.Open)
		p := probe(t, filepath.Join(dir, "rec", rec.Path))
		require.Empty(t, p.Log)
		require.Equal(t, int(rec.Frames), p.Frames)
		total += rec.Frames
	}
	require.Greater(t, total, int64(len(packets)-i)/2)
}

// settle waits until the stream has dealt with n packets, give or take those
// that wait for a fragment.
func settle(t *testing.T, s *record.Stream, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		st := s.Stats()
		return st.Paused || int(st.Packets+st.Dropped)+30 >= n
	}, 10*time.Second, time.Millisecond)
}

// TestRoomIsMade: with nothing held back by MinAge, the oldest segments go when
// the disk is full, and recording does not stop for good.
func TestRoomIsMade(t *testing.T) {
	dir := smallDisk(t, "6m")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 1<<20), 0o600))
	var calls atomic.Int64
	clock := func() time.Time { return start.Add(time.Minute + time.Duration(calls.Add(1))*time.Second) }
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Now: clock, Limits: record.Limits{MinFree: 4 << 20}})
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	packets := film(t, frame.Size{W: 640, H: 480}, 1000)
	for i, p := range packets {
		require.NoError(t, s.WritePacket(p))
		if i%25 == 0 {
			settle(t, s, i)
		}
	}
	require.NoError(t, s.Close())
	require.False(t, s.Stats().Paused)
	l := list(t, r)
	rep, err := r.Enforce(ctx)
	require.NoError(t, err)
	t.Logf("%d segments of %d bytes kept, %d bytes free", len(l), rep.Kept, rep.Free)
	require.NotEmpty(t, l)
	require.Equal(t, start.Add(packets[999].PTS+step), l[len(l)-1].End, "the newest is there")
	require.NotEqual(t, start, l[0].Start, "the oldest is not")
}
