// Package mux writes redacted pictures into a recording, each with the very
// time stamp that it had in the source.
package mux

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// ErrSize reports that the pictures' size changed on the way, which a recording
// with one stream cannot hold.
var ErrSize = errors.New("mux: the picture size changes within the recording")

// Config says what is written.
type Config struct {
	Path string
	// Quality is the encoder's constant rate factor, smaller is better: 1–51
	// for H.264, 4–63 for VP8. 0 is the codec's default.
	Quality float64
	Rate    frame.Rational // nominal pictures a second, for containers that state it
	// LastDuration is how long the last picture stays, in its own ticks; 0 takes
	// the distance of the last two.
	LastDuration int64
	Preset       string // x264's; default "veryfast"
	Threads      int
}

// Writer writes one recording: H.264 in .mp4, .mov, .mkv, .avi and .ts, VP8 in
// .webm. The file takes its name at Close; until then nothing stands there. One
// goroutine uses it.
type Writer struct {
	cfg     Config
	codec   av.Codec
	enc     *av.Encoder
	mux     *av.Muxer
	size    frame.Size
	pending av.Packet // waits until the next one tells its duration
	buf     []byte    // pending's data
	frames  int
}

// New checks the path's extension; the file is begun with the first picture.
func New(cfg Config) (*Writer, error) {
	w := &Writer{cfg: cfg}
	switch ext := strings.ToLower(filepath.Ext(cfg.Path)); ext {
	case ".mp4", ".m4v", ".mov", ".mkv", ".avi", ".ts":
		w.codec = av.CodecH264
	case ".webm":
		w.codec = av.CodecVP8
	default:
		return nil, fmt.Errorf("mux: %s: cannot write %q; use .mp4, .mov, .mkv or .webm", cfg.Path, ext)
	}
	return w, nil
}

// Frames is the number of pictures written.
func (w *Writer) Frames() int { return w.frames }

// Write appends one picture. The caller keeps it.
func (w *Writer) Write(r *frame.Redacted) error {
	m := r.Meta()
	if w.enc == nil {
		if err := w.begin(r.Size(), m); err != nil {
			return err
		}
	}
	if r.Size() != w.size {
		return fmt.Errorf("%w: from %v to %v at picture %d; cut it there and redact the parts",
			ErrSize, w.size, r.Size(), w.frames)
	}
	packets, err := w.enc.Encode(r.Planes(), m.Ticks, false)
	if err != nil {
		return err
	}
	w.frames++
	return w.put(packets)
}

func (w *Writer) begin(s frame.Size, m frame.Meta) (err error) {
	preset := w.cfg.Preset
	if preset == "" {
		preset = "veryfast"
	}
	// Browsers and editors seek by key pictures: one every few seconds.
	key := int(max(w.cfg.Rate.Float(), 10) * 4)
	w.enc, err = av.NewEncoder(av.EncoderConfig{
		Codec: w.codec, Size: s, TimeBase: m.TimeBase, FrameRate: w.cfg.Rate,
		CRF: w.cfg.Quality, Preset: preset, KeyInterval: key, Threads: w.cfg.Threads,
		GlobalHeader: true, Colour: m.Colour, Aspect: m.Aspect,
	})
	if err != nil {
		return err
	}
	w.size = s
	w.mux, err = av.Create(w.cfg.Path, av.MuxerConfig{
		Codec: w.codec, Extradata: w.enc.Extradata(), Size: s, TimeBase: m.TimeBase,
		FrameRate: w.cfg.Rate, Aspect: m.Aspect, Colour: m.Colour,
	})
	return err
}

// put writes the packet that waits and keeps the newest one waiting.
func (w *Writer) put(packets []av.Packet) error {
	for _, p := range packets {
		if w.buf != nil {
			w.pending.Duration = p.PTS - w.pending.PTS
			if err := w.mux.WritePacket(w.pending); err != nil {
				return err
			}
		}
		w.buf = append(w.buf[:0], p.Data...)
		last := w.pending.Duration
		w.pending = p
		w.pending.Data = w.buf
		w.pending.Duration = last
	}
	return nil
}

// Close finishes the recording and gives it its name. It fails when no picture
// was written; then, and after any other failure, no file is left.
func (w *Writer) Close() error {
	if w.mux == nil {
		w.Abort()
		return fmt.Errorf("mux: %s: no picture to write", w.cfg.Path)
	}
	err := w.finish()
	if err != nil {
		w.Abort()
		return err
	}
	w.enc.Close()
	return w.mux.Close()
}

func (w *Writer) finish() error {
	packets, err := w.enc.Flush()
	if err != nil {
		return err
	}
	if err := w.put(packets); err != nil || w.buf == nil {
		return err
	}
	if w.cfg.LastDuration > 0 {
		w.pending.Duration = w.cfg.LastDuration
	}
	return w.mux.WritePacket(w.pending)
}

// Abort throws away what was written.
func (w *Writer) Abort() {
	if w.enc != nil {
		w.enc.Close()
	}
	if w.mux != nil {
		_ = w.mux.Abort() // the failure that led here is the one to tell
	}
}
