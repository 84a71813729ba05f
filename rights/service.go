package rights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
)

// House does within the house what a request asks for. internal/app implements
// it over consents, templates, names and the log. Each call may be repeated:
// what is done already stays done.
type House interface {
	// Known reports whether anything is held here under that id.
	Known(ctx context.Context, enrollee string) (bool, error)
	// Withdraw ends the person's consents, those of the purposes named or all.
	Withdraw(ctx context.Context, enrollee, reason string) error
	// Restrict and Object stop comparison; the data stay.
	Restrict(ctx context.Context, enrollee, reason string) error
	Object(ctx context.Context, enrollee, reason string) error
	// Erase destroys everything about the person in the house and returns the
	// id of the certificate that says what.
	Erase(ctx context.Context, enrollee, request string) (certificate string, err error)
}

// Sealer keeps the contact of who asks unreadable without its key; a Tink AEAD.
type Sealer interface {
	Encrypt(plaintext, associated []byte) ([]byte, error)
	Decrypt(ciphertext, associated []byte) ([]byte, error)
}

// Config is what a service needs.
type Config struct {
	DB         *DB
	House      House
	Connectors []Connector
	Sealer     Sealer
	// Profile is the jurisdiction's name, for deadlines.
	Profile func() string
	Emit    func(event.Event)
	Now     func() time.Time
	// OnTrouble is told at each turn how things stand that a person should know:
	// tasks that fail, requests that are late or were not acknowledged within
	// their time; nil when that is over.
	OnTrouble func(what string, err error)
}

// Service takes requests through their life. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns a service. Database, house and sealer are needed.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.House == nil || cfg.Sealer == nil || cfg.Profile == nil {
		return nil, errors.New("rights: database, house, sealer and profile are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Emit == nil {
		cfg.Emit = func(event.Event) {}
	}
	if cfg.OnTrouble == nil {
		cfg.OnTrouble = func(string, error) {}
	}
	names := map[string]bool{}
	for _, c := range cfg.Connectors {
		if c.Name() == "" || names[c.Name()] {
			return nil, fmt.Errorf("rights: connector %q: names must be given, each once", c.Name())
		}
		names[c.Name()] = true
	}
	return &Service{cfg}, nil
}

// Submission is what somebody asks for, known here or not.
type Submission struct {
	Type     Type
	Text     string // in their words, up to 4,000 bytes
	Language string // en or zh-CN
	Contact  string // where the answer goes: e-mail, telephone, address
}

// Receipt is what everybody gets who asks, whoever they are.
type Receipt struct {
	RequestID string    `json:"request_id"`
	Received  time.Time `json:"received"`
	Deadline  time.Time `json:"deadline"`
}

