package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
	"bystander/policy/consent"
)

// What must not outlive the person.
const (
	canaryName    = "Zerafina Quillhaven-Omdurman"
	canaryContact = "z.quillhaven@canary.example"
	canaryWords   = "please delete everything about my evening at the violet balcony"
)

// The whole story on a running program, through its HTTP interface: an empty
// installation masks everybody and embeds nobody; a venue becomes lawful step by
// step, and no step can be left out; somebody enrols at the kiosk, is recognised
// and shown, takes it back and is masked, gets a copy of everything, and is
// erased; and the log still proves itself.
//
// proves, B-01, B-07, B-32, B-48, B-55, C-32, INV-3, INV-4, INV-9, INV-13, INV-15
func TestTheWholeStory(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a stream for more than a minute")
	}
	s := beginStory(t)
	s.anEmptyInstallationMasksEverybody()
	s.theVenueIsRegistered()
	s.theZoneIsPlannedAndWalked()
	s.theNoticeIsPublishedByTwo()
	s.theSceneIsAssessedAndEnabled()
	s.theZoneGoesLive()
	photo := s.aGuestEnrolsAtTheKiosk()
	s.theGuestIsRecognisedAndShown()
	s.theGuestGetsACopyWithVideo()
	s.theGuestWithdrawsAndIsMasked()
	s.theGuestGetsACopyOfWhatIsLeft()
	s.theGuestIsErased()
	s.nothingOfThemRemains(photo)
	s.theLogStillVerifies()
}

func (s *story) anEmptyInstallationMasksEverybody() {
	s.eventually("pictures flow", func() bool { _, n := s.out.seen(); return n > 50 })
	clear, _ := s.out.seen()
	require.True(s.t, clear.IsZero(), "nobody is clear")
	require.Zero(s.t, counted(s.t, s.e, "bystander_match_embeddings_total"))
	require.Zero(s.t, counted(s.t, s.e, "bystander_match_comparisons_total"))
	s.refused(409, "SITE_MISSING", "kim", "POST", "/v1/enrolments",
		object{"channel": "kiosk", "scenes": []string{s.scene}, "zones": []string{s.zone}, "under_14": false})
}

func (s *story) theVenueIsRegistered() {
	site := object{"id": "stage-house", "name": "Stage House Ltd", "contact": "privacy@stage.example", "profile": "cn", "reason": "opening"}
	s.refused(403, "ROLE", "kim", "POST", "/v1/sites", site)
	s.does("vera", "POST", "/v1/sites", site)
	s.refused(422, "PROHIBITED_PLACE", "vera", "PUT", "/v1/cameras/stage/policy", object{"place_type": "changing_room"})
	photo := s.does("vera", "POST", "/v1/photos", doorPhoto(s.t))["id"]
	s.does("vera", "PUT", "/v1/cameras/stage/policy", object{"place_type": "stage", "checklist": object{
		"id": "paper-17", "signed_by": "vera", "photos": []any{photo}, "installer": "ivo", "acknowledged": time.Now().UTC(),
	}})
	s.eventually("the camera's view has been watched", func() bool {
		return s.does("vera", "GET", "/v1/cameras/stage/view", nil)["fingerprint"] != nil
	})
	s.does("vera", "POST", "/v1/cameras/stage/calibrate", object{"reason": "installed"})
}

