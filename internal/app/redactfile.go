package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/logx"
	"bystander/redact"
	"bystander/sink/mux"
)

// fileHold is how many pictures a recording's redaction looks ahead. A live
// camera pays for each with delay; a recording only with memory.
const fileHold = 30

// recordingID names a recording where a camera has its id.
const recordingID = "recording"

// RedactOptions say how a recording is redacted.
type RedactOptions struct {
	In, Out         string
	Style, Coverage string
	Keep            []string // NAME=PHOTO
	Quality         int
	Force           bool
	JSON, Quiet     bool
	Stdout, Stderr  io.Writer
}

// redactSummary is what is told at the end.
type redactSummary struct {
	In         string  `json:"in"`
	Out        string  `json:"out"`
	FramesIn   uint64  `json:"frames_in"`
	FramesOut  int     `json:"frames_out"`
	Width      int     `json:"width"`
	Height     int     `json:"height"`
	Faces      uint64  `json:"faces"`
	Tracks     uint64  `json:"tracks"`
	Masked     uint64  `json:"masked"`
	Clear      uint64  `json:"clear"`
	Kept       int     `json:"kept_people"`
	FullMask   uint64  `json:"full_mask_frames"`
	Corrupt    uint64  `json:"corrupt"`
	MaskedArea float64 `json:"masked_area"` // mean part of the picture
	Seconds    float64 `json:"seconds"`
	FPS        float64 `json:"fps"`
}

// RedactFile redacts a recording with the very same stages as a live camera.
func RedactFile(ctx context.Context, o RedactOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := logx.New(o.Stderr, "warn", "console")
	if err != nil {
		return err
	}
	info, err := probe(ctx, o.In)
	if err != nil {
		return err
	}
	cfg := recordingConfig(frame.Size{W: info.Width, H: info.Height})
	eyes, err := openEyes(ctx, cfg, 1, log)
	if err != nil {
		return err
	}
	defer eyes.close() //nolint:errcheck // nothing depends on it at the end
	kept, err := openKept(ctx, o.Keep, eyes, log)
	if err != nil {
		return err
	}
	if kept != nil {
		defer kept.close()
	}
	return o.run(ctx, cfg, info, eyes, kept, log)
}

// recordingConfig is how hard recordings of a size are looked at: there is more
// time than with a live camera.
func recordingConfig(s frame.Size) config.Config {
	cfg := config.Default()
	cfg.Detect.FaceEvery, cfg.Detect.PersonEvery = 1, 3
	if max(s.W, s.H) > 1280 {
		cfg.Detect.FaceLongSide = 960
	}
	return cfg
}

// recordingMasks is how recordings are masked: with a long look ahead.
func recordingMasks() redact.Config {
	rc := redact.DefaultConfig()
	rc.Hold = fileHold
	return rc
}

func (o RedactOptions) check() error {
	in, err := os.Stat(o.In)
	switch {
	case err != nil:
		return fmt.Errorf("%w: --in: %w", ErrUsage, err)
	case in.IsDir():
		return fmt.Errorf("%w: --in: %s is a folder; name one recording", ErrUsage, o.In)
	}
	out, err := os.Stat(o.Out)
	switch {
	case err == nil && os.SameFile(in, out):
		return fmt.Errorf("%w: --out is the input itself; name another file", ErrUsage)
	case err == nil && !o.Force:
		return fmt.Errorf("%w: --out: %s exists; add --force to replace it", ErrUsage, o.Out)
	}
	if dir, err := os.Stat(filepath.Dir(o.Out)); err != nil || !dir.IsDir() {
		return fmt.Errorf("%w: --out: there is no folder %s; make it first", ErrUsage, filepath.Dir(o.Out))
	}
	if o.Quality < 10 || o.Quality > 40 {
		return fmt.Errorf("%w: --quality: %d is outside 10 to 40", ErrUsage, o.Quality)
	}
	_, err = mux.New(mux.Config{Path: o.Out})
	if err != nil {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	return nil
}

// fileOutlet writes the recorded side of each picture.
type fileOutlet struct {
	w     *mux.Writer
	bar   *progress
	total int64
}

func (f *fileOutlet) take(o redact.Out) error {
	defer o.Release()
	if err := f.w.Write(o.Record); err != nil {
		return err
	}
	if f.bar != nil {
		f.bar.update(int64(f.w.Frames()), f.total)
	}
	return nil
}

func (o RedactOptions) run(ctx context.Context, cfg config.Config, info probeInfo, eyes *eyes, kept *kept, log zerolog.Logger) error {
	src, err := ingestworker.Start(ctx, ingest.Spec{ID: recordingID, Driver: ingest.DriverFile, URL: o.In},
		ingestworker.Options{Log: log, Frames: fileHold + betweenSides + 16})
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // the pipeline has told what went wrong
	w, err := mux.New(mux.Config{Path: o.Out, Quality: float64(o.Quality), Rate: info.Rate, Threads: 2})
	if err != nil {
		return err
	}
	out := &fileOutlet{w: w, total: info.Frames}
	if !o.Quiet {
		out.bar = newProgress(o.Stderr, "redacting")
	}
	rc := recordingMasks()
	rc.Style, rc.Coverage = redact.Style(o.Style), redact.Coverage(o.Coverage)
	p := &pipeline{
		id: recordingID, src: src, redact: rc, may: redact.Nobody{}, out: out, stats: &cameraStats{},
		looker: &looker{eyes: eyes, cadence: cfg.Detect, cuts: true, now: time.Now},
	}
	if kept != nil {
		p.looker.who, p.may = kept.who, kept.who
	}
	begun := time.Now()
	err = p.run(ctx)
	if out.bar != nil {
		out.bar.close()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		w.Abort()
		return explainRedact(o, err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	return o.report(p, src.Health(), w.Frames(), kept, time.Since(begun))
}

func explainRedact(o RedactOptions, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; %s was not written", o.Out)
	}
	return err
}

func (o RedactOptions) report(p *pipeline, h ingest.Health, frames int, kept *kept, took time.Duration) error {
	n := p.stats.totals()
	s := redactSummary{
		In: o.In, Out: o.Out, FramesIn: n.In, FramesOut: frames,
		Width: h.Size.W, Height: h.Size.H, Faces: n.Faces, Tracks: n.Tracks,
		Masked: n.Masked, Clear: n.ClearRecord, FullMask: n.Full, Corrupt: h.Corrupt,
		MaskedArea: n.Area / max(float64(n.Out), 1),
		Seconds:    took.Seconds(), FPS: float64(frames) / max(took.Seconds(), 1e-3),
	}
	if kept != nil {
		s.Kept = kept.who.people()
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(s)
	}
	fmt.Fprintf(o.Stdout, "%s: %d pictures, %d×%d, in %.1f s (%.0f/s)\n", o.Out, frames, s.Width, s.Height, s.Seconds, s.FPS)
	fmt.Fprintf(o.Stdout, "faces on pictures: %d masked, %d clear under a consent; %d tracks; %.1f %% of the picture masked on average\n",
		s.Masked, s.Clear, s.Tracks, 100*s.MaskedArea)
	if n.Full > 0 {
		fmt.Fprintf(o.Stdout, "%d pictures were masked as a whole, since they could not be vouched for\n", n.Full)
	}
	if h.Corrupt > 0 {
		fmt.Fprintf(o.Stdout, "%d damaged packets or pictures were left out\n", h.Corrupt)
	}
	return nil
}
