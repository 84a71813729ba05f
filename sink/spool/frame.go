package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"bystander/internal/event"
)

// A segment is a header and frames. All integers are big-endian.
//
//	header: magic (8) ‖ first number (8) ‖ created, ms since 1970 (8) ‖ CRC32C of these (4)
//	frame:  mark (4) ‖ payload length (4) ‖ CRC32C (4) ‖ number (8) ‖ batch (8) ‖ payload
//
// The CRC of a frame covers number, batch and payload, and by that the length.
// The payload is the event's stored form (event.Event.AppendBinary). Batch is
// the number of the first event that was written and synced together with this
// one: a damaged frame before the last batch had been acknowledged, one within
// the last batch may be a torn write.
const (
	headerSize = 28
	frameHead  = 28
	maxPayload = event.MaxEncoded
)

var (
	segmentMagic = [8]byte{'B', 'Y', 'S', 'P', 'O', 'O', 'L', '1'}
	frameMark    = [4]byte{0xB5, 0x1A, 0x7E, 0x0D}
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
)

type header struct {
	first   uint64
	created int64 // ms since 1970
}

func (h header) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, segmentMagic[:])
	binary.BigEndian.PutUint64(b[8:], h.first)
	binary.BigEndian.PutUint64(b[16:], uint64(h.created))
	binary.BigEndian.PutUint32(b[24:], crc32.Checksum(b[:24], castagnoli))
	return b
}

func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize || !bytes.Equal(b[:8], segmentMagic[:]) ||
		binary.BigEndian.Uint32(b[24:]) != crc32.Checksum(b[:24], castagnoli) {
		return header{}, fmt.Errorf("%w: no valid header", ErrCorrupt)
	}
	return header{binary.BigEndian.Uint64(b[8:]), int64(binary.BigEndian.Uint64(b[16:]))}, nil
}

// appendFrame appends one frame; payload appends the event to dst.
func appendFrame(dst []byte, e *event.Event, batch uint64) ([]byte, error) {
	at := len(dst)
	dst = append(dst, make([]byte, frameHead)...)
	dst, err := e.AppendBinary(dst)
	if err != nil {
		return dst[:at], err
	}
	f := dst[at:]
	copy(f, frameMark[:])
	binary.BigEndian.PutUint32(f[4:], uint32(len(f)-frameHead))
	binary.BigEndian.PutUint64(f[12:], e.Seq)
	binary.BigEndian.PutUint64(f[20:], batch)
	binary.BigEndian.PutUint32(f[8:], crc32.Checksum(f[12:], castagnoli))
	return dst, nil
}

// frame is one whole frame as found in a segment.
type frame struct {
	at      int64 // offset of the frame
	end     int64 // offset behind it
	seq     uint64
	batch   uint64
	payload []byte // valid until the next call
}

// scanner walks the frames of a segment from an offset up to a limit.
type scanner struct {
	r     io.ReaderAt
	at    int64 // next offset
	limit int64
	buf   []byte // what was read ahead
	from  int64  // the offset of buf[0]
}

// readAhead is how much is read from the file at a time.
const readAhead = 128 << 10

// view returns n bytes at offset at, which lie below the limit. They are valid
// until the next call.
func (s *scanner) view(at, n int64) ([]byte, error) {
	if i := at - s.from; i >= 0 && i+n <= int64(len(s.buf)) {
		return s.buf[i : i+n], nil
	}
	want := min(max(n, readAhead), s.limit-at)
	if int64(cap(s.buf)) < want {
		s.buf = make([]byte, want)
	}
	s.buf, s.from = s.buf[:want], at
	if _, err := s.r.ReadAt(s.buf, at); err != nil {
		s.buf = s.buf[:0]
		return nil, fmt.Errorf("spool: read: %w", err)
	}
	return s.buf[:n], nil
}

// next returns the next frame, io.EOF at the limit, and ErrCorrupt when the
// bytes at the offset are no whole frame; at then stays where it was.
func (s *scanner) next() (frame, error) {
	if s.at == s.limit {
		return frame{}, io.EOF
	}
	if s.limit-s.at < frameHead {
		return frame{}, fmt.Errorf("%w: %d bytes left at %d", ErrCorrupt, s.limit-s.at, s.at)
	}
	h, err := s.view(s.at, frameHead)
	if err != nil {
		return frame{}, err
	}
	n := int64(binary.BigEndian.Uint32(h[4:]))
	if !bytes.Equal(h[:4], frameMark[:]) || n > maxPayload || s.at+frameHead+n > s.limit {
		return frame{}, fmt.Errorf("%w: no frame at %d", ErrCorrupt, s.at)
	}
	b, err := s.view(s.at, frameHead+n)
	if err != nil {
		return frame{}, err
	}
	if crc32.Checksum(b[12:], castagnoli) != binary.BigEndian.Uint32(b[8:]) {
		return frame{}, fmt.Errorf("%w: checksum of the frame at %d", ErrCorrupt, s.at)
	}
	f := frame{
		at: s.at, end: s.at + frameHead + n, payload: b[frameHead:],
		seq:   binary.BigEndian.Uint64(b[12:]),
		batch: binary.BigEndian.Uint64(b[20:]),
	}
	s.at = f.end
	return f, nil
}

// resync moves at to the next whole frame behind it and reports whether there
// is one. It serves to get past damage.
func (s *scanner) resync() (bool, error) {
	const window = 64 << 10
	buf := make([]byte, window)
	from := s.at
	for pos := s.at + 1; pos+frameHead <= s.limit; {
		n, err := s.r.ReadAt(buf[:min(window, s.limit-pos)], pos)
		if err != nil && (err != io.EOF || n == 0) {
			return false, fmt.Errorf("spool: read: %w", err)
		}
		for i := 0; ; {
			j := bytes.Index(buf[i:n], frameMark[:])
			if j < 0 {
				break
			}
			s.at = pos + int64(i+j)
			if _, err := s.next(); err == nil {
				s.at = pos + int64(i+j)
				return true, nil
			}
			i += j + 1
		}
		// A mark may lie across the edge of the window.
		pos += int64(max(n-len(frameMark)+1, 1))
	}
	s.at = from
	return false, nil
}
