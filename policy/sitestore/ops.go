package sitestore

import (
	"context"
	"slices"
	"strings"
	"time"
)

// IncidentState is how far an incident has got.
type IncidentState string

// The states of an incident.
const (
	IncidentOpen      IncidentState = "open"
	IncidentContained IncidentState = "contained"
	IncidentReported  IncidentState = "reported"
	IncidentClosed    IncidentState = "closed"
)

// The timers of an incident, from when it was found: contained within an hour,
// reported within four (Incident Reporting Measures 2025, ordinary operators),
// and to the supervisory authority within 72 (GDPR 33).
const (
	TimerContain   = time.Hour
	TimerReport    = 4 * time.Hour
	TimerAuthority = 72 * time.Hour
)

// Incident is one incident, or a drill of one.
type Incident struct {
	Meta
	Class       string           `json:"class" enum:"personal_data_breach,security,availability,misuse,other"`
	Drill       bool             `json:"drill"`
	State       IncidentState    `json:"state" enum:"open,contained,reported,closed"`
	FoundAt     time.Time        `json:"found_at"`
	ContainedAt time.Time        `json:"contained_at,omitzero"`
	ReportedAt  time.Time        `json:"reported_at,omitzero"`
	ClosedAt    time.Time        `json:"closed_at,omitzero"`
	Authority   time.Time        `json:"authority_at,omitzero" doc:"When the authority was told"`
	Reports     []IncidentReport `json:"reports,omitempty"`
	Overdue     []string         `json:"overdue,omitempty" doc:"Timers that ran out: contain_1h, report_4h, authority_72h"`
}

func (*Incident) kind() string { return "incident" }

