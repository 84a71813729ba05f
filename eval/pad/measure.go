package pad

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match/enrol"
)

// Scorer says how live a face is, 0–1; *liveness.Detector is one.
type Scorer interface {
	Score(ctx context.Context, p frame.Planes, c frame.Colour, face geom.Box) (float32, error)
	Threshold() float32
}

// Options say what is tested.
type Options struct {
	// BonaFide are folders of pictures of living people.
	BonaFide []string
	// Attacks are folders of pictures of attacks, by species.
	Attacks map[string][]string
	// Simulate adds the simulated species, made of the bona fide pictures.
	Simulate bool
	Most     int // pictures taken of each folder, evenly spread; 0 takes all
	// TooSmall tells the scorer's error for a face that is too small from a
	// fault.
	TooSmall error
}

// ErrNothing reports a run in which nothing would be tested.
var ErrNothing = errors.New("pad: nothing to test")

// Report is what a run found.
type Report struct {
	Model     string  `json:"model"`
	SHA256    string  `json:"sha256"`
	Threshold float32 `json:"threshold"`
	// BonaFide holds BPCER, by set, since sets differ in what they show.
	BonaFide []Set `json:"bona_fide"`
	// Attacks holds APCER, by species. There is no pooled figure.
	Attacks []Set `json:"attacks"`
}

// Set is one folder or species.
type Set struct {
	Name      string `json:"name"`
	Simulated bool   `json:"simulated"`
	Pictures  int    `json:"pictures"`
	// Error is BPCER for living people and APCER for attacks, over the faces
	// that were judged.
	Error Rate `json:"error"`
	// NoResponse counts pictures without a face, or with one too small: they
	// are refused too, and belong neither to BPCER nor to APCER.
	NoResponse Rate      `json:"no_response"`
	Quantiles  []float64 `json:"score_p10_p50_p90"`
}

// Measure runs the scorer over everything.
func Measure(ctx context.Context, det enrol.Detector, s Scorer, o Options) (*Report, error) {
	if len(o.BonaFide) == 0 && len(o.Attacks) == 0 {
		return nil, fmt.Errorf("%w: give --bona-fide DIR, or --attack SPECIES=DIR", ErrNothing)
	}
	if o.Simulate && len(o.BonaFide) == 0 {
		return nil, fmt.Errorf("%w: simulated attacks are made of pictures of living people: give --bona-fide DIR", ErrNothing)
	}
	r := &Report{Threshold: s.Threshold()}
	m := &meter{det: det, scorer: s, tooSmall: o.TooSmall}
	simulated := make([]tally, len(Species()))
	for _, dir := range o.BonaFide {
		files, err := pictures(dir, o.Most)
		if err != nil {
			return nil, err
		}
		var t tally
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return nil, fmt.Errorf("pad: %w", err)
			}
			box, err := m.judge(ctx, b, &t)
			if err != nil {
				return nil, fmt.Errorf("pad: %s: %w", f, err)
			}
			if o.Simulate && !box.Empty() {
				if err := m.simulate(ctx, b, box, simulated); err != nil {
					return nil, fmt.Errorf("pad: %s: %w", f, err)
				}
			}
		}
		r.BonaFide = append(r.BonaFide, t.set(filepath.Base(dir), s.Threshold(), false))
	}
	for _, species := range sortedKeys(o.Attacks) {
		var t tally
		for _, dir := range o.Attacks[species] {
			if err := m.folder(ctx, dir, o.Most, &t); err != nil {
				return nil, err
			}
		}
		r.Attacks = append(r.Attacks, t.set(species, s.Threshold(), true))
	}
	if o.Simulate {
		for i, sp := range Species() {
			set := simulated[i].set(sp.Name, s.Threshold(), true)
			set.Simulated = true
			r.Attacks = append(r.Attacks, set)
		}
	}
	return r, nil
}

type meter struct {
	det      enrol.Detector
	scorer   Scorer
	tooSmall error
}

func (m *meter) folder(ctx context.Context, dir string, most int, t *tally) error {
	files, err := pictures(dir, most)
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return fmt.Errorf("pad: %w", err)
		}
		if _, err := m.judge(ctx, b, t); err != nil {
			return fmt.Errorf("pad: %s: %w", f, err)
		}
	}
	return nil
}

