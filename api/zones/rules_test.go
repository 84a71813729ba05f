package zones_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/zones"
	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// accounts are the desk's accounts by role.
var accounts = map[actor.Role]string{
	actor.VenueOwner: "anna", actor.Inspector: "ines", actor.PrivacyOfficer: "paul", actor.Administrator: "adam",
	actor.Operator: "otto", actor.Auditor: "aud", actor.ConsentOfficer: "cora", actor.Kiosk: "kio", actor.Client: "prog", actor.Subject: "sub",
}

// Every route of this module is called by every role, and by nobody: whoever
// lacks the grant is refused before anything of the request is read.
// proves: B-63, A-19
func TestRoleMatrix(t *testing.T) {
	d := newDesk(t)
	require.Len(t, accounts, len(actor.Roles()))
	fill := strings.NewReplacer("{id}", "none", "{zone}", "none", "{item}", "none")
	open := 0
	for _, r := range d.module.Routes() {
		path := fill.Replace(r.Path)
		if len(r.Roles) == 0 {
			open++
			a := d.do("", r.Method, path, nil)
			require.NotContains(t, []int{401, 403}, a.StatusCode, "%s %s is open", r.Method, r.Path)
			continue
		}
		p := d.do("", r.Method, path, "{not json").no(401)
		require.Equal(t, "NOT_SIGNED_IN", p.Code, "%s %s", r.Method, r.Path)
		for role, account := range accounts {
			a := d.do(account, r.Method, path, "{not json")
			if slices.Contains(r.Roles, role) {
				require.NotContains(t, []int{401, 403}, a.StatusCode, "%s may %s %s: %s", role, r.Method, r.Path, a.body)
				continue
			}
			require.Equal(t, "ROLE", a.no(403).Code, "%s may not %s %s", role, r.Method, r.Path)
		}
	}
	require.Equal(t, 3, open, "only what a passer-by may read is open")
	d.tokens["gone"] = "bystander_" + strings.Repeat("A", 43)
	d.do("gone", "GET", "/v1/zones", nil).no(401)
}

// TestNobodyElseHasPower pins the grants that matter most.
func TestNobodyElseHasPower(t *testing.T) {
	d := newDesk(t)
	may := func(method, path string) []actor.Role {
		for _, r := range d.module.Routes() {
			if r.Method == method && r.Path == path {
				return r.Roles
			}
		}
		t.Fatalf("no route %s %s", method, path)
		return nil
	}
	require.Equal(t, []actor.Role{actor.Inspector}, may("POST", "/v1/inspections"))
	require.Equal(t, []actor.Role{actor.VenueOwner}, may("PUT", "/v1/zones/{id}"))
	for _, path := range []string{"/v1/zones/{id}/live", "/v1/scenes/{id}/enable", "/v1/resume", "/v1/assessments/{id}/approve"} {
		require.Equal(t, []actor.Role{actor.PrivacyOfficer, actor.Administrator}, may("POST", path))
	}
	for _, r := range d.module.Routes() {
		for _, never := range []actor.Role{actor.Kiosk, actor.Subject, actor.Client} {
			require.NotContains(t, r.Roles, never, "%s %s", r.Method, r.Path)
		}
		if r.Method != "GET" {
			require.NotContains(t, r.Roles, actor.Auditor, "auditors change nothing: %s %s", r.Method, r.Path)
		}
	}
}

