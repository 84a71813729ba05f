package receipt

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// MarkDomain separates the signatures of marks from all others of the same key.
// It ends in a zero byte.
const MarkDomain = "bystander/export-mark/v1\x00"

// MarkType is the user type of the box (ISO/IEC 14496-12, "uuid") in which a mark
// stands behind a segment's last picture. Players pass over it.
const MarkType = "bystander mark 1" // sixteen bytes

// MaxMark bounds a mark's written form.
const MaxMark = 4 << 10

// Mark says who took a segment out of the house, when and why. It stands in the
// exported file itself, behind the recording, whose bytes it leaves as they are:
// without the mark the file is again what its receipt is of.
type Mark struct {
	Version int       `json:"version"`
	Export  string    `json:"export_id"`
	By      string    `json:"exported_by"` // account id
	At      time.Time `json:"exported_at"`
	Purpose string    `json:"purpose"`
	Site    string    `json:"site"`
	Edge    string    `json:"edge_id"`
	Camera  string    `json:"camera"`
	Segment string    `json:"segment_sha256"` // of the recording before the mark
	Bytes   int64     `json:"segment_bytes"`
}

// signedMark is a mark as it is written: the very bytes that were signed, and
// their signature.
type signedMark struct {
	Mark      string `json:"mark"`      // JSON
	Signature string `json:"signature"` // base64
}

// Box is the mark, signed, in the box that is put behind the segment. It fails
// with ErrInvalid.
func (m Mark) Box(key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: no key to sign with", ErrInvalid)
	}
	m.Version = Version
	text, err := compact(m)
	if err != nil {
		return nil, err
	}
	sig := ed25519.Sign(key, append([]byte(MarkDomain), text...))
	payload, err := compact(signedMark{string(text), base64.StdEncoding.EncodeToString(sig)})
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxMark {
		return nil, fmt.Errorf("%w: a mark of %d bytes, at most %d", ErrInvalid, len(payload), MaxMark)
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(MarkType)+len(payload)))
	b = append(append(b, "uuid"...), MarkType...)
	return append(b, payload...), nil
}

// OpenMark reads what stands in a mark's box behind MarkType, and checks that
// pub's owner signed it. It fails with ErrFormat and ErrSignature.
func OpenMark(payload []byte, pub ed25519.PublicKey) (Mark, error) {
	var s signedMark
	var m Mark
	if len(payload) > MaxMark {
		return m, fmt.Errorf("%w: a mark of %d bytes, at most %d", ErrFormat, len(payload), MaxMark)
	}
	if err := strictly(string(payload), &s); err != nil {
		return m, err
	}
	sig, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil {
		return m, fmt.Errorf("%w: the mark's signature: %w", ErrFormat, err)
	}
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, append([]byte(MarkDomain), s.Mark...), sig) {
		return m, fmt.Errorf("%w: of the mark", ErrSignature)
	}
	err = strictly(s.Mark, &m)
	if err == nil && m.Version != Version {
		err = fmt.Errorf("%w: mark of version %d", ErrFormat, m.Version)
	}
	return m, err
}

// strictly reads one JSON object and nothing else.
func strictly(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: something follows it", ErrFormat)
	}
	return nil
}
