package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/detect"
	"bystander/detect/canary"
	"bystander/detect/onnx"
	"bystander/detect/pigo"
	"bystander/internal/config"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/internal/ort/batch"
	"bystander/match"
	matchonnx "bystander/match/onnx"
)

// canaryEvery is how often the detector is asked for an answer that is known.
const canaryEvery = time.Minute

// eyes are the detectors and the embedder, shared by all cameras. What could
// not be loaded is nil, and notes say why and what follows.
type eyes struct {
	faces    detect.FaceDetector
	glance   detect.FaceDetector // for weak faces on close persons; nil without the face model
	persons  detect.PersonDetector
	engines  []engineOf // the models behind them, for health and metrics
	embedder match.Embedder
	models   []api.Model
	notes    []api.Notice
	canary   *canary.Canary
	trusted  trust // the canary was seen
	log      zerolog.Logger
}

// trust is whether the canary was seen; a camera's view goes by its eyes'.
type trust struct {
	seen atomic.Bool
	of   *trust
}

func (t *trust) Load() bool {
	if t.of != nil {
		return t.of.Load()
	}
	return t.seen.Load()
}

func (t *trust) Store(seen bool)     { t.seen.Store(seen) }
func (t *trust) Swap(seen bool) bool { return t.seen.Swap(seen) }

// engineOf is a model that runs on devices which come and go.
type engineOf struct {
	role string
	model
}

type model interface {
	Info() detect.Info
	Choice() ort.Choice
	Devices() []batch.Status
}

// openEyes loads what can be loaded. Only a wrong model file is an error: a
// missing one means that more is masked, and is said in notes.
func openEyes(ctx context.Context, cfg config.Config, parallel int, log zerolog.Logger) (*eyes, error) {
	e := &eyes{log: log, canary: canary.New()}
	o := modelOptions(cfg)
	o.Warn = func(err error) {
		log.Warn().Str("component", "models").Err(err).Msg("another place for models serves instead")
	}
	store, err := models.Open(o)
	if err != nil {
		return nil, err
	}
	rt, err := ort.Open(ort.Options{Library: cfg.Detect.Library})
	if err != nil {
		e.note("warning", api.NoticeNoModel, "ONNX Runtime is missing, and with it every model that needs it: "+err.Error())
		e.note("warning", api.NoticeNoPerson, "Without ONNX Runtime heads without a visible face are found by motion only.")
	}
	face := e.options(cfg, parallel, "face")
	face.Long, face.Score = cfg.Detect.FaceLongSide, float32(cfg.Detect.FaceScore)
	if err := errors.Join(
		e.openFaces(ctx, store, rt, face),
		e.openPersons(ctx, store, rt, cfg, parallel),
		e.openEmbedder(ctx, store, rt, cfg),
	); err != nil {
		return nil, errors.Join(err, e.close())
	}
	e.check(ctx)
	return e, nil
}

func openModels(cfg config.Config) (*models.Store, error) { return models.Open(modelOptions(cfg)) }

func modelOptions(cfg config.Config) models.Options {
	o := models.Options{Offline: cfg.Models.Offline}
	if len(cfg.Models.Mirrors) > 0 {
		o.Mirrors = slices.Concat(cfg.Models.Mirrors, models.DefaultMirrors())
	}
	return o
}

// load returns a model's verified bytes, or nil with a row that says why it is
// missing. A wrong file is an error.
func (e *eyes) load(ctx context.Context, store *models.Store, role, name string) (*onnx.Model, error) {
	data, info, err := store.Load(ctx, name)
	switch {
	case errors.Is(err, models.ErrHash):
		return nil, err
	case err != nil:
		e.models = append(e.models, api.Model{Role: role, Name: name, Err: err.Error()})
		return nil, nil //nolint:nilerr // a missing model is told on the page, and more is masked
	}
	return &onnx.Model{Name: name, Data: data, SHA256: info.SHA256}, nil
}

func (e *eyes) loaded(role string, i detect.Info) {
	e.models = append(e.models, api.Model{Role: role, Name: i.Name, Digest: i.Digest, Provider: i.Provider, Loaded: true})
	e.log.Info().Str("component", "detect").Str("role", role).Str("model", i.Name).Str("provider", i.Provider).Msg("model loaded")
}

func (e *eyes) openFaces(ctx context.Context, store *models.Store, rt *ort.Runtime, o onnx.Options) error {
	if rt != nil {
		m, err := e.load(ctx, store, "face", "yunet")
		if err != nil {
			return err
		}
		if m != nil {
			d, err := onnx.NewYuNet(rt, *m, o)
			if err != nil {
				return err
			}
			e.faces = d
			g := glanceOptions(o)
			if e.glance, err = d.View(onnx.View{Long: g.Long, Score: g.Score}); err != nil {
				return err
			}
			e.runs("face", d)
			return nil
		}
	}
	return e.openBuiltIn(ctx, store, o.Parallel, rt != nil)
}

