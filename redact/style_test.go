package redact_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

var update = flag.Bool("update", false, "write the golden hashes anew")

// painted covers two people on a made picture: slanting shades with fine detail
// over them.
func painted(t *testing.T, style redact.Style, size frame.Size) []byte {
	t.Helper()
	pool := frame.NewPool(1)
	defer pool.Close()
	raw, err := pool.Get(size)
	if err != nil {
		t.Fatal(err)
	}
	p := raw.Planes()
	for y := range p.H {
		for x := range p.W {
			p.Y[y*p.StrideY+x] = byte(60 + (x+2*y)%120 + 8*((x^y)&1))
		}
	}
	for y := range p.Chroma().H {
		for x := range p.Chroma().W {
			p.U[y*p.StrideC+x], p.V[y*p.StrideC+x] = byte(100+x%50), byte(110+y%40)
		}
	}
	raw.Seq, raw.PTS = 5, time.Second
	cfg := redact.DefaultConfig()
	cfg.Hold, cfg.Style = 0, style
	red, err := redact.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := red.Push(raw, look(
		face(1, geom.Box{X0: 40, Y0: 30, X1: 80, Y1: 80}),
		person(2, geom.Box{X0: 110, Y0: 20, X1: 170, Y1: 200}),
	)); err != nil {
		t.Fatal(err)
	}
	o, _ := red.Pop()
	defer o.Release()
	return samples(o.Live)
}

func TestPaintedPicturesStayAsTheyAre(t *testing.T) {
	var got strings.Builder
	for _, style := range []redact.Style{redact.StyleFrost, redact.StyleSolid, redact.StyleMosaic} {
		for _, size := range []frame.Size{{W: 240, H: 180}, {W: 241, H: 179}} {
			h := sha256.Sum256(painted(t, style, size))
			got.WriteString(string(style) + " " + size.String() + " " + hex.EncodeToString(h[:]) + "\n")
		}
	}
	const file = "testdata/painted.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("painted pictures changed; look at them, then run with -update\n%s", got.String())
	}
}

// TestFrostIsSmoothAndOfItsSurroundings: beneath a mask on a flat picture there
// is the picture's own colour, lifted and grained a little, and no fine detail.
func TestFrostIsSmoothAndOfItsSurroundings(t *testing.T) {
	p := frame.PlanesOver(painted(t, redact.StyleFrost, frame.Size{W: 240, H: 180}), frame.Size{W: 240, H: 180})
	most := 0
	for y := 40; y < 70; y++ {
		for x := 45; x < 74; x++ {
			d := int(p.Y[y*p.StrideY+x]) - int(p.Y[y*p.StrideY+x+1])
			most = max(most, d, -d)
		}
	}
	if most == 0 || most > 8 {
		t.Errorf("neighbouring samples differ by up to %d, want a faint grain", most)
	}
	lo, hi := 255, 0
	for y := 40; y < 70; y++ {
		mean := 0
		for x := 45; x < 75; x++ {
			mean += int(p.Y[y*p.StrideY+x])
		}
		lo, hi = min(lo, mean/30), max(hi, mean/30)
	}
	if hi-lo < 15 || hi-lo > 60 {
		t.Errorf("the means of rows differ by %d, want ribs to be seen, and faint", hi-lo)
	}
	u := p.U[25*p.StrideC+30]
	if u < 100 || u > 150 {
		t.Errorf("chroma %d is not of the surroundings", u)
	}
}

func TestFrostMoves(t *testing.T) {
	pool := frame.NewPool(1)
	defer pool.Close()
	cfg := redact.DefaultConfig()
	cfg.Hold = 0
	red, err := redact.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	var last []byte
	for i := range 3 {
		raw, err := pool.Get(frame.Size{W: 128, H: 96})
		if err != nil {
			t.Fatal(err)
		}
		scribble(raw.Planes(), 1)
		raw.Seq, raw.PTS = uint64(i), time.Duration(i)*time.Millisecond
		if err := red.Push(raw, look(face(1, geom.Box{X0: 40, Y0: 30, X1: 80, Y1: 80}))); err != nil {
			t.Fatal(err)
		}
		o, _ := red.Pop()
		now := samples(o.Live)
		if string(now) == string(last) {
			t.Error("two pictures of the same scene have the same texture")
		}
		last = now
		o.Release()
	}
}

func TestFullIsUniform(t *testing.T) {
	pool := frame.NewPool(1)
	defer pool.Close()
	for _, size := range []frame.Size{{W: 1, H: 1}, {W: 33, H: 17}, {W: 64, H: 48}} {
		raw, err := pool.Get(size)
		if err != nil {
			t.Fatal(err)
		}
		scribble(raw.Planes(), 1)
		r, err := redact.Full(raw)
		if err != nil {
			t.Fatal(err)
		}
		p := r.Planes()
		for _, b := range [][]byte{p.Y, p.U, p.V} {
			for _, v := range b {
				if v != b[0] {
					t.Fatalf("%v: not uniform", size)
				}
			}
		}
		if !r.FullMask() {
			t.Error("not said to be full")
		}
		r.Release()
	}
}

