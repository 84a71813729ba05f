package enrol

import (
	"bytes"
	"fmt"
	"image"
	"io"
)

// ReadPhotoBytes is ReadPhoto for a photograph that lies in memory already,
// which stays the caller's to wipe: no copy of the file is made, and the
// decoded picture is wiped as soon as it has been converted.
func ReadPhotoBytes(b []byte) (*Photo, error) {
	if len(b) > MaxPhotoBytes {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrPhoto, MaxPhotoBytes>>20)
	}
	cfg, kind, err := image.DecodeConfig(&inPlace{b: b})
	if err != nil {
		return nil, fmt.Errorf("%w: JPEG, PNG or WebP is needed", ErrPhoto)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > MaxPhotoPixels/cfg.Height {
		return nil, fmt.Errorf("%w: %d×%d pixels, at most %d million", ErrPhoto, cfg.Width, cfg.Height, MaxPhotoPixels/1_000_000)
	}
	img, _, err := image.Decode(&inPlace{b: b})
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged", ErrPhoto)
	}
	defer wipeImage(img)
	turn := 1
	if kind == "jpeg" {
		turn = exifOrientation(b)
	}
	return toPlanes(img, turn)
}

// sip is how much a decoder gets at a time. Decoders have a buffer of their own
// that nobody wipes; of a file that comes in sips it never holds more than one.
const sip = 8

// inPlace reads from memory. It can be looked ahead into, so that the image
// package puts no buffer of its own before it.
type inPlace struct {
	b []byte
	i int
}

func (r *inPlace) Read(p []byte) (int, error) {
	if r.i == len(r.b) && len(p) > 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), sip)], r.b[r.i:])
	r.i += n
	return n, nil
}

// Peek returns the next n bytes without moving on.
func (r *inPlace) Peek(n int) ([]byte, error) {
	if rest := r.b[r.i:]; len(rest) < n {
		return bytes.Clone(rest), io.EOF
	}
	return r.b[r.i : r.i+n : r.i+n], nil
}

// wipeImage overwrites the samples of every kind of picture that the decoders
// give.
func wipeImage(img image.Image) {
	switch p := img.(type) {
	case *image.YCbCr:
		clear(p.Y)
		clear(p.Cb)
		clear(p.Cr)
	case *image.NYCbCrA:
		clear(p.Y)
		clear(p.Cb)
		clear(p.Cr)
		clear(p.A)
	case *image.RGBA:
		clear(p.Pix)
	case *image.NRGBA:
		clear(p.Pix)
	case *image.RGBA64:
		clear(p.Pix)
	case *image.NRGBA64:
		clear(p.Pix)
	case *image.Gray:
		clear(p.Pix)
	case *image.Gray16:
		clear(p.Pix)
	case *image.CMYK:
		clear(p.Pix)
	case *image.Paletted:
		clear(p.Pix)
	}
}