// openBuiltIn falls back to the face finder that needs no model file; runtime
// tells whether one could have served.
func (e *eyes) openBuiltIn(ctx context.Context, store *models.Store, parallel int, runtime bool) error {
	m, err := e.load(ctx, store, "face", "facefinder")
	if err != nil {
		return err
	}
	if m == nil {
		e.note("error", api.NoticeNoModel, "No face detector could be loaded: every picture leaves fully masked. Run: bystander models pull")
		return nil
	}
	d, err := pigo.New(m.Data, m.SHA256, pigo.Options{Parallel: parallel})
	if err != nil {
		return err
	}
	e.faces = d
	e.loaded("face", d.Info())
	text := "The face model is missing: a simpler built-in finder serves, everybody is masked and matching is off. Run: bystander models pull"
	if !runtime {
		text = "Without ONNX Runtime a simpler built-in face finder serves, everybody is masked and matching is off."
	}
	e.note("warning", api.NoticeNoModel, text)
	return nil
}

func (e *eyes) openPersons(ctx context.Context, store *models.Store, rt *ort.Runtime, cfg config.Config, parallel int) error {
	if rt == nil {
		return nil
	}
	m, err := e.load(ctx, store, "person", "yolox-nano")
	if err != nil {
		return err
	}
	if m == nil {
		e.note("warning", api.NoticeNoPerson, "The person model is missing: heads without a visible face are found by motion only. Run: bystander models pull")
		return nil
	}
	o := e.options(cfg, parallel, "person")
	o.Score = float32(cfg.Detect.PersonScore)
	d, err := onnx.NewYOLOX(rt, *m, o)
	if err != nil {
		return err
	}
	e.persons = d
	e.runs("person", d)
	return nil
}

func (e *eyes) openEmbedder(ctx context.Context, store *models.Store, rt *ort.Runtime, cfg config.Config) error {
	if rt == nil || e.builtIn() {
		return nil
	}
	m, err := e.load(ctx, store, "embedding", "reid-0095")
	if err != nil || m == nil {
		return err
	}
	// Always in 32 bits: what thresholds are calibrated with.
	o := e.options(cfg, 1, "embedding")
	d, err := matchonnx.Open(rt, matchonnx.Model{Name: m.Name, Data: m.Data, SHA256: m.SHA256}, matchonnx.Options{ //nolint:contextcheck // it waits for nobody
		Provider: o.Provider, Batch: o.Batch, Wait: o.Wait, Devices: o.Devices, Changed: o.Changed,
	})
	if err != nil {
		return err
	}
	e.embedder = d
	i := d.Info()
	e.loaded("embedding", detect.Info{Name: i.Name, Digest: i.Digest, Provider: i.Provider})
	return nil
}

// builtIn reports whether faces are found without a model file: such a finder
// gives no landmarks, so nobody can be matched.
func (e *eyes) builtIn() bool { return e.faces == nil || e.faces.Info().Provider == "go" }

func (e *eyes) note(level, code, text string) {
	e.notes = append(e.notes, api.Notice{Level: level, Code: code, Text: text})
	e.log.Warn().Str("component", "detect").Str("code", code).Msg(text)
}

// check asks the detector for the canary. Until it is seen, every picture
// leaves fully masked. The built-in finder is too coarse for the drawn face and
// never leads to a clear view, so it is trusted as it is.
func (e *eyes) check(ctx context.Context) {
	if e.faces == nil {
		return
	}
	if e.builtIn() {
		e.trusted.Store(true)
		return
	}
	err := e.canary.Check(ctx, e.faces)
	if ctx.Err() != nil {
		return
	}
	if was := e.trusted.Swap(err == nil); err != nil {
		e.log.Error().Err(err).Msg("detector canary failed: everything is masked until it passes")
	} else if !was {
		e.log.Debug().Msg("detector canary passed")
	}
}

// watch repeats the check until ctx ends.
func (e *eyes) watch(ctx context.Context) {
	t := time.NewTicker(canaryEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			e.check(ctx)
		}
	}
}

func (e *eyes) close() error {
	var errs []error
	if e.glance != nil {
		errs = append(errs, e.glance.Close())
	}
	if e.faces != nil {
		errs = append(errs, e.faces.Close())
	}
	if e.persons != nil {
		errs = append(errs, e.persons.Close())
	}
	if e.embedder != nil {
		errs = append(errs, e.embedder.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("detect: close: %w", err)
	}
	return nil
}
