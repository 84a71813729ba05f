package av

// #include <stdlib.h>
// #include "av.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"bystander/internal/frame"
)

// MuxerConfig describes the one stream that a Muxer writes.
type MuxerConfig struct {
	Codec     Codec
	Extradata []byte // from Encoder.Extradata; copied
	Size      frame.Size
	// TimeBase is the unit of the packets' time stamps.
	TimeBase  frame.Rational
	FrameRate frame.Rational // what the container states; AVI needs it
	Aspect    frame.Rational
	Colour    frame.Colour
}

// Muxer writes a recording with one video stream. It works on a hidden file
// beside the target, which takes the target's name only when all is written.
//
// Time stamps stay what they are: exactly in .mp4, .m4v and .mov, whose clock
// is set to TimeBase, as near as the container's own clock allows elsewhere
// (.mkv and .webm: 1 ms; .ts: 1/90000 s; .avi: whole pictures at FrameRate,
// from 0).
type Muxer struct {
	path, tmp string
	c         *C.by_muxer
	err       error
}

// containers by the file name's extension: libav's name, and the codecs where
// libav itself would take too many.
var containers = map[string]struct {
	format string
	codecs []Codec
}{
	".mp4":  {"mp4", nil},
	".m4v":  {"mp4", nil},
	".mov":  {"mov", nil},
	".mkv":  {"matroska", nil},
	".webm": {"webm", []Codec{CodecVP8, CodecVP9, CodecAV1}},
	".avi":  {"avi", nil},
	".ts":   {"mpegts", nil},
}

// Create starts a recording at path; the container follows from its extension
// (.mp4, .m4v, .mov, .mkv, .webm, .avi, .ts). A file that stands there is
// replaced at Close. It fails with ErrUnsupported for an extension or a codec
// that does not go with it, ErrConfig, and the system's errors.
func Create(path string, cfg MuxerConfig) (*Muxer, error) {
	dir, base := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean("./"+dir), "."+base+".partial-*")
	if filepath.IsAbs(path) {
		f, err = os.CreateTemp(filepath.Clean(dir), "."+base+".partial-*")
	}
	if err != nil {
		return nil, fmt.Errorf("av: create %s: %w: check that the directory exists and may be written", path, err)
	}
	tmp := f.Name()
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("av: create %s: %w", path, err), os.Remove(tmp))
	}
	m, err := create(path, tmp, cfg)
	if err != nil {
		return nil, errors.Join(err, os.Remove(tmp))
	}
	return m, nil
}

// create writes into tmp, which exists, what will be path.
func create(path, tmp string, cfg MuxerConfig) (*Muxer, error) {
	start()
	ext := strings.ToLower(filepath.Ext(path))
	k, ok := containers[ext]
	if !ok {
		return nil, fmt.Errorf("%w: %s: no container for %q: end the name in .mp4, .mov, .mkv, .webm, .avi or .ts",
			ErrUnsupported, path, ext)
	}
	if k.codecs != nil && !slices.Contains(k.codecs, cfg.Codec) {
		return nil, wrongContainer(path, ext, cfg.Codec)
	}
	if err := cfg.Size.Check(); err != nil {
		return nil, err
	}
	if !cfg.TimeBase.Valid() {
		return nil, fmt.Errorf("%w: time base %d/%d", ErrConfig, cfg.TimeBase.Num, cfg.TimeBase.Den)
	}
	id, err := cfg.Codec.id()
	if err != nil {
		return nil, err
	}
	c := C.by_muxcfg{
		codec_id: C.int32_t(id), w: C.int32_t(cfg.Size.W), h: C.int32_t(cfg.Size.H),
		tb: rationalTo(cfg.TimeBase), rate: rationalTo(cfg.FrameRate), sar: rationalTo(cfg.Aspect),
		colour: colourTo(cfg.Colour),
	}
	for i := range len(k.format) {
		c.format[i] = C.char(k.format[i])
	}
	url := C.CString("file:" + tmp)
	defer C.free(unsafe.Pointer(url))
	m := &Muxer{path: path, tmp: tmp}
	var e C.by_err
	rc := C.by_mux_open(&m.c, url, &c, bytePtr(cfg.Extradata), C.int(len(cfg.Extradata)), &e)
	if rc == C.BY_NO_FORMAT {
		return nil, wrongContainer(path, ext, cfg.Codec)
	}
	if rc < 0 {
		return nil, explain("create "+path, rc, &e)
	}
	return m, nil
}

func wrongContainer(path, ext string, c Codec) error {
	return fmt.Errorf("%w: %s: %s does not hold %s: end the name in .mp4 or .mkv", ErrUnsupported, path, ext, c)
}

// WritePacket appends a packet; the bytes are not kept. DTS must grow; without
// one PTS serves. After an error the recording cannot be finished: Close then
// returns the same error and removes what was written.
func (m *Muxer) WritePacket(p Packet) error {
	if m.c == nil {
		return ErrClosed
	}
	if m.err != nil {
		return m.err
	}
	if p.DTS == NoPTS {
		p.DTS = p.PTS
	}
	if p.PTS == NoPTS || len(p.Data) == 0 {
		return fmt.Errorf("%w: packet without data or time stamp", ErrConfig)
	}
	rc := C.by_mux_write(m.c, bytePtr(p.Data), C.int(len(p.Data)), C.int64_t(p.PTS),
		C.int64_t(p.DTS), C.int64_t(p.Duration), cBool(p.Key))
	if rc < 0 {
		m.err = fmt.Errorf("av: write %s: %w", m.path, failure(rc))
	}
	return m.err
}

// Close writes the index, makes sure that all is on disk and gives the file
// its name. When anything failed, nothing is left behind and a file that stood
// at the path before is untouched. More calls do nothing.
func (m *Muxer) Close() error {
	if m.c == nil {
		return nil
	}
	err := m.err
	if err == nil {
		if rc := C.by_mux_finish(m.c); rc < 0 {
			err = fmt.Errorf("av: finish %s: %w", m.path, failure(rc))
		}
	}
	C.by_mux_close(m.c)
	m.c = nil
	if err == nil {
		err = m.publish()
	}
	if err != nil {
		return errors.Join(err, os.Remove(m.tmp))
	}
	return nil
}

func (m *Muxer) publish() error {
	f, err := os.OpenFile(m.tmp, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(m.tmp, m.path)
	}
	if err != nil {
		return fmt.Errorf("av: finish %s: %w", m.path, err)
	}
	return nil
}

// Abort removes what was written; nothing appears at the path. After Close it
// does nothing.
func (m *Muxer) Abort() error {
	if m.c == nil {
		return nil
	}
	C.by_mux_close(m.c)
	m.c = nil
	if err := os.Remove(m.tmp); err != nil {
		return fmt.Errorf("av: abort %s: %w", m.path, err)
	}
	return nil
}
