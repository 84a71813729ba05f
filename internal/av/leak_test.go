package av_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// resident is the process's resident memory in bytes.
func resident(t testing.TB) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	n, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n * os.Getpagesize()
}

func openFiles(t testing.TB) int {
	t.Helper()
	es, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(es)
}

// TestNothingLeaks opens and closes everything many times, the failures too.
func TestNothingLeaks(t *testing.T) {
	dir := t.TempDir()
	path := clip(t, "a.mp4", "testsrc2=s=320x240:r=25:d=0.2", "-pix_fmt", "yuv422p")
	cut := filepath.Join(dir, "cut.mp4")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	once := func() {
		transcode(t, path, filepath.Join(dir, "out.mp4"), av.CodecH264)
		if _, err := av.OpenFile(cut); !errors.Is(err, av.ErrTruncated) {
			t.Fatal(err)
		}
		if _, err := av.NewEncoder(av.EncoderConfig{
			Size: frame.Size{W: 64, H: 64}, TimeBase: frame.Rational{Num: 1, Den: 25}, CRF: 60, Bitrate: 1,
			Codec: av.CodecMPEG4,
		}); err == nil {
			t.Fatal("an encoder that does not exist")
		}
		if d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, Extradata: []byte{1, 2, 3}}); err == nil {
			d.Close()
		}
	}
	for range 15 {
		once()
	}
	mem, fds := resident(t), openFiles(t)
	for range 60 {
		once()
	}
	if got := openFiles(t); got > fds {
		t.Errorf("%d open files became %d", fds, got)
	}
	// A decoder or encoder of this size holds about 1 MB: 60 rounds that lost one
	// each would show; the C heap's own fragments come to some 10 MB.
	if grown := resident(t) - mem; grown > 25<<20 {
		t.Errorf("%d bytes more after 60 rounds", grown)
	}
}

// TestNoAllocationPerPicture: neither side of the steady state asks the Go heap
// for anything that grows with the picture.
func TestNoAllocationPerPicture(t *testing.T) {
	s := frame.Size{W: 640, H: 360}
	x, err := av.NewEncoder(av.EncoderConfig{Size: s, TimeBase: frame.Rational{Num: 1, Den: 25}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	src, dst := scene(s, 1), frame.PlanesOver(make([]byte, s.Bytes()), s)
	n := int64(0)
	if got := testing.AllocsPerRun(50, func() {
		n++
		pkts, err := x.Encode(src, n, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Send(pkts[0]); err != nil {
			t.Fatal(err)
		}
		p, err := d.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CopyTo(dst); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations a picture", got)
	}
}

// TestManyAtOnce runs separate values on several goroutines, as cameras do.
func TestManyAtOnce(t *testing.T) {
	path := clip(t, "a.mp4", testsrc, "-pix_fmt", "yuv420p")
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range cap(errs) {
		wg.Go(func() { errs <- countPictures(path, 25) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func countPictures(path string, want int) error {
	m, err := av.OpenFile(path)
	if err != nil {
		return err
	}
	defer m.Close()
	d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params(), Threads: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	n := 0
	take := func() error {
		for {
			switch _, err := d.Receive(); {
			case errors.Is(err, av.ErrAgain), errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
			n++
		}
	}
	for {
		p, err := m.ReadPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := errors.Join(err, d.Send(p), take()); err != nil {
			return err
		}
	}
	if err := errors.Join(d.Drain(), take()); err != nil {
		return err
	}
	if n != want {
		return fmt.Errorf("%d pictures, want %d", n, want)
	}
	return nil
}

func BenchmarkDecode(b *testing.B) {
	for _, bc := range []struct{ name, format string }{{"copy", "yuv420p"}, {"convert", "yuv422p"}} {
		b.Run(bc.name, func(b *testing.B) {
			path := clip(b, "a.mp4", "testsrc2=s=1280x720:r=25:d=2", "-pix_fmt", bc.format)
			m, err := av.OpenFile(path)
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			d, err := av.NewDecoder(av.DecoderConfig{Params: m.Params()})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			s := m.Info().Size
			dst := frame.PlanesOver(make([]byte, s.Bytes()), s)
			b.ReportAllocs()
			for b.Loop() {
				if !decodeOne(b, m, d, dst) {
					b.StopTimer()
					d.Flush()
					if err := m.Rewind(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			}
		})
	}
}

// decodeOne decodes and copies one picture; false at the end of the file.
func decodeOne(b *testing.B, m *av.Demuxer, d *av.Decoder, dst frame.Planes) bool {
	for {
		p, err := d.Receive()
		if err == nil {
			if err := p.CopyTo(dst); err != nil {
				b.Fatal(err)
			}
			return true
		}
		k, err := m.ReadPacket()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err := errors.Join(err, d.Send(k)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, codec := range []av.Codec{av.CodecH264, av.CodecVP8} {
		b.Run(string(codec), func(b *testing.B) {
			s := frame.Size{W: 1280, H: 720}
			x, err := av.NewEncoder(av.EncoderConfig{Codec: codec, Size: s, TimeBase: frame.Rational{Num: 1, Den: 25}})
			if err != nil {
				b.Fatal(err)
			}
			defer x.Close()
			var pics []frame.Planes
			for i := range 8 {
				pics = append(pics, scene(s, i))
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				if _, err := x.Encode(pics[n%8], int64(n), false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenFile(b *testing.B) {
	path := clip(b, "a.mp4", "testsrc2=s=1280x720:r=25:d=2", "-pix_fmt", "yuv420p")
	for b.Loop() {
		m, err := av.OpenFile(path)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
