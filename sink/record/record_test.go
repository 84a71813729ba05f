package record_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink"
	"bystander/sink/record"
)

var ctx = context.Background()

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 5, 1, 23, 59, 50, 0, time.UTC)

const step = 40 * time.Millisecond

// film encodes n moving pictures with a key picture every 25.
func film(t testing.TB, size frame.Size, n int) []*sink.Packet {
	t.Helper()
	enc, err := av.NewEncoder(av.EncoderConfig{Size: size, TimeBase: frame.Rational{Num: 1, Den: 1000}, FrameRate: frame.Rational{Num: 25, Den: 1}, Profile: "baseline"})
	require.NoError(t, err)
	defer enc.Close()
	p := frame.PlanesOver(make([]byte, size.Bytes()), size)
	var out []*sink.Packet
	for i := range n {
		for y := range size.H {
			for x := range size.W {
				p.Y[y*p.StrideY+x] = byte(x + 2*y + 9*i)
			}
		}
		pk, err := enc.Encode(p, int64(i)*40, i%25 == 0)
		require.NoError(t, err)
		require.Len(t, pk, 1)
		at := time.Duration(i) * step
		out = append(out, &sink.Packet{
			Data: append([]byte(nil), pk[0].Data...), PTS: at, Captured: start.Add(at), Key: pk[0].Key,
			FullMask: i%10 == 0, Size: size, Seq: uint64(i),
		})
	}
	return out
}

var small = frame.Size{W: 160, H: 120}

// alarms collects what a recorder has to tell.
type alarms struct {
	mu   sync.Mutex
	list []record.Alarm
}

func (a *alarms) add(x record.Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, x)
}

func (a *alarms) kinds() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var s []string
	for _, x := range a.list {
		k := string(x.Kind)
		if x.Cleared {
			k += " over"
		}
		s = append(s, k)
	}
	return strings.Join(s, ", ")
}

func open(t testing.TB, cfg record.Config) *record.Recorder {
	t.Helper()
	if cfg.Limits.MinFree == 0 {
		cfg.Limits.MinFree = -1
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return start.Add(time.Minute) }
	}
	if cfg.Queue == 0 {
		cfg.Queue = 10000
	}
	r, err := record.Open(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func write(t testing.TB, r *record.Recorder, packets []*sink.Packet) {
	t.Helper()
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	for _, p := range packets {
		require.NoError(t, s.WritePacket(p))
	}
	require.NoError(t, s.Close())
}

func list(t testing.TB, r *record.Recorder) []record.Recording {
	t.Helper()
	l, err := r.List(ctx, "cam-1", time.Time{}, time.Time{}, 0)
	require.NoError(t, err)
	for i, j := 0, len(l)-1; i < j; i, j = i+1, j-1 {
		l[i], l[j] = l[j], l[i]
	}
	return l
}

// probed is what ffprobe says of a file after decoding all of it.
type probed struct {
	Frames   int
	Duration float64
	Log      string
}

func probe(t testing.TB, path string) probed {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,duration:format=duration", "-of", "json", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var v struct {
		Streams []struct {
			N string `json:"nb_read_frames"`
		}
		Format struct{ Duration string }
	}
	at := strings.IndexByte(string(out), '{')
	require.NoError(t, json.Unmarshal(out[at:], &v), "%s", out)
	require.Len(t, v.Streams, 1)
	n, err := strconv.Atoi(v.Streams[0].N)
	require.NoError(t, err)
	d, err := strconv.ParseFloat(v.Format.Duration, 64)
	require.NoError(t, err, "%s", out)
	return probed{n, d, strings.TrimSpace(string(out[:at]))}
}

