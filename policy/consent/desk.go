package consent

import (
	"context"
	"crypto/rand"
	"database/sql"
	"slices"
	"time"

	"bystander/policy"
)

// House is where people can be asked, as a desk, a kiosk or a page needs it
// before anybody has said anything. All of it is public.
type House struct {
	Controller string  `json:"controller"`
	Contact    string  `json:"contact"`
	Profile    string  `json:"profile"`
	Sample     bool    `json:"sample,omitempty"`
	Places     []Place `json:"places"`
}

// Place is one scene with the zones that a consent can name.
type Place struct {
	Scene   string              `json:"scene"`
	Purpose policy.ScenePurpose `json:"purpose"`
	Mode    policy.Mode         `json:"mode"`
	// Notice is the version in force; empty, and nobody can be asked yet.
	Notice string `json:"notice,omitempty"`
	// Children tells that people under 14 may be enrolled, with a guardian;
	// Guardian says where that guardian acts.
	Children bool             `json:"children"`
	Guardian *GuardianChannel `json:"guardian,omitempty"`
	// Written tells that even a match takes a release in writing here.
	Written bool        `json:"written"`
	Records bool        `json:"records"`
	Zones   []WayOfZone `json:"zones"`
}

// House lists the scenes that are not retired, with their recognition zones.
func (s *Service) House(ctx context.Context) (House, error) {
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return House{}, err
	}
	profile, _ := policy.ProfileByName(site.Profile)
	h := House{Controller: site.Controller.Name, Contact: site.Controller.Contact, Profile: site.Profile, Sample: site.Sample, Places: []Place{}}
	for _, sc := range site.Scenes {
		if sc.State == policy.SceneRetired {
			continue
		}
		p := Place{
			Scene: sc.ID, Purpose: sc.Purpose, Mode: sc.Mode, Children: sc.Children, Written: profile.MatchInWriting, Records: sc.Records,
			Zones: alternative(site, sc.ID).Zones,
		}
		n, ok, err := s.inForce(ctx, site, sc.ID)
		if err != nil {
			return House{}, err
		}
		if ok {
			p.Notice = n.Version
		}
		if p.Guardian, err = s.guardianDesk(ctx, sc); err != nil {
			return House{}, err
		}
		h.Places = append(h.Places, p)
	}
	return h, nil
}

// guardianDesk is where guardians act for a scene; nil where there is no such
// desk, or no need of one. Who set it up is nobody's business here.
func (s *Service) guardianDesk(ctx context.Context, sc policy.Scene) (*GuardianChannel, error) {
	if !sc.Children {
		return nil, nil
	}
	all, err := list(ctx, s.cfg.DB.R, func(r *sql.Rows) (c GuardianChannel, err error) {
		var at int64
		err = r.Scan(&c.Scene, &c.Desk, &c.Procedure, &at)
		c.At = fromMS(at)
		return c, err
	}, `SELECT scene, desk, procedure, at_ms FROM guardian_channels WHERE scene = ?`, sc.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// OpenSessions lists the enrolments that are under way, the newest first.
func (s *Service) OpenSessions(ctx context.Context) ([]Session, error) {
	return list(ctx, s.cfg.DB.R, func(r *sql.Rows) (Session, error) { return scanSession(r) },
		`SELECT body FROM sessions WHERE state <> ? AND expires_ms > ? ORDER BY created_ms DESC, id DESC LIMIT 500`, SessionEnded, ms(s.now()))
}

// Due lists the consents for which somebody has something to do: those to be
// confirmed again, online ones that wait for their second act, and those that
// run out within a month. The first to end comes first.
func (s *Service) Due(ctx context.Context) ([]policy.Consent, error) {
	all, err := s.cfg.Records.Consents(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	due := slices.DeleteFunc(all, func(c policy.Consent) bool {
		switch c.State {
		case policy.ConsentReconfirm, policy.ConsentPending:
			return false
		case policy.ConsentGiven:
			return c.ExpiresAt.Sub(now) > expiringSoon
		}
		return true
	})
	slices.SortStableFunc(due, func(a, b policy.Consent) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return due, nil
}

// ReceiptCode lets a person at their own page, and shows their consents at a
// kiosk. It is told once.
type ReceiptCode struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewReceiptCode makes the code that stands on a person's receipt. It holds as
// long as the last of their consents, and 30 days at least; the codes that they
// had before hold no longer, so that a lost receipt is made worthless by a new
// one.
func (s *Service) NewReceiptCode(ctx context.Context, enrollee string) (ReceiptCode, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.cfg.Records.Enrollee(ctx, enrollee); err != nil {
		return ReceiptCode{}, notFound(err, "ENROLLEE_UNKNOWN", "enrollee", "there is no such person here")
	}
	own, err := s.cfg.Records.ConsentsOf(ctx, enrollee)
	if err != nil {
		return ReceiptCode{}, err
	}
	until := s.now().Add(codeTerm)
	for _, c := range own {
		if !c.State.Terminal() && c.ExpiresAt.After(until) {
			until = c.ExpiresAt
		}
	}
	r := ReceiptCode{Code: freshCode(), ExpiresAt: until.UTC().Truncate(time.Millisecond)}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM codes WHERE enrollee = ?`, enrollee); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO codes VALUES (?,?,?)`, codeHash(r.Code), enrollee, ms(r.ExpiresAt))
		return err
	})
	return r, err
}

func freshCode() string {
	b := make([]byte, 10) // 80 bits: not to be guessed, short enough to type
	_, _ = rand.Read(b)   // never fails; it ends the program instead
	return codeLetters.EncodeToString(b)
}
