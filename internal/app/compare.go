package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"bystander/eval/leak"
	"bystander/eval/plain"
	"bystander/internal/frame"
	"bystander/internal/logx"
)

// CompareOptions say which recordings are redacted both ways.
type CompareOptions struct {
	In             []string
	Out            string // folder for both redacted recordings of each; a temporary one when empty
	Seen           string // folder in which the judge's view of originals is kept
	Quick          bool   // exposure and area only
	JSON           bool
	Stdout, Stderr io.Writer
}

// compared is one way of redacting one recording.
type compared struct {
	Way      string       `json:"way"`
	Pictures int          `json:"pictures"`
	Seconds  float64      `json:"seconds"`
	FPS      float64      `json:"fps"`
	CPU      float64      `json:"cpu_ms_per_frame"` // decoder and encoder included
	Leak     *leak.Result `json:"leak"`
	file     string
}

// comparison is one recording.
type comparison struct {
	In     string     `json:"in"`
	Faces  int        `json:"faces"`
	Tracks int        `json:"tracks"`
	Ways   []compared `json:"ways"`
}

// compareQuality and comparePreset are what bystander redact encodes with.
const (
	compareQuality = 20
	comparePreset  = "veryfast"
	compareThreads = 2
)

// Compare redacts recordings with this program and the plain per-frame way, one
// after the other in one run with the same face model, decoder and encoder, and
// judges what either wrote.
func Compare(ctx context.Context, o CompareOptions) (err error) {
	if len(o.In) == 0 {
		if o.In, err = compareClips(); err != nil {
			return err
		}
	}
	for _, f := range o.In {
		if !exists(f) {
			return fmt.Errorf("%w: no such file: %s", ErrUsage, f)
		}
	}
	if o.Out == "" {
		if o.Out, err = os.MkdirTemp("", "bystander-compare-"); err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Out)) }()
	} else if err := os.MkdirAll(o.Out, 0o700); err != nil {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	var all []comparison
	for _, in := range o.In {
		c, err := o.one(ctx, in, log)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(in), err)
		}
		all = append(all, *c)
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(all)
	}
	return printComparisons(o.Stdout, all)
}

// compareClips are the evaluation clips, or what the distribution has.
func compareClips() ([]string, error) {
	if dir := sharedDir(); dir != "" {
		var clips []string
		for _, n := range []string{"arcade.mp4", "stage.mp4", "one-by-one.mp4"} {
			if f := filepath.Join(dir, "data", "videos", n); exists(f) {
				clips = append(clips, f)
			}
		}
		if len(clips) > 0 {
			return clips, nil
		}
	}
	f, err := findVtest()
	return []string{f}, err
}

func (o CompareOptions) one(ctx context.Context, in string, log zerolog.Logger) (*comparison, error) {
	l, err := openLeak(ctx, LeakOptions{Original: in, Seen: o.Seen, Quick: o.Quick, Stdout: io.Discard, Stderr: o.Stderr}, log)
	if err != nil {
		return nil, err
	}
	defer l.close()
	name := strings.TrimSuffix(filepath.Base(in), filepath.Ext(in))
	ours, err := o.ours(ctx, in, filepath.Join(o.Out, name+"-bystander.mp4"))
	if err != nil {
		return nil, err
	}
	usual, err := o.usual(ctx, l, in, filepath.Join(o.Out, name+"-per-frame.mp4"))
	if err != nil {
		return nil, err
	}
	v, err := leak.OpenVideo(in)
	if err != nil {
		return nil, err
	}
	rate, frames := v.Rate(), v.Frames()
	v.Close()
	seen, err := l.scan(ctx, rate, frames)
	if err != nil {
		return nil, err
	}
	c := &comparison{In: filepath.Base(in), Faces: seen.Faces(), Tracks: seen.Tracks, Ways: []compared{ours, usual}}
	for i := range c.Ways {
		l.o.Redacted = c.Ways[i].file
		r, err := l.compare(ctx, seen)
		if err != nil {
			return nil, err
		}
		c.Ways[i].Leak = r[0]
	}
	return c, nil
}

// ours is bystander redact itself.
func (o CompareOptions) ours(ctx context.Context, in, out string) (compared, error) {
	var said bytes.Buffer
	cpu := processTime()
	err := RedactFile(ctx, RedactOptions{
		In: in, Out: out, Style: "frost", Coverage: "head", Quality: compareQuality,
		Force: true, JSON: true, Quiet: true, Stdout: &said, Stderr: o.Stderr,
	})
	if err != nil {
		return compared{}, err
	}
	var s redactSummary
	if err := json.Unmarshal(said.Bytes(), &s); err != nil {
		return compared{}, fmt.Errorf("compare: %w", err)
	}
	return timed("bystander redact", out, s.FramesOut, time.Duration(s.Seconds*float64(time.Second)), processTime()-cpu), nil
}

// usual is the plain way, with the face model at the size that ours has.
func (o CompareOptions) usual(ctx context.Context, l *leakRun, in, out string) (compared, error) {
	info, err := probe(ctx, in)
	if err != nil {
		return compared{}, err
	}
	cpu := processTime()
	faces, err := l.baselineFaces(ctx, frame.Size{W: info.Width, H: info.Height})
	if err != nil {
		return compared{}, err
	}
	defer faces.Close() //nolint:errcheck // nothing depends on it at the end
	n, took, err := plain.Redact(ctx, plain.Options{
		In: in, Out: out, Faces: faces, Quality: compareQuality, Preset: comparePreset, Threads: compareThreads,
	})
	if err != nil {
		return compared{}, err
	}
	return timed("per frame, box blur", out, n, took, processTime()-cpu), nil
}

func timed(way, file string, n int, took, cpu time.Duration) compared {
	return compared{
		Way: way, file: file, Pictures: n, Seconds: took.Seconds(),
		FPS: float64(n) / max(took.Seconds(), 1e-3), CPU: millis(cpu) / float64(max(n, 1)),
	}
}

func printComparisons(w io.Writer, all []comparison) error {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s: %d pictures, %d faces on %d tracks judged\n", c.In, c.Ways[0].Pictures, c.Faces, c.Tracks)
		fmt.Fprintf(&b, "  %-20s %9s %12s %9s %9s %14s %8s %8s\n",
			"", "fps", "CPU-ms each", "exposed", "re-found", "re-identified", "masked", "nobody")
		for _, x := range c.Ways {
			r := x.Leak
			fmt.Fprintf(&b, "  %-20s %9.1f %12.1f %8.2f%% %8.2f%% %7d of %-4d %7.1f%% %7.1f%%\n",
				x.Way, x.FPS, x.CPU, 100*r.All.ExposedRate, 100*r.All.RedetectRate, r.All.Reidentified, r.All.Compared, 100*r.Area, 100*r.AreaNobody)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
