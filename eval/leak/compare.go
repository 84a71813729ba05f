package leak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Redacted gives the redacted picture that belongs to the next picture of the
// original, which is passed in and must not be changed or kept.
type Redacted interface {
	Next(original frame.Planes) (frame.Planes, error)
}

// File is a redacted recording beside the original.
type File struct{ Pictures }

// Next implements Redacted.
func (f File) Next(frame.Planes) (frame.Planes, error) { return f.Pictures.Next() }

// Candidate is one redaction to be judged.
type Candidate struct {
	Name     string
	Redacted Redacted
}

// Options say how thorough a comparison is.
type Options struct {
	// Exposure leaves out re-detection and re-identification, which cost most.
	Exposure bool
	// Told is called after each picture; may be nil.
	Told func(done int)
	// Thumbnails is how many of the worst pictures are kept for the page.
	Thumbnails int
}

// Compare judges redactions of the original that was scanned. Pictures are
// matched by index; another number of them is ErrPair.
func (j *Judge) Compare(ctx context.Context, seen *Seen, original Pictures, c []Candidate, o Options) ([]*Result, error) {
	t := &trial{j: j, seen: seen, o: o, rec: recogniser{j: j}}
	defer t.rec.forgetAll()
	for i := range c {
		t.by = append(t.by, newTally(c[i].Name, seen, len(j.Again)))
	}
	for i := range seen.Frames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := original.Next()
		if err != nil {
			return nil, fmt.Errorf("%w: the original ends at picture %d of %d: %w", ErrPair, i, len(seen.Frames), err)
		}
		if err := t.frame(ctx, i, p, c); err != nil {
			return nil, err
		}
		if o.Told != nil {
			o.Told(i + 1)
		}
	}
	out := make([]*Result, len(c))
	for i := range c {
		if _, err := c[i].Redacted.Next(frame.Planes{Size: seen.Size}); err == nil {
			return nil, fmt.Errorf("%w: %s has more pictures than the original's %d", ErrPair, c[i].Name, len(seen.Frames))
		} else if !errors.Is(err, io.EOF) {
			return nil, err
		}
		out[i] = t.by[i].result()
	}
	return out, nil
}

// trial is a comparison under way.
type trial struct {
	j       *Judge
	seen    *Seen
	o       Options
	rec     recogniser
	by      []*tally
	changes changes
	orig    []patch
	has     []bool
	near    []geom.Box
	again   []detect.Face
}

func (t *trial) frame(ctx context.Context, i int, p frame.Planes, c []Candidate) error {
	if p.Size != t.seen.Size {
		return fmt.Errorf("%w: picture %d of the original is %v, not %v", ErrPair, i, p.Size, t.seen.Size)
	}
	f := &t.seen.Frames[i]
	t.orig, t.has = t.orig[:0], t.has[:0]
	for n := range f.Faces {
		t.orig = append(t.orig, patch{})
		t.has = append(t.has, t.orig[n].cut(p, f.Faces[n].Box))
	}
	out := make([]frame.Planes, len(c))
	leaks := make([][]Leak, len(c))
	for k := range c {
		q, err := c[k].Redacted.Next(p)
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: %s ends at picture %d of %d", ErrPair, c[k].Name, i, len(t.seen.Frames))
		case err != nil:
			return err
		case q.Size != p.Size:
			return fmt.Errorf("%w: picture %d of %s is %v, the original's %v", ErrPair, i, c[k].Name, q.Size, p.Size)
		}
		out[k] = q
		t.changes.compare(p, q)
		t.by[k].area(f, &t.changes)
		if leaks[k], err = t.look(ctx, i, q); err != nil {
			return err
		}
	}
	if !t.o.Exposure {
		if err := t.recognise(ctx, i, p, out, leaks); err != nil {
			return err
		}
	}
	for k := range c {
		t.by[k].faces(leaks[k])
		t.by[k].keep(leaks[k], f, out[k], t.o.Thumbnails)
	}
	return nil
}

// look measures exposure and re-detection of a picture's faces.
func (t *trial) look(ctx context.Context, i int, q frame.Planes) ([]Leak, error) {
	f := &t.seen.Frames[i]
	leaks := make([]Leak, len(f.Faces))
	var now patch
	for n := range f.Faces {
		l := &leaks[n]
		l.Frame, l.Face = i, f.Faces[n]
		if t.has[n] && now.cut(q, f.Faces[n].Box) {
			l.Detail = correlation(&t.orig[n], &now)
		}
		l.Exposed = l.Detail >= exposedAt
	}
	if t.o.Exposure || len(leaks) == 0 {
		return leaks, nil
	}
	t.near = t.near[:0]
	for n := range f.Faces {
		t.near = append(t.near, f.Faces[n].Box)
	}
	for k, j := range t.j.Again {
		var err error
		if t.again, err = j.DetectNear(ctx, q, t.near, t.again[:0]); err != nil {
			return nil, fmt.Errorf("leak: judge %s: %w", j.Name, err)
		}
		for n := range leaks {
			if slices.ContainsFunc(t.again, func(g detect.Face) bool { return g.Box.IoU(t.near[n]) >= sameFace }) {
				leaks[n].Redetected = true
				leaks[n].By = append(leaks[n].By, k)
			}
		}
	}
	return leaks, nil
}

// recognise measures re-identification of the faces whose turn it is.
func (t *trial) recognise(ctx context.Context, i int, p frame.Planes, out []frame.Planes, leaks [][]Leak) error {
	every := max(t.j.EmbedEvery, 1)
	faces := t.seen.Frames[i].Faces
	for n := range faces {
		due := faces[n].Nth%every == 0
		for k := range leaks {
			due = due || leaks[k][n].Exposed
		}
		if !due {
			continue
		}
		ok, err := t.rec.learn(ctx, p, faces[n].Box)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		t.rec.remember(faces[n].Track)
		for k := range leaks {
			l := &leaks[k][n]
			if l.Cosine, l.Chance, err = t.rec.same(ctx, out[k], faces[n].Track, faces); err != nil {
				return err
			}
			l.Reidentified = l.Cosine >= t.j.Threshold
			l.Compared = true
		}
		t.rec.forget()
	}
	return nil
}