// proves: A-11, INV-8
func TestFillPrivacyCoversBeforeDetection(t *testing.T) {
	pool := frame.NewPool(1)
	defer pool.Close()
	size := frame.Size{W: 101, H: 75}
	raw, err := pool.Get(size)
	if err != nil {
		t.Fatal(err)
	}
	scribble(raw.Planes(), 1)
	poly := geom.Polygon{{X: -5, Y: 10}, {X: 60.5, Y: -4}, {X: 140, Y: 90}, {X: 33, Y: 41}}
	if err := redact.FillPrivacy(raw, []geom.Polygon{poly}); err != nil {
		t.Fatal(err)
	}
	p, open := raw.Planes(), 0
	for y := range size.H {
		for x := range size.W {
			in := poly.Contains(geom.Point{X: float32(x) + 0.5, Y: float32(y) + 0.5})
			filled := p.Y[y*p.StrideY+x] == solidY
			if in && (!filled || p.U[y/2*p.StrideC+x/2] != 128 || p.V[y/2*p.StrideC+x/2] != 128) {
				t.Fatalf("(%d,%d) is open", x, y)
			}
			if !filled {
				open++
			}
		}
	}
	if open < size.W*size.H/3 {
		t.Errorf("only %d samples stayed", open)
	}
	other := raw.Retain()
	if err := redact.FillPrivacy(raw, []geom.Polygon{poly}); err == nil {
		t.Error("a shared picture was painted")
	}
	other.Release()
	if err := redact.FillPrivacy(raw, []geom.Polygon{poly[:2]}); err == nil {
		t.Error("a polygon of two corners was taken")
	}
	raw.Release()
}

// frosted covers one face on a picture of one brightness and returns the face's
// part of the luma, row by row.
func frosted(t *testing.T, size frame.Size, light byte, box geom.Box) [][]byte {
	t.Helper()
	pool := frame.NewPool(1)
	defer pool.Close()
	raw, err := pool.Get(size)
	if err != nil {
		t.Fatal(err)
	}
	p := raw.Planes()
	for i := range p.Y {
		p.Y[i] = light
	}
	for i := range p.U {
		p.U[i], p.V[i] = 128, 128
	}
	cfg := redact.DefaultConfig()
	cfg.Hold = 0
	red, err := redact.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := red.Push(raw, look(face(1, box))); err != nil {
		t.Fatal(err)
	}
	o, _ := red.Pop()
	defer o.Release()
	y := luma(o.Live)
	var rows [][]byte
	for r := int(box.Y0); r < int(box.Y1); r++ {
		rows = append(rows, append([]byte(nil), y[r*size.W+int(box.X0):r*size.W+int(box.X1)]...))
	}
	return rows
}

// TestTextureKeepsToItsRange: nothing runs over into the samples beside it, in
// the darkest and the brightest surroundings, at every height of ribs.
func TestTextureKeepsToItsRange(t *testing.T) {
	for _, h := range []float32{20, 40, 60, 90, 140} {
		box := geom.BoxAt(200, 160, h*0.8, h)
		for light, want := range map[byte][2]byte{0: {16, 70}, 255: {175, 235}} {
			for y, row := range frosted(t, frame.Size{W: 400, H: 320}, light, box) {
				for x, v := range row {
					if v < want[0] || v > want[1] {
						t.Fatalf("height %v on %d: sample (%d,%d) of the face is %d, want %d to %d", h, light, x, y, v, want[0], want[1])
					}
				}
			}
		}
	}
}

// TestRibsFollowTheMask: a larger head has wider ribs, so that about as many
// cross each.
func TestRibsFollowTheMask(t *testing.T) {
	crests := func(h float32) (n int) {
		var means []int
		for _, row := range frosted(t, frame.Size{W: 640, H: 480}, 120, geom.BoxAt(320, 240, h*0.8, h)) {
			sum := 0
			for _, v := range row {
				sum += int(v)
			}
			means = append(means, sum/len(row))
		}
		for i := 1; i+1 < len(means); i++ {
			if means[i] > means[i-1] && means[i] >= means[i+1] {
				n++
			}
		}
		return n
	}
	for _, h := range []float32{30, 50, 70, 90} {
		if n := crests(h); n < 6 || n > 14 {
			t.Errorf("%d ribs cross a face of %v rows, want about ten", n, h)
		}
	}
	if n := crests(180); n < 16 || n > 22 {
		t.Errorf("%d ribs cross a large face, want ribs of nine rows", n)
	}
}
