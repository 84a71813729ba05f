package match

import (
	"encoding/binary"
	"fmt"
	"math"
)

// TemplateBytes is the length of a template in its stored form.
const TemplateBytes = 4 * Dim

// SceneKeyBytes is the length of a scene's key.
const SceneKeyBytes = 32

// Seal makes the template of a consenting enrollee from a probe, in the form
// of the protector's scene. The caller encrypts and wipes the bytes.
func (p *Protector) Seal(probe *Probe) (blob []byte, err error) {
	if !probe.ok {
		return nil, fmt.Errorf("%w: it is empty", ErrEmbedding)
	}
	q := new(scratch)
	q.use(func() {
		p.apply(&q.query.V, &probe.v, &q.tmp)
		blob = appendTemplate(&q.query.V)
	})
	return blob, nil
}

func appendTemplate(v *[Dim]float32) []byte {
	out := make([]byte, 0, TemplateBytes)
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
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
