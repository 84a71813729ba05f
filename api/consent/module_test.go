package consent_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/apitest"
	consentapi "bystander/api/consent"
	"bystander/api/problem"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/store"
	"bystander/schema"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

const scene, zone = "cam-scene", "cam-zone"

// lens stands in for the models: it enrols pictures that begin with "face".
type lens struct {
	sessions *consent.Service
	shots    []consent.Shot
	bytes    []int
}

func (l *lens) Prove(ctx context.Context, id, _ string, p consent.Proof) (consent.Session, error) {
	return l.sessions.Prove(ctx, id, p)
}

func (l *lens) Photo(ctx context.Context, id string, s consent.Shot) (consent.Taken, error) {
	x, err := l.sessions.Ready(ctx, id, s.SelfSupplied)
	if err != nil {
		return consent.Taken{}, err
	}
	if s.Keep {
		if _, err := l.sessions.MayKeepPhoto(ctx, x.Enrollee); err != nil {
			return consent.Taken{}, err
		}
	}
	b, err := io.ReadAll(s.Photo)
	if err != nil {
		return consent.Taken{}, err
	}
	l.shots, l.bytes = append(l.shots, s), append(l.bytes, len(b))
	if !strings.HasPrefix(string(b), "face") {
		return consent.Taken{}, &consent.Refusal{Sort: consent.Malformed, Reasons: []consent.Reason{{Code: "BLUR", Text: "b"}, {Code: "POSE", Text: "p"}}}
	}
	x, err = l.sessions.Tried(ctx, id, consent.PhotoEnrolled, 0.8)
	return consent.Taken{Session: x, Outcome: consent.PhotoEnrolled, Templates: 1}, err
}

// nothing is a keeper of nothing.
type nothing struct{}

func (nothing) Erase(context.Context, string) error               { return nil }
func (nothing) DropPhotos(context.Context, string) error          { return nil }
func (nothing) HasTemplate(context.Context, string) (bool, error) { return false, nil }
func (nothing) Templates(context.Context) (int, error)            { return 0, nil }
func (nothing) Stale(context.Context) ([]string, string, error)   { return nil, "", nil }

// house is the front door with this module; a request's token names its role.
type house struct {
	t       *testing.T
	api     *api.API
	module  *consentapi.Module
	service *consent.Service
	store   *store.Store
	lens    *lens
	reads   []actor.Read
	fail    error
	now     time.Time
	hash    string
	me      string // the enrollee of role subject
	log     bytes.Buffer
}

func (h *house) RecordRead(_ context.Context, r actor.Read) error {
	if h.fail != nil {
		return h.fail
	}
	h.reads = append(h.reads, r)
	return nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: noon}
	dir := t.TempDir()
	var err error
	h.store, err = store.Open(t.Context(), filepath.Join(dir, "policy.db"))
	require.NoError(t, err)
	db, err := consent.OpenDB(t.Context(), filepath.Join(dir, "consent.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(h.store.Close(), db.Close())) })
	site := policy.SampleSite(noon, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	h.hash = site.Notices[0].Hash.String()
	signer, err := consent.NewSigner(ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.NoError(t, err)
	now := func() time.Time { return h.now }
	h.service, err = consent.New(consent.Config{
		DB: db, Records: h.store, Signer: signer, Keeper: nothing{}, Now: now,
		Site: func(context.Context) (*policy.Site, error) { return site, nil },
	})
	require.NoError(t, err)
	h.lens = &lens{sessions: h.service}
	h.module, err = consentapi.New(consentapi.Config{
		Service: h.service, Desk: h.lens, Records: h.store, Repeats: db, Access: h, Schema: schema.ConsentReceipt(), Now: now,
		SubjectRef: func(context.Context, string, string) (event.Digest, bool) { return event.Digest{9}, true },
		Log:        func(_ context.Context, err error) { t.Logf("fault: %v", err) },
	})
	require.NoError(t, err)
	h.api, err = api.New(api.Config{
		Version: "test", Log: zerolog.New(&h.log), Modules: []api.Module{h.module},
		Authenticate: func(r *http.Request) (actor.Actor, error) {
			role := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if role == "" {
				return actor.Actor{}, nil
			}
			id, _, _ := strings.Cut(role, "-")
			a := actor.Actor{ID: role, Roles: []actor.Role{actor.Role(id)}}
			if a.Has(actor.Subject) {
				a.Enrollee = h.me
			}
			return a, nil
		},
	}, apitest.NewFake().Backend())
	require.NoError(t, err)
	return h
}

// do sends a request as a role; header pairs follow the body, which is sent as
// JSON unless it is bytes.
func (h *house) do(role, method, path string, body any, header ...string) (*http.Response, []byte) {
	h.t.Helper()
	var r io.Reader = http.NoBody
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		r, kind = bytes.NewReader(b), "image/jpeg"
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		require.NoError(h.t, err)
		r = bytes.NewReader(j)
	}
	req := httptest.NewRequestWithContext(h.t.Context(), method, "http://127.0.0.1"+path, r)
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+role)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, req)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	require.NotEmpty(h.t, res.Header.Get("X-Request-Id"))
	return res, b
}

