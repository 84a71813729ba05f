package zones_test

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

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/actor/tokens"
	"bystander/api/apitest"
	"bystander/api/problem"
	"bystander/api/zones"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/sitestore"
)

var ctx = context.Background()

// desk is the front door with this module and one account of every role.
type desk struct {
	t      *testing.T
	api    *api.API
	module *zones.Module
	store  *sitestore.Store
	tokens map[string]string // by account
	events []event.Event
	view   zones.View
	now    time.Time
}

// blur stands in for the redactor: it takes pictures that begin with "photo".
type blur struct{}

func (blur) RedactPhoto(_ context.Context, b []byte) ([]byte, int, error) {
	if !bytes.HasPrefix(b, []byte("photo")) {
		return nil, 0, errors.New("not a picture")
	}
	return []byte("\xff\xd8redacted"), 3, nil
}

func (d *desk) View(camera string) (zones.View, bool) { return d.view, camera == "gate" }

func newDesk(t *testing.T, change ...func(*zones.Config)) *desk {
	t.Helper()
	d := &desk{t: t, tokens: map[string]string{}, now: time.Now(), view: zones.View{Fingerprint: "p1:view", State: "calibrated"}}
	var err error
	d.store, err = sitestore.Open(ctx, filepath.Join(t.TempDir(), "site.db"), sitestore.Options{
		Now: func() time.Time { return d.now }, Emit: func(e event.Event) { d.events = append(d.events, e) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.store.Close()) })
	ts, err := tokens.Open(ctx, filepath.Join(t.TempDir(), "tokens.db"), tokens.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ts.Close()) })
	for id, role := range map[string]actor.Role{
		"anna": actor.VenueOwner, "ines": actor.Inspector, "olga": actor.PrivacyOfficer, "paul": actor.PrivacyOfficer,
		"adam": actor.Administrator, "otto": actor.Operator, "aud": actor.Auditor, "cora": actor.ConsentOfficer,
		"kio": actor.Kiosk, "prog": actor.Client,
	} {
		d.tokens[id], err = ts.Add(ctx, tokens.Account{ID: id, Roles: []actor.Role{role}}, time.Hour)
		require.NoError(t, err)
	}
	d.tokens["sub"], err = ts.Add(ctx, tokens.Account{ID: "sub", Enrollee: "e1", Roles: []actor.Role{actor.Subject}}, time.Hour)
	require.NoError(t, err)
	cfg := zones.Config{Store: d.store, Redactor: blur{}, Cameras: d, Log: zerolog.Nop()}
	for _, f := range change {
		f(&cfg)
	}
	d.module = zones.New(cfg)
	d.api, err = api.New(api.Config{
		Version: "test", Log: zerolog.Nop(), Modules: []api.Module{d.module}, Authenticate: ts.Authenticate,
	}, apitest.NewFake().Backend())
	require.NoError(t, err)
	return d
}

type answer struct {
	t *testing.T
	*http.Response
	body []byte
}

// do sends a request as an account; header pairs follow the body.
func (d *desk) do(as, method, path string, body any, header ...string) answer {
	d.t.Helper()
	var r io.Reader = http.NoBody
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		r, contentType = bytes.NewReader(b), "image/jpeg"
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		require.NoError(d.t, err)
		r = bytes.NewReader(j)
	}
	req := httptest.NewRequestWithContext(d.t.Context(), method, path, r)
	req.Host = "127.0.0.1"
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if as != "" {
		req.Header.Set("Authorization", "Bearer "+d.tokens[as])
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, req)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	require.NoError(d.t, err)
	require.NotEmpty(d.t, res.Header.Get("X-Request-Id"))
	return answer{d.t, res, b}
}

// ok checks the status and decodes the body.
func (a answer) ok(status int) map[string]any {
	a.t.Helper()
	require.Equal(a.t, status, a.StatusCode, "%s", a.body)
	var v map[string]any
	require.NoError(a.t, json.Unmarshal(a.body, &v))
	return v
}

// no checks that the request was refused with a problem, and returns it.
func (a answer) no(status int) problem.Problem {
	a.t.Helper()
	require.Equal(a.t, status, a.StatusCode, "%s", a.body)
	require.Equal(a.t, "application/problem+json", a.Header.Get("Content-Type"))
	var p problem.Problem
	require.NoError(a.t, json.Unmarshal(a.body, &p))
	require.Equal(a.t, a.Header.Get("X-Request-Id"), p.RequestID)
	return p
}

