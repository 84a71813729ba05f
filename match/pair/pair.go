// Package pair compares two faces, or one face with the person it claims to be,
// once and without keeping anything: photographs, aligned faces and embeddings
// are overwritten before a call returns.
package pair

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/policy"
)

var (
	// ErrUnknown reports somebody who has no consent or no template in the
	// scene, or is not known at all.
	ErrUnknown = errors.New("pair: nobody of this id may be compared here")
	// ErrNoPolicy reports that no policy is in force, so that nobody enrolled
	// may be compared.
	ErrNoPolicy = errors.New("pair: no policy in force")
	// ErrLiveness reports a scene that asks for a live face where nothing can
	// tell.
	ErrLiveness = errors.New("pair: the scene asks for liveness, and there is no liveness check")
)

// NotAllowed reports an enrollee whom the gate does not let be compared.
type NotAllowed struct {
	Bits, Need policy.Bits
}

func (n *NotAllowed) Error() string {
	return "pair: not allowed: " + n.Need.String() + " is needed, " + n.Bits.String() + " holds"
}

// Refusal reports a photograph that cannot be compared.
type Refusal struct {
	Reference bool   // it is the second one
	Code      string // an enrol.Code, or "PHOTO"
	Text      string
}

func (r *Refusal) Error() string { return "pair: " + r.Code + ": " + r.Text }

// Config says what a comparer works with.
type Config struct {
	Detector    enrol.Detector
	Embedder    match.Embedder
	Liveness    match.Liveness // nil: scenes that ask for it are refused
	Calibration match.Calibration
	Rules       match.Rules
	// Leases and Shelf serve comparisons with enrolled people; nil: nobody is.
	Leases   match.Leases
	Shelf    *match.Shelf
	Counters match.Counters
}

// Comparer compares. It is safe for concurrent use when its parts are.
type Comparer struct {
	cfg    Config
	model  event.Digest
	tau    float32
	levels map[string]float32
}

// levels are the false match rates that an answer names thresholds for.
var levels = []struct {
	name string
	fmr  float64
}{{"1e-3", 1e-3}, {"1e-4", 1e-4}, {"1e-5", 1e-5}, {"1e-6", 1e-6}}

// New returns a comparer. It fails for missing parts and for a calibration of
// another model.
func New(cfg Config) (*Comparer, error) {
	if cfg.Detector == nil || cfg.Embedder == nil {
		return nil, fmt.Errorf("%w: a comparer needs detector and embedder", match.ErrConfig)
	}
	c := &Comparer{cfg: cfg, levels: map[string]float32{}}
	info := cfg.Embedder.Info()
	if cfg.Calibration.Model != info.Digest {
		return nil, fmt.Errorf("%w: the calibration is for model %.12s, the embedder is %.12s", match.ErrConfig, cfg.Calibration.Model, info.Digest)
	}
	if err := c.model.UnmarshalText([]byte(info.Digest)); err != nil {
		return nil, fmt.Errorf("%w: %w", match.ErrConfig, err)
	}
	var err error
	if c.tau, err = cfg.Calibration.Threshold(1, cfg.Rules.FPIR); err != nil {
		return nil, err
	}
	for _, l := range levels {
		if t, err := cfg.Calibration.Threshold(1, l.fmr); err == nil {
			c.levels[l.name] = t
		}
	}
	return c, nil
}

// Result is the outcome of one comparison.
type Result struct {
	Score     float32
	Threshold float32 // at the rules' false positive rate
	Levels    map[string]float32
	Quality   float32 // of the poorer photograph
	Model     event.Digest
	PAD       string // "off", "live"
	// Of an enrolled person:
	Claim          match.Claimed
	Consent        event.Digest
	ConsentVersion uint32
	Bits           policy.Bits
}

// Photos compares the people on two photographs (JPEG). With pad, the first must be of
// a live face. It fails with *Refusal and ErrLiveness. The photographs stay the
// caller's to wipe.
func (c *Comparer) Photos(ctx context.Context, photo, reference []byte, pad bool) (Result, error) {
	a, b := new(match.Probe), new(match.Probe)
	defer a.Wipe()
	defer b.Wipe()
	var seen sizes
	defer c.forget(context.WithoutCancel(ctx), &seen)
	r, err := c.read(ctx, photo, a, pad, false, &seen)
	if err != nil {
		return Result{}, err
	}
	other, err := c.read(ctx, reference, b, false, true, &seen)
	if err != nil {
		return Result{}, err
	}
	r.Quality = min(r.Quality, other.Quality)
	r.Score = score(a.Cosine(b))
	return r, nil
}

// Enrolled compares the person on a photograph with the template of the
// enrollee they claim to be. The gate is asked first, as for every comparison:
// lease, scene, consent, notice, guardian, template. What it asks of a zone and
// of a face on a camera's picture has no meaning here. It fails with ErrUnknown,
// ErrNoPolicy, *NotAllowed, *Refusal and ErrLiveness.
func (c *Comparer) Enrolled(ctx context.Context, scene, enrollee string, photo []byte, pad bool) (Result, error) {
	if _, _, err := c.allowed(scene, enrollee); err != nil {
		return Result{}, err // before anything is made of the photograph
	}
	p := new(match.Probe)
	defer p.Wipe()
	var seen sizes
	defer c.forget(context.WithoutCancel(ctx), &seen)
	r, err := c.read(ctx, photo, p, pad, false, &seen)
	if err != nil {
		return Result{}, err
	}
	// Asked again: a withdrawal may have come meanwhile.
	held, consent, err := c.allowed(scene, enrollee)
	if err != nil {
		return Result{}, err
	}
	claim, ok := c.cfg.Shelf.CompareClaim(scene, c.cfg.Embedder.Info().Digest, enrollee, p, held.at)
	if !ok {
		return Result{}, ErrUnknown
	}
	count(c.cfg.Counters.Comparisons, 1)
	claim.Score = score(claim.Score)
	r.Score, r.Claim, r.Bits = claim.Score, claim, held.bits
	r.Consent, r.ConsentVersion = consent.Ref, consent.Version
	return r, nil
}

