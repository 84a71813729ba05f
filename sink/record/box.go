package record

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// ISO base media file format (ISO/IEC 14496-12), the few boxes that a fragment
// needs. The header is made by mediacommon; these are written by hand because
// they are written for every second of every camera, into a buffer that stays.

// timescale is the tracks' unit of time, in ticks a second.
const timescale = 90000

// ticks converts a duration to the track's unit, rounding to the nearest.
func ticks(d time.Duration) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*timescale + (rest*timescale+int64(time.Second)/2)/int64(time.Second)
}

func fromTicks(t int64) time.Duration {
	whole, rest := t/timescale, t%timescale
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/timescale
}

var be = binary.BigEndian

// openBox appends a box's head; closeBox writes its size.
func openBox(b []byte, kind string) ([]byte, int) {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	return append(b, kind...), at
}

func openFullBox(b []byte, kind string, version byte, flags uint32) ([]byte, int) {
	b, at := openBox(b, kind)
	return be.AppendUint32(b, uint32(version)<<24|flags), at
}

func closeBox(b []byte, at int) { be.PutUint32(b[at:], uint32(len(b)-at)) }

// sample is one picture of a fragment.
type sample struct {
	size     int
	duration uint32 // ticks
	key      bool
}

// Sample flags: whether others are needed to decode it, and whether it may be
// started from.
const (
	flagsKey   = 0x02000000
	flagsOther = 0x01010000
)

// appendMoof appends a movie fragment box for samples that follow at once in
// one mdat box.
func appendMoof(b []byte, number uint32, base int64, samples []sample) []byte {
	b, moof := openBox(b, "moof")
	b, mfhd := openFullBox(b, "mfhd", 0, 0)
	b = be.AppendUint32(b, number)
	closeBox(b, mfhd)
	b, traf := openBox(b, "traf")
	b, tfhd := openFullBox(b, "tfhd", 0, 0x020000) // offsets count from moof
	b = be.AppendUint32(b, trackID)
	closeBox(b, tfhd)
	b, tfdt := openFullBox(b, "tfdt", 1, 0)
	b = be.AppendUint64(b, uint64(base))
	closeBox(b, tfdt)
	b, trun := openFullBox(b, "trun", 1, 0x000701) // offset; duration, size, flags of each
	b = be.AppendUint32(b, uint32(len(samples)))
	offset := len(b)
	b = be.AppendUint32(b, 0)
	for _, s := range samples {
		flags := uint32(flagsOther)
		if s.key {
			flags = flagsKey
		}
		b = be.AppendUint32(b, s.duration)
		b = be.AppendUint32(b, uint32(s.size))
		b = be.AppendUint32(b, flags)
	}
	closeBox(b, trun)
	closeBox(b, traf)
	closeBox(b, moof)
	be.PutUint32(b[offset:], uint32(len(b)-moof+8))
	return b
}

// ntpEpoch is 1900-01-01 in seconds before 1970.
const ntpEpoch = 2208988800

// appendPrft appends a producer reference time: the wall-clock time at which
// the picture at media time base was captured.
func appendPrft(b []byte, wall time.Time, base int64) []byte {
	b, at := openFullBox(b, "prft", 1, 24) // 24: time of capture
	b = be.AppendUint32(b, trackID)
	frac := uint64(wall.Nanosecond()) << 32 / uint64(time.Second)
	b = be.AppendUint64(b, uint64(wall.Unix()+ntpEpoch)<<32|frac)
	b = be.AppendUint64(b, uint64(base))
	closeBox(b, at)
	return b
}

// note is what the house adds to each fragment, so that a file found after a
// power cut tells by itself what it holds and which of its fragments are whole.
type note struct {
	Wall     time.Time // capture of the first picture
	Duration int64     // ticks
	Frames   uint32
	Full     uint32 // fully masked ones among them
	Key      bool   // begins with a key picture
	CRC      uint32 // CRC32C of the moof and mdat boxes that follow
	Tally
}

// noteID marks the box: a UUID v4 drawn for this purpose.
var noteID = [16]byte{0x6e, 0x0b, 0x1f, 0x52, 0x9d, 0x3c, 0x4a, 0x57, 0x8e, 0x21, 0x5c, 0xb7, 0x70, 0xd4, 0x93, 0xe8}

const (
	noteSize = noteOld + 8 + 8 + 4*4
	noteOld  = 8 + 16 + 1 + 1 + 8 + 8 + 4 + 4 + 4 // of version 1, without a tally
	prftSize = 32
)

