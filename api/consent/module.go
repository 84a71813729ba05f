// Package consent is the HTTP interface of consents: notices, questions, acts,
// receipts, guardians, imports, and enrolment at a kiosk or an officer's desk.
// The rules are package policy/consent's; this package says who may ask, turns
// refusals into problems, and records every look at a person before it answers.
package consent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// Notices keeps the notices; *consent.Service is one, as of the interfaces below.
type Notices interface {
	Notices(ctx context.Context) ([]consent.Notice, error)
	Notice(ctx context.Context, version string) (consent.Notice, error)
	Current(ctx context.Context, scene string) (consent.InForce, error)
	AddNotice(ctx context.Context, author string, d consent.Draft) (consent.Notice, error)
	PublishNotice(ctx context.Context, approver, version string, revision int, effective time.Time) (consent.Notice, error)
}

// Acts takes what people say.
type Acts interface {
	Prompt(ctx context.Context, party, scene string, p []policy.Purpose, c policy.Channel) (consent.Offer, error)
	Decline(ctx context.Context, prompt string, p []policy.Purpose) (consent.OtherWay, error)
	Give(ctx context.Context, g consent.Given) (consent.Outcome, error)
	Confirm(ctx context.Context, id string, e consent.ActEvidence) (policy.Consent, error)
	Renew(ctx context.Context, id, guardian string, e consent.ActEvidence, expires time.Time) (policy.Consent, error)
	Withdraw(ctx context.Context, id, by string) (policy.Consent, error)
	WithdrawAll(ctx context.Context, enrollee, by string) error
}

// Papers is what people, officers and third parties read.
type Papers interface {
	Receipt(ctx context.Context, id string, version uint32) (consent.Issued, error)
	Keys() ([]byte, error)
	ByCode(ctx context.Context, code string) (string, error)
	Messages(ctx context.Context, enrollee string) ([]consent.Message, error)
	MarkRead(ctx context.Context, enrollee, id string) error
}

// Guardians keeps who acts for children.
type Guardians interface {
	VerifyGuardian(ctx context.Context, g consent.Guardian) (consent.Guardian, error)
	EndGuardian(ctx context.Context, id, actor string) (consent.Guardian, error)
	Guardians(ctx context.Context, enrollee string) ([]consent.Guardian, error)
	SetGuardianChannel(ctx context.Context, c consent.GuardianChannel) (consent.GuardianChannel, error)
}

// Office is what officers do with many at once.
type Office interface {
	StartSession(ctx context.Context, r consent.Start) (consent.Session, error)
	Session(ctx context.Context, id string) (consent.Session, error)
	ImportRows(ctx context.Context, actor string, rows []consent.ImportRow) (consent.Import, error)
	Import(ctx context.Context, id string) (consent.Import, error)
	Census(ctx context.Context) (consent.Census, error)
	Filed(ctx context.Context, reference, by string) (consent.FilingTask, error)
}

// Service is all of it.
type Service interface {
	Notices
	Acts
	Papers
	Guardians
	Office
	Overview
}

// Desk takes photographs; match/enrol's is one.
type Desk interface {
	Prove(ctx context.Context, session, name string, p consent.Proof) (consent.Session, error)
	Photo(ctx context.Context, session string, shot consent.Shot) (consent.Taken, error)
}

// Records reads enrollees and consents.
type Records interface {
	Enrollee(ctx context.Context, id string) (policy.Enrollee, error)
	EnrolleeHistory(ctx context.Context, id string) ([]policy.Enrollee, error)
	Consent(ctx context.Context, id string) (policy.Consent, error)
	ConsentHistory(ctx context.Context, id string) ([]policy.Consent, error)
	ConsentsOf(ctx context.Context, enrollee string) ([]policy.Consent, error)
}

// Repeats keeps answers by idempotency key; *consent.DB is one.
type Repeats interface {
	Repeated(ctx context.Context, now int64, actor, key string, request []byte) (*consent.Answer, error)
	Answered(ctx context.Context, actor, key string, a consent.Answer) error
	Unanswered(ctx context.Context, actor, key string) error
}

// Config says what the module works with. Every part is needed but
// SubjectRef and Log.
type Config struct {
	Service Service
	Desk    Desk
	Records Records
	Repeats Repeats
	Access  actor.Recorder
	// Schema is the JSON Schema of receipts.
	Schema []byte
	// SubjectRef gives today's pseudonym of a person in a scene for the access
	// log; nil, or none, and the log counts people instead.
	SubjectRef func(ctx context.Context, enrollee, scene string) (event.Digest, bool)
	// Log is told of faults, which are not shown; nil ignores.
	Log func(ctx context.Context, err error)
	Now func() time.Time // time.Now when nil
}

// Module is this package's routes; it is an api.Module and an api.BodyLimiter.
type Module struct {
	*route.Table
	cfg Config
}

