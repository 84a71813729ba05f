package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/session"
	"bystander/api/users/accounts"
)

// proves: B-63
func TestPasswordThenSecondFactor(t *testing.T) {
	h := open(t)
	h.person("ada", actor.Administrator)
	secret := h.app("ada")
	b := h.browser()
	require.Equal(t, false, b.who()["known"])
	status, _ := b.do("GET", "/v1/users", nil)
	require.Equal(t, 401, status)

	status, out := b.signIn("ada", good)
	require.Equal(t, 200, status)
	require.Equal(t, false, out["known"], "half signed in is not signed in")
	require.Equal(t, object{"needed": true, "enrolled": true, "recent": false}, out["second_factor"])
	for _, path := range []string{"/v1/users", "/v1/cameras", "/v1/session/account"} {
		status, _ := b.do("GET", path, nil)
		require.Contains(t, []int{401, 403}, status, path)
	}
	before := b.token()
	status, _ = b.do("POST", "/v1/session/second-factor", object{"code": "000000"})
	require.Equal(t, 401, status)
	code := h.code(secret)
	status, out = b.do("POST", "/v1/session/second-factor", object{"code": code})
	require.Equal(t, 200, status)
	require.Equal(t, true, out["known"])
	require.Equal(t, "The ada", out["name"])
	require.NotEqual(t, before, b.token(), "more rights, a new token")
	status, _ = b.do("GET", "/v1/users", nil)
	require.Equal(t, 200, status)

	// The same code opens nothing a second time.
	other := h.browser()
	other.signIn("ada", good)
	status, _ = other.do("POST", "/v1/session/second-factor", object{"code": code})
	require.Equal(t, 401, status)

	status, _ = b.do("DELETE", "/v1/session", nil)
	require.Equal(t, 204, status)
	require.Equal(t, false, b.who()["known"])
	require.Contains(t, h.actions(), "signed_in")
}

