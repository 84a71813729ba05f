package av_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// transcode takes a recording through demuxer, decoder, encoder and muxer as
// "bystander redact" does, and returns the time stamps of its pictures.
func transcode(t testing.TB, in, out string, codec av.Codec) []int64 {
	t.Helper()
	m, err := av.OpenFile(in)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info := m.Info()
	d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	x, err := av.NewEncoder(av.EncoderConfig{
		Codec: codec, Size: info.Size, TimeBase: info.TimeBase, FrameRate: info.AvgRate,
		GlobalHeader: true, Aspect: info.Aspect, Colour: info.Colour,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	w, err := av.Create(out, av.MuxerConfig{
		Codec: codec, Extradata: x.Extradata(), Size: x.Size(), TimeBase: info.TimeBase,
		FrameRate: info.AvgRate, Aspect: info.Aspect, Colour: info.Colour,
	})
	if err != nil {
		t.Fatal(err)
	}
	var pts []int64
	planes := frame.PlanesOver(make([]byte, info.Size.Bytes()), info.Size)
	pump := func() {
		for {
			p, err := d.Receive()
			if errors.Is(err, av.ErrAgain) || errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := p.CopyTo(planes); err != nil {
				t.Fatal(err)
			}
			pts = append(pts, p.PTS())
			pkts, err := x.Encode(planes, p.PTS(), false)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range pkts {
				if err := w.WritePacket(k); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
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
		pump()
	}
	if err := d.Drain(); err != nil {
		t.Fatal(err)
	}
	pump()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return pts
}

// TestTimeStampsSurvive compares the pictures' time stamps in and out by
// ffprobe, in nanoseconds' worth of exactness: equal fractions.
func TestTimeStampsSurvive(t *testing.T) {
	vfr := "select='not(mod(n,3))+not(mod(n,7))'"
	for _, tc := range []struct {
		name, in, out string
		codec         av.Codec
		args          []string
	}{
		{"mp4 vfr with offset", "a.mp4", "b.mp4", av.CodecH264, []string{"-vf", vfr + ",settb=1/90000,setpts=PTS+4321", "-vsync", "vfr", "-bf", "2", "-video_track_timescale", "90000"}},
		{"mp4 at 30000/1001", "a.mp4", "b.mp4", av.CodecH264, []string{"-r", "30000/1001", "-bf", "2"}},
		{"mp4 to mov", "a.mp4", "b.mov", av.CodecH264, []string{"-vf", vfr, "-vsync", "vfr", "-video_track_timescale", "600"}},
		{"mkv vfr to mkv", "a.mkv", "b.mkv", av.CodecH264, []string{"-c:v", "libx264", "-vf", vfr + ",setpts=PTS+0.5/TB", "-vsync", "vfr"}},
		{"mkv vfr to mp4", "a.mkv", "b.mp4", av.CodecH264, []string{"-c:v", "libx264", "-vf", vfr + ",setpts=PTS+0.5/TB", "-vsync", "vfr"}},
		{"webm vp8 to vp9", "a.webm", "b.webm", av.CodecVP9, []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-vf", vfr, "-vsync", "vfr"}},
		{"webm vp9 to vp8", "a.webm", "b.webm", av.CodecVP8, []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"}},
		{"webm to mp4", "a.webm", "b.mp4", av.CodecH264, []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-vf", vfr, "-vsync", "vfr"}},
		{"mpeg4 avi with B-frames", "a.avi", "b.avi", av.CodecH264, []string{"-c:v", "mpeg4", "-bf", "2"}},
		{"mjpeg avi to mp4", "a.avi", "b.mp4", av.CodecH264, []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj420p"}},
		{"avi at 30000/1001 to mp4", "a.avi", "b.mp4", av.CodecH264, []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-r", "30000/1001"}},
		{"avi at 30000/1001 to avi", "a.avi", "b.avi", av.CodecH264, []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-r", "30000/1001"}},
		{"odd webm to mp4", "a.webm", "b.mp4", av.CodecH264, []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-s", "161x121"}},
		{"ts to ts", "a.ts", "b.ts", av.CodecH264, []string{"-c:v", "libx264", "-bf", "2"}},
		{"ts to mp4", "a.ts", "b.mp4", av.CodecH264, []string{"-c:v", "libx264", "-bf", "2"}},
		{"raw to mp4", "a.h264", "b.mp4", av.CodecH264, []string{"-c:v", "libx264", "-bf", "2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := tc.args
			if !slices.Contains(args, "-pix_fmt") {
				args = append([]string{"-pix_fmt", "yuv420p"}, args...)
			}
			in := clip(t, tc.in, "testsrc2=s=160x120:r=50:d=1", args...)
			out := filepath.Join(filepath.Dir(in), tc.out)
			pts := transcode(t, in, out, tc.codec)
			first := pts[0]
			tbi, tbo := timeBase(t, in), timeBase(t, out)
			field := "pts"
			if filepath.Ext(out) == ".avi" { // which knows only the order
				field = "dts"
			}
			got := probe(t, out, "packet", field)
			if len(got) != len(pts) || len(pts) < 15 {
				t.Fatalf("%d packets for %d pictures", len(got), len(pts))
			}
			// A raw stream holds no time stamps to compare with, AVI not all of them.
			if ext := filepath.Ext(in); ext != ".h264" && ext != ".avi" {
				if want := probe(t, in, "frame", "best_effort_timestamp"); !slices.Equal(pts, want) {
					t.Fatalf("decoded at %v,\nffprobe says %v", pts, want)
				}
			}
			if filepath.Ext(out) == ".avi" { // which starts at nought
				for i := range pts {
					pts[i] -= first
				}
			}
			for i := range got {
				if got[i]*int64(tbo.Num)*int64(tbi.Den) != pts[i]*int64(tbi.Num)*int64(tbo.Den) {
					t.Fatalf("picture %d: %d of %v became %d of %v", i, pts[i], tbi, got[i], tbo)
				}
			}
			if filepath.Ext(in) != ".mp4" { // elsewhere a declared rate, not a measured one
				return
			}
			ri, ro := rate(t, in, "avg_frame_rate"), rate(t, out, "avg_frame_rate")
			if ri.Float() > 0 && (ro.Float() < ri.Float()*0.95 || ro.Float() > ri.Float()*1.05) {
				t.Errorf("average rate %v became %v", ri, ro)
			}
		})
	}
}

func timeBase(t testing.TB, path string) frame.Rational { return rate(t, path, "time_base") }

func rate(t testing.TB, path, field string) frame.Rational {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0",
		"-show_entries", "stream="+field, "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var r frame.Rational
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	a, b, _ := strings.Cut(strings.TrimRight(line, ","), "/")
	for _, c := range a {
		r.Num = 10*r.Num + int(c-'0')
	}
	for _, c := range b {
		r.Den = 10*r.Den + int(c-'0')
	}
	return r
}

func muxerConfig() av.MuxerConfig {
	return av.MuxerConfig{
		Codec: av.CodecH264, Size: frame.Size{W: 64, H: 64}, TimeBase: frame.Rational{Num: 1, Den: 25},
		FrameRate: frame.Rational{Num: 25, Den: 1},
	}
}

// encoded returns packets of a small stream, copied, with its header.
func encoded(t testing.TB, n int) (pkts []av.Packet, extra []byte) {
	t.Helper()
	s := frame.Size{W: 64, H: 64}
	x, err := av.NewEncoder(av.EncoderConfig{Size: s, TimeBase: frame.Rational{Num: 1, Den: 25}, GlobalHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range n {
		out, err := x.Encode(scene(s, i), int64(i), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out {
			p.Data = slices.Clone(p.Data)
			pkts = append(pkts, p)
		}
	}
	return pkts, slices.Clone(x.Extradata())
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var n []string
	for _, e := range es {
		n = append(n, e.Name())
	}
	return n
}

func TestMuxerLeavesNoHalfFile(t *testing.T) {
	pkts, extra := encoded(t, 10)
	cfg := muxerConfig()
	cfg.Extradata = extra
	write := func(t *testing.T, path string) *av.Muxer {
		m, err := av.Create(path, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkts {
			if err := m.WritePacket(p); err != nil {
				t.Fatal(err)
			}
		}
		return m
	}
	t.Run("abort", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.mp4")
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		m := write(t, path)
		if b, _ := os.ReadFile(path); string(b) != "old" {
			t.Fatal("the old file is gone before Close")
		}
		if err := m.Abort(); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a.mp4"}) {
			t.Fatalf("left behind: %v", got)
		}
		if err := errors.Join(m.Abort(), m.Close()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("close", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.mp4")
		m := write(t, path)
		if got := names(t, dir); len(got) != 1 || got[0] == "a.mp4" {
			t.Fatalf("before Close: %v", got)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a.mp4"}) {
			t.Fatalf("after Close: %v", got)
		}
		if _, pics := decodeFile(t, path); len(pics) != 10 {
			t.Fatalf("%d pictures of 10", len(pics))
		}
		if err := m.WritePacket(pkts[0]); !errors.Is(err, av.ErrClosed) {
			t.Fatalf("write after Close: %v", err)
		}
	})
	t.Run("index first", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.mp4")
		if err := write(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(b); strings.Index(s, "moov") > strings.Index(s, "mdat") {
			t.Error("the index stands behind the pictures")
		}
	})
}

func TestMuxerFullDisk(t *testing.T) {
	pkts, extra := encoded(t, 50)
	cfg := muxerConfig()
	cfg.Extradata = extra
	dir := t.TempDir()
	m, err := av.CreateAt(filepath.Join(dir, "a.mkv"), "/dev/full", cfg)
	for i := 0; err == nil && i < 10000; i++ {
		p := pkts[i%len(pkts)]
		p.PTS, p.DTS = int64(i), int64(i)
		err = m.WritePacket(p)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want ENOSPC", err)
	}
	if m != nil {
		if err := m.WritePacket(pkts[0]); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the next write says %v", err)
		}
		if err := m.AbandonAt(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Close says %v", err)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestMuxerRefusals(t *testing.T) {
	dir := t.TempDir()
	vp8, small := muxerConfig(), muxerConfig()
	vp8.Codec = av.CodecVP8
	small.Size.W = 0
	noBase := muxerConfig()
	noBase.TimeBase = frame.Rational{}
	for _, tc := range []struct {
		name string
		cfg  av.MuxerConfig
		want error
	}{
		{"a.txt", muxerConfig(), av.ErrUnsupported},
		{"a", muxerConfig(), av.ErrUnsupported},
		{"a.webm", muxerConfig(), av.ErrUnsupported},
		{"a.mp4", vp8, av.ErrUnsupported},
		{"a.mp4", small, frame.ErrSize},
		{"a.mp4", noBase, av.ErrConfig},
		{"no/such/a.mp4", muxerConfig(), os.ErrNotExist},
	} {
		_, err := av.Create(filepath.Join(dir, tc.name), tc.cfg)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestEncoderRefusals(t *testing.T) {
	ok := av.EncoderConfig{Size: frame.Size{W: 64, H: 64}, TimeBase: frame.Rational{Num: 1, Den: 25}}
	for name, tc := range map[string]struct {
		change func(*av.EncoderConfig)
		want   error
	}{
		"codec":        {func(c *av.EncoderConfig) { c.Codec = av.CodecMJPEG }, av.ErrUnsupported},
		"vp8 lossless": {func(c *av.EncoderConfig) { c.Codec, c.Lossless = av.CodecVP8, true }, av.ErrUnsupported},
		"size":         {func(c *av.EncoderConfig) { c.Size.W = 1 << 20 }, frame.ErrSize},
		"time base":    {func(c *av.EncoderConfig) { c.TimeBase.Den = 0 }, av.ErrConfig},
		"crf":          {func(c *av.EncoderConfig) { c.CRF = 99 }, av.ErrConfig},
		"preset":       {func(c *av.EncoderConfig) { c.Preset = "bogus" }, av.ErrConfig},
		"tune":         {func(c *av.EncoderConfig) { c.Tune = "bogus" }, av.ErrConfig},
		"profile":      {func(c *av.EncoderConfig) { c.Profile = "bogus" }, av.ErrConfig},
		"no lossless":  {func(c *av.EncoderConfig) { c.Profile, c.Lossless = "baseline", true }, av.ErrConfig},
	} {
		c := ok
		tc.change(&c)
		_, err := av.NewEncoder(c)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	x, err := av.NewEncoder(ok)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if _, err := x.Encode(scene(frame.Size{W: 32, H: 64}, 0), 0, false); !errors.Is(err, av.ErrPlanes) {
		t.Errorf("wrong size: %v", err)
	}
	p := scene(ok.Size, 0)
	p.V = p.V[:5]
	if _, err := x.Encode(p, 0, false); !errors.Is(err, av.ErrPlanes) {
		t.Errorf("short planes: %v", err)
	}
}

// TestPaddedOddSize: with a profile, an odd picture is padded and says so.
func TestPaddedOddSize(t *testing.T) {
	s := frame.Size{W: 63, H: 45}
	x, err := av.NewEncoder(av.EncoderConfig{
		Size: s, TimeBase: frame.Rational{Num: 1, Den: 25}, Profile: "baseline", CRF: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got := x.Size(); got != (frame.Size{W: 64, H: 46}) {
		t.Fatalf("coded size %v", got)
	}
	src := scene(s, 0)
	pkts, err := x.Encode(src, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Send(pkts[0]); err != nil {
		t.Fatal(err)
	}
	got, _ := receive(t, d)
	if len(got) != 1 {
		t.Fatalf("%d pictures", len(got))
	}
	cut := got[0].planes
	cut.Size = s
	if p := psnr(src, cut); p < 40 {
		t.Errorf("%.1f dB within the old size", p)
	}
	q := got[0].planes
	for y := range 46 {
		a, b := int(q.Y[y*q.StrideY+62]), int(q.Y[y*q.StrideY+63])
		if a-b > 6 || b-a > 6 {
			t.Fatalf("row %d: edge %d is continued by %d", y, a, b)
		}
	}
}
