// Package memscan looks for known bytes in the memory of a process, all of it:
// the Go heap, stacks, what was freed and not used again, and what native
// libraries hold. Tests use it to show that something is gone.
package memscan

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// MinNeedle is the least length of a needle: shorter ones turn up by chance.
const MinNeedle = 12

// Needles are what is looked for.
type Needles struct {
	all    [][]byte
	names  []string
	by     map[uint64][]int
	filter []uint64 // a bit for each hash of a needle's first eight bytes
	most   int
}

const filterBits = 24

func slot(v uint64) uint64 { return v * 0x9e3779b97f4a7c15 >> (64 - filterBits) }

// New returns an empty set.
func New() *Needles {
	return &Needles{by: map[uint64][]int{}, filter: make([]uint64, 1<<filterBits/64)}
}

// Add adds bytes to look for under a name. It refuses needles that are too
// short or of one byte only, which would be found anywhere.
func (n *Needles) Add(name string, b []byte) error {
	if len(b) < MinNeedle || len(bytes.Trim(b, string(b[:1]))) == 0 {
		return fmt.Errorf("memscan: %s: %d bytes that say nothing", name, len(b))
	}
	k := binary.LittleEndian.Uint64(b)
	n.by[k] = append(n.by[k], len(n.all))
	n.all, n.names = append(n.all, bytes.Clone(b)), append(n.names, name)
	n.filter[slot(k)/64] |= 1 << (slot(k) % 64)
	n.most = max(n.most, len(b))
	return nil
}

// Len is the number of needles.
func (n *Needles) Len() int { return len(n.all) }

// Hit is one finding.
type Hit struct {
	Name  string
	Place string // the mapping, or "stream"
	At    int64
}

func (h Hit) String() string { return fmt.Sprintf("%s at %#x in %s", h.Name, h.At, h.Place) }

// within looks at every position of b.
func (n *Needles) within(b []byte, place string, base int64, hits []Hit) []Hit {
	for i := 0; i+8 <= len(b); i++ {
		v := binary.LittleEndian.Uint64(b[i:])
		if s := slot(v); n.filter[s/64]>>(s%64)&1 == 0 {
			continue
		}
		for _, k := range n.by[v] {
			if bytes.HasPrefix(b[i:], n.all[k]) {
				hits = append(hits, Hit{n.names[k], place, base + int64(i)})
			}
		}
	}
	return hits
}

// chunk is how much is looked at at a time; neighbours overlap.
const chunk = 4 << 20

// Stream looks through everything that r gives.
func (n *Needles) Stream(r io.Reader) (hits []Hit, size int64, err error) {
	return n.read(r, "stream", 0)
}

func (n *Needles) read(r io.Reader, place string, base int64) (hits []Hit, size int64, err error) {
	buf := make([]byte, chunk+n.most)
	keep := 0
	for {
		m, err := io.ReadFull(r, buf[keep:])
		size += int64(m)
		have := keep + m
		last := err != nil
		hits = n.within(buf[:have], place, base, hits)
		if last {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = nil
			}
			return unique(hits), size, err
		}
		keep = min(n.most-1, have)
		base += int64(have - keep)
		copy(buf, buf[have-keep:have])
	}
}

// unique drops what was found twice where chunks overlap.
func unique(hits []Hit) []Hit {
	seen := map[Hit]bool{}
	out := hits[:0]
	for _, h := range hits {
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// Process looks through the readable and writable memory of a process that this
// one may trace: itself or a child. Its own needles are in this process, so it
// is another one that is looked at.
func (n *Needles) Process(pid int) (hits []Hit, size int64, err error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, 0, fmt.Errorf("memscan: %w", err)
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, 0, fmt.Errorf("memscan: %w", err)
	}
	defer mem.Close()
	for sc := bufio.NewScanner(maps); sc.Scan(); {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(sc.Text(), "%x-%x %s", &from, &to, &rights); err != nil {
			continue // above what a signed number holds: the vsyscall page
		}
		if !strings.HasPrefix(rights, "rw") || strings.Contains(sc.Text(), "/dev/") || strings.Contains(sc.Text(), "[vvar") {
			continue
		}
		// A mapping that vanished meanwhile holds nothing any more.
		found, m, _ := n.read(io.NewSectionReader(mem, from, to-from), sc.Text(), from)
		hits, size = append(hits, found...), size+m
	}
	if size == 0 {
		return nil, 0, errors.New("memscan: nothing could be read")
	}
	return hits, size, nil
}
