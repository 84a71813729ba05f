package consent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
)

// What a page needs before anybody is asked is public and names nobody.
func TestTheHouseIsPublic(t *testing.T) {
	h := newHouse(t)
	got := h.ok(200, "", "GET", "/v1/consents/house", nil)
	place := got["places"].([]any)[0].(object)
	require.Equal(t, scene, place["scene"])
	require.Equal(t, false, place["children"])
	require.NotEmpty(t, place["notice"])
	z := place["zones"].([]any)[0].(object)
	require.Equal(t, zone, z["zone"])
	require.NotEmpty(t, z["description"], "the way through without recognition stands beside the question")
	require.Empty(t, h.reads)
}

// The desk sees who waits and what runs out; each look is on the record.
//
// proves: B-55
func TestTheDeskSeesWhatIsDue(t *testing.T) {
	h := newHouse(t)
	s := h.session("kiosk")
	who := s["enrollee"].(string)
	open := h.ok(200, "consent_officer", "GET", "/v1/enrolments", nil)["sessions"].([]any)
	require.Len(t, open, 1)
	require.Equal(t, s["id"], open[0].(object)["id"])
	require.Len(t, h.reads, 1)
	require.Equal(t, []event.Digest{{9}}, h.reads[0].Subjects)

	c := h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"))
	require.Empty(t, h.ok(200, "consent_officer", "GET", "/v1/consents/due", nil)["consents"])
	h.now = noon.Add(340 * 24 * time.Hour)
	due := h.ok(200, "consent_officer", "GET", "/v1/consents/due", nil)["consents"].([]any)
	require.Len(t, due, 1)
	require.Equal(t, c["id"], due[0].(object)["id"])
	require.NoError(t, h.service.Tick(t.Context()))
	told := h.ok(200, "consent_officer", "GET", "/v1/messages", nil)["messages"].([]any)
	require.Len(t, told, 1)
	require.Equal(t, "consent_expiring", told[0].(object)["kind"])

	h.fail = errors.New("disk full")
	for _, path := range []string{"/v1/enrolments", "/v1/consents/due", "/v1/messages"} {
		h.no(503, "ACCESS_LOG", "consent_officer", "GET", path, nil)
	}
	h.no(503, "ACCESS_LOG", "kiosk", "POST", "/v1/enrollees/"+who+"/code", nil)
}

// The code on a receipt shows and ends consents at any kiosk, as long as they
// hold; a new one makes the lost receipt worthless.
//
// proves: A-38
func TestReceiptCode(t *testing.T) {
	h := newHouse(t)
	who := h.session("kiosk")["enrollee"].(string)
	c := h.ok(201, "kiosk", "POST", "/v1/consents", h.consentBody(who, "match"))
	first := h.ok(201, "kiosk", "POST", "/v1/enrollees/"+who+"/code", nil)
	require.Equal(t, c["expires_at"], first["expires_at"], "it holds as long as the consent")
	second := h.ok(201, "consent_officer", "POST", "/v1/enrollees/"+who+"/code", nil)
	require.NotEqual(t, first["code"], second["code"])
	h.no(404, "CODE_UNKNOWN", "kiosk", "POST", "/v1/consents/lookup", object{"code": first["code"]})
	h.now = noon.Add(200 * 24 * time.Hour)
	shown := h.ok(200, "kiosk", "POST", "/v1/consents/lookup", object{"code": second["code"]})["consents"].([]any)
	require.Equal(t, "active", shown[0].(object)["state"])
	h.ok(200, "kiosk", "POST", "/v1/consents/"+c["id"].(string)+"/withdraw", nil)
	shown = h.ok(200, "kiosk", "POST", "/v1/consents/lookup", object{"code": second["code"]})["consents"].([]any)
	require.Equal(t, "withdrawn", shown[0].(object)["state"])
	h.now = noon.Add(366 * 24 * time.Hour)
	h.no(404, "CODE_UNKNOWN", "kiosk", "POST", "/v1/consents/lookup", object{"code": second["code"]})
	h.no(404, "NOT_FOUND", "kiosk", "POST", "/v1/enrollees/019a1b2c-3d4e-7f60-8123-456789abcdef/code", nil)
}
