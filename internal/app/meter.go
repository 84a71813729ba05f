package app

import (
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

// floorEncoder encodes pictures as the pipeline would and throws the result
// away. It exists for the floor of eval speed alone; nothing it makes leaves.
type floorEncoder struct {
	enc  *av.Encoder
	size frame.Size
	tick int64
}

func newFloorEncoder() *floorEncoder { return &floorEncoder{} }

func (f *floorEncoder) encode(raw *frame.Raw) (err error) {
	if f.enc == nil || raw.Size() != f.size {
		f.close()
		f.size = raw.Size()
		f.enc, err = av.NewEncoder(av.EncoderConfig{
			Codec: av.CodecH264, Size: f.size, TimeBase: frame.Rational{Num: 1, Den: 25},
			CRF: 24, MaxRate: encode.MaxRate(f.size, frame.Rational{}), Profile: "baseline",
			KeyInterval: 50, Colour: raw.Colour,
		})
		if err != nil {
			return err
		}
	}
	f.tick++
	_, err = f.enc.Encode(raw.Planes(), f.tick, false)
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
