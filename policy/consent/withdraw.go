package consent

import (
	"context"
	"fmt"
	"slices"

	"bystander/policy"
)

// Withdraw ends a consent, with one step and for no reason that the person need
// give. A consent that has ended stays as it is: withdrawing twice is no error.
func (s *Service) Withdraw(ctx context.Context, id, by string) (policy.Consent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cfg.Records.Consent(ctx, id)
	if err != nil {
		return c, notFound(err, "CONSENT_UNKNOWN", id, "there is no such consent")
	}
	if c.State.Terminal() {
		return c, nil
	}
	if err := s.move(ctx, c, policy.ConsentWithdrawn, "withdrawn through "+by); err != nil {
		return c, err
	}
	if err := s.finish(ctx, c.Enrollee); err != nil {
		// The consent has ended, and the gate knows it; what is left to destroy
		// is tried again by the jobs.
		s.cfg.OnError(fmt.Errorf("consent: after a withdrawal: %w", err))
	}
	return s.cfg.Records.Consent(ctx, id)
}

// WithdrawAll ends everything that a person agreed to.
func (s *Service) WithdrawAll(ctx context.Context, enrollee, by string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.cfg.Records.Enrollee(ctx, enrollee); err != nil {
		return notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	if err := s.endAll(ctx, enrollee, "withdrawn through "+by); err != nil {
		return err
	}
	return s.finish(ctx, enrollee)
}

// endAll withdraws what has not ended.
func (s *Service) endAll(ctx context.Context, enrollee, reason string) error {
	own, err := s.cfg.Records.ConsentsOf(ctx, enrollee)
	if err != nil {
		return err
	}
	var rows []policy.Consent
	for _, c := range own {
		if c.State.Terminal() {
			continue
		}
		w, err := c.Become(policy.ConsentWithdrawn, s.now(), reason)
		if err != nil {
			return err
		}
		rows = append(rows, w)
	}
	return s.put(ctx, rows...)
}

// move changes a consent's state and settles it.
func (s *Service) move(ctx context.Context, c policy.Consent, to policy.ConsentState, reason string) error {
	n, err := c.Become(to, s.now(), reason)
	if err != nil {
		return err
	}
	return s.put(ctx, n)
}

// put stores versions of consents and issues their receipts and events.
func (s *Service) put(ctx context.Context, rows ...policy.Consent) error {
	if len(rows) == 0 {
		return nil
	}
	if err := s.cfg.Records.PutConsents(ctx, rows...); err != nil {
		return invalid(err)
	}
	var ids []string
	for _, c := range rows {
		if !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	for _, id := range ids {
		if err := s.settle(ctx, id); err != nil {
			// The consent stands as stored; its receipt follows with the jobs.
			s.cfg.OnError(fmt.Errorf("consent: receipt of %s: %w", id, err))
		}
	}
	return nil
}

// finish destroys what is left of a person once no consent to be matched is
// left: nothing else can have an effect without. It does nothing for people who
// still have one, or whose enrolment has not got as far as a consent.
func (s *Service) finish(ctx context.Context, enrollee string) error {
	e, err := s.cfg.Records.Enrollee(ctx, enrollee)
	if err != nil {
		return err
	}
	own, err := s.cfg.Records.ConsentsOf(ctx, enrollee)
	if err != nil {
		return err
	}
	had, has, photo := false, false, false
	for _, c := range own {
		had = had || c.Purpose == policy.PurposeMatch
		has = has || c.Purpose == policy.PurposeMatch && !c.State.Terminal()
		photo = photo || c.Purpose == policy.PurposeRawImage && c.State == policy.ConsentGiven
	}
	if !photo {
		if err := s.cfg.Keeper.DropPhotos(ctx, enrollee); err != nil {
			return err
		}
	}
	if !had || has || e.Status != policy.EnrolleeActive {
		return nil
	}
	return s.cancel(ctx, e, "no consent to be recognised is left")
}

// cancel ends an enrolment: consents first, then everything that they allowed.
func (s *Service) cancel(ctx context.Context, e policy.Enrollee, reason string) error {
	if err := s.endAll(ctx, e.ID, reason); err != nil {
		return err
	}
	if err := s.cfg.Keeper.Erase(ctx, e.ID); err != nil {
		return err
	}
	e.Version++
	e.Status, e.ChangedAt, e.Reason = policy.EnrolleeCanceled, s.now(), reason
	return s.cfg.Records.PutEnrollee(ctx, e)
}
