package leak

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// thumbnail is a small picture of the redacted side in which every judged face
// is blotted out, so that the page shows where, and nobody.
type thumbnail struct {
	frame, bad int
	detail     float32
	img        *image.YCbCr
}

const thumbWide = 360

func (t *thumbnail) draw(p frame.Planes, f *FrameSeen, leaks []Leak) {
	k := max((p.W+thumbWide-1)/thumbWide, 1)
	w, h := p.W/k, p.H/k
	t.img = image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio444)
	for y := range h {
		for x := range w {
			i := t.img.YOffset(x, y)
			t.img.Y[i] = byte(meanOf(p, float32(x*k), float32(y*k), float32(x*k+k), float32(y*k+k)))
			c := y*k/2*p.StrideC + x*k/2
			t.img.Cb[i], t.img.Cr[i] = p.U[c], p.V[c]
		}
	}
	for i := range leaks {
		c := color.YCbCr{Y: 60, Cb: 128, Cr: 128}
		switch l := &leaks[i]; {
		case l.Exposed || l.Reidentified:
			c = color.YCbCr{Y: 90, Cb: 90, Cr: 230}
		case l.Redetected:
			c = color.YCbCr{Y: 190, Cb: 20, Cr: 150}
		}
		t.blot(f.Faces[i].Box.Scale(1.6), k, c)
	}
}

// blot fills a box, in the picture's pixels.
func (t *thumbnail) blot(b geom.Box, k int, c color.YCbCr) {
	r := image.Rect(int(b.X0)/k, int(b.Y0)/k, int(b.X1)/k+1, int(b.Y1)/k+1).Intersect(t.img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i := t.img.YOffset(x, y)
			t.img.Y[i], t.img.Cb[i], t.img.Cr[i] = c.Y, c.Cb, c.Cr
		}
	}
}

func (t *thumbnail) url() (template.URL, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, t.img, &jpeg.Options{Quality: 70}); err != nil {
		return "", fmt.Errorf("leak: thumbnail: %w", err)
	}
	//nolint:gosec // made here, of nothing but a picture
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// Report is everything that one run found.
type Report struct {
	Original string    `json:"original"`
	Frames   int       `json:"frames"`
	Faces    int       `json:"faces"`
	Sure     int       `json:"sure"` // of the faces, those in no doubt
	Tracks   int       `json:"tracks"`
	Judge    string    `json:"judge"`            // SHA-256 of the judge's model
	Judges   []string  `json:"judges,omitempty"` // of the redacted pictures
	Results  []*Result `json:"results,omitempty"`
	Stills   *Stills   `json:"stills,omitempty"`
}

var page = template.Must(template.New("leak").Funcs(template.FuncMap{
	"pct": func(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) },
}).Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Leaks: {{.R.Original}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.3rem .8rem;border-bottom:1px solid #d6dce4;text-align:right}
th:first-child,td:first-child{text-align:left}figure{display:inline-block;margin:.4rem}figcaption{font-size:.85rem}
.note{color:#526070;max-width:50rem}</style>
<h1>What still shows in the redacted recording</h1>
<p>{{.R.Original}}: {{.R.Frames}} pictures, {{.R.Faces}} faces of at least 16 pixels on {{.R.Tracks}} tracks were judged.</p>
{{range .Of}}{{$r := .R}}<h2>{{.R.Name}}</h2>
<table><tr><th>face size<th>faces<th>exposed<th>re-detected<th>re-identified (of compared)</tr>
{{range .R.BySize}}<tr><td>from {{.From}} px<td>{{.Faces}}<td>{{.Exposed}} ({{pct .ExposedRate}})<td>{{.Redetected}} ({{pct .RedetectRate}})<td>{{.Reidentified}} of {{.Compared}}</tr>{{end}}
{{with .R.All}}<tr><td><b>all</b><td>{{.Faces}}<td>{{.Exposed}} ({{pct .ExposedRate}})<td>{{.Redetected}} ({{pct .RedetectRate}})<td>{{.Reidentified}} of {{.Compared}}</tr>{{end}}
{{with .R.Sure}}<tr><td>without doubtful ones<td>{{.Faces}}<td>{{.Exposed}} ({{pct .ExposedRate}})<td>{{.Redetected}} ({{pct .RedetectRate}})<td>{{.Reidentified}} of {{.Compared}}</tr>{{end}}</table>
<p>Found again by {{range $i, $n := $.R.Judges}}{{if $i}}, {{end}}{{$n}}: {{index $r.All.RedetectedBy $i}}{{end}}. Matches that may be chance: {{.R.All.Chance}}.
{{with .R.Cosines}}{{if .N}}Cosines with the original: median {{printf "%.2f" .Median}}, 99 % below {{printf "%.2f" .P99}}, 99.9 % below {{printf "%.2f" .P999}}, the highest {{printf "%.2f" .Max}}.{{end}}{{end}}</p>
<p>Tracks seen clear at least once: {{.R.ExposedTracks}}; longest run of exposed pictures: {{.R.LongestRun}}.
Masked area: {{pct .R.Area}} of the picture, {{pct .R.AreaNobody}} where nobody is{{if .R.EmptyFrames}}, {{pct .R.EmptyArea}} in the {{.R.EmptyFrames}} pictures with nobody in view{{end}}.</p>
{{range .Thumbs}}<figure><img src="{{.URL}}" alt="picture {{.Frame}} of the redacted recording with every face blotted out"><figcaption>picture {{.Frame}}: {{.Bad}} bad</figcaption></figure>{{end}}{{end}}
<p class="note">Thumbnails show the redacted side, small, with every judged face blotted out: red where it is exposed or re-identified, yellow where only a detector finds it again, grey where it is covered.</p></html>
`))

// WriteHTML writes the report as one self-contained page.
func (r *Report) WriteHTML(w io.Writer) error {
	type thumb struct {
		Frame, Bad int
		URL        template.URL
	}
	type of struct {
		R      *Result
		Thumbs []thumb
	}
	var all []of
	for _, x := range r.Results {
		o := of{R: x}
		for i := range x.worst {
			u, err := x.worst[i].url()
			if err != nil {
				return err
			}
			o.Thumbs = append(o.Thumbs, thumb{x.worst[i].frame, x.worst[i].bad, u})
		}
		all = append(all, o)
	}
	if err := page.Execute(w, map[string]any{"R": r, "Of": all}); err != nil {
		return fmt.Errorf("leak: page: %w", err)
	}
	return nil
}
