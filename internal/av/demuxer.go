package av

// #include <stdlib.h>
// #include "av.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"bystander/internal/frame"
)

// Info describes the video stream of a recording.
type Info struct {
	Codec  Codec
	Format string // the container, by libav's name
	// Size is the size of upright pictures; Coded is before rotation.
	Size, Coded frame.Size
	// Rotation is the clockwise turn in degrees that makes pictures upright
	// (0, 90, 180, 270), Mirrored tells that they are flipped as well. A
	// Decoder made with Params applies both.
	Rotation int
	Mirrored bool
	TimeBase frame.Rational // of all time stamps
	AvgRate  frame.Rational // pictures a second on average
	RealRate frame.Rational // the smallest rate that fits every time stamp
	Duration int64          // ticks, NoPTS when unknown
	Start    int64          // first presentation time in ticks, NoPTS when unknown
	// Frames is the container's count, else an estimate from duration and
	// rate, else 0. Counted tells which: a fragmented MP4, such as our recorder
	// writes, counts nothing.
	Frames    int64
	Counted   bool
	Aspect    frame.Rational // of a sample of the upright picture; invalid means square
	Colour    frame.Colour
	Extradata []byte // a copy
	HasAudio  bool   // there is sound; it is never read
}

// Params are the codec parameters of an open recording, for NewDecoder. They
// are valid until the Demuxer is rewound or closed.
type Params struct {
	d      *Demuxer
	par    *C.AVCodecParameters
	tb     C.AVRational
	orient C.by_orient
}

// Demuxer reads the best video stream of a local recording.
type Demuxer struct {
	path string
	c    *C.by_demuxer
	raw  C.by_packet
	info Info
	par  Params
}

// OpenFile opens a local recording; the caller closes it. Only the file itself
// is opened: containers that point at others (playlists, concat, image
// sequences) are refused. It fails with ErrNotFound, ErrNotFile, ErrEmpty,
// ErrNotVideo, ErrTruncated, ErrNoVideoStream, frame.ErrSize, ErrUnsupported,
// or the system's error; each message names the file and the way out.
func OpenFile(path string) (*Demuxer, error) {
	start()
	if err := checkFile(path); err != nil {
		return nil, err
	}
	d := &Demuxer{path: path}
	if err := d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

func checkFile(path string) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s: check the path", ErrNotFound, path)
	case err != nil:
		return fmt.Errorf("av: open recording: %w", err)
	case st.IsDir():
		return fmt.Errorf("%w: %s is a directory: name a video file in it", ErrNotFile, path)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%w: %s: copy the recording into a file first", ErrNotFile, path)
	case st.Size() == 0:
		return fmt.Errorf("%w: %s has zero bytes: fetch or record it again", ErrEmpty, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("av: open recording: %w: allow this user to read it", err)
	}
	return f.Close()
}

func (d *Demuxer) open() error {
	url := C.CString("file:" + d.path)
	defer C.free(unsafe.Pointer(url))
	name := C.CString(filepath.Base(d.path))
	defer C.free(unsafe.Pointer(name))
	var e C.by_err
	if rc := C.by_dmx_open(&d.c, url, name, frame.MaxPixels, &e); rc < 0 {
		d.c = nil
		return d.openError(rc, &e)
	}
	d.readInfo()
	if d.info.Size.W <= 0 || d.info.Size.H <= 0 {
		d.Close()
		return fmt.Errorf("%w: %s: no picture could be found in its %s stream: try another recording",
			ErrNotVideo, d.path, d.info.Codec)
	}
	return nil
}

func (d *Demuxer) openError(rc C.int, e *C.by_err) error {
	format := C.GoString(&e.format[0])
	switch err := failure(rc); {
	case rc == C.BY_NO_STREAM:
		return fmt.Errorf("%w: %s (%s): choose a recording with pictures", ErrNoVideoStream, d.path, format)
	case rc == C.BY_NO_FORMAT:
		return fmt.Errorf("%w: %s looks like %q: only recordings are read, no playlists, pictures or subtitles: "+
			"convert it, e.g. to .mp4", ErrNotVideo, d.path, format)
	case rc == C.BY_TOO_LARGE:
		return fmt.Errorf("av: open %s: %w: scale it down first", d.path, errTooLarge)
	case format != "" && cutShort(d.path):
		return fmt.Errorf("%w: %s (%s) ends before its index (moov): it was not copied or recorded to the end: "+
			"fetch it again or repair it", ErrTruncated, d.path, format)
	case errors.Is(err, ErrCorrupt), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %s: no video format fits its content: check that the file is whole "+
			"and a recording (mp4, mkv, webm, avi, …)", ErrNotVideo, d.path)
	}
	return explain("open "+d.path, rc, e)
}