// judge scores the largest face of a picture and returns its box, empty when
// there was none to judge.
func (m *meter) judge(ctx context.Context, b []byte, t *tally) (geom.Box, error) {
	p, err := enrol.ReadPhoto(bytes.NewReader(b))
	if err != nil {
		return geom.Box{}, err
	}
	defer p.Wipe()
	t.pictures++
	faces, err := m.det.Faces(ctx, p.Planes)
	if err != nil {
		return geom.Box{}, err
	}
	var best enrol.Face
	for _, f := range faces {
		if f.Score >= leastFace && f.Box.Area() > best.Box.Area() {
			best = f
		}
	}
	if best.Box.Empty() {
		return geom.Box{}, nil
	}
	score, err := m.scorer.Score(ctx, p.Planes, p.Colour, best.Box)
	if m.tooSmall != nil && errors.Is(err, m.tooSmall) {
		return geom.Box{}, nil
	}
	if err != nil {
		return geom.Box{}, err
	}
	t.scores = append(t.scores, float64(score))
	return best.Box, nil
}

// leastFace is the detector's score from which on enrolment takes a face for
// one.
const leastFace = 0.6

func (m *meter) simulate(ctx context.Context, b []byte, face geom.Box, out []tally) error {
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return err
	}
	for i, s := range Species() {
		var buf bytes.Buffer
		if err := png.Encode(&buf, s.Make(img, face)); err != nil {
			return err
		}
		if _, err := m.judge(ctx, buf.Bytes(), &out[i]); err != nil {
			return err
		}
	}
	return nil
}

// tally gathers the scores of one set.
type tally struct {
	pictures int
	scores   []float64
}

func (t *tally) set(name string, threshold float32, attack bool) Set {
	sort.Float64s(t.scores)
	live := len(t.scores) - sort.SearchFloat64s(t.scores, float64(threshold))
	wrong := len(t.scores) - live // live people refused
	if attack {
		wrong = live
	}
	s := Set{
		Name: name, Pictures: t.pictures, Error: RateOf(wrong, len(t.scores)),
		NoResponse: RateOf(t.pictures-len(t.scores), t.pictures),
	}
	for _, q := range []float64{0.1, 0.5, 0.9} {
		if n := len(t.scores); n > 0 {
			s.Quantiles = append(s.Quantiles, t.scores[min(int(q*float64(n)), n-1)])
		}
	}
	return s
}

// pictures lists a folder's pictures with those of its folders, at most so many.
func pictures(dir string, most int) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".jpg", ".jpeg", ".png", ".webp":
			if !d.IsDir() {
				out = append(out, path)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pad: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s holds no JPEG, PNG or WebP pictures", ErrNothing, dir)
	}
	slices.Sort(out)
	if most <= 0 || len(out) <= most {
		return out, nil
	}
	few := make([]string, most)
	for i := range few {
		few[i] = out[i*len(out)/most]
	}
	return few, nil
}

func sortedKeys(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Write prints the report as a table.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%.12s), threshold %.2f; ISO/IEC 30107-3, 95 %% bounds by Clopper and Pearson\n", r.Model, r.SHA256, r.Threshold)
	fmt.Fprintf(&b, "\n%-34s %9s %8s %-22s %s\n", "living people", "pictures", "judged", "BPCER (95 %)", "no response")
	for _, s := range r.BonaFide {
		s.write(&b)
	}
	fmt.Fprintf(&b, "\n%-34s %9s %8s %-22s %s\n", "attack species", "pictures", "judged", "APCER (95 %)", "no response")
	if len(r.Attacks) == 0 {
		fmt.Fprintf(&b, "none was tested, so nothing is known of attacks\n")
	}
	simulated := false
	for _, s := range r.Attacks {
		s.write(&b)
		simulated = simulated || s.Simulated
	}
	if simulated {
		fmt.Fprintf(&b, "\nSimulated species are drawn from pictures of faces; no camera saw a print or a screen.\n"+
			"They bound nothing about real attacks. Errors of species are not pooled.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Set) write(b *strings.Builder) {
	name := s.Name
	if s.Simulated {
		name += " (simulated)"
	}
	fmt.Fprintf(b, "%-34s %9d %8d %6.2f %% (%.2f–%.2f)  %d of %d\n", name, s.Pictures, s.Error.N,
		100*s.Error.Value, 100*s.Error.Low, 100*s.Error.High, s.NoResponse.K, s.NoResponse.N)
}
