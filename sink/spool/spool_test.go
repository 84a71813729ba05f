package spool_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"bystander/internal/event"
	"bystander/sink"
	"bystander/sink/spool"
)

var (
	ctx                = context.Background()
	_   sink.EventSink = (*spool.Spool)(nil)
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("SPOOL_TEST_WRITER"); dir != "" {
		writeUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func newChain(t testing.TB, last event.Head) *event.Chain {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: "edge", Key: key, Last: last})
	require.NoError(t, err)
	return c
}

func seal(t testing.TB, c *event.Chain, n int) []event.Event {
	t.Helper()
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.Event{Kind: event.KindMatch, CameraID: "cam", ZoneID: "zone"}
		require.NoError(t, c.Seal(&out[i]))
	}
	return out
}

func open(t testing.TB, dir string, o spool.Options) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// readAll reads everything held and checks that it is one chain.
func readAll(t testing.TB, s *spool.Spool) []event.Event {
	t.Helper()
	var all []event.Event
	require.NoError(t, s.Replay(ctx, 1, s.Head().Seq, func(evs []event.Event) error {
		all = append(all, evs...)
		return nil
	}))
	verify(t, all)
	return all
}

func verify(t testing.TB, all []event.Event) {
	t.Helper()
	var prev event.Head
	for i := range all {
		if i == 0 && all[i].Seq > 1 {
			require.NoError(t, event.VerifyContent(&all[i], key.Public().(ed25519.PublicKey)))
		} else {
			require.NoError(t, event.Verify(prev, &all[i], key.Public().(ed25519.PublicKey)))
		}
		prev = event.HeadOf(&all[i])
	}
}

func TestKeepsAcrossReopening(t *testing.T) {
	dir := t.TempDir()
	c := newChain(t, event.Head{})
	evs := seal(t, c, 250)
	s, err := spool.Open(dir, spool.Options{SegmentBytes: 16 << 10})
	require.NoError(t, err)
	for i := 0; i < len(evs); i += 25 {
		require.NoError(t, s.Append(ctx, evs[i:i+25]))
	}
	require.Greater(t, s.Stats().Segments, 3)
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Append(ctx, evs[:1]), spool.ErrClosed)

	s = open(t, dir, spool.Options{SegmentBytes: 16 << 10})
	require.Equal(t, event.HeadOf(&evs[249]), s.Head())
	require.Equal(t, evs, readAll(t, s))
	more := seal(t, newChain(t, s.Head()), 3)
	require.NoError(t, s.Append(ctx, more))
	require.Equal(t, append(evs, more...), readAll(t, s))
}

func TestAppendIsStrictAboutOrder(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	c := newChain(t, event.Head{})
	evs := seal(t, c, 6)
	require.NoError(t, s.Append(ctx, evs[:3]))
	require.NoError(t, s.Append(ctx, evs[:3]), "again is harmless")
	require.NoError(t, s.Append(ctx, evs[1:4]), "overlap is harmless")
	require.ErrorIs(t, s.Append(ctx, evs[5:]), spool.ErrOrder)

	other := evs[4]
	other.ChainID = "else"
	require.ErrorIs(t, s.Append(ctx, []event.Event{other}), spool.ErrOrder)
	forged := evs[3]
	forged.RowHash[0] ^= 1
	require.ErrorIs(t, s.Append(ctx, []event.Event{forged}), spool.ErrOrder)
	unlinked := evs[4]
	unlinked.PrevHash[0] ^= 1
	require.ErrorIs(t, s.Append(ctx, []event.Event{unlinked}), spool.ErrOrder)
	require.NoError(t, s.Append(ctx, nil))
	require.Equal(t, evs[:4], readAll(t, s))
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, spool.Options{})
	_, err := spool.Open(dir, spool.Options{})
	require.ErrorIs(t, err, spool.ErrLocked)
}

