package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"bystander/api"
	"bystander/detect"
	"bystander/detect/onnx"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
	"bystander/match"
	matchonnx "bystander/match/onnx"
)

// options are what all models on ONNX Runtime are loaded with.
func (e *eyes) options(cfg config.Config, parallel int, role string) onnx.Options {
	d := cfg.Detect
	return onnx.Options{
		Provider: ort.Provider(d.Provider), Parallel: parallel,
		Batch: d.Batch, Wait: d.BatchWait, Devices: d.Devices, Half: d.Half,
		Changed: func(device string, err error) {
			l := e.log.With().Str("component", "detect").Str("role", role).Str("device", device).Logger()
			if err != nil {
				l.Error().Err(err).Msg("the device does not run the model; it is tried again")
				return
			}
			l.Info().Msg("the device runs the model again")
		},
	}
}

// runs notes a loaded model and tells where it runs, and why nowhere better.
func (e *eyes) runs(role string, m model) {
	e.engines = append(e.engines, engineOf{role, m})
	e.loaded(role, m.Info())
	e.log.Info().Str("component", "detect").Str("role", role).Stringer("provider", m.Choice()).Msg("execution provider chosen")
}

// of gives one camera's own way to the detectors, where it is served fairly and
// told when it is late. patience 0 waits as long as it takes; clock, when set, is
// told the processor time that the models took for the camera. The caller ends
// it with leave.
func (e *eyes) of(camera string, patience time.Duration, clock *stopwatch) (mine *eyes, leave func(), err error) {
	c := &eyes{faces: e.faces, glance: e.glance, persons: e.persons, embedder: e.embedder, canary: e.canary, log: e.log}
	c.trusted.of = &e.trusted
	var views []interface{ Close() error }
	leave = func() {
		for _, v := range views {
			_ = v.Close() // a view gives up its place, which cannot fail
		}
	}
	defer func() {
		if err != nil {
			leave()
		}
	}()
	if f, ok := e.faces.(*onnx.YuNet); ok {
		v, err := f.View(onnx.View{Camera: camera, Patience: patience})
		if err != nil {
			return nil, nil, err
		}
		views, c.faces = append(views, v), timedFaces{v, clock}
		if e.glance != nil {
			g := glanceOptions(onnx.Options{Long: v.Long()})
			if v, err = v.View(onnx.View{Long: g.Long, Score: g.Score}); err != nil {
				return nil, nil, err
			}
			c.glance = timedFaces{v, clock}
		}
	}
	if p, ok := e.persons.(*onnx.YOLOX); ok {
		v, err := p.View(onnx.View{Camera: camera, Patience: patience})
		if err != nil {
			return nil, nil, err
		}
		views, c.persons = append(views, v), timedPersons{v, clock}
	}
	if m, ok := e.embedder.(*matchonnx.Embedder); ok {
		v := m.View(camera, patience)
		views, c.embedder = append(views, v), timedEmbedder{v, clock}
	}
	return c, leave, nil
}

// running are the models that run on devices which come and go.
func (e *eyes) running() []engineOf {
	m, ok := e.embedder.(*matchonnx.Embedder)
	if !ok {
		return e.engines
	}
	return append(slices.Clip(e.engines), engineOf{"embedding", embedding{m}})
}

// embedding is the embedder as one of the models.
type embedding struct{ *matchonnx.Embedder }

// Info implements model.
func (m embedding) Info() detect.Info {
	i := m.Embedder.Info()
	return detect.Info{Name: i.Name, Digest: i.Digest, Provider: i.Provider}
}

// timedEmbedder adds what embedding took on another thread to the camera's clock.
type timedEmbedder struct {
	*matchonnx.Embedder
	clock *stopwatch
}

// Embed implements match.Embedder.
func (m timedEmbedder) Embed(ctx context.Context, c *match.Chip, dst *match.Probe) error {
	before := m.Spent()
	err := m.Embedder.Embed(ctx, c, dst)
	m.clock.add(stageMatch, m.Spent()-before)
	return err
}

// timedFaces adds what the model took on other threads to the camera's clock.
type timedFaces struct {
	*onnx.YuNet
	clock *stopwatch
}

// DetectFaces implements detect.FaceDetector.
func (d timedFaces) DetectFaces(ctx context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	before := d.Spent()
	dst, err := d.YuNet.DetectFaces(ctx, p, dst)
	d.clock.add(stageFaces, d.Spent()-before)
	return dst, err
}

// DetectFacesIn implements detect.PartDetector.
func (d timedFaces) DetectFacesIn(ctx context.Context, p frame.Planes, part geom.Box, dst []detect.Face) ([]detect.Face, bool, error) {
	before := d.Spent()
	dst, whole, err := d.YuNet.DetectFacesIn(ctx, p, part, dst)
	d.clock.add(stageFaces, d.Spent()-before)
	return dst, whole, err
}

// timedPersons is the same for people.
type timedPersons struct {
	*onnx.YOLOX
	clock *stopwatch
}

// DetectPersons implements detect.PersonDetector.
func (d timedPersons) DetectPersons(ctx context.Context, p frame.Planes, dst []detect.Person) ([]detect.Person, error) {
	before := d.Spent()
	dst, err := d.YOLOX.DetectPersons(ctx, p, dst)
	d.clock.add(stagePersons, d.Spent()-before)
	return dst, err
}

// rows are the models for the page, with the devices as they are now.
func (e *eyes) rows() []api.Model {
	out := append([]api.Model{}, e.models...)
	for i := range out {
		for _, g := range e.running() {
			if g.role != out[i].Role || !out[i].Loaded {
				continue
			}
			out[i].Why = g.Choice().String()
			for _, d := range g.Devices() {
				row := api.Device{Name: d.Device, Up: d.Up, LastResort: d.LastResort, Err: d.Err, Cameras: d.Lanes, Losses: d.Losses}
				if !d.Retry.IsZero() {
					row.NextTry = &d.Retry
				}
				if n := d.Stats.Runs; n > 0 {
					row.PerRun = float64(d.Stats.Requests) / float64(n)
				}
				out[i].Devices = append(out[i].Devices, row)
			}
		}
	}
	return out
}

// lost are notices of devices that are gone.
func (e *eyes) lost() []api.Notice {
	var out []api.Notice
	for _, g := range e.running() {
		for _, d := range g.Devices() {
			if d.Up {
				continue
			}
			out = append(out, api.Notice{
				Level: "warning", Code: api.NoticeDevice,
				Text: strings.Join([]string{d.Device, "does not run the", g.role, "model; other devices serve and it is tried again:", d.Err}, " "),
			})
		}
	}
	return out
}