// proves
func TestTheKillSwitchNeedsOnePersonToThrowAndTwoToRelease(t *testing.T) {
	d := newDesk(t)
	require.Equal(t, "REASON_MISSING", d.do("otto", "POST", "/v1/kill", obj{"reason": ""}).no(422).Code)
	require.Equal(t, false, d.do("aud", "GET", "/v1/kill", nil).ok(200)["on"])
	d.do("paul", "POST", "/v1/resume", because).no(409)
	v := d.do("otto", "POST", "/v1/kill", because).ok(200)
	require.Equal(t, true, v["on"])
	require.Equal(t, "otto", v["by"])
	since := v["since"]
	require.NotEmpty(t, since)
	require.Equal(t, event.KindGateChange, d.events[len(d.events)-1].Kind)
	require.Equal(t, "HALTED", d.events[len(d.events)-1].Detail["reasons"])
	v = d.do("paul", "POST", "/v1/resume", because).ok(200)
	require.Equal(t, true, v["on"], "one is not enough")
	require.Equal(t, since, v["since"], "asking to resume is no new beginning")
	require.Equal(t, "SELF_APPROVAL", d.do("paul", "POST", "/v1/resume", because).no(403).Code)
	d.do("otto", "POST", "/v1/kill", because).ok(200)
	v = d.do("adam", "POST", "/v1/resume", because).ok(200)
	require.Equal(t, true, v["on"], "thrown again, the count begins anew")
	v = d.do("paul", "POST", "/v1/resume", because).ok(200)
	require.Equal(t, false, v["on"])
	require.NotContains(t, v, "since")
}

func TestASiteManagedByItsFile(t *testing.T) {
	shown, err := sitestore.Open(ctx, filepath.Join(t.TempDir(), "shown.db"), sitestore.Options{})
	require.NoError(t, err)
	defer shown.Close()
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true}, policy.SampleCamera{ID: "arcade", PlaceType: "arcade", Match: true})
	require.NoError(t, shown.Import(ctx, sitestore.By{Actor: "system", Reason: "site.yml"}, site, sitestore.AsItStands))
	shown.ManagedByFile()
	d := newDesk(t, func(c *zones.Config) { c.Shown = shown })
	z := d.do("aud", "GET", "/v1/zones/stage-zone", nil).ok(200)
	require.Equal(t, "live", z["state"])
	require.Empty(t, d.do("aud", "GET", "/v1/zones/arcade-zone/coverage", nil).ok(200)["reasons"], "both zones keep their own entrances")
	for _, c := range []struct {
		as, method, path string
		body             any
	}{
		{"anna", "POST", "/v1/zones", with(with(zoneBody(), "camera", "stage"), "id", "x")},
		{"otto", "POST", "/v1/zones/stage-zone/suspend", because},
		{"otto", "POST", "/v1/signs/main-threshold/remove", because},
		{"ines", "POST", "/v1/inspections", obj{"zone": "stage-zone", "passed": false}},
		{"paul", "POST", "/v1/scenes/stage-scene/pause", because},
		{"anna", "POST", "/v1/photos", []byte("photo")},
	} {
		require.Equal(t, "MANAGED_BY_FILE", d.do(c.as, c.method, c.path, c.body).no(409).Code, c.path)
	}
	d.do("otto", "POST", "/v1/kill", because).ok(200)
	d.do("otto", "POST", "/v1/incidents", obj{"class": "misuse", "reason": "a sign was covered"}).ok(201)
	require.Equal(t, false, d.do("", "GET", "/v1/public/zones/stage-zone", nil).ok(200)["active"], "halted")
}

func TestPhotographsAreStoredRedactedOrNotAtAll(t *testing.T) {
	d := newDesk(t)
	p := d.do("ines", "POST", "/v1/photos", []byte("photo of a door")).ok(201)
	require.EqualValues(t, 3, p["masked"])
	a := d.do("aud", "GET", "/v1/photos/"+p["id"].(string), nil)
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Equal(t, "image/jpeg", a.Header.Get("Content-Type"))
	require.Equal(t, "\xff\xd8redacted", string(a.body), "what was taken is nowhere")
	require.Equal(t, "PHOTO", d.do("ines", "POST", "/v1/photos", []byte("text")).no(422).Code)
	d.do("aud", "GET", "/v1/photos/none", nil).no(404)
	bare := newDesk(t, func(c *zones.Config) { c.Redactor = nil })
	require.Equal(t, "NO_REDACTOR", bare.do("ines", "POST", "/v1/photos", []byte("photo")).no(503).Code)
}

