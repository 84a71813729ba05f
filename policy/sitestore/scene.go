package sitestore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// sceneMoves is the state machine of a scene. Edits are no moves: they lead
// back to draft or assessed, see sceneEdited.
var sceneMoves = map[policy.SceneState][]policy.SceneState{
	policy.SceneDraft:    {policy.SceneAssessed, policy.SceneRetired},
	policy.SceneAssessed: {policy.SceneOn, policy.SceneRetired},
	policy.SceneOn:       {policy.ScenePaused, policy.SceneRetired},
	policy.ScenePaused:   {policy.SceneOn, policy.SceneRetired},
}

// AddScene adds a scene, as a draft.
func (s *Store) AddScene(ctx context.Context, by By, id string, spec SceneSpec) (sc Scene, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		sc = Scene{Meta: Meta{ID: id}, SceneSpec: spec, State: policy.SceneDraft, Editors: []string{t.by.Actor}}
		if err := t.checkScene(&sc); err != nil {
			return err
		}
		if err := create(t, &sc); err != nil {
			return err
		}
		return t.sceneChanged(sc, "")
	})
	return sc, err
}

// EditScene changes a scene. When that changes what was assessed (its purpose,
// mode, whom it concerns, what it shows), the scene is a draft again; any other
// edit of an enabled scene asks for a new approval. A new notice sends its zones
// back to signs_planned.
func (s *Store) EditScene(ctx context.Context, by By, id string, spec SceneSpec) (sc Scene, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		if sc.State == policy.SceneRetired {
			return wrongState("scene", id, string(sc.State), "anything else")
		}
		prof, err := t.profile()
		if err != nil {
			return err
		}
		before, notice, from := sc.scope(prof), sc.Notice, sc.State
		sc.SceneSpec = spec
		if err := t.checkScene(&sc); err != nil {
			return err
		}
		switch {
		case sc.scope(prof) != before:
			sc.State, sc.Assessment = policy.SceneDraft, ""
		case sc.State == policy.SceneOn || sc.State == policy.ScenePaused:
			sc.State = policy.SceneAssessed
		}
		sc.Approver, sc.Decision = "", ""
		if !slices.Contains(sc.Editors, t.by.Actor) {
			sc.Editors = append(sc.Editors, t.by.Actor)
		}
		if err := store(t, &sc); err != nil {
			return err
		}
		if sc.Notice != notice {
			if err := t.noticeChanged(id); err != nil {
				return err
			}
		}
		return t.sceneChanged(sc, from)
	})
	return sc, err
}

// SetNotice rests a scene on a notice that was published and came into force.
// Its zones return to signs_planned, as after any change of the notice.
func (s *Store) SetNotice(ctx context.Context, by By, id, notice string) (sc Scene, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		if _, err := other[Notice](t, notice); err != nil {
			return invalid("notice: there is no notice version %q", notice)
		}
		if sc.Notice == notice {
			return nil
		}
		sc.Notice = notice
		if err := store(t, &sc); err != nil {
			return err
		}
		if err := t.noticeChanged(id); err != nil {
			return err
		}
		return t.sceneChanged(sc, sc.State)
	})
	return sc, err
}

// noticeChanged sends the zones of a scene back to signs_planned.
func (t *txn) noticeChanged(scene string) error {
	zones, err := all[Zone](t)
	if err != nil {
		return err
	}
	for _, z := range zones {
		if z.Scene == scene && z.State != policy.ZoneRetired && z.State != policy.ZoneDraft {
			if err := t.edited(&z); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *txn) checkScene(sc *Scene) error {
	site, err := t.site()
	if err != nil {
		return err
	}
	prof, _ := policy.ProfileByName(site.Profile)
	if !slices.Contains(policy.ScenePurposes(), sc.Purpose) {
		return refuse(ErrInvalid, CodePurpose, "purpose: %q is not one of %v", sc.Purpose, policy.ScenePurposes())
	}
	if sc.Mode == "" {
		sc.Mode = policy.ModeZone
		if prof.StartsInClaim {
			sc.Mode = policy.ModeClaim
		}
	}
	if sc.Mode != policy.ModeZone && sc.Mode != policy.ModeClaim {
		return invalid("mode: %q is neither zone nor claim", sc.Mode)
	}
	if sc.Coverage != "" && sc.Coverage != "head" && sc.Coverage != "person" {
		return invalid("coverage: %q is neither head nor person", sc.Coverage)
	}
	for name, v := range map[string]float32{"score": sc.Score, "margin": sc.Margin, "quality": sc.Quality} {
		if !(v >= 0 && v <= 1) {
			return invalid("%s: %v does not lie within 0 and 1", name, v)
		}
	}
	if sc.Notice != "" {
		if _, err := other[Notice](t, sc.Notice); err != nil {
			return invalid("notice: there is no notice version %q", sc.Notice)
		}
	}
	return nil
}

// scope identifies what an impact assessment is about.
func (sc *Scene) scope(prof policy.Profile) event.Digest {
	b, err := json.Marshal(struct {
		Profile, ID                                           string
		Purpose                                               policy.ScenePurpose
		Mode                                                  policy.Mode
		Children, Records, Entry, LiveClear, RecordClear, PAD bool
	}{prof.Name, sc.ID, sc.Purpose, sc.Mode, sc.Children, sc.Records, sc.EntryIsConsent, sc.LiveClear, sc.RecordClear, sc.PAD})
	if err != nil {
		return event.Digest{}
	}
	return sha256.Sum256(append([]byte("bystander assessment scope v1\x00"), b...))
}

// Assess rests a draft on an approved assessment of exactly this scope.
func (s *Store) Assess(ctx context.Context, by By, id, assessment string) (sc Scene, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		prof, err := t.profile()
		if err != nil {
			return err
		}
		a, err := other[Assessment](t, assessment)
		switch {
		case err != nil:
			return one("PIA_MISSING", "", "there is no assessment of that id")
		case a.Scene != id || a.Scope != sc.scope(prof):
			return one("PIA_MISSING", "scope", "that assessment is about another scene, or about what this one was before an edit")
		case !a.Approved:
			return one("PIA_MISSING", "outcome", "that assessment is not approved")
		case !t.now.Before(a.ValidUntil):
			return one("PIA_MISSING", "expired", "that assessment is over")
		}
		sc.Assessment = assessment
		if sc.State == policy.SceneDraft {
			return t.moveScene(&sc, policy.SceneAssessed)
		}
		if sc.State == policy.SceneRetired {
			return wrongState("scene", id, string(sc.State), string(policy.SceneAssessed))
		}
		if err := store(t, &sc); err != nil { // a renewal
			return err
		}
		return t.sceneChanged(sc, sc.State)
	})
	return sc, err
}

