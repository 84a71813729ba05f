package consent

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/consent"
)

var (
	askers    = []actor.Role{actor.Kiosk, actor.ConsentOfficer, actor.Subject}
	desks     = []actor.Role{actor.Kiosk, actor.ConsentOfficer}
	officers  = []actor.Role{actor.ConsentOfficer}
	withdraws = []actor.Role{actor.Kiosk, actor.ConsentOfficer, actor.PrivacyOfficer, actor.Subject}
	looks     = []actor.Role{actor.Kiosk, actor.ConsentOfficer, actor.PrivacyOfficer, actor.Subject}
)

// mayUse says by which way each role records acts: a kiosk cannot report a
// sheet of paper, nor a person at home an act at a desk.
func mayUse(a actor.Actor, c policy.Channel) error {
	var allowed []policy.Channel
	if a.Has(actor.Kiosk) {
		allowed = append(allowed, policy.ChannelKiosk)
	}
	if a.Has(actor.ConsentOfficer) {
		allowed = append(allowed, policy.ChannelKiosk, policy.ChannelPaper, policy.ChannelO2O)
	}
	if a.Has(actor.Subject) {
		allowed = append(allowed, policy.ChannelWeb, policy.ChannelO2O)
	}
	if slices.Contains(allowed, c) {
		return nil
	}
	return consent.Refuse(consent.Forbidden, "CHANNEL_ROLE", string(c), "your account does not record acts of this channel")
}

type promptBody struct {
	Keyed
	Body struct {
		Party    string         `json:"party" minLength:"8" maxLength:"128" doc:"An enrollee's id, or a random value that the page keeps; only its hash is stored"`
		Scene    string         `json:"scene" maxLength:"64"`
		Purposes []string       `json:"purposes,omitempty" maxItems:"4" doc:"Without: match, appear_live, appear_recorded"`
		Channel  policy.Channel `json:"channel" enum:"web,kiosk,paper,o2o"`
	}
}

type declineBody struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Purposes []string `json:"purposes,omitempty" maxItems:"4" doc:"Without: all that were asked for"`
	}
}

func (m *Module) promptRoutes(api huma.API) {
	s := m.cfg.Service
	create(m, api, route.New("prompt", "POST", "/v1/prompts", "May this person be asked now, and with what? 429 within the interval after a refusal", askers, 201),
		func(in *promptBody) any { return in.Body },
		func(ctx context.Context, a actor.Actor, in *promptBody) (Offer, error) {
			if !staff(a) && in.Body.Party != a.Enrollee {
				return Offer{}, own(a, in.Body.Party)
			}
			o, err := s.Prompt(ctx, in.Body.Party, in.Body.Scene, purposes(in.Body.Purposes), in.Body.Channel)
			return Offer{o.Prompt, o.Scene, currentOf(o.Notice), o.Choices, o.Alternative}, err
		})
	add(m, api, route.New("decline", "POST", "/v1/prompts/{id}/decline", "Say no; the answer is the other way through, with the same service", askers, 200),
		func(ctx context.Context, _ actor.Actor, in *declineBody) (consent.OtherWay, error) {
			return s.Decline(ctx, in.ID, purposes(in.Body.Purposes))
		})
}

type newConsent struct {
	Keyed
	Body struct {
		Enrollee string     `json:"enrollee" format:"uuid"`
		Purposes []string   `json:"purposes" minItems:"1" maxItems:"4" doc:"One; more are refused as BUNDLED"`
		Scenes   []string   `json:"scenes" minItems:"1" maxItems:"32"`
		Zones    []string   `json:"zones" minItems:"1" maxItems:"64"`
		Guardian string     `json:"guardian,omitempty" format:"uuid"`
		Expires  *time.Time `json:"expires_at,omitempty"`
		Act      actBody    `json:"act"`
	}
}

type byID struct {
	ID string `path:"id" format:"uuid"`
}

type receiptQuery struct {
	ID      string `path:"id" format:"uuid"`
	Version uint32 `query:"version" doc:"Without: the newest"`
}

type actOn struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Guardian string     `json:"guardian,omitempty" format:"uuid"`
		Expires  *time.Time `json:"expires_at,omitempty"`
		Act      actBody    `json:"act"`
	}
}

type lookup struct {
	Body struct {
		Code string `json:"code" minLength:"16" maxLength:"32"`
	}
}

type consentList struct {
	Consents []Consent `json:"consents" nullable:"false"`
}