func (s *story) theZoneIsPlannedAndWalked() {
	s.does("vera", "POST", "/v1/scenes", object{
		"id": s.scene, "purpose": "event_participation", "mode": "zone", "records": true, "live_clear": true, "record_clear": true,
		"external_recorder": true, "separate_consent": true,
	})
	z := s.zoneBody(nil)
	z["id"] = s.zone
	s.does("vera", "POST", "/v1/zones", z)
	for id, x := range map[string]int{"west": 1, "east": 9} {
		s.does("vera", "POST", "/v1/entrances", object{"id": id, "zone": s.zone, "position": []int{x, 1}})
	}
	s.does("vera", "POST", "/v1/zones/"+s.zone+"/plan", object{"reason": "entrances measured"})
	s.signs("west", 1)

	walk := object{"zone": s.zone, "passed": true, "photos": object{}}
	for _, e := range []string{"west", "east"} {
		walk["photos"].(object)[e] = s.does("ines", "POST", "/v1/photos", doorPhoto(s.t))["id"]
	}
	require.Equal(s.t, []string{"SIGN_MISSING:east"}, s.refused(409, "SIGN_MISSING", "ines", "POST", "/v1/inspections", walk))
	incomplete := signText()
	delete(incomplete, "rights_link")
	s.refused(422, "SIGN_INCOMPLETE", "vera", "POST", "/v1/signs", object{
		"id": "east-x", "zone": s.zone, "entrance": "east", "kind": "face_recognition", "position": []int{9, 1}, "text": incomplete,
	})
	s.signs("east", 9)
	s.refused(403, "INSPECTOR_IS_PLANNER", "vera", "POST", "/v1/inspections", walk)
	s.does("ines", "POST", "/v1/inspections", walk)

	why := s.refused(409, "ALTERNATIVE_MISSING", "paul", "POST", "/v1/zones/"+s.zone+"/live", object{"reason": "tonight"})
	require.Subset(s.t, why, []string{
		"ALTERNATIVE_MISSING", "PIA_MISSING", "NOTICE_MISSING", "LEGAL_REVIEW_MISSING",
		"FILING_MISSING:mlps_grading", "FILING_MISSING:public_security_video",
	}, "every reason at once")
	s.does("vera", "PUT", "/v1/zones/"+s.zone, s.zoneBody(object{"alternative": object{"kind": "staffed", "description": "the door on the left"}}),
		"If-Match", s.version("/v1/zones/"+s.zone))
}

func (s *story) theNoticeIsPublishedByTwo() {
	s.refused(422, "NOTICE_FIELD_EMPTY", "pia", "POST", "/v1/notices", s.draftNotice(false))
	s.does("pia", "POST", "/v1/notices", s.draftNotice(true))
	now := object{"revision": 1, "effective_from": time.Now().UTC()}
	s.refused(403, "SAME_PERSON", "pia", "POST", "/v1/notices/2026-1/publish", now)
	s.does("paul", "POST", "/v1/notices/2026-1/publish", now)
	s.eventually("the scene rests on the notice", func() bool {
		return s.does("vera", "GET", "/v1/scenes/"+s.scene, nil)["notice"] == "2026-1"
	})
}

func (s *story) theSceneIsAssessedAndEnabled() {
	enable, why := "/v1/scenes/"+s.scene+"/enable", object{"reason": "assessed, reviewed and filed"}
	assessment := s.does("pia", "POST", "/v1/assessments", object{
		"scene": s.scene, "necessity": "performers asked to be seen while the audience is masked", "effects": "none on children: the stage is closed to them",
		"child_rules": "nobody under 14 is enrolled", "outcome": "approved", "valid_until": time.Now().AddDate(1, 0, 0).UTC(),
	})["id"].(string)
	s.refused(403, "SELF_APPROVAL", "pia", "POST", "/v1/assessments/"+assessment+"/approve", object{"reason": "fine"})
	s.refused(409, "PIA_MISSING", "pia", "POST", "/v1/scenes/"+s.scene+"/assess", object{"assessment": assessment})
	s.does("paul", "POST", "/v1/assessments/"+assessment+"/approve", object{"reason": "read and weighed"})
	s.does("pia", "POST", "/v1/scenes/"+s.scene+"/assess", object{"assessment": assessment})
	s.does("pia", "PUT", "/v1/scenes/"+s.scene+"/legal-review", object{"reviewer": "counsel", "date": time.Now().Add(-time.Hour).UTC()})
	require.Len(s.t, s.refused(409, "FILING_MISSING", "paul", "POST", enable, why), 2)
	for _, kind := range []string{"mlps_grading", "public_security_video"} {
		s.does("pia", "POST", "/v1/filings", object{"type": kind, "authority": "the city", "number": "2026-" + kind, "status": "filed"})
	}
	s.refused(403, "SELF_APPROVAL", "vera", "POST", enable, why)
	s.refused(422, "REASON_MISSING", "paul", "POST", enable, object{"reason": " "})
	s.does("paul", "POST", enable, why)
}

