// Package onnx runs the face embedder on ONNX Runtime.
package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bystander/internal/ort"
	"bystander/internal/ort/batch"
	"bystander/internal/registers"
	"bystander/match"
)

// ErrModel reports a model whose input or output is not that of the embedder.
var ErrModel = errors.New("match/onnx: not a model this program knows")

// Model is a model file that the manifest vouches for.
type Model struct {
	Name   string
	Data   []byte
	SHA256 string // hex
}

// Options say where the embedder runs and how cameras share it. The zero value
// takes the best provider, one face at a time.
type Options = batch.EngineOptions

// Embedder runs face-reidentification-retail-0095: input 1×3×128×128, BGR,
// 0–255; output 1×256×1×1. It is safe for concurrent use.
//
// Faces wait in the queue of package batch, so that cameras get their fair part,
// share runs on a GPU, and go elsewhere when a device is lost. Tensors are wiped
// before they are used again, what ONNX Runtime keeps of a face soon after, and
// runs leave nothing in the processor's registers.
type Embedder struct {
	*shared
	lane *batch.Lane
	all  bool // closing it closes the model
}

// shared is what the embedder and its views have in common.
type shared struct {
	e    *batch.Engine
	info match.EmbedderInfo

	mu     sync.Mutex
	places []*place
}

var (
	_ match.Embedder = (*Embedder)(nil)
	_ match.Wiper    = (*Embedder)(nil)
)

// New loads the embedder on one device. It fails as Open does.
func New(rt *ort.Runtime, m Model, o ort.SessionOptions) (*Embedder, error) {
	return Open(rt, m, Options{Provider: o.Provider, Parallel: o.Parallel, Half: o.Half, Devices: []int{o.Device}})
}

// Open loads the embedder. It fails with the errors of ort.Runtime.NewSession
// and with ErrModel.
func Open(rt *ort.Runtime, m Model, o Options) (*Embedder, error) {
	// All its rectifiers have one slope each; a model that is none fails below.
	data, _, err := ort.Leaky(m.Data)
	if err != nil {
		return nil, fmt.Errorf("match/onnx: %s: %w", m.Name, err)
	}
	s := &shared{}
	o.Shapes, o.Guard = 1, registers.Shield
	o.Wrap = func(ses *ort.Session) batch.Session { return s.place(ses, o.Parallel) }
	if s.e, err = batch.OpenEngine(rt, m.Name, data, o); err != nil {
		return nil, fmt.Errorf("match/onnx: %s: %w", m.Name, err)
	}
	s.info = match.EmbedderInfo{Name: m.Name, Digest: m.SHA256, Provider: string(s.e.Choice.Provider)}
	e := &Embedder{shared: s, lane: s.e.Lane("", batch.LaneOptions{}), all: true}
	// The first run of a shape tells the output's, and is on an empty picture.
	r, err := e.lane.Acquire(context.Background(), chipShape)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("match/onnx: %s: %w", m.Name, err), e.Close())
	}
	n := len(r.Output(0))
	r.Release()
	if n != match.Dim {
		return nil, errors.Join(fmt.Errorf("%w: %s gives %d values, want %d", ErrModel, m.Name, n, match.Dim), e.Close())
	}
	return e, nil
}

// chipShape is the input for one face.
var chipShape = [4]int64{1, 3, match.ChipSide, match.ChipSide}

// View is the embedder for one camera, whose faces get their fair part and are
// answered with an error that is a context.DeadlineExceeded when they are not
// embedded within patience; 0 waits as long as it takes. Closing it leaves the
// embedder to the others.
func (e *Embedder) View(camera string, patience time.Duration) *Embedder {
	return &Embedder{shared: e.shared, lane: e.e.Lane(camera, batch.LaneOptions{Patience: patience})}
}

// place makes a loaded model one that is wiped, and remembers it.
func (s *shared) place(ses *ort.Session, parallel int) *place {
	p := newPlace(ses, parallel, s.forget)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places = append(s.places, p)
	return p
}

func (s *shared) forget(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.places, p); i >= 0 {
		s.places = slices.Delete(s.places, i, i+1)
	}
}

// Info implements match.Embedder.
func (s *shared) Info() match.EmbedderInfo { return s.info }

// Choice tells which provider runs the model and why others do not.
func (s *shared) Choice() ort.Choice { return s.e.Choice }

// Devices tells of the devices that the model runs on, and what they do.
func (s *shared) Devices() []batch.Status { return s.e.Status() }

// Wipe implements match.Wiper.
func (s *shared) Wipe(ctx context.Context) error {
	s.mu.Lock()
	all := slices.Clone(s.places)
	s.mu.Unlock()
	var errs []error
	for _, p := range all {
		errs = append(errs, p.wipe(ctx))
	}
	return errors.Join(errs...)
}

// Spent is the processor time that runs of the model took for this view.
func (e *Embedder) Spent() time.Duration { return e.lane.CPU() }

// Close implements match.Embedder; it waits for calls under way.
func (e *Embedder) Close() error {
	e.lane.Close()
	if !e.all {
		return nil
	}
	return e.e.Close()
}

// Embed implements match.Embedder.
func (e *Embedder) Embed(ctx context.Context, c *match.Chip, dst *match.Probe) error {
	dst.Wipe()
	r, err := e.lane.Acquire(ctx, chipShape)
	if err != nil {
		return fmt.Errorf("match/onnx: %w", err)
	}
	defer r.Release()
	copy(r.Input(), c.Planar())
	if err := r.Run(ctx); err != nil {
		return fmt.Errorf("match/onnx: %w", err)
	}
	registers.Shield(func() { err = dst.Set(r.Output(0)) }) // wipes the output
	return err
}
