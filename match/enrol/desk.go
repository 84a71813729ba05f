package enrol

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bystander/internal/event"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/consent"
)

// Sessions say whether a photograph may be taken now; *consent.Service is one.
type Sessions interface {
	Ready(ctx context.Context, id string, selfSupplied bool) (consent.Session, error)
	Prove(ctx context.Context, id string, p consent.Proof) (consent.Session, error)
	Tried(ctx context.Context, id, outcome string, quality float32) (consent.Session, error)
	Replaced(ctx context.Context, enrollee, reason string) error
	MayKeepPhoto(ctx context.Context, enrollee string) (policy.Consent, error)
}

// DeskVault is the template vault of a desk; *vault.Vault is one.
type DeskVault interface {
	TemplateVault
	DropTemplates(ctx context.Context, enrollee, scene string) error
	Holds(ctx context.Context, enrollee string) (bool, error)
}

// Duplicates finds somebody else who looks the same among the templates of a
// scene.
type Duplicates interface {
	Duplicate(ctx context.Context, scene, model, enrollee string, p *match.Probe) (bool, error)
}

// Keepsakes keeps photographs that were authorised in writing; *Samples is one.
type Keepsakes interface {
	Keep(ctx context.Context, s Sample) error
}

// DeskConfig says what a desk works with.
type DeskConfig struct {
	Sessions Sessions
	Vault    DeskVault
	Names    Names
	// Detector, Embedder and Liveness are the models. While one is missing,
	// photographs are refused with MODEL_MISSING.
	Detector Detector
	Embedder match.Embedder
	Liveness match.Liveness
	// Duplicates is asked of everybody new; nil asks nobody.
	Duplicates Duplicates
	// Samples keeps photographs; nil keeps none, whatever was authorised.
	Samples Keepsakes
}

// Desk takes photographs at a kiosk or an officer's desk. It is safe for
// concurrent use.
type Desk struct {
	cfg  DeskConfig
	turn chan struct{} // one photograph is decoded at a time: each can take 200 MB
}

// NewDesk returns a desk.
func NewDesk(cfg DeskConfig) (*Desk, error) {
	if cfg.Sessions == nil || cfg.Vault == nil || cfg.Names == nil {
		return nil, errors.New("enrol: a desk needs sessions, vault and names")
	}
	return &Desk{cfg: cfg, turn: make(chan struct{}, 1)}, nil
}

// Prove records how the person was identified, and keeps the name, in the
// identity vault and nowhere else. Consent comes first.
func (d *Desk) Prove(ctx context.Context, session, name string, p consent.Proof) (consent.Session, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 200 {
		return consent.Session{}, consent.Refuse(consent.Malformed, "NAME", "name", "a name of 1 to 200 bytes is needed")
	}
	s, err := d.cfg.Sessions.Prove(ctx, session, p)
	if err != nil {
		return s, err
	}
	return s, d.cfg.Names.SetName(ctx, s.Enrollee, name)
}

// Photo makes templates from a photograph, one a scene of the session. It fails
// with *consent.Refusal: for what the session lacks, and with everything that is
// wrong with the photograph. Of a refused photograph nothing stays, and the
// photograph itself is discarded in any case unless it may be kept.
func (d *Desk) Photo(ctx context.Context, session string, shot consent.Shot) (consent.Taken, error) {
	var out consent.Taken
	s, err := d.cfg.Sessions.Ready(ctx, session, shot.SelfSupplied)
	if err != nil {
		return out, err
	}
	if err := d.complete(shot.SelfSupplied); err != nil {
		return out, err
	}
	var keep policy.Consent
	if shot.Keep {
		if keep, err = d.cfg.Sessions.MayKeepPhoto(ctx, s.Enrollee); err != nil {
			return out, err
		}
		if d.cfg.Samples == nil {
			return out, consent.Refuse(consent.Broken, "SAMPLES_OFF", "", "this installation keeps no photographs")
		}
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return out, ctx.Err()
	}
	photo, err := ReadPhoto(shot.Photo)
	if errors.Is(err, ErrPhoto) {
		return out, consent.Refuse(consent.Malformed, "PHOTO_UNREADABLE", "", "a JPEG, PNG or WebP photograph of at most 32 MiB and 50 million pixels is needed")
	}
	if err != nil {
		return out, err
	}
	defer photo.Wipe()
	if out, err = d.enrol(ctx, s, photo, shot.SelfSupplied); err != nil {
		return out, d.tell(ctx, session, err)
	}
	if shot.Keep && out.Outcome == consent.PhotoEnrolled {
		if err := d.cfg.Samples.Keep(ctx, Sample{Enrollee: s.Enrollee, Consent: keep.ID, Until: keep.ExpiresAt, Photo: photo}); err != nil {
			return out, err
		}
		out.Kept = true
	}
	return out, nil
}

