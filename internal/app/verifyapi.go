package app

import (
	"context"
	"errors"
	"fmt"

	"bystander/api/problem"
	"bystander/api/verify"
	"bystander/match"
	"bystander/match/pair"
	"bystander/policy"
)

// pairFaces lets the 1:1 interface compare.
type pairFaces struct{ c *pair.Comparer }

var _ verify.Faces = pairFaces{}

// Compare implements verify.Faces.
func (f pairFaces) Compare(ctx context.Context, s verify.Scene, photo, reference []byte) (verify.Outcome, error) {
	r, err := f.c.Photos(ctx, photo, reference, s.PAD)
	return verifyOutcome(r), verifyError(err)
}

// CompareEnrolled implements verify.Faces.
func (f pairFaces) CompareEnrolled(ctx context.Context, s verify.Scene, enrollee string, photo []byte) (verify.Outcome, error) {
	r, err := f.c.Enrolled(ctx, s.ID, enrollee, photo, s.PAD)
	return verifyOutcome(r), verifyError(err)
}

func verifyOutcome(r pair.Result) verify.Outcome {
	return verify.Outcome{
		Score: r.Score, Threshold: r.Threshold, Levels: r.Levels, Quality: r.Quality, Model: r.Model, PAD: r.PAD,
		Subject: r.Claim.Subject, Template: r.Claim.Template,
		Consent: r.Consent, ConsentVersion: r.ConsentVersion, GateBits: uint32(r.Bits),
	}
}

func verifyError(err error) error {
	var refusal *pair.Refusal
	var denied *pair.NotAllowed
	switch {
	case errors.As(err, &refusal):
		field := "image"
		if refusal.Reference {
			field = "reference_image"
		}
		return &verify.Refusal{Field: field, Code: refusal.Code, Text: refusal.Text}
	case errors.As(err, &denied):
		n := &verify.NotEligible{}
		for _, text := range denied.Bits.Missing(denied.Need).Explain() {
			n.Reasons = append(n.Reasons, problem.Reason{Code: "GATE", Text: "does not hold: " + text})
		}
		return n
	case errors.Is(err, pair.ErrLiveness):
		return &verify.NotEligible{Reasons: []problem.Reason{{Code: "LIVENESS_UNAVAILABLE", Text: "the scene asks for a live face, and no liveness check is installed"}}}
	case errors.Is(err, pair.ErrUnknown):
		return fmt.Errorf("%w: %w", verify.ErrNotFound, err)
	}
	return err
}

// leaseScenes knows scenes by the policy in force, as the cameras do: the same
// gate holds for a call as for a picture (REQUIREMENTS B-01).
type leaseScenes struct {
	leases match.Leases
	// plain names the scenes that take unencrypted pictures over TLS.
	plain map[string]bool
}

var _ verify.Scenes = leaseScenes{}

// sceneNeeds is what must hold of a scene before anybody is compared in it.
const sceneNeeds = policy.LeaseFresh | policy.ClockSynced | policy.SceneEnabled | policy.PurposeAllowed |
	policy.AssessmentValid | policy.FilingsPresent | policy.ProfilePermits

// VerifyScene implements verify.Scenes.
func (l leaseScenes) VerifyScene(_ context.Context, id string) (verify.Scene, error) {
	held, err := l.leases.Current()
	if err != nil {
		return verify.Scene{}, fmt.Errorf("verify: %w", err)
	}
	sc, ok := held.Snapshot.Scene(id)
	if !ok {
		return verify.Scene{}, verify.ErrNotFound
	}
	facts := sc.At(held.Now)
	bits := policy.Gate(policy.Facts{Fresh: held.Fresh(true), Scene: facts})
	s := verify.Scene{
		ID: id, Enabled: bits.Holds(sceneNeeds) && held.Snapshot.Halted == "", PlainOverTLS: l.plain[id],
		PAD: facts.PAD != policy.No, Score: sc.Thresholds.Score,
		PolicyVersion: held.Snapshot.Version, NoticeVersion: sc.NoticeVersion, AssessmentID: sc.AssessmentID,
	}
	if s.Enabled {
		return s, nil
	}
	if held.Snapshot.Halted != "" {
		s.Reasons = append(s.Reasons, problem.Reason{Code: "HALTED", Text: held.Snapshot.Halted})
	}
	for _, r := range sc.Reasons {
		s.Reasons = append(s.Reasons, problem.Reason{Code: r.Code, Text: r.Text})
	}
	if len(s.Reasons) == 0 {
		for _, text := range bits.Missing(sceneNeeds).Explain() {
			s.Reasons = append(s.Reasons, problem.Reason{Code: "GATE", Text: "does not hold: " + text})
		}
	}
	return s, nil
}
