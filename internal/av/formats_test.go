package av_test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

const testsrc = "testsrc2=s=320x240:r=25:d=1"

// reference decodes a recording with the command line tool, upright and as
// 4:2:0 without touching the range.
func reference(t testing.TB, path string, s frame.Size, full bool) []frame.Planes {
	t.Helper()
	format := "yuv420p"
	if full {
		format = "yuvj420p"
	}
	cmd := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-i", path, "-vsync", "passthrough",
		"-f", "rawvideo", "-pix_fmt", format, "-")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, stderr.String())
	}
	if len(raw)%s.Bytes() != 0 {
		t.Fatalf("reference of %d bytes is no multiple of %v", len(raw), s)
	}
	var out []frame.Planes
	for b := range slices.Chunk(raw, s.Bytes()) {
		out = append(out, frame.PlanesOver(b, s))
	}
	return out
}

// probe asks ffprobe for a column of numbers.
func probe(t testing.TB, path, section, field string) []int64 {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0",
		"-show_entries", section+"="+field, "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var n []int64
	for _, l := range strings.Fields(string(out)) {
		l = strings.Trim(l, ",")
		if l == "" {
			continue
		}
		v, err := strconv.ParseInt(l, 10, 64)
		if err != nil {
			t.Fatalf("ffprobe %s: %q", field, l)
		}
		n = append(n, v)
	}
	return n
}

func TestDecodeFormats(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		args       []string
		lavfi      string
		codec      av.Codec
		min        float64 // dB against ffmpeg's own decoding
		full       bool
	}{
		{"h264 with B-frames", "a.mp4", []string{"-bf", "3", "-pix_fmt", "yuv420p"}, "", av.CodecH264, math.Inf(1), false},
		{"h264 pyramid in mkv", "a.mkv", []string{"-c:v", "libx264", "-bf", "3", "-x264-params", "b-pyramid=normal", "-pix_fmt", "yuv420p"}, "", av.CodecH264, math.Inf(1), false},
		{"h264 in ts", "a.ts", []string{"-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p"}, "", av.CodecH264, math.Inf(1), false},
		{"h264 raw", "a.h264", []string{"-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p"}, "", av.CodecH264, math.Inf(1), false},
		{"h265", "a.mp4", []string{"-c:v", "libx265", "-x265-params", "log-level=error:pools=1", "-pix_fmt", "yuv420p"}, "", av.CodecH265, math.Inf(1), false},
		{"h265 10 bit", "a.mkv", []string{"-c:v", "libx265", "-x265-params", "log-level=error:pools=1", "-pix_fmt", "yuv420p10le"}, "", av.CodecH265, 45, false},
		{"h264 10 bit", "a.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p10le"}, "", av.CodecH264, 45, false},
		{"h264 4:2:2", "a.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv422p"}, "", av.CodecH264, 35, false},
		{"h264 4:4:4", "a.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv444p"}, "", av.CodecH264, 35, false},
		{"h264 gray", "a.mp4", []string{"-c:v", "libx264", "-pix_fmt", "gray"}, "", av.CodecH264, math.Inf(1), true},
		{"mjpeg avi", "a.avi", []string{"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"}, "", av.CodecMJPEG, math.Inf(1), true},
		{"mjpeg avi 4:2:2", "a.avi", []string{"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p"}, "", av.CodecMJPEG, 35, true},
		{"mjpeg avi 4:4:4", "a.avi", []string{"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj444p"}, "", av.CodecMJPEG, 35, true},
		{"h264 4:2:2 10 bit", "a.mp4", []string{"-c:v", "libx264", "-pix_fmt", "yuv422p10le"}, "", av.CodecH264, 35, false},
		{"h264 4:4:4 odd", "a.mkv", []string{"-c:v", "libx264", "-pix_fmt", "yuv444p"}, "testsrc2=s=321x243:r=25:d=1", av.CodecH264, 35, false},
		{"ffv1 4:1:1", "a.mkv", []string{"-c:v", "ffv1", "-pix_fmt", "yuv411p"}, "", "ffv1", 35, false},
		{"ffv1 12 bit 4:4:4", "a.mkv", []string{"-c:v", "ffv1", "-pix_fmt", "yuv444p12le"}, "testsrc2=s=321x243:r=25:d=1", "ffv1", 35, false},
		{"mjpeg odd", "a.avi", []string{"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"}, "testsrc2=s=321x243:r=25:d=1", av.CodecMJPEG, math.Inf(1), true},
		{"mpeg4 avi", "a.avi", []string{"-c:v", "mpeg4", "-q:v", "3", "-bf", "2"}, "", av.CodecMPEG4, math.Inf(1), false},
		{"vp8 webm", "a.webm", []string{"-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"}, "", av.CodecVP8, math.Inf(1), false},
		{"vp9 webm odd", "a.webm", []string{"-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"}, "testsrc2=s=321x241:r=25:d=1", av.CodecVP9, math.Inf(1), false},
		{"ffv1 rgb", "a.mkv", []string{"-c:v", "ffv1", "-pix_fmt", "bgr0"}, "", "ffv1", 30, false},
		// What cards give: chroma in one plane, at 8 and at 10 bits.
		{"nv12", "a.nut", []string{"-c:v", "rawvideo", "-pix_fmt", "nv12"}, "", "rawvideo", math.Inf(1), false},
		{"nv12, no round size", "a.nut", []string{"-c:v", "rawvideo", "-pix_fmt", "nv12"}, "testsrc2=s=322x242:r=25:d=1", "rawvideo", math.Inf(1), false},
		{"nv12 avi", "a.avi", []string{"-c:v", "rawvideo", "-pix_fmt", "nv12"}, "", "rawvideo", math.Inf(1), false},
		{"p010", "a.nut", []string{"-c:v", "rawvideo", "-pix_fmt", "p010le"}, "", "rawvideo", 45, false},
		{"gif", "a.gif", nil, "testsrc2=s=160x120:r=10:d=1", "gif", 22, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src := testsrc
			if tc.lavfi != "" {
				src = tc.lavfi
			}
			path := clip(t, tc.file, src, tc.args...)
			info, got := decodeFile(t, path)
			if info.Codec != tc.codec {
				t.Errorf("codec %q, want %q", info.Codec, tc.codec)
			}
			want := reference(t, path, info.Size, tc.full)
			if len(got) != len(want) || len(got) == 0 {
				t.Fatalf("%d pictures, ffmpeg gives %d", len(got), len(want))
			}
			for i := range got {
				if p := psnr(got[i].planes, want[i]); p < tc.min {
					t.Fatalf("picture %d: %.1f dB of ffmpeg's, want %.1f", i, p, tc.min)
				}
				if i > 0 && got[i].pts <= got[i-1].pts {
					t.Fatalf("picture %d at %d after %d", i, got[i].pts, got[i-1].pts)
				}
				if got[i].damaged {
					t.Errorf("picture %d is called damaged", i)
				}
				if got[i].colour.FullRange != tc.full {
					t.Errorf("picture %d: full range %v, want %v", i, got[i].colour.FullRange, tc.full)
				}
			}
		})
	}
}

