package enrol_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/match/enrol"
)

func drawnPhoto(t testing.TB, w, h int) image.Image {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(x + y), 255})
		}
	}
	return img
}

// TestReadPhotoBytesIsReadPhoto reads the same pictures both ways, and leaves
// the caller's bytes alone.
func TestReadPhotoBytesIsReadPhoto(t *testing.T) {
	var j, p bytes.Buffer
	require.NoError(t, jpeg.Encode(&j, drawnPhoto(t, 301, 177), nil))
	require.NoError(t, png.Encode(&p, drawnPhoto(t, 64, 2000)))
	for name, b := range map[string][]byte{"jpeg": j.Bytes(), "png": p.Bytes()} {
		before := bytes.Clone(b)
		got, err := enrol.ReadPhotoBytes(b)
		require.NoError(t, err, name)
		require.Equal(t, before, b)
		want, err := enrol.ReadPhoto(bytes.NewReader(b))
		require.NoError(t, err, name)
		require.Equal(t, want.Planes, got.Planes, name)
		require.Equal(t, want.Colour, got.Colour)
		got.Wipe()
		require.Equal(t, make([]byte, len(got.Planes.Y)), got.Planes.Y)
	}
}

// bomb is a small PNG that says it holds far more pixels than a photograph.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 10000, 10000))))
	return b.Bytes()
}

func TestReadPhotoBytesRefuses(t *testing.T) {
	for name, b := range map[string][]byte{"empty": nil, "nonsense": []byte("nonsense"), "bomb": bomb(t), "huge": make([]byte, enrol.MaxPhotoBytes+1)} {
		_, err := enrol.ReadPhotoBytes(b)
		require.ErrorIs(t, err, enrol.ErrPhoto, name)
	}
}

// FuzzReadPhotoBytes reads whatever comes without panicking.
func FuzzReadPhotoBytes(f *testing.F) {
	var j, p bytes.Buffer
	require.NoError(f, jpeg.Encode(&j, drawnPhoto(f, 16, 16), nil))
	require.NoError(f, png.Encode(&p, drawnPhoto(f, 16, 16)))
	f.Add(j.Bytes())
	f.Add(p.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := enrol.ReadPhotoBytes(b); err == nil {
			p.Wipe()
		}
	})
}
