package rights_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/humatest"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api/actor"
	apirights "bystander/api/rights"
	"bystander/rights"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

type house struct{ did []string }

func (h *house) Known(_ context.Context, e string) (bool, error) { return e != "nobody", nil }

func (h *house) Withdraw(_ context.Context, e, _ string) error {
	h.did = append(h.did, "withdraw "+e)
	return nil
}
func (h *house) Restrict(context.Context, string, string) error { return nil }
func (h *house) Object(context.Context, string, string) error   { return nil }
func (h *house) Erase(_ context.Context, e, _ string) (string, error) {
	h.did = append(h.did, "erase "+e)
	return "certificate-1", nil
}

// front is the module behind a router, as somebody.
type front struct {
	t      *testing.T
	api    humatest.TestAPI
	module *apirights.Module
	house  *house
	reads  []actor.Read
	broken error
	who    actor.Actor
}

func (f *front) RecordRead(_ context.Context, r actor.Read) error {
	if f.broken == nil {
		f.reads = append(f.reads, r)
	}
	return f.broken
}

func (f *front) Export(_ context.Context, enrollee, _ string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("PK" + enrollee)), nil
}

func newFront(t *testing.T) *front {
	t.Helper()
	db, err := rights.OpenDB(t.Context(), filepath.Join(t.TempDir(), "rights.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	seal, err := aead.New(h)
	require.NoError(t, err)
	f := &front{t: t, house: &house{}, who: actor.Actor{ID: "officer-1", Roles: []actor.Role{actor.PrivacyOfficer}, Strong: true, Proved: noon}}
	clock := func() time.Time { return noon }
	s, err := rights.New(rights.Config{
		DB: db, House: f.house, Sealer: seal, Profile: func() string { return "eu" }, Now: clock,
		Connectors: []rights.Connector{rights.Manual{ID: "hr"}},
	})
	require.NoError(t, err)
	_, f.api = humatest.New(t, huma.DefaultConfig("test", "1"))
	f.api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), f.who)))
	})
	f.module = apirights.New(apirights.Config{Service: s, DB: db, Access: f, Export: f, Log: zerolog.Nop(), Now: clock, PerMinute: 100})
	f.module.Register(f.api)
	return f
}

// do sends a request and wants a status; the answer's fields come back.
func (f *front) do(want int, method, path string, body any) map[string]any {
	f.t.Helper()
	var b bytes.Buffer
	if body != nil {
		require.NoError(f.t, json.NewEncoder(&b).Encode(body))
	}
	resp := f.api.Do(method, path, "Content-Type: application/json", &b)
	require.Equal(f.t, want, resp.Code, "%s %s: %s", method, path, resp.Body.String())
	out := map[string]any{}
	if strings.Contains(resp.Header().Get("Content-Type"), "json") {
		require.NoError(f.t, json.Unmarshal(resp.Body.Bytes(), &out))
	}
	return out
}

func (f *front) submit(typ string) string {
	f.t.Helper()
	out := f.do(202, "POST", "/v1/rights/requests", map[string]string{"type": typ, "language": "en", "contact": "ana@example.org"})
	return out["request_id"].(string)
}

// proves, B-45
func TestAPasserByCanAskAndFollow(t *testing.T) {
	f := newFront(t)
	officer := f.who
	f.who = actor.Actor{}
	id := f.submit("access")
	status := f.do(200, "GET", "/v1/rights/requests/"+id+"/status", nil)
	require.Equal(t, "received", status["state"])
	require.NotContains(t, status, "enrollee")
	f.do(401, "GET", "/v1/rights/requests/"+id, nil)
	f.do(404, "GET", "/v1/rights/requests/018f0000-0000-7000-8000-000000000000/status", nil)
	require.Empty(t, f.reads)

	f.who = officer
	no := f.do(403, "POST", "/v1/rights/requests/"+id+"/begin", map[string]string{})
	require.Equal(t, "IDENTITY_UNVERIFIED", no["code"])
	no = f.do(403, "GET", "/v1/rights/requests/"+id+"/bundle", nil)
	require.Equal(t, "IDENTITY_UNVERIFIED", no["code"])
}

// proves: B-51, A-55
func TestStrictForms(t *testing.T) {
	f := newFront(t)
	full := map[string]string{"type": "access", "language": "en", "contact": "ana@example.org"}
	for _, drop := range []string{"type", "language", "contact"} {
		body := map[string]string{}
		for k, v := range full {
			if k != drop {
				body[k] = v
			}
		}
		f.do(422, "POST", "/v1/rights/requests", body)
	}
	full["device_id"] = "x"
	f.do(422, "POST", "/v1/rights/requests", full)
}