func TestCursorsAreDurableAndIndependent(t *testing.T) {
	dir := t.TempDir()
	evs := seal(t, newChain(t, event.Head{}), 20)
	s, err := spool.Open(dir, spool.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, evs))
	a, err := s.Consumer("sqlite")
	require.NoError(t, err)
	b, err := s.Consumer("kafka")
	require.NoError(t, err)
	_, err = s.Consumer("../x")
	require.Error(t, err)

	got, err := a.Read(ctx, 8)
	require.NoError(t, err)
	require.Equal(t, evs[:8], got)
	again, err := a.Read(ctx, 8)
	require.NoError(t, err)
	require.Equal(t, got, again, "not acknowledged, so read again")
	require.NoError(t, a.Ack(8))
	require.NoError(t, a.Ack(3), "going back is harmless")
	require.ErrorIs(t, a.Ack(21), spool.ErrOrder)
	got, err = b.Read(ctx, 100)
	require.NoError(t, err)
	require.Equal(t, evs, got)
	require.NoError(t, s.Close())

	s = open(t, dir, spool.Options{})
	a, err = s.Consumer("sqlite")
	require.NoError(t, err)
	require.Equal(t, uint64(8), a.Acked())
	got, err = a.Read(ctx, 100)
	require.NoError(t, err)
	require.Equal(t, evs[8:], got)
	require.Equal(t, map[string]uint64{"sqlite": 12, "kafka": 20}, s.Stats().Lag)
	require.NoError(t, s.Forget("kafka"))
	require.NoError(t, s.Forget("kafka"))
	require.Equal(t, map[string]uint64{"sqlite": 12}, s.Stats().Lag)
}

func TestReadWaitsForEvents(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	cur, err := s.Consumer("c")
	require.NoError(t, err)
	evs := seal(t, newChain(t, event.Head{}), 2)
	got := make(chan []event.Event)
	go func() {
		e, err := cur.Read(ctx, 10)
		if err != nil {
			t.Error(err)
		}
		got <- e
	}()
	require.NoError(t, s.Append(ctx, evs))
	require.NotEmpty(t, <-got)

	require.NoError(t, cur.Ack(2))
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	_, err = cur.Read(stopped, 10)
	require.ErrorIs(t, err, context.Canceled)
	errs := make(chan error)
	go func() { _, err := cur.Read(ctx, 10); errs <- err }()
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-errs, spool.ErrClosed)
}

// lastSegment returns the path and content of the newest segment.
func lastSegment(t *testing.T, dir string) (string, []byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	slices.Sort(paths)
	path := paths[len(paths)-1]
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, b
}

// TestTornAtEveryByte cuts, zeroes and overwrites the last, unacknowledged
// write at each of its bytes: what came before must stay, and the chain goes on.
func TestTornAtEveryByte(t *testing.T) {
	src := t.TempDir()
	s, err := spool.Open(src, spool.Options{})
	require.NoError(t, err)
	evs := seal(t, newChain(t, event.Head{}), 6)
	require.NoError(t, s.Append(ctx, evs[:2]))
	require.NoError(t, s.Append(ctx, evs[2:3]))
	_, before := lastSegment(t, src)
	require.NoError(t, s.Append(ctx, evs[3:]))
	path, after := lastSegment(t, src)
	require.NoError(t, s.Close())

	for name, tear := range map[string]func(b []byte, at int) []byte{
		"cut":     func(b []byte, at int) []byte { return b[:at] },
		"zeroed":  func(b []byte, at int) []byte { clear(b[at:]); return b },
		"garbage": func(b []byte, at int) []byte { b[at] ^= 0x40; return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for at := len(before); at < len(after); at += map[bool]int{true: 1, false: 13}[name == "cut"] {
				require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), tear(bytes.Clone(after), at), 0o600))
				var alarms []spool.Alarm
				s, err := spool.Open(dir, spool.Options{Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }})
				require.NoError(t, err, "byte %d", at)
				require.Empty(t, alarms, "byte %d: a torn write is no damage", at)
				held := readAll(t, s)
				require.GreaterOrEqual(t, len(held), 3, "byte %d", at)
				require.Equal(t, evs[:len(held)], held, "byte %d", at)
				next := seal(t, newChain(t, s.Head()), 1)
				require.NoError(t, s.Append(ctx, next), "byte %d", at)
				require.Equal(t, append(held, next...), readAll(t, s))
				require.NoError(t, s.Close())
			}
		})
	}
}

// TestTornHeader covers a crash while a new segment was being begun.
func TestTornHeader(t *testing.T) {
	for cut := range spool.HeaderSize {
		dir := t.TempDir()
		evs := seal(t, newChain(t, event.Head{}), 4)
		s, err := spool.Open(dir, spool.Options{SegmentBytes: 1})
		require.NoError(t, err)
		require.NoError(t, s.Append(ctx, evs[:2]))
		require.NoError(t, s.Append(ctx, evs[2:]))
		require.NoError(t, s.Close())
		path, b := lastSegment(t, dir)
		require.NoError(t, os.WriteFile(path, b[:cut], 0o600))
		s = open(t, dir, spool.Options{})
		require.Equal(t, evs[:2], readAll(t, s))
		require.NoError(t, s.Append(ctx, evs[2:]))
	}
}

