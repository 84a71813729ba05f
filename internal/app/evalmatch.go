package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/rs/zerolog"

	"bystander/detect/onnx"
	evalmatch "bystander/eval/match"
	"bystander/internal/frame"
	"bystander/internal/logx"
	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/enrol"
)

// MatchOptions say what is measured on.
type MatchOptions struct {
	Set    string // folder with one folder a person
	Pairs  string // LFW pairs, optional
	Labels string // CSV, optional
	CSV    string // curve to write, optional
	SVG    string // plot to write, optional
	Least  int    // pictures that an enrolled person has at least
	Enrol  int    // pictures that each is enrolled by
	FPIR   []float64
	JSON   bool

	Stdout, Stderr io.Writer
}

func (o MatchOptions) check() error {
	switch {
	case o.Set == "" || !isDir(o.Set):
		return fmt.Errorf("%w: --set: name a folder that holds one folder of pictures a person; %q is none", ErrUsage, o.Set)
	case o.Enrol < 1 || o.Least <= o.Enrol:
		return fmt.Errorf("%w: --enrol and --least: enrol by at least 1 picture, and ask for more pictures than that", ErrUsage)
	}
	for _, f := range []string{o.Pairs, o.Labels} {
		if f != "" && !exists(f) {
			return fmt.Errorf("%w: no such file: %s", ErrUsage, f)
		}
	}
	for _, r := range o.FPIR {
		if !(r > 0 && r < 1) {
			return fmt.Errorf("%w: --fpir: %v is no rate between 0 and 1", ErrUsage, r)
		}
	}
	return nil
}

// EvalMatch measures how well faces are told apart, on pairs, a closed and an
// open set.
func EvalMatch(ctx context.Context, o MatchOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	pictures, opts, err := o.load()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	rd, err := openLabelled(ctx, log)
	if err != nil {
		return err
	}
	defer rd.close()
	if digest := rd.eyes.embedder.Info().Digest; digest != opts.Calibration.Model {
		return fmt.Errorf("the calibration is for model %.12s, the embedder is %.12s", opts.Calibration.Model, digest)
	}
	bar := newProgress(o.Stderr, "embedding")
	faces, err := evalmatch.ReadAll(ctx, rd, pictures, runtime.NumCPU(), func(n int) { bar.update(int64(n), int64(len(pictures))) })
	bar.close()
	if err != nil {
		return err
	}
	defer faces.Wipe()
	return o.tellMatch(evalmatch.Measure(pictures, faces, opts))
}

func (o MatchOptions) load() ([]evalmatch.Picture, evalmatch.Options, error) {
	opts := evalmatch.Options{
		Set: filepath.Base(filepath.Clean(o.Set)), Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		Least: o.Least, Enrol: o.Enrol, FPIR: o.FPIR,
	}
	// The shipped calibration was measured on LFW's development part.
	opts.SameSet = strings.HasPrefix(strings.ToLower(opts.Set), "lfw")
	pictures, err := evalmatch.Load(o.Set)
	if err != nil {
		return nil, opts, err
	}
	if o.Labels != "" {
		f, err := os.Open(o.Labels)
		if err != nil {
			return nil, opts, err
		}
		defer f.Close()
		if err := evalmatch.Label(pictures, f); err != nil {
			return nil, opts, err
		}
	}
	if o.Pairs != "" {
		f, err := os.Open(o.Pairs)
		if err != nil {
			return nil, opts, err
		}
		defer f.Close()
		if opts.Pairs, err = evalmatch.ReadPairs(f, filepath.Clean(o.Set)); err != nil {
			return nil, opts, err
		}
	}
	return pictures, opts, nil
}

// labelled reads the face that a picture is labelled with: the one nearest to
// its middle.
type labelled struct {
	eyes *eyes
}

var _ evalmatch.Reader = (*labelled)(nil)

func openLabelled(ctx context.Context, log zerolog.Logger) (*labelled, error) {
	cfg := recordingConfig(frame.Size{})
	store, err := openModels(cfg)
	if err != nil {
		return nil, err
	}
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		return nil, fmt.Errorf("matching needs ONNX Runtime: %w", err)
	}
	l := &labelled{eyes: &eyes{log: log}}
	oo := onnx.Options{Provider: ort.CPU, Score: 0.5, Long: 320, Parallel: runtime.NumCPU()}
	err = errors.Join(l.eyes.openFaces(ctx, store, rt, oo), l.eyes.openEmbedder(ctx, store, rt, cfg))
	if err == nil && (l.eyes.builtIn() || l.eyes.embedder == nil) {
		err = errors.New("matching needs the models; run: bystander models pull")
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *labelled) close() { _ = l.eyes.close() }

// Read implements evalmatch.Reader.
func (l *labelled) Read(ctx context.Context, path string, p *match.Probe) (float32, bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false, err
	}
	photo, err := enrol.ReadPhotoBytes(b)
	if err != nil {
		return 0, false, err
	}
	defer photo.Wipe()
	faces, err := photoDetector{l.eyes.faces}.Faces(ctx, photo.Planes)
	if err != nil {
		return 0, false, err
	}
	at := nearestMiddle(faces, photo.Planes.Size)
	if at < 0 || !faces[at].HasLandmarks {
		return 0, false, nil
	}
	var chip match.Chip
	defer chip.Wipe()
	q, err := chip.Cut(photo.Planes, photo.Colour, faces[at].Landmarks)
	if errors.Is(err, match.ErrLandmarks) {
		return 0, false, nil // counted as a failure to acquire
	}
	if err != nil {
		return 0, false, err
	}
	return q.Value(), true, l.eyes.embedder.Embed(ctx, &chip, p)
}

func nearestMiddle(faces []enrol.Face, s frame.Size) int {
	best, off := -1, math.Inf(1)
	for i, f := range faces {
		c := f.Box.Centre()
		if d := math.Hypot(float64(c.X)-float64(s.W)/2, float64(c.Y)-float64(s.H)/2); d < off {
			best, off = i, d
		}
	}
	return best
}

// tellMatch writes the report as asked.
func (o MatchOptions) tellMatch(r *evalmatch.Report) error {
	if r.Open == nil && (o.CSV != "" || o.SVG != "") {
		return fmt.Errorf("%w: nobody in %s has %d pictures, so there is no open set to draw", ErrUsage, o.Set, o.Least)
	}
	if o.CSV != "" {
		if err := writeTo(o.CSV, r.Open.WriteCSV); err != nil {
			return err
		}
	}
	if o.SVG != "" {
		title := fmt.Sprintf("%s: %d enrolled, %d strangers", r.Set, r.Open.Enrolled, r.Open.Strangers)
		if err := writeTo(o.SVG, func(w io.Writer) error { return r.Open.WriteSVG(w, title) }); err != nil {
			return err
		}
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(r)
	}
	return r.WriteText(o.Stdout)
}

func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return errors.Join(write(f), f.Close())
}