// complete refuses while a model is missing: nobody is enrolled with a check
// left out.
func (d *Desk) complete(selfSupplied bool) error {
	var missing []consent.Reason
	add := func(is bool, role string) {
		if is {
			missing = append(missing, consent.Reason{Code: "MODEL_MISSING", Object: role, Text: "this model is not installed; run: bystander models pull"})
		}
	}
	add(d.cfg.Detector == nil, "face")
	add(d.cfg.Embedder == nil, "embedding")
	add(d.cfg.Liveness == nil && !selfSupplied, "liveness")
	if missing == nil {
		return nil
	}
	return &consent.Refusal{Sort: consent.Broken, Reasons: missing}
}

// tell counts a refused attempt by its code, and turns the refusal into one of
// the interface.
func (d *Desk) tell(ctx context.Context, session string, err error) error {
	var no *Refusal
	if !errors.As(err, &no) {
		return err
	}
	r := &consent.Refusal{Sort: consent.Malformed}
	for _, x := range no.Reasons {
		r.Reasons = append(r.Reasons, consent.Reason{Code: string(x.Code), Text: x.Text})
	}
	if _, err := d.cfg.Sessions.Tried(ctx, session, string(no.Code), 0); err != nil {
		return err
	}
	return r
}

func (d *Desk) enrol(ctx context.Context, s consent.Session, photo *Photo, selfSupplied bool) (consent.Taken, error) {
	out := consent.Taken{Session: s}
	live := d.cfg.Liveness
	if selfSupplied {
		live = nil
	}
	var probe match.Probe
	defer probe.Wipe()
	q, err := Reader{d.cfg.Detector, d.cfg.Embedder, live}.Read(ctx, photo, &probe)
	if err != nil {
		return out, err
	}
	out.Quality = consent.Quality{Size: q.Size, Pose: q.Pose, Sharp: q.Sharp, Light: q.Light}
	if s.State == consent.SessionEnrolled && q.Value() <= s.Best {
		out.Outcome = consent.PhotoWorse
		out.Session, err = d.cfg.Sessions.Tried(ctx, s.ID, out.Outcome, q.Value())
		return out, err
	}
	model := d.cfg.Embedder.Info().Digest
	if d.cfg.Duplicates != nil {
		for _, scene := range s.Scenes {
			twin, err := d.cfg.Duplicates.Duplicate(ctx, scene, model, s.Enrollee, &probe)
			if err != nil {
				return out, fmt.Errorf("enrol: duplicates: %w", err)
			}
			if twin {
				return out, refuse(Duplicate)
			}
		}
	}
	had, err := d.cfg.Vault.Holds(ctx, s.Enrollee)
	if err != nil {
		return out, err
	}
	for _, scene := range s.Scenes {
		_, err := d.replace(ctx, s.Enrollee, scene, model, &probe, q.Value())
		if err != nil {
			return out, err
		}
		out.Templates++
	}
	if had {
		if err := d.cfg.Sessions.Replaced(ctx, s.Enrollee, "enrolled again: a new template took the place of the old one, which was destroyed"); err != nil {
			return out, err
		}
	}
	out.Outcome = consent.PhotoEnrolled
	out.Session, err = d.cfg.Sessions.Tried(ctx, s.ID, out.Outcome, q.Value())
	return out, err
}

// replace puts a template in the place of the person's old one. The old one
// goes first: should the machine stop in between there is none, and the person
// is masked, rather than two.
func (d *Desk) replace(ctx context.Context, enrollee, scene, model string, probe *match.Probe, quality float32) (event.Digest, error) {
	blob, err := sealFor(ctx, d.cfg.Vault, scene, probe)
	if err != nil {
		return event.Digest{}, err
	}
	defer clear(blob)
	if err := d.cfg.Vault.DropTemplates(ctx, enrollee, scene); err != nil {
		return event.Digest{}, err
	}
	return d.cfg.Vault.Put(ctx, vault.NewTemplate{Enrollee: enrollee, Scene: scene, Model: model, Blob: blob, Quality: quality})
}

// sealFor makes the template of a scene from a probe.
func sealFor(ctx context.Context, v TemplateVault, scene string, probe *match.Probe) ([]byte, error) {
	key, err := v.SceneKey(ctx, scene)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	prot, err := match.NewProtector(key)
	if err != nil {
		return nil, err
	}
	return prot.Seal(probe)
}

// Twins asks the vault's own templates for somebody who looks the same. It
// loads a scene's templates for each question.
type Twins struct {
	Templates   match.Templates
	Calibration match.Calibration
}

// Duplicate implements Duplicates.
func (t Twins) Duplicate(ctx context.Context, scene, model, enrollee string, p *match.Probe) (bool, error) {
	_, found, err := match.FindDuplicate(ctx, t.Templates, scene, model, enrollee, p, t.Calibration)
	return found, err
}
