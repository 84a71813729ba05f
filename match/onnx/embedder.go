// Package onnx runs the face embedder on ONNX Runtime.
package onnx

import (
	"context"
	"errors"
	"fmt"

	"bystander/internal/ort"
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

// Embedder runs face-reidentification-retail-0095: input 1×3×128×128, BGR,
// 0–255; output 1×256×1×1. It is safe for concurrent use.
type Embedder struct {
	s    *ort.Session
	info match.EmbedderInfo
}

var _ match.Embedder = (*Embedder)(nil)

// New loads the embedder. It fails with the errors of ort.Runtime.NewSession
// and with ErrModel.
func New(rt *ort.Runtime, m Model, o ort.SessionOptions) (*Embedder, error) {
	s, err := rt.NewSession(m.Data, o)
	if err != nil {
		return nil, fmt.Errorf("match/onnx: %s: %w", m.Name, err)
	}
	e := &Embedder{s: s, info: match.EmbedderInfo{Name: m.Name, Digest: m.SHA256, Provider: string(s.Choice().Provider)}}
	b, err := s.Acquire(context.Background(), 1, 3, match.ChipSide, match.ChipSide)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("match/onnx: %s: %w", m.Name, err), s.Close())
	}
	n := len(b.Output(0))
	b.Release()
	if n != match.Dim {
		return nil, errors.Join(fmt.Errorf("%w: %s gives %d values, want %d", ErrModel, m.Name, n, match.Dim), s.Close())
	}
	return e, nil
}

// Info implements match.Embedder.
func (e *Embedder) Info() match.EmbedderInfo { return e.info }

// Close implements match.Embedder; it waits for calls under way.
func (e *Embedder) Close() error { return e.s.Close() }

// Embed implements match.Embedder. Input and output tensors, which hold a face
// and its embedding, are wiped before they go back to the session.
func (e *Embedder) Embed(ctx context.Context, c *match.Chip, dst *match.Probe) error {
	dst.Wipe()
	b, err := e.s.Acquire(ctx, 1, 3, match.ChipSide, match.ChipSide)
	if err != nil {
		return fmt.Errorf("match/onnx: %w", err)
	}
	defer b.Release()
	defer clear(b.Input())
	copy(b.Input(), c.Planar())
	if err := b.Run(ctx); err != nil {
		clear(b.Output(0))
		return fmt.Errorf("match/onnx: %w", err)
	}
	return dst.Set(b.Output(0)) // wipes the output
}