func reasons(p problem.Problem) []string {
	out := []string{}
	for _, r := range p.Reasons {
		s := r.Code
		if r.Object != "" {
			s += ":" + r.Object
		}
		out = append(out, s)
	}
	return out
}

type obj = map[string]any

var text = obj{
	"controller": "Hall Ltd", "contact": "privacy@hall.invalid", "purpose": "entry", "function": "recognises those who agreed",
	"retention": "184 days", "rights_link": "https://hall.invalid/rights", "alternative": "staffed door",
}

func zoneBody(change ...string) obj {
	b := obj{
		"kind": "recognition", "camera": "gate", "scene": "entry", "outline": [][]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}},
		"alternative": obj{"kind": "staffed", "description": "the door on the left"},
	}
	for _, k := range change {
		delete(b, k)
	}
	return b
}

func with(b obj, k string, v any) obj {
	c := obj{}
	for key, x := range b {
		c[key] = x
	}
	c[k] = v
	return c
}

func sign(id, kind string, x float64) obj {
	return obj{"id": id, "zone": "door", "entrance": "north", "kind": kind, "position": []float64{x, 1}, "text": text}
}

var because = obj{"reason": "because"}

// planned builds a site through the interface, up to a planned zone.
func (d *desk) planned(profile string) {
	d.do("adam", "POST", "/v1/sites", obj{"id": "hall", "name": "Hall Ltd", "contact": "privacy@hall.invalid", "profile": profile}).ok(201)
	_, err := d.store.PutNotice(ctx, sitestore.By{Actor: "olga"}, sitestore.Notice{
		Meta: sitestore.Meta{ID: "n1"}, Languages: []string{"zh-CN", "en"}, Hash: event.Digest{1}, Published: true, EffectiveFrom: d.now.Add(-time.Hour),
	})
	require.NoError(d.t, err)
	photo := d.photo("anna")
	d.do("anna", "PUT", "/v1/cameras/gate/policy", obj{"place_type": "gate", "checklist": obj{
		"id": "paper-1", "signed_by": "anna", "photos": []string{photo}, "installer": "ivo", "acknowledged": d.now.Format(time.RFC3339),
	}}).ok(200)
	d.do("anna", "POST", "/v1/cameras/gate/calibrate", because).ok(200)
	d.do("anna", "POST", "/v1/scenes", obj{
		"id": "entry", "purpose": "access_control", "mode": "zone", "notice": "n1", "records": true, "live_clear": true,
	}).ok(201)
	d.do("anna", "POST", "/v1/zones", with(zoneBody(), "id", "door")).ok(201)
	d.do("anna", "POST", "/v1/entrances", obj{"id": "north", "zone": "door", "position": []float64{2, 0}}).ok(201)
	d.do("anna", "POST", "/v1/signs", sign("face", "face_recognition", 2)).ok(201)
	d.do("anna", "POST", "/v1/signs", sign("cctv", "monitoring", 3.5)).ok(201)
	d.do("anna", "POST", "/v1/zones/door/plan", because).ok(200)
}

func (d *desk) photo(as string) string {
	return d.do(as, "POST", "/v1/photos", []byte("photo of a door")).ok(201)["id"].(string)
}

func (d *desk) inspected() {
	d.do("ines", "POST", "/v1/inspections", obj{"zone": "door", "passed": true, "photos": obj{"north": d.photo("ines")}}).ok(201)
}

func assessment(outcome string) obj {
	return obj{
		"scene": "entry", "necessity": "queues", "effects": "few", "child_rules": "none are enrolled", "outcome": outcome,
		"valid_until": time.Now().AddDate(1, 0, 0).Format(time.RFC3339),
	}
}

func (d *desk) assessed() {
	id := d.do("olga", "POST", "/v1/assessments", assessment("approved")).ok(201)["id"].(string)
	d.do("paul", "POST", "/v1/assessments/"+id+"/approve", because).ok(200)
	d.do("olga", "POST", "/v1/scenes/entry/assess", obj{"assessment": id}).ok(200)
	d.do("olga", "PUT", "/v1/scenes/entry/legal-review", obj{"reviewer": "counsel", "date": time.Now().Add(-time.Hour).Format(time.RFC3339)}).ok(200)
}

