package tile_test

import (
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
			p := detecttest.Picture(s, "black")
			want := geom.Box{X0: float32(x), Y0: float32(y), X1: float32(x + 32), Y1: float32(y + 40)}
			for yy := y; yy < y+40; yy++ {
				for xx := x; xx < x+32; xx++ {
					p.Y[yy*p.StrideY+xx] = 235
				}
			}
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

func TestErrors(t *testing.T) {
	f := &detecttest.Fake{}
	d := open(t, f, tile.Options{Side: 128})
	broken := errors.New("broken")
	f.Fail(broken)
	got, err := d.DetectFaces(t.Context(), detecttest.Picture(frame.Size{W: 640, H: 360}, "white"), make([]detect.Face, 1))
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, o := range []tile.Options{{Side: 8}, {Side: 100, Overlap: 60}, {Side: 100, Overlap: -1}} {
		if _, err := tile.New(f, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
