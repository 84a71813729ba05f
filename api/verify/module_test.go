package verify_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/problem"
	"bystander/api/verify"
	"bystander/internal/event"
)

// TestCompare makes calls that are in order.
//
// proves: B-39, B-40, B-42, B-28, B-45
func TestCompare(t *testing.T) {
	s := newStand(t)
	r := s.call(plain())
	require.Equal(t, http.StatusOK, r.Status, r.raw)
	require.Equal(t, "same", r.Result)
	require.InDelta(t, 0.7, r.Score, 1e-6)
	require.InDelta(t, 0.449, r.Thresholds["1e-4"], 1e-6)
	require.False(t, r.SelfSupplied)
	require.Len(t, s.events, 1, "one call is one count")
	e := s.events[0]
	require.Equal(t, event.KindVerify, e.Kind)
	require.Equal(t, []string{"plaza", "desk", "same", "n1"}, []string{e.SiteID, e.SceneID, e.Verdict, e.NoticeVersion})
	require.Equal(t, r.RequestID, e.Detail["request"])
	require.True(t, e.SubjectRef.IsZero())
	require.Zero(t, e.Score, "of somebody who is not enrolled nothing but the outcome stays")

	f := with("data_type", 1)
	f["reference_image"] = b64("bob")
	f["biz_no"] = strings.Repeat("é", 64) // 128 bytes
	r = s.call(f)
	require.Equal(t, "different", r.Result)
	require.True(t, r.SelfSupplied)
	require.Equal(t, 1, r.DataType)
	require.Equal(t, f["biz_no"], r.BizNo)
	require.Len(t, s.events, 2)
	require.NotContains(t, fmt.Sprintf("%+v", s.events), "é", "biz_no is the caller's and is not kept")

	f = with("reference_image", nil)
	f["enrollee"] = "alice"
	r = s.call(f)
	require.Equal(t, "same", r.Result, r.raw)
	require.Len(t, s.events, 3)
	e = s.events[2]
	require.Equal(t, event.Digest{2}, e.SubjectRef)
	require.Equal(t, event.Digest{3}, e.ConsentRef)
	require.Equal(t, "enrolled", e.Detail["reference"])
	f["enrollee"] = "nobody"
	r = s.call(f)
	require.Equal(t, http.StatusConflict, r.Status)
	require.Equal(t, "NOT_ELIGIBLE", r.Code)
	require.Len(t, s.events, 4, "a collection is counted however it ends")
	require.Equal(t, "refused", s.events[3].Verdict)
}

// TestSceneThresholdIsOnlyStricter: a scene may ask for more than was validated
// and never for less.
func TestSceneThresholdIsOnlyStricter(t *testing.T) {
	s := newStand(t)
	sc := s.scenes["desk"]
	sc.Score = 0.71
	s.scenes["desk"] = sc
	require.Equal(t, "different", s.call(plain()).Result)
	sc.Score = 0.01
	s.scenes["desk"] = sc
	r := s.call(with("reference_image", b64("bob")))
	require.Equal(t, "different", r.Result)
	require.InDelta(t, 0.449, r.Threshold, 1e-6)
}

// TestRefusedFields sends what must not be taken; nothing of it is collected.
//
// proves: B-38, B-39, B-40, B-42, B-51, B-43
func TestRefusedFields(t *testing.T) {
	s := newStand(t)
	for name, c := range map[string]struct {
		fields map[string]any
		status int
		code   string
	}{
		"unknown field":                   {with("battery", 7), 422, "FIELD"},
		"other case":                      {with("Image", "x"), 422, "FIELD"},
		"no comparison":                   {with("comparison_type", nil), 422, "FIELD"},
		"comparison 3":                    {with("comparison_type", 3), 422, "FIELD"},
		"comparison as text":              {with("comparison_type", "0"), 422, "FIELD"},
		"no data type":                    {with("data_type", nil), 422, "FIELD"},
		"data type 2":                     {with("data_type", 2), 422, "FIELD"},
		"encryption 3":                    {with("encryption_type", 3), 422, "FIELD"},
		"no scene":                        {with("verify_id", nil), 422, "FIELD"},
		"no image":                        {with("image", nil), 422, "FIELD"},
		"no reference":                    {with("reference_image", nil), 422, "FIELD"},
		"two references":                  {with("enrollee", "alice"), 422, "FIELD"},
		"no base64":                       {with("image", "%%%%"), 422, "FIELD"},
		"biz_no of 129 bytes":             {with("biz_no", strings.Repeat("é", 64)+"x"), 422, "FIELD"},
		"name without an adapter":         {with("name", "Ann"), 422, "FIELD"},
		"key without encryption":          {with("encrypted_key", "x"), 422, "FIELD"},
		"sign beside headers":             {with("sign", "x"), 422, "FIELD"},
		"unknown scene":                   {with("verify_id", "gone"), 404, "SCENE_UNKNOWN"},
		"somebody else's scene":           {with("verify_id", "others"), 404, "SCENE_UNKNOWN"},
		"disabled scene":                  {with("verify_id", "off"), 409, "SCENE_DISABLED"},
		"unencrypted where it may not be": {with("verify_id", "strict"), 422, "ENCRYPTION_REQUIRED"},
	} {
		r := s.call(c.fields)
		require.Equal(t, c.status, r.Status, "%s: %s", name, r.raw)
		require.Equal(t, c.code, r.Code, name)
		if c.status == 409 {
			require.Equal(t, "PIA_MISSING", r.Reasons[0].Code)
		}
	}
	require.Zero(t, s.faces.calls)
	require.Empty(t, s.events)
	s.tls = false
	require.Equal(t, "ENCRYPTION_REQUIRED", s.call(plain()).Code, "0 is taken over an encrypted connection only")
}