func (d *desk) live() {
	d.planned("default")
	d.assessed()
	d.inspected()
	d.do("paul", "POST", "/v1/scenes/entry/enable", because).ok(200)
	d.do("paul", "POST", "/v1/zones/door/live", because).ok(200)
}

// A zone goes live through the interface, and what is missing is said in codes.
// proves, B-01
func TestAZoneGoesLive(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	p := d.do("paul", "POST", "/v1/zones/door/live", because).no(409)
	require.Equal(t, []string{
		"WRONG_STATE:signs_planned", "INSPECTION_MISSING", "INSPECTOR_IS_PLANNER", "INSPECTION_EXPIRED", "INSPECTION_PHOTO:north",
		"SCENE_DRAFT", "LEGAL_REVIEW_MISSING", "PIA_MISSING",
	}, filter(reasons(p)))
	d.inspected()
	d.assessed()
	p = d.do("paul", "POST", "/v1/zones/door/live", because).no(409)
	require.Equal(t, []string{"SCENE_ASSESSED"}, reasons(p))
	d.do("paul", "POST", "/v1/scenes/entry/enable", because).ok(200)
	d.do("paul", "POST", "/v1/zones/door/live", obj{"reason": " "}).no(422)
	z := d.do("paul", "POST", "/v1/zones/door/live", because).ok(200)
	require.Equal(t, "live", z["state"])
	c := d.do("aud", "GET", "/v1/zones/door/coverage", nil).ok(200)
	require.Empty(t, c["reasons"])
	require.Equal(t, []any{}, c["entrances"].([]any)[0].(obj)["lacks"])
	require.Equal(t, "inspection", c["runs_out"].([]any)[0].(obj)["what"])
}

// filter leaves one of several equal reasons.
func filter(s []string) []string { return slices.Compact(s) }

// proves
func TestReasonsNameWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(d *desk)
		want string
	}{
		{"an entrance without a sign", func(d *desk) {
			d.do("anna", "POST", "/v1/entrances", obj{"id": "south", "zone": "door", "position": []float64{9, 9}}).ok(201)
		}, "SIGN_MISSING:south"},
		{"the sign is gone", func(d *desk) { d.do("otto", "POST", "/v1/signs/face/remove", because).ok(200) }, "SIGN_MISSING:north"},
		{"signs too far apart", func(d *desk) {
			d.do("anna", "PUT", "/v1/signs/cctv", with(without(sign("", "monitoring", 3.51), "id"), "reason", "moved"), "If-Match", "1").ok(200)
		}, "SIGN_PAIR:north"},
		{"no way round recognition", func(d *desk) {
			v := d.do("anna", "GET", "/v1/zones/door", nil)
			d.do("anna", "PUT", "/v1/zones/door", zoneBody("alternative"), "If-Match", v.Header.Get("ETag")).ok(200)
		}, "ALTERNATIVE_MISSING"},
		{"a bare checklist", func(d *desk) {
			d.do("anna", "PUT", "/v1/cameras/gate/policy", obj{"place_type": "gate", "checklist": obj{"id": "p", "signed_by": "anna"}}).ok(200)
		}, "INSTALLER_ACK_MISSING:gate"},
		{"no checklist", func(d *desk) {
			d.do("anna", "PUT", "/v1/cameras/gate/policy", obj{"place_type": "gate"}).ok(200)
		}, "CHECKLIST_MISSING:gate"},
		{"no notice", func(d *desk) {
			v := d.do("anna", "GET", "/v1/scenes/entry", nil)
			d.do("anna", "PUT", "/v1/scenes/entry", obj{"purpose": "access_control", "mode": "zone", "records": true, "live_clear": true},
				"If-Match", v.Header.Get("ETag")).ok(200)
		}, "NOTICE_MISSING"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.live()
			c.do(d)
			p := d.do("paul", "POST", "/v1/zones/door/live", because).no(409)
			require.Contains(t, reasons(p), c.want)
			require.NotContains(t, string(d.do("aud", "GET", "/v1/zones/door/coverage", nil).body), `"reasons":[]`)
		})
	}
}