// New returns the module. It fails when a part is missing.
func New(cfg Config) (*Module, error) {
	if cfg.Service == nil || cfg.Desk == nil || cfg.Records == nil || cfg.Repeats == nil || cfg.Access == nil || len(cfg.Schema) == 0 {
		return nil, errors.New("api/consent: service, desk, records, repeats, access log and schema are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = func(context.Context, error) {}
	}
	m := &Module{cfg: cfg}
	m.Table = &route.Table{Tag: "consent", Answer: m.problem, Now: cfg.Now}
	return m, nil
}

// BodyLimits lets photographs and imports in, and nothing else that is large.
func (m *Module) BodyLimits() map[string]int64 {
	return map[string]int64{"/v1/enrolments/": maxPhoto, "/v1/imports": maxImport}
}

const (
	maxPhoto  = 32 << 20
	maxImport = 8 << 20
)

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.Clear()
	m.noticeRoutes(api)
	m.promptRoutes(api)
	m.consentRoutes(api)
	m.enrolmentRoutes(api)
	m.personRoutes(api)
	m.guardianRoutes(api)
	m.officeRoutes(api)
	m.overviewRoutes(api)
}

type output[O any] struct{ Body O }

// add registers an operation whose handler is told who acts.
func add[I, O any](m *Module, api huma.API, o route.Op, f func(ctx context.Context, a actor.Actor, in *I) (O, error)) {
	o.ID = "consent-" + o.ID
	route.Add(m.Table, api, o, func(ctx context.Context, in *I) (*output[O], error) {
		v, err := f(ctx, actor.From(ctx), in)
		return &output[O]{v}, err
	}, func(d *huma.Operation) { d.MaxBodyBytes = maxImport })
}

// Keyed is the header of requests that create something: the same key with the
// same request gets the same answer.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"Random; the same key with the same request creates nothing twice"`
}

func (k Keyed) key() string { return k.Key }

type keyed interface{ key() string }

// create is add for a route that creates something, with idempotency keys. body
// gives what tells two requests apart.
func create[I keyed, O any](m *Module, api huma.API, o route.Op, body func(in *I) any, f func(ctx context.Context, a actor.Actor, in *I) (O, error)) {
	add(m, api, o, func(ctx context.Context, a actor.Actor, in *I) (O, error) {
		key := (*in).key()
		if key == "" {
			return f(ctx, a, in)
		}
		var out O
		req, err := json.Marshal([]any{o.ID, body(in)})
		if err != nil {
			return out, err
		}
		had, err := m.cfg.Repeats.Repeated(ctx, m.cfg.Now().UnixMilli(), a.ID, key, req)
		if err != nil {
			return out, err
		}
		if had != nil {
			return out, json.Unmarshal(had.Body, &out)
		}
		if out, err = f(ctx, a, in); err != nil {
			return out, errors.Join(err, m.cfg.Repeats.Unanswered(context.WithoutCancel(ctx), a.ID, key))
		}
		b, err := json.Marshal(out)
		if err != nil {
			return out, err
		}
		return out, m.cfg.Repeats.Answered(context.WithoutCancel(ctx), a.ID, key, consent.Answer{Status: o.Status, Body: b})
	})
}

var statuses = map[consent.Sort]int{
	consent.Malformed: http.StatusUnprocessableEntity, consent.Forbidden: http.StatusForbidden, consent.Unmet: http.StatusConflict,
	consent.Unknown: http.StatusNotFound, consent.TooSoon: http.StatusTooManyRequests, consent.Broken: http.StatusServiceUnavailable,
}

// problem turns an error into an answer. What is no refusal is told to the log
// and not shown.
func (m *Module) problem(ctx context.Context, err error) error {
	var no *consent.Refusal
	var ready *problem.Problem
	switch {
	case errors.As(err, &no):
		p := problem.New(statuses[no.Sort], no.Code(), no.Reasons[0].Text)
		for _, r := range no.Reasons {
			p.Reasons = append(p.Reasons, problem.Reason{Code: r.Code, Object: r.Object, Text: r.Text})
		}
		if no.Sort != consent.TooSoon {
			return p
		}
		seconds := int((no.After + time.Second - 1) / time.Second)
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(seconds)}})
	case errors.As(err, &ready):
		return ready
	}
	m.cfg.Log(ctx, err)
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}

// own refuses a subject who asks about somebody else, as if there were nobody.
func own(a actor.Actor, enrollee string) error {
	if staff(a) || a.Has(actor.Subject) && a.Enrollee != "" && a.Enrollee == enrollee {
		return nil
	}
	return consent.Refuse(consent.Unknown, "NOT_FOUND", "", "there is no such record here")
}

func staff(a actor.Actor) bool {
	return a.Has(actor.ConsentOfficer, actor.PrivacyOfficer, actor.Kiosk)
}

// seen records a look at people before the answer; without the record there is
// no answer (INV-13).
func (m *Module) seen(ctx context.Context, action, object string, people ...policy.Consent) error {
	r := actor.Read{Action: action, Object: object, Purpose: "service", Query: []byte(action + " " + object)}
	counted := map[string]bool{}
	for _, c := range people {
		if counted[c.Enrollee] {
			continue
		}
		counted[c.Enrollee] = true
		if m.cfg.SubjectRef != nil && len(c.Scenes) > 0 {
			if ref, ok := m.cfg.SubjectRef(ctx, c.Enrollee, c.Scenes[0]); ok {
				r.Subjects = append(r.Subjects, ref)
			}
		}
	}
	r.Count = max(len(counted), 1)
	if err := m.cfg.Access.RecordRead(ctx, r); err != nil {
		m.cfg.Log(ctx, fmt.Errorf("api/consent: access record: %w", err))
		return route.Unrecorded()
	}
	return nil
}
