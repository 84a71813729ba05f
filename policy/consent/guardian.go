package consent

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// Guardian is who acts for a child under 14. No name is kept: the proof is seen
// by an officer and only its hash stays.
type Guardian struct {
	ID       string       `json:"id"`
	Version  int          `json:"version"`
	Enrollee string       `json:"enrollee"`
	Relation string       `json:"relation"` // mother, father, legal_guardian, other
	Method   string       `json:"method"`   // how relation and identity were proved
	Proof    event.Digest `json:"proof"`    // SHA-256 of the document that was seen
	State    string       `json:"state"`    // verified, ended
	Actor    string       `json:"actor"`
	At       time.Time    `json:"at"`
}

// Relations lists what a guardian may be to the child.
func Relations() []string { return []string{"mother", "father", "legal_guardian", "other"} }

// ProofMethods lists how a guardian, or the person to be enrolled, may be
// identified by an officer (B-25).
func ProofMethods() []string {
	return []string{"identity_document", "household_register", "court_document", "member_record", "known_in_person"}
}

// VerifyGuardian records that an officer saw the proof that somebody may act
// for a child.
func (s *Service) VerifyGuardian(ctx context.Context, g Guardian) (Guardian, error) {
	switch {
	case !slices.Contains(Relations(), g.Relation):
		return g, Refuse(Malformed, "RELATION", "relation", "mother, father, legal_guardian or other")
	case !slices.Contains(ProofMethods(), g.Method):
		return g, Refuse(Malformed, "PROOF_METHOD", "method", "say how it was proved")
	case g.Proof.IsZero():
		return g, Refuse(Malformed, "PROOF_MISSING", "proof", "the SHA-256 of the document that was seen")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.cfg.Records.Enrollee(ctx, g.Enrollee)
	if err != nil {
		return g, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	if e.Under14 != policy.Yes {
		return g, Refuse(Unmet, "NOT_UNDER_14", "", "this person acts alone")
	}
	g.ID, g.Version, g.State, g.At = newID(), 1, "verified", s.now()
	if err := s.putGuardian(ctx, g); err != nil {
		return g, err
	}
	e.Version++
	e.Guardian, e.GuardianVerified, e.ChangedAt, e.Reason = g.ID, g.At, g.At, "guardian verified"
	return g, s.cfg.Records.PutEnrollee(ctx, e)
}

// EndGuardian ends a guardian's power: from then on the child is not compared.
func (s *Service) EndGuardian(ctx context.Context, id, actor string) (Guardian, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.guardian(ctx, id)
	if err != nil {
		return g, notFound(err, "GUARDIAN_UNKNOWN", id, "there is no such guardian")
	}
	if g.State == "ended" {
		return g, nil
	}
	e, err := s.cfg.Records.Enrollee(ctx, g.Enrollee)
	if err != nil {
		return g, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	if e.Guardian == g.ID {
		e.Version++
		e.GuardianVerified, e.ChangedAt, e.Reason = time.Time{}, s.now(), "the guardian's power ended"
		if err := s.cfg.Records.PutEnrollee(ctx, e); err != nil {
			return g, err
		}
	}
	g.Version++
	g.State, g.Actor, g.At = "ended", actor, s.now()
	return g, s.putGuardian(ctx, g)
}

func (s *Service) putGuardian(ctx context.Context, g Guardian) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO guardians VALUES (?,?,?,?,?,?,?,?,?)`,
			g.ID, g.Version, g.Enrollee, g.Relation, g.Method, g.Proof[:], g.State, g.Actor, ms(g.At))
		return err
	})
}

func scanGuardian(r interface{ Scan(...any) error }) (g Guardian, err error) {
	var proof []byte
	var at int64
	err = r.Scan(&g.ID, &g.Version, &g.Enrollee, &g.Relation, &g.Method, &proof, &g.State, &g.Actor, &at)
	copy(g.Proof[:], proof)
	g.At = fromMS(at)
	return g, err
}

func (s *Service) guardian(ctx context.Context, id string) (Guardian, error) {
	return scanGuardian(s.cfg.DB.R.QueryRowContext(ctx, `SELECT * FROM guardians WHERE id = ? ORDER BY version DESC LIMIT 1`, id))
}

// Guardians lists a child's guardians, every version of each.
func (s *Service) Guardians(ctx context.Context, enrollee string) ([]Guardian, error) {
	return list(ctx, s.cfg.DB.R, func(r *sql.Rows) (Guardian, error) { return scanGuardian(r) },
		`SELECT * FROM guardians WHERE enrollee = ? ORDER BY id, version`, enrollee)
}

// GuardianChannel is how guardians of children act for a scene: where, and how they are
// checked. A scene that admits children needs one (B-47).
type GuardianChannel struct {
	Scene     string    `json:"scene"`
	Desk      string    `json:"desk"`
	Procedure string    `json:"procedure"`
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
}

// SetGuardianChannel says how guardians act for a scene.
func (s *Service) SetGuardianChannel(ctx context.Context, c GuardianChannel) (GuardianChannel, error) {
	if c.Desk == "" || c.Procedure == "" {
		return c, Refuse(Malformed, "CHANNEL_INCOMPLETE", "", "say where guardians act and how they are checked")
	}
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return c, err
	}
	if _, ok := site.Scene(c.Scene); !ok {
		return c, Refuse(Unknown, "SCENE_UNKNOWN", c.Scene, "there is no such scene here")
	}
	c.At = s.now()
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO guardian_channels VALUES (?,?,?,?,?)
			ON CONFLICT (scene) DO UPDATE SET desk=excluded.desk, procedure=excluded.procedure, actor=excluded.actor, at_ms=excluded.at_ms`,
			c.Scene, c.Desk, c.Procedure, c.Actor, ms(c.At))
		return err
	})
	return c, err
}

