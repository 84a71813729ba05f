package liveness_test

import (
	"image"
	"image/draw"
	_ "image/jpeg" // decoders
	_ "image/png"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// picture reads a still as planes; false for a file that is no picture.
func picture(t *testing.T, path string) (frame.Planes, frame.Colour, bool) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return frame.Planes{}, frame.Colour{}, false
	}
	b := img.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	s := frame.Size{W: b.Dx(), H: b.Dy()}
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	c := frame.Colour{FullRange: true, Primaries: 1, Transfer: 13, Matrix: 6}
	require.NoError(t, yuv.FromPacked(p, c, rgba.Pix, rgba.Stride, 4, yuv.RGB))
	return p, c, true
}
