package rights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// deliverEvery is how often the tasks that are due are tried.
const deliverEvery = 10 * time.Second

// Run delivers tasks, tells of what is late, and disposes of what is old, until
// ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(deliverEvery)
	defer t.Stop()
	for {
		s.Turn(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Turn does once what Run repeats.
func (s *Service) Turn(ctx context.Context) {
	delivered := s.deliver(ctx)
	late, silent, err := s.overdue(ctx)
	if ctx.Err() != nil {
		return
	}
	s.cfg.OnTrouble("rights:tasks", delivered)
	s.cfg.OnTrouble("rights:overdue", err)
	if err == nil {
		s.cfg.OnTrouble("rights:late", many("past its deadline", late))
		s.cfg.OnTrouble("rights:unacknowledged", many("not acknowledged in time", silent))
	}
}

// many is one trouble for all the requests that share it, nil for none.
func many(what string, ids []string) error {
	const named = 5
	switch {
	case len(ids) == 0:
		return nil
	case len(ids) > named:
		return fmt.Errorf("%s: %s and %d more", what, strings.Join(ids[:named], ", "), len(ids)-named)
	}
	return fmt.Errorf("%s: %s", what, strings.Join(ids, ", "))
}

func (s *Service) deliver(ctx context.Context) error {
	tasks, err := s.cfg.DB.due(ctx, s.cfg.Now(), 100)
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range tasks {
		if err := s.deliverOne(ctx, t); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Service) deliverOne(ctx context.Context, t Task) error {
	r, err := s.cfg.DB.Get(ctx, t.Request)
	if err != nil {
		return err
	}
	done, err := false, error(nil)
	if c := s.connector(t.Connector); c == nil {
		err = fmt.Errorf("connector %s is no longer configured; put it back, or record an exception", t.Connector)
	} else {
		done, err = c.Deliver(ctx, t, r.Enrollee)
	}
	now := s.cfg.Now()
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // tried again at the next start
	case err != nil:
		t = t.failed(err, now)
	case done:
		t = t.Acknowledge(t.Connector, now)
	default:
		t.Attempts, t.NextTry, t.Trouble = t.Attempts+1, time.Time{}, ""
	}
	return errors.Join(err, s.cfg.DB.putTasks(ctx, now, t))
}

func (s *Service) connector(name string) Connector {
	for _, c := range s.cfg.Connectors {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// overdue finds the requests whose deadline has passed, and those that nobody
// acknowledged within a day (B-14).
func (s *Service) overdue(ctx context.Context) (late, silent []string, err error) {
	now, ack := s.cfg.Now(), TermOf(s.cfg.Profile()).Acknowledge
	for after := ""; ; {
		open, err := s.cfg.DB.List(ctx, Query{Open: true, After: after, Limit: 1000})
		if err != nil {
			return nil, nil, err
		}
		for _, r := range open {
			switch {
			case r.Late(now):
				late = append(late, r.ID)
			case r.Acknowledged.IsZero() && now.Sub(r.Received) > ack:
				silent = append(silent, r.ID)
			}
			after = r.ID
		}
		if len(open) < 1000 {
			return late, silent, nil
		}
	}
}
