package enrol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoders for image.Decode
	_ "image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // likewise

	"bystander/internal/frame"
)

// Bounds of a photograph.
const (
	MaxPhotoBytes  = 32 << 20
	MaxPhotoPixels = 50_000_000
	// longSide is what larger photographs are reduced to before a face is
	// looked for; a portrait keeps far more than the embedder uses.
	longSide = 1600
)

// ErrPhoto reports bytes that are not a usable photograph.
var ErrPhoto = errors.New("enrol: not a usable photograph")

// Photo is a decoded photograph as full-range BT.601 YUV 4:2:0, upright. It is
// wiped after use and never kept.
type Photo struct {
	Planes frame.Planes
	Colour frame.Colour
	mem    []byte
}

// Wipe overwrites the picture with zeros.
func (p *Photo) Wipe() { clear(p.mem) }

// ReadPhoto decodes a JPEG, PNG or WebP photograph, turns it upright by its
// EXIF orientation and reduces it to at most 1600 pixels on the longer side.
// Larger files or pictures than the bounds are refused before they are
// decoded. It fails with ErrPhoto.
func ReadPhoto(r io.Reader) (*Photo, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPhotoBytes+1))
	if err != nil {
		return nil, fmt.Errorf("enrol: read photograph: %w", err)
	}
	defer clear(b)
	if len(b) > MaxPhotoBytes {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrPhoto, MaxPhotoBytes>>20)
	}
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: JPEG, PNG or WebP is needed: %w", ErrPhoto, err)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > MaxPhotoPixels/cfg.Height {
		return nil, fmt.Errorf("%w: %d×%d pixels, at most %d million", ErrPhoto, cfg.Width, cfg.Height, MaxPhotoPixels/1_000_000)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPhoto, err)
	}
	turn := 1
	if kind == "jpeg" {
		turn = exifOrientation(b)
	}
	return toPlanes(img, turn)
}

func toPlanes(img image.Image, turn int) (*Photo, error) {
	rgba := reduce(img)
	defer clear(rgba.Pix)
	w, h := rgba.Rect.Dx(), rgba.Rect.Dy()
	if turn >= 5 {
		w, h = h, w
	}
	size := frame.Size{W: w, H: h}
	if err := size.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPhoto, err)
	}
	mem := make([]byte, size.Bytes())
	p := &Photo{Planes: frame.PlanesOver(mem, size), Colour: frame.Colour{FullRange: true, Primaries: 1, Transfer: 13, Matrix: 6}, mem: mem}
	fill(p.Planes, rgba, turn)
	return p, nil
}

// reduce draws the picture over white at its working size.
func reduce(img image.Image) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > longSide {
		w, h = max(w*longSide/long, 1), max(h*longSide/long, 1)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Rect, image.White, image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Rect, img, b.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(dst, dst.Rect, img, b, draw.Over, nil)
	}
	return dst
}

// fill converts to planes, turning on the way. Chroma is the mean of the four
// pixels it belongs to.
func fill(p frame.Planes, src *image.RGBA, turn int) {
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	at := func(x, y int) (r, g, b uint8) {
		x, y = unturn(min(x, p.W-1), min(y, p.H-1), sw, sh, turn)
		i := src.PixOffset(x, y)
		return src.Pix[i], src.Pix[i+1], src.Pix[i+2]
	}
	for y := 0; y < p.H; y += 2 {
		for x := 0; x < p.W; x += 2 {
			var cb, cr int
			for k := range 4 {
				u, v := x+k%2, y+k/2
				yy, b, r := color.RGBToYCbCr(at(u, v))
				if u < p.W && v < p.H {
					p.Y[v*p.StrideY+u] = yy
				}
				cb, cr = cb+int(b), cr+int(r)
			}
			i := y/2*p.StrideC + x/2
			p.U[i], p.V[i] = uint8((cb+2)/4), uint8((cr+2)/4) //nolint:gosec // means of bytes
		}
	}
}

// unturn maps a place in the upright picture to one in the stored picture of
// sw×sh pixels, by EXIF orientation.
func unturn(x, y, sw, sh, turn int) (int, int) {
	switch turn {
	case 2:
		return sw - 1 - x, y
	case 3:
		return sw - 1 - x, sh - 1 - y
	case 4:
		return x, sh - 1 - y
	case 5:
		return y, x
	case 6:
		return y, sh - 1 - x
	case 7:
		return sw - 1 - y, sh - 1 - x
	case 8:
		return sw - 1 - y, x
	}
	return x, y
}

// exifOrientation finds the orientation tag (0x0112) in a JPEG's APP1 segment;
// 1 when there is none or it makes no sense. Nothing else of EXIF is read.
func exifOrientation(b []byte) int {
	for i := 2; i+4 <= len(b) && b[i] == 0xff; {
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if b[i+1] == 0xda || n < 2 || i+2+n > len(b) {
			break
		}
		if seg := b[i+4 : i+2+n]; b[i+1] == 0xe1 && bytes.HasPrefix(seg, []byte("Exif\x00\x00")) {
			return tiffOrientation(seg[6:])
		}
		i += 2 + n
	}
	return 1
}

func tiffOrientation(t []byte) int {
	if len(t) < 8 {
		return 1
	}
	var o binary.ByteOrder
	switch string(t[:4]) {
	case "II*\x00":
		o = binary.LittleEndian
	case "MM\x00*":
		o = binary.BigEndian
	default:
		return 1
	}
	at := int64(o.Uint32(t[4:]))
	if at < 8 || at+2 > int64(len(t)) {
		return 1
	}
	ifd := t[at:]
	for k := range int(o.Uint16(ifd)) {
		e := 2 + 12*k
		if e+12 > len(ifd) {
			break
		}
		if o.Uint16(ifd[e:]) == 0x0112 && o.Uint16(ifd[e+2:]) == 3 {
			if v := int(o.Uint16(ifd[e+8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}
