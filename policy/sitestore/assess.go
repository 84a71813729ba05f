package sitestore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/internal/event"
)

// AssessmentKept is how long a report and its records are kept (PIPL 56).
const AssessmentKept = 3 * 365 * 24 * time.Hour

// AddAssessment writes an impact assessment of a scene as it is now.
func (s *Store) AddAssessment(ctx context.Context, by By, spec AssessmentSpec) (a Assessment, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		id, err := newID()
		if err != nil {
			return err
		}
		a = Assessment{Meta: Meta{ID: id}}
		if err := t.writeAssessment(&a, spec); err != nil {
			return err
		}
		return create(t, &a)
	})
	return a, err
}

// EditAssessment changes an assessment that is not approved yet.
func (s *Store) EditAssessment(ctx context.Context, by By, id string, spec AssessmentSpec) (a Assessment, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if a, err = load[Assessment](t, id); err != nil {
			return err
		}
		if a.Approved {
			return one(CodeState, id, "an approved assessment stays as it is; write another")
		}
		if err := t.writeAssessment(&a, spec); err != nil {
			return err
		}
		return store(t, &a)
	})
	return a, err
}

func (t *txn) writeAssessment(a *Assessment, spec AssessmentSpec) error {
	sc, err := other[Scene](t, spec.Scene)
	if err != nil {
		return invalid("scene: there is no scene %q", spec.Scene)
	}
	for name, v := range map[string]string{"necessity": spec.Necessity, "effects": spec.Effects, "child_rules": spec.ChildRules} {
		if strings.TrimSpace(v) == "" {
			return invalid("%s: an assessment says this", name)
		}
	}
	if !slices.Contains([]string{"approved", "rejected", "unclear"}, spec.Outcome) {
		return invalid("outcome: %q is not approved, rejected or unclear", spec.Outcome)
	}
	spec.ValidUntil = spec.ValidUntil.UTC().Truncate(time.Second)
	if !spec.ValidUntil.After(t.now) || spec.ValidUntil.After(t.now.Add(AssessmentKept)) {
		return invalid("valid_until: it must lie ahead, by three years at most")
	}
	prof, err := t.profile()
	if err != nil {
		return err
	}
	a.AssessmentSpec, a.Scope, a.Assessor = spec, sc.scope(prof), t.by.Actor
	return nil
}

// Approve approves an assessment; never by whoever wrote any of it.
func (s *Store) Approve(ctx context.Context, by By, id string) (a Assessment, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if a, err = load[Assessment](t, id); err != nil {
			return err
		}
		past, err := history[Assessment](t.ctx, t.tx, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(past, func(v Assessment) bool { return v.Assessor == t.by.Actor }) {
			return refuse(ErrForbidden, CodeSelfApproval, "whoever wrote the assessment cannot approve it; somebody else must")
		}
		switch {
		case a.Approved:
			return one(CodeState, id, "it is approved already")
		case a.Outcome == "rejected":
			return one("PIA_REJECTED", id, "the assessment itself says no")
		case a.Outcome == "unclear" && len(a.Consultations) == 0:
			return one("CONSULTATION_MISSING", id, "the outcome is unclear: consult those concerned, and record it")
		case !t.now.Before(a.ValidUntil):
			return one("PIA_MISSING", "expired", "the assessment is over")
		}
		a.Approved, a.ApprovedBy, a.ApprovedAt = true, t.by.Actor, t.now
		return store(t, &a)
	})
	return a, err
}

// DisposeAssessment removes an assessment whose time of keeping is over. A
// younger one is refused with ErrKept.
func (s *Store) DisposeAssessment(ctx context.Context, by By, id string) error {
	return s.decide(ctx, by, func(t *txn) error {
		a, err := load[Assessment](t, id)
		if err != nil {
			return err
		}
		if until := a.At.Add(AssessmentKept); t.now.Before(until) {
			return refuse(ErrKept, "KEPT", "assessments are kept for three years; this one until %s", until.Format(time.DateOnly))
		}
		scenes, err := all[Scene](t)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(scenes, func(sc Scene) bool { return sc.Assessment == id }) {
			return one(CodeState, id, "a scene rests on it")
		}
		res, err := t.tx.ExecContext(t.ctx, `DELETE FROM records WHERE kind='assessment' AND id=?`, id)
		if err != nil {
			return fmt.Errorf("sitestore: dispose: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("sitestore: dispose: %w", err)
		}
		return t.emit(event.Event{Kind: event.KindDisposal, Detail: map[string]string{
			"rule": "assessments 3 years", "table": "records", "class": "assessment", "rows": fmt.Sprint(n), "cause": "retention",
		}})
	})
}

// AddFiling records a filing.
func (s *Store) AddFiling(ctx context.Context, by By, spec FilingSpec) (f Filing, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		id, err := newID()
		if err != nil {
			return err
		}
		f = Filing{Meta: Meta{ID: id}, FilingSpec: spec}
		if err := t.checkFiling(&f); err != nil {
			return err
		}
		return create(t, &f)
	})
	return f, err
}

// EditFiling changes a filing.
func (s *Store) EditFiling(ctx context.Context, by By, id string, spec FilingSpec) (f Filing, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		if f, err = load[Filing](t, id); err != nil {
			return err
		}
		f.FilingSpec = spec
		if err := t.checkFiling(&f); err != nil {
			return err
		}
		return store(t, &f)
	})
	return f, err
}

func (t *txn) checkFiling(f *Filing) error {
	if f.Scene != "" {
		if _, err := other[Scene](t, f.Scene); err != nil {
			return invalid("scene: there is no scene %q", f.Scene)
		}
	}
	switch f.Status {
	case "planned", "cancelled":
	case "filed", "approved":
		if f.Number == "" {
			return invalid("number: what was filed has one")
		}
	default:
		return invalid("status: %q is not planned, filed, approved or cancelled", f.Status)
	}
	if f.Type == "" || f.Authority == "" {
		return invalid("type and authority must be given")
	}
	f.Due, f.ValidUntil = f.Due.UTC().Truncate(time.Second), f.ValidUntil.UTC().Truncate(time.Second)
	return nil
}