func without(b obj, k string) obj {
	c := with(b, k, nil)
	delete(c, k)
	return c
}

// proves
func TestASignSaysWhatItMust(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	for field := range text {
		p := d.do("anna", "POST", "/v1/signs", with(sign("s-1", "entrance_notice", 2), "text", without(text, field))).no(422)
		require.Equal(t, "SIGN_INCOMPLETE", p.Code)
		require.Equal(t, []string{"SIGN_INCOMPLETE:" + field}, reasons(p))
	}
	p := d.do("anna", "POST", "/v1/signs", without(sign("s-1", "monitoring", 2), "text")).no(422)
	require.Len(t, p.Reasons, len(text))
	d.do("anna", "POST", "/v1/signs", without(sign("s-1", "floor_marking", 2), "text")).ok(201)
	d.do("anna", "POST", "/v1/signs", sign("s-2", "billboard", 2)).no(422)
}

// proves: C-19
func TestASignInTheEULinksTheFullNotice(t *testing.T) {
	d := newDesk(t)
	d.do("adam", "POST", "/v1/sites", obj{"id": "hall", "name": "Hall", "contact": "c", "profile": "eu"}).ok(201)
	d.do("anna", "PUT", "/v1/cameras/gate/policy", obj{"place_type": "gate"}).ok(200)
	sc := d.do("anna", "POST", "/v1/scenes", obj{"id": "entry", "purpose": "access_control"}).ok(201)
	require.Equal(t, "claim", sc["mode"], "where the profile says so, scenes start in claim mode")
	d.do("anna", "POST", "/v1/zones", with(zoneBody(), "id", "door")).ok(201)
	d.do("anna", "POST", "/v1/entrances", obj{"id": "north", "zone": "door"}).ok(201)
	p := d.do("anna", "POST", "/v1/signs", sign("face", "face_recognition", 2)).no(422)
	require.Equal(t, []string{"SIGN_INCOMPLETE:notice_link"}, reasons(p))
	d.do("anna", "POST", "/v1/signs", with(sign("face", "face_recognition", 2), "text", with(text, "notice_link", "https://hall.invalid/z/door"))).ok(201)
}

// proves: A-11, C-09
func TestPrivatePlacesAreRefusedWhoeverAsks(t *testing.T) {
	d := newDesk(t)
	d.do("adam", "POST", "/v1/sites", obj{"id": "hall", "name": "Hall", "contact": "c", "profile": "default"}).ok(201)
	for _, place := range []string{"toilet", "Changing Room", "hotel-room", "DORMITORY", "bath"} {
		for _, who := range []string{"anna", "adam"} {
			p := d.do(who, "PUT", "/v1/cameras/gate/policy", obj{"place_type": place, "reason": "override"}).no(422)
			require.Equal(t, "PROHIBITED_PLACE", p.Code)
		}
	}
	d.do("adam", "PUT", "/v1/cameras/gate/policy", obj{"place_type": "toilet", "override": true}).no(422)
	d.do("aud", "GET", "/v1/cameras/gate/policy", nil).no(404)
}

// proves: A-13, C-22, B-51
func TestWhatThereIsNot(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	for _, path := range []string{"/v1/search", "/v1/search/photo", "/v1/scenes/entry/area", "/v1/tracks", "/v1/people/search", "/v1/import", "/v1/share", "/v1/sell"} {
		d.do("adam", "GET", path, nil).no(404)
		post := d.do("adam", "POST", path, obj{"url": "https://x.invalid/face.jpg"})
		require.Contains(t, []int{404, 405}, post.StatusCode, "there is no such route: %s", path)
	}
	for _, b := range []obj{
		{"id": "x", "purpose": "law_enforcement"},
		{"id": "x", "purpose": "marketing"},
		{"id": "x", "purpose": "access_control", "mode": "area"},
		{"id": "x", "purpose": "access_control", "search_radius": 100},
		{"id": "x", "purpose": "access_control", "emotion": true},
	} {
		d.do("anna", "POST", "/v1/scenes", b).no(422)
	}
	d.do("anna", "POST", "/v1/zones", with(with(zoneBody(), "id", "x"), "everywhere", true)).no(422)
}