// IncidentReport is one report made.
type IncidentReport struct {
	To   string    `json:"to" doc:"Whom: authority, people concerned, management"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

var incidentClasses = []string{"personal_data_breach", "security", "availability", "misuse", "other"}

// OpenIncident records that something was found.
func (s *Store) OpenIncident(ctx context.Context, by By, class string, drill bool, found time.Time) (in Incident, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if !slices.Contains(incidentClasses, class) {
			return invalid("class: %q is not one of %v", class, incidentClasses)
		}
		id, err := newID()
		if err != nil {
			return err
		}
		if found.IsZero() {
			found = t.now
		}
		if found.After(t.now) {
			return invalid("found_at: it lies ahead")
		}
		in = Incident{Meta: Meta{ID: id}, Class: class, Drill: drill, State: IncidentOpen, FoundAt: found.UTC().Truncate(time.Millisecond)}
		if err := create(t, &in); err != nil {
			return err
		}
		return t.incidentChanged(in, "", "")
	})
	return in, err
}

// Contain records that an open incident is contained; the reason says how.
func (s *Store) Contain(ctx context.Context, by By, id string) (Incident, error) {
	return s.incident(ctx, by, id, func(in *Incident, now time.Time) error {
		if in.State != IncidentOpen {
			return wrongState("incident", id, string(in.State), string(IncidentContained))
		}
		in.State, in.ContainedAt = IncidentContained, now
		return nil
	})
}

// Report records a report. The first one takes a contained incident on.
func (s *Store) Report(ctx context.Context, by By, id string, r IncidentReport) (Incident, error) {
	return s.incident(ctx, by, id, func(in *Incident, now time.Time) error {
		if in.State != IncidentContained && in.State != IncidentReported {
			return wrongState("incident", id, string(in.State), string(IncidentReported))
		}
		if strings.TrimSpace(r.To) == "" || strings.TrimSpace(r.Text) == "" {
			return invalid("a report says to whom it went and what it said")
		}
		r.At = now
		in.Reports = append(in.Reports, r)
		if in.ReportedAt.IsZero() {
			in.ReportedAt = now
		}
		if r.To == "authority" && in.Authority.IsZero() {
			in.Authority = now
		}
		in.State = IncidentReported
		return nil
	})
}

// CloseIncident ends a reported incident.
func (s *Store) CloseIncident(ctx context.Context, by By, id string) (Incident, error) {
	return s.incident(ctx, by, id, func(in *Incident, now time.Time) error {
		if in.State != IncidentReported {
			return wrongState("incident", id, string(in.State), string(IncidentClosed))
		}
		in.State, in.ClosedAt = IncidentClosed, now
		return nil
	})
}

func (s *Store) incident(ctx context.Context, by By, id string, f func(*Incident, time.Time) error) (in Incident, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if in, err = load[Incident](t, id); err != nil {
			return err
		}
		from := in.State
		if err := f(&in, t.now); err != nil {
			return err
		}
		in.Overdue = in.late(t.now)
		if err := store(t, &in); err != nil {
			return err
		}
		return t.incidentChanged(in, from, "")
	})
	return in, err
}

// late lists the timers that ran out, whether or not the step came afterwards.
func (in *Incident) late(now time.Time) []string {
	var out []string
	for _, x := range []struct {
		name string
		done time.Time
		term time.Duration
		asks bool
	}{
		{"contain_1h", in.ContainedAt, TimerContain, true},
		{"report_4h", in.ReportedAt, TimerReport, true},
		{"authority_72h", in.Authority, TimerAuthority, in.Class == "personal_data_breach"},
	} {
		at := x.done
		if at.IsZero() {
			at = now
		}
		if x.asks && at.Sub(in.FoundAt) > x.term {
			out = append(out, x.name)
		}
	}
	return out
}

// ExitState is how far an exit plan has got.
type ExitState string

// The states of an exit plan.
const (
	ExitPlanned   ExitState = "planned"
	ExitExecuting ExitState = "executing"
	ExitCertified ExitState = "certified"
)

// ExitPlan is how the site is left: four checklists.
type ExitPlan struct {
	Meta
	State        ExitState  `json:"state" enum:"planned,executing,certified"`
	Items        []ExitItem `json:"items"`
	Certificates []string   `json:"certificates,omitempty"`
	Planner      string     `json:"planner"`
	CertifiedBy  string     `json:"certified_by,omitempty"`
}

func (*ExitPlan) kind() string { return "exit_plan" }

// ExitItem is one item of a checklist.
type ExitItem struct {
	ID     string    `json:"id"`
	List   string    `json:"list" enum:"dismantling,network,disposal,alternatives"`
	Text   string    `json:"text"`
	DoneBy string    `json:"done_by,omitempty"`
	DoneAt time.Time `json:"done_at,omitzero"`
	Proof  string    `json:"proof,omitempty"`
}

var exitLists = []string{"dismantling", "network", "disposal", "alternatives"}

func (p *ExitPlan) open() []string {
	var out []string
	for _, i := range p.Items {
		if i.DoneAt.IsZero() {
			out = append(out, i.ID)
		}
	}
	return out
}

// AddExitPlan plans the exit; each of the four checklists needs an item.
func (s *Store) AddExitPlan(ctx context.Context, by By, items []ExitItem) (p ExitPlan, err error) {
	err = s.change(ctx, by, func(t *txn) error {
		id, err := newID()
		if err != nil {
			return err
		}
		seen, lists := map[string]bool{}, map[string]bool{}
		p = ExitPlan{Meta: Meta{ID: id}, State: ExitPlanned, Planner: t.by.Actor}
		for _, i := range items {
			if i.ID == "" || seen[i.ID] || strings.TrimSpace(i.Text) == "" || !slices.Contains(exitLists, i.List) {
				return invalid("items: each has an id of its own, a text, and a list out of %v", exitLists)
			}
			seen[i.ID], lists[i.List] = true, true
			p.Items = append(p.Items, ExitItem{ID: i.ID, List: i.List, Text: i.Text})
		}
		for _, l := range exitLists {
			if !lists[l] {
				return invalid("items: the list %q has none", l)
			}
		}
		return create(t, &p)
	})
	return p, err
}

// ExitDone records that an item is done, with its proof.
func (s *Store) ExitDone(ctx context.Context, by By, id, item, proof string) (p ExitPlan, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if p, err = load[ExitPlan](t, id); err != nil {
			return err
		}
		i := slices.IndexFunc(p.Items, func(x ExitItem) bool { return x.ID == item })
		switch {
		case i < 0:
			return refuse(ErrNotFound, CodeNotFound, "the plan has no item %q", item)
		case p.State == ExitCertified || !p.Items[i].DoneAt.IsZero():
			return one(CodeState, item, "it is done already")
		}
		p.Items[i].DoneBy, p.Items[i].DoneAt, p.Items[i].Proof = t.by.Actor, t.now, proof
		p.State = ExitExecuting
		return store(t, &p)
	})
	return p, err
}

// CertifyExit confirms that all is done; never by the planner.
func (s *Store) CertifyExit(ctx context.Context, by By, id string, certificates []string) (p ExitPlan, err error) {
	err = s.decide(ctx, by, func(t *txn) error {
		if p, err = load[ExitPlan](t, id); err != nil {
			return err
		}
		if p.Planner == t.by.Actor {
			return refuse(ErrForbidden, CodeSelfApproval, "whoever planned the exit cannot certify it")
		}
		if p.State == ExitCertified || len(p.open()) > 0 || len(certificates) == 0 {
			return one("EXIT_PLAN_OPEN", strings.Join(p.open(), ","), "every item must be done, and a certificate named")
		}
		p.State, p.CertifiedBy, p.Certificates = ExitCertified, t.by.Actor, certificates
		return store(t, &p)
	})
	return p, err
}
