package record

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"
)

// maxHeader bounds what is read as a header when a file is found again.
const maxHeader = 1 << 20

// reopen reads a segment file from the disk, .part or finished, up to its last
// whole fragment. Finishing it truncates what lies behind. It fails with errTorn
// when not even the header is whole.
func reopen(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	g, err := scanFile(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("record: %s: %w", path, errors.Join(err, f.Close()))
	}
	g.f, g.path = f, strings.TrimSuffix(path, partSuffix)
	return g, nil
}

// scanFile reads a segment's header and fragments.
func scanFile(r io.ReaderAt, size int64) (*file, error) {
	g := &file{}
	at, err := g.scanHeader(r, size)
	if err != nil {
		return nil, err
	}
	g.synced = at
	for at < size {
		n, end, err := scanFragment(r, at, size)
		if errors.Is(err, errTorn) {
			return g, nil
		}
		if err != nil {
			return nil, err
		}
		g.took(n, end-at)
		at = end
	}
	return g, nil
}

// scanHeader reads ftyp, moov and the room of the index, and returns where the
// fragments begin.
func (g *file) scanHeader(r io.ReaderAt, size int64) (int64, error) {
	at := int64(0)
	for _, kind := range []string{"ftyp", "moov"} {
		b, err := readBox(r, at, size)
		if err != nil {
			return 0, err
		}
		if b.kind != kind {
			return 0, fmt.Errorf("%w: %q where %s should be", errTorn, b.kind, kind)
		}
		at += b.size
	}
	if at > maxHeader {
		return 0, fmt.Errorf("%w: header of %d bytes", errTorn, at)
	}
	head := make([]byte, at)
	if _, err := r.ReadAt(head, 0); err != nil {
		return 0, err
	}
	if err := g.readHeader(head); err != nil {
		return 0, err
	}
	g.roomAt = at
	for at < size { // free, or sidx and free
		b, err := readBox(r, at, size)
		if err != nil {
			return 0, err
		}
		if b.kind != "free" && b.kind != "sidx" {
			break
		}
		at += b.size
	}
	g.room = int(at - g.roomAt)
	if g.room < sidxHead+sidxEntry+8 || g.room > maxHeader {
		return 0, fmt.Errorf("%w: no room for the index", errTorn)
	}
	return at, nil
}

func (g *file) readHeader(head []byte) error {
	moov, err := findBox(head, 0, len(head), "moov")
	if err != nil {
		return err
	}
	mvex, err := findBox(head, moov+8, len(head), "mvex")
	if err != nil {
		return err
	}
	mehd, err := findBox(head, mvex+8, len(head), "mehd")
	if err != nil {
		return err
	}
	if mehd+20 > len(head) {
		return fmt.Errorf("%w: no duration", errTorn)
	}
	g.mehd = int64(mehd + 12)
	var init fmp4.Init
	if err := init.Unmarshal(bytes.NewReader(head)); err != nil {
		return fmt.Errorf("%w: %w", errTorn, err)
	}
	if len(init.Tracks) != 1 {
		return fmt.Errorf("%w: %d tracks", errTorn, len(init.Tracks))
	}
	c, ok := init.Tracks[0].Codec.(*mp4.CodecH264)
	if !ok {
		return fmt.Errorf("%w: not H.264", errTorn)
	}
	g.par = params{c.SPS, c.PPS}
	return nil
}

// scanFragment reads the fragment at an offset, checking its sum, and returns
// where it ends.
func scanFragment(r io.ReaderAt, at, size int64) (note, int64, error) {
	var n note
	for _, kind := range []string{"prft", "uuid", "moof", "mdat"} {
		b, err := readBox(r, at, size)
		if err != nil {
			return n, 0, err
		}
		if b.kind != kind {
			return n, 0, fmt.Errorf("%w: %q where %s should be", errTorn, b.kind, kind)
		}
		if kind == "uuid" {
			if b.size > noteSize {
				return n, 0, fmt.Errorf("%w: unknown uuid box", errTorn)
			}
			buf := make([]byte, b.size)
			if _, err := r.ReadAt(buf, at); err != nil {
				return n, 0, err
			}
			var ok bool
			if n, ok = parseNote(buf); !ok {
				return n, 0, fmt.Errorf("%w: unknown uuid box", errTorn)
			}
		}
		if kind == "moof" {
			m, err := readBox(r, at+b.size, size)
			if err != nil {
				return n, 0, err
			}
			sum := crc32.New(castagnoli)
			if _, err := io.Copy(sum, io.NewSectionReader(r, at, b.size+m.size)); err != nil {
				return n, 0, err
			}
			if sum.Sum32() != n.CRC || n.Frames == 0 || n.Duration <= 0 {
				return n, 0, fmt.Errorf("%w: checksum of the fragment at %d", errTorn, at)
			}
		}
		at += b.size
	}
	return n, at, nil
}
