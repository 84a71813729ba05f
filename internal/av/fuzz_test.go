package av_test

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// seedStreams are small real streams of each live codec, as ffmpeg makes them.
func seedStreams(f *testing.F) map[av.Codec][][]byte {
	f.Helper()
	out := map[av.Codec][][]byte{}
	for codec, args := range map[av.Codec][]string{
		av.CodecH264: {"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"},
		av.CodecH265: {"-c:v", "libx265", "-x265-params", "log-level=error:pools=1", "-pix_fmt", "yuv420p"},
		av.CodecVP8:  {"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"},
	} {
		m, err := av.OpenFile(clip(f, "a.mkv", "testsrc2=s=64x64:r=25:d=0.12", args...))
		if err != nil {
			f.Fatal(err)
		}
		extra := m.Info().Extradata
		for {
			p, err := m.ReadPacket()
			if err != nil {
				break
			}
			out[codec] = append(out[codec], append([]byte(nil), p.Data...))
		}
		out[codec] = append(out[codec], extra)
		m.Close()
	}
	return out
}

// FuzzDecoder feeds bytes as packets and as parameter sets. The first byte
// picks the codec, the next two the length of the first packet.
func FuzzDecoder(f *testing.F) {
	codecs := []av.Codec{av.CodecH264, av.CodecH265, av.CodecVP8}
	for i, c := range codecs {
		ps := seedStreams(f)[c]
		for k := range ps {
			b := binary.LittleEndian.AppendUint16([]byte{byte(i)}, uint16(len(ps[0])))
			b = append(append(b, ps[0]...), ps[k]...)
			f.Add(b, ps[len(ps)-1])
		}
	}
	f.Add([]byte{0, 1, 0, 0, 0, 1, 0x67}, []byte{1, 0x42, 0, 0x1e, 0xff, 0xe1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b, extra []byte) {
		if len(b) < 3 {
			return
		}
		d, err := av.NewDecoder(av.DecoderConfig{Codec: codecs[int(b[0])%len(codecs)], Extradata: extra})
		if err != nil {
			return
		}
		defer d.Close()
		cut := min(int(binary.LittleEndian.Uint16(b[1:])), len(b)-3)
		for i, p := range [][]byte{b[3 : 3+cut], b[3+cut:], b[3 : 3+cut]} {
			if err := d.Send(av.Packet{Data: p, PTS: int64(i), DTS: int64(i)}); err != nil && !countable(err) {
				t.Fatal(err)
			}
			takeAll(t, d)
		}
		if err := d.Drain(); err != nil && !countable(err) {
			t.Fatal(err)
		}
		takeAll(t, d)
	})
}

func countable(err error) bool {
	return errors.Is(err, av.ErrCorrupt) || errors.Is(err, av.ErrUnsupported) || errors.Is(err, frame.ErrSize)
}

// takeAll copies every picture that is ready and checks what they promise.
func takeAll(t *testing.T, d *av.Decoder) {
	t.Helper()
	for range 100 {
		p, err := d.Receive()
		if errors.Is(err, av.ErrAgain) || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			if !countable(err) {
				t.Fatal(err)
			}
			continue
		}
		if err := p.Size().Check(); err != nil {
			t.Fatalf("a picture of %v came out", p.Size())
		}
		q := frame.PlanesOver(make([]byte, p.Size().Bytes()), p.Size())
		if err := p.CopyTo(q); err != nil && !countable(err) {
			t.Fatal(err)
		}
	}
	t.Fatal("the decoder does not stop giving pictures or errors")
}

// FuzzOpenFile reads mutated recordings to their end.
func FuzzOpenFile(f *testing.F) {
	for _, r := range []struct {
		name string
		args []string
	}{
		{"a.mp4", []string{"-c:v", "mpeg4"}},
		{"a.mkv", []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}},
		{"a.avi", []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj420p"}},
		{"a.webm", []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"}},
		{"a.ts", []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}},
		{"a.flv", []string{"-c:v", "flv1"}},
	} {
		b, err := os.ReadFile(clip(f, r.name, "testsrc2=s=32x32:r=25:d=0.12", r.args...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := av.OpenFile(path)
		if err != nil {
			return
		}
		defer m.Close()
		if err := m.Info().Size.Check(); err != nil {
			t.Fatal(err)
		}
		d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
		if err != nil {
			return
		}
		defer d.Close()
		for range 200 {
			p, err := m.ReadPacket()
			if err != nil {
				break
			}
			if err := d.Send(p); err != nil && !countable(err) {
				t.Fatal(err)
			}
			takeAll(t, d)
		}
	})
}
