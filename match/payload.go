package match

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"bystander/internal/event"
)

// Payload is what an event says of a person beyond the pseudonym. It leaves the
// edge encrypted under the person's own key alone.
type Payload struct {
	Box   [4]float32 `json:"box"`             // x0, y0, x1, y1 in pixels
	Claim string     `json:"claim,omitempty"` // token of the claim that was proved
}

// PayloadSealer encrypts payloads: it sets the event's PayloadEnc and DEKID.
type PayloadSealer interface {
	SealPayload(enrollee string, e *event.Event, p Payload) error
}

// seal adds the payload. Without a key, as when the person is being erased, the
// event goes without one.
func (j *Judge) seal(l *Look, track uint64, enrollee string, e *event.Event) {
	if j.cfg.Sealer == nil || enrollee == "" {
		return
	}
	for i := range l.Faces {
		if f := &l.Faces[i]; f.Track == track {
			p := Payload{Box: [4]float32{f.Box.X0, f.Box.Y0, f.Box.X1, f.Box.Y1}}
			if err := j.cfg.Sealer.SealPayload(enrollee, e, p); err != nil {
				e.PayloadEnc, e.DEKID = nil, ""
			}
			return
		}
	}
}

// SubjectRef is a person's pseudonym in a scene on the day of at (UTC):
// HMAC-SHA-256 under the subject's own key.
func SubjectRef(key []byte, scene string, at time.Time) event.Digest {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("bystander subject ref v1\x00" + scene + "\x00" + at.UTC().Format(time.DateOnly)))
	var d event.Digest
	m.Sum(d[:0])
	return d
}