// A second factor counts as recent for a quarter of an hour, and can be given
// anew without signing out; which is on the log.
//
// proves: B-63
func TestASecondFactorGrowsOld(t *testing.T) {
	h := open(t)
	h.person("ada", actor.Administrator)
	secret := h.app("ada")
	b := h.browser()
	b.signIn("ada", good)
	status, out := b.do("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
	require.Equal(t, 200, status)
	b.csrf = out["csrf"].(string)
	recent := func() any { return b.who()["second_factor"].(object)["recent"] }
	require.Equal(t, true, recent())
	h.clock.pass(actor.StrongFor - time.Second)
	require.Equal(t, true, recent())
	h.clock.pass(2 * time.Second)
	require.Equal(t, false, recent())
	status, _ = b.do("POST", "/v1/session/second-factor", object{"code": "000000"})
	require.Equal(t, 401, status)
	require.Equal(t, false, recent())
	status, out = b.do("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
	require.Equal(t, 200, status, out)
	require.Equal(t, true, recent())
	require.Equal(t, "proved", h.actions()[len(h.actions())-1])
}

// token is the browser's session cookie.
func (b *browser) token() string {
	req, err := http.NewRequest("GET", b.h.url, nil) //nolint:noctx // is not sent
	require.NoError(b.h.t, err)
	for _, c := range b.client.Jar.Cookies(req.URL) {
		if strings.HasSuffix(c.Name, "bystander_session") {
			return c.Value
		}
	}
	return ""
}

// An administrator without a second factor can do nothing but set one up.
// proves: B-63
func TestSetUpFromNothing(t *testing.T) {
	h := open(t)
	b := h.browser()
	require.Equal(t, true, b.who()["sign_in"].(object)["setup"])
	link, err := h.store.NewSetup(t.Context())
	require.NoError(t, err)
	earlier := link
	link, err = h.store.NewSetup(t.Context()) // a restart prints another
	require.NoError(t, err)
	status, _ := b.do("POST", "/v1/setup/look", object{"link": earlier})
	require.Equal(t, 410, status)
	status, out := b.do("POST", "/v1/setup/look", object{"link": link})
	require.Equal(t, 200, status)
	require.Equal(t, "setup", out["kind"])

	for _, weak := range []string{"short", "password1234", "aaaaaaaaaaaaaaa", "ada-ada-ada-ada", "123456789012", "Qwertyuiop123!"} {
		status, out = b.do("POST", "/v1/setup", object{"link": link, "id": "ada", "name": "Ada", "password": weak})
		require.Equal(t, 422, status, weak)
		require.Equal(t, "WEAK_PASSWORD", out["code"])
	}
	status, out = b.do("POST", "/v1/setup", object{"link": link, "id": "ada", "name": "Ada", "password": good})
	require.Equal(t, 200, status, out)
	require.Equal(t, object{"needed": true, "enrolled": false, "recent": false}, out["second_factor"])
	b.csrf = out["csrf"].(string)
	status, _ = b.do("GET", "/v1/users", nil)
	require.Contains(t, []int{401, 403}, status)

	status, out = b.do("POST", "/v1/session/totp", nil)
	require.Equal(t, 200, status)
	require.True(t, strings.HasPrefix(out["address"].(string), "otpauth://totp/Bystander:ada?"))
	status, out = b.do("PUT", "/v1/session/totp", object{"code": h.code(out["secret"].(string))})
	require.Equal(t, 200, status, out)
	codes := out["codes"].([]any)
	require.Len(t, codes, 10)
	require.Equal(t, true, b.who()["known"])
	status, _ = b.do("GET", "/v1/users", nil)
	require.Equal(t, 200, status)

	status, _ = b.do("POST", "/v1/setup/look", object{"link": link})
	require.Equal(t, 410, status, "a link opens once")
	_, err = h.store.NewSetup(t.Context())
	require.ErrorIs(t, err, accounts.ErrState)

	// Each recovery code stands in for the app, once.
	for want, code := range map[int]any{200: codes[0]} {
		other := h.browser()
		other.signIn("ada", good)
		status, _ := other.do("POST", "/v1/session/second-factor", object{"code": code})
		require.Equal(t, want, status)
		again := h.browser()
		again.signIn("ada", good)
		status, _ = again.do("POST", "/v1/session/second-factor", object{"code": code})
		require.Equal(t, 401, status)
	}
	require.Equal(t, []string{"taken_up", "totp_added", "signed_in", "signed_in"}, h.actions())
}

func TestUnsafeMethodsNeedTheToken(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	b := h.browser()
	status, _ := b.signIn("otto", good)
	require.Equal(t, 200, status)
	token := b.csrf
	for _, wrong := range []string{"", "x", token + "x"} {
		b.csrf = wrong
		status, out := b.do("DELETE", "/v1/session/sessions", nil)
		require.Equal(t, 403, status)
		require.Equal(t, "CSRF", out["code"])
	}
	b.csrf = token
	status, _ = b.do("DELETE", "/v1/session/sessions", nil)
	require.Equal(t, 204, status)
	status, _ = b.do("DELETE", "/v1/session/sessions", nil, "Origin", "https://elsewhere.example")
	require.Equal(t, 403, status, "the older checks hold, too")
}

func TestTheCookie(t *testing.T) {
	for name, test := range map[string]struct {
		https        bool
		want, refuse []string
	}{
		"plain http": {false, []string{"bystander_session=", "HttpOnly", "SameSite=Strict", "Path=/"}, []string{"Secure", "__Host-", "Domain"}},
		"https":      {true, []string{"__Host-bystander_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Secure"}, []string{"Domain"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(c *session.Config) { c.HTTPS = test.https })
			h.person("otto", actor.Operator)
			res, _ := h.browser().raw("POST", "/v1/session", object{"id": "otto", "password": good})
			require.Equal(t, 200, res.StatusCode)
			line := res.Header.Get("Set-Cookie")
			for _, want := range test.want {
				require.Contains(t, line, want)
			}
			for _, refuse := range test.refuse {
				require.NotContains(t, line, refuse)
			}
			require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		})
	}
}

// A session ends when it is idle, when its time is up, when its account ends, and
// when somebody ends it; with the very next request.
// proves: B-63
func TestSessionsEnd(t *testing.T) {
	in := func(h *house, id string) *browser {
		b := h.browser()
		status, _ := b.signIn(id, good)
		require.Equal(h.t, 200, status)
		return b
	}
	for name, end := range map[string]func(h *house, b *browser){
		"idle": func(h *house, _ *browser) { h.clock.pass(31 * time.Minute) },
		"asking who one is is no use": func(h *house, b *browser) {
			for range 4 {
				h.clock.pass(9 * time.Minute)
				b.client.Get(h.url + "/v1/session") //nolint:errcheck // what counts comes after
			}
		},
		"absolute": func(h *house, b *browser) {
			for range 49 {
				h.clock.pass(15 * time.Minute)
				b.do("GET", "/v1/cameras", nil)
			}
		},
		"disabled": func(h *house, _ *browser) { require.NoError(h.t, h.store.Disable(h.t.Context(), "otto")) },
		"reset":    func(h *house, _ *browser) { require.NoError(h.t, h.store.Reset(h.t.Context(), "otto")) },
		"new roles": func(h *house, _ *browser) {
			_, err := h.store.SetRoles(h.t.Context(), "otto", []actor.Role{actor.Auditor})
			require.NoError(h.t, err)
		},
		"ended elsewhere": func(h *house, _ *browser) {
			status, _ := in(h, "otto").do("DELETE", "/v1/session/sessions", nil)
			require.Equal(h.t, 204, status)
		},
		"by an administrator": func(h *house, _ *browser) {
			h.person("ada", actor.Administrator)
			secret := h.app("ada")
			b := in(h, "ada")
			b.do("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
			status, _ := b.do("DELETE", "/v1/users/otto/sessions", nil)
			require.Equal(h.t, 204, status)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.person("otto", actor.Operator)
			b := in(h, "otto")
			status, _ := b.do("GET", "/v1/cameras", nil)
			require.Equal(t, 200, status)
			h.clock.pass(time.Second)
			end(h, b)
			status, _ = b.do("GET", "/v1/cameras", nil)
			require.Equal(t, 401, status)
			require.Equal(t, false, b.who()["known"])
		})
	}
}

// Used sessions get a new token as time goes by, and the old one opens nothing.
func TestRotation(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	b := h.browser()
	b.signIn("otto", good)
	first, csrf := b.token(), b.csrf
	h.clock.pass(9 * time.Minute)
	b.who()
	b.do("GET", "/v1/cameras", nil)
	require.Equal(t, first, b.token())
	h.clock.pass(2 * time.Minute)
	b.do("GET", "/v1/cameras", nil)
	require.Equal(t, first, b.token(), "not yet, unless the page asks")
	b.who()
	second := b.token()
	require.NotEqual(t, first, second)
	require.Equal(t, csrf, b.csrf, "other tabs go on with the page's token")
	h.clock.pass(16 * time.Minute)
	b.do("GET", "/v1/cameras", nil)
	require.NotEqual(t, second, b.token())

	// A request that crossed the change is told so; later it is nobody's.
	old := h.browser()
	status, out := old.do("GET", "/v1/cameras", nil, "Cookie", "bystander_session="+second)
	require.Equal(t, 401, status)
	require.Equal(t, "SESSION_ROTATED", out["code"])
	h.clock.pass(2 * time.Minute)
	status, out = old.do("GET", "/v1/cameras", nil, "Cookie", "bystander_session="+second)
	require.Equal(t, 401, status)
	require.Equal(t, "NOT_SIGNED_IN", out["code"])
	// What cannot send itself again is not given a new token: a picture, a stream.
	h.clock.pass(20 * time.Minute)
	res, _ := b.raw("GET", "/v1/recordings", nil, "Sec-Fetch-Dest", "video")
	require.Equal(t, 200, res.StatusCode)
	require.Empty(t, res.Header.Get("Set-Cookie"))
}

// An unknown name is answered as a known one is, and both have to wait alike.
// proves: B-63
func TestBackoff(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	tries := func(id string) (statuses []int, waits []string) {
		for range 8 {
			res, _ := h.browser().raw("POST", "/v1/session", object{"id": id, "password": "wrong horse battery staple"})
			statuses, waits = append(statuses, res.StatusCode), append(waits, res.Header.Get("Retry-After"))
		}
		return statuses, waits
	}
	known, knownWaits := tries("otto")
	unknown, unknownWaits := tries("nobody-here")
	require.Equal(t, []int{401, 401, 401, 401, 401, 429, 429, 429}, known)
	require.Equal(t, known, unknown)
	require.Equal(t, knownWaits, unknownWaits)
	status, _ := h.browser().signIn("otto", good)
	require.Equal(t, 429, status, "the right password has to wait, too")
	h.clock.pass(6 * time.Second)
	status, _ = h.browser().signIn("otto", good)
	require.Equal(t, 200, status)
	known, _ = tries("otto")
	require.Equal(t, 401, known[3], "a success clears what was before")
}

func TestOnesOwnAccount(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	b, other := h.browser(), h.browser()
	b.signIn("otto", good)
	other.signIn("otto", good)
	status, out := b.do("GET", "/v1/session/account", nil)
	require.Equal(t, 200, status)
	require.Len(t, out["sessions"], 2)
	require.Equal(t, true, out["fresh"])

	status, _ = b.do("PUT", "/v1/session/password", object{"current": "wrong", "password": "another four odd words"})
	require.Equal(t, 401, status)
	status, _ = b.do("PUT", "/v1/session/password", object{"current": good, "password": "another four odd words"})
	require.Equal(t, 204, status)
	status, _ = other.do("GET", "/v1/session/account", nil)
	require.Equal(t, 401, status, "a new password ends the other sessions")
	status, _ = b.do("DELETE", "/v1/session/password", nil)
	require.Equal(t, 409, status, "without a passkey it is the only way in")

	h.clock.pass(16 * time.Minute)
	status, out = b.do("POST", "/v1/session/totp", nil)
	require.Equal(t, 403, status)
	require.Equal(t, "NOT_FRESH", out["code"])
}

// A second factor given anew makes the session fresh, also in a request whose
// token is due: the answer holds one cookie, and that opens.
func TestAProofGivenAnew(t *testing.T) {
	h := open(t)
	h.person("ada", actor.Administrator)
	secret := h.app("ada")
	b := h.browser()
	b.signIn("ada", good)
	status, _ := b.do("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
	require.Equal(t, 200, status)
	h.clock.pass(20 * time.Minute)
	status, out := b.do("POST", "/v1/session/recovery", nil)
	require.Equal(t, 403, status)
	require.Equal(t, "NOT_FRESH", out["code"])
	h.clock.pass(20 * time.Minute)
	res, _ := b.raw("POST", "/v1/session/second-factor", object{"code": h.code(secret)})
	require.Equal(t, 200, res.StatusCode)
	require.Len(t, res.Header.Values("Set-Cookie"), 1)
	status, out = b.do("POST", "/v1/session/recovery", nil)
	require.Equal(t, 200, status, out)
	require.Len(t, out["codes"], 10)
}

// Two requests at once that both want a new token: one gets it, the other is told
// to come again, and one token opens the session in the end.
func TestTwoRotationsAtOnce(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	b := h.browser()
	b.signIn("otto", good)
	old := b.token()
	first, err := h.store.Rotate(t.Context(), old)
	require.NoError(t, err)
	_, err = h.store.Rotate(t.Context(), old)
	require.ErrorIs(t, err, accounts.ErrRotated)
	_, err = h.store.Session(t.Context(), first)
	require.NoError(t, err)
}