// TestRotInAcknowledgedEvents: bytes that were acknowledged and went bad are no
// torn write. What is whole stays, the numbers go on, and a person is told.
func TestRotInAcknowledgedEvents(t *testing.T) {
	for _, which := range []string{"last segment", "earlier segment", "its header"} {
		t.Run(which, func(t *testing.T) {
			dir := t.TempDir()
			o := spool.Options{}
			if which != "last segment" {
				o.SegmentBytes = 2000
			}
			s, err := spool.Open(dir, o)
			require.NoError(t, err)
			evs := seal(t, newChain(t, event.Head{}), 12)
			for i := range evs {
				require.NoError(t, s.Append(ctx, evs[i:i+1]))
			}
			require.NoError(t, s.Close())
			paths, err := filepath.Glob(filepath.Join(dir, "*.seg"))
			require.NoError(t, err)
			slices.Sort(paths)
			b, err := os.ReadFile(paths[0])
			require.NoError(t, err)
			at := spool.HeaderSize + spool.FrameHead + 5
			if which == "its header" {
				at = 3
			}
			b[at] ^= 0xff
			require.NoError(t, os.WriteFile(paths[0], b, 0o600))

			var alarms []spool.Alarm
			s = open(t, dir, spool.Options{Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }})
			require.Equal(t, event.HeadOf(&evs[11]), s.Head(), "the chain goes on where it ended")
			cur, err := s.Consumer("c")
			require.NoError(t, err)
			got, err := cur.Read(ctx, 100)
			require.NoError(t, err)
			want := evs
			if which != "its header" {
				want = evs[1:]
			}
			require.Equal(t, want, got)
			require.NotEmpty(t, alarms)
			require.Equal(t, spool.AlarmDamaged, alarms[0].Kind)
		})
	}
}

func TestBoundKeepsWhatIsUnacknowledged(t *testing.T) {
	dir := t.TempDir()
	var alarms []spool.Alarm
	s := open(t, dir, spool.Options{SegmentBytes: 4 << 10, MaxBytes: 20 << 10, Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }})
	cur, err := s.Consumer("store")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	var stored []event.Event
	var full error
	for full == nil {
		e := seal(t, c, 1)
		if full = s.Append(ctx, e); full == nil {
			stored = append(stored, e...)
		}
		require.Less(t, len(stored), 1000, "the bound was never met")
	}
	require.ErrorIs(t, full, spool.ErrFull)
	require.Equal(t, stored, readAll(t, s), "nothing unacknowledged was given up")
	require.LessOrEqual(t, s.Stats().Bytes, int64(20<<10))
	require.True(t, s.Stats().Full)
	require.Len(t, alarms, 1)

	require.NoError(t, c.Rewind(s.Head()))
	require.ErrorIs(t, s.Append(ctx, seal(t, c, 1)), spool.ErrFull)
	require.Len(t, alarms, 1, "one state, one alarm")

	require.NoError(t, cur.Ack(uint64(len(stored)/2)))
	require.NoError(t, c.Rewind(s.Head()))
	require.NoError(t, s.Append(ctx, seal(t, c, 1)), "acknowledged segments make room")
	require.Len(t, alarms, 2)
	require.True(t, alarms[1].Cleared)
	got, err := cur.Read(ctx, 1000)
	require.NoError(t, err)
	require.Equal(t, uint64(len(stored)/2+1), got[0].Seq)
	require.ErrorIs(t, s.Replay(ctx, 1, 5, func([]event.Event) error { return nil }), spool.ErrTrimmed)
}

func TestAgeBound(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	o := spool.Options{SegmentBytes: 1, MaxAge: time.Hour, Now: func() time.Time { return now }}
	s, err := spool.Open(dir, o)
	require.NoError(t, err)
	cur, err := s.Consumer("c")
	require.NoError(t, err)
	c := newChain(t, event.Head{})
	for range 4 {
		require.NoError(t, s.Append(ctx, seal(t, c, 1)))
		now = now.Add(40 * time.Minute)
	}
	require.NoError(t, s.Enforce())
	require.Equal(t, 4, s.Stats().Segments, "old, but nobody has them yet")
	require.NoError(t, cur.Ack(4))
	require.Equal(t, uint64(3), s.Stats().Oldest)
	now = now.Add(1000 * time.Hour)
	require.NoError(t, s.Enforce())
	require.Equal(t, uint64(4), s.Stats().Oldest, "the last event stays: the chain goes on from it")
	head := s.Head()
	require.NoError(t, s.Close())
	s = open(t, dir, o)
	require.Equal(t, head, s.Head())
}

