package match

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// TemplateBytes is the length of a template in its stored form.
const TemplateBytes = 4 * Dim

// SceneKeyBytes is the length of a scene's key.
const SceneKeyBytes = 32

// Protector turns embeddings into the form of one scene: an orthogonal map
// drawn from the scene's secret key. Cosines within the scene stay as they are;
// templates of two scenes do not compare, so that a leak in one tells nothing
// about the other (ISO/IEC 24745). It is no encryption: the vault does that.
type Protector struct {
	sign [3][Dim]float32
	perm [2][Dim]uint16
}

// NewProtector returns the map of a key of SceneKeyBytes bytes.
func NewProtector(key []byte) (*Protector, error) {
	if len(key) != SceneKeyBytes {
		return nil, fmt.Errorf("%w: a scene key has %d bytes, want %d", ErrConfig, len(key), SceneKeyBytes)
	}
	r := rand.New(rand.NewChaCha8([SceneKeyBytes]byte(key))) //nolint:gosec // ChaCha8 keyed with a secret
	var p Protector
	for k := range p.sign {
		for i := range p.sign[k] {
			p.sign[k][i] = float32(1 - 2*int(r.Uint32()>>31))
		}
	}
	for k := range p.perm {
		for i, j := range r.Perm(Dim) {
			p.perm[k][i] = uint16(j) //nolint:gosec // below Dim
		}
	}
	return &p, nil
}

// apply maps src to dst, which must not overlap.
func (p *Protector) apply(dst, src *[Dim]float32) {
	var t [Dim]float32
	for i, j := range p.perm[0] {
		t[i] = src[j] * p.sign[0][j]
	}
	hadamard(&t)
	for i, j := range p.perm[1] {
		dst[i] = t[j] * p.sign[1][j]
	}
	hadamard(dst)
	for i := range dst {
		dst[i] *= p.sign[2][i]
	}
	clear(t[:])
}

// hadamard is the fast Walsh–Hadamard transform, scaled to keep lengths.
func hadamard(v *[Dim]float32) {
	for h := 1; h < Dim; h *= 2 {
		for i := 0; i < Dim; i += 2 * h {
			for j := i; j < i+h; j++ {
				v[j], v[j+h] = v[j]+v[j+h], v[j]-v[j+h]
			}
		}
	}
	for i := range v {
		v[i] *= 1.0 / 16 // 1/√Dim
	}
}

// Seal makes the template of a consenting enrollee from a probe, in the form
// of the protector's scene. The caller encrypts and wipes the bytes.
func (p *Protector) Seal(probe *Probe) ([]byte, error) {
	if !probe.ok {
		return nil, fmt.Errorf("%w: it is empty", ErrEmbedding)
	}
	var t [Dim]float32
	p.apply(&t, &probe.v)
	defer clear(t[:])
	out := make([]byte, 0, TemplateBytes)
	for _, x := range t {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out, nil
}

// parseTemplate reads a stored template into dst and checks its length.
func parseTemplate(dst []float32, b []byte) error {
	if len(b) != TemplateBytes {
		return fmt.Errorf("%w: a template of %d bytes, want %d", ErrEmbedding, len(b), TemplateBytes)
	}
	var n float64
	for i := range Dim {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		n += float64(dst[i]) * float64(dst[i])
	}
	if !(math.Abs(n-1) < 1e-3) {
		clear(dst[:Dim])
		return fmt.Errorf("%w: a template of length %v, want 1", ErrEmbedding, math.Sqrt(n))
	}
	return nil
}
