package consent

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/consent"
)

// Overview is what desks see of everybody at once, and what a page needs before
// anybody is asked; *consent.Service is one.
type Overview interface {
	House(ctx context.Context) (consent.House, error)
	OpenSessions(ctx context.Context) ([]consent.Session, error)
	Due(ctx context.Context) ([]policy.Consent, error)
	NewReceiptCode(ctx context.Context, enrollee string) (consent.ReceiptCode, error)
}

type sessionList struct {
	Sessions []consent.Session `json:"sessions" nullable:"false"`
}

func (m *Module) overviewRoutes(api huma.API) {
	s := m.cfg.Service
	add(m, api, route.New("house", "GET", "/v1/consents/house", "Where people can be asked: scenes, zones, ways without recognition; for everybody", nil, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (consent.House, error) { return s.House(ctx) })
	add(m, api, route.New("due", "GET", "/v1/consents/due", "Consents to be confirmed again, that wait for a second act, or run out within a month", officers, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (consentList, error) {
			due, err := s.Due(ctx)
			if err != nil {
				return consentList{}, err
			}
			return consentList{consentsOf(due)}, m.seen(ctx, "consents.due", "", due...)
		})
	add(m, api, route.New("enrolments", "GET", "/v1/enrolments", "Enrolments that are under way", officers, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (sessionList, error) {
			all, err := s.OpenSessions(ctx)
			if err != nil {
				return sessionList{}, err
			}
			people := make([]policy.Consent, len(all))
			for i, x := range all {
				people[i] = policy.Consent{Enrollee: x.Enrollee, Scenes: x.Scenes}
			}
			return sessionList{append([]consent.Session{}, all...)}, m.seen(ctx, "enrolments.list", "", people...)
		})
	add(m, api, route.New("outbox", "GET", "/v1/messages", "What people must be told and have not seen yet", officers, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (messageList, error) {
			all, err := s.Messages(ctx, "")
			if err != nil {
				return messageList{}, err
			}
			people := make([]policy.Consent, len(all))
			for i, x := range all {
				people[i] = policy.Consent{Enrollee: x.Enrollee}
			}
			return messageList{append([]consent.Message{}, all...)}, m.seen(ctx, "messages.list", "", people...)
		})
	add(m, api, route.New("receipt-code", "POST", "/v1/enrollees/{id}/code", "A new code for the person's receipt: it opens their own page, and shows their consents at a kiosk; earlier ones end", desks, 201),
		func(ctx context.Context, a actor.Actor, in *byID) (consent.ReceiptCode, error) {
			_, own, err := m.person(ctx, a, in.ID)
			if err != nil {
				return consent.ReceiptCode{}, err
			}
			if err := m.seenPerson(ctx, "enrollees.code", in.ID, own); err != nil {
				return consent.ReceiptCode{}, err
			}
			return s.NewReceiptCode(ctx, in.ID)
		})
}