// proves: B-18
func TestForwardedRequestNamesWhatIsMissing(t *testing.T) {
	f := newFront(t)
	full := map[string]string{
		"title": "Erasure", "sender": "shop@example.org", "product": "Access", "component": "Gate", "request_id": "r-7",
		"data_scope": "templates", "right": "erase", "deadline": "2026-02-28", "help_sought": "erase", "language": "en",
		"proof_of_entity": "register 12", "proof_of_contract": "contract 3", "proof_of_identity": "seen",
	}
	for name := range full {
		body := map[string]string{}
		for k, v := range full {
			body[k] = v
		}
		body[name] = ""
		if name == "right" || name == "language" {
			f.do(422, "POST", "/v1/rights/forwarded", body)
			continue
		}
		no := f.do(422, "POST", "/v1/rights/forwarded", body)
		require.Contains(t, no["detail"], name)
	}
	out := f.do(202, "POST", "/v1/rights/forwarded", full)
	got := f.do(200, "GET", "/v1/rights/requests/"+out["request_id"].(string), nil)
	require.Contains(t, got["text"], "proof_of_contract: contract 3", "the form can be sent on as an e-mail")
}

// proves
func TestErasureThroughTheDesk(t *testing.T) {
	f := newFront(t)
	id := f.submit("erase")
	at := "/v1/rights/requests/" + id
	f.do(200, "POST", at+"/acknowledge", map[string]string{})
	f.do(200, "POST", at+"/verify", map[string]string{"enrollee": "e-1", "verified_by": "in_person", "reason": "passport seen"})
	f.do(200, "POST", at+"/begin", map[string]string{})
	require.Equal(t, []string{"withdraw e-1"}, f.house.did)
	no := f.do(409, "POST", at+"/fulfil", map[string]string{"outcome": "erased"})
	require.Equal(t, "hr", no["reasons"].([]any)[0].(map[string]any)["object"])
	no = f.do(409, "GET", at+"/bundle", nil)
	require.Equal(t, "NOT_A_COPY", no["code"])
	tasks := f.do(200, "GET", at+"/tasks", nil)["tasks"].([]any)
	task := tasks[0].(map[string]any)["task"].(string)
	f.do(200, "POST", "/v1/rights/tasks/"+task+"/acknowledge", nil)
	done := f.do(200, "POST", at+"/fulfil", map[string]string{"outcome": "erased"})
	require.Contains(t, done["outcome"], "certificate-1")
	require.Contains(t, f.house.did, "erase e-1")
}

// proves: B-55
func TestEveryLookIsRecorded(t *testing.T) {
	f := newFront(t)
	id := f.submit("copy")
	at := "/v1/rights/requests/" + id
	f.do(200, "POST", at+"/verify", map[string]string{"enrollee": "e-1", "verified_by": "in_person", "reason": "passport seen"})
	for i, path := range []string{"", "/history", "/contact", "/bundle"} {
		f.do(200, "GET", at+path, nil)
		require.Len(t, f.reads, i+1)
		require.Equal(t, id, f.reads[i].Object)
	}
	f.broken = http.ErrServerClosed
	for _, path := range []string{"", "/history", "/contact", "/bundle"} {
		no := f.do(503, "GET", at+path, nil)
		require.NotContains(t, no, "enrollee")
	}
	f.do(200, "GET", "/v1/rights/requests", nil) // says nothing about anybody
}

// proves: B-63, B-62
func TestRoles(t *testing.T) {
	f := newFront(t)
	require.Greater(t, len(f.module.Routes()), 15)
	for _, route := range f.module.Routes() {
		path := strings.ReplaceAll(route.Path, "{id}", "018f0000-0000-7000-8000-000000000000")
		for _, role := range append(actor.Roles(), "") {
			f.who = actor.Actor{ID: "x", Roles: []actor.Role{role}}
			if role == "" {
				f.who = actor.Actor{}
			}
			resp := f.api.Do(route.Method, path, "Content-Type: application/json", strings.NewReader("{}"))
			allowed := len(route.Roles) == 0 || slices.Contains(route.Roles, role)
			refused := resp.Code == http.StatusForbidden && codeOf(resp) == "ROLE" || resp.Code == http.StatusUnauthorized
			require.Equal(t, !allowed, refused, "%s %s as %q: %d %s", route.Method, path, role, resp.Code, resp.Body.String())
		}
	}
}

func codeOf(r *httptest.ResponseRecorder) string {
	var p struct{ Code string }
	if json.Unmarshal(r.Body.Bytes(), &p) != nil {
		return ""
	}
	return p.Code
}

func TestAFloodIsTurnedAway(t *testing.T) {
	f := newFront(t)
	for range 100 {
		f.submit("access")
	}
	no := f.do(429, "POST", "/v1/rights/requests", map[string]string{"type": "access", "language": "en", "contact": "ana@example.org"})
	require.Equal(t, "BUSY", no["code"])
}