// proves, C-19
func TestEverybodyMayReadAboutAZone(t *testing.T) {
	d := newDesk(t, func(c *zones.Config) {
		c.NoticeLink = func(v, l string) string { return "/notices/" + v + "/" + l }
	})
	d.live()
	z := d.do("", "GET", "/v1/public/zones/door", nil).ok(200)
	require.Equal(t, true, z["active"])
	require.Equal(t, "Hall Ltd", z["controller"])
	require.Equal(t, "https://hall.invalid/rights", z["rights_link"])
	require.Equal(t, "/notices/n1/zh-CN", z["notice"].(obj)["links"].(obj)["zh-CN"])
	require.NotContains(t, string(d.do("", "GET", "/v1/public/zones/door", nil).body), "ines", "staff are not named")
	d.do("", "GET", "/v1/public/zones/none", nil).no(404)
	d.do("", "GET", "/z/none", nil).no(404)

	for _, c := range []struct{ query, accept, lang, want string }{
		{"", "", "en", "Face"},
		{"", "fr;q=0.9, zh-TW;q=0.8", "zh-CN", "人脸识别"},
		{"?lang=zh-CN", "en", "zh-CN", "人脸识别"},
		{"?lang=en", "zh-CN", "en", "Your rights"},
	} {
		a := d.do("", "GET", "/z/door"+c.query, nil, "Accept-Language", c.accept)
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
		require.Equal(t, c.lang, a.Header.Get("Content-Language"))
		body := string(a.body)
		require.Contains(t, body, `<html lang="`+c.lang+`">`)
		require.Contains(t, body, c.want)
		require.Contains(t, body, "/notices/n1/"+c.lang)
		require.Contains(t, body, "the door on the left")
		for _, want := range []string{`href="/me?lang=` + c.lang + `"`, `href="/me/request?lang=` + c.lang + `"`, `href="/privacy?lang=` + c.lang + `"`, `href="https://hall.invalid/rights"`} {
			require.Contains(t, body, want, "how to withdraw, ask and object")
		}
		require.NotContains(t, body, "<script")
		require.NotContains(t, body, " style=", "the content policy allows none")
	}
	d.do("", "GET", "/z/door?lang=xx", nil).no(422)
	require.Contains(t, string(d.do("", "GET", "/z/door?lang=en&theme=light", nil).body), `<html lang="en" data-theme="light">`)
	d.do("otto", "POST", "/v1/zones/door/suspend", because).ok(200)
	require.Equal(t, false, d.do("", "GET", "/v1/public/zones/door", nil).ok(200)["active"])
	require.Contains(t, string(d.do("", "GET", "/z/door", nil).body), "switched off")
}

func TestWhatASiteWritesIsNoMarkup(t *testing.T) {
	d := newDesk(t)
	d.live()
	s := sign("", "face_recognition", 2)
	delete(s, "id")
	s["text"] = with(with(text, "function", `<script>alert(1)</script>`), "rights_link", "javascript:alert(1)")
	d.do("anna", "PUT", "/v1/signs/face", s, "If-Match", "1").ok(200)
	body := string(d.do("", "GET", "/z/door", nil).body)
	require.NotContains(t, body, "<script")
	require.NotContains(t, body, `href="javascript:`)
}

