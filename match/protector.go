package match

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Form is the version of the map that Protector applies. Templates of another
// form cannot be compared; like those of another model they are stale.
const Form = 2

// rounds is how often a protector permutes, flips signs and mixes. Two already
// spread every value over every other; the third is margin.
const rounds = 3

// Protector turns embeddings into the form of one scene: an orthogonal map
// drawn from the scene's secret key. Lengths and cosines within the scene stay
// as they are; templates of two scenes do not compare, and a scene's key can be
// renewed alone (ISO/IEC 24745: unlinkable, renewable). It is no encryption,
// and does not make a template irreversible to whoever holds the key; the vault
// encrypts.
type Protector struct {
	sign [rounds + 1][Dim]float32
	perm [rounds][Dim]uint8
}

// NewProtector returns the map of a key of SceneKeyBytes bytes: its random
// choices are the output of HKDF-SHA-256 (RFC 5869) under the key. The same key
// gives the same map on every machine and with every release that knows Form.
func NewProtector(key []byte) (*Protector, error) {
	if len(key) != SceneKeyBytes {
		return nil, fmt.Errorf("%w: a scene key has %d bytes, want %d", ErrConfig, len(key), SceneKeyBytes)
	}
	const room = 255 * sha256.Size // the most that HKDF gives; about a third is used
	stream, err := hkdf.Key(sha256.New, key, nil, fmt.Sprintf("bystander scene form %d", Form), room)
	if err != nil {
		return nil, fmt.Errorf("match: scene form: %w", err)
	}
	defer clear(stream)
	d := draws{stream}
	var p Protector
	for k := range p.sign {
		for i := range p.sign[k] {
			p.sign[k][i] = float32(1 - 2*d.below(2))
		}
	}
	for k := range p.perm {
		for i := range p.perm[k] {
			p.perm[k][i] = uint8(i) //nolint:gosec // Dim is 256
		}
		for i := Dim - 1; i > 0; i-- { // Fisher–Yates
			j := d.below(i + 1)
			p.perm[k][i], p.perm[k][j] = p.perm[k][j], p.perm[k][i]
		}
	}
	return &p, nil
}

// draws takes random numbers from a stream that is long enough by far.
type draws struct{ b []byte }

// below returns a number from 0 up to, not including, n; none is likelier than
// another.
func (d *draws) below(n int) int {
	for {
		v := int(binary.BigEndian.Uint16(d.b))
		d.b = d.b[2:]
		if v < 1<<16/n*n {
			return v % n
		}
	}
}

// apply maps src to dst by way of tmp; no two may overlap. The caller wipes all
// three, which is why none lies on this function's stack. It copies nothing
// whole: that would leave pieces in the vector registers (see registers).
func (p *Protector) apply(dst, src, tmp *[Dim]float32) {
	from, to, next := src, tmp, dst
	for k := range rounds {
		for i, j := range p.perm[k] {
			to[i] = from[j] * p.sign[k][j]
		}
		hadamard(to)
		from, to, next = to, next, to
	}
	for i, x := range from {
		dst[i] = x * p.sign[rounds][i]
	}
}

// undo is the inverse of apply.
func (p *Protector) undo(dst, src, tmp *[Dim]float32) {
	for i := range dst {
		dst[i] = src[i] * p.sign[rounds][i]
	}
	for k := rounds - 1; k >= 0; k-- {
		*tmp = *dst
		hadamard(tmp) // its own inverse
		for i, j := range p.perm[k] {
			dst[j] = tmp[i] * p.sign[k][j]
		}
	}
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

// Renew turns a template of the protector's scene into the form of another key
// of the same scene, without a new photograph. It fails with ErrEmbedding for
// bytes that are no template. The caller encrypts the result and wipes both.
func (p *Protector) Renew(to *Protector, blob []byte) (renewed []byte, err error) {
	q, plain := new(scratch), new([Dim]float32)
	q.use(func() {
		defer clear(plain[:])
		if err = parseTemplate(q.query.V[:], blob); err != nil {
			return
		}
		p.undo(plain, &q.query.V, &q.tmp)
		to.apply(&q.query.V, plain, &q.tmp)
		renewed = appendTemplate(&q.query.V)
	})
	return renewed, err
}
