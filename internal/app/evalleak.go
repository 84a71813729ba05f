package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"bystander/detect"
	"bystander/detect/onnx"
	"bystander/detect/tile"
	"bystander/eval/leak"
	"bystander/internal/frame"
	"bystander/internal/logx"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/match"
)

// LeakOptions say what is judged.
type LeakOptions struct {
	Original string
	Redacted string // empty with Run, Baseline or Truth
	Truth    string // folder of labelled stills
	HTML     string // page to write
	Seen     string // folder in which the judge's view of originals is kept
	Run      bool   // judge this program's own redaction, made on the spot
	Live     bool   // with a live camera's settings
	Ablate   bool   // and with each part of the union off in turn
	Baseline bool
	Quick    bool // exposure and area only
	JSON     bool

	Stdout, Stderr io.Writer
}

// embedEvery is which sightings of a track are compared by embedding.
const embedEvery = 5

// EvalLeak judges redaction from outside.
func EvalLeak(ctx context.Context, o LeakOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	if o.Truth != "" {
		return o.stills(ctx, log)
	}
	v, err := leak.OpenVideo(o.Original)
	if err != nil {
		return err
	}
	rate, frames := v.Rate(), v.Frames()
	v.Close()
	l, err := openLeak(ctx, o, log)
	if err != nil {
		return err
	}
	defer l.close()
	seen, err := l.scan(ctx, rate, frames)
	if err != nil {
		return err
	}
	results, err := l.compare(ctx, seen)
	if err != nil {
		return err
	}
	rep := &leak.Report{
		Original: filepath.Base(o.Original), Frames: len(seen.Frames), Faces: seen.Faces(), Sure: seen.Sure(), Tracks: seen.Tracks,
		Judge: l.digest, Results: results,
	}
	for _, j := range l.judge.Again {
		rep.Judges = append(rep.Judges, j.Name)
	}
	return o.tell(rep)
}

func (o LeakOptions) check() error {
	switch {
	case o.Truth != "" && o.Original != "":
		return fmt.Errorf("%w: --truth brings its own pictures; leave --original out", ErrUsage)
	case o.Truth != "" && !isDir(o.Truth):
		return fmt.Errorf("%w: --truth: there is no folder %s", ErrUsage, o.Truth)
	case o.Truth != "" && o.Redacted != "" && !isDir(o.Redacted):
		return fmt.Errorf("%w: --redacted: with --truth name a folder of redacted pictures; %s is none", ErrUsage, o.Redacted)
	case o.Truth != "":
		return nil
	case o.Original == "":
		return fmt.Errorf("%w: --original: name the recording that was redacted", ErrUsage)
	case o.Redacted == "" && !o.Run && !o.Baseline:
		return fmt.Errorf("%w: --redacted: name the redacted recording, or give --run to judge this program's own, or --baseline", ErrUsage)
	case o.Live && !o.Run, o.Ablate && !o.Run:
		return fmt.Errorf("%w: --live and --ablate go with --run", ErrUsage)
	}
	for _, f := range []string{o.Original, o.Redacted} {
		if f != "" && !exists(f) {
			return fmt.Errorf("%w: no such file: %s", ErrUsage, f)
		}
	}
	return nil
}

// leakRun is one judging under way.
type leakRun struct {
	o       LeakOptions
	log     zerolog.Logger
	judge   leak.Judge
	digest  string
	closers []io.Closer
}

func (l *leakRun) close() {
	for _, c := range l.closers {
		_ = c.Close()
	}
}

// openLeak loads the judge's models. All are needed: a missing one would make
// the verdict milder, not stricter.
func openLeak(ctx context.Context, o LeakOptions, log zerolog.Logger) (l *leakRun, err error) {
	cfg := recordingConfig(frame.Size{})
	store, err := openModels(cfg)
	if err != nil {
		return nil, err
	}
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		return nil, fmt.Errorf("the judge needs ONNX Runtime: %w", err)
	}
	l = &leakRun{o: o, log: log}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if err := l.openJudges(ctx, store, rt); err != nil {
		return nil, err
	}
	e := &eyes{log: log}
	l.closers = append(l.closers, closer(e.close))
	oo := onnx.Options{Provider: ort.CPU, Score: 0.3}
	if err := errors.Join(e.openFaces(ctx, store, rt, oo), e.openPersons(ctx, store, rt, cfg, 1), e.openEmbedder(ctx, store, rt, cfg)); err != nil {
		return nil, err
	}
	if e.builtIn() || e.persons == nil || e.embedder == nil {
		return nil, errors.New("the judge needs every model; run: bystander models pull")
	}
	l.judge.Persons, l.judge.Marks, l.judge.Embedder, l.judge.EmbedEvery = e.persons, e.faces, e.embedder, embedEvery
	rules := match.DefaultRules()
	l.judge.Margin = rules.Margin
	l.judge.Threshold, err = match.Calibration0095().Threshold(1, rules.FPIR)
	return l, err
}

