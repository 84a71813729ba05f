package av_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

func TestOpenFileErrors(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile(clip(t, "whole.mp4", testsrc, "-pix_fmt", "yuv420p"))
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "pipe.mp4")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	sound := filepath.Join(dir, "sound.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "sine=d=1", sound)
	png := filepath.Join(dir, "a.png")
	ffmpeg(t, "-f", "lavfi", "-i", testsrc, "-frames:v", "1", png)
	secret := file("secret.mp4", whole)
	for _, tc := range []struct {
		name, path string
		want       error
		says       string
	}{
		{"missing", filepath.Join(dir, "none.mp4"), av.ErrNotFound, "check the path"},
		{"directory", dir, av.ErrNotFile, "is a directory"},
		{"pipe", fifo, av.ErrNotFile, "copy the recording"},
		{"empty", file("empty.mp4", nil), av.ErrEmpty, "zero bytes"},
		{"garbage", file("garbage.mp4", bytes.Repeat([]byte("\x13\x37 nothing "), 4000)), av.ErrNotVideo, "check that the file"},
		{"text", file("readme.txt", []byte("This is not a recording.\n")), av.ErrNotVideo, ""},
		{"one byte", file("one.mp4", []byte{0}), av.ErrNotVideo, ""},
		{"cut before the index", file("cut.mp4", whole[:len(whole)/2]), av.ErrTruncated, "fetch it again"},
		{"head alone", file("head.mp4", whole[:64]), av.ErrTruncated, ""},
		{"no pictures", sound, av.ErrNoVideoStream, "choose a recording"},
		{"a picture", png, av.ErrNotVideo, "only recordings"},
		{"playlist", file("a.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n"+secret+"\n#EXT-X-ENDLIST\n")), av.ErrNotVideo, "no playlists"},
		{"playlist in disguise", file("b.mp4", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/x\n")), av.ErrNotVideo, "no playlists"},
		{"concat", file("c.mp4", []byte("ffconcat version 1.0\nfile "+secret+"\n")), av.ErrNotVideo, ""},
		{"dash", file("d.mpd", []byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static"></MPD>`)), av.ErrNotVideo, ""},
		{"sdp", file("e.sdp", []byte("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")), av.ErrNotVideo, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := av.OpenFile(tc.path)
			if m != nil {
				m.Close()
			}
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if !strings.Contains(err.Error(), tc.path) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%q does not name %s and %q", err, tc.path, tc.says)
			}
		})
	}
}

// TestOddNames: names that libav would read as protocols or patterns are just
// names.
func TestOddNames(t *testing.T) {
	whole, err := os.ReadFile(clip(t, "whole.mp4", testsrc, "-pix_fmt", "yuv420p"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"http:x.mp4", "a%03d.mp4", "-i.mp4", "größe 1.mp4", "concat:a|b.mp4", "no-extension"} {
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := av.OpenFile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m.Close()
		out := "out " + strings.TrimSuffix(name, ".mp4") + ".mp4"
		transcode(t, name, out, av.CodecH264)
		if _, got := decodeFile(t, out); len(got) != 25 {
			t.Errorf("%s: %d pictures", out, len(got))
		}
	}
}

// TestCutInTheMiddle: what is there of a broken recording is read, then the
// break is told or the file ends; nothing hangs.
func TestCutInTheMiddle(t *testing.T) {
	for _, name := range []string{"a.mp4", "a.mkv", "a.avi", "a.ts", "a.webm"} {
		t.Run(name, func(t *testing.T) {
			args := []string{"-pix_fmt", "yuv420p"}
			switch filepath.Ext(name) {
			case ".mp4":
				args = append(args, "-movflags", "faststart")
			case ".avi":
				args = append(args, "-c:v", "mpeg4")
			case ".webm":
				args = append(args, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8")
			}
			path := clip(t, name, testsrc, args...)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b[:len(b)*2/3], 0o600); err != nil {
				t.Fatal(err)
			}
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
			n, end := 0, error(nil)
			for range 1000 {
				p, err := m.ReadPacket()
				if err != nil {
					end = err
					break
				}
				if err := d.Send(p); err != nil && !errors.Is(err, av.ErrCorrupt) {
					t.Fatal(err)
				}
				got, _ := receive(t, d)
				n += len(got)
			}
			if end == nil {
				t.Fatal("no end in sight")
			}
			if err := d.Drain(); err != nil {
				t.Fatal(err)
			}
			got, _ := receive(t, d)
			if n += len(got); n < 10 || n >= 25 {
				t.Errorf("%d pictures of two thirds of 25 (%v)", n, end)
			}
			t.Logf("%d pictures, then %v", n, end)
		})
	}
}

func TestInfoAndRewind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30000/1001:d=2", "-f", "lavfi", "-i", "sine=d=2",
		"-vf", "setsar=4/3", "-pix_fmt", "yuv420p", "-color_range", "pc", "-colorspace", "bt709",
		"-color_primaries", "bt709", "-color_trc", "bt709", path)
	m, err := av.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	i := m.Info()
	want := frame.Colour{FullRange: true, Primaries: 1, Transfer: 1, Matrix: 1}
	if i.Codec != av.CodecH264 || i.Size != (frame.Size{W: 320, H: 240}) || i.AvgRate != (frame.Rational{Num: 30000, Den: 1001}) ||
		i.Aspect != (frame.Rational{Num: 4, Den: 3}) || i.Colour != want || i.Frames != 60 || !i.HasAudio || i.Start != 0 ||
		i.TimeBase.Den != 30000 || len(i.Extradata) == 0 || i.Duration != 60060 {
		t.Errorf("info %+v", i)
	}
	count := func() (n int, first int64) {
		first = av.NoPTS
		for {
			p, err := m.ReadPacket()
			if errors.Is(err, io.EOF) {
				return n, first
			}
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				first = p.PTS
			}
			n++
		}
	}
	for range 3 {
		if n, first := count(); n != 60 || first != 0 {
			t.Fatalf("%d packets from %d", n, first)
		}
		if err := m.Rewind(); err != nil {
			t.Fatal(err)
		}
	}
	m.Close()
	if _, err := m.ReadPacket(); !errors.Is(err, av.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
	if err := m.Rewind(); !errors.Is(err, av.ErrClosed) {
		t.Errorf("rewind after Close: %v", err)
	}
	if _, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()}); !errors.Is(err, av.ErrClosed) {
		t.Errorf("decoder after Close: %v", err)
	}
}

