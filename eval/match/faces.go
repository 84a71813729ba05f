package match

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"bystander/match"
)

// Reader finds the labelled face of a picture and embeds it. found is false
// when there is none, which counts as a failure to acquire. It is safe for
// concurrent use.
type Reader interface {
	Read(ctx context.Context, path string, p *match.Probe) (quality float32, found bool, err error)
}

// Faces are the embeddings of a set, in memory alone.
type Faces struct {
	probes  []match.Probe
	found   []bool
	quality []float32
}

// Wipe overwrites the embeddings.
func (f *Faces) Wipe() {
	for i := range f.probes {
		f.probes[i].Wipe()
	}
	clear(f.found)
}

// Missing is how many pictures gave no face.
func (f *Faces) Missing() int {
	n := 0
	for _, ok := range f.found {
		if !ok {
			n++
		}
	}
	return n
}

// cosine compares two pictures; −1 when a face is missing.
func (f *Faces) cosine(i, j int) float32 { return f.probes[i].Cosine(&f.probes[j]) }

// ReadAll embeds every picture, on so many threads, and tells of progress.
func ReadAll(ctx context.Context, r Reader, pictures []Picture, threads int, told func(done int)) (*Faces, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &Faces{
		probes: make([]match.Probe, len(pictures)), found: make([]bool, len(pictures)), quality: make([]float32, len(pictures)),
	}
	var next, done atomic.Int64
	var once sync.Once
	var failed error
	var wg sync.WaitGroup
	for range max(threads, 1) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pictures) {
					return
				}
				q, ok, err := r.Read(ctx, pictures[i].Path, &f.probes[i])
				if err != nil {
					once.Do(func() { failed = fmt.Errorf("eval match: %s: %w", pictures[i].Path, err) })
					cancel()
					return
				}
				f.quality[i], f.found[i] = q, ok
				if n := done.Add(1); told != nil {
					told(int(n))
				}
			}
		})
	}
	wg.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	if failed != nil {
		f.Wipe()
		return nil, failed
	}
	return f, nil
}