func TestSegmentsPlay(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir, Segment: 4 * time.Second})
	packets := film(t, small, 250)
	write(t, r, packets)
	l := list(t, r)
	require.Len(t, l, 3)
	frames, full := 0, 0
	for i, rec := range l {
		path := filepath.Join(dir, rec.Path)
		p := probe(t, path)
		require.Empty(t, p.Log, "ffprobe complains")
		require.Equal(t, int(rec.Frames), p.Frames)
		require.InDelta(t, rec.Length.Seconds(), p.Duration, 0.002)
		require.Equal(t, []time.Duration{4 * time.Second, 4 * time.Second, 2 * time.Second}[i], rec.Length)
		require.Equal(t, start.Add(time.Duration(i)*4*time.Second), rec.Start)
		require.False(t, rec.Open)
		require.Equal(t, small, rec.Size)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, b, int(rec.Bytes))
		sum := sha256.Sum256(b)
		require.Equal(t, hex.EncodeToString(sum[:]), rec.SHA256)
		frames, full = frames+int(rec.Frames), full+int(rec.FullMask)
		require.True(t, strings.HasPrefix(rec.Path, "cam-1/"+rec.Start.Format(time.DateOnly)+"/"), rec.Path)
		seek, err := exec.Command("ffmpeg", "-v", "error", "-ss", "1.5", "-i", path, "-f", "null", "-").CombinedOutput()
		require.NoError(t, err)
		require.Empty(t, string(seek), "seeking")
	}
	require.Equal(t, 250, frames)
	require.Equal(t, 25, full)
	require.Contains(t, l[2].Path, "/235958.000Z-record-", "named by time")

	f, err := r.Open(ctx, l[1].ID)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, f)
	require.NoError(t, err)
	require.Equal(t, l[1].Bytes, n)
	require.NoError(t, f.Close())
	_, err = r.Open(ctx, "nothing")
	require.ErrorIs(t, err, record.ErrUnknown)

	between, err := r.List(ctx, "cam-1", start.Add(4*time.Second), start.Add(5*time.Second), 0)
	require.NoError(t, err)
	require.Len(t, between, 1)
	require.Equal(t, l[1].ID, between[0].ID)
	none, err := r.List(ctx, "cam-2", time.Time{}, time.Time{}, 0)
	require.NoError(t, err)
	require.Empty(t, none)
}

// TestExactTimes compares the file's time stamps with the packets'.
func TestExactTimes(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir})
	packets := film(t, small, 60)
	at := time.Duration(0)
	for i, p := range packets { // a rate that no common unit divides
		p.PTS, p.Captured = at, start.Add(at)
		at += 33366700*time.Nanosecond + time.Duration(i%7)*time.Millisecond
	}
	write(t, r, packets)
	l := list(t, r)
	require.Len(t, l, 1)
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "packet=pts", "-of", "csv=p=0", filepath.Join(dir, l[0].Path)).Output()
	require.NoError(t, err)
	lines := strings.Fields(string(out))
	require.Len(t, lines, 60)
	for i, line := range lines {
		pts, err := strconv.ParseInt(strings.Trim(line, ","), 10, 64)
		require.NoError(t, err)
		require.Equal(t, record.TicksOf(packets[i].PTS), pts)
	}
}