// GuardianChannel returns nil when guardians can act for the scene, or when it
// admits no children; else the Refusal GUARDIAN_CHANNEL_MISSING. Whoever enables
// scenes asks here.
func (s *Service) GuardianChannel(ctx context.Context, sc policy.Scene) error {
	if !sc.Children {
		return nil
	}
	var n int
	if err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT count(*) FROM guardian_channels WHERE scene = ?`, sc.ID).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return Refuse(Unmet, "GUARDIAN_CHANNEL_MISSING", sc.ID, "this scene admits children, and there is no desk where guardians act; set one up first")
	}
	return nil
}

// ofAge refuses an act for a child without a guardian who may act, and one for
// somebody of whom nobody knows.
func (s *Service) ofAge(ctx context.Context, site *policy.Site, e policy.Enrollee, guardian string, scenes []string) error {
	switch e.Under14 {
	case policy.No:
		if guardian != "" {
			return Refuse(Malformed, "NOT_UNDER_14", "guardian", "this person acts alone")
		}
		return nil
	case policy.Yes:
	default:
		return Refuse(Malformed, "AGE_UNKNOWN", "", "say whether the person is under 14")
	}
	if err := s.admitsChildren(ctx, site, scenes); err != nil {
		return err
	}
	g, err := s.guardian(ctx, guardian)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || guardian == "" || g.Enrollee != e.ID || g.State != "verified" || e.Guardian != g.ID || e.GuardianVerified.IsZero() {
		return Refuse(Unmet, "GUARDIAN_REQUIRED", "guardian", "a child under 14 needs a guardian, verified by an officer, who acts")
	}
	return nil
}

func (s *Service) admitsChildren(ctx context.Context, site *policy.Site, scenes []string) error {
	for _, id := range scenes {
		sc, _ := site.Scene(id)
		if !sc.Children {
			return Refuse(Unmet, "CHILDREN_NOT_ADMITTED", id, "nobody under 14 is enrolled for this scene")
		}
		if err := s.GuardianChannel(ctx, sc); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) stillOfAge(ctx context.Context, site *policy.Site, c policy.Consent) error {
	e, err := s.cfg.Records.Enrollee(ctx, c.Enrollee)
	if err != nil {
		return notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	return s.ofAge(ctx, site, e, c.Guardian, c.Scenes)
}
