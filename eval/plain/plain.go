// Package plain redacts a recording the plain per-frame way: a face detector in
// each picture, a box blur over what it finds, an encoder. Nothing carries over
// from picture to picture. It is what a first attempt looks like, and stands for
// such tools in "bystander eval compare"; what it writes may show faces and is for
// evaluation alone.
package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bystander/detect"
	"bystander/eval/leak"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// Options say what is redacted, and how it is encoded.
type Options struct {
	In, Out string
	Faces   detect.FaceDetector
	Quality float64 // x264's constant rate factor
	Preset  string  // x264's
	Threads int     // of the encoder
}

// Redact writes In to Out and returns how many pictures it took, and how long.
func Redact(ctx context.Context, o Options) (pictures int, took time.Duration, err error) {
	v, err := leak.OpenVideo(o.In)
	if err != nil {
		return 0, 0, err
	}
	defer v.Close()
	w := &writer{o: o, rate: frame.Rational{Num: int(v.Rate()*1000 + 0.5), Den: 1000}}
	if !w.rate.Valid() {
		w.rate = frame.Rational{Num: 25, Den: 1}
	}
	defer w.close()
	way := &leak.Baseline{Ctx: ctx, Faces: o.Faces}
	begun := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return w.n, 0, err
		}
		p, err := v.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w.n, 0, err
		}
		if p, err = way.Next(p); err != nil {
			return w.n, 0, err
		}
		if err := w.write(p); err != nil {
			return w.n, 0, err
		}
	}
	if err := w.finish(); err != nil {
		return w.n, 0, err
	}
	return w.n, time.Since(begun), nil
}

// writer encodes as bystander redact does, at a constant rate of pictures.
type writer struct {
	o    Options
	rate frame.Rational
	enc  *av.Encoder
	mux  *av.Muxer
	n    int
}

func (w *writer) write(p frame.Planes) error {
	if w.enc == nil {
		if err := w.begin(p.Size); err != nil {
			return err
		}
	}
	packets, err := w.enc.Encode(p, int64(w.n), false)
	if err != nil {
		return err
	}
	w.n++
	return w.put(packets)
}

func (w *writer) begin(s frame.Size) (err error) {
	base := frame.Rational{Num: w.rate.Den, Den: w.rate.Num}
	w.enc, err = av.NewEncoder(av.EncoderConfig{
		Codec: av.CodecH264, Size: s, TimeBase: base, FrameRate: w.rate, CRF: w.o.Quality, Preset: w.o.Preset,
		KeyInterval: int(max(w.rate.Float(), 10) * 4), Threads: w.o.Threads, GlobalHeader: true,
	})
	if err != nil {
		return err
	}
	w.mux, err = av.Create(w.o.Out, av.MuxerConfig{
		Codec: av.CodecH264, Extradata: w.enc.Extradata(), Size: s, TimeBase: base, FrameRate: w.rate,
	})
	return err
}

func (w *writer) put(packets []av.Packet) error {
	for _, p := range packets {
		p.Duration = 1
		if err := w.mux.WritePacket(p); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) finish() error {
	if w.enc == nil {
		return fmt.Errorf("plain: %s: no picture could be decoded", w.o.In)
	}
	packets, err := w.enc.Flush()
	if err == nil {
		err = w.put(packets)
	}
	if err != nil {
		return err
	}
	err = w.mux.Close()
	w.mux = nil
	return err
}

func (w *writer) close() {
	if w.enc != nil {
		w.enc.Close()
	}
	if w.mux != nil {
		_ = w.mux.Abort() // what went wrong is told already
	}
}