// TestReconnectGoesOn: a camera that was gone for three seconds and comes back
// alike goes on in its file; other parameters, a long gap and a wall clock that
// was set begin another.
func TestReconnectGoesOn(t *testing.T) {
	shift := func(p []*sink.Packet, from int, pts, wall time.Duration) {
		for _, x := range p[from:] {
			x.PTS, x.Captured = x.PTS+pts, x.Captured.Add(wall)
		}
	}
	other := film(t, frame.Size{W: 320, H: 240}, 50)
	shift(other, 0, 2*time.Second, 2*time.Second)
	for name, tc := range map[string]struct {
		packets func() []*sink.Packet
		files   int
		lengths []time.Duration
	}{
		"short gap": {func() []*sink.Packet {
			p := film(t, small, 100)
			shift(p, 50, 3*time.Second, 3*time.Second)
			return p
		}, 1, []time.Duration{7 * time.Second}},
		"long gap": {func() []*sink.Packet {
			p := film(t, small, 100)
			shift(p, 50, 30*time.Second, 30*time.Second)
			return p
		}, 2, []time.Duration{2 * time.Second, 2 * time.Second}},
		"clock set": {func() []*sink.Packet {
			p := film(t, small, 100)
			shift(p, 50, 0, time.Hour)
			return p
		}, 2, []time.Duration{2 * time.Second, 2 * time.Second}},
		"size change":                 {func() []*sink.Packet { return append(film(t, small, 50), other...) }, 2, []time.Duration{2 * time.Second, 2 * time.Second}},
		"begins between key pictures": {func() []*sink.Packet { return film(t, small, 50)[10:] }, 1, []time.Duration{time.Second}},
		"time goes back": {func() []*sink.Packet {
			p := film(t, small, 50)
			return append(p, p[25:]...)
		}, 1, []time.Duration{2 * time.Second}},
		"one picture":    {func() []*sink.Packet { return film(t, small, 1) }, 1, []time.Duration{40 * time.Millisecond}},
		"no key picture": {func() []*sink.Packet { return film(t, small, 20)[1:] }, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := open(t, record.Config{Dir: dir})
			write(t, r, tc.packets())
			l := list(t, r)
			require.Len(t, l, tc.files)
			for i, rec := range l {
				require.Equal(t, tc.lengths[i], rec.Length)
				p := probe(t, filepath.Join(dir, rec.Path))
				require.Empty(t, p.Log)
				require.Equal(t, int(rec.Frames), p.Frames)
				require.InDelta(t, rec.Length.Seconds(), p.Duration, 0.002)
			}
		})
	}
}

// recordPart leaves a file as a crash in mid-segment leaves it: its bytes while
// it was being written, and the index as it was then.
func recordPart(t *testing.T, dir string) (part string, content []byte, frames int64) {
	t.Helper()
	r, err := record.Open(ctx, record.Config{Dir: dir, Queue: 10000, Limits: record.Limits{MinFree: -1}, Now: func() time.Time { return start.Add(time.Minute) }})
	require.NoError(t, err)
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	for _, p := range film(t, small, 90) {
		require.NoError(t, s.WritePacket(p))
	}
	require.Eventually(t, func() bool {
		l := list(t, r)
		return len(l) == 1 && l[0].Frames == 75
	}, 10*time.Second, 5*time.Millisecond)
	live := list(t, r)[0]
	require.True(t, live.Open)
	f, err := r.Open(ctx, live.ID) // a recording can be watched while it grows
	require.NoError(t, err)
	content, err = io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Len(t, content, int(live.Bytes))
	for _, name := range []string{"index.db", "index.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".then"), b, 0o600))
	}
	require.NoError(t, r.Close())
	part = filepath.Join(dir, live.Path)
	require.NoError(t, os.Remove(part))
	for _, name := range []string{"index.db", "index.db-wal"} {
		require.NoError(t, os.Rename(filepath.Join(dir, name+".then"), filepath.Join(dir, name)))
	}
	return part, content, live.Frames
}

// TestCrash finishes a segment cut anywhere: it plays to its last fragment.
func TestCrash(t *testing.T) {
	for name, withIndex := range map[string]bool{"with index": true, "index lost": false} {
		t.Run(name, func(t *testing.T) {
			src := t.TempDir()
			path, whole, _ := recordPart(t, src)
			rel, err := filepath.Rel(src, path)
			require.NoError(t, err)
			index, err := os.ReadFile(filepath.Join(src, "index.db"))
			require.NoError(t, err)
			wal, err := os.ReadFile(filepath.Join(src, "index.db-wal"))
			require.NoError(t, err)
			last := int64(0)
			for i, cut := range []int{len(whole), len(whole) - 1, len(whole) / 2, 2500, 700, 0} {
				dir := t.TempDir()
				if withIndex {
					require.NoError(t, os.WriteFile(filepath.Join(dir, "index.db"), index, 0o600))
					require.NoError(t, os.WriteFile(filepath.Join(dir, "index.db-wal"), wal, 0o600))
				}
				p := filepath.Join(dir, rel)
				require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o700))
				torn := append([]byte(nil), whole[:cut]...)
				if i%2 == 1 {
					torn = append(torn, make([]byte, 3000)...) // room that the file system gave and never filled
				}
				require.NoError(t, os.WriteFile(p+".part", torn, 0o600))
				r := open(t, record.Config{Dir: dir})
				l := list(t, r)
				if len(l) == 0 {
					require.Less(t, cut, len(whole)/2, "nothing was kept of %d bytes", cut)
					require.NoFileExists(t, p+".part")
					continue
				}
				require.Len(t, l, 1)
				require.True(t, l[0].Restored)
				require.False(t, l[0].Open)
				require.Equal(t, start, l[0].Start)
				require.Equal(t, "record", l[0].Rule)
				require.Zero(t, l[0].Frames%25, "whole fragments only")
				require.Equal(t, (l[0].Frames+9)/10, l[0].FullMask)
				require.NoFileExists(t, p+".part")
				got := probe(t, filepath.Join(dir, l[0].Path))
				require.Empty(t, got.Log)
				require.Equal(t, int(l[0].Frames), got.Frames)
				require.InDelta(t, l[0].Length.Seconds(), got.Duration, 0.002)
				if i == 0 {
					require.Equal(t, int64(75), l[0].Frames)
				}
				if i > 0 {
					require.LessOrEqual(t, l[0].Frames, last)
				}
				last = l[0].Frames
			}
		})
	}
}