func TestOutlinesAreChecked(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	d.do("anna", "POST", "/v1/floorplans", obj{"id": "ground", "name": "Ground floor", "width_m": 20, "depth_m": 10}).ok(201)
	for name, c := range map[string]struct {
		key string
		v   any
	}{
		"bow tie":      {"outline", [][]float64{{0, 0}, {1, 1}, {1, 0}, {0, 1}}},
		"outside":      {"outline", [][]float64{{0, 0}, {1.2, 0}, {0, 1}}},
		"line":         {"outline", [][]float64{{0, 0}, {0.5, 0.5}, {1, 1}}},
		"off the plan": {"floor", [][]float64{{0, 0}, {21, 0}, {0, 9}}},
	} {
		p := d.do("anna", "POST", "/v1/zones", with(with(with(zoneBody(), "id", "x"), "plan", "ground"), c.key, c.v)).no(422)
		require.Equal(t, "OUTLINE", p.Code, name)
	}
	d.do("anna", "POST", "/v1/zones", with(with(with(zoneBody(), "id", "x"), "plan", "ground"), "floor", [][]float64{{0, 0}, {20, 0}, {0, 10}})).ok(201)
	d.do("anna", "POST", "/v1/zones", with(with(zoneBody(), "id", "y"), "plan", "attic")).no(422)
}

// proves: B-62, A-34
func TestNobodyApprovesTheirOwnWork(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	both, err := d.store.EditScene(ctx, sitestore.By{Actor: "paul"}, "entry", sitestore.SceneSpec{Purpose: policy.ForAccess, Mode: policy.ModeZone, Notice: "n1"})
	require.NoError(t, err)
	require.Contains(t, both.Editors, "paul")
	require.Equal(t, "SELF_APPROVAL", d.do("paul", "POST", "/v1/scenes/entry/enable", because).no(403).Code)
	id := d.do("olga", "POST", "/v1/assessments", assessment("approved")).ok(201)["id"].(string)
	require.Equal(t, "SELF_APPROVAL", d.do("olga", "POST", "/v1/assessments/"+id+"/approve", because).no(403).Code)
	_, err = d.store.EditZone(ctx, sitestore.By{Actor: "ines"}, "door", sitestore.ZoneSpec{
		ID: "door", Kind: policy.ZoneRecognition, Camera: "gate", Scene: "entry", Outline: []sitestore.Point{{0, 0}, {1, 0}, {0, 1}},
	})
	require.NoError(t, err)
	p := d.do("ines", "POST", "/v1/inspections", obj{"zone": "door", "passed": true, "photos": obj{"north": d.photo("ines")}}).no(403)
	require.Equal(t, "INSPECTOR_IS_PLANNER", p.Code)
}

func TestChangesSayWhatTheyWereMadeOf(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	v := d.do("anna", "GET", "/v1/zones/door", nil)
	etag := v.Header.Get("ETag")
	require.NotEmpty(t, etag)
	d.do("anna", "PUT", "/v1/zones/door", zoneBody()).no(428)
	for _, stale := range []string{`"1"`, "x", `"0"`, "99"} {
		require.Equal(t, "VERSION", d.do("anna", "PUT", "/v1/zones/door", zoneBody(), "If-Match", stale).no(412).Code)
	}
	next := d.do("anna", "PUT", "/v1/zones/door", zoneBody(), "If-Match", etag)
	next.ok(200)
	require.NotEqual(t, etag, next.Header.Get("ETag"))
	h := d.do("aud", "GET", "/v1/zones/door/history", nil).ok(200)["versions"].([]any)
	require.EqualValues(t, len(h), next.ok(200)["version"])
}

func TestListsComeInPages(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	for _, id := range []string{"a", "b", "c"} {
		d.do("anna", "POST", "/v1/zones", with(with(without(zoneBody(), "scene"), "kind", "privacy"), "id", id)).ok(201)
	}
	p := d.do("aud", "GET", "/v1/zones?limit=3", nil).ok(200)
	require.Len(t, p["items"], 3)
	require.Equal(t, "c", p["next"])
	p = d.do("aud", "GET", "/v1/zones?limit=3&after=c", nil).ok(200)
	require.Len(t, p["items"], 1)
	require.Nil(t, p["next"])
	d.do("aud", "GET", "/v1/zones?limit=201", nil).no(422)
	d.do("aud", "GET", "/v1/zones?colour=red", nil).no(422)
}
