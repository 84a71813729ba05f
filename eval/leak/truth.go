package leak

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // stills
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Still is a labelled picture.
type Still struct {
	Name  string // of the image file
	Image string // its path
	Size  frame.Size
	Faces []geom.Box
}

type vocFile struct {
	XMLName  xml.Name `xml:"annotation"`
	Filename string   `xml:"filename"`
	Width    int      `xml:"size>width"`
	Height   int      `xml:"size>height"`
	Objects  []struct {
		Box struct {
			X0 float32 `xml:"xmin"`
			Y0 float32 `xml:"ymin"`
			X1 float32 `xml:"xmax"`
			Y1 float32 `xml:"ymax"`
		} `xml:"bndbox"`
	} `xml:"object"`
}

// ParseVOC reads the boxes of a PASCAL VOC annotation. Its pixels count from 1
// and its boxes are inclusive. It fails with ErrTruth.
func ParseVOC(b []byte) (Still, error) {
	var v vocFile
	if err := xml.Unmarshal(b, &v); err != nil {
		return Still{}, fmt.Errorf("%w: %w", ErrTruth, err)
	}
	s := Still{Name: filepath.Base(filepath.ToSlash(v.Filename)), Size: frame.Size{W: v.Width, H: v.Height}}
	for _, o := range v.Objects {
		box := geom.Box{X0: o.Box.X0 - 1, Y0: o.Box.Y0 - 1, X1: o.Box.X1, Y1: o.Box.Y1}
		if box.Empty() || !box.Finite() {
			return Still{}, fmt.Errorf("%w: %s: box %v", ErrTruth, s.Name, box)
		}
		s.Faces = append(s.Faces, box)
	}
	return s, nil
}

// LoadTruth reads a folder of labelled pictures: annotations/*.xml beside
// images/. It fails with ErrTruth.
func LoadTruth(dir string) ([]Still, error) {
	files, err := filepath.Glob(filepath.Join(dir, "annotations", "*.xml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%w: no annotations/*.xml in %s", ErrTruth, dir)
	}
	slices.Sort(files)
	var out []Still
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("leak: labels: %w", err)
		}
		s, err := ParseVOC(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		s.Image = imageOf(filepath.Join(dir, "images"), strings.TrimSuffix(filepath.Base(f), ".xml"), s.Name)
		if s.Image == "" {
			return nil, fmt.Errorf("%w: %s: no picture for it in %s", ErrTruth, f, filepath.Join(dir, "images"))
		}
		out = append(out, s)
	}
	return out, nil
}

// imageOf finds a label's picture: by the label file's own name first, since
// the name inside is often stale.
func imageOf(dir, stem, inside string) string {
	for _, ext := range []string{".jpg", ".jpeg", ".png"} {
		if p := filepath.Join(dir, stem+ext); isFile(p) {
			return p
		}
	}
	if p := filepath.Join(dir, inside); isFile(p) {
		return p
	}
	return ""
}

func isFile(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular()
}

// LoadStill reads a JPEG or PNG as planes, full range by JFIF's matrix.
func LoadStill(path string) (frame.Planes, error) {
	f, err := os.Open(path)
	if err != nil {
		return frame.Planes{}, fmt.Errorf("leak: still: %w", err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return frame.Planes{}, fmt.Errorf("leak: still: %s: %w", path, err)
	}
	b := img.Bounds()
	s := frame.Size{W: b.Dx(), H: b.Dy()}
	if err := s.Check(); err != nil {
		return frame.Planes{}, fmt.Errorf("leak: still: %s: %w", path, err)
	}
	p := frame.PlanesOver(make([]byte, s.Bytes()), s)
	for y := range s.H {
		for x := range s.W {
			c, _ := color.YCbCrModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.YCbCr)
			p.Y[y*p.StrideY+x] = c.Y
			if x%2 == 0 && y%2 == 0 {
				i := y/2*p.StrideC + x/2
				p.U[i], p.V[i] = c.Cb, c.Cr
			}
		}
	}
	return p, nil
}

// covered is the part of a labelled face that must be changed to count as
// covered. Masks are round, boxes are not, and a fill meets the original's
// value here and there.
const covered = 0.9

// Stills is the verdict on labelled pictures.
type Stills struct {
	Pictures    int        `json:"pictures"`
	Faces       int        `json:"faces"` // of LeastSide and more
	Covered     int        `json:"covered"`
	CoveredRate float64    `json:"covered_rate"`
	Exposed     int        `json:"exposed"` // detail still there
	ExposedRate float64    `json:"exposed_rate"`
	BySize      []StillRow `json:"by_size"`
	Area        float64    `json:"masked_area"`
	Missed      []Missed   `json:"missed,omitempty"`

	areaSum float64
}

// StillRow counts the faces of one size.
type StillRow struct {
	From    int `json:"from_px"`
	Faces   int `json:"faces"`
	Covered int `json:"covered"`
}

// Missed is a labelled face that is not covered.
type Missed struct {
	Picture string   `json:"picture"`
	Box     geom.Box `json:"box"`
	Part    float64  `json:"covered_part"`
	Exposed bool     `json:"exposed"`
}

// NewStills returns an empty verdict.
func NewStills() *Stills {
	s := &Stills{}
	for _, n := range sizes {
		s.BySize = append(s.BySize, StillRow{From: n})
	}
	return s
}

// Add judges one picture: the original, and the redaction of it, uncoded.
func (s *Stills) Add(t Still, original, redacted frame.Planes) error {
	if original.Size != redacted.Size {
		return fmt.Errorf("%w: %s is %v, redacted %v", ErrPair, t.Name, original.Size, redacted.Size)
	}
	s.Pictures++
	s.areaSum += changedPart(original, redacted, geom.Box{X1: float32(original.W), Y1: float32(original.H)})
	for _, b := range t.Faces {
		side := min(b.W(), b.H())
		if b = b.Clip(original.W, original.H); side < LeastSide || b.Empty() {
			continue
		}
		var p, q patch
		part := changedPart(original, redacted, b.Scale(patchInner))
		exposed := p.cut(original, b) && q.cut(redacted, b) && correlation(&p, &q) >= exposedAt
		ok := part >= covered && !exposed
		s.Faces++
		row := 0
		for k := range sizes {
			if side >= float32(sizes[k]) {
				row = k
			}
		}
		s.BySize[row].Faces++
		if exposed {
			s.Exposed++
		}
		if ok {
			s.Covered++
			s.BySize[row].Covered++
			continue
		}
		s.Missed = append(s.Missed, Missed{Picture: t.Name, Box: b, Part: part, Exposed: exposed})
	}
	s.CoveredRate = float64(s.Covered) / float64(max(s.Faces, 1))
	s.ExposedRate = float64(s.Exposed) / float64(max(s.Faces, 1))
	s.Area = s.areaSum / float64(s.Pictures)
	return nil
}