// TestTooLarge: a stream above frame.MaxPixels is refused in the file and in
// the decoder.
func TestTooLarge(t *testing.T) {
	path := clip(t, "a.mp4", "color=s=4096x2400:r=1:d=1", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	if _, err := av.OpenFile(path); !errors.Is(err, frame.ErrSize) || !strings.Contains(err.Error(), path) {
		t.Errorf("file: %v", err)
	}
	for name, size := range map[string]string{"just above": "4096x2320", "far above": "5120x2880"} {
		raw := clip(t, "a.h264", "color=s="+size+":r=1:d=1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
		b, err := os.ReadFile(raw)
		if err != nil {
			t.Fatal(err)
		}
		d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		err = d.Send(av.Packet{Data: b, Key: true})
		for err == nil {
			_, err = d.Receive()
		}
		if !errors.Is(err, frame.ErrSize) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDamage flips bytes inside pictures: the decoder goes on, and no error is
// other than ErrCorrupt.
func TestDamage(t *testing.T) {
	for _, tc := range []struct {
		codec av.Codec
		file  string
		args  []string
	}{
		{av.CodecH264, "a.mp4", []string{"-pix_fmt", "yuv420p", "-g", "10"}},
		{av.CodecH265, "a.mp4", []string{"-c:v", "libx265", "-x265-params", "log-level=error:pools=1:keyint=10", "-pix_fmt", "yuv420p"}},
		{av.CodecVP8, "a.webm", []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10"}},
	} {
		t.Run(string(tc.codec), func(t *testing.T) {
			m, err := av.OpenFile(clip(t, tc.file, testsrc, tc.args...))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			pics, bad, damaged := 0, 0, 0
			count := func() {
				got, b := receive(t, d)
				bad += b
				pics += len(got)
				for _, p := range got {
					if p.damaged {
						damaged++
					}
				}
			}
			for n := 0; ; n++ {
				p, err := m.ReadPacket()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				p.Data = bytes.Clone(p.Data)
				if n%5 == 3 {
					for i := 12; i < len(p.Data); i += 7 {
						p.Data[i] ^= 0x5a
					}
				}
				switch err := d.Send(p); {
				case errors.Is(err, av.ErrCorrupt):
					bad++
				case err != nil:
					t.Fatal(err)
				}
				count()
			}
			if err := d.Drain(); err != nil {
				t.Fatal(err)
			}
			count()
			if pics < 15 {
				t.Errorf("%d pictures of 25", pics)
			}
			// Arithmetic coding in VP8 and H.265 takes any bits for pictures.
			if tc.codec == av.CodecH264 && bad+damaged == 0 {
				t.Error("no damage was told")
			}
			t.Logf("%d pictures, %d damaged, %d packets refused", pics, damaged, bad)
		})
	}
}