func appendNote(b []byte, n note) []byte {
	b, at := openBox(b, "uuid")
	b = append(b, noteID[:]...)
	b = append(b, 2, 0)
	if n.Key {
		b[len(b)-1] = 1
	}
	b = be.AppendUint64(b, uint64(n.Wall.UnixNano()))
	b = be.AppendUint64(b, uint64(n.Duration))
	b = be.AppendUint32(b, n.Frames)
	b = be.AppendUint32(b, n.Full)
	b = be.AppendUint32(b, n.CRC)
	b = be.AppendUint64(b, n.First)
	b = be.AppendUint64(b, n.Last)
	for _, v := range [4]int64{n.Faces, n.Masked, n.Clear, n.Fault} {
		b = be.AppendUint32(b, uint32(v))
	}
	closeBox(b, at)
	return b
}

// parseNote reads a whole uuid box; false when it is not ours.
func parseNote(b []byte) (note, bool) {
	if len(b) != noteSize && len(b) != noteOld || [16]byte(b[8:24]) != noteID {
		return note{}, false
	}
	version := b[24]
	if version != 2 && version != 1 || version == 2 != (len(b) == noteSize) {
		return note{}, false
	}
	b = b[25:]
	n := note{
		Key: b[0] == 1, Wall: time.Unix(0, int64(be.Uint64(b[1:]))).UTC(), Duration: int64(be.Uint64(b[9:])),
		Frames: be.Uint32(b[17:]), Full: be.Uint32(b[21:]), CRC: be.Uint32(b[25:]),
	}
	if version == 2 {
		b = b[29:]
		n.Tally = Tally{
			Known: true, First: be.Uint64(b), Last: be.Uint64(b[8:]), Faces: int64(be.Uint32(b[16:])),
			Masked: int64(be.Uint32(b[20:])), Clear: int64(be.Uint32(b[24:])), Fault: int64(be.Uint32(b[28:])),
		}
	}
	return n, true
}

// reference is one entry of a segment index: a run of fragments.
type reference struct {
	size     int64
	duration int64 // ticks
	key      bool
}

const (
	sidxHead  = 40
	sidxEntry = 12
)

// appendIndex fills room bytes with a segment index box (sidx) over the
// references and a free box behind it. Where there is no room for every
// reference, neighbours are joined.
func appendIndex(b []byte, room int, refs []reference) []byte {
	for sidxHead+sidxEntry*len(refs)+8 > room {
		half := refs[:0:0]
		for i, r := range refs {
			if i%2 == 0 {
				half = append(half, r)
			} else {
				half[i/2].size += r.size
				half[i/2].duration += r.duration
			}
		}
		refs = half
	}
	rest := room - sidxHead - sidxEntry*len(refs)
	b, at := openFullBox(b, "sidx", 1, 0)
	b = be.AppendUint32(b, trackID)
	b = be.AppendUint32(b, timescale)
	b = be.AppendUint64(b, 0)
	b = be.AppendUint64(b, uint64(rest)) // from the end of this box to the first fragment
	b = be.AppendUint32(b, uint32(len(refs)))
	for _, r := range refs {
		b = be.AppendUint32(b, uint32(r.size)&0x7fffffff)
		b = be.AppendUint32(b, uint32(r.duration))
		sap := uint32(0)
		if r.key {
			sap = 0x90000000 // starts with a stream access point of type 1
		}
		b = be.AppendUint32(b, sap)
	}
	closeBox(b, at)
	return appendFree(b, rest)
}

func appendFree(b []byte, n int) []byte {
	b, at := openBox(b, "free")
	b = append(b, make([]byte, n-8)...)
	closeBox(b, at)
	return b
}

// box is one box as found in a file.
type box struct {
	kind     string
	at, size int64
}

// readBox reads the head of the box at offset at of a file of the given size.
func readBox(r io.ReaderAt, at, size int64) (box, error) {
	var h [8]byte
	if size-at < 8 {
		return box{}, fmt.Errorf("%w: %d bytes at %d", errTorn, size-at, at)
	}
	if _, err := r.ReadAt(h[:], at); err != nil {
		return box{}, err
	}
	n := int64(be.Uint32(h[:]))
	if n < 8 || at+n > size {
		return box{}, fmt.Errorf("%w: box of %d bytes at %d of %d", errTorn, n, at, size)
	}
	return box{string(h[4:]), at, n}, nil
}