// TestDamageInTheMiddle: a fragment that went bad ends the file before it.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	path, whole, _ := recordPart(t, dir)
	whole[len(whole)-100] ^= 1
	require.NoError(t, os.WriteFile(path+".part", whole, 0o600))
	r := open(t, record.Config{Dir: dir})
	l := list(t, r)
	require.Len(t, l, 1)
	require.Equal(t, int64(50), l[0].Frames)
	p := probe(t, filepath.Join(dir, l[0].Path))
	require.Empty(t, p.Log)
	require.Equal(t, 50, p.Frames)
}

func TestSlowDiskDropsWholeGroups(t *testing.T) {
	r := open(t, record.Config{Dir: t.TempDir(), Queue: 1})
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	var behind, after int
	for _, p := range film(t, small, 200) {
		if err := s.WritePacket(p); err != nil {
			require.ErrorIs(t, err, record.ErrBehind)
			behind++
		} else if behind > 0 && !p.Key {
			after++
		}
	}
	require.NoError(t, s.Close())
	require.Positive(t, behind, "a queue of one kept up with a burst")
	require.GreaterOrEqual(t, s.Stats().Dropped, uint64(behind))
	require.ErrorIs(t, s.WritePacket(&sink.Packet{}), record.ErrClosed)
	for _, rec := range list(t, r) {
		f, err := r.Open(ctx, rec.ID)
		require.NoError(t, err)
		name := f.Recording.Path
		require.NoError(t, f.Close())
		require.NotEmpty(t, name)
	}
}

func TestNames(t *testing.T) {
	r := open(t, record.Config{Dir: t.TempDir()})
	for _, bad := range []string{"", "..", "a/b", ".hidden", "a b", strings.Repeat("x", 65)} {
		_, err := r.Stream(bad, "record")
		require.ErrorIs(t, err, record.ErrCamera, bad)
		_, err = r.Stream("cam", bad)
		require.ErrorIs(t, err, record.ErrCamera, bad)
	}
	s, err := r.Stream("cam", "record")
	require.NoError(t, err)
	_, err = r.Stream("cam", "record")
	require.ErrorIs(t, err, record.ErrBusy)
	require.NoError(t, s.Close())
	s, err = r.Stream("cam", "record")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.ErrorIs(t, s.WritePacket(&sink.Packet{}), record.ErrClosed)
	_, err = r.Stream("cam", "record")
	require.ErrorIs(t, err, record.ErrClosed)
}

func BenchmarkWrite(b *testing.B) {
	packets := film(b, small, 50)
	r := open(b, record.Config{Dir: b.TempDir()})
	s, err := r.Stream("cam-1", "record")
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		p := *packets[i%50]
		p.PTS = time.Duration(i) * step
		p.Captured = start.Add(p.PTS)
		for s.WritePacket(&p) != nil {
		}
	}
	require.NoError(b, s.Close())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}
