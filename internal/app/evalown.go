package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/rs/zerolog"

	"bystander/eval/leak"
	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/redact"
)

func isDir(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.IsDir()
}

func writePage(path string, rep *leak.Report) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	return errors.Join(rep.WriteHTML(f), f.Close())
}

// ownRun redacts a recording in memory with the stages of redact, once for each
// variant of the union, all from the same looks.
type ownRun struct {
	ctx      context.Context
	src      ingest.Source
	eyes     *eyes
	looker   *looker
	keep     int // pictures that stay held
	variants []*variant
	ended    bool
	one      seen
}

// variant is one Redactor fed with the common looks.
type variant struct {
	run   *ownRun
	name  string
	r     *redact.Redactor
	queue []redact.Out
	held  *redact.Out
	area  float64
	n     int
}

// ablations are the parts of the union that are switched off in turn.
var ablations = []struct {
	name string
	cut  redact.Ablation
}{
	{"without faces", redact.Ablation{NoFaces: true}},
	{"without persons", redact.Ablation{NoPersons: true}},
	{"without interpolation", redact.Ablation{NoInterpolate: true}},
	{"without extrapolation", redact.Ablation{NoExtrapolate: true}},
	{"without backfill", redact.Ablation{NoBackfill: true}},
	{"without guard", redact.Ablation{NoGuard: true}},
}

func openOwn(ctx context.Context, o LeakOptions, size frame.Size, log zerolog.Logger) (_ *ownRun, err error) {
	cfg, rc := recordingConfig(size), recordingMasks()
	name := "bystander"
	if o.Live {
		cfg = config.Default()
		rc = redactConfig(cfg.Redact)
		name = "bystander, live"
	}
	r := &ownRun{ctx: ctx}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.eyes, err = openEyes(ctx, cfg, 1, log); err != nil {
		return nil, err
	}
	r.looker = &looker{eyes: r.eyes, cadence: cfg.Detect, hold: rc.Hold, cuts: !o.Live, now: time.Now}
	r.keep = rc.Hold
	if o.Live { // the worst that may be: looks are late all the time
		r.keep -= r.looker.lateable()
	}
	if err := r.add(name, rc, redact.Ablation{}); err != nil {
		return nil, err
	}
	if o.Ablate {
		for _, a := range ablations {
			if err := r.add(a.name, rc, a.cut); err != nil {
				return nil, err
			}
		}
	}
	r.src, err = ingestworker.Start(ctx, ingest.Spec{ID: recordingID, Driver: ingest.DriverFile, URL: o.Original},
		ingestworker.Options{Log: log, Frames: (rc.Hold+4)*len(r.variants) + 16})
	return r, err
}

func (r *ownRun) add(name string, cfg redact.Config, cut redact.Ablation) error {
	red, err := redact.NewForEvaluation(cfg, nil, cut)
	if err != nil {
		return err
	}
	r.variants = append(r.variants, &variant{run: r, name: name, r: red})
	return nil
}

// step takes one picture through all variants.
func (r *ownRun) step() error {
	raw, err := r.src.Next(r.ctx)
	if errors.Is(err, io.EOF) {
		r.ended = true
		for _, v := range r.variants {
			v.r.Flush()
			v.drain()
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.one.raw = raw
	r.looker.look(r.ctx, &r.one)
	for i, v := range r.variants {
		mine := raw
		if i < len(r.variants)-1 {
			if mine, err = raw.Clone(); err != nil {
				raw.Release()
				return fmt.Errorf("evaluate: %w", err)
			}
		}
		if err := v.r.Push(mine, r.one.sighting); err != nil {
			return fmt.Errorf("evaluate: %w", err)
		}
		v.drain()
	}
	return nil
}

func (v *variant) drain() {
	for {
		o, ok := v.r.PopAbove(v.run.keep)
		if !ok {
			return
		}
		v.area += float64(o.Stats.Area)
		v.n++
		v.queue = append(v.queue, o)
	}
}

// Next implements leak.Redacted.
func (v *variant) Next(frame.Planes) (frame.Planes, error) {
	v.release()
	for len(v.queue) == 0 {
		if v.run.ended {
			return frame.Planes{}, io.EOF
		}
		if err := v.run.step(); err != nil {
			return frame.Planes{}, err
		}
	}
	v.held, v.queue = &v.queue[0], v.queue[1:]
	return v.held.Record.Planes(), nil
}

func (v *variant) release() {
	if v.held != nil {
		v.held.Release()
		v.held = nil
	}
}

// tellAreas adds the masks' own word of their area.
func (r *ownRun) tellAreas(results []*leak.Result) {
	for _, v := range r.variants {
		for _, res := range results {
			if res.Name == v.name {
				res.Told = v.area / math.Max(float64(v.n), 1)
			}
		}
	}
}

func (r *ownRun) close() {
	for _, v := range r.variants {
		v.release()
		for _, o := range v.queue {
			o.Release()
		}
		v.r.Close()
	}
	if r.src != nil {
		_ = r.src.Close()
	}
	if r.eyes != nil {
		_ = r.eyes.close()
	}
}

// stillRun redacts single pictures, each as an epoch of its own.
type stillRun struct {
	eyes   *eyes
	looker *looker
	r      *redact.Redactor
	pool   *frame.Pool
	n      uint32
}

func openStills(ctx context.Context, log zerolog.Logger) (*stillRun, error) {
	cfg := recordingConfig(frame.Size{})
	e, err := openEyes(ctx, cfg, 1, log)
	if err != nil {
		return nil, err
	}
	red, err := redact.New(recordingMasks(), redact.Nobody{})
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return &stillRun{
		eyes: e, r: red, pool: frame.NewPool(4),
		looker: &looker{eyes: e, cadence: cfg.Detect, now: time.Now},
	}, nil
}

func (s *stillRun) redact(ctx context.Context, p frame.Planes, judge func(frame.Planes) error) error {
	raw, err := s.pool.Get(p.Size)
	if err != nil {
		return err
	}
	raw.Planes().CopyFrom(p)
	raw.Camera, raw.Epoch, raw.Seq = recordingID, s.n, uint64(s.n)
	s.n++
	one := seen{raw: raw}
	s.looker.look(ctx, &one)
	if err := s.r.Push(raw, one.sighting); err != nil {
		return err
	}
	s.r.Flush()
	for {
		o, ok := s.r.Pop()
		if !ok {
			return nil
		}
		err := judge(o.Record.Planes())
		o.Release()
		if err != nil {
			return err
		}
	}
}

func (s *stillRun) close() {
	s.r.Close()
	s.pool.Close()
	_ = s.eyes.close()
}