func (s *story) theZoneGoesLive() {
	live, why := "/v1/zones/"+s.zone+"/live", object{"reason": "doors open"}
	require.Contains(s.t, s.refused(409, "WRONG_STATE", "paul", "POST", live, why), "INSPECTION_MISSING",
		"after the edit the zone has to be walked again")
	walk := object{"zone": s.zone, "passed": true, "photos": object{}}
	for _, e := range []string{"west", "east"} {
		walk["photos"].(object)[e] = s.does("ines", "POST", "/v1/photos", doorPhoto(s.t))["id"]
	}
	s.does("ines", "POST", "/v1/inspections", walk)
	s.refused(403, "SELF_APPROVAL", "vera", "POST", live, why)
	s.eventually("the camera stands as calibrated", func() bool {
		return s.does("vera", "GET", "/v1/cameras/stage/view", nil)["state"] == "calibrated"
	})
	s.does("paul", "POST", live, why)
	require.Equal(s.t, true, s.does(nobody, "GET", "/v1/public/zones/"+s.zone, nil)["active"])
	require.Zero(s.t, counted(s.t, s.e, "bystander_match_comparisons_total"), "nobody has agreed yet, so nobody is compared")
}

func (s *story) aGuestEnrolsAtTheKiosk() (photo []byte) {
	photo, err := os.ReadFile(filepath.Join(testkit.Shared(s.t), "data", "faces", "stage-stills", "lin-manuel-miranda.png"))
	require.NoError(s.t, err)
	session := s.does("kim", "POST", "/v1/enrolments",
		object{"channel": "kiosk", "scenes": []string{s.scene}, "zones": []string{s.zone}, "under_14": false})
	s.enrollee = session["enrollee"].(string)
	at := "/v1/enrolments/" + session["id"].(string)
	offer := s.does("kim", "POST", "/v1/prompts", object{"party": s.enrollee, "scene": s.scene, "channel": "kiosk"})
	for _, c := range offer["choices"].([]any) {
		require.Equal(s.t, false, c.(object)["selected"], "nothing is chosen for anybody")
	}
	notice := offer["notice"].(object)["hash"].(string)
	s.refused(409, "CONSENT_FIRST", "kim", "POST", at+"/photos", photo)

	s.refused(422, "BUNDLED", "kim", "POST", "/v1/consents", s.agreeing(s.act(notice, nil), "match", "appear_live"))
	s.refused(403, "WRITTEN_AUTHORISATION", "kim", "POST", "/v1/consents", s.agreeing(s.act(notice, nil), "appear_recorded"))
	paper := object{"written": true, "document_sha256": strings.Repeat("ab", 32)}
	for purpose, more := range map[string]object{"match": nil, "appear_live": nil, "appear_recorded": paper} {
		s.consents[purpose] = s.does("kim", "POST", "/v1/consents", s.agreeing(s.act(notice, more), purpose))["id"].(string)
	}
	s.refused(409, "PROOF_FIRST", "kim", "POST", at+"/photos", photo)
	s.does("carla", "POST", at+"/proof", object{"name": canaryName, "method": "identity_document", "in_person": true, "photo_compared": true})

	taken := s.does("kim", "POST", at+"/photos", photo)
	require.Equal(s.t, "ENROLLED", taken["outcome"])
	require.Equal(s.t, false, taken["kept"], "the photograph is discarded")
	s.tokens[guest] = newToken(s.t, s.cfg, TokenOptions{ID: guest, Roles: []string{"subject"}, Enrollee: s.enrollee})
	return photo
}

