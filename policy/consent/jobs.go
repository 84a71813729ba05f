package consent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"bystander/policy"
)

// expiringSoon is how long before its end people are told of it.
const expiringSoon = 30 * day

// Run does the jobs at once and then regularly until ctx ends: notices that
// take effect, consents that run out, children who turn 14, sessions left open,
// stale templates, the census, receipts and events that are missing, retention.
// What fails is told to OnError and tried again.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(s.cfg.Every)
	defer t.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.cfg.OnError(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Tick does every job once, as of the clock. Without a site (Config.Site gives a
// Refusal) there is nothing to do.
func (s *Service) Tick(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var none *Refusal
	if _, err := s.cfg.Site(ctx); errors.As(err, &none) {
		return nil // no site yet: there is nothing that anybody could have agreed to
	}
	var errs []error
	for _, j := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"notices", s.applyNotices},
		{"expiry", s.expire},
		{"age", s.comeOfAge},
		{"sessions", s.endSessions},
		{"stale templates", s.tellStale},
		{"receipts", s.settleAll},
		{"census", s.count},
		{"retention", s.retain},
	} {
		if err := j.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("consent: %s: %w", j.name, err))
		}
	}
	return errors.Join(errs...)
}

// expire ends consents whose time is over, and then destroys what they allowed;
// that, too, where an earlier run or another part of the program ended the
// consent and could not finish.
func (s *Service) expire(ctx context.Context) error {
	all, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	var errs []error
	for _, c := range all {
		switch {
		case c.State.Terminal():
		case !c.ExpiresAt.After(now):
			errs = append(errs, s.move(ctx, c, policy.ConsentExpired, "its time is over"))
		case c.State == policy.ConsentGiven && c.Purpose != policy.PurposeRawImage && c.ExpiresAt.Sub(now) <= expiringSoon && now.Sub(c.Act.At) > expiringSoon:
			errs = append(errs, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.message(ctx, tx, c.Enrollee, MessageExpiring, c.ID) }))
		}
	}
	people, err := s.cfg.Records.Enrollees(ctx)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	ended := unfinished(all, now)
	for _, e := range people {
		if _, found := slices.BinarySearch(ended, e.ID); found && e.Status == policy.EnrolleeActive {
			errs = append(errs, s.finish(ctx, e.ID))
		}
	}
	return errors.Join(errs...)
}

// unfinished lists the people of whom something may be left to destroy: no
// consent to be matched stands any more, or none to keep the photograph.
func unfinished(all []policy.Consent, now time.Time) []string {
	type left struct{ match, photo, anyMatch, anyPhoto bool }
	of := map[string]left{}
	for _, c := range all {
		stands := !c.State.Terminal() && c.ExpiresAt.After(now)
		l := of[c.Enrollee]
		switch c.Purpose {
		case policy.PurposeMatch:
			l.anyMatch, l.match = true, l.match || stands
		case policy.PurposeRawImage:
			l.anyPhoto, l.photo = true, l.photo || stands && c.State == policy.ConsentGiven
		case policy.PurposeAppearLive, policy.PurposeAppearRecorded:
		}
		of[c.Enrollee] = l
	}
	var out []string
	for id, l := range of {
		if l.anyMatch && !l.match || l.anyPhoto && !l.photo {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// comeOfAge drops a guardian's consents to reconfirm on the day on which the
// child turns 14: from then on only the person can say yes.
func (s *Service) comeOfAge(ctx context.Context) error {
	people, err := s.cfg.Records.Enrollees(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	var errs []error
	for _, e := range people {
		if e.Status != policy.EnrolleeActive || e.Under14 != policy.Yes || e.Turns14.IsZero() || e.Turns14.After(now) {
			continue
		}
		errs = append(errs, s.turned14(ctx, e, now))
	}
	return errors.Join(errs...)
}

func (s *Service) turned14(ctx context.Context, e policy.Enrollee, now time.Time) error {
	own, err := s.cfg.Records.ConsentsOf(ctx, e.ID)
	if err != nil {
		return err
	}
	for _, c := range own {
		switch c.State {
		case policy.ConsentGiven:
			err = s.move(ctx, c, policy.ConsentReconfirm, "turned 14: their own consent is needed")
		case policy.ConsentPending:
			err = s.move(ctx, c, policy.ConsentWithdrawn, "turned 14 before it was confirmed")
		}
		if err != nil {
			return err
		}
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return s.message(ctx, tx, e.ID, MessageReconfirm, e.Turns14.Format(time.DateOnly))
	}); err != nil {
		return err
	}
	e.Version++
	e.Under14, e.Guardian, e.GuardianVerified, e.Turns14 = policy.No, "", time.Time{}, time.Time{}
	e.ChangedAt, e.Reason = now, "turned 14"
	return s.cfg.Records.PutEnrollee(ctx, e)
}

// tellStale tells people whose templates the loaded model cannot use to enrol
// again.
func (s *Service) tellStale(ctx context.Context) error {
	people, model, err := s.cfg.Keeper.Stale(ctx)
	if err != nil || len(people) == 0 {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, id := range people {
			if err := s.message(ctx, tx, id, MessageStale, model); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) retain(ctx context.Context) error {
	_, err := s.cfg.DB.Enforce(ctx, s.now())
	return err
}