type object = map[string]any

func (h *house) ok(status int, role, method, path string, body any, header ...string) object {
	h.t.Helper()
	res, b := h.do(role, method, path, body, header...)
	require.Equal(h.t, status, res.StatusCode, "%s %s as %s: %s", method, path, role, b)
	var v object
	require.NoError(h.t, json.Unmarshal(b, &v))
	return v
}

func (h *house) no(status int, code, role, method, path string, body any, header ...string) problem.Problem {
	h.t.Helper()
	res, b := h.do(role, method, path, body, header...)
	require.Equal(h.t, status, res.StatusCode, "%s %s as %s: %s", method, path, role, b)
	require.Equal(h.t, "application/problem+json", res.Header.Get("Content-Type"))
	var p problem.Problem
	require.NoError(h.t, json.Unmarshal(b, &p))
	require.Equal(h.t, code, p.Code, "%s", b)
	require.Equal(h.t, res.Header.Get("X-Request-Id"), p.RequestID)
	return p
}

func (h *house) act(channel, widget string) object {
	return object{"channel": channel, "widget": widget, "notice_hash": h.hash, "basis": "separate consent", "language": "en"}
}

func (h *house) session(role string) object {
	h.t.Helper()
	return h.ok(201, role, "POST", "/v1/enrolments", object{"channel": "kiosk", "scenes": []string{scene}, "zones": []string{zone}, "under_14": false})
}

func (h *house) consentBody(enrollee string, purposes ...string) object {
	return object{"enrollee": enrollee, "purposes": purposes, "scenes": []string{scene}, "zones": []string{zone}, "act": h.act("kiosk", "checkbox")}
}

// A person enrols at a kiosk: nothing before the consent, and in order after.
//
// proves: B-07, A-43, B-26, B-34, B-40, A-12
func TestEnrolmentAtAKiosk(t *testing.T) {
	h := newHouse(t)
	s := h.session("kiosk")
	id, who := s["id"].(string), s["enrollee"].(string)
	h.no(409, "CONSENT_FIRST", "kiosk", "POST", "/v1/enrolments/"+id+"/photos", []byte("face"))
	require.Empty(t, h.lens.bytes, "the picture was not even read")
	proof := object{"name": "Canary Müller", "method": "identity_document", "in_person": true}
	h.no(409, "CONSENT_FIRST", "consent_officer", "POST", "/v1/enrolments/"+id+"/proof", proof)
	p := h.no(422, "BUNDLED", "kiosk", "POST", "/v1/consents", h.consentBody(who, "match", "appear_live"))
	require.Equal(t, "BUNDLED", p.Reasons[0].Code)
	c := h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"))
	require.Equal(t, "active", c["state"])
	require.Equal(t, "checkbox", c["act"].(object)["widget"])
	h.no(409, "PROOF_FIRST", "kiosk", "POST", "/v1/enrolments/"+id+"/photos", []byte("face"))
	h.ok(200, "consent_officer", "POST", "/v1/enrolments/"+id+"/proof", proof)
	p = h.no(422, "BLUR", "kiosk", "POST", "/v1/enrolments/"+id+"/photos", []byte("fog"))
	require.Len(t, p.Reasons, 2, "everything that is wrong is said at once")
	h.no(409, "IN_PERSON_CHECK", "kiosk", "POST", "/v1/enrolments/"+id+"/photos?data_type=1", []byte("face"))
	h.no(403, "RAW_IMAGE_UNAUTHORISED", "kiosk", "POST", "/v1/enrolments/"+id+"/photos?keep=true", []byte("face"))
	done := h.ok(200, "kiosk", "POST", "/v1/enrolments/"+id+"/photos", []byte("face"))
	require.Equal(t, "ENROLLED", done["outcome"])
	h.no(415, "PHOTO_KIND", "kiosk", "POST", "/v1/enrolments/"+id+"/photos", object{"url": "http://x"})
	res, _ := h.do("kiosk", "POST", "/v1/enrolments/"+id+"/photos", make([]byte, 32<<20+1))
	require.Equal(t, 413, res.StatusCode)
	require.Equal(t, who, h.ok(200, "kiosk", "GET", "/v1/enrolments/"+id, nil)["enrollee"])
	require.NotContains(t, h.log.String(), "Canary", "no name in the log")
}

