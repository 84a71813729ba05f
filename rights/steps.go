package rights

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Decision is who takes a step, when, and why.
type Decision struct {
	By     string // account, or "system"
	At     time.Time
	Reason string
}

// to returns the next version of r in another state.
func (r Request) to(s State, d Decision) (Request, error) {
	if !r.State.CanBecome(s) {
		return r, refuse(ErrState, CodeState, "the request is %s and cannot become %s", r.State, s)
	}
	r.State = s
	return r.stamp(d), nil
}

func (r Request) stamp(d Decision) Request {
	r.Version++
	r.ChangedAt, r.ChangedBy, r.Reason = d.At.UTC(), d.By, d.Reason
	return r
}

// Verify records that somebody has shown who they are: the enrollee of that id.
// An empty id says that the person is not known here, which is an answer to give
// only to the person themselves.
func (r Request) Verify(enrollee string, m Method, d Decision) (Request, error) {
	if !slices.Contains([]Method{InPerson, ByCode, ByKin}, m) {
		return r, field("verified_by", "should be in_person, receipt or kin_proof")
	}
	if (r.Type == DeceasedKin) != (m == ByKin) {
		return r, field("verified_by", "kin_proof is for the next of kin of somebody who died, and for nobody else")
	}
	if !r.VerifiedAt.IsZero() {
		return r, refuse(ErrState, CodeState, "the person has been verified already")
	}
	out, err := r.to(Verified, d)
	if err != nil {
		return r, err
	}
	out.Enrollee, out.Method, out.VerifiedAt = enrollee, m, d.At.UTC()
	return out, nil
}

// Begin starts the work. Nothing is done for somebody unverified.
func (r Request) Begin(d Decision) (Request, error) {
	if r.VerifiedAt.IsZero() {
		return r, refuse(ErrUnverified, CodeUnverified, "who asks has not been verified yet")
	}
	return r.to(InProgress, d)
}

// Extend moves the deadline, once, for a reason that the person is told.
func (r Request) Extend(until time.Time, t Term, d Decision) (Request, error) {
	switch {
	case !r.State.Open():
		return r, refuse(ErrState, CodeState, "the request is %s", r.State)
	case r.Extended != "":
		return r, refuse(ErrState, CodeExtended, "the deadline was extended already, and only once is allowed")
	case strings.TrimSpace(d.Reason) == "":
		return r, field("reason", "say why more time is needed; the person is told")
	case !until.After(r.Deadline):
		return r, field("deadline", "the new deadline should lie after %s", r.Deadline.Format(time.RFC3339))
	case until.After(t.Latest(r.Deadline)):
		return r, refuse(ErrInvalid, CodeTerm, "the deadline may be moved to %s at the latest", t.Latest(r.Deadline).Format(time.RFC3339))
	case d.At.After(r.Deadline):
		return r, refuse(ErrState, CodeState, "the deadline has passed; an extension comes too late")
	}
	r.Deadline, r.Extended = until.UTC(), d.Reason
	return r.stamp(d), nil
}

// Refusing is a refusal in full: ground, words for the person, and where they
// can turn.
type Refusing struct {
	Ground   Ground
	Text     string
	Appeal   string
	Evidence string // with IMPRACTICAL: the certificate of key destruction
}

// Refuse ends the request with a coded ground (B-17). An appeal is decided by
// somebody else than the refusal.
func (r Request) Refuse(f Refusing, d Decision) (Request, error) {
	switch {
	case !slices.Contains(Grounds(), f.Ground):
		return r, refuse(ErrInvalid, CodeGround, "a refusal needs a ground: %v", Grounds())
	case strings.TrimSpace(f.Text) == "":
		return r, field("text", "say in words why; the person is told")
	case strings.TrimSpace(f.Appeal) == "":
		return r, field("appeal", "name where the person can appeal")
	case f.Ground == Impractical && strings.TrimSpace(f.Evidence) == "":
		return r, refuse(ErrInvalid, CodeEvidence, "a refusal because of backups needs the certificate that the keys of what lies in them were destroyed")
	case f.Ground == Unidentified && r.State != Received:
		return r, refuse(ErrState, CodeState, "the person was verified; %s is no ground any more", Unidentified)
	case r.State == Appealed && d.By == r.ChangedBy:
		return r, refuse(ErrForbidden, CodeSameDecide, "an appeal is decided by somebody else than who refused")
	}
	out, err := r.to(Refused, d)
	if err != nil {
		return r, err
	}
	out.Ground, out.Outcome, out.Appeal, out.Evidence = f.Ground, f.Text, f.Appeal, f.Evidence
	return out, nil
}

// AppealTo takes a refusal up again. The deadline starts anew.
func (r Request) AppealTo(text string, t Term, d Decision) (Request, error) {
	out, err := r.to(Appealed, d)
	if err != nil {
		return r, err
	}
	if strings.TrimSpace(text) == "" {
		return r, field("text", "say what is wrong with the refusal")
	}
	// Who refused is remembered, so that somebody else decides.
	out.ChangedBy = r.ChangedBy
	out.Text, out.Deadline, out.Extended = text, t.Due(d.At), ""
	return out, nil
}

// Fulfil ends the request as served. Every task must be settled, and what
// weighs on a person's rights needs a person's decision.
func (r Request) Fulfil(outcome string, tasks []Task, d Decision) (Request, error) {
	if strings.TrimSpace(outcome) == "" {
		return r, field("outcome", "say in words what was done; the person is told")
	}
	if r.Type == RefuseAutomated && d.By == system {
		return r, refuse(ErrForbidden, CodeNoReview, "this takes a person's decision")
	}
	var open []string
	for _, t := range tasks {
		if !t.Settled() {
			open = append(open, t.Connector)
		}
	}
	if len(open) > 0 {
		slices.Sort(open)
		f := refuse(ErrOpenTasks, CodeOpenTasks, "still open: %s; each must acknowledge, or have a reasoned exception", strings.Join(open, ", "))
		f.Open = open
		return r, f
	}
	out, err := r.to(Fulfilled, d)
	if err != nil {
		return r, err
	}
	out.Outcome = outcome
	return out, nil
}

// maxWords bounds what a person writes, in bytes.
const maxWords = 4000

// system is who acts where no person does.
const system = "system"

// checkText bounds what comes from outside.
func checkText(name, text string, most int) error {
	switch {
	case len(text) > most:
		return field(name, "should be at most %d bytes", most)
	case !utf8.ValidString(text), strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' }):
		return field(name, "should be plain text")
	}
	return nil
}
