package consent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/route"
	"bystander/policy/consent"
)

var (
	privacy = []actor.Role{actor.PrivacyOfficer}
	readers = []actor.Role{actor.PrivacyOfficer, actor.ConsentOfficer, actor.Auditor}
)

type noticeList struct {
	Notices []Notice `json:"notices" nullable:"false"`
}

type byVersion struct {
	Version string `path:"version" maxLength:"64"`
}

type newNotice struct {
	Keyed
	Body consent.Draft
}

type publishing struct {
	Version string `path:"version" maxLength:"64"`
	Body    struct {
		Revision      int        `json:"revision" minimum:"1"`
		EffectiveFrom *time.Time `json:"effective_from,omitempty" doc:"Without: seven days from now"`
	}
}

func (m *Module) noticeRoutes(api huma.API) {
	s := m.cfg.Service
	add(m, api, route.New("notices", "GET", "/v1/notices", "Every revision of every notice", readers, 200),
		func(ctx context.Context, _ actor.Actor, _ *struct{}) (noticeList, error) {
			all, err := s.Notices(ctx)
			out := noticeList{Notices: make([]Notice, len(all))}
			for i, n := range all {
				out.Notices[i] = Notice{n}
			}
			return out, err
		})
	create(m, api, route.New("add-notice", "POST", "/v1/notices", "Hand in a draft; refused with every fault at once", privacy, 201),
		func(in *newNotice) any { return in.Body },
		func(ctx context.Context, a actor.Actor, in *newNotice) (Notice, error) {
			n, err := s.AddNotice(ctx, a.ID, in.Body)
			return Notice{n}, err
		})
	add(m, api, route.New("current-notice", "GET", "/v1/notices/current", "The notice in force for a scene, for everybody", nil, 200),
		func(ctx context.Context, _ actor.Actor, in *struct {
			Scene string `query:"scene" required:"true" maxLength:"64"`
		},
		) (Current, error) {
			n, err := s.Current(ctx, in.Scene)
			return currentOf(n), err
		})
	add(m, api, route.New("notice-template", "GET", "/v1/notices/templates/{language}", "The text that ships, to be completed", readers, 200),
		func(_ context.Context, _ actor.Actor, in *struct {
			Language string `path:"language" maxLength:"16"`
		},
		) (consent.Text, error) {
			return consent.Template(in.Language)
		})
	add(m, api, route.New("components", "GET", "/v1/notices/components", "Third-party components that ship with the program and touch personal data", nil, 200),
		func(_ context.Context, _ actor.Actor, in *struct {
			Language string `query:"language" enum:"en,zh-CN" default:"en" doc:"Of what each does, with which data, and how"`
		},
		) (componentList, error) {
			return componentsIn(in.Language)
		})
	add(m, api, route.New("notice", "GET", "/v1/notices/{version}", "The newest revision of a notice", readers, 200),
		func(ctx context.Context, _ actor.Actor, in *byVersion) (Notice, error) {
			n, err := s.Notice(ctx, in.Version)
			return Notice{n}, err
		})
	add(m, api, route.New("publish-notice", "POST", "/v1/notices/{version}/publish", "Publish a draft of somebody else's", privacy, 200),
		func(ctx context.Context, a actor.Actor, in *publishing) (Notice, error) {
			n, err := s.PublishNotice(ctx, a.ID, in.Version, in.Body.Revision, moment(in.Body.EffectiveFrom))
			return Notice{n}, err
		})
	add(m, api, route.New("receipt-keys", "GET", "/.well-known/bystander-consent-keys.json", "JWK set that consent receipts are verified with", nil, 200),
		func(context.Context, actor.Actor, *struct{}) (keySet, error) {
			var k keySet
			b, err := s.Keys()
			if err == nil {
				err = json.Unmarshal(b, &k)
			}
			return k, err
		})
	add(m, api, route.New("receipt-schema", "GET", "/v1/consents/receipt-schema", "JSON Schema of consent receipts", nil, 200),
		func(context.Context, actor.Actor, *struct{}) (any, error) {
			var v any
			err := json.Unmarshal(m.cfg.Schema, &v)
			return v, err
		})
}

// componentsIn are the components that ship, in the words of a language.
func componentsIn(language string) (componentList, error) {
	r, err := consent.Components()
	if err != nil {
		return componentList{}, err
	}
	words, err := consent.Translations(language)
	if err != nil {
		return componentList{}, err
	}
	out := componentList{Components: make([]consent.Component, 0, len(r.Components))}
	for _, c := range r.Components {
		out.Components = append(out.Components, c.In(words))
	}
	return out, nil
}

type componentList struct {
	Components []consent.Component `json:"components" nullable:"false"`
}

type keySet struct {
	Keys []publicKey `json:"keys" nullable:"false"`
}

type publicKey struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Kid string `json:"kid"`
	Alg string `json:"alg"`
	Use string `json:"use"`
}
