package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/users/accounts"
	"bystander/internal/event"
)

// admin is a browser in which an administrator is signed in.
func (h *house) admin(id string) *browser {
	h.t.Helper()
	h.person(id, actor.Administrator)
	secret := h.app(id)
	b := h.browser()
	b.signIn(id, good)
	status, _ := b.do("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
	require.Equal(h.t, 200, status)
	return b
}

// proves: B-63, B-55
func TestAdministratorsSayWhoMay(t *testing.T) {
	h := open(t)
	b := h.admin("ada")
	status, out := b.do("POST", "/v1/users", object{"id": "ines", "name": "Ines Roth", "roles": []string{"inspector", "venue_owner"}})
	require.Equal(t, 200, status, out)
	user := out["user"].(object)
	require.Equal(t, "invited", user["state"])
	require.Equal(t, "PLANS_AND_INSPECTS", user["clashes"].([]any)[0].(object)["code"])
	link := strings.TrimPrefix(out["link"].(string), "/setup#")

	// The invited sets a password and is in.
	ines := h.browser()
	status, out = ines.do("POST", "/v1/setup/look", object{"link": link})
	require.Equal(t, 200, status)
	require.Equal(t, "Ines Roth", out["name"])
	status, out = ines.do("POST", "/v1/setup", object{"link": link, "password": good})
	require.Equal(t, 200, status, out)
	require.Equal(t, true, out["known"])

	// Other roles end the session that held the old ones.
	status, out = b.do("PUT", "/v1/users/ines/roles", object{"roles": []string{"inspector"}})
	require.Equal(t, 200, status, out)
	require.Empty(t, out["clashes"])
	require.Equal(t, false, ines.who()["known"])

	// Nobody changes their own account here.
	for method, path := range map[string]string{"PUT": "/v1/users/ada/roles", "POST": "/v1/users/ada/disable"} {
		var body any
		if method == "PUT" {
			body = object{"roles": []string{"administrator", "auditor"}}
		}
		status, out = b.do(method, path, body)
		require.Equal(t, 409, status)
		require.Equal(t, "OWN_ACCOUNT", out["code"])
	}
	status, _ = b.do("POST", "/v1/users", object{"id": "ines", "name": "Ines", "roles": []string{"auditor"}})
	require.Equal(t, 409, status)
	for _, bad := range []object{
		{"id": "x", "name": "X", "roles": []string{"captain"}},
		{"id": "x", "name": "X", "roles": []string{"client"}},
		{"id": "x", "name": "X", "roles": []string{"subject"}},
		{"id": "x", "name": "X", "roles": []string{"kiosk", "operator"}},
		{"id": "x", "name": " X", "roles": []string{"operator"}},
		{"id": "X Y", "name": "X", "roles": []string{"operator"}},
		{"id": "x", "name": "X", "roles": []string{}},
	} {
		status, _ = b.do("POST", "/v1/users", bad)
		require.Equal(t, 422, status, bad)
	}

	// A reset takes every way in; the link opens the account again.
	ines.signIn("ines", good)
	status, out = b.do("POST", "/v1/users/ines/reset", nil)
	require.Equal(t, 200, status)
	require.Equal(t, false, ines.who()["known"])
	status, _ = h.browser().signIn("ines", good)
	require.Equal(t, 401, status)
	again := strings.TrimPrefix(out["link"].(string), "/setup#")
	status, _ = h.browser().do("POST", "/v1/setup", object{"link": again, "password": "five more words do help"})
	require.Equal(t, 200, status)

	status, _ = b.do("POST", "/v1/users/ines/disable", nil)
	require.Equal(t, 200, status)
	status, _ = b.do("POST", "/v1/users/ines/reset", nil)
	require.Equal(t, 409, status, "disabled stays so")
	status, out = b.do("GET", "/v1/users", nil)
	require.Equal(t, 200, status)
	require.Len(t, out["users"], 2)
	status, out = b.do("GET", "/v1/users/ada", nil)
	require.Equal(t, 200, status)
	require.Len(t, out["sessions"], 1)
	require.Len(t, h.reads, 2, "looking at colleagues' accounts is recorded")

	require.Equal(t, []string{"signed_in", "invited", "taken_up", "signed_in", "roles", "signed_in", "reset", "taken_up", "signed_in", "disabled"}, h.actions())
	for _, e := range h.events {
		require.Equal(t, event.KindAccountChange, e.Kind)
		require.False(t, e.ReviewerRef.IsZero())
		for k, v := range e.Detail {
			require.NotContains(t, strings.ToLower(v), "ines", "%s: pseudonyms alone", k)
			require.NotContains(t, v, "ada")
		}
	}
	require.Equal(t, event.ActorRef("ada"), h.events[4].ReviewerRef)
	require.Equal(t, event.ActorRef("ines").String(), h.events[4].Detail["account"])
}

func TestASampleAccountIsOfADemonstrationAlone(t *testing.T) {
	h := open(t)
	b := h.browser()
	status, _ := b.do("POST", "/v1/demo/act-as", object{"role": "administrator"})
	require.Equal(t, 405, status, "there is no such route: pages alone answer there")
	_, err := h.store.Add(t.Context(), accounts.NewAccount{ID: "sample-operator", Name: "S", Roles: []actor.Role{actor.Operator}, State: accounts.Active, Sample: true})
	require.NoError(t, err)
	require.NoError(t, h.store.SetPassword(t.Context(), "sample-operator", good, ""))
	status, _ = b.signIn("sample-operator", good)
	require.Equal(t, 401, status)
}
