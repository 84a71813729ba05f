// Package enrol turns a photograph and a person's consents into an enrolment.
// The photograph is not kept; name, consents and template go to three separate
// stores.
package enrol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
)

// TemplateVault keeps templates; *vault.Vault is one.
type TemplateVault interface {
	SceneKey(ctx context.Context, scene string) ([]byte, error)
	Put(ctx context.Context, t vault.NewTemplate) (event.Digest, error)
	Destroy(ctx context.Context, enrollee string) error
}

// Names keeps the names, apart from everything else.
type Names interface {
	SetName(ctx context.Context, enrollee, name string) error
	Erase(ctx context.Context, enrollee string) error
}

// Config says what an enroller works with.
type Config struct {
	// Detector and Embedder read photographs; withdrawals need neither.
	Detector Detector
	Embedder match.Embedder
	Liveness match.Liveness // nil where the photograph was not taken live
	Vault    TemplateVault
	Store    policy.Store
	Names    Names
	Now      func() time.Time // time.Now when nil
}

// Enroller enrols people and takes their withdrawals.
type Enroller struct{ cfg Config }

// New returns an enroller.
func New(cfg Config) (*Enroller, error) {
	if cfg.Vault == nil || cfg.Store == nil || cfg.Names == nil {
		return nil, errors.New("enrol: vault, store and names are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Enroller{cfg}, nil
}

// Request is one person's enrolment.
type Request struct {
	Name  string
	Photo io.Reader // JPEG, PNG or WebP; read once and not kept
	// Purposes are the consents given, each on its own; PurposeMatch must be
	// among them, since without it there is no template.
	Purposes []policy.Purpose
	Site     *policy.Site
	Scenes   []string // that the consents name; each must be of the site
	Zones    []string // likewise, each in one of the scenes
	Expires  time.Time
	Channel  policy.Channel
	// RecordedBy is who took the consent and made sure that the photograph
	// shows the person who gave it (an officer or account, not the enrollee).
	RecordedBy string
	Basis      string
	Written    bool // a signed release exists; needed for appear_recorded
	Under14    policy.Tri
}

// Result is what an enrolment gave.
type Result struct {
	Enrollee  string
	Templates []event.Digest
	Consents  []policy.Consent
	Quality   match.Quality
}

// Enrol makes one template a scene, keeps it, and records one active consent a
// purpose. It fails with *Refusal when the photograph will not do, and with
// ErrPhoto, policy.ErrInvalid and policy.ErrGuardian. A failure leaves nothing
// behind.
func (e *Enroller) Enrol(ctx context.Context, r Request) (res Result, err error) {
	if e.cfg.Detector == nil || e.cfg.Embedder == nil {
		return res, errors.New("enrol: detector and embedder are needed")
	}
	now := e.cfg.Now().UTC()
	if err := check(r, now); err != nil {
		return res, err
	}
	photo, err := ReadPhoto(r.Photo)
	if err != nil {
		return res, err
	}
	defer photo.Wipe()
	var probe match.Probe
	defer probe.Wipe()
	if res.Quality, err = (Reader{e.cfg.Detector, e.cfg.Embedder, e.cfg.Liveness}).Read(ctx, photo, &probe); err != nil {
		return res, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return res, fmt.Errorf("enrol: %w", err)
	}
	res.Enrollee = id.String()
	defer func() {
		if err != nil {
			undo := context.WithoutCancel(ctx)
			err = errors.Join(err, e.cfg.Vault.Destroy(undo, res.Enrollee), e.cfg.Names.Erase(undo, res.Enrollee))
			res = Result{}
		}
	}()
	if err := e.templates(ctx, r, &probe, &res); err != nil {
		return res, err
	}
	if err := e.cfg.Names.SetName(ctx, res.Enrollee, strings.TrimSpace(r.Name)); err != nil {
		return res, err
	}
	return res, e.consents(ctx, r, now, &res)
}

func check(r Request, now time.Time) error {
	var errs []error
	bad := func(s string) { errs = append(errs, fmt.Errorf("enrol: %w: %s", policy.ErrInvalid, s)) }
	if n := strings.TrimSpace(r.Name); n == "" || len(n) > 200 {
		bad("a name of 1 to 200 bytes is needed")
	}
	matches := false
	seen := map[policy.Purpose]bool{}
	for _, p := range r.Purposes {
		_, err := policy.ParsePurpose(string(p))
		errs = append(errs, err)
		matches = matches || p == policy.PurposeMatch
		if seen[p] {
			bad("consent to " + string(p) + " is given twice")
		}
		seen[p] = true
	}
	if !matches {
		bad("without consent to match there is nothing to enrol")
	}
	switch r.Under14 {
	case policy.Unknown:
		bad("say whether the person is under 14")
	case policy.Yes:
		errs = append(errs, policy.ErrGuardian)
	}
	if !r.Expires.After(now) {
		bad("consent must end in the future")
	}
	if r.Site == nil {
		bad("without a site there is no zone to consent to")
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, checkPlaces(r))...)
}

func checkPlaces(r Request) error {
	var errs []error
	named := map[string]bool{}
	for _, id := range r.Scenes {
		sc, ok := r.Site.Scene(id)
		if _, noticed := r.Site.Notice(sc.Notice); !ok || !noticed {
			errs = append(errs, fmt.Errorf("enrol: %w: scene %q is not of this site, or has no notice", policy.ErrInvalid, id))
		}
		named[id] = true
	}
	for _, id := range r.Zones {
		ok := false
		for _, z := range r.Site.Zones {
			ok = ok || z.ID == id && z.Kind == policy.ZoneRecognition && named[z.Scene]
		}
		if !ok {
			errs = append(errs, fmt.Errorf("enrol: %w: zone %q is no recognition zone of the scenes named", policy.ErrInvalid, id))
		}
	}
	if len(r.Scenes) == 0 || len(r.Zones) == 0 {
		errs = append(errs, fmt.Errorf("enrol: %w: name at least one scene and one zone", policy.ErrInvalid))
	}
	return errors.Join(errs...)
}

func (e *Enroller) templates(ctx context.Context, r Request, probe *match.Probe, res *Result) error {
	for _, scene := range r.Scenes {
		key, err := e.cfg.Vault.SceneKey(ctx, scene)
		if err != nil {
			return err
		}
		prot, err := match.NewProtector(key)
		clear(key)
		if err != nil {
			return err
		}
		blob, err := prot.Seal(probe)
		if err != nil {
			return err
		}
		ref, err := e.cfg.Vault.Put(ctx, vault.NewTemplate{
			Enrollee: res.Enrollee, Scene: scene, Model: e.cfg.Embedder.Info().Digest,
			Blob: blob, Quality: res.Quality.Value(),
		})
		if err != nil {
			return err
		}
		res.Templates = append(res.Templates, ref)
	}
	return nil
}

// consents records the enrollee and, for every purpose and notice, one consent
// that goes from pending to active. They are written together, last of all:
// only then may anybody be compared with the template.
func (e *Enroller) consents(ctx context.Context, r Request, now time.Time, res *Result) error {
	var rows []policy.Consent
	for _, p := range r.Purposes {
		for notice, scenes := range byNotice(r) {
			n, _ := r.Site.Notice(notice)
			id, err := uuid.NewV7()
			if err != nil {
				return fmt.Errorf("enrol: %w", err)
			}
			c := policy.Consent{
				ID: id.String(), Version: 1, Enrollee: res.Enrollee, Purpose: p, Scenes: scenes, Zones: r.Zones,
				NoticeVersion: n.Version, ExpiresAt: r.Expires.UTC(), State: policy.ConsentPending, ChangedAt: now,
				Act: policy.Act{Channel: r.Channel, At: now, NoticeHash: n.Hash, RecordedBy: r.RecordedBy, Basis: r.Basis, Written: r.Written},
			}
			if err := c.Check(); err != nil {
				return err
			}
			active, err := c.Become(policy.ConsentGiven, now, "given at enrolment")
			if err != nil {
				return err
			}
			rows = append(rows, c, active)
			res.Consents = append(res.Consents, active)
		}
	}
	if err := e.cfg.Store.PutEnrollee(ctx, policy.Enrollee{
		ID: res.Enrollee, Version: 1, Under14: r.Under14, Status: policy.EnrolleeActive, ChangedAt: now, Reason: "enrolled",
	}); err != nil {
		return err
	}
	return e.cfg.Store.PutConsents(ctx, rows...)
}

func byNotice(r Request) map[string][]string {
	out := map[string][]string{}
	for _, id := range r.Scenes {
		sc, _ := r.Site.Scene(id)
		out[sc.Notice] = append(out[sc.Notice], id)
	}
	return out
}

// Withdraw ends the enrollee's consents to the given purposes, all when none
// is given. It reaches the live picture with the next lease. When no consent to
// match is left, keys, templates and name are destroyed.
func (e *Enroller) Withdraw(ctx context.Context, enrollee, reason string, purposes ...policy.Purpose) error {
	all, err := e.cfg.Store.Consents(ctx)
	if err != nil {
		return err
	}
	if len(purposes) == 0 {
		purposes = policy.Purposes()
	}
	var rows []policy.Consent
	known, left := false, false
	for _, c := range all {
		if c.Enrollee != enrollee {
			continue
		}
		known = true
		ends := false
		for _, p := range purposes {
			ends = ends || c.Purpose == p
		}
		if !ends || c.State.Terminal() {
			left = left || c.Purpose == policy.PurposeMatch && !c.State.Terminal()
			continue
		}
		w, err := c.Become(policy.ConsentWithdrawn, e.cfg.Now().UTC(), reason)
		if err != nil {
			return err
		}
		rows = append(rows, w)
	}
	if !known {
		return fmt.Errorf("enrol: %w: enrollee %s", policy.ErrNotFound, enrollee)
	}
	if err := e.cfg.Store.PutConsents(ctx, rows...); err != nil {
		return err
	}
	if left {
		return nil
	}
	return errors.Join(e.cfg.Vault.Destroy(ctx, enrollee), e.cfg.Names.Erase(ctx, enrollee))
}
