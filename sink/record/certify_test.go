package record_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/sink"
	"bystander/sink/record"
)

// notary certifies with a line of text, and keeps what it was asked.
type notary struct {
	mu   sync.Mutex
	err  error
	made []record.Recording
	told []string
}

func (n *notary) Certify(rec *record.Recording) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return nil, n.err
	}
	n.made = append(n.made, *rec)
	return fmt.Appendf(nil, "%s %s\n", rec.ID, rec.SHA256), nil
}

func (n *notary) Certified(rec *record.Recording, b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, rec.ID+": "+strings.TrimSpace(string(b)))
}

const receiptSuffix = ".receipt.json"

// tallied gives each picture a face, every fifth a clear one, and makes every
// tenth, which film masks as a whole, a fault at even tens.
func tallied(packets []*sink.Packet) []*sink.Packet {
	for i, p := range packets {
		p.Seq = uint64(1000 + 2*i)
		p.Tally = sink.Tally{Faces: 2, Masked: 2, Fault: i%20 == 0}
		if i%5 == 1 {
			p.Tally.Masked, p.Tally.Clear = 1, 1
		}
	}
	return packets
}

func TestEachSegmentIsCertified(t *testing.T) {
	dir := t.TempDir()
	n := &notary{}
	r := open(t, record.Config{Dir: dir, Segment: 2 * time.Second, Certifier: n})
	write(t, r, tallied(film(t, small, 120)))
	l := list(t, r)
	require.Len(t, l, 3)
	require.Len(t, n.made, 3)
	for i, rec := range l {
		made := n.made[i]
		want := record.Tally{
			Known: true, First: uint64(1000 + 100*i), Last: uint64(1000 + 100*i + 98),
			Faces: 100, Masked: 90, Clear: 10, Fault: []int64{3, 2, 1}[i],
		}
		if i == 2 {
			want.Last, want.Faces, want.Masked, want.Clear = 1238, 40, 36, 4
		}
		require.Equal(t, want, made.Tally)
		made.Tally = record.Tally{}
		require.Equal(t, rec, made)
		path := filepath.Join(dir, rec.Path)
		b, err := os.ReadFile(path + receiptSuffix)
		require.NoError(t, err)
		require.Equal(t, rec.ID+" "+rec.SHA256+"\n", string(b))
		require.Equal(t, rec.ID+": "+strings.TrimSpace(string(b)), n.told[i])
		require.NoFileExists(t, path+receiptSuffix+".part")

		f, err := os.Open(path)
		require.NoError(t, err)
		in, err := record.Inspect(f, rec.Bytes)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.Equal(t, record.Inspection{
			Frames: rec.Frames, Noted: rec.Frames, FullMask: rec.FullMask, Tally: want, Start: rec.Start, Length: rec.Length, Whole: true,
		}, in)
	}
}

// TestReceiptsGoWithTheirSegments: disposal leaves neither receipt nor folder.
func TestReceiptsGoWithTheirSegments(t *testing.T) {
	dir := t.TempDir()
	var later atomic.Int64
	clock := func() time.Time { return start.Add(time.Duration(later.Load())) }
	r := open(t, record.Config{
		Dir: dir, Segment: time.Second, Certifier: &notary{}, Now: clock, Limits: record.Limits{MaxAge: time.Hour, MaxBytes: 1 << 40},
	})
	write(t, r, film(t, small, 50))
	l := list(t, r)
	require.Len(t, l, 2)
	path := filepath.Join(dir, l[0].Path)
	require.FileExists(t, path+receiptSuffix)
	require.NoError(t, os.WriteFile(path+receiptSuffix+".part", []byte("of a crash"), 0o600))
	later.Store(int64(3 * time.Hour))
	rep, err := r.Enforce(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, rep.ByAge)
	require.NoDirExists(t, filepath.Dir(path))
}

// TestRestoredSegmentsAreCertified: what a crash left behind is finished with
// its counts, which the file itself holds.
func TestRestoredSegmentsAreCertified(t *testing.T) {
	dir := t.TempDir()
	path, whole, _ := recordPart(t, dir)
	require.NoError(t, os.WriteFile(path+".part", whole[:len(whole)-10], 0o600))
	n := &notary{}
	r := open(t, record.Config{Dir: dir, Certifier: n})
	require.Len(t, n.made, 1)
	require.True(t, n.made[0].Restored)
	require.Equal(t, int64(50), n.made[0].Frames)
	require.Equal(t, record.Tally{Known: true, First: 0, Last: 49}, n.made[0].Tally)
	require.FileExists(t, filepath.Join(dir, list(t, r)[0].Path)+receiptSuffix)
}

