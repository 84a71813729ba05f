package match

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bystander/internal/event"
)

// ErrPayload reports a payload that a subject's key does not open.
var ErrPayload = errors.New("match: payload")

// ShelfSealer seals payloads where the vault, and with it people's data keys, is
// elsewhere: under keys that are derived from the subject keys that galleries
// hold anyway. Whoever destroys a subject's key destroys these, too.
type ShelfSealer struct{ Shelf *Shelf }

var _ PayloadSealer = ShelfSealer{}

// SealPayload implements PayloadSealer. It fails with ErrPayload for somebody of
// whom the shelf holds nothing.
func (s ShelfSealer) SealPayload(enrollee string, e *event.Event, p Payload) error {
	plain, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPayload, err)
	}
	err = fmt.Errorf("%w: no key of that person in scene %q", ErrPayload, e.SceneID)
	s.Shelf.with(e.SceneID, func(g *Gallery) {
		if g == nil {
			return
		}
		if i, to := g.span(enrollee); i < to {
			err = sealUnder(g.keys[i*SubjectKeyBytes:(i+1)*SubjectKeyBytes], e, plain)
		}
	})
	return err
}

// sealUnder sets PayloadEnc and DEKID: AES-256-GCM under a key derived from the
// subject's, bound to the event.
func sealUnder(subjectKey []byte, e *event.Event, plain []byte) error {
	gcm, err := derivedGCM(subjectKey)
	if err != nil {
		return err
	}
	e.DEKID = derivedID(subjectKey, e.SceneID, e.TS)
	e.PayloadEnc = gcm.Seal(nil, nil, plain, sealedAD(e))
	return nil
}

// OpenUnder opens what a ShelfSealer sealed for the person with the given key. It
// fails with ErrPayload.
func OpenUnder(subjectKey []byte, e *event.Event) ([]byte, error) {
	gcm, err := derivedGCM(subjectKey)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nil, e.PayloadEnc, sealedAD(e))
	if err != nil {
		return nil, fmt.Errorf("%w: moved, altered, or somebody else's", ErrPayload)
	}
	return plain, nil
}

// derivedGCM puts a random nonce before what it seals.
func derivedGCM(subjectKey []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, subjectKey, nil, "bystander payload key v1", 32)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// derivedID names the key to whoever has the subject's, for one scene and day,
// so that it links no more than the pseudonym does.
func derivedID(subjectKey []byte, scene string, at time.Time) string {
	m := hmac.New(sha256.New, subjectKey)
	m.Write([]byte("bystander payload key id v1\x00" + scene + "\x00" + at.UTC().Format(time.DateOnly)))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

func sealedAD(e *event.Event) []byte {
	ad := []byte("bystander payload v2")
	for _, s := range []string{e.DEKID, string(e.Kind), e.CameraID, e.SceneID, strconv.FormatInt(e.TS.UnixMilli(), 10), e.SubjectRef.String()} {
		ad = fmt.Appendf(ad, "\x00%d:%s", len(s), s)
	}
	return ad
}
