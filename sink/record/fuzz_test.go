package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/stretchr/testify/require"

	"bystander/sink/record"
)

// FuzzSample compares the conversion of access units with mediacommon's.
func FuzzSample(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 4, 5})
	f.Add([]byte{0, 0, 1, 0x41, 0, 0, 0, 0, 1, 0x41, 9})
	f.Add([]byte{0, 0, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got := record.Sample(b)
		var au, want h264.AnnexB
		if au.Unmarshal(b) != nil || !bytes.HasPrefix(bytes.TrimLeft(b, "\x00"), []byte{1}) {
			return // whatever it makes of it, it does not panic
		}
		for _, u := range au {
			u = bytes.TrimRight(u, "\x00")
			if len(u) == 0 {
				continue
			}
			switch h264.NALUType(u[0] & 0x1f) {
			case h264.NALUTypeSPS, h264.NALUTypePPS, h264.NALUTypeAccessUnitDelimiter:
			default:
				want = append(want, u)
			}
		}
		if len(want) == 0 {
			if len(got) != 0 {
				t.Fatalf("%x became %x", b, got)
			}
			return
		}
		avcc, err := h264.AVCC(want).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(avcc, got) {
			t.Fatalf("%x\nwant %x\ngot  %x", b, avcc, got)
		}
	})
}

// segment makes a small whole segment file.
func segment(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	r := open(t, record.Config{Dir: dir})
	write(t, r, film(t, small, 30))
	b, err := os.ReadFile(filepath.Join(dir, list(t, r)[0].Path))
	require.NoError(t, err)
	return b
}

// FuzzScan scans damaged files: it never panics, and never claims more than
// there is.
func FuzzScan(f *testing.F) {
	b := segment(f)
	f.Add(b)
	f.Add(b[:len(b)-1])
	f.Add(b[:900])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, synced, err := record.ScanBytes(b)
		if err != nil {
			if !record.IsTorn(err) {
				t.Fatal(err)
			}
			return
		}
		if synced > int64(len(b)) || frames < 0 {
			t.Fatalf("%d frames in %d of %d bytes", frames, synced, len(b))
		}
	})
}

// TestOtherReaders reads a file with mediacommon's parser, which shares no code
// with the writer of the fragments.
func TestOtherReaders(t *testing.T) {
	b := segment(t)
	var init fmp4.Init
	require.NoError(t, init.Unmarshal(bytes.NewReader(b)))
	require.Len(t, init.Tracks, 1)
	at := bytes.Index(b, []byte("prft")) - 4
	require.Positive(t, at)
	var rest []byte // the fragments, without the boxes that the parser does not know
	for i := at; i < len(b); {
		n := int(b[i])<<24 | int(b[i+1])<<16 | int(b[i+2])<<8 | int(b[i+3])
		if k := string(b[i+4 : i+8]); k == "moof" || k == "mdat" {
			rest = append(rest, b[i:i+n]...)
		}
		i += n
	}
	var parts fmp4.Parts
	require.NoError(t, parts.Unmarshal(rest))
	require.Len(t, parts, 2)
	var next uint64
	for i, p := range parts {
		require.Equal(t, uint32(i+1), p.SequenceNumber)
		require.Equal(t, next, p.Tracks[0].BaseTime)
		require.False(t, p.Tracks[0].Samples[0].IsNonSyncSample)
		for _, s := range p.Tracks[0].Samples {
			next += uint64(s.Duration)
			_, err := s.GetH264()
			require.NoError(t, err)
		}
	}
	require.Equal(t, uint64(30*40*90), next)
}

func TestTicks(t *testing.T) {
	for _, d := range []time.Duration{0, time.Second, 40 * time.Millisecond, time.Second / 3, 30 * 24 * time.Hour, 7777777777777} {
		require.InDelta(t, float64(d), float64(record.FromTicks(record.TicksOf(d))), 6000, "%v", d)
	}
	require.Equal(t, int64(3000), record.TicksOf(time.Second/30))
}