// Review records counsel's review of a scene.
func (s *Store) Review(ctx context.Context, by By, id string, r Review) (sc Scene, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		if r.Reviewer == "" || r.Date.IsZero() || r.Date.After(t.now) {
			return invalid("legal_review: name the reviewer and the day, which cannot lie ahead")
		}
		sc.Review = Review{r.Reviewer, r.Date.UTC().Truncate(time.Second)}
		if err := store(t, &sc); err != nil {
			return err
		}
		return t.sceneChanged(sc, sc.State)
	})
	return sc, err
}

// Enable takes an assessed or paused scene into use, if every condition holds
// and the approver is none of its editors.
func (s *Store) Enable(ctx context.Context, by By, id string) (sc Scene, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		if slices.Contains(sc.Editors, t.by.Actor) {
			return refuse(ErrForbidden, CodeSelfApproval, "whoever edited the scene cannot enable it; somebody else must")
		}
		why, err := t.sceneStands(sc)
		if err != nil {
			return err
		}
		if !slices.Contains(sceneMoves[sc.State], policy.SceneOn) {
			why = append([]policy.Reason{{Code: CodeState, Subject: string(sc.State), Text: "the scene must rest on an assessment"}}, why...)
		}
		if err := notMet("the scene cannot be enabled", why); err != nil {
			return err
		}
		return t.moveScene(&sc, policy.SceneOn)
	})
	return sc, err
}

// sceneStands lists what speaks against a scene's being enabled now.
func (t *txn) sceneStands(sc Scene) ([]policy.Reason, error) {
	site, err := t.compile()
	if err != nil {
		return nil, err
	}
	ps, _ := site.Scene(sc.ID)
	ps.State = policy.SceneOn
	why := site.SceneReadiness(ps, t.now).Reasons
	if t.s.o.Enable != nil {
		why = append(why, t.s.o.Enable(t.ctx)...)
	}
	return why, nil
}

// Pause masks everybody in a scene until it is enabled again.
func (s *Store) Pause(ctx context.Context, by By, id string) (Scene, error) {
	return s.setScene(ctx, by, id, policy.ScenePaused)
}

// RetireScene ends a scene for good.
func (s *Store) RetireScene(ctx context.Context, by By, id string) (Scene, error) {
	return s.setScene(ctx, by, id, policy.SceneRetired)
}

func (s *Store) setScene(ctx context.Context, by By, id string, to policy.SceneState) (sc Scene, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if sc, err = load[Scene](t, id); err != nil {
			return err
		}
		return t.moveScene(&sc, to)
	})
	return sc, err
}

func (t *txn) moveScene(sc *Scene, to policy.SceneState) error {
	from := sc.State
	if !slices.Contains(sceneMoves[from], to) {
		return wrongState("scene", sc.ID, string(from), string(to))
	}
	sc.State, sc.Approver, sc.Decision = to, t.by.Actor, t.by.Reason
	if sc.Decision == "" {
		sc.Decision = "rests on assessment " + sc.Assessment
	}
	if to == policy.SceneOn {
		sc.Editors = []string{}
	}
	if err := store(t, sc); err != nil {
		return err
	}
	return t.sceneChanged(*sc, from)
}

func (t *txn) sceneChanged(sc Scene, from policy.SceneState) error {
	return t.emit(event.Event{
		Kind: event.KindSceneChange, SceneID: sc.ID, NoticeVersion: sc.Notice, AssessmentID: sc.Assessment,
		GateMode: string(sc.Mode), Threshold: sc.Score,
		Detail: map[string]string{
			"state": string(sc.State), "from": string(from), "approver": sc.Approver, "version": fmt.Sprint(sc.Version),
		},
	})
}
