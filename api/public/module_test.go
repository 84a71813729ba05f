package public_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/public"
	"bystander/policy"
	"bystander/policy/consent"
)

// house stands in for the consents.
type house struct {
	house   consent.House
	notices map[string]consent.InForce
	err     error
}

func (h *house) House(context.Context) (consent.House, error) { return h.house, h.err }

func (h *house) Current(_ context.Context, scene string) (consent.InForce, error) {
	n, ok := h.notices[scene]
	if !ok {
		return n, consent.Refuse(consent.Unknown, "NOTICE_MISSING", scene, "no notice is in force for this scene")
	}
	return n, nil
}

func site() *house {
	en, _ := consent.Template("en")
	zh, _ := consent.Template("zh-CN")
	n := &consent.Notice{Draft: consent.Draft{Version: "2026-1", Texts: map[string]consent.Text{"en": en, "zh-CN": zh}}}
	n.EffectiveFrom = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return &house{
		house: consent.House{Controller: "Stage <House> Ltd", Contact: "privacy@stage.example", Profile: "cn", Places: []consent.Place{
			{Scene: "concert", Purpose: policy.ForEvent, Mode: policy.ModeZone, Zones: []consent.WayOfZone{{Zone: "front", Kind: "staffed", Description: "the door on the left"}}},
			{Scene: "draft", Purpose: policy.ForAccess, Mode: policy.ModeClaim},
		}},
		notices: map[string]consent.InForce{"concert": {Version: "2026-1", Notice: n}},
	}
}

func rules() []public.Rule {
	return []public.Rule{
		{Class: "match events", Days: 184},
		{Class: "consent receipts", Days: 3 * 365},
		{Class: "consent receipts"},
		{Class: "redacted recordings", Days: 3},
		{Class: "chain skeleton", Days: 9999},
	}
}

func get(t *testing.T, h *house, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	m, err := public.New(public.Config{House: h, Rules: rules, Log: zerolog.Nop()})
	require.NoError(t, err)
	r := chi.NewRouter()
	m.Register(humachi.New(r, huma.DefaultConfig("test", "1")))
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

// The notice is a document of its own, in both languages, without script.
//
// proves: B-09, B-10, B-05
func TestThePrivacyNoticeIsADocumentOfItsOwn(t *testing.T) {
	for lang, want := range map[string][]string{
		"en": {
			"Privacy notice", "Stage &lt;House&gt; Ltd", "privacy@stage.example", "184 days", "3 days", "the door on the left", "15 working days",
			"cyberspace administration", "Taking part in an event", "No notice is in force", `href="/me/request?lang=en"`, `href="/me?lang=en"`, `href="/z/front?lang=en"`,
			"2026-03-01", "ONNX Runtime", "the template of your face",
		},
		"zh-CN": {"隐私政策", "184日", "15个工作日", "网信部门", "活动参与", "目前无人可以作出同意", "人脸模板", "敏感"},
	} {
		if lang == "zh-CN" {
			want = want[:len(want)-1] // the site's own words decide about that one
		}
		w := get(t, site(), "/privacy?lang="+lang)
		require.Equal(t, 200, w.Code)
		body := w.Body.String()
		require.Equal(t, lang, w.Header().Get("Content-Language"))
		require.Contains(t, body, `<html lang="`+lang+`">`)
		for _, s := range want {
			require.Contains(t, body, s, lang)
		}
		for _, s := range []string{"<script", "style=", "<no value>", "%!", "chain skeleton"} {
			require.NotContains(t, body, s, lang)
		}
		require.Equal(t, strings.Count(body, "<section"), strings.Count(body, "</section>"))
	}
}

func TestTheReadersLanguage(t *testing.T) {
	require.Contains(t, get(t, site(), "/privacy", "Accept-Language", "fr;q=1, zh-Hans;q=0.9").Body.String(), "隐私政策")
	require.Contains(t, get(t, site(), "/privacy", "Accept-Language", "fr").Body.String(), "Privacy notice")
	require.Equal(t, 422, get(t, site(), "/privacy?lang=xx").Code)
}

// A kiosk goes back to its start by itself; nobody else is sent away.
func TestAKioskGoesBack(t *testing.T) {
	require.Contains(t, get(t, site(), "/privacy?from=kiosk").Body.String(), `http-equiv="refresh" content="180;url=/kiosk"`)
	require.NotContains(t, get(t, site(), "/privacy").Body.String(), "refresh")
}

func TestAHouseWithoutASite(t *testing.T) {
	h := &house{err: consent.Refuse(consent.Unmet, "SITE_MISSING", "", "there is no site yet")}
	w := get(t, h, "/privacy?lang=en")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "nobody is recognised")
	h.err = errors.New("disk full")
	require.Equal(t, 503, get(t, h, "/privacy").Code)
}

func TestTheHousesNameIsPublic(t *testing.T) {
	require.JSONEq(t, `{"controller": "Stage <House> Ltd"}`, body(t, get(t, site(), "/v1/public/house")))
	h := &house{err: consent.Refuse(consent.Unmet, "SITE_MISSING", "", "there is no site yet")}
	require.JSONEq(t, `{"controller": ""}`, body(t, get(t, h, "/v1/public/house")))
	h.err = errors.New("disk full")
	require.Equal(t, 503, get(t, h, "/v1/public/house").Code)
}

// body is an answer without the address of its schema.
func body(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, 200, w.Code)
	var all map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
	delete(all, "$schema")
	b, err := json.Marshal(all)
	require.NoError(t, err)
	return string(b)
}

// The head shows whose house it is, and the theme that was chosen stays.
func TestTheHeadOfThePage(t *testing.T) {
	b := get(t, site(), "/privacy?lang=en&theme=dark").Body.String()
	require.Contains(t, b, `<html lang="en" data-theme="dark">`)
	require.Contains(t, b, `<span>Stage &lt;House&gt; Ltd</span>`)
	require.Contains(t, b, `href="/z/front?lang=en&amp;theme=dark"`)
	require.Equal(t, 422, get(t, site(), "/privacy?theme=pink").Code)
}

func TestItsStyle(t *testing.T) {
	w := get(t, site(), "/privacy.css")
	require.Equal(t, "text/css; charset=utf-8", w.Header().Get("Content-Type"))
	require.NotContains(t, w.Body.String(), "@import")
}