// One step back, as one step there; and the receipts to prove it.
//
// proves: A-38, C-32, B-48
func TestWithdrawalAndReceipts(t *testing.T) {
	h := newHouse(t)
	who := h.session("kiosk")["enrollee"].(string)
	id := h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"))["id"].(string)
	h.me = who
	v := h.ok(200, "subject", "GET", "/v1/enrollees/"+who, nil)
	choice := v["choices"].([]any)[0].(object)
	require.Equal(t, "active", choice["state"])
	require.Equal(t, noon.Format(time.RFC3339), choice["since"])
	for range 2 {
		require.Equal(t, "withdrawn", h.ok(200, "subject", "POST", "/v1/consents/"+id+"/withdraw", nil)["state"])
	}
	require.Len(t, h.ok(200, "subject", "GET", "/v1/consents/"+id+"/history", nil)["consents"], 3)
	res, handed := h.do("subject", "GET", "/v1/consents/"+id+"/receipt", nil)
	require.Equal(t, 200, res.StatusCode)
	res, keys := h.do("", "GET", "/.well-known/bystander-consent-keys.json", nil)
	require.Equal(t, 200, res.StatusCode)
	pub, err := consent.ParseKeys(keys)
	require.NoError(t, err)
	r, err := consent.Verify(handed, pub)
	require.NoError(t, err)
	require.Equal(t, policy.ConsentWithdrawn, r.Events[2].State)
	require.Equal(t, "active", h.receiptState(id, 2, pub))
	res, b := h.do("", "GET", "/v1/consents/receipt-schema", nil)
	require.Equal(t, 200, res.StatusCode)
	require.JSONEq(t, string(schema.ConsentReceipt()), string(b))
	require.Equal(t, "cancelled", h.ok(200, "subject", "GET", "/v1/enrollees/"+who, nil)["status"])
	h.me = "somebody else"
	h.no(404, "NOT_FOUND", "subject", "POST", "/v1/consents/"+id+"/withdraw", nil)
	h.no(404, "NOT_FOUND", "subject", "GET", "/v1/enrollees/"+who, nil)
	h.no(404, "NOT_FOUND", "subject", "GET", "/v1/consents/"+id+"/receipt", nil)
}

func (h *house) receiptState(id string, version int, pub []ed25519.PublicKey) string {
	h.t.Helper()
	_, b := h.do("subject", "GET", "/v1/consents/"+id+"/receipt?version="+string(rune('0'+version)), nil)
	r, err := consent.Verify(b, pub)
	require.NoError(h.t, err)
	return string(r.Events[len(r.Events)-1].State)
}