// proves, C-03, C-05
func TestAssessments(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	for _, k := range []string{"necessity", "effects", "child_rules"} {
		d.do("olga", "POST", "/v1/assessments", with(assessment("approved"), k, " ")).no(422)
		d.do("olga", "POST", "/v1/assessments", without(assessment("approved"), k)).no(422)
	}
	id := d.do("olga", "POST", "/v1/assessments", assessment("unclear")).ok(201)["id"].(string)
	require.Equal(t, "CONSULTATION_MISSING", d.do("paul", "POST", "/v1/assessments/"+id+"/approve", because).no(409).Code)
	d.do("olga", "PUT", "/v1/assessments/"+id, with(assessment("unclear"), "consultations", []string{"residents, 2027-02-01"}), "If-Match", "1").ok(200)
	d.do("paul", "POST", "/v1/assessments/"+id+"/approve", because).ok(200)
	d.do("olga", "POST", "/v1/scenes/entry/assess", obj{"assessment": id}).ok(200)

	no := d.do("olga", "POST", "/v1/assessments", assessment("rejected")).ok(201)["id"].(string)
	require.Equal(t, "PIA_REJECTED", d.do("paul", "POST", "/v1/assessments/"+no+"/approve", because).no(409).Code)
	require.Equal(t, "KEPT", d.do("olga", "DELETE", "/v1/assessments/"+no+"?reason=tidy", nil).no(403).Code)

	v := d.do("anna", "GET", "/v1/scenes/entry", nil)
	require.Equal(t, "assessed", v.ok(200)["state"])
	edit := obj{"purpose": "event_participation", "mode": "zone", "notice": "n1", "records": true, "live_clear": true}
	sc := d.do("anna", "PUT", "/v1/scenes/entry", edit, "If-Match", v.Header.Get("ETag")).ok(200)
	require.Equal(t, "draft", sc["state"], "another purpose was never assessed")
	p := d.do("olga", "POST", "/v1/scenes/entry/assess", obj{"assessment": id}).no(409)
	require.Equal(t, []string{"PIA_MISSING:scope"}, reasons(p))

	d.now = d.now.Add(sitestore.AssessmentKept + time.Hour)
	d.do("olga", "DELETE", "/v1/assessments/"+no+"?reason=over", nil).ok(200)
	require.Equal(t, event.KindDisposal, d.events[len(d.events)-1].Kind)
	d.do("aud", "GET", "/v1/assessments/"+no, nil).no(404)
}

// proves: A-32, C-02, C-12, C-07
func TestFilingsAndPurposesInChina(t *testing.T) {
	d := newDesk(t)
	d.planned("cn")
	d.assessed()
	p := d.do("paul", "POST", "/v1/scenes/entry/enable", because).no(409)
	require.Equal(t, []string{
		"SEPARATE_CONSENT_MISSING:access_control", "FILING_MISSING:mlps_grading", "FILING_MISSING:public_security_video", "MODE_FORBIDDEN:zone",
	}, reasons(p))
	for _, typ := range []string{"mlps_grading", "public_security_video"} {
		f := obj{"type": typ, "authority": "bureau", "status": "filed"}
		d.do("olga", "POST", "/v1/filings", f).no(422) // a filed one has a number
		d.do("olga", "POST", "/v1/filings", with(f, "number", "7")).ok(201)
	}
	v := d.do("anna", "GET", "/v1/scenes/entry", nil)
	d.do("anna", "PUT", "/v1/scenes/entry", obj{
		"purpose": "access_control", "mode": "zone", "notice": "n1", "records": true, "live_clear": true,
		"separate_consent": true, "external_recorder": true,
	}, "If-Match", v.Header.Get("ETag")).ok(200)
	d.do("paul", "POST", "/v1/scenes/entry/enable", because).ok(200)
}

// proves: C-16, B-65
func TestAnIncidentsTimers(t *testing.T) {
	d := newDesk(t)
	in := d.do("otto", "POST", "/v1/incidents", obj{"class": "personal_data_breach", "drill": true, "reason": "a drill"}).ok(201)
	path := "/v1/incidents/" + in["id"].(string)
	d.do("paul", "POST", path+"/close", because).no(409)
	d.now = d.now.Add(time.Hour)
	_, err := d.store.Sweep(ctx)
	require.NoError(t, err)
	require.Nil(t, d.do("aud", "GET", path, nil).ok(200)["overdue"])
	d.now = d.now.Add(time.Millisecond * 2)
	_, err = d.store.Sweep(ctx)
	require.NoError(t, err)
	require.Equal(t, []any{"contain_1h"}, d.do("aud", "GET", path, nil).ok(200)["overdue"])
	last := d.events[len(d.events)-1]
	require.Equal(t, "contain_1h", last.Detail["timer"])
	require.Equal(t, "yes", last.Detail["drill"])
	d.do("paul", "POST", path+"/contain", because).ok(200)
	d.do("paul", "POST", path+"/report", obj{"to": "authority", "text": "what happened", "reason": "due"}).ok(200)
	d.now = d.now.Add(100 * time.Hour)
	_, err = d.store.Sweep(ctx)
	require.NoError(t, err)
	v := d.do("paul", "POST", path+"/close", because).ok(200)
	require.Equal(t, "closed", v["state"])
	require.Equal(t, []any{"contain_1h"}, v["overdue"], "the others were in time")
	require.Len(t, d.do("aud", "GET", path+"/history", nil).ok(200)["versions"], 5)
}