func (d *Demuxer) readInfo() {
	var i C.by_info
	C.by_dmx_info(d.c, &i)
	n := Info{
		Codec: codecOf(C.GoString(&i.codec[0])), Format: C.GoString(&i.format[0]),
		Coded:    frame.Size{W: int(i.w), H: int(i.h)},
		TimeBase: rationalOf(i.tb), AvgRate: rationalOf(i.avg), RealRate: rationalOf(i.real),
		Aspect: rationalOf(i.sar), Duration: int64(i.duration), Start: int64(i.start),
		Frames: int64(i.frames), Colour: colourOf(i.colour), HasAudio: i.audio > 0,
		Extradata: append([]byte(nil), cBytes(i.extra, i.extra_len)...),
	}
	n.Size = n.Coded
	if i.orient.transpose != 0 {
		n.Size = frame.Size{W: n.Coded.H, H: n.Coded.W}
		n.Aspect = frame.Rational{Num: n.Aspect.Den, Den: n.Aspect.Num}
	}
	n.Rotation, n.Mirrored = turnOf(i.orient)
	n.Counted = n.Frames > 0
	if !n.Counted && n.Duration > 0 {
		n.Frames = int64(float64(n.Duration)*n.TimeBase.Float()*n.AvgRate.Float() + 0.5)
	}
	d.info = n
	st := *(**C.AVStream)(unsafe.Add(unsafe.Pointer(d.c.fmt.streams),
		uintptr(d.c.stream)*unsafe.Sizeof(uintptr(0))))
	d.par = Params{d: d, par: st.codecpar, tb: i.tb, orient: i.orient}
}

// turnOf names an orientation as a clockwise turn, mirrored left to right
// beforehand or not.
func turnOf(o C.by_orient) (degrees int, mirrored bool) {
	switch [3]bool{o.transpose != 0, o.hflip != 0, o.vflip != 0} {
	case [3]bool{false, true, false}:
		return 0, true
	case [3]bool{false, true, true}:
		return 180, false
	case [3]bool{false, false, true}:
		return 180, true
	case [3]bool{true, true, false}:
		return 90, false
	case [3]bool{true, true, true}:
		return 90, true
	case [3]bool{true, false, true}:
		return 270, false
	case [3]bool{true, false, false}:
		return 270, true
	}
	return 0, false
}

// Info describes the stream.
func (d *Demuxer) Info() Info { return d.info }

// Params are the parameters for NewDecoder.
func (d *Demuxer) Params() *Params { return &d.par }

// ReadPacket returns the next packet, valid until the next call. It fails with
// io.EOF at the end and with ErrCorrupt or the system's error where the file
// breaks off; nothing can be read after an error.
func (d *Demuxer) ReadPacket() (Packet, error) {
	if d.c == nil {
		return Packet{}, ErrClosed
	}
	if rc := C.by_dmx_read(d.c, &d.raw); rc < 0 {
		if rc == C.BY_EOF {
			return Packet{}, io.EOF
		}
		return Packet{}, fmt.Errorf("av: read %s: %w", d.path, failure(rc))
	}
	return packetOf(&d.raw), nil
}

// Rewind goes back to the first packet. It opens the file anew, which works
// for every container and sees a file that was replaced; Info may change.
func (d *Demuxer) Rewind() error {
	if d.c == nil {
		return ErrClosed
	}
	d.Close()
	if err := checkFile(d.path); err != nil {
		return err
	}
	return d.open()
}

// Close closes the file; more calls do nothing.
func (d *Demuxer) Close() {
	C.by_dmx_close(d.c)
	d.c = nil
	d.par.par = nil
}
