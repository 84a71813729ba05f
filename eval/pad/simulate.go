package pad

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"

	"bystander/internal/geom"
)

// Simulation is a simulated attack species.
type Simulation struct {
	Name string
	// Make draws the attack that shows the face in the box of a picture. The
	// result is a picture of its own.
	Make func(img image.Image, face geom.Box) image.Image
}

// Species lists the simulated attack species. Close ones fill the view, so that
// only texture and colour give them away; held ones show the edge of the sheet
// or of the screen around the face.
func Species() []Simulation {
	return []Simulation{
		{"print-close", func(m image.Image, _ geom.Box) image.Image { return printed(copyOf(m)) }},
		{"print-held", func(m image.Image, f geom.Box) image.Image { return held(printed(copyOf(m)), f, paper) }},
		{"screen-close", func(m image.Image, _ geom.Box) image.Image { return shown(copyOf(m)) }},
		{"screen-held", func(m image.Image, f geom.Box) image.Image { return held(shown(copyOf(m)), f, bezel) }},
	}
}

func copyOf(m image.Image) *image.RGBA {
	b := m.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, m, b.Min, draw.Src)
	return out
}

// printed is what an office printer and paper do: narrower range of tones, less
// colour, a halftone of dots of four pixels, and the softness of a second
// camera.
func printed(m *image.RGBA) *image.RGBA {
	each(m, func(x, y int, r, g, b float64) (float64, float64, float64) {
		grey := 0.299*r + 0.587*g + 0.114*b
		// A rotated screen of dots: at 45° for black, as in offset printing.
		u, v := float64(x+y)*math.Pi/4, float64(x-y)*math.Pi/4
		dot := 9 * math.Sin(u) * math.Sin(v)
		tone := func(c float64) float64 {
			c = grey + 0.75*(c-grey) // ink has the smaller gamut
			return 38 + c*(225-38)/255 + dot
		}
		return tone(r) + 4, tone(g) + 1, tone(b) - 6 // paper is warm under room light
	})
	return soften(m)
}

// shown is what a screen and a camera before it do: stripes of sub-pixels
// beating with the sensor, raised black, a cold white, and a reflection.
func shown(m *image.RGBA) *image.RGBA {
	w, h := float64(m.Rect.Dx()), float64(m.Rect.Dy())
	each(m, func(x, y int, r, g, b float64) (float64, float64, float64) {
		beat := 1 + 0.06*math.Sin(2*math.Pi*(float64(x)*0.31+float64(y)*0.07)) + 0.04*math.Sin(2*math.Pi*float64(y)*0.43)
		phase := 2 * math.Pi * float64(x) / 3
		glare := 26 * math.Exp(-(math.Pow(float64(x)/w-0.7, 2)+math.Pow(float64(y)/h-0.25, 2))/0.05)
		sub := func(c, k, off float64) float64 { return (16+c*0.92*k)*beat*(1+0.08*math.Cos(phase+off)) + glare }
		return sub(r, 0.94, 0), sub(g, 0.98, 2*math.Pi/3), sub(b, 1.08, 4*math.Pi/3)
	})
	return soften(m)
}

// each applies f to every pixel, in 0–255.
func each(m *image.RGBA, f func(x, y int, r, g, b float64) (float64, float64, float64)) {
	clamp := func(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			i := m.PixOffset(x, y)
			r, g, b := f(x, y, float64(m.Pix[i]), float64(m.Pix[i+1]), float64(m.Pix[i+2]))
			m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = clamp(r), clamp(g), clamp(b), 255
		}
	}
}

// soften is the second camera's lens: down to 7/10 and up again.
func soften(m *image.RGBA) *image.RGBA {
	small := image.NewRGBA(image.Rect(0, 0, max(m.Rect.Dx()*7/10, 1), max(m.Rect.Dy()*7/10, 1)))
	draw.BiLinear.Scale(small, small.Rect, m, m.Rect, draw.Src, nil)
	out := image.NewRGBA(m.Rect)
	draw.BiLinear.Scale(out, out.Rect, small, small.Rect, draw.Src, nil)
	return out
}

type frameKind int

const (
	paper frameKind = iota // a white margin
	bezel                  // a dark rim
)

// held shows a cut of the picture around the face, 1.9 times its size, with a
// margin, before a plain wall.
func held(m *image.RGBA, f geom.Box, k frameKind) image.Image {
	cx, cy := (f.X0+f.X1)/2, (f.Y0+f.Y1)/2
	w, h := 0.95*f.W(), 0.95*f.H()
	cut := image.Rect(int(cx-w), int(cy-h), int(cx+w), int(cy+h)).Intersect(m.Rect)
	rim, edge := max(cut.Dx()/16, 2), color.RGBA{236, 234, 228, 255}
	if k == bezel {
		rim, edge = max(cut.Dx()/10, 3), color.RGBA{22, 22, 24, 255}
	}
	sheet := cut.Inset(-rim)
	pad := max(sheet.Dx(), sheet.Dy()) / 2
	out := image.NewRGBA(image.Rect(0, 0, sheet.Dx()+2*pad, sheet.Dy()+2*pad))
	for y := range out.Rect.Dy() { // a wall, a little darker towards the floor
		v := uint8(168 - 40*y/out.Rect.Dy())
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, color.RGBA{v, v, v - 6, 255})
		}
	}
	at := image.Rect(pad, pad, pad+sheet.Dx(), pad+sheet.Dy())
	draw.Draw(out, at, image.NewUniform(edge), image.Point{}, draw.Src)
	draw.Draw(out, at.Inset(rim), m, cut.Min, draw.Src)
	return out
}