// proves
func TestASiteClosesOnlyWhenItsExitIsDone(t *testing.T) {
	d := newDesk(t)
	d.live()
	end := obj{"reason": "the hall closes", "certificate": "cert-1"}
	require.Contains(t, reasons(d.do("adam", "POST", "/v1/sites/hall/close", end).no(409)), "NOTICE_PERIOD")
	d.do("adam", "POST", "/v1/sites/hall/terminate", because).ok(200)
	items := []obj{}
	for _, l := range []string{"dismantling", "network", "disposal", "alternatives"} {
		items = append(items, obj{"id": l, "list": l, "text": "do it"})
	}
	d.do("adam", "POST", "/v1/exit-plans", obj{"items": append(items[:3:3], items[0])}).no(422)
	plan := "/v1/exit-plans/" + d.do("adam", "POST", "/v1/exit-plans", obj{"items": items}).ok(201)["id"].(string)
	for _, l := range []string{"dismantling", "network", "disposal"} {
		d.do("adam", "POST", plan+"/items/"+l+"/done", because).ok(200)
	}
	require.Equal(t, []string{"EXIT_PLAN_OPEN:alternatives"}, reasons(d.do("paul", "POST", plan+"/certify", obj{"certificates": []string{"c"}, "reason": "r"}).no(409)))
	d.now = d.now.Add(sitestore.NoticePeriod)
	require.Equal(t, []string{"EXIT_PLAN_OPEN:alternatives", "ZONE_LIVE:door"}, reasons(d.do("adam", "POST", "/v1/sites/hall/close", end).no(409)))
	d.do("adam", "POST", plan+"/items/alternatives/done", because).ok(200)
	require.Equal(t, "SELF_APPROVAL", d.do("adam", "POST", plan+"/certify", obj{"certificates": []string{"c"}, "reason": "r"}).no(403).Code)
	d.do("paul", "POST", plan+"/certify", obj{"certificates": []string{"c"}, "reason": "r"}).ok(200)
	d.do("anna", "POST", "/v1/zones/door/retire", because).ok(200)
	d.do("adam", "POST", "/v1/sites/hall/close", end).ok(200)
	require.Equal(t, "SITE_CLOSED", d.do("anna", "POST", "/v1/scenes", obj{"id": "x", "purpose": "access_control"}).no(410).Code)
}

// proves: B-05, B-06
func TestTheComponentRegister(t *testing.T) {
	d := newDesk(t)
	c := obj{
		"id": "mail", "provider": "Post Ltd", "name": "mailer", "release": "2.1", "purpose": "receipts", "data": "addresses",
		"method": "sends mail", "role": "processor", "policy_link": "https://post.invalid/privacy", "enabled": true,
	}
	require.Equal(t, "CONTRACT_MISSING", d.do("olga", "POST", "/v1/components", c).no(409).Code)
	d.do("olga", "POST", "/v1/components", with(c, "contract", "2027-3")).ok(201)
	for _, k := range []string{"provider", "name", "release", "purpose", "method", "role"} {
		d.do("olga", "POST", "/v1/components", with(with(c, "contract", "x"), k, "")).no(422)
	}
}

// What the module serves is described: every route, with its refusals.
// proves: A-53
func TestTheInterfaceIsDescribed(t *testing.T) {
	d := newDesk(t)
	doc, err := d.api.OpenAPI()
	require.NoError(t, err)
	for _, r := range d.module.Routes() {
		if r.Path != "/z.css" {
			require.Contains(t, string(doc), `"`+r.Path+`"`)
		}
	}
}