// reopened records a segment with its receipt and turns the index back to when
// the segment was being written, as a crash right after the receipt does.
func reopened(t *testing.T, certifier record.Certifier) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	r, err := record.Open(ctx, record.Config{
		Dir: dir, Queue: 10000, Limits: record.Limits{MinFree: -1}, Certifier: certifier,
		Now: func() time.Time { return start.Add(time.Minute) },
	})
	require.NoError(t, err)
	s, err := r.Stream("cam-1", "record")
	require.NoError(t, err)
	for _, p := range film(t, small, 60) {
		require.NoError(t, s.WritePacket(p))
	}
	require.Eventually(t, func() bool { l := list(t, r); return len(l) == 1 && l[0].Frames == 50 }, 10*time.Second, 5*time.Millisecond)
	path = filepath.Join(dir, list(t, r)[0].Path)
	then := map[string][]byte{}
	for _, name := range []string{"index.db", "index.db-wal"} {
		then[name], err = os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())
	for name, b := range then {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "index.db-shm")))
	return dir, path
}

// TestAReceiptIsNeverReplaced: it may be all that tells that the file was
// altered while nobody watched.
func TestAReceiptIsNeverReplaced(t *testing.T) {
	dir, path := reopened(t, &notary{})
	before, err := os.ReadFile(path + receiptSuffix)
	require.NoError(t, err)
	n := &notary{}
	r := open(t, record.Config{Dir: dir, Certifier: n})
	l := list(t, r)
	require.Len(t, l, 1)
	require.False(t, l[0].Open)
	require.Empty(t, n.made)
	require.Equal(t, []string{l[0].ID + ": " + strings.TrimSpace(string(before))}, n.told, "told again: the first time may have been lost")
	after, err := os.ReadFile(path + receiptSuffix)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// TestUnknownFilesGetNoReceipt: the index does not know them, so nobody can
// vouch for them.
func TestUnknownFilesGetNoReceipt(t *testing.T) {
	dir := t.TempDir()
	b := segment(t)
	path := filepath.Join(dir, "cam-1", "2026-05-01", "235950.000Z-record-00112233aabb.mp4")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, b, 0o600))
	n := &notary{}
	r := open(t, record.Config{Dir: dir, Certifier: n})
	require.Len(t, list(t, r), 1, "it is listed and disposed of like any other")
	require.Empty(t, n.made)
	require.NoFileExists(t, path+receiptSuffix)
}

// TestReceiptsOfLostFilesGo: no receipt outlives its segment and its row.
func TestReceiptsOfLostFilesGo(t *testing.T) {
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir, Certifier: &notary{}})
	write(t, r, film(t, small, 25))
	path := filepath.Join(dir, list(t, r)[0].Path)
	require.NoError(t, r.Close())
	require.NoError(t, os.Remove(path))
	open(t, record.Config{Dir: dir, Certifier: &notary{}})
	require.NoFileExists(t, path+receiptSuffix)
}

// TestRecordingOutlivesItsReceipts: a certifier that fails is told, and the
// recording goes on.
func TestRecordingOutlivesItsReceipts(t *testing.T) {
	dir, a := t.TempDir(), &alarms{}
	r := open(t, record.Config{Dir: dir, Segment: time.Second, Alarm: a.add, Certifier: &notary{err: errors.New("no ink")}})
	write(t, r, film(t, small, 50))
	l := list(t, r)
	require.Len(t, l, 2)
	require.Equal(t, "receipt, receipt", a.kinds())
	require.NoFileExists(t, filepath.Join(dir, l[0].Path)+receiptSuffix)
}

// older rewrites a segment's notes in their first form, which has no tally.
func older(t testing.TB, b []byte) []byte {
	t.Helper()
	const now, then = 86, 54
	var out []byte
	notes := 0
	for i := 0; i < len(b); {
		n := int(binary.BigEndian.Uint32(b[i:]))
		if string(b[i+4:i+8]) == "uuid" {
			require.Equal(t, now, n)
			box := bytes.Clone(b[i : i+then])
			binary.BigEndian.PutUint32(box, then)
			box[24] = 1
			out = append(out, box...)
			notes++
		} else {
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	require.Positive(t, notes)
	return out
}

func TestFilesOfTheFirstForm(t *testing.T) {
	b := older(t, segment(t))
	in, err := record.Inspect(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Equal(t, record.Inspection{Frames: 30, Noted: 30, FullMask: 3, Start: start, Length: 30 * step, Whole: true}, in)
}

// FuzzInspect: a damaged file is told as such, and never counted for more
// pictures than its bytes can hold.
func FuzzInspect(f *testing.F) {
	b := segment(f)
	f.Add(b)
	f.Add(older(f, b))
	f.Add(append(bytes.Clone(b), b...))
	f.Add(b[:len(b)-3])
	f.Add([]byte("\x00\x00\x00\x08ftyp"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := record.Inspect(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, record.ErrNotSegment) {
				t.Fatal(err)
			}
			return
		}
		if in.Frames < 0 || in.Frames > int64(len(b)) {
			t.Fatalf("%d pictures in %d bytes", in.Frames, len(b))
		}
	})
}
