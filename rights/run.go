package rights

import (
	"context"
	"errors"
	"fmt"
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
	if err := s.deliver(ctx); err != nil && ctx.Err() == nil {
		s.cfg.OnTrouble("rights:tasks", err)
	}
	if err := s.overdue(ctx); err != nil && ctx.Err() == nil {
		s.cfg.OnTrouble("rights:overdue", err)
	}
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

// overdue tells of requests that nobody acknowledged within a day, and of those
// whose deadline has passed (B-14).
func (s *Service) overdue(ctx context.Context) error {
	now, ack := s.cfg.Now(), TermOf(s.cfg.Profile()).Acknowledge
	for after := ""; ; {
		open, err := s.cfg.DB.List(ctx, Query{Open: true, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, r := range open {
			switch {
			case r.Late(now):
				s.cfg.OnTrouble("rights:late:"+r.ID, fmt.Errorf("request %s was due on %s", r.ID, r.Deadline.Format(time.RFC3339)))
			case r.Acknowledged.IsZero() && now.Sub(r.Received) > ack:
				s.cfg.OnTrouble("rights:unacknowledged:"+r.ID, fmt.Errorf("request %s has not been acknowledged within %v", r.ID, ack))
			}
			after = r.ID
		}
		if len(open) < 1000 {
			return nil
		}
	}
}