func (m *Module) consentRoutes(api huma.API) {
	create(m, api, route.New("give", "POST", "/v1/consents", "Record one act for one purpose", askers, 201),
		func(in *newConsent) any { return in.Body }, m.give)
	add(m, api, route.New("lookup", "POST", "/v1/consents/lookup", "Show at a kiosk what was agreed to online, by its code", desks, 200),
		func(ctx context.Context, _ actor.Actor, in *lookup) (consentList, error) {
			id, err := m.cfg.Service.ByCode(ctx, in.Body.Code)
			if err != nil {
				return consentList{}, err
			}
			own, err := m.cfg.Records.ConsentsOf(ctx, id)
			if err != nil {
				return consentList{}, err
			}
			return consentList{consentsOf(own)}, m.seen(ctx, "consents.lookup", id, own...)
		})
	add(m, api, route.New("consent", "GET", "/v1/consents/{id}", "A consent as it stands", looks, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (Consent, error) {
			c, err := m.mine(ctx, a, in.ID)
			if err != nil {
				return Consent{}, err
			}
			return consentOf(c), m.seen(ctx, "consents.read", in.ID, c)
		})
	add(m, api, route.New("consent-history", "GET", "/v1/consents/{id}/history", "Every version of a consent", looks, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (consentList, error) {
			if _, err := m.mine(ctx, a, in.ID); err != nil {
				return consentList{}, err
			}
			h, err := m.cfg.Records.ConsentHistory(ctx, in.ID)
			if err != nil {
				return consentList{}, err
			}
			return consentList{consentsOf(h)}, m.seen(ctx, "consents.history", in.ID, h...)
		})
	add(m, api, route.New("receipt", "GET", "/v1/consents/{id}/receipt", "The signed receipt of a version", looks, 200),
		func(ctx context.Context, a actor.Actor, in *receiptQuery) (consent.Issued, error) {
			c, err := m.mine(ctx, a, in.ID)
			if err != nil {
				return consent.Issued{}, err
			}
			if err := m.seen(ctx, "consents.receipt", in.ID, c); err != nil {
				return consent.Issued{}, err
			}
			return m.cfg.Service.Receipt(ctx, in.ID, in.Version)
		})
	add(m, api, route.New("withdraw", "POST", "/v1/consents/{id}/withdraw", "Take a consent back: one step, no reason, as often as one likes", withdraws, 200),
		func(ctx context.Context, a actor.Actor, in *byID) (Consent, error) {
			if _, err := m.mine(ctx, a, in.ID); err != nil {
				return Consent{}, err
			}
			c, err := m.cfg.Service.Withdraw(ctx, in.ID, a.ID)
			return consentOf(c), err
		})
	add(m, api, route.New("confirm", "POST", "/v1/consents/{id}/confirm", "The second act of an o2o consent, in person", desks, 200),
		func(ctx context.Context, a actor.Actor, in *actOn) (Consent, error) {
			e, err := m.actBy(ctx, a, in)
			if err != nil {
				return Consent{}, err
			}
			c, err := m.cfg.Service.Confirm(ctx, in.ID, e)
			return consentOf(c), err
		})
	add(m, api, route.New("renew", "POST", "/v1/consents/{id}/renew", "The act that a consent in state reconfirm waits for", askers, 200),
		func(ctx context.Context, a actor.Actor, in *actOn) (Consent, error) {
			e, err := m.actBy(ctx, a, in)
			if err != nil {
				return Consent{}, err
			}
			c, err := m.cfg.Service.Renew(ctx, in.ID, in.Body.Guardian, e, moment(in.Body.Expires))
			return consentOf(c), err
		})
}

func (m *Module) give(ctx context.Context, a actor.Actor, in *newConsent) (Consent, error) {
	b := in.Body
	if err := own(a, b.Enrollee); err != nil {
		return Consent{}, err
	}
	if err := mayUse(a, b.Act.Channel); err != nil {
		return Consent{}, err
	}
	e, err := b.Act.evidence(a.ID)
	if err != nil {
		return Consent{}, err
	}
	o, err := m.cfg.Service.Give(ctx, consent.Given{
		Enrollee: b.Enrollee, Purposes: purposes(b.Purposes), Scenes: b.Scenes, Zones: b.Zones,
		Guardian: b.Guardian, Expires: moment(b.Expires), Evidence: e,
	})
	c := consentOf(o.Consent)
	c.Code = o.Code
	return c, err
}

// mine returns a consent that the actor may touch.
func (m *Module) mine(ctx context.Context, a actor.Actor, id string) (policy.Consent, error) {
	c, err := m.cfg.Records.Consent(ctx, id)
	if err != nil {
		return c, absent(err)
	}
	return c, own(a, c.Enrollee)
}

func (m *Module) actBy(ctx context.Context, a actor.Actor, in *actOn) (consent.ActEvidence, error) {
	if _, err := m.mine(ctx, a, in.ID); err != nil {
		return consent.ActEvidence{}, err
	}
	if err := mayUse(a, in.Body.Act.Channel); err != nil {
		return consent.ActEvidence{}, err
	}
	return in.Body.Act.evidence(a.ID)
}
