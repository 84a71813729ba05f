package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"slices"
	"time"

	"bystander/policy"
)

// The states of a session. What a session waits for follows from its consents.
const (
	SessionOpen     = "open"
	SessionEnrolled = "enrolled"
	SessionEnded    = "ended"
)

// Terms of a session: in person it ends within the hour; one begun online waits
// for the person to come by.
const (
	sessionTerm = time.Hour
	onlineTerm  = 60 * day
)

// Session is one enrolment, or a renewal of one. It holds neither name nor
// picture.
type Session struct {
	ID       string         `json:"id"`
	Enrollee string         `json:"enrollee"`
	State    string         `json:"state"`
	Channel  policy.Channel `json:"channel"`
	Scenes   []string       `json:"scenes"`
	Zones    []string       `json:"zones"`
	// Again tells that the person is enrolled already, and a new template will
	// replace the old one.
	Again bool `json:"again"`
	// Proof is how an officer made sure who this is; there is no score of any
	// risk (B-25).
	Proof     Proof          `json:"proof,omitzero"`
	Photos    map[string]int `json:"photos"` // attempts, by outcome code
	Best      float32        `json:"best_quality"`
	CreatedBy string         `json:"created_by"`
	CreatedAt time.Time      `json:"created_at"`
	ExpiresAt time.Time      `json:"expires_at"`
}

// Proof is how a person was identified before a template was made.
type Proof struct {
	Method   string `json:"method,omitempty"`
	InPerson bool   `json:"in_person,omitempty"`
	// Compared tells that the officer compared a photograph brought along with
	// the person in front of them.
	Compared bool      `json:"photo_compared,omitempty"`
	Officer  string    `json:"officer,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// Start is what begins a session. No name, no picture: those come after the
// consent act (B-07).
type Start struct {
	Channel  policy.Channel
	Scenes   []string
	Zones    []string
	Under14  policy.Tri
	Turns14  time.Time // needed of a child
	Enrollee string    // to enrol again; empty for somebody new
	By       string
}

// Shot is one photograph handed in.
type Shot struct {
	Photo io.Reader // JPEG, PNG or WebP; read once
	// SelfSupplied tells that the person brought it along (data_type 1): nobody
	// saw it taken, so liveness says nothing, and an officer must have compared
	// it with them.
	SelfSupplied bool
	// Keep asks to keep the photograph, which takes an authorisation in writing.
	Keep bool
}

// Taken is what came of a photograph.
type Taken struct {
	Session   Session `json:"session"`
	Outcome   string  `json:"outcome"` // PhotoEnrolled or PhotoWorse
	Quality   Quality `json:"quality"`
	Templates int     `json:"templates"` // made, one a scene
	Kept      bool    `json:"kept"`      // the photograph, under its own authorisation
}

// Quality says how well the face can be compared, each part in 0–1.
type Quality struct {
	Size  float32 `json:"size"`
	Pose  float32 `json:"pose"`
	Sharp float32 `json:"sharp"`
	Light float32 `json:"light"`
}

// StartSession begins an enrolment.
func (s *Service) StartSession(ctx context.Context, r Start) (Session, error) {
	var none Session
	if _, ok := widgets[r.Channel]; !ok {
		return none, Refuse(Malformed, "CHANNEL_UNKNOWN", "channel", "web, kiosk, paper or o2o")
	}
	if err := s.MayEnrol(ctx); err != nil {
		return none, err
	}
	site, _, err := s.scope(ctx, r.Scenes, r.Zones)
	if err != nil {
		return none, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	x := Session{
		ID: newID(), Enrollee: r.Enrollee, State: SessionOpen, Channel: r.Channel, Scenes: r.Scenes, Zones: r.Zones,
		Again: r.Enrollee != "", Photos: map[string]int{}, CreatedBy: r.By, CreatedAt: now, ExpiresAt: now.Add(sessionTerm),
	}
	if r.Channel == policy.ChannelO2O || r.Channel == policy.ChannelWeb {
		x.ExpiresAt = now.Add(onlineTerm)
	}
	if x.Again {
		e, err := s.cfg.Records.Enrollee(ctx, r.Enrollee)
		if err != nil {
			return none, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
		}
		if e.Status != policy.EnrolleeActive {
			return none, Refuse(Unmet, "ENROL_AGAIN", "enrollee", "this enrolment has ended and its keys are destroyed; begin a new one")
		}
	} else if x.Enrollee, err = s.newEnrollee(ctx, site, r); err != nil {
		return none, err
	}
	return x, s.putSession(ctx, x)
}

func (s *Service) newEnrollee(ctx context.Context, site *policy.Site, r Start) (string, error) {
	now := s.now()
	e := policy.Enrollee{ID: newID(), Version: 1, Under14: r.Under14, Status: policy.EnrolleeActive, ChangedAt: now, Reason: "enrolment began"}
	switch r.Under14 {
	case policy.No:
	case policy.Yes:
		if err := s.admitsChildren(ctx, site, r.Scenes); err != nil {
			return "", err
		}
		if !r.Turns14.After(now) || r.Turns14.After(now.AddDate(14, 0, 1)) {
			return "", Refuse(Malformed, "TURNS_14", "turns_14", "say on which day the child turns 14; from then on it decides by itself")
		}
		e.Turns14 = r.Turns14.UTC().Truncate(day)
	default:
		return "", Refuse(Malformed, "AGE_UNKNOWN", "under_14", "say whether the person is under 14")
	}
	return e.ID, s.cfg.Records.PutEnrollee(ctx, e)
}

func (s *Service) putSession(ctx context.Context, x Session) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions VALUES (?,?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body`, x.ID, x.Enrollee, x.State, string(b), ms(x.CreatedAt), ms(x.ExpiresAt))
		return err
	})
}