// againSide is the input of the second judge: half the size of a tile more than
// the tile, so that it sees faces both smaller and larger than the pipeline's.
const againSide = 960

// openJudges loads RFB-640, which finds the faces of the original and looks for
// them in what was redacted, and YuNet, which looks for them again: a mask is
// not good if the pipeline's own detector takes it for a face.
func (l *leakRun) openJudges(ctx context.Context, store *models.Store, rt *ort.Runtime) error {
	rfb, err := loadModel(ctx, store, "rfb-640")
	if err != nil {
		return err
	}
	yunet, err := loadModel(ctx, store, "yunet")
	if err != nil {
		return err
	}
	l.digest = rfb.SHA256
	var first, small, large *tile.Detector
	for _, j := range []struct {
		to   **tile.Detector
		open func() (detect.FaceDetector, error)
		cut  func(detect.FaceDetector) (*tile.Detector, error)
	}{
		{&first, func() (detect.FaceDetector, error) {
			return onnx.NewRFB(rt, rfb, onnx.Options{Provider: ort.CPU, Score: leak.OriginalScore})
		}, leak.Small},
		{&small, func() (detect.FaceDetector, error) {
			return onnx.NewRFB(rt, rfb, onnx.Options{Provider: ort.CPU, Score: leak.RedactedScore})
		}, leak.Small},
		{&large, func() (detect.FaceDetector, error) {
			return onnx.NewYuNet(rt, yunet, onnx.Options{Provider: ort.CPU, Score: leak.RedactedScore, Long: againSide})
		}, leak.Large},
	} {
		d, err := j.open()
		if err != nil {
			return err
		}
		l.closers = append(l.closers, d)
		if *j.to, err = j.cut(d); err != nil {
			return err
		}
	}
	l.judge.Faces = first
	l.judge.Again = []leak.Again{{Name: "rfb-640", Finder: small}, {Name: "yunet", Finder: large}}
	return nil
}

func loadModel(ctx context.Context, store *models.Store, name string) (onnx.Model, error) {
	data, info, err := store.Load(ctx, name)
	return onnx.Model{Name: name, Data: data, SHA256: info.SHA256}, err
}

type closer func() error

func (c closer) Close() error { return c() }