func (s *story) theGuestIsRecognisedAndShown() {
	s.shown()
	var list struct {
		Events []struct{ SubjectRef, ConsentRef, Zone string }
	}
	s.eventually("the match is on the log", func() bool {
		require.NoError(s.t, json.Unmarshal(s.looks("otto", "/v1/events?kind=match"), &list))
		return len(list.Events) > 0
	})
	s.t.Logf("%d matches; %v embeddings, %v comparisons", len(list.Events),
		counted(s.t, s.e, "bystander_match_embeddings_total"), counted(s.t, s.e, "bystander_match_comparisons_total"))

	me := "/v1/enrollees/" + s.enrollee
	var person struct {
		Choices []struct{ Scene, Purpose, State, Since string }
	}
	require.NoError(s.t, json.Unmarshal(s.looks(guest, me), &person))
	require.Len(s.t, person.Choices, 3)
	for _, c := range person.Choices {
		require.Equal(s.t, "active", c.State)
		require.NotEmpty(s.t, c.Since)
	}
	receipt := s.looks(guest, "/v1/consents/"+s.consents["match"]+"/receipt")
	_, keys := s.do(nobody, "GET", "/.well-known/bystander-consent-keys.json", nil)
	pub, err := consent.ParseKeys(keys)
	require.NoError(s.t, err)
	_, err = consent.Verify(receipt, pub)
	require.NoError(s.t, err, "the receipt is genuine, to whoever has the published keys")
}

func (s *story) theGuestGetsACopyWithVideo() {
	s.eventually("a recording that shows them is finished", func() bool {
		for _, r := range s.recordings() {
			if !r.Open {
				return true
			}
		}
		return false
	})
	path := s.asks("copy", nil)
	before := s.stored()
	b := s.copied(path)
	after := s.stored()
	for store, n := range b.Records {
		require.GreaterOrEqual(s.t, n, before[store], store)
		require.LessOrEqual(s.t, n, after[store], store)
	}
	require.Contains(s.t, string(b.files["enrolment.json"]), canaryName)
	clips := 0
	for name, file := range b.files {
		if strings.HasPrefix(name, "video/") {
			clips++
			require.Greater(s.t, pictures(s.t, file), 30, name)
		}
	}
	require.Positive(s.t, clips)
	s.t.Logf("the copy holds %v, and %d clips that play", b.Records, clips)
	s.does("pia", "POST", path+"/fulfil", object{"outcome": "the copy was handed over at the desk"})
}

func (s *story) theGuestWithdrawsAndIsMasked() {
	took := s.lasts(reaches, func() {
		s.does(guest, "POST", "/v1/consents/"+s.consents["match"]+"/withdraw", nil)
	})
	s.t.Logf("withdrawn: the last clear picture left %v after the request", took)
	require.LessOrEqual(s.t, took, reaches)
	compared := counted(s.t, s.e, "bystander_match_comparisons_total")
	_, n := s.out.seen()
	s.eventually("pictures flow", func() bool { _, m := s.out.seen(); return m > n+40 })
	require.InDelta(s.t, compared, counted(s.t, s.e, "bystander_match_comparisons_total"), 0, "nobody is compared any more")
	s.holds()
}

func (s *story) theGuestGetsACopyOfWhatIsLeft() {
	s.eventually("what the last recording shows was told", func() bool {
		return !slices.ContainsFunc(s.recordings(), func(r shownIn) bool { return r.Open })
	})
	path := s.asks("access", nil)
	want := s.stored()
	b := s.copied(path)
	require.Equal(s.t, want, b.Records, "every row of every store, and no other")
	for _, v := range b.rows(s.t, "video") {
		require.NotEmpty(s.t, v["left_out"], "without a template nobody can be told from others")
	}
	s.does("pia", "POST", path+"/fulfil", object{"outcome": "handed over"})
}