// Submit takes a request. Nothing is looked up, so that the answer, and the time
// that it takes, tell nobody who is known here.
func (s *Service) Submit(ctx context.Context, in Submission) (Receipt, error) {
	if err := in.check(); err != nil {
		return Receipt{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Receipt{}, fmt.Errorf("rights: %w", err)
	}
	now := s.cfg.Now().UTC().Truncate(time.Millisecond)
	r := Request{
		ID: id.String(), Version: 1, Type: in.Type, State: Received, Text: in.Text, Language: in.Language,
		Received: now, Deadline: TermOf(s.cfg.Profile()).Due(now), ChangedAt: now, ChangedBy: "person",
	}
	sealed, err := s.cfg.Sealer.Encrypt([]byte(in.Contact), []byte(r.ID))
	if err != nil {
		return Receipt{}, fmt.Errorf("rights: %w", err)
	}
	if err := s.cfg.DB.putFirst(ctx, r, sealed); err != nil {
		return Receipt{}, err
	}
	s.tell("", r)
	return Receipt{r.ID, r.Received, r.Deadline}, nil
}

func (in Submission) check() error {
	known := false
	for _, t := range Types() {
		known = known || t == in.Type
	}
	switch {
	case !known:
		return field("type", "should be one of %v", Types())
	case in.Language != "en" && in.Language != "zh-CN":
		return field("language", "should be en or zh-CN")
	case strings.TrimSpace(in.Contact) == "":
		return field("contact", "say where the answer should go")
	}
	return errors.Join(checkText("text", in.Text, maxWords), checkText("contact", in.Contact, 400))
}

// Contact opens the address of who asked. It is a read about a person, to be
// recorded by the caller first.
func (s *Service) Contact(ctx context.Context, id string) (string, error) {
	sealed, err := s.cfg.DB.contact(ctx, id)
	if err != nil {
		return "", err
	}
	b, err := s.cfg.Sealer.Decrypt(sealed, []byte(id))
	if err != nil {
		return "", fmt.Errorf("rights: contact of %s cannot be opened: %w", id, err)
	}
	return string(b), nil
}

// step reads a request, changes it, and stores the next version.
func (s *Service) step(ctx context.Context, id string, change func(Request) (Request, []Task, error)) (Request, error) {
	was, err := s.cfg.DB.Get(ctx, id)
	if err != nil {
		return was, err
	}
	is, tasks, err := change(was)
	if err != nil {
		return was, err
	}
	if err := s.cfg.DB.put(ctx, is, tasks...); err != nil {
		return was, err
	}
	s.tell(was.State, is)
	return is, nil
}

func (s *Service) decision(by, reason string) Decision {
	return Decision{By: by, At: s.cfg.Now().UTC().Truncate(time.Millisecond), Reason: reason}
}

// Acknowledge records that the person was told of the receipt.
func (s *Service) Acknowledge(ctx context.Context, id, by string) (Request, error) {
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		if r.Acknowledged.IsZero() {
			r.Acknowledged = s.cfg.Now().UTC().Truncate(time.Millisecond)
		}
		return r.stamp(s.decision(by, "acknowledged")), nil, nil
	})
}

// Verify records who asks; see Request.Verify.
func (s *Service) Verify(ctx context.Context, id, enrollee string, m Method, by, reason string) (Request, error) {
	if enrollee != "" {
		known, err := s.cfg.House.Known(ctx, enrollee)
		if err != nil {
			return Request{}, err
		}
		if !known {
			return Request{}, field("enrollee", "nobody is enrolled here under that id; leave it empty for somebody who is not")
		}
	}
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.Verify(enrollee, m, s.decision(by, reason))
		return out, nil, err
	})
}

// Begin starts the work: at once what stops processing, then the tasks of the
// connectors. Erasure itself comes last, in Fulfil, when all have acknowledged.
func (s *Service) Begin(ctx context.Context, id, by string) (Request, error) {
	r, err := s.cfg.DB.Get(ctx, id)
	if err != nil {
		return r, err
	}
	if _, err := r.Begin(s.decision(by, "")); err != nil {
		return r, err
	}
	if err := s.stop(ctx, r); err != nil {
		return r, err
	}
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.Begin(s.decision(by, "begun"))
		if err != nil || !r.Type.spreads() || r.Enrollee == "" {
			return out, nil, err
		}
		tasks, err := s.tasksFor(out)
		return out, tasks, err
	})
}

// stop does at once what must not wait for others.
func (s *Service) stop(ctx context.Context, r Request) error {
	if r.Enrollee == "" {
		return nil
	}
	why := "request " + r.ID
	switch r.Type {
	case Withdraw, Erase, CancelAccount, DeceasedKin:
		return s.cfg.House.Withdraw(ctx, r.Enrollee, why)
	case Restrict:
		return s.cfg.House.Restrict(ctx, r.Enrollee, why)
	case Object, RefuseAutomated:
		return s.cfg.House.Object(ctx, r.Enrollee, why)
	}
	return nil
}