// TestPTSMatchFFprobe takes time stamps from ffprobe, B-frames and a variable
// frame rate included.
func TestPTSMatchFFprobe(t *testing.T) {
	path := clip(t, "vfr.mp4", "testsrc2=s=320x240:r=50:d=2",
		"-vf", "select='not(mod(n,3))+not(mod(n,7))',settb=1/90000,setpts=PTS+4321", "-vsync", "vfr", "-bf", "2",
		"-video_track_timescale", "90000", "-pix_fmt", "yuv420p")
	info, got := decodeFile(t, path)
	want := probe(t, path, "frame", "pts")
	if len(want) < 20 || len(want) != len(got) {
		t.Fatalf("%d pictures, ffprobe says %d", len(got), len(want))
	}
	for i := range got {
		if got[i].pts != want[i] {
			t.Fatalf("picture %d at %d, ffprobe says %d", i, got[i].pts, want[i])
		}
	}
	if info.Start != want[0] || info.Frames != int64(len(want)) {
		t.Errorf("start %d, %d frames; want %d, %d", info.Start, info.Frames, want[0], len(want))
	}
}

// TestRotation turns a picture in every way a container can and compares it
// with ffmpeg's own turning.
func TestRotation(t *testing.T) {
	dir := t.TempDir()
	flat := filepath.Join(dir, "flat.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=322x242:r=25:d=0.2", "-pix_fmt", "yuv420p", "-qp", "10", flat)
	matrices := map[string][4]int32{ // a, b, c, d
		"0": {1, 0, 0, 1}, "90": {0, 1, -1, 0}, "180": {-1, 0, 0, -1}, "270": {0, -1, 1, 0},
		"mirrored": {-1, 0, 0, 1}, "flipped": {1, 0, 0, -1}, "transposed": {0, 1, 1, 0}, "anti": {0, -1, -1, 0},
	}
	degrees := map[string]int{"90": 90, "180": 180, "270": 270, "flipped": 180, "transposed": 270, "anti": 90}
	raw, err := os.ReadFile(flat)
	if err != nil {
		t.Fatal(err)
	}
	_, upright := decodeFile(t, flat)
	for name, m := range matrices {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".mp4")
			if err := os.WriteFile(path, setMatrix(t, raw, m), 0o600); err != nil {
				t.Fatal(err)
			}
			info, got := decodeFile(t, path)
			if info.Rotation != degrees[name] || info.Mirrored != (m[0]*m[3]-m[1]*m[2] < 0) {
				t.Errorf("rotation %d, mirrored %v", info.Rotation, info.Mirrored)
			}
			if len(got) != len(upright) {
				t.Fatalf("%d pictures, want %d", len(got), len(upright))
			}
			for i := range got {
				if got[i].planes.Size != info.Size {
					t.Fatalf("size %v, info says %v", got[i].planes.Size, info.Size)
				}
				for _, xy := range [][2]int{{0, 0}, {13, 7}, {300, 200}, {321, 241}} {
					src := upright[i].planes
					// The matrix maps source to display, up to a shift into view.
					x := int(m[0])*xy[0] + int(m[2])*xy[1]
					y := int(m[1])*xy[0] + int(m[3])*xy[1]
					if m[0]+m[2] < 0 {
						x += info.Size.W - 1
					}
					if m[1]+m[3] < 0 {
						y += info.Size.H - 1
					}
					q := got[i].planes
					if q.Y[y*q.StrideY+x] != src.Y[xy[1]*src.StrideY+xy[0]] {
						t.Fatalf("luma of %v is not at %d,%d", xy, x, y)
					}
					if q.U[y/2*q.StrideC+x/2] != src.U[xy[1]/2*src.StrideC+xy[0]/2] {
						t.Fatalf("chroma of %v is not at %d,%d", xy, x, y)
					}
				}
			}
		})
	}
}

