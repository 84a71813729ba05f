package enrol

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"bystander/internal/event"
	"bystander/match"
	"bystander/policy"
)

// ErrNoTemplate reports a person of whom no template is held for the scene.
var ErrNoTemplate = errors.New("enrol: no template of this person for the scene")

// NewKeepEnrolled is NewKeep for one enrolled person: the copy of a recording
// that they may have, in which nobody else is clear. It takes their templates
// of one scene from src, and no other. It fails with ErrNoTemplate.
func NewKeepEnrolled(ctx context.Context, src match.Templates, scene, enrollee, model, camera string, now func() time.Time) (*Keep, error) {
	if now == nil {
		now = time.Now
	}
	key, err := src.SceneKey(ctx, scene)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	m := &memory{key: key, model: model}
	defer m.wipe()
	err = src.Each(ctx, scene, model, func(t match.StoredTemplate) error {
		if t.Enrollee == enrollee {
			t.Blob, t.SubjectKey = slices.Clone(t.Blob), slices.Clone(t.SubjectKey)
			m.templates = append(m.templates, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	if len(m.templates) == 0 {
		return nil, ErrNoTemplate
	}
	site := policy.SampleSite(now(), policy.SampleCamera{ID: camera, PlaceType: "recording", Match: true})
	site.Site = "copy"
	m.vouch(site.Notices[0].Hash, camera, enrollee, "the person's own request for a copy", now())
	return m.keep(ctx, site, camera, now)
}

// keep makes the policy and gallery of what m holds.
func (m *memory) keep(ctx context.Context, site *policy.Site, camera string, now func() time.Time) (*Keep, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("enrol: keep: %w", err)
	}
	k := &Keep{now: now, shelf: match.NewShelf()}
	if k.auth, err = policy.NewAuthority(key, site, m, m, now); err != nil {
		return nil, err
	}
	if k.holder, err = policy.NewHolder(k.auth.Public(), site.Site, now); err != nil {
		return nil, err
	}
	g, err := match.LoadGallery(ctx, m, policy.SampleScene(camera), m.model)
	if err != nil {
		return nil, err
	}
	k.shelf.Put(g)
	return k, nil
}

// vouch records the person, and every purpose, for this one recording.
func (m *memory) vouch(notice event.Digest, camera, id, by string, now time.Time) {
	m.enrollees = append(m.enrollees, policy.Enrollee{ID: id, Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: now})
	for _, purpose := range policy.Purposes() {
		m.consents = append(m.consents, policy.Consent{
			ID: id + "-" + string(purpose), Version: 2, Enrollee: id, Purpose: purpose,
			Scenes: []string{policy.SampleScene(camera)}, Zones: []string{policy.SampleZone(camera)},
			NoticeVersion: policy.SampleNotice, ExpiresAt: now.Add(keepTerm), State: policy.ConsentGiven, ChangedAt: now,
			Act: policy.Act{Channel: policy.ChannelPaper, At: now, NoticeHash: notice, RecordedBy: by, Basis: by, Written: true},
		})
	}
}
