package av_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// ffmpeg runs the command line tool that every test recording is made with.
func ffmpeg(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-y"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
}

// clip makes a moving test recording and returns its path.
func clip(t testing.TB, name, lavfi string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	ffmpeg(t, append(append([]string{"-f", "lavfi", "-i", lavfi}, args...), path)...)
	return path
}

// picture is a decoded picture in Go memory.
type picture struct {
	planes  frame.Planes
	pts     int64
	colour  frame.Colour
	aspect  frame.Rational
	damaged bool
}

func copyOf(t testing.TB, p *av.Picture) picture {
	t.Helper()
	s := p.Size()
	q := picture{frame.PlanesOver(make([]byte, s.Bytes()), s), p.PTS(), p.Colour(), p.Aspect(), p.Damaged()}
	if err := p.CopyTo(q.planes); err != nil {
		t.Fatal(err)
	}
	return q
}

// receive takes every picture that is ready.
func receive(t testing.TB, d *av.Decoder) (out []picture, bad int) {
	t.Helper()
	for {
		p, err := d.Receive()
		switch {
		case errors.Is(err, av.ErrAgain), errors.Is(err, io.EOF):
			return out, bad
		case errors.Is(err, av.ErrCorrupt), errors.Is(err, frame.ErrSize):
			bad++
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, copyOf(t, p))
		}
	}
}

// decodeFile decodes a whole recording.
func decodeFile(t testing.TB, path string) (av.Info, []picture) {
	t.Helper()
	m, err := av.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []picture
	for {
		p, err := m.ReadPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Send(p); err != nil {
			t.Fatal(err)
		}
		q, bad := receive(t, d)
		if bad > 0 {
			t.Fatalf("%d packets refused", bad)
		}
		out = append(out, q...)
	}
	if err := d.Drain(); err != nil {
		t.Fatal(err)
	}
	q, _ := receive(t, d)
	return m.Info(), append(out, q...)
}

// scene draws a smooth moving picture that every codec keeps well.
func scene(s frame.Size, n int) frame.Planes {
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	for y := range s.H {
		for x := range s.W {
			p.Y[y*p.StrideY+x] = byte(126 + 80*math.Sin(float64(x+3*n)/17)*math.Cos(float64(y-n)/11))
		}
	}
	c := s.Chroma()
	for y := range c.H {
		for x := range c.W {
			p.U[y*p.StrideC+x] = byte(128 + 60*math.Sin(float64(x-n)/23))
			p.V[y*p.StrideC+x] = byte(128 + 60*math.Cos(float64(y+2*n)/19))
		}
	}
	return p
}

// psnr compares all samples of two pictures of one size; +Inf when equal.
func psnr(a, b frame.Planes) float64 {
	var sum, n float64
	plane := func(p, q []byte, ps, qs, w, h int) {
		for y := range h {
			for x := range w {
				d := float64(p[y*ps+x]) - float64(q[y*qs+x])
				sum += d * d
			}
		}
		n += float64(w * h)
	}
	c := a.Chroma()
	plane(a.Y, b.Y, a.StrideY, b.StrideY, a.W, a.H)
	plane(a.U, b.U, a.StrideC, b.StrideC, c.W, c.H)
	plane(a.V, b.V, a.StrideC, b.StrideC, c.W, c.H)
	return 10 * math.Log10(255*255/(sum/n))
}

func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  av.EncoderConfig
		min  float64
	}{
		{"h264", av.EncoderConfig{Size: frame.Size{W: 320, H: 240}}, 38},
		{"h264 baseline", av.EncoderConfig{Size: frame.Size{W: 320, H: 240}, Profile: "baseline", Bitrate: 1_000_000}, 35},
		{"h264 lossless", av.EncoderConfig{Size: frame.Size{W: 322, H: 242}, Lossless: true}, math.Inf(1)},
		{"h264 odd", av.EncoderConfig{Size: frame.Size{W: 321, H: 241}}, 38},
		{"h264 odd lossless", av.EncoderConfig{Size: frame.Size{W: 321, H: 241}, Lossless: true}, 50},
		{"vp8", av.EncoderConfig{Codec: av.CodecVP8, Size: frame.Size{W: 320, H: 240}}, 33},
		{"vp8 odd", av.EncoderConfig{Codec: av.CodecVP8, Size: frame.Size{W: 321, H: 241}}, 33},
		{"vp9", av.EncoderConfig{Codec: av.CodecVP9, Size: frame.Size{W: 320, H: 240}}, 33},
		{"vp9 lossless odd", av.EncoderConfig{Codec: av.CodecVP9, Size: frame.Size{W: 161, H: 121}, Lossless: true}, math.Inf(1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.cfg.TimeBase = frame.Rational{Num: 1, Den: 90000}
			tc.cfg.FrameRate = frame.Rational{Num: 25, Den: 1}
			x, err := av.NewEncoder(tc.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			codec := tc.cfg.Codec
			if codec == "" {
				codec = av.CodecH264
			}
			d, err := av.NewDecoder(av.DecoderConfig{Codec: codec, LowDelay: true})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			for n := range 12 {
				src := scene(tc.cfg.Size, n)
				pts := int64(n*3600 + n*n) // uneven on purpose
				pkts, err := x.Encode(src, pts, n == 7)
				if err != nil {
					t.Fatal(err)
				}
				if len(pkts) != 1 || pkts[0].PTS != pts || pkts[0].DTS != pts {
					t.Fatalf("picture %d at %d: packets %+v", n, pts, pkts)
				}
				if key := n == 0 || n == 7; pkts[0].Key != key {
					t.Errorf("picture %d: key %v, want %v", n, pkts[0].Key, key)
				}
				if codec == av.CodecH264 && pkts[0].Key != bytes.Contains(pkts[0].Data, []byte{0, 0, 0, 1, 0x68}) {
					t.Errorf("picture %d: parameter sets only and always at key pictures", n)
				}
				if err := d.Send(pkts[0]); err != nil {
					t.Fatal(err)
				}
				got, bad := receive(t, d)
				if len(got) != 1 || bad != 0 {
					t.Fatalf("picture %d: got %d pictures, %d refused", n, len(got), bad)
				}
				if got[0].planes.Size != x.Size() || got[0].pts != pts {
					t.Fatalf("picture %d: %v at %d", n, got[0].planes.Size, got[0].pts)
				}
				if p := psnr(src, got[0].planes); p < tc.min {
					t.Errorf("picture %d: %.1f dB, want %.1f", n, p, tc.min)
				}
			}
		})
	}
}