// setMatrix writes a display matrix into the track header of an MP4 file.
func setMatrix(t *testing.T, mp4 []byte, m [4]int32) []byte {
	t.Helper()
	out := bytes.Clone(mp4)
	i := bytes.Index(out, []byte("tkhd"))
	if i < 0 || out[i+4] != 0 {
		t.Fatal("no version 0 track header")
	}
	at := i + 4 + 4 + 4*5 + 8 + 2*4 // version and flags … volume, reserved
	for k, v := range map[int]int32{0: m[0], 1: m[1], 3: m[2], 4: m[3]} {
		u := uint32(v * 65536)
		copy(out[at+4*k:], []byte{byte(u >> 24), byte(u >> 16), byte(u >> 8), byte(u)})
	}
	return out
}

// TestSizeChange decodes a stream whose size and codec profile change half way.
func TestSizeChange(t *testing.T) {
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var got []frame.Size
	want := []frame.Size{{W: 320, H: 240}, {W: 640, H: 360}, {W: 160, H: 122}}
	for i, s := range want {
		x, err := av.NewEncoder(av.EncoderConfig{Size: s, TimeBase: frame.Rational{Num: 1, Den: 25}})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			pkts, err := x.Encode(scene(s, n), int64(5*i+n), false)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pkts {
				if err := d.Send(p); err != nil {
					t.Fatal(err)
				}
				out, _ := receive(t, d)
				for _, q := range out {
					got = append(got, q.planes.Size)
				}
			}
		}
		x.Close()
	}
	if err := d.Drain(); err != nil {
		t.Fatal(err)
	}
	out, _ := receive(t, d)
	for _, q := range out {
		got = append(got, q.planes.Size)
	}
	if len(got) != 15 {
		t.Fatalf("%d pictures of 15: %v", len(got), got)
	}
	for i, s := range got {
		if s != want[i/5] {
			t.Errorf("picture %d: %v, want %v", i, s, want[i/5])
		}
	}
}