// proves, B-08, B-12
func TestDecliningIsEqual(t *testing.T) {
	h := newHouse(t)
	ask := object{"party": "visitor-1234", "scene": scene, "channel": "kiosk"}
	o := h.ok(201, "kiosk", "POST", "/v1/prompts", ask)
	for _, c := range o["choices"].([]any) {
		require.Equal(t, false, c.(object)["selected"])
		require.Equal(t, false, c.(object)["required"])
	}
	a := h.ok(200, "kiosk", "POST", "/v1/prompts/"+o["prompt"].(string)+"/decline", object{})
	require.Equal(t, true, a["equal_service"])
	require.Equal(t, "staffed", a["zones"].([]any)[0].(object)["kind"])
	res, b := h.do("kiosk", "POST", "/v1/prompts", ask)
	require.Equal(t, 429, res.StatusCode, "%s", b)
	require.Equal(t, "2592000", res.Header.Get("Retry-After"))
	h.now = noon.Add(30*24*time.Hour + time.Second)
	h.ok(201, "kiosk", "POST", "/v1/prompts", ask)
}

// A request with a field too many is refused: device data has no way in.
//
// proves: B-35, B-51
func TestStrictSchemas(t *testing.T) {
	h := newHouse(t)
	who := h.session("kiosk")["enrollee"].(string)
	for _, field := range []string{"android_id", "idfv", "device_risk", "battery", "sensors", "risk_score", "vpn", "purpose"} {
		for path, body := range map[string]object{
			"/v1/consents":   h.consentBody(who, "match"),
			"/v1/enrolments": {"channel": "kiosk", "scenes": []string{scene}, "zones": []string{zone}, "under_14": false},
			"/v1/prompts":    {"party": "visitor-1234", "scene": scene, "channel": "kiosk"},
		} {
			body[field] = "x"
			res, b := h.do("kiosk", "POST", path, body)
			require.Equal(t, 422, res.StatusCode, "%s: %s", path, b)
			require.Contains(t, string(b), "unexpected property")
			require.NotContains(t, string(b), `"value"`)
		}
		act := h.consentBody(who, "match")
		act["act"].(object)[field] = "x"
		res, _ := h.do("kiosk", "POST", "/v1/consents", act)
		require.Equal(t, 422, res.StatusCode)
	}
	res, _ := h.do("kiosk", "POST", "/v1/enrolments/"+who+"/photos?device=x", []byte("face"))
	require.Equal(t, 422, res.StatusCode)
}

func TestIdempotencyKeys(t *testing.T) {
	h := newHouse(t)
	body := object{"channel": "kiosk", "scenes": []string{scene}, "zones": []string{zone}, "under_14": false}
	one := h.ok(201, "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k1")
	require.Equal(t, one, h.ok(201, "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k1"))
	require.NotEqual(t, one["id"], h.ok(201, "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k2")["id"])
	require.NotEqual(t, one["id"], h.ok(201, "kiosk-2", "POST", "/v1/enrolments", body, "Idempotency-Key", "k1")["id"], "keys belong to accounts")
	body["under_14"] = true
	h.no(422, "IDEMPOTENCY_KEY_REUSED", "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k1")
	// A refusal is not kept: the same key serves the mended world.
	h.no(409, "CHILDREN_NOT_ADMITTED", "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k3")
	h.no(409, "CHILDREN_NOT_ADMITTED", "kiosk", "POST", "/v1/enrolments", body, "Idempotency-Key", "k3")
	who := one["enrollee"].(string)
	c := h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"), "Idempotency-Key", "k4")
	require.Equal(t, c, h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"), "Idempotency-Key", "k4"))
	h.no(409, "CONSENT_EXISTS", "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"))
}

