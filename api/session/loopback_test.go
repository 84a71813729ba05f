package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/session"
)

// Where nobody has to sign in, whoever sits at the machine watches, and no more.
func TestWithoutSignIn(t *testing.T) {
	h := open(t, func(c *session.Config) { c.Required = false })
	b := h.browser()
	who := b.who()
	require.Equal(t, []any{"operator"}, who["roles"])
	require.Equal(t, "local", who["via"])
	require.Equal(t, false, who["sign_in"].(object)["required"])
	require.Equal(t, false, who["demo"])
	status, _ := b.do("GET", "/v1/recordings", nil)
	require.Equal(t, 200, status)
	status, _ = b.do("GET", "/v1/users", nil)
	require.Equal(t, 403, status)
	status, _ = b.do("GET", "/v1/session/account", nil)
	require.Equal(t, 401, status, "nobody's account is their own")
	h.person("aldo", actor.Auditor)
	status, _ = b.signIn("aldo", good)
	require.Equal(t, 200, status, "and whoever has an account may use it")
	require.Equal(t, []any{"auditor"}, b.who()["roles"])
}
