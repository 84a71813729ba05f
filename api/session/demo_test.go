package session_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/session"
)

func TestADemonstration(t *testing.T) {
	enrolled := ""
	h := open(t, func(c *session.Config) {
		c.Demo = &session.Demo{Enrollee: func(context.Context) (string, error) { return enrolled, nil }}
	})
	b := h.browser()
	who := b.who()
	require.Equal(t, true, who["demo"])
	require.Equal(t, true, who["known"])
	require.Equal(t, []any{"operator"}, who["roles"])
	status, _ := b.do("GET", "/v1/recordings", nil)
	require.Equal(t, 200, status, "a visitor watches at once")
	status, _ = b.do("GET", "/v1/users", nil)
	require.Equal(t, 403, status)
	status, _ = b.signIn("ada", good)
	require.Equal(t, 409, status, "nobody signs in to a demonstration")

	for _, role := range session.SampleRoles() {
		if role == "subject" {
			continue
		}
		status, out := b.do("POST", "/v1/demo/act-as", object{"role": role})
		require.Equal(t, 200, status, role)
		require.Equal(t, []any{string(role)}, out["roles"])
		b.csrf = out["csrf"].(string)
	}
	status, out := b.do("POST", "/v1/demo/act-as", object{"role": "subject"})
	require.Equal(t, 422, status)
	require.Equal(t, "NOBODY_ENROLLED", out["code"])
	enrolled = "e-1"
	status, out = b.do("POST", "/v1/demo/act-as", object{"role": "subject"})
	require.Equal(t, 200, status)
	require.Equal(t, "e-1", out["enrollee"])
	b.csrf = out["csrf"].(string)
	status, _ = b.do("POST", "/v1/demo/act-as", object{"role": "client"})
	require.Equal(t, 422, status)
	status, _ = b.do("POST", "/v1/session/totp", nil)
	require.Equal(t, 403, status, "a sample account has no secrets")
	status, _ = b.do("DELETE", "/v1/session", nil)
	require.Equal(t, 204, status)
	require.Equal(t, []any{"operator"}, b.who()["roles"], "and is a visitor again")
}