// Every look at a person is recorded before the answer, and without the record
// there is none.
//
// proves: B-55
func TestEveryLookIsRecorded(t *testing.T) {
	h := newHouse(t)
	s := h.session("kiosk")
	who := s["enrollee"].(string)
	g := h.consentBody(who, "match")
	g["act"] = h.act("o2o", "slide")
	c := h.ok(201, "consent_officer", "POST", "/v1/consents", g)
	id := c["id"].(string)
	require.Empty(t, h.reads)
	looks := []struct {
		role, method, path string
		body               any
	}{
		{"consent_officer", "GET", "/v1/consents/" + id, nil},
		{"consent_officer", "GET", "/v1/consents/" + id + "/history", nil},
		{"privacy_officer", "GET", "/v1/consents/" + id + "/receipt", nil},
		{"consent_officer", "GET", "/v1/enrollees/" + who, nil},
		{"privacy_officer", "GET", "/v1/enrollees/" + who + "/history", nil},
		{"kiosk", "GET", "/v1/enrollees/" + who + "/messages", nil},
		{"consent_officer", "GET", "/v1/enrollees/" + who + "/guardians", nil},
		{"kiosk", "GET", "/v1/enrolments/" + s["id"].(string), nil},
		{"kiosk", "POST", "/v1/consents/lookup", object{"code": c["code"]}},
	}
	for i, l := range looks {
		h.ok(200, l.role, l.method, l.path, l.body)
		require.Len(t, h.reads, i+1, "%s %s", l.method, l.path)
		require.Equal(t, []event.Digest{{9}}, h.reads[i].Subjects)
	}
	h.fail = errors.New("disk full")
	for _, l := range looks {
		h.no(503, "ACCESS_LOG", l.role, l.method, l.path, l.body)
	}
}

// proves: B-03, B-04, A-02
func TestNoticesOverHTTP(t *testing.T) {
	h := newHouse(t)
	body := h.valid("POST /v1/notices", "").(object)
	en := body["texts"].(object)["en"].(object)
	en["kinds"] = []object{{"function": "f", "data": []string{"your name, etc."}}}
	en["impact"] = ""
	p := h.no(422, "NOTICE_FIELD_EMPTY", "privacy_officer", "POST", "/v1/notices", body)
	found := map[string]string{}
	for _, r := range p.Reasons {
		found[r.Code+" "+r.Object] = r.Text
	}
	require.Contains(t, found, "NOTICE_FIELD_EMPTY en.impact")
	require.Contains(t, found["NOTICE_OPEN_LIST en.kinds[0].data[0]"], `"etc."`)
	n := h.ok(201, "privacy_officer-1", "POST", "/v1/notices", h.valid("POST /v1/notices", ""))
	require.Equal(t, "draft", n["state"])
	h.no(403, "SAME_PERSON", "privacy_officer-1", "POST", "/v1/notices/v1/publish", object{"revision": 1})
	n = h.ok(200, "privacy_officer-2", "POST", "/v1/notices/v1/publish", object{"revision": 1})
	require.Equal(t, noon.Add(7*24*time.Hour).Format(time.RFC3339), n["effective_from"])
	require.Equal(t, policy.SampleNotice, h.ok(200, "", "GET", "/v1/notices/current?scene="+scene, nil)["version"])
	h.now = noon.Add(7 * 24 * time.Hour)
	cur := h.ok(200, "", "GET", "/v1/notices/current?scene="+scene, nil)
	require.Equal(t, "v1", cur["version"])
	require.NotEmpty(t, cur["notice"].(object)["components"])
	for _, c := range h.ok(200, "", "GET", "/v1/notices/components?language=zh-CN", nil)["components"].([]any) {
		require.Regexp(t, `\p{Han}`, c.(object)["purpose"], "told in the language asked for")
	}
}

// proves: B-49
func TestImportOverHTTP(t *testing.T) {
	h := newHouse(t)
	row := func(evidence string) object {
		return object{
			"person": "p" + strconv.Itoa(len(evidence)), "purposes": []string{"match"}, "scenes": []string{scene}, "zones": []string{zone}, "under_14": false,
			"notice_hash": h.hash, "basis": "separate consent", "evidence_sha256": evidence, "act_at": noon.Add(-time.Hour),
		}
	}
	rep := h.ok(200, "consent_officer", "POST", "/v1/imports", object{"rows": []object{row(strings.Repeat("ab", 32)), row(""), {}}})
	rows := rep["rows"].([]any)
	require.InDelta(t, 201, rows[0].(object)["status"], 0)
	for _, r := range rows[1:] {
		require.InDelta(t, 422, r.(object)["status"], 0)
		require.Equal(t, "EVIDENCE_MISSING", r.(object)["reasons"].([]any)[0].(object)["code"])
	}
	require.Equal(t, rep, h.ok(200, "consent_officer", "GET", "/v1/imports/"+rep["id"].(string), nil))
	people, err := h.store.Enrollees(t.Context())
	require.NoError(t, err)
	require.Len(t, people, 1)
}
