package consent

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"slices"
	"strings"
	"time"

	"bystander/policy"
)

// Offer is what a page shows before anybody has said anything: the notice, the
// purposes each with its own control, none of them chosen, and the other way.
type Offer struct {
	Prompt      string   `json:"prompt"`
	Scene       string   `json:"scene"`
	Notice      InForce  `json:"notice"`
	Choices     []Choice `json:"choices"`
	Alternative OtherWay `json:"alternative"`
}

// Choice is one control of an offer. Agree and disagree look alike: there is
// one style for both.
type Choice struct {
	Purpose policy.Purpose `json:"purpose"`
	// Selected is always false: nothing is chosen for anybody (B-12).
	Selected bool `json:"selected"`
	// Required is always false: whoever declines passes by the alternative.
	Required bool `json:"required"`
	// Written tells that this purpose takes a release in writing.
	Written bool     `json:"written"`
	Widgets []string `json:"widgets"`
	Style   string   `json:"style"` // of both answers
}

// OtherWay is the way through without recognition, by zone.
type OtherWay struct {
	EqualService bool        `json:"equal_service"`
	Zones        []WayOfZone `json:"zones"`
}

// WayOfZone is one zone's other way.
type WayOfZone struct {
	Zone        string `json:"zone"`
	Kind        string `json:"kind"`
	Description string `json:"description"`
}

func partyHash(party string) []byte {
	h := sha256.Sum256([]byte("bystander consent party v1\x00" + party))
	return h[:]
}

// Prompt asks whether somebody may be asked now, and makes the offer. Party is
// the enrollee's id, or what a page keeps for a visitor who has none; only its
// hash is stored. Within the interval after a refusal it fails with TooSoon
//
func (s *Service) Prompt(ctx context.Context, party, scene string, purposes []policy.Purpose, channel policy.Channel) (Offer, error) {
	var o Offer
	if len(strings.TrimSpace(party)) < 8 || len(party) > 128 {
		return o, Refuse(Malformed, "PARTY", "party", "say who is asked: an enrollee's id, or a random value of 8 to 128 bytes that the page keeps")
	}
	if len(purposes) == 0 {
		purposes = policy.Purposes()
	}
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return o, err
	}
	if _, ok := site.Scene(scene); !ok {
		return o, Refuse(Unknown, "SCENE_UNKNOWN", scene, "there is no such scene here")
	}
	n, ok, err := s.inForce(ctx, site, scene)
	if err != nil {
		return o, err
	}
	if !ok {
		return o, Refuse(Unmet, "NOTICE_MISSING", scene, "no notice is in force for this scene; publish one first")
	}
	if o.Choices, err = choices(site, purposes, channel); err != nil {
		return o, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mayAsk(ctx, party, scene, purposes); err != nil {
		return o, err
	}
	o.Prompt, o.Scene, o.Notice, o.Alternative = newID(), scene, n, alternative(site, scene)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i, p := range purposes {
			id := o.Prompt
			if i > 0 {
				id = newID()
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO prompts VALUES (?,?,?,?,?,NULL)`, id, partyHash(party), scene, string(p), ms(s.now())); err != nil {
				return err
			}
		}
		return nil
	})
	return o, err
}

func choices(site *policy.Site, purposes []policy.Purpose, channel policy.Channel) ([]Choice, error) {
	if _, ok := widgets[channel]; !ok {
		return nil, Refuse(Malformed, "CHANNEL_UNKNOWN", "channel", "web, kiosk, paper or o2o")
	}
	profile, _ := policy.ProfileByName(site.Profile)
	var out []Choice
	for _, p := range purposes {
		if _, err := policy.ParsePurpose(string(p)); err != nil {
			return nil, Refuse(Malformed, "PURPOSE_UNKNOWN", "purposes", "match, appear_live, appear_recorded or raw_image")
		}
		written := p == policy.PurposeRawImage || p == policy.PurposeAppearRecorded || p == policy.PurposeMatch && profile.MatchInWriting
		out = append(out, Choice{Purpose: p, Written: written, Widgets: Widgets(channel), Style: "plain"})
	}
	return out, nil
}

func alternative(site *policy.Site, scene string) OtherWay {
	a := OtherWay{EqualService: true, Zones: []WayOfZone{}}
	for _, z := range site.Zones {
		if z.Scene == scene && z.Kind == policy.ZoneRecognition && z.State != policy.ZoneRetired {
			a.Zones = append(a.Zones, WayOfZone{z.ID, z.Alternative.Kind, z.Alternative.Description})
		}
	}
	return a
}

// mayAsk refuses a question that was answered with no a short while ago.
func (s *Service) mayAsk(ctx context.Context, party, scene string, purposes []policy.Purpose) error {
	type refused struct {
		purpose string
		at      int64
	}
	last, err := list(ctx, s.cfg.DB.R, func(r *sql.Rows) (x refused, err error) {
		err = r.Scan(&x.purpose, &x.at)
		return x, err
	}, `SELECT purpose, max(declined_ms) FROM prompts WHERE party = ? AND scene = ? AND declined_ms IS NOT NULL GROUP BY purpose`, partyHash(party), scene)
	if err != nil {
		return err
	}
	var wait time.Duration
	for _, x := range last {
		if slices.Contains(purposes, policy.Purpose(x.purpose)) {
			wait = max(wait, fromMS(x.at).Add(s.cfg.RePrompt).Sub(s.now()))
		}
	}
	if wait > 0 {
		r := Refuse(TooSoon, "ASKED_ALREADY", scene, "this was declined, and is not asked again so soon; the person may come forward at any time")
		r.After = wait
		return r
	}
	return nil
}

// Decline records a refusal, for as many of the purposes as are named (all of
// the prompt's when none is), and returns the other way through, with the same
// service.
func (s *Service) Decline(ctx context.Context, prompt string, purposes []policy.Purpose) (OtherWay, error) {
	var a OtherWay
	var party []byte
	var scene string
	var at int64
	err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT party, scene, at_ms FROM prompts WHERE id = ?`, prompt).Scan(&party, &scene, &at)
	if err != nil {
		return a, notFound(err, "PROMPT_UNKNOWN", prompt, "there is no such question")
	}
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return a, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		asked, err := s.asked(ctx, tx, party, scene, at)
		if err != nil {
			return err
		}
		for _, p := range asked {
			if len(purposes) > 0 && !slices.Contains(purposes, p) {
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE prompts SET declined_ms = coalesce(declined_ms, ?)
				WHERE party = ? AND scene = ? AND at_ms = ? AND purpose = ?`, ms(s.now()), party, scene, at, string(p)); err != nil {
				return err
			}
		}
		return nil
	})
	return alternative(site, scene), err
}

func (s *Service) asked(ctx context.Context, tx *sql.Tx, party []byte, scene string, at int64) (out []policy.Purpose, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT purpose FROM prompts WHERE party = ? AND scene = ? AND at_ms = ?`, party, scene, at)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p policy.Purpose
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
