package leak_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/eval/leak"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

const voc = `<annotation><filename>one.png</filename><size><width>320</width><height>240</height></size>
<object><bndbox><xmin>41</xmin><ymin>41</ymin><xmax>80</xmax><ymax>80</ymax></bndbox></object>
<object><bndbox><xmin>201</xmin><ymin>41</ymin><xmax>240</xmax><ymax>80</ymax></bndbox></object>
<object><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>`

func TestStills(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "annotations"), 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "images"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "annotations", "one.xml"), []byte(voc), 0o600))
	_, err := leak.LoadTruth(dir)
	require.ErrorIs(t, err, leak.ErrTruth, "the picture is missing")
	src := textured(4)
	img := image.NewGray(image.Rect(0, 0, size.W, size.H))
	copy(img.Pix, src.Y)
	f, err := os.Create(filepath.Join(dir, "images", "one.png"))
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	truth, err := leak.LoadTruth(dir)
	require.NoError(t, err)
	require.Len(t, truth, 1)
	require.Equal(t, geom.Box{X0: 40, Y0: 40, X1: 80, Y1: 80}, truth[0].Faces[0])
	p, err := leak.LoadStill(truth[0].Image)
	require.NoError(t, err)
	require.Equal(t, src.Y, p.Y)
	require.Equal(t, byte(128), p.U[0])

	s := leak.NewStills()
	one := edit(p, geom.Box{X0: 38, Y0: 38, X1: 82, Y1: 82}, func(x, y int, v byte) byte { return 255 - v/8 })
	require.NoError(t, s.Add(truth[0], p, one))
	require.Equal(t, 2, s.Faces, "the smallest is not judged")
	require.Equal(t, 1, s.Covered)
	require.Equal(t, 1, s.Exposed)
	require.Len(t, s.Missed, 1)
	require.Equal(t, truth[0].Faces[1], s.Missed[0].Box)
	require.InDelta(t, 44.0*44/(320*240), s.Area, 1e-3)
	require.ErrorIs(t, s.Add(truth[0], p, blank(frame.Size{W: 100, H: 100}, 0)), leak.ErrPair)
}

func TestLoadStillColour(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 5, 3))
	for i := range 15 {
		img.Set(i%5, i/5, color.NRGBA{R: 255, A: 255})
	}
	path := filepath.Join(t.TempDir(), "red.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	p, err := leak.LoadStill(path)
	require.NoError(t, err)
	y, cb, cr := color.RGBToYCbCr(255, 0, 0)
	require.Equal(t, []byte{y, cb, cr}, []byte{p.Y[14], p.U[5], p.V[5]})
	_, err = leak.LoadStill(filepath.Join(t.TempDir(), "none.png"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzParseVOC(f *testing.F) {
	f.Add([]byte(voc))
	f.Add([]byte(`<annotation><object><bndbox><xmin>NaN</xmin><xmax>1e39</xmax></bndbox></object></annotation>`))
	f.Add([]byte(`<annotation>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := leak.ParseVOC(b)
		if err != nil {
			require.ErrorIs(t, err, leak.ErrTruth)
			return
		}
		for _, x := range s.Faces {
			if x.Empty() || !x.Finite() {
				t.Fatalf("box %v", x)
			}
		}
	})
}
