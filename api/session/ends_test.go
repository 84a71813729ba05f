package session_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
)

// What goes on for long ends with the session that began it.
// proves: B-63
func TestStreamsEndWithTheirSession(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	h.person("olga", actor.Operator)
	otto, olga := h.browser(), h.browser()
	for id, b := range map[string]*browser{"otto": otto, "olga": olga} {
		status, _ := b.signIn(id, good)
		require.Equal(t, 200, status)
		res, _ := b.raw("POST", "/whep/door", nil)
		require.Equal(t, 201, res.StatusCode)
	}
	require.Equal(t, 2, h.live.count())

	req, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/v1/stream", nil)
	require.NoError(t, err)
	res, err := otto.client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	said := make(chan string, 1)
	go func() {
		var last string
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if lines.Text() != "" {
				last = lines.Text()
			}
		}
		said <- last
	}()

	require.NoError(t, h.store.Disable(t.Context(), "otto"))
	select {
	case last := <-said:
		require.Contains(t, last, "the session is over")
	case <-time.After(10 * time.Second):
		t.Fatal("the stream goes on")
	}
	require.Eventually(t, func() bool { return h.live.count() == 1 }, 10*time.Second, 50*time.Millisecond, "otto's view ends, olga's does not")
	status, _ := olga.do("DELETE", "/whep/door/2", nil)
	if status == 404 { // the two began in either order
		status, _ = olga.do("DELETE", "/whep/door/1", nil)
	}
	require.Equal(t, 200, status)
}

// Whoever has not signed in may not try without end.
func TestAnAddressMayAskSoOften(t *testing.T) {
	h := open(t)
	h.person("otto", actor.Operator)
	b := h.browser()
	limited := 0
	for range 40 {
		status, out := b.do("POST", "/v1/setup/look", object{"link": strings.Repeat("A", 43)})
		if status == 429 {
			require.Equal(t, "RATE", out["code"])
			limited++
			continue
		}
		require.Equal(t, 410, status)
	}
	require.Equal(t, 10, limited, "thirty at once")
	h.clock.pass(2 * time.Second)
	status, _ := b.signIn("otto", good)
	require.Equal(t, 200, status, "one a second after that")
	for range 40 {
		status, _ := b.do("DELETE", "/v1/session/sessions", nil)
		require.Equal(t, 204, status, "whoever is signed in is not held up")
	}
}