func scanSession(r interface{ Scan(...any) error }) (x Session, err error) {
	var body string
	if err = r.Scan(&body); err == nil {
		err = json.Unmarshal([]byte(body), &x)
	}
	return x, err
}

// Session returns a session.
func (s *Service) Session(ctx context.Context, id string) (Session, error) {
	x, err := scanSession(s.cfg.DB.R.QueryRowContext(ctx, `SELECT body FROM sessions WHERE id = ?`, id))
	if err != nil {
		return x, notFound(err, "SESSION_UNKNOWN", id, "there is no such enrolment session")
	}
	return x, nil
}

// openSession returns a session that can go on.
func (s *Service) openSession(ctx context.Context, id string) (Session, error) {
	x, err := s.Session(ctx, id)
	if err != nil {
		return x, err
	}
	if x.State == SessionEnded || !x.ExpiresAt.After(s.now()) {
		return x, Refuse(Unmet, "SESSION_OVER", id, "this session has ended; begin a new one")
	}
	return x, nil
}

// Prove records how an officer made sure who the person is. Consent comes
// first.
func (s *Service) Prove(ctx context.Context, id string, p Proof) (Session, error) {
	if !slices.Contains(ProofMethods(), p.Method) {
		return Session{}, Refuse(Malformed, "PROOF_METHOD", "method", "say how the person was identified")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.openSession(ctx, id)
	if err != nil {
		return x, err
	}
	if err := s.agreed(ctx, x); err != nil {
		return x, err
	}
	p.At = s.now()
	x.Proof = p
	return x, s.putSession(ctx, x)
}

// agreed refuses to go on without a consent to be matched that stands for all
// of the session's scenes.
func (s *Service) agreed(ctx context.Context, x Session) error {
	own, err := s.cfg.Records.ConsentsOf(ctx, x.Enrollee)
	if err != nil {
		return err
	}
	for _, scene := range x.Scenes {
		ok := slices.ContainsFunc(own, func(c policy.Consent) bool {
			return c.Purpose == policy.PurposeMatch && c.State == policy.ConsentGiven && c.ExpiresAt.After(s.now()) && slices.Contains(c.Scenes, scene)
		})
		if !ok {
			return Refuse(Unmet, "CONSENT_FIRST", scene, "nothing is taken of anybody before they have agreed; record the act first")
		}
	}
	return nil
}

// Ready returns a session for which a photograph may be taken now: consent
// given, and the person identified. A photograph that the person brought along
// needs an officer who compared it with them (B-40).
func (s *Service) Ready(ctx context.Context, id string, selfSupplied bool) (Session, error) {
	x, err := s.openSession(ctx, id)
	if err != nil {
		return x, err
	}
	if err := s.agreed(ctx, x); err != nil {
		return x, err
	}
	switch {
	case x.Proof.Method == "":
		return x, Refuse(Unmet, "PROOF_FIRST", "", "an officer must first record how the person was identified")
	case selfSupplied && (!x.Proof.InPerson || !x.Proof.Compared):
		return x, Refuse(Unmet, "IN_PERSON_CHECK", "", "a photograph brought along makes a template only after an officer compared it with the person in front of them")
	}
	return x, nil
}

// MayKeepPhoto reports until when the person's photograph may be kept, and the
// consent for it.
func (s *Service) MayKeepPhoto(ctx context.Context, enrollee string) (policy.Consent, error) {
	own, err := s.cfg.Records.ConsentsOf(ctx, enrollee)
	if err != nil {
		return policy.Consent{}, err
	}
	for _, c := range own {
		if c.Purpose == policy.PurposeRawImage && c.State == policy.ConsentGiven && c.Act.Written && c.ExpiresAt.After(s.now()) {
			return c, nil
		}
	}
	return policy.Consent{}, Refuse(Forbidden, "RAW_IMAGE_UNAUTHORISED", "", "the photograph is kept only with a separate authorisation in writing (purpose raw_image)")
}

// Tried counts an attempt at a photograph by its outcome, and notes one that
// was enrolled.
func (s *Service) Tried(ctx context.Context, id, outcome string, quality float32) (Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.Session(ctx, id)
	if err != nil {
		return x, err
	}
	if x.Photos == nil {
		x.Photos = map[string]int{}
	}
	x.Photos[outcome]++
	if outcome == PhotoEnrolled {
		x.State, x.Best = SessionEnrolled, max(x.Best, quality)
	}
	return x, s.putSession(ctx, x)
}

// PhotoEnrolled and PhotoWorse are the outcomes of a photograph that is good
// enough; every other outcome is the code of a refusal.
const (
	PhotoEnrolled = "ENROLLED"
	PhotoWorse    = "NOT_BETTER" // than one of the same session
)

// Replaced adds to the visible history that a new template took the old one's
// place.
func (s *Service) Replaced(ctx context.Context, enrollee, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.cfg.Records.Enrollee(ctx, enrollee)
	if err != nil {
		return err
	}
	e.Version++
	e.ChangedAt, e.Reason = s.now(), reason
	return s.cfg.Records.PutEnrollee(ctx, e)
}

// endSessions ends sessions whose time is over. Somebody of whom there is no
// template then has not been enrolled: nothing of them stays.
func (s *Service) endSessions(ctx context.Context) error {
	over, err := list(ctx, s.cfg.DB.R, func(r *sql.Rows) (Session, error) { return scanSession(r) },
		`SELECT body FROM sessions WHERE state <> ? AND expires_ms <= ?`, SessionEnded, ms(s.now()))
	if err != nil {
		return err
	}
	for _, x := range over {
		if !x.Again && x.State == SessionOpen {
			if err := s.abandon(ctx, x.Enrollee); err != nil {
				return err
			}
		}
		x.State = SessionEnded
		if err := s.putSession(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) abandon(ctx context.Context, enrollee string) error {
	e, err := s.cfg.Records.Enrollee(ctx, enrollee)
	if err != nil || e.Status != policy.EnrolleeActive {
		return notFoundIsFine(err)
	}
	has, err := s.cfg.Keeper.HasTemplate(ctx, enrollee)
	if err != nil || has {
		return err
	}
	return s.cancel(ctx, e, "the enrolment was not finished")
}
