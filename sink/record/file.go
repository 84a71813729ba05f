package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bystander/sink"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const partSuffix = ".part"

// file is a segment while it is written. Fragments are appended and synced one
// by one; what is in the file up to synced is whole whatever happens.
type file struct {
	f       *os.File
	path    string // of the finished file; written as path + ".part"
	par     params // copies
	mehd    int64  // offset of the duration
	room    int    // of the index
	roomAt  int64
	synced  int64
	refs    []reference
	total   int64 // duration, ticks
	wall    time.Time
	frames  int64
	full    int64
	tally   Tally
	number  uint32
	head    []byte // buffers that stay with the stream
	payload []byte
	samples []sample
	pending note
}

// openPart makes a new file and its folder. Disposal may remove a day's folder
// between the two, as it becomes empty; then both are made once more.
func openPart(path string) (*os.File, error) {
	for try := 0; ; try++ {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if try == 0 && errors.Is(err, os.ErrNotExist) {
			continue
		}
		return f, err
	}
}

// create begins a segment with the given parameter sets. maxFragments sizes its
// index. The buffers of prev, if any, are taken over.
func create(path string, p params, maxFragments int, prev *file) (*file, error) {
	header, mehd, err := makeHeader(p)
	if err != nil {
		return nil, err
	}
	g := &file{
		path: path, mehd: int64(mehd), roomAt: int64(len(header)), room: sidxHead + sidxEntry*maxFragments + 8,
		par: params{append([]byte(nil), p.sps...), append([]byte(nil), p.pps...)},
	}
	if prev != nil {
		g.head, g.payload, g.samples, g.refs = prev.head[:0], prev.payload[:0], prev.samples[:0], prev.refs[:0]
	}
	header = appendFree(header, g.room)
	if g.f, err = openPart(path + partSuffix); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	_, err = g.f.Write(header)
	if err = errors.Join(err, g.f.Sync(), syncDir(filepath.Dir(path))); err != nil {
		return nil, fmt.Errorf("record: begin: %w", errors.Join(err, g.f.Close(), os.Remove(path+partSuffix)))
	}
	g.synced = int64(len(header))
	return g, nil
}

// add puts a picture of known duration into the fragment being gathered.
func (g *file) add(p *sink.Packet, duration int64) {
	if len(g.samples) == 0 {
		g.pending = note{Wall: p.Captured, Key: p.Key}
		g.pending.Known, g.pending.First = true, p.Seq
		g.payload = g.payload[:0]
	}
	at := len(g.payload)
	g.payload = appendSample(g.payload, p.Data)
	g.samples = append(g.samples, sample{size: len(g.payload) - at, duration: uint32(duration), key: p.Key})
	g.pending.Duration += duration
	g.pending.Frames++
	if p.FullMask {
		g.pending.Full++
	}
	g.pending.count(p)
}

// flush writes the gathered fragment and syncs it. On error the file ends
// where it did before, and the fragment is lost.
func (g *file) flush() error {
	if len(g.samples) == 0 {
		return nil
	}
	n := g.pending
	defer func() { g.samples = g.samples[:0] }()
	g.number++
	b := appendPrft(g.head[:0], n.Wall, g.total)
	noteAt := len(b)
	b = append(b, make([]byte, noteSize)...)
	moofAt := len(b)
	b = appendMoof(b, g.number, g.total, g.samples)
	b = be.AppendUint32(b, uint32(8+len(g.payload)))
	b = append(b, "mdat"...)
	g.head = b
	n.CRC = crc32.Update(crc32.Checksum(b[moofAt:], castagnoli), castagnoli, g.payload)
	appendNote(b[:noteAt], n)
	err := writeAt(g.f, g.synced, b, g.payload)
	if err == nil {
		err = unix.Fdatasync(int(g.f.Fd()))
	}
	if err != nil {
		return fmt.Errorf("record: write %s: %w", g.path, errors.Join(err, g.f.Truncate(g.synced)))
	}
	g.took(n, int64(len(b)+len(g.payload)))
	return nil
}

// took counts a fragment that is in the file.
func (g *file) took(n note, size int64) {
	if g.frames == 0 {
		g.wall, g.tally = n.Wall, n.Tally
	} else {
		g.tally.add(n.Tally)
	}
	g.synced += size
	g.refs = append(g.refs, reference{size, n.Duration, n.Key})
	g.total += n.Duration
	g.frames += int64(n.Frames)
	g.full += int64(n.Full)
}

func writeAt(f *os.File, at int64, parts ...[]byte) error {
	for _, b := range parts {
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// finish writes the duration and the index into the room kept for them, and
// gives the file its final name. It returns the file's SHA-256. It may be
// called again after an error, also by a later process (see reopen).
func (g *file) finish() (string, error) {
	sum, err := g.seal()
	if err != nil {
		return "", fmt.Errorf("record: finish %s: %w", g.path, err)
	}
	return sum, nil
}

func (g *file) seal() (string, error) {
	if g.f == nil {
		f, err := os.OpenFile(g.path+partSuffix, os.O_RDWR, 0)
		if err != nil {
			return "", err
		}
		g.f = f
	}
	err := g.f.Truncate(g.synced)
	if err == nil {
		err = writeAt(g.f, g.mehd, be.AppendUint64(nil, uint64(g.total)*movieScale/timescale))
	}
	if err == nil {
		err = writeAt(g.f, g.roomAt, appendIndex(nil, g.room, g.refs))
	}
	if err == nil {
		err = g.f.Sync()
	}
	var sum string
	if err == nil {
		sum, err = hashFile(g.f, g.synced)
	}
	err = errors.Join(err, g.f.Close())
	g.f = nil
	if err != nil {
		return "", err
	}
	if err := os.Rename(g.path+partSuffix, g.path); err != nil {
		return "", err
	}
	return sum, syncDir(filepath.Dir(g.path))
}

// movieScale is the unit of moov's own duration, as mediacommon writes it.
const movieScale = 1000

// drop removes a segment without a single picture.
func (g *file) drop() error {
	err := g.f.Close()
	g.f = nil
	return errors.Join(err, os.Remove(g.path+partSuffix))
}

func hashFile(r io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