// scan finds the faces to be judged, or takes what an earlier run found.
func (l *leakRun) scan(ctx context.Context, rate float64, frames int64) (*leak.Seen, error) {
	var keep string
	if l.o.Seen != "" {
		var err error
		if keep, err = leak.KeptName(l.o.Seen, l.o.Original, l.digest); err != nil {
			return nil, err
		}
		if s, err := leak.LoadSeen(keep); err == nil {
			return s, nil
		}
	}
	v, err := leak.OpenVideo(l.o.Original)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	bar := newProgress(l.o.Stderr, "looking for faces in the original")
	defer bar.close()
	s, err := l.judge.Scan(ctx, v, rate, func(n int) { bar.update(int64(n), frames) })
	if err != nil {
		return nil, err
	}
	if len(s.Frames) == 0 {
		return nil, fmt.Errorf("%s: no picture could be decoded", l.o.Original)
	}
	if keep != "" {
		if err := s.Save(keep); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (l *leakRun) compare(ctx context.Context, seen *leak.Seen) ([]*leak.Result, error) {
	original, err := leak.OpenVideo(l.o.Original)
	if err != nil {
		return nil, err
	}
	defer original.Close()
	var all []leak.Candidate
	if l.o.Redacted != "" {
		v, err := leak.OpenVideo(l.o.Redacted)
		if err != nil {
			return nil, err
		}
		defer v.Close()
		all = append(all, leak.Candidate{Name: filepath.Base(l.o.Redacted), Redacted: leak.File{Pictures: v}})
	}
	var own *ownRun
	if l.o.Run {
		if own, err = openOwn(ctx, l.o, seen.Size, l.log); err != nil {
			return nil, err
		}
		defer own.close()
		for i := range own.variants {
			all = append(all, leak.Candidate{Name: own.variants[i].name, Redacted: own.variants[i]})
		}
	}
	if l.o.Baseline {
		faces, err := l.baselineFaces(ctx, seen.Size)
		if err != nil {
			return nil, err
		}
		defer faces.Close() //nolint:errcheck // nothing depends on it at the end
		all = append(all, leak.Candidate{Name: "per-frame baseline", Redacted: &leak.Baseline{Ctx: ctx, Faces: faces}})
	}
	bar := newProgress(l.o.Stderr, "judging")
	defer bar.close()
	results, err := l.judge.Compare(ctx, seen, original, all, leak.Options{
		Exposure: l.o.Quick, Thumbnails: 12,
		Told: func(n int) { bar.update(int64(n), int64(len(seen.Frames))) },
	})
	if err == nil && own != nil {
		own.tellAreas(results)
	}
	return results, err
}

// baselineFaces is YuNet at the size that this program uses for the recording.
func (l *leakRun) baselineFaces(ctx context.Context, s frame.Size) (detect.FaceDetector, error) {
	cfg := recordingConfig(s)
	store, err := openModels(cfg)
	if err != nil {
		return nil, err
	}
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		return nil, err
	}
	m, err := loadModel(ctx, store, "yunet")
	if err != nil {
		return nil, err
	}
	return onnx.NewYuNet(rt, m, onnx.Options{Provider: ort.CPU, Long: cfg.Detect.FaceLongSide, Score: 0.5})
}

// tell writes the report as asked.
func (o LeakOptions) tell(rep *leak.Report) error {
	if o.HTML != "" {
		if err := writePage(o.HTML, rep); err != nil {
			return err
		}
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(rep)
	}
	if s := rep.Stills; s != nil {
		fmt.Fprintf(o.Stdout, "%d labelled pictures: %d of %d faces of 16 px and more covered (%.2f %%), %d exposed, %.1f %% of the picture masked\n",
			s.Pictures, s.Covered, s.Faces, 100*s.CoveredRate, s.Exposed, 100*s.Area)
		for _, r := range s.BySize {
			fmt.Fprintf(o.Stdout, "  from %3d px: %4d of %4d (%.2f %%)\n", r.From, r.Covered, r.Faces, 100*float64(r.Covered)/float64(max(r.Faces, 1)))
		}
		return nil
	}
	printLeaks(o.Stdout, rep)
	return nil
}

// printLeaks writes the verdicts as a table. Everything counts, but for what is
// said to be without doubtful ones.
func printLeaks(w io.Writer, rep *leak.Report) {
	fmt.Fprintf(w, "%s: %d pictures, %d faces on %d tracks judged, %d of them in doubt\n",
		rep.Original, rep.Frames, rep.Faces, rep.Tracks, rep.Faces-rep.Sure)
	fmt.Fprintf(w, "%-22s %9s %9s %14s %8s %7s %7s %5s %7s %8s %7s\n", "",
		"exposed", "re-found", "by "+strings.Join(rep.Judges, "/"), "re-ident", "chance", "tracks", "run", "area", "nobody", "empty")
	for _, r := range rep.Results {
		area := r.Area
		if r.Told >= 0 {
			area = r.Told
		}
		by := strings.Trim(strings.ReplaceAll(fmt.Sprint(r.All.RedetectedBy), " ", "/"), "[]")
		fmt.Fprintf(w, "%-22s %7.2f %% %7.2f %% %14s %4d/%-4d %6d %7d %5d %5.1f %% %6.1f %% %5.2f %%\n", r.Name,
			100*r.All.ExposedRate, 100*r.All.RedetectRate, by, r.All.Reidentified, r.All.Compared, r.All.Chance,
			r.ExposedTracks, r.LongestRun, 100*area, 100*r.AreaNobody, 100*r.EmptyArea)
		if r.Sure.Faces < r.All.Faces {
			fmt.Fprintf(w, "  %-20s %7.2f %% %7.2f %% %14s %4d/%-4d\n", "without doubtful ones",
				100*r.Sure.ExposedRate, 100*r.Sure.RedetectRate, "", r.Sure.Reidentified-r.Sure.Chance, r.Sure.Compared)
		}
		if c := r.Cosines; c.N > 0 {
			fmt.Fprintf(w, "  cosines with the original: median %.3f, p99 %.3f, p99.9 %.3f, highest %.3f\n", c.Median, c.P99, c.P999, c.Max)
		}
	}
}

// stills judges labelled pictures: each is redacted as a recording of one
// picture, with no time to help.
func (o LeakOptions) stills(ctx context.Context, log zerolog.Logger) error {
	items, err := leak.LoadTruth(o.Truth)
	if err != nil {
		return err
	}
	s := leak.NewStills()
	var own *stillRun
	if o.Redacted == "" {
		if own, err = openStills(ctx, log); err != nil {
			return err
		}
		defer own.close()
	}
	bar := newProgress(o.Stderr, "judging stills")
	defer bar.close()
	for i, t := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := leak.LoadStill(t.Image)
		if err != nil {
			return err
		}
		if own != nil {
			err = own.redact(ctx, p, func(q frame.Planes) error { return s.Add(t, p, q) })
		} else {
			var q frame.Planes
			if q, err = leak.LoadStill(filepath.Join(o.Redacted, filepath.Base(t.Image))); err == nil {
				err = s.Add(t, p, q)
			}
		}
		if err != nil {
			return err
		}
		bar.update(int64(i+1), int64(len(items)))
	}
	return o.tell(&leak.Report{Original: filepath.Base(strings.TrimRight(o.Truth, "/")), Stills: s})
}