// smallDisk mounts a file system of a few pages, so that the disk really fills.
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

func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, "128k")
	var alarms []spool.Alarm
	s := open(t, filepath.Join(dir, "spool"), spool.Options{SegmentBytes: 16 << 10, Alarm: func(a spool.Alarm) { alarms = append(alarms, a) }})
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 60<<10), 0o600))
	c := newChain(t, event.Head{})
	j, err := spool.NewJournal(c, s, spool.JournalOptions{})
	require.NoError(t, err)
	defer j.Close()
	var stored []event.Event
	for {
		evs, err := j.Record(ctx, event.Event{Kind: event.KindMatch}, event.Event{Kind: event.KindMatch})
		if err != nil {
			require.ErrorIs(t, err, unix.ENOSPC)
			break
		}
		stored = append(stored, evs...)
		require.Less(t, len(stored), 5000)
	}
	require.NotEmpty(t, stored)
	require.Equal(t, stored, readAll(t, s), "what was stored stays readable")
	require.Equal(t, spool.AlarmDisk, alarms[0].Kind)
	_, err = j.Record(ctx, event.Event{Kind: event.KindMatch})
	require.ErrorIs(t, err, unix.ENOSPC)
	require.Len(t, alarms, 1)

	require.NoError(t, os.Remove(ballast))
	evs, err := j.Record(ctx, event.Event{Kind: event.KindMatch})
	require.NoError(t, err, "it goes on once there is room, without a restart")
	require.Equal(t, stored[len(stored)-1].Seq+1, evs[0].Seq, "no number is lost or used twice")
	require.Equal(t, append(stored, evs...), readAll(t, s))
	require.True(t, alarms[1].Cleared)
}

func TestJournalSharesSyncsAndKeepsOrder(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	j, err := spool.NewJournal(newChain(t, event.Head{}), s, spool.JournalOptions{Linger: spool.MaxLinger})
	require.NoError(t, err)
	const workers, each = 16, 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	byID := map[string]event.Event{}
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				evs, err := j.Record(ctx, event.Event{Kind: event.KindMatch, CameraID: fmt.Sprint(w), ZoneVersion: uint32(i + 1)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				byID[evs[0].ID] = evs[0]
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.NoError(t, j.Close())
	all := readAll(t, s)
	require.Len(t, all, workers*each)
	for _, e := range all {
		require.Equal(t, byID[e.ID], e, "what was answered is what was stored")
	}
	_, err = j.Record(ctx, event.Event{Kind: event.KindMatch})
	require.ErrorIs(t, err, spool.ErrClosed)
}

func TestJournalRefusesOneCallAlone(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	j, err := spool.NewJournal(newChain(t, event.Head{}), s, spool.JournalOptions{Linger: spool.MaxLinger})
	require.NoError(t, err)
	defer j.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i%2 == 0 {
				_, err := j.Record(ctx, event.Event{Kind: event.KindMatch}, event.Event{Kind: event.KindMatch, CameraID: "\xff"})
				if !errors.Is(err, event.ErrInvalid) {
					t.Errorf("got %v", err)
				}
				return
			}
			if _, err := j.Record(ctx, event.Event{Kind: event.KindMatch}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, readAll(t, s), 10)
}

func TestJournalRefusesForeignSpool(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	require.NoError(t, s.Append(ctx, seal(t, newChain(t, event.Head{}), 1)))
	other, err := event.NewChain(event.ChainConfig{ID: "other", Key: key})
	require.NoError(t, err)
	_, err = spool.NewJournal(other, s, spool.JournalOptions{})
	require.ErrorIs(t, err, event.ErrChain)
}

func TestBrokenCursorStartsOver(t *testing.T) {
	dir := t.TempDir()
	s, err := spool.Open(dir, spool.Options{})
	require.NoError(t, err)
	evs := seal(t, newChain(t, event.Head{}), 3)
	require.NoError(t, s.Append(ctx, evs))
	cur, err := s.Consumer("c")
	require.NoError(t, err)
	require.NoError(t, cur.Ack(2))
	require.NoError(t, s.Close())
	path := filepath.Join(dir, "cursors", "c")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(b), "2\n"))
	b[0] = '3'
	require.NoError(t, os.WriteFile(path, b, 0o600))
	s = open(t, dir, spool.Options{})
	cur, err = s.Consumer("c")
	require.NoError(t, err)
	require.Zero(t, cur.Acked())
}
