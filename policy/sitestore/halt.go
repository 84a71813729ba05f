package sitestore

import (
	"context"
	"errors"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// Switch is the kill switch. While it is on, everybody is masked everywhere.
type Switch struct {
	Meta
	On bool `json:"on"`
	// Why and By are of the throw that came last, Since is of the first. At is the
	// last step, which may be that somebody asked to resume.
	Why   string     `json:"why,omitempty" doc:"Why everything is masked"`
	By    string     `json:"by,omitempty" doc:"Who threw it"`
	Since *time.Time `json:"since,omitempty" doc:"Since when everybody is masked"`
	// Asked is who asked to resume; somebody else must agree.
	Asked string `json:"asked,omitempty" doc:"Who asked to resume, and waits for a second person"`
}

func (*Switch) kind() string { return "switch" }

const switchID = "kill"

// Halt masks everybody, everywhere, until two people resume. It works whatever
// state the site is in, and again while it is on already.
func (s *Store) Halt(ctx context.Context, by By) (Switch, error) {
	return s.throw(ctx, by, func(t *txn, v *Switch) error {
		if !v.On || v.Since == nil {
			since := t.now
			v.Since = &since
		}
		v.On, v.Why, v.By, v.Asked = true, t.by.Reason, t.by.Actor, ""
		return t.gateChanged("closed", "HALTED")
	})
}

// Resume ends a halt once two different people have asked for it. The first
// call returns the switch still on, with Asked set.
func (s *Store) Resume(ctx context.Context, by By) (Switch, error) {
	return s.throw(ctx, by, func(t *txn, v *Switch) error {
		switch {
		case !v.On:
			return one(CodeState, "", "nothing is halted")
		case v.Asked == t.by.Actor:
			return refuse(ErrForbidden, CodeSelfApproval, "you asked already; a second person must agree")
		case v.Asked == "":
			v.Asked = t.by.Actor
			return nil
		}
		v.On, v.Why, v.By, v.Asked, v.Since = false, "", "", "", nil
		return t.gateChanged("open", "RESUMED")
	})
}

func (s *Store) throw(ctx context.Context, by By, f func(*txn, *Switch) error) (v Switch, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		v, err = other[Switch](t, switchID)
		if errors.Is(err, ErrNotFound) {
			v, err = Switch{Meta: Meta{ID: switchID}}, nil
		}
		if err != nil {
			return err
		}
		if err := f(t, &v); err != nil {
			return err
		}
		return store(t, &v)
	})
	return v, err
}

// Halted returns the kill switch; off when it was never thrown.
func (s *Store) Halted(ctx context.Context) (Switch, error) {
	v, err := Get[Switch](ctx, s, switchID)
	if errors.Is(err, ErrNotFound) {
		return Switch{Meta: Meta{ID: switchID}}, nil
	}
	return v, err
}

func (t *txn) gateChanged(state, reasons string) error {
	return t.emit(event.Event{Kind: event.KindGateChange, Detail: map[string]string{"state": state, "reasons": reasons}})
}

// Coverage is which entrances of a zone lack what, and what runs out when.
type Coverage struct {
	Zone      string             `json:"zone"`
	State     policy.ZoneState   `json:"state"`
	Entrances []EntranceCoverage `json:"entrances"`
	RunsOut   []RunsOut          `json:"runs_out" doc:"Soonest first"`
	Reasons   []policy.Reason    `json:"-"`
}
