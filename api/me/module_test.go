package me_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api/actor"
	"bystander/api/me"
	"bystander/api/session"
	"bystander/policy/consent"
	"bystander/rights"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

// house stands in for consents, sessions, export and the rest.
type house struct {
	t      *testing.T
	api    http.Handler
	module *me.Module
	who    actor.Actor
	reads  []string
	broken error
	did    []string
	now    time.Time
}

func (h *house) ByCode(_ context.Context, code string) (string, error) {
	if code != "ABCDEFGHJKLMNPQR" {
		return "", consent.Refuse(consent.Unknown, "CODE_UNKNOWN", "", "this code is not known, or its time is over")
	}
	return "e-1", nil
}

func (h *house) Enter(_ context.Context, w http.ResponseWriter, _ *http.Request, enrollee string) (session.Answer, error) {
	http.SetCookie(w, &http.Cookie{Name: "s", Value: "t", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode})
	return session.Answer{Known: true, ID: "person-1", Enrollee: enrollee, Roles: []actor.Role{actor.Subject}}, nil
}

func (h *house) Kept(context.Context, string) (me.Kept, error) {
	return me.Kept{Kinds: []me.KeptKind{{Kind: "consents", Count: 2, Ends: "erasure"}}}, nil
}

func (h *house) Export(_ context.Context, enrollee, _ string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("PK" + enrollee)), nil
}

func (h *house) RecordRead(_ context.Context, r actor.Read) error {
	if h.broken == nil {
		h.reads = append(h.reads, r.Action)
	}
	return h.broken
}

func (h *house) Known(context.Context, string) (bool, error) { return true, nil }

func (h *house) Withdraw(_ context.Context, e, _ string) error {
	h.did = append(h.did, "withdraw "+e)
	return nil
}

func (h *house) Restrict(_ context.Context, e, _ string) error {
	h.did = append(h.did, "restrict "+e)
	return nil
}

func (h *house) Object(_ context.Context, e, _ string) error {
	h.did = append(h.did, "object "+e)
	return nil
}
func (h *house) Erase(context.Context, string, string) (string, error) { return "c", nil }

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: noon, who: subject("e-1")}
	db, err := rights.OpenDB(t.Context(), filepath.Join(t.TempDir(), "rights.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	k, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	seal, err := aead.New(k)
	require.NoError(t, err)
	now := func() time.Time { return h.now }
	s, err := rights.New(rights.Config{DB: db, House: h, Sealer: seal, Profile: func() string { return "eu" }, Now: now})
	require.NoError(t, err)
	h.module, err = me.New(me.Config{
		Codes: h, Sessions: h, Requests: s, Filed: db, Export: h, Holdings: h, Access: h, Log: zerolog.Nop(), Now: now, PerMinute: 3,
	})
	require.NoError(t, err)
	r := chi.NewRouter()
	api := humachi.New(r, huma.DefaultConfig("test", "1"))
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithContext(ctx, actor.With(ctx.Context(), h.who)))
	})
	h.module.Register(api)
	h.api = r
	return h
}

func subject(enrollee string) actor.Actor {
	return actor.Actor{ID: "person-1", Roles: []actor.Role{actor.Subject}, Enrollee: enrollee}
}

type object = map[string]any

func (h *house) send(method, path string, body any) *httptest.ResponseRecorder {
	h.t.Helper()
	var b bytes.Buffer
	if body != nil {
		require.NoError(h.t, json.NewEncoder(&b).Encode(body))
	}
	req := httptest.NewRequestWithContext(h.t.Context(), method, path, &b)
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, req)
	return w
}

