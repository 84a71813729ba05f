package leak

import (
	"context"
	"fmt"

	"bystander/detect"
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
	told bool // the learnt face is told from none
	// known are the newest embeddings of the original's tracks. They serve as
	// the other candidates: those who are in the picture together are different
	// people, and a fill that is like one of them as much as another names
	// nobody.
	known map[int]*match.Probe
}

// remember keeps the learnt embedding as its track's, if it tells anybody.
func (r *recogniser) remember(track int) {
	if !r.told {
		return
	}
	if r.known == nil {
		r.known = map[int]*match.Probe{}
	}
	k := r.known[track]
	if k == nil {
		k = &match.Probe{}
		r.known[track] = k
	}
	*k = r.a
}

// learn aligns and embeds a face of the original. It reports false when no
// landmarks are found there: such a face is nobody's.
func (r *recogniser) learn(ctx context.Context, p frame.Planes, box geom.Box) (bool, error) {
	if r.j.Marks == nil || r.j.Embedder == nil {
		return false, nil
	}
	w := box.Scale(3).Clip(p.W, p.H)
	x, y := int(w.X0)&^1, int(w.Y0)&^1
	v := p.Window(x, y, int(w.X1)-x, int(w.Y1)-y)
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
	if ok, err := r.embed(ctx, p, &r.a); !ok || err != nil {
		return false, err
	}
	r.told, err = r.distinct(ctx, p)
	if err != nil {
		r.forget()
	}
	return err == nil, err
}

// distinct reports whether the embedding tells the learnt face from none: the
// embedder answers for any crop, and finds some small, dark or turned faces like
// a smooth patch. Those say little about a redaction. The patch is drawn from
// the corners of the face's own crop, which hold nothing of the face.
func (r *recogniser) distinct(ctx context.Context, p frame.Planes) (bool, error) {
	defer r.b.Wipe()
	defer r.chip.Wipe()
	if _, err := r.chip.Cut(p, frame.Colour{Matrix: 2}, r.lm); err != nil {
		return false, nil //nolint:nilerr // landmarks that no face can have
	}
	smoothChip(r.chip.Planar())
	if err := r.j.Embedder.Embed(ctx, &r.chip, &r.b); err != nil {
		return false, fmt.Errorf("leak: embed: %w", err)
	}
	return r.a.Cosine(&r.b) < r.j.Threshold-controlRoom, nil
}

// controlRoom is how far below the threshold the smooth patch must stay for a
// comparison to mean anything.
const controlRoom = 0.1

// smoothChip replaces each plane by what its four corners give by bilinear
// interpolation.
func smoothChip(v []float32) {
	const side, corner = match.ChipSide, match.ChipSide / 8
	for len(v) >= side*side {
		plane := v[:side*side]
		v = v[side*side:]
		mean := func(x0, y0 int) float32 {
			var sum float32
			for y := y0; y < y0+corner; y++ {
				for x := x0; x < x0+corner; x++ {
					sum += plane[y*side+x]
				}
			}
			return sum / (corner * corner)
		}
		a, b := mean(0, 0), mean(side-corner, 0)
		c, d := mean(0, side-corner), mean(side-corner, side-corner)
		for y := range side {
			fy := float32(y) / (side - 1)
			for x := range side {
				fx := float32(x) / (side - 1)
				plane[y*side+x] = (a*(1-fx)+b*fx)*(1-fy) + (c*(1-fx)+d*fx)*fy
			}
		}
	}
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

// same is the cosine of the learnt face with the same place in p, and why it may
// be chance where it is high. The matcher would name nobody if another who is in
// the picture came within its margin.
func (r *recogniser) same(ctx context.Context, p frame.Planes, own int, present []Face) (float32, Chance, error) {
	defer r.b.Wipe()
	ok, err := r.embed(ctx, p, &r.b)
	if !ok || err != nil {
		return 0, "", err
	}
	c := r.a.Cosine(&r.b)
	if !r.told {
		return c, ChanceBlank, nil
	}
	for i := range present {
		if k := r.known[present[i].Track]; k != nil && present[i].Track != own && k.Cosine(&r.b) > c-r.j.Margin {
			return c, ChanceOther, nil
		}
	}
	return c, "", nil
}

// forget wipes the learnt embedding, forgetAll all.
func (r *recogniser) forget() { r.a.Wipe() }

func (r *recogniser) forgetAll() {
	r.forget()
	for _, k := range r.known {
		k.Wipe()
	}
	clear(r.known)
}
