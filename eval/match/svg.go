package match

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
)

// The plot: both axes are logarithmic, as is usual for a detection error
// trade-off.
const (
	plotW, plotH               = 720, 480
	plotL, plotR, plotT, plotB = 70, 690, 40, 420
	leastX, leastY             = 1e-4, 1e-3 // where the axes begin
)

func plotX(fpir float64) float64 {
	t := math.Log10(max(fpir, leastX)/leastX) / math.Log10(1/leastX)
	return plotL + t*(plotR-plotL)
}

func plotY(fnir float64) float64 {
	t := math.Log10(max(fnir, leastY)/leastY) / math.Log10(1/leastY)
	return plotB - t*(plotB-plotT)
}

// WriteSVG draws the curve with the band of its 95 % bounds of FNIR, and marks
// the points at the stated rates.
func (o *Open) WriteSVG(w io.Writer, title string) error {
	b := bufio.NewWriter(w)
	p := func(format string, a ...any) { fmt.Fprintf(b, format, a...) }
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">`+"\n", plotW, plotH)
	p("<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", html.EscapeString(title))
	p(`<text x="%d" y="22" font-size="15">%s</text>`+"\n", plotL, html.EscapeString(title))
	o.axes(p)
	if len(o.DET) > 0 {
		p(`<polygon fill="#2b6cb0" fill-opacity="0.15" points="`)
		for _, s := range o.DET {
			p("%.1f,%.1f ", plotX(s.FPIR.Value), plotY(s.FNIR.High))
		}
		for i := len(o.DET) - 1; i >= 0; i-- {
			p("%.1f,%.1f ", plotX(o.DET[i].FPIR.Value), plotY(o.DET[i].FNIR.Low))
		}
		p("\"/>\n<polyline fill=\"none\" stroke=\"#2b6cb0\" stroke-width=\"2\" points=\"")
		for _, s := range o.DET {
			p("%.1f,%.1f ", plotX(s.FPIR.Value), plotY(s.FNIR.Value))
		}
		p("\"/>\n")
	}
	for _, k := range o.Points {
		o.mark(p, k.Measured, "#2b6cb0", fmt.Sprintf("hindsight, %g %%", 100*k.FPIR))
		if k.Calibrated != nil {
			o.mark(p, *k.Calibrated, "#c05621", fmt.Sprintf("calibrated, %g %%", 100*k.FPIR))
		}
	}
	p("</svg>\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("eval match: %w", err)
	}
	return nil
}

func (o *Open) axes(p func(string, ...any)) {
	for x := leastX; x < 1.5; x *= 10 {
		p(`<path d="M%.1f %d V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%g %%</text>`+"\n",
			plotX(x), plotT, plotB, plotX(x), plotB+18, round(100*x))
	}
	for y := leastY; y < 1.5; y *= 10 {
		p(`<path d="M%d %.1f H%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g %%</text>`+"\n",
			plotL, plotY(y), plotR, plotL-6, plotY(y)+4, round(100*y))
	}
	p(`<text x="%d" y="%d" text-anchor="middle">FPIR: strangers taken for an enrolled person (%d searches)</text>`+"\n", (plotL+plotR)/2, plotH-22, o.Searches)
	p(`<text transform="translate(18 %d) rotate(-90)" text-anchor="middle">FNIR: enrolled people missed (%d searches)</text>`+"\n", (plotT+plotB)/2, o.Probes)
}

func (o *Open) mark(p func(string, ...any), a At, colour, words string) {
	x, y := plotX(a.FPIR.Value), plotY(a.FNIR.Value)
	p(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/><text x="%.1f" y="%.1f" fill="%s">%s: τ %.3f</text>`+"\n",
		x, y, colour, x+7, y-6, colour, html.EscapeString(words), a.Threshold)
}

func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }
