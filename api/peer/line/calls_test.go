package line_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/line"
)

// What a control answers is taken only as far as it makes sense.
func TestAnswersOfAControl(t *testing.T) {
	var status int
	var body string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // a test's own server
	c := line.NewClient(srv.URL, func(ctx context.Context, network, addr string) (net.Conn, error) {
		return d.DialContext(ctx, network, addr)
	})
	defer c.Close()
	ask := func() (line.CallsAnswer, error) { return c.Calls(t.Context(), line.CallsRequest{}) }

	status, body = 404, "404 page not found"
	_, err := ask()
	require.ErrorIs(t, err, line.ErrOlder, "a release back there is no such request")
	status, body = 409, `{"code":"TWICE","text":"twice"}`
	_, err = ask()
	var no *line.Refusal
	require.ErrorAs(t, err, &no)
	require.Equal(t, line.CodeTwice, no.Code)
	status = 200
	for _, body = range []string{
		"", "{}", `{"term_ms":-1}`, `{"term_ms":"x"}`,
		`{"term_ms":1,"views":[` + strings.TrimSuffix(strings.Repeat(`{"id":"v"},`, line.MaxViews+1), ",") + `]}`,
	} {
		_, err = ask()
		require.ErrorIs(t, err, line.ErrAnswer, "%.40s", body)
	}
	body = `{"term_ms":10000,"views":[{"id":"v"}],"calls":[{"id":"c","kind":"view","new":1}],"later":true}`
	a, err := ask()
	require.NoError(t, err, "what the next release adds is passed over")
	require.Equal(t, line.CallsAnswer{TermMS: 10_000, Views: []line.View{{ID: "v"}}, Calls: []line.Call{{ID: "c", Kind: "view"}}}, a)
}

// FuzzReport: whatever an edge reports is bounded.
func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"cameras":[{"id":"stage","state":"connected","matching":{"on":true,"reason":"x"}}],"views":["v"]}`))
	f.Add(fmt.Appendf(nil, `{"cameras":[{"name":%q}]}`, strings.Repeat("名", 300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r line.CallsRequest
		if json.Unmarshal(b, &r) != nil {
			return
		}
		r = r.Bounded()
		require.LessOrEqual(t, len(r.Cameras), line.MaxCameras)
		require.LessOrEqual(t, len(r.Views), line.MaxViews)
		for _, c := range r.Cameras {
			for _, s := range []string{c.ID, c.Name, c.State, c.Err, c.Code, c.Mask, c.Why, c.Matching.Reason, c.Recording.Code} {
				require.LessOrEqual(t, len(s), line.MaxText)
			}
		}
	})
}
