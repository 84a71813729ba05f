package tile_test

import (
	"context"
	"errors"
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/tile"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

func open(t testing.TB, f *detecttest.Fake, o tile.Options) *tile.Detector {
	t.Helper()
	d, err := tile.New(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	detecttest.Faces(t, func(t testing.TB) detect.FaceDetector {
		return open(t, &detecttest.Fake{}, tile.Options{Side: 128})
	})
}

// A face is found once and in its place wherever it lies, on the seams too.
func TestSeams(t *testing.T) {
	s := frame.Size{W: 641, H: 363}
	d := open(t, &detecttest.Fake{}, tile.Options{Side: 160, Overlap: 48, TilesOnly: true})
	for y := 0; y+40 <= s.H; y += 29 {
		for x := 0; x+32 <= s.W; x += 37 {
			p, want := white(s, x, y, frame.Size{W: 32, H: 40})
			got, err := d.DetectFaces(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			whole := 0
			for _, f := range got {
				if f.Box == want {
					whole++
				}
				if want.Covers(f.Box) < 1 {
					t.Errorf("face at %d,%d: box %v reaches beyond it", x, y, f.Box)
				}
			}
			if whole != 1 {
				t.Errorf("face at %d,%d: found %v", x, y, got)
			}
		}
	}
}

// With DropCut no part of a face is reported, whatever tile it crosses, and a
// face larger than the overlap is still found, on the whole picture.
func TestDropCut(t *testing.T) {
	s := frame.Size{W: 641, H: 363}
	d := open(t, &detecttest.Fake{}, tile.Options{Side: 160, Height: 120, Overlap: 48, DropCut: true})
	for y := 0; y+90 <= s.H; y += 31 {
		for x := 0; x+70 <= s.W; x += 37 {
			for _, side := range []frame.Size{{W: 32, H: 40}, {W: 70, H: 90}} {
				p, want := white(s, x, y, side)
				for _, near := range [][]geom.Box{nil, {want}} {
					var got []detect.Face
					var err error
					if near == nil {
						got, err = d.DetectFaces(t.Context(), p, nil)
					} else {
						got, err = d.DetectNear(t.Context(), p, near, nil)
					}
					if err != nil {
						t.Fatal(err)
					}
					if len(got) != 1 || got[0].Box != want {
						t.Fatalf("face %v: found %v", want, got)
					}
				}
			}
		}
	}
}

// DetectNear looks at the whole picture and at the tiles it is asked for, alone.
func TestDetectNear(t *testing.T) {
	f := &counting{}
	d, err := tile.New(f, tile.Options{Side: 160, Overlap: 16})
	if err != nil {
		t.Fatal(err)
	}
	p := detecttest.Picture(frame.Size{W: 640, H: 320}, "black")
	for _, c := range []struct {
		near []geom.Box
		want int
	}{
		{nil, 1},
		{[]geom.Box{geom.BoxAt(20, 20, 10, 10)}, 2},
		{[]geom.Box{geom.BoxAt(20, 20, 10, 10), geom.BoxAt(620, 300, 10, 10), geom.BoxAt(22, 22, 10, 10)}, 3},
	} {
		f.n = 0
		if _, err := d.DetectNear(t.Context(), p, c.near, nil); err != nil || f.n != c.want {
			t.Errorf("near %v: %d looks, want %d (%v)", c.near, f.n, c.want, err)
		}
	}
}

type counting struct {
	detecttest.Fake
	n int
}

func (c *counting) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	c.n++
	return c.Fake.DetectFaces(ctx, p, dst)
}

// white is a black picture with one white box, which the fake takes for a face.
func white(s frame.Size, x, y int, side frame.Size) (frame.Planes, geom.Box) {
	p := detecttest.Picture(s, "black")
	for yy := y; yy < y+side.H; yy++ {
		for xx := x; xx < x+side.W; xx++ {
			p.Y[yy*p.StrideY+xx] = 235
		}
	}
	return p, geom.Box{X0: float32(x), Y0: float32(y), X1: float32(x + side.W), Y1: float32(y + side.H)}
}

func TestErrors(t *testing.T) {
	f := &detecttest.Fake{}
	d := open(t, f, tile.Options{Side: 128})
	broken := errors.New("broken")
	f.Fail(broken)
	got, err := d.DetectFaces(t.Context(), detecttest.Picture(frame.Size{W: 640, H: 360}, "white"), make([]detect.Face, 1))
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, o := range []tile.Options{{Side: 8}, {Side: 100, Overlap: 60}, {Side: 100, Overlap: -1}, {Side: 200, Height: 60, Overlap: 40}, {Side: 100, TilesOnly: true, DropCut: true}} {
		if _, err := tile.New(f, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