func (s *story) theGuestIsErased() {
	path := s.asks("erase", object{"text": canaryWords})
	s.reads++ // the contact is read below
	res, b := s.do("pia", "GET", path+"/contact", nil)
	require.Equal(s.t, 200, res.StatusCode)
	require.Contains(s.t, string(b), canaryContact)
	shown := s.recordings()
	require.NotEmpty(s.t, shown)

	done := object{"outcome": "everything about you is destroyed"}
	s.refused(409, "CONNECTORS_OPEN", "pia", "POST", path+"/fulfil", done)
	tasks := s.does("pia", "GET", path+"/tasks", nil)["tasks"].([]any)
	require.Len(s.t, tasks, 1)
	s.does("pia", "POST", "/v1/rights/tasks/"+tasks[0].(object)["task"].(string)+"/acknowledge", nil)
	end := s.does("pia", "POST", path+"/fulfil", done)
	require.Equal(s.t, "fulfilled", end["state"])
	_, certificate, ok := strings.Cut(end["outcome"].(string), "Certificate of destruction: ")
	require.True(s.t, ok)
	c, err := s.e.erasing.Certificate(s.t.Context(), certificate)
	require.NoError(s.t, err)
	require.False(s.t, c.Finished.IsZero())
	for _, step := range c.Steps {
		s.t.Logf("  %s: %d", step.What, step.Rows)
	}
	for _, r := range shown {
		if r.Open {
			continue // what it shows was not told yet
		}
		res, _ := s.do("otto", "GET", "/v1/recordings/"+r.ID+"/video", nil)
		require.Equal(s.t, http.StatusGone, res.StatusCode, "what showed them is gone")
	}
	res, _ = s.do(guest, "GET", "/v1/enrollees/"+s.enrollee, nil)
	require.Equal(s.t, http.StatusUnauthorized, res.StatusCode, "their account went, too")
	s.refused(404, "NOT_FOUND", "carla", "GET", "/v1/enrollees/"+s.enrollee, nil)
	require.Equal(s.t, "fulfilled", s.does(nobody, "GET", path+"/status", nil)["state"], "how it ended can be asked by its id")
}

func (s *story) nothingOfThemRemains(photo []byte) {
	s.holds()
	head, err := s.e.access.Head(s.t.Context())
	require.NoError(s.t, err)
	require.Equal(s.t, s.reads, head.Seq, "one record for each look at the person, and for nothing else")

	needles := map[string][]byte{
		"name": []byte(canaryName), "surname": []byte("Quillhaven"), "contact": []byte(canaryContact), "words": []byte(canaryWords),
		"photograph": photo[len(photo)/2:][:48], "photograph's head": photo[64:][:48],
	}
	for _, id := range []string{s.enrollee, s.consents["match"], s.consents["appear_live"], s.consents["appear_recorded"]} {
		for name, b := range shapes(id) {
			needles[name] = b
		}
	}
	hits, files := searched(s.t, needles, s.cfg.Data)
	require.Empty(s.t, hits)
	require.Greater(s.t, files, 20)
	for _, word := range []string{canaryName, canaryContact, canaryWords} {
		require.NotContains(s.t, s.said.String(), word, "nor in the program's own log")
	}
}

func (s *story) theLogStillVerifies() {
	s.stop()
	var out bytes.Buffer
	require.NoError(s.t, AuditVerify(s.t.Context(), s.cfg, VerifyOptions{Stdout: &out}), "%s", out.String())
	require.Contains(s.t, out.String(), "whole, unaltered, in order")
	require.Regexp(s.t, `disposed under rule erasure, as event \S+ says`, out.String())
	s.t.Log(out.String())
}
