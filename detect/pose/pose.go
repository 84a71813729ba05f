// Package pose tells whether a camera still stands as it was calibrated. It
// compares the directions of the edges that stay where they are (walls, doors,
// furniture) on a grid of 80×45 cells; what moves, people above all, averages
// out before anything is compared.
//
// A fingerprint holds, for each cell, nothing or one of eight directions:
// 1800 bytes for a whole picture. It has no brightness and no colour, and a
// face that fills a quarter of the picture's height covers 7×11 cells of it,
// most of them empty: no picture of the place, and none of a person, can be
// made from it.
//
// Directions of edges hardly change with the light (histograms of oriented
// gradients, Dalal and Triggs 2005, rest on the same); the double angle makes
// an edge the same from dark to bright and from bright to dark.
package pose

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"bystander/internal/yuv"
)

// W and H are the grid's cells across and down a picture, whatever its size.
const (
	W = 80
	H = 45
)

// ErrFingerprint reports a text that is no fingerprint.
var ErrFingerprint = errors.New("pose: not a fingerprint")

// ErrSize reports a picture that is smaller than the grid.
var ErrSize = errors.New("pose: the picture is smaller than the grid")

// Grid holds the mean brightness of each cell.
type Grid [W * H]float32

// Sample fills the grid with the means of a luma plane of w×h samples.
func (g *Grid) Sample(plane []byte, stride, w, h int) error {
	if err := yuv.Means(g[:], plane, stride, w, h, W, H); err != nil {
		return fmt.Errorf("%w: %d×%d", ErrSize, w, h)
	}
	return nil
}

// Fingerprint is the calibrated view: for each cell 0, or 1 to 8 for the
// direction of its lasting edge.
type Fingerprint [W * H]uint8

const (
	directions = 8
	version    = "p1:"
)

// String is the fingerprint as text, half a byte a cell.
func (f *Fingerprint) String() string {
	b := make([]byte, W*H/2)
	for i, v := range f {
		b[i/2] |= v << (4 * (i % 2))
	}
	return version + base64.RawStdEncoding.EncodeToString(b)
}

// Parse reads a fingerprint's text. It fails with ErrFingerprint.
func Parse(s string) (*Fingerprint, error) {
	rest, ok := strings.CutPrefix(s, version)
	b, err := base64.RawStdEncoding.DecodeString(rest)
	if !ok || err != nil || len(b) != W*H/2 {
		return nil, ErrFingerprint
	}
	var f Fingerprint
	n := 0
	for i := range f {
		f[i] = b[i/2] >> (4 * (i % 2)) & 15
		if f[i] > directions {
			return nil, ErrFingerprint
		}
		if f[i] != 0 {
			n++
		}
	}
	if n < leastCells {
		return nil, fmt.Errorf("%w: it holds too little structure", ErrFingerprint)
	}
	return &f, nil
}

// vec is a direction by its double angle; its length says how sure it is.
type vec struct{ x, y float32 }

var unit = func() (u [directions + 1]vec) {
	for d := range directions {
		s, c := math.Sincos(2 * math.Pi * float64(d) / directions)
		u[d+1] = vec{float32(c), float32(s)}
	}
	return u
}()

const (
	// settle is the time in which the field of edges follows a change by 63 %:
	// long enough that people who walk by leave no edges.
	settle = 1200 * time.Millisecond
	// weakEdge is the difference in luma steps across two cells at which an
	// edge counts half.
	weakEdge = 5
	// lasting is how sure a cell must be to count.
	lasting = 0.45
	// leastCells is how many cells must have an edge; below, a view cannot be
	// told from another.
	leastCells = 100
)

// field is the edges of a view as they last.
type field struct {
	cells [W * H]vec
	sure  [W * H]float32 // lengths of cells, for one comparison
	last  time.Duration
	begun bool
	since time.Duration
}

// observe mixes a picture's edges in.
func (f *field) observe(g *Grid, at time.Duration) {
	a := float32(1)
	if f.begun {
		dt := min(max(at-f.last, 0), time.Second)
		a = float32(1 - math.Exp(-dt.Seconds()/settle.Seconds()))
	} else {
		f.since = at
	}
	f.begun, f.last = true, at
	for y := 1; y < H-1; y++ {
		for x := 1; x < W-1; x++ {
			i := y*W + x
			gx, gy := g[i+1]-g[i-1], g[i+W]-g[i-W]
			m2 := gx*gx + gy*gy
			var v vec
			if m2 > 0 {
				m := float32(math.Sqrt(float64(m2)))
				w := m / (m + weakEdge) / m2
				v = vec{(gx*gx - gy*gy) * w, 2 * gx * gy * w}
			}
			c := &f.cells[i]
			c.x += a * (v.x - c.x)
			c.y += a * (v.y - c.y)
		}
	}
}

// lasts reports whether a cell has a lasting edge.
func (v vec) lasts() bool { return v.x*v.x+v.y*v.y >= lasting*lasting }

// structure counts the cells with a lasting edge.
func (f *field) structure() int {
	n := 0
	for _, c := range f.cells {
		if c.lasts() {
			n++
		}
	}
	return n
}

// fingerprint reads the field, leaving out masked cells.
func (f *field) fingerprint(masked *[W * H]bool) (*Fingerprint, bool) {
	var out Fingerprint
	n := 0
	for i, c := range f.cells {
		if masked[i] || !c.lasts() {
			continue
		}
		a := math.Atan2(float64(c.y), float64(c.x)) / (2 * math.Pi) * directions
		d := int(math.Round(a+directions)) % directions
		out[i] = uint8(d) + 1
		n++
	}
	return &out, n >= leastCells
}
