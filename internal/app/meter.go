package app

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink/encode"
)

// way is a way that a measured recording goes.
type way int

const (
	// throughAll is the whole pipeline.
	throughAll way = iota
	// plainFloor is decoding and encoding as anybody does it: x264 through libav,
	// with its own rate control, at the pipeline's preset, quality and cap.
	plainFloor
	// ownFloorWay is decoding and encoding by quantiser, as the pipeline does.
	ownFloorWay
)

// bare is a floor: what is decoded is encoded, with nothing in between, and thrown
// away. Pictures are not covered, since flat ones are cheaper to encode.
func (p *pipeline) bare(ctx context.Context, enc *floorEncoder, note func()) error {
	between := make(chan *frame.Raw, betweenSides)
	failed := make(chan error, 1)
	go func() { // waited for through failed
		defer enc.close()
		var err error
		for raw := range between {
			if err == nil {
				err = enc.encode(raw)
			}
			p.stats.passed()
			note()
			raw.Release()
		}
		failed <- err
	}()
	var err error
	for err == nil {
		var raw *frame.Raw
		if raw, err = p.src.Next(ctx); err == nil {
			between <- raw
		}
	}
	close(between)
	if ferr := <-failed; ferr != nil {
		return ferr
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// floorEncoder encodes pictures as they are and throws the result away. It exists
// for the floors of eval speed alone; nothing it makes leaves.
type floorEncoder struct {
	own  bool // by quantiser
	enc  encode.Encoder
	size frame.Size
	tick int64
}

func (f *floorEncoder) encode(raw *frame.Raw) (err error) {
	if f.enc == nil || raw.Size() != f.size {
		f.close()
		f.size = raw.Size()
		cfg := av.EncoderConfig{
			Codec: av.CodecH264, Size: f.size, TimeBase: frame.Rational{Num: 1, Den: 25},
			CRF: 24, MaxRate: encode.MaxRate(f.size, frame.Rational{}), Profile: "baseline",
			KeyInterval: 50, Colour: raw.Colour,
		}
		open := encode.Software
		if !f.own {
			open = func(c av.EncoderConfig) (encode.Encoder, error) { return av.NewEncoder(c) }
		}
		if f.enc, err = open(cfg); err != nil {
			f.enc = nil
			return err
		}
	}
	f.tick++
	_, err = f.enc.Encode(raw.Planes(), f.tick, f.own && f.tick%50 == 1)
	return err
}

func (f *floorEncoder) close() {
	if f.enc != nil {
		f.enc.Close()
		f.enc = nil
	}
}

// cpuTime is the processor time of this process or of its ended children.
func cpuTime(who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processTime is the processor time of this process and its ended children.
func processTime() time.Duration { return cpuTime(unix.RUSAGE_SELF) + cpuTime(unix.RUSAGE_CHILDREN) }

// peakRSS is the most memory this process has had resident, in MiB.
func peakRSS() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kib, err := strconv.ParseFloat(f[1], 64)
			if err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