// need is what the gate asks before an enrollee is compared here.
const need = policy.LeaseFresh | policy.ClockSynced | policy.SceneEnabled | policy.PurposeAllowed |
	policy.AssessmentValid | policy.FilingsPresent | policy.ProfilePermits | policy.NeedEligible

// grant is the gate's yes, and when it was given.
type grant struct {
	bits policy.Bits
	at   time.Time
}

// allowed asks the gate about one enrollee who claims to be there.
func (c *Comparer) allowed(scene, enrollee string) (grant, policy.SnapConsent, error) {
	no := func(err error) (grant, policy.SnapConsent, error) { return grant{}, policy.SnapConsent{}, err }
	if c.cfg.Leases == nil || c.cfg.Shelf == nil {
		return no(ErrUnknown)
	}
	held, err := c.cfg.Leases.Current()
	switch {
	case err != nil:
		return no(fmt.Errorf("%w: %w", ErrNoPolicy, err))
	case held.Snapshot == nil || held.Snapshot.Halted != "":
		return no(ErrNoPolicy)
	}
	snap := held.Snapshot
	sc, known := snap.Scene(scene)
	e, enrolled := snap.Subject(enrollee)
	if !known || !enrolled {
		return no(ErrUnknown)
	}
	facts := policy.Facts{Fresh: held.Fresh(true), Scene: sc.At(held.Now)}
	facts.Scene.Mode = policy.ModeClaim // naming oneself is a claim, whatever cameras do
	template := c.cfg.Shelf.Has(scene, c.cfg.Embedder.Info().Digest, enrollee)
	best := &NotAllowed{Need: need}
	consented := false
	for i := range snap.Zones {
		if snap.Zones[i].Scene != scene {
			continue
		}
		p, consent := snap.Person(e, sc, &snap.Zones[i], held.Now)
		p.Claimed, p.TemplateActive = true, template
		facts.Person = p
		b := policy.Gate(facts)
		if b.Holds(need) {
			return grant{b, held.Now}, consent, nil
		}
		consented = consented || !consent.Ref.IsZero()
		if bits.OnesCount32(uint32(b&need)) > bits.OnesCount32(uint32(best.Bits&need)) {
			best.Bits = b
		}
	}
	if !consented {
		return no(ErrUnknown) // the same as for nobody: no telling who is enrolled
	}
	return no(best)
}

// jpegMagic begins every JPEG. No other kind is taken: the decoders of PNG and
// WebP keep rows of the picture in memory that nobody but the garbage collector
// can reach, and nothing of a call may stay.
var jpegMagic = []byte{0xff, 0xd8, 0xff}

// read makes a probe of the one face on a photograph.
func (c *Comparer) read(ctx context.Context, b []byte, p *match.Probe, pad, second bool, seen *sizes) (Result, error) {
	rd := enrol.Reader{Detector: c.cfg.Detector, Embedder: c.cfg.Embedder}
	r := Result{Threshold: c.tau, Levels: c.levels, Model: c.model, PAD: "off"}
	if pad {
		if c.cfg.Liveness == nil {
			return r, ErrLiveness
		}
		rd.Liveness, r.PAD = c.cfg.Liveness, "live"
	}
	if !bytes.HasPrefix(b, jpegMagic) {
		return r, &Refusal{second, "PHOTO", "send a JPEG"}
	}
	photo, err := enrol.ReadPhotoBytes(b)
	if err != nil {
		return r, refuse(err, second)
	}
	defer photo.Wipe()
	*seen = append(*seen, photo.Planes.Size)
	q, err := rd.Read(ctx, photo, p)
	if err != nil {
		return r, refuse(err, second)
	}
	count(c.cfg.Counters.Embeddings, 1)
	r.Quality = q.Value()
	return r, nil
}

// sizes are those of the photographs that a call looked at.
type sizes []frame.Size

// forget has detector and embedder look at empty pictures of the same sizes, so
// that nothing of the photographs stays in the memory that they work in. The
// caller gives a context that does not end with the call.
func (c *Comparer) forget(ctx context.Context, seen *sizes) {
	for _, s := range *seen {
		// A failure leaves what the next photograph overwrites; the caller of
		// this one has the error that matters.
		_, _ = c.cfg.Detector.Faces(ctx, frame.PlanesOver(make([]byte, s.Bytes()), s))
	}
	if w, ok := c.cfg.Embedder.(match.Wiper); ok && len(*seen) > 0 {
		_ = w.Wipe(ctx)
	}
}

// refuse turns what is wrong with a photograph into a refusal; other errors
// stay as they are.
func refuse(err error, second bool) error {
	var f *enrol.Refusal
	switch {
	case errors.As(err, &f):
		text := strings.TrimPrefix(f.Error(), "enrol: "+string(f.Code)+": ")
		return &Refusal{second, string(f.Code), text}
	case errors.Is(err, enrol.ErrPhoto):
		return &Refusal{second, "PHOTO", strings.TrimPrefix(err.Error(), "enrol: ")}
	}
	return err
}

// score keeps rounding from leaving the range of a cosine.
func score(v float32) float32 {
	if math.IsNaN(float64(v)) {
		return -1
	}
	return min(max(v, -1), 1)
}

func count(c match.Counter, n float64) {
	if c != nil {
		c.Add(n)
	}
}