func (h *house) do(want int, method, path string, body any) object {
	h.t.Helper()
	w := h.send(method, path, body)
	require.Equal(h.t, want, w.Code, "%s %s: %s", method, path, w.Body.String())
	out := object{}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

// The code opens the page, however it is typed; a wrong one tells nothing, and
// many wrong ones are turned away.
func TestTheCodeOnTheReceiptOpensThePage(t *testing.T) {
	h := newHouse(t)
	h.who = actor.Actor{}
	w := h.send("POST", "/v1/me/session", object{"code": "abcd-efgh jklm-npqr"})
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Contains(t, w.Header().Get("Set-Cookie"), "HttpOnly")
	for range 3 {
		require.Equal(t, "CODE_UNKNOWN", h.do(404, "POST", "/v1/me/session", object{"code": "ABCDEFGHJKLMNPQA"})["code"])
	}
	require.Equal(t, "BUSY", h.do(429, "POST", "/v1/me/session", object{"code": "ABCDEFGHJKLMNPQR"})["code"])
	h.now = noon.Add(time.Minute)
	h.do(200, "POST", "/v1/me/session", object{"code": "ABCDEFGHJKLMNPQR"})
}

// proves: B-63
func TestOnlyThePersonThemselves(t *testing.T) {
	h := newHouse(t)
	require.Len(t, h.module.Routes(), 5)
	for _, r := range h.module.Routes() {
		path := strings.ReplaceAll(r.Path, "{id}", "018f0000-0000-7000-8000-000000000000")
		for _, role := range append(actor.Roles(), "") {
			h.who = actor.Actor{ID: "x", Roles: []actor.Role{role}, Enrollee: "e-1"}
			if role == "" {
				h.who = actor.Actor{}
			}
			w := h.send(r.Method, path, object{})
			refused := w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden
			allowed := len(r.Roles) == 0 || slices.Contains(r.Roles, role)
			require.Equal(t, !allowed, refused, "%s %s as %q: %d", r.Method, path, role, w.Code)
		}
	}
}

// What asks to stop something is stopped at once: the code has shown who asks.
//
// proves: B-13, C-20, A-54
func TestRequestsOfAKnownPerson(t *testing.T) {
	h := newHouse(t)
	for kind, did := range map[string]string{"restrict": "restrict e-1", "object": "object e-1", "erase": "withdraw e-1", "refuse_automated": "object e-1"} {
		h.did = nil
		got := h.do(201, "POST", "/v1/me/requests", object{"type": kind, "language": "en"})
		require.Equal(t, "in_progress", got["state"], kind)
		require.Equal(t, []string{did}, h.did)
		require.Equal(t, "2026-02-28T23:59:59Z", got["deadline"])
	}
	h.did = nil
	require.Equal(t, "identity_verified", h.do(201, "POST", "/v1/me/requests", object{"type": "correct", "language": "zh-CN", "text": "x"})["state"])
	require.Empty(t, h.did)
	h.do(422, "POST", "/v1/me/requests", object{"type": "deceased_kin", "language": "en"})
	h.do(422, "POST", "/v1/me/requests", object{"type": "erase", "language": "en", "device": "x"})
	require.Len(t, h.do(200, "GET", "/v1/me/requests", nil)["requests"], 5)
	h.who = subject("e-2")
	require.Empty(t, h.do(200, "GET", "/v1/me/requests", nil)["requests"], "nobody else's")
}

// proves, B-55
func TestACopyIsDownloaded(t *testing.T) {
	h := newHouse(t)
	id := h.do(201, "POST", "/v1/me/requests", object{"type": "copy", "language": "en"})["request_id"].(string)
	path := "/v1/me/requests/" + id + "/bundle"
	h.broken = errors.New("disk full")
	require.Equal(t, "ACCESS_LOG", h.do(503, "GET", path, nil)["code"])
	h.broken = nil
	for range 2 {
		w := h.send("GET", path, nil)
		require.Equal(t, 200, w.Code, w.Body.String())
		require.Equal(t, "PKe-1", w.Body.String())
		require.Equal(t, "application/zip", w.Header().Get("Content-Type"))
	}
	require.Equal(t, []string{"me.bundle", "me.bundle"}, h.reads)
	r := h.do(200, "GET", "/v1/me/requests", nil)["requests"].([]any)[0].(object)
	require.Equal(t, "fulfilled", r["state"])
	erase := h.do(201, "POST", "/v1/me/requests", object{"type": "erase", "language": "en"})["request_id"].(string)
	require.Equal(t, "NOT_A_COPY", h.do(409, "GET", "/v1/me/requests/"+erase+"/bundle", nil)["code"])
	h.who = subject("e-2")
	require.Equal(t, "NOT_FOUND", h.do(404, "GET", path, nil)["code"])
}

// proves: B-55
func TestWhatIsKeptIsToldAfterTheRecord(t *testing.T) {
	h := newHouse(t)
	require.Len(t, h.do(200, "GET", "/v1/me/kept", nil)["kinds"], 1)
	require.Equal(t, []string{"me.kept"}, h.reads)
	h.broken = errors.New("disk full")
	h.do(503, "GET", "/v1/me/kept", nil)
	h.do(503, "GET", "/v1/me/requests", nil)
}