// TestAuthorityAndDocument: without an adapter there is none, and what was sent
// is not kept; with one it is asked.
//
// proves: B-36, B-38
func TestAuthorityAndDocument(t *testing.T) {
	authority := with("comparison_type", 1)
	delete(authority, "reference_image")
	authority["name"], authority["id_number"] = "Ann Canary", "110101199003071234"
	document := with("comparison_type", 2)
	delete(document, "reference_image")
	s := newStand(t)
	for _, f := range []map[string]any{authority, document} {
		r := s.call(f)
		require.Equal(t, http.StatusNotImplemented, r.Status)
		require.Equal(t, "NO_ADAPTER", r.Code)
		require.NotContains(t, r.raw, "Canary")
	}
	require.Empty(t, s.events)
	a := &adapter{}
	s = newStand(t, func(c *verify.Config) { c.Authority = a })
	r := s.call(authority)
	require.Equal(t, http.StatusOK, r.Status, r.raw)
	require.Equal(t, "Ann Canary 110101199003071234", a.asked)
	require.Equal(t, make([]byte, len("Ann Canary")), a.q.Name, "it is wiped after the call")
	require.Equal(t, make([]byte, len("ann")), a.q.Photo)
	require.NotContains(t, fmt.Sprintf("%+v", s.events), "Canary")
	delete(authority, "id_number")
	require.Equal(t, 422, s.call(authority).Status)
	require.Equal(t, http.StatusNotImplemented, s.call(document).Status)
}

// TestMultipartCall sends pictures as files.
func TestMultipartCall(t *testing.T) {
	s := newStand(t)
	kind, body := form(t, map[string][]byte{
		"comparison_type": []byte("0"), "data_type": []byte("0"), "encryption_type": []byte("0"), "verify_id": []byte("desk"),
		"biz_no": []byte("order 7"), "image": []byte("ann\x00\r\n"), "reference_image": []byte("ann\x00\r\n"),
	})
	r := s.request(kind, body)
	s.sign(r, body)
	got := s.send(r)
	require.Equal(t, http.StatusOK, got.Status, got.raw)
	require.Equal(t, "same", got.Result)
	require.Equal(t, "order 7", got.BizNo)
	r = s.request("text/plain", body)
	s.sign(r, body)
	require.Equal(t, http.StatusUnsupportedMediaType, s.send(r).Status)
}

// TestPhotoRefusals: what the photograph lacks is said by code and field.
func TestPhotoRefusals(t *testing.T) {
	s := newStand(t)
	s.faces.err = &verify.Refusal{Field: "reference_image", Code: "TWO_FACES", Text: "more than one face"}
	r := s.call(plain())
	require.Equal(t, []any{422, "TWO_FACES"}, []any{r.Status, r.Code})
	require.Contains(t, r.raw, "reference_image")
	require.Equal(t, "TWO_FACES", s.events[0].Detail["code"])
	s.faces.err = &verify.NotEligible{Reasons: []problem.Reason{{Code: "GATE", Text: "x"}}}
	r = s.call(plain())
	require.Equal(t, []any{409, "NOT_ELIGIBLE"}, []any{r.Status, r.Code})
	s.faces.err = errors.New("secret inside")
	r = s.call(plain())
	require.Equal(t, 503, r.Status)
	require.NotContains(t, r.raw, "secret inside")
	require.Len(t, s.events, 3)
}

func TestBodiesAreBounded(t *testing.T) {
	s := newStand(t)
	r := s.request("application/json", make([]byte, 10))
	r.Header.Set("Content-Length", fmt.Sprint(verify.MaxBody+1))
	r.ContentLength = verify.MaxBody + 1
	require.Equal(t, http.StatusRequestEntityTooLarge, s.send(r).Status)
	r = s.request("application/json", make([]byte, 10))
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	require.Equal(t, http.StatusLengthRequired, s.send(r).Status)
	r = s.request("application/json", make([]byte, 10))
	r.Header.Set("Content-Length", "20")
	require.Equal(t, http.StatusBadRequest, s.send(r).Status)
}

func TestCallsAtOnceAreBounded(t *testing.T) {
	s := newStand(t, func(c *verify.Config) { c.Parallel = 1 })
	s.faces.wait, s.faces.in = make(chan struct{}), make(chan struct{})
	body := s.body(plain())
	r := s.request("application/json", body)
	s.sign(r, body)
	done := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.door.ServeHTTP(w, r)
		done <- w.Code
	}()
	<-s.faces.in
	require.Equal(t, "BUSY", s.call(plain()).Code)
	close(s.faces.wait)
	require.Equal(t, 200, <-done)
}

// TestScrubRunsAfterEachCall: a run that began before a call ended does not
// count for it.
func TestScrubRunsAfterEachCall(t *testing.T) {
	began, end := make(chan struct{}, 3), make(chan struct{})
	after := verify.Scrubber(func() { began <- struct{}{}; <-end })
	var wg sync.WaitGroup
	wg.Go(after)
	<-began
	wg.Go(after) // waits for a run of its own
	end <- struct{}{}
	<-began
	end <- struct{}{}
	wg.Wait()
	require.Empty(t, began)
}