func (s *Service) tasksFor(r Request) ([]Task, error) {
	var tasks []Task
	for _, c := range s.cfg.Connectors {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("rights: %w", err)
		}
		tasks = append(tasks, Task{
			ID: id.String(), Request: r.ID, Connector: c.Name(), Action: r.Type, Due: r.Deadline, NextTry: r.ChangedAt,
		})
	}
	return tasks, nil
}

// Fulfil ends a request as served. An erasure is carried out here, and nowhere
// before every connector has acknowledged.
func (s *Service) Fulfil(ctx context.Context, id, outcome, by string) (Request, error) {
	r, err := s.cfg.DB.Get(ctx, id)
	if err != nil {
		return r, err
	}
	tasks, err := s.cfg.DB.Tasks(ctx, id)
	if err != nil {
		return r, err
	}
	if _, err := r.Fulfil(outcome, tasks, s.decision(by, "")); err != nil {
		return r, err
	}
	enrollee := r.Enrollee
	if r.Type.erases() && enrollee != "" {
		certificate, err := s.cfg.House.Erase(ctx, enrollee, id)
		if err != nil {
			return r, fmt.Errorf("rights: erasure: %w", err)
		}
		outcome += "\nCertificate of destruction: " + certificate
	}
	done, err := s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.Fulfil(outcome, tasks, s.decision(by, "fulfilled"))
		return out, nil, err
	})
	if err == nil && done.Type.erases() && enrollee != "" {
		_, err = s.cfg.DB.Forget(ctx, enrollee)
	}
	return done, err
}

// Extend moves the deadline, once; see Request.Extend.
func (s *Service) Extend(ctx context.Context, id string, until time.Time, reason, by string) (Request, error) {
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.Extend(until, TermOf(s.cfg.Profile()), s.decision(by, reason))
		return out, nil, err
	})
}

// Refuse ends a request with a coded ground.
func (s *Service) Refuse(ctx context.Context, id string, f Refusing, by string) (Request, error) {
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.Refuse(f, s.decision(by, string(f.Ground)))
		return out, nil, err
	})
}

// Appeal takes a refusal up again.
func (s *Service) Appeal(ctx context.Context, id, text, by string) (Request, error) {
	if err := checkText("text", text, maxWords); err != nil {
		return Request{}, err
	}
	return s.step(ctx, id, func(r Request) (Request, []Task, error) {
		out, err := r.AppealTo(text, TermOf(s.cfg.Profile()), s.decision(by, "appeal"))
		return out, nil, err
	})
}

// AcknowledgeTask records that another system has done its part.
func (s *Service) AcknowledgeTask(ctx context.Context, id, by string) (Task, error) {
	t, err := s.cfg.DB.task(ctx, id)
	if err != nil {
		return t, err
	}
	now := s.cfg.Now()
	t = t.Acknowledge(by, now)
	return t, s.cfg.DB.putTasks(ctx, now, t)
}

// ExceptTask records why another system cannot.
func (s *Service) ExceptTask(ctx context.Context, id, reason, by string) (Task, error) {
	t, err := s.cfg.DB.task(ctx, id)
	if err != nil {
		return t, err
	}
	if t, err = t.Except(reason, by); err != nil {
		return t, err
	}
	return t, s.cfg.DB.putTasks(ctx, s.cfg.Now(), t)
}

// tell puts a change into the log: the request's id, never who it is about.
func (s *Service) tell(from State, r Request) {
	late := "no"
	if r.Late(s.cfg.Now()) {
		late = "yes"
	}
	s.cfg.Emit(event.Event{Kind: event.KindRightsChange, TS: r.ChangedAt, ReviewerRef: event.ActorRef(r.ChangedBy), Detail: map[string]string{
		"request": r.ID, "type": string(r.Type), "state": string(r.State), "from": string(from),
		"deadline": r.Deadline.Format(time.RFC3339), "outcome": string(r.Ground), "late": late,
	}})
}
