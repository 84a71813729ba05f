package consent_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/problem"
)

// Which role may use which route; nobody else, and nobody unknown.
//
// proves: A-19, B-63
func TestRoleMatrix(t *testing.T) {
	h := newHouse(t)
	require.Greater(t, len(h.module.Routes()), 30)
	// The matrix, written out apart from the code: route, then who.
	want := map[string]string{
		"GET /v1/notices":                                 "privacy_officer consent_officer auditor",
		"POST /v1/notices":                                "privacy_officer",
		"GET /v1/notices/current":                         "everybody",
		"GET /v1/notices/components":                      "everybody",
		"GET /v1/notices/templates/{language}":            "privacy_officer consent_officer auditor",
		"GET /v1/notices/{version}":                       "privacy_officer consent_officer auditor",
		"POST /v1/notices/{version}/publish":              "privacy_officer",
		"GET /.well-known/bystander-consent-keys.json":    "everybody",
		"GET /v1/consents/receipt-schema":                 "everybody",
		"POST /v1/prompts":                                "kiosk consent_officer subject",
		"POST /v1/prompts/{id}/decline":                   "kiosk consent_officer subject",
		"POST /v1/consents":                               "kiosk consent_officer subject",
		"POST /v1/consents/lookup":                        "kiosk consent_officer",
		"GET /v1/consents/{id}":                           "kiosk consent_officer privacy_officer subject",
		"GET /v1/consents/{id}/history":                   "kiosk consent_officer privacy_officer subject",
		"GET /v1/consents/{id}/receipt":                   "kiosk consent_officer privacy_officer subject",
		"POST /v1/consents/{id}/withdraw":                 "kiosk consent_officer privacy_officer subject",
		"POST /v1/consents/{id}/confirm":                  "kiosk consent_officer",
		"POST /v1/consents/{id}/renew":                    "kiosk consent_officer subject",
		"POST /v1/enrolments":                             "kiosk consent_officer subject",
		"GET /v1/enrolments/{id}":                         "kiosk consent_officer",
		"POST /v1/enrolments/{id}/proof":                  "consent_officer",
		"POST /v1/enrolments/{id}/photos":                 "kiosk consent_officer",
		"GET /v1/enrollees/{id}":                          "kiosk consent_officer privacy_officer subject",
		"GET /v1/enrollees/{id}/history":                  "kiosk consent_officer privacy_officer subject",
		"GET /v1/enrollees/{id}/messages":                 "kiosk consent_officer privacy_officer subject",
		"POST /v1/enrollees/{id}/messages/{message}/read": "kiosk consent_officer subject",
		"POST /v1/enrollees/{id}/withdraw":                "kiosk consent_officer privacy_officer subject",
		"POST /v1/guardians":                              "consent_officer",
		"POST /v1/guardians/{id}/end":                     "consent_officer",
		"GET /v1/enrollees/{id}/guardians":                "consent_officer privacy_officer",
		"PUT /v1/guardian-channels/{scene}":               "privacy_officer",
		"GET /v1/consents/house":                          "everybody",
		"GET /v1/consents/due":                            "consent_officer",
		"GET /v1/enrolments":                              "consent_officer",
		"GET /v1/messages":                                "consent_officer",
		"POST /v1/enrollees/{id}/code":                    "kiosk consent_officer",
		"POST /v1/imports":                                "consent_officer",
		"GET /v1/imports/{id}":                            "consent_officer",
		"GET /v1/census":                                  "privacy_officer consent_officer auditor",
		"POST /v1/census/filing":                          "privacy_officer",
	}
	const some = "019a1b2c-3d4e-7f60-8123-456789abcdef"
	fill := strings.NewReplacer("{id}", some, "{message}", some, "{version}", "v1", "{language}", "en", "{scene}", scene)
	for _, r := range h.module.Routes() {
		name := r.Method + " " + r.Path
		who, ok := want[name]
		require.True(t, ok, "%s is not in the matrix", name)
		delete(want, name)
		path := fill.Replace(r.Path)
		if name == "GET /v1/notices/current" {
			path += "?scene=" + scene
		}
		body := h.valid(name, some)
		res, b := h.do("", r.Method, path, body)
		if who == "everybody" {
			require.Less(t, res.StatusCode, 400, "%s: %s", name, b)
			continue
		}
		require.Equal(t, 401, res.StatusCode, "%s: %s", name, b)
		for _, role := range actor.Roles() {
			res, b := h.do(string(role), r.Method, path, body)
			var p problem.Problem
			_ = json.Unmarshal(b, &p)
			if strings.Contains(" "+who+" ", " "+string(role)+" ") {
				require.NotEqual(t, "ROLE", p.Code, "%s as %s", name, role)
				require.NotContains(t, []int{401, 405, 500}, res.StatusCode, "%s as %s: %s", name, role, b)
				continue
			}
			require.Equal(t, 403, res.StatusCode, "%s as %s: %s", name, role, b)
			require.Equal(t, "ROLE", p.Code, "%s as %s", name, role)
		}
	}
	require.Empty(t, want, "these routes are gone")
}

// valid is a body that passes the schema of a route.
func (h *house) valid(route, id string) any {
	act := object{"act": h.act("kiosk", "checkbox")}
	text := object{}
	for _, f := range []string{"title", "controller", "contact", "purpose", "method", "retention", "necessity", "impact", "rights_procedure", "alternative", "withdrawal"} {
		text[f] = "x"
	}
	text["kinds"] = []object{{"function": "f", "data": []string{"d"}}}
	bodies := map[string]any{
		"POST /v1/notices":                   object{"version": "v1", "scenes": []string{scene}, "texts": object{"en": text, "zh-CN": text}},
		"POST /v1/notices/{version}/publish": object{"revision": 1},
		"POST /v1/prompts":                   object{"party": "visitor-1234", "scene": scene, "channel": "kiosk"},
		"POST /v1/prompts/{id}/decline":      object{},
		"POST /v1/consents":                  h.consentBody(id, "match"),
		"POST /v1/consents/lookup":           object{"code": "ABCDEFGHJKLMNPQR"},
		"POST /v1/consents/{id}/confirm":     act,
		"POST /v1/consents/{id}/renew":       act,
		"POST /v1/enrolments":                object{"channel": "kiosk", "scenes": []string{scene}, "zones": []string{zone}, "under_14": false},
		"POST /v1/enrolments/{id}/proof":     object{"name": "n", "method": "identity_document", "in_person": true},
		"POST /v1/enrolments/{id}/photos":    []byte("face"),
		"POST /v1/guardians":                 object{"enrollee": id, "relation": "mother", "method": "identity_document", "proof_sha256": strings.Repeat("ab", 32)},
		"PUT /v1/guardian-channels/{scene}":  object{"desk": "d", "procedure": "p"},
		"POST /v1/imports":                   object{"rows": []object{{"person": "p"}}},
		"POST /v1/census/filing":             object{"reference": "r"},
	}
	return bodies[route]
}
