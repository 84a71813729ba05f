package match

import (
	"fmt"
	"math"

	"bystander/match/search"
)

// Dim is the length of an embedding.
const Dim = search.Dim

// Probe holds one face's embedding between the embedder and the comparison. It
// cannot be printed, marshalled or copied out: no field is exported and every
// usual way of writing it is refused. Its owner wipes it after use.
type Probe struct {
	v  [Dim]float32
	ok bool
}

// Set takes an embedding as the model gave it, scales it to length 1 and wipes
// raw. It fails with ErrEmbedding for a vector that is not finite or zero.
func (p *Probe) Set(raw []float32) error {
	defer clear(raw)
	p.Wipe()
	if len(raw) != Dim {
		return fmt.Errorf("%w: %d values, want %d", ErrEmbedding, len(raw), Dim)
	}
	var n float64
	for _, x := range raw {
		n += float64(x) * float64(x)
	}
	if !(n > 1e-12) || math.IsInf(n, 0) {
		return fmt.Errorf("%w: its length is %v", ErrEmbedding, math.Sqrt(n))
	}
	k := float32(1 / math.Sqrt(n))
	for i, x := range raw {
		p.v[i] = x * k
	}
	p.ok = true
	return nil
}

// Wipe overwrites the embedding with zeros.
func (p *Probe) Wipe() { *p = Probe{} }

// Cosine compares two probes; it serves calibration and enrolment checks.
func (p *Probe) Cosine(q *Probe) float32 {
	if !p.ok || !q.ok {
		return -1
	}
	return search.Dot(p.v[:], q.v[:])
}

// Format implements fmt.Formatter.
func (p Probe) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("match.Probe(***)")) }

// MarshalJSON refuses.
func (p Probe) MarshalJSON() ([]byte, error) { return nil, ErrSecret }

// MarshalText refuses.
func (p Probe) MarshalText() ([]byte, error) { return nil, ErrSecret }

// MarshalBinary refuses.
func (p Probe) MarshalBinary() ([]byte, error) { return nil, ErrSecret }

// GobEncode refuses.
func (p Probe) GobEncode() ([]byte, error) { return nil, ErrSecret }

// MarshalYAML refuses.
func (p Probe) MarshalYAML() (any, error) { return nil, ErrSecret }
