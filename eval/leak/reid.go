package leak

import (
	"context"
	"fmt"

	"bystander/detect"
	"bystander/detect/tile"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
)

// recogniser embeds one face of the original and the same place of others. The
// embeddings live for one comparison and are wiped.
type recogniser struct {
	j    *Judge
	lm   [5]geom.Point
	a, b match.Probe
	chip match.Chip
	got  []detect.Face
}

// learn aligns and embeds a face of the original. It reports false when no
// landmarks are found there: such a face is nobody's.
func (r *recogniser) learn(ctx context.Context, p frame.Planes, box geom.Box) (bool, error) {
	if r.j.Marks == nil || r.j.Embedder == nil {
		return false, nil
	}
	w := box.Scale(3).Clip(p.W, p.H)
	x, y := int(w.X0)&^1, int(w.Y0)&^1
	v := tile.View(p, x, y, int(w.X1)-x, int(w.Y1)-y)
	var err error
	if r.got, err = r.j.Marks.DetectFaces(ctx, v, r.got[:0]); err != nil {
		return false, fmt.Errorf("leak: landmarks: %w", err)
	}
	best, most := -1, float32(0.3)
	for i := range r.got {
		f := &r.got[i]
		if o := f.Box.Shift(float32(x), float32(y)).IoU(box); f.HasLandmarks && o > most {
			best, most = i, o
		}
	}
	if best < 0 {
		return false, nil
	}
	r.lm = r.got[best].Landmarks
	for i := range r.lm {
		r.lm[i].X += float32(x)
		r.lm[i].Y += float32(y)
	}
	return r.embed(ctx, p, &r.a)
}

func (r *recogniser) embed(ctx context.Context, p frame.Planes, to *match.Probe) (bool, error) {
	defer r.chip.Wipe()
	if _, err := r.chip.Cut(p, frame.Colour{Matrix: 2}, r.lm); err != nil {
		return false, nil //nolint:nilerr // landmarks that no face can have
	}
	if err := r.j.Embedder.Embed(ctx, &r.chip, to); err != nil {
		return false, fmt.Errorf("leak: embed: %w", err)
	}
	return true, nil
}

// same reports whether the learnt place shows the same person in p, and the
// cosine.
func (r *recogniser) same(ctx context.Context, p frame.Planes) (bool, float32, error) {
	defer r.b.Wipe()
	ok, err := r.embed(ctx, p, &r.b)
	if !ok || err != nil {
		return false, 0, err
	}
	c := r.a.Cosine(&r.b)
	return c >= r.j.Threshold, c, nil
}

func (r *recogniser) forget() { r.a.Wipe() }
