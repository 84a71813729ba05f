package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"bystander/api/problem"
	"bystander/internal/event"
)

// Sentinels that the parts behind this package answer with.
var (
	// ErrNotFound: no such scene, key or enrollee.
	ErrNotFound = errors.New("verify: not found")
	// ErrConfig: a part is missing.
	ErrConfig = errors.New("verify: configuration")
)

// Scene is what a call needs to know of the scene that its verify_id names.
type Scene struct {
	ID      string
	Enabled bool
	// Reasons say what is not met while the scene is not enabled.
	Reasons []problem.Reason
	// PlainOverTLS is the policy that allows pictures without encryption of
	// their own (encryption_type 0) where the connection is encrypted.
	PlainOverTLS bool
	// PAD asks for a live face on the first picture.
	PAD bool
	// Score is the scene's own threshold; 0 takes the validated one, which is
	// the least in any case.
	Score float32

	PolicyVersion uint64
	NoticeVersion string
	AssessmentID  string
}

// Scenes knows the scenes.
type Scenes interface {
	// VerifyScene returns the scene as of now, or ErrNotFound.
	VerifyScene(ctx context.Context, id string) (Scene, error)
}

// Faces compares. Implementations keep nothing of the pictures, wipe what they
// made of them before they return, and refuse pictures that would decode to
// more than a photograph (*Refusal, code PHOTO).
type Faces interface {
	// Compare compares the people on two photographs (JPEG).
	Compare(ctx context.Context, s Scene, photo, reference []byte) (Outcome, error)
	// CompareEnrolled compares the person on a photograph with the template of
	// an enrollee, whom the gate must find eligible in the scene. It fails with
	// ErrNotFound for somebody unknown there, and *NotEligible.
	CompareEnrolled(ctx context.Context, s Scene, enrollee string, photo []byte) (Outcome, error)
}

// Outcome is the result of one comparison.
type Outcome struct {
	Score     float32 // cosine
	Threshold float32 // from which on it is one person
	// Levels are thresholds for some false match rates, by name ("1e-4").
	Levels  map[string]float32
	Quality float32 // of the poorer photograph, 0–1
	Model   event.Digest
	PAD     string // "off", "live"
	// Of an enrolled person:
	Subject        event.Digest // pseudonym of the day
	Consent        event.Digest
	ConsentVersion uint32
	Template       event.Digest
	GateBits       uint32
}

// Refusal reports a photograph that cannot be compared.
type Refusal struct {
	Field string // "image" or "reference_image"
	Code  string // PHOTO, NO_FACE, TWO_FACES, TOO_SMALL, BLUR, POSE, LIGHT, LIVENESS_FAILED
	Text  string
}

func (r *Refusal) Error() string { return "verify: " + r.Field + ": " + r.Code }

// NotEligible reports an enrollee whom the gate does not let be compared.
type NotEligible struct{ Reasons []problem.Reason }

func (n *NotEligible) Error() string { return "verify: the enrollee may not be compared" }

// Adapter answers a comparison_type that this program has no source for: an
// authority's register (1) or a document's chip (2). It keeps nothing.
type Adapter interface {
	Verify(ctx context.Context, s Scene, q Question) (Outcome, error)
}

// Question is what an adapter is asked. Its slices are wiped after the call.
type Question struct {
	Photo, Reference []byte
	Name, IDNumber   []byte // with comparison_type 1 only
}

// Config joins the parts. Scenes, Faces, Keys, Emit and Site are needed.
type Config struct {
	Site   string
	Scenes Scenes
	Faces  Faces
	Keys   Keys
	// Emit takes the one event of each collection.
	Emit func(event.Event)
	// ClockSynced tells whether this machine's clock is kept; nil: not known.
	ClockSynced func() bool
	// Opener has the private keys for encryption_type 1 and 2; without it only
	// 0 is taken, where the scene allows it.
	Opener *Opener
	// Authority and Document answer comparison_type 1 and 2; nil answers 501.
	Authority, Document Adapter
	// LegacySHA1 accepts sign_version hmac_sha1, which does not cover the body.
	LegacySHA1 bool
	// Window is how far a signature's time may lie from now; 0 is five minutes.
	Window time.Duration
	// Nonces remembers nonces; nil keeps them in memory, of this process alone.
	Nonces Nonces
	// Parallel is how many calls may be under way; 0 is 4. Further ones are
	// told to come again.
	Parallel int
	// Scrub gives freed memory back, so that nothing that a decoder held can be
	// read any more; nil is debug.FreeOSMemory.
	Scrub func()
	Now   func() time.Time // nil is time.Now
}

func (c *Config) fill() error {
	var errs []error
	for _, p := range []struct {
		name    string
		missing bool
	}{
		{"Site", c.Site == ""},
		{"Scenes", c.Scenes == nil},
		{"Faces", c.Faces == nil},
		{"Keys", c.Keys == nil},
		{"Emit", c.Emit == nil},
	} {
		if p.missing {
			errs = append(errs, fmt.Errorf("%w: %s is missing", ErrConfig, p.name))
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Window <= 0 {
		c.Window = 5 * time.Minute
	}
	if c.Nonces == nil {
		c.Nonces = NewMemoryNonces(0)
	}
	if c.Parallel <= 0 {
		c.Parallel = 4
	}
	if c.Scrub == nil {
		c.Scrub = debug.FreeOSMemory
	}
	return errors.Join(errs...)
}

// scrubber runs scrub for each call, after what the call held was let go, and
// lets calls that end together share one run.
type scrubber struct {
	run func()

	mu      sync.Mutex // held during a run
	waiting sync.Mutex
	begun   uint64 // runs begun
}

// after returns once a run that began after the call has ended.
func (s *scrubber) after() {
	s.waiting.Lock()
	need := s.begun + 1
	s.waiting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting.Lock()
	done := s.begun >= need
	if !done {
		s.begun++
	}
	s.waiting.Unlock()
	if !done {
		s.run()
	}
}
