package verify_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"go.uber.org/goleak"

	"bystander/api"
	"bystander/api/apitest"
	"bystander/api/problem"
	"bystander/api/verify"
	"bystander/internal/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

// faces compares what it is given by its words: the same words are one person.
type faces struct {
	mu    sync.Mutex
	calls int
	err   error
	wait  chan struct{} // when set, a call waits for it
	in    chan struct{}
}

func (f *faces) Compare(_ context.Context, s verify.Scene, a, b []byte) (verify.Outcome, error) {
	f.mu.Lock()
	f.calls++
	err := f.err
	f.mu.Unlock()
	if f.wait != nil {
		f.in <- struct{}{}
		<-f.wait
	}
	o := verify.Outcome{Score: 0.1, Threshold: 0.449, Levels: map[string]float32{"1e-4": 0.449}, Quality: 0.8, Model: event.Digest{1}, PAD: "off"}
	if bytes.Equal(a, b) {
		o.Score = 0.7
	}
	return o, err
}

func (f *faces) CompareEnrolled(_ context.Context, s verify.Scene, who string, a []byte) (verify.Outcome, error) {
	f.calls++
	if f.err != nil {
		return verify.Outcome{}, f.err
	}
	if who != "alice" {
		return verify.Outcome{}, verify.ErrNotFound
	}
	return verify.Outcome{Score: 0.6, Threshold: 0.449, Quality: 0.9, Model: event.Digest{1}, Subject: event.Digest{2}, Consent: event.Digest{3}, ConsentVersion: 4, Template: event.Digest{5}}, nil
}

type scenes map[string]verify.Scene

func (s scenes) VerifyScene(_ context.Context, id string) (verify.Scene, error) {
	sc, ok := s[id]
	if !ok {
		return sc, verify.ErrNotFound
	}
	return sc, nil
}

// stand is the interface behind the real front door.
type stand struct {
	t      *testing.T
	faces  faces
	scenes scenes
	keys   *verify.KeyStore
	key    verify.KeyInfo
	secret []byte
	now    time.Time
	events []event.Event
	opener *verify.Opener
	door   http.Handler
	tls    bool
	nonce  int
	config verify.Config
}

func newStand(t *testing.T, change ...func(*verify.Config)) *stand {
	t.Helper()
	s := &stand{t: t, now: epoch, tls: true, opener: opener(t), scenes: scenes{
		"desk":   {ID: "desk", Enabled: true, PlainOverTLS: true, PolicyVersion: 3, NoticeVersion: "n1", AssessmentID: "a1"},
		"strict": {ID: "strict", Enabled: true},
		"off":    {ID: "off", Reasons: []problem.Reason{{Code: "PIA_MISSING", Text: "no assessment"}}},
		"others": {ID: "others", Enabled: true},
	}}
	clock := func() time.Time { return s.now }
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(h)
	require.NoError(t, err)
	s.keys = verify.NewKeyStore(filepath.Join(t.TempDir(), "clients"), a, clock)
	var secret string
	s.key, secret, err = s.keys.Create(t.Context(), "a bank", []string{"desk", "strict", "off", "gone"}, epoch.Add(24*time.Hour))
	require.NoError(t, err)
	s.secret, err = base64.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	s.config = verify.Config{
		Site: "plaza", Scenes: s.scenes, Faces: &s.faces, Keys: s.keys, Opener: s.opener, Now: clock,
		Emit: func(e event.Event) { s.events = append(s.events, e) }, Scrub: func() {},
	}
	for _, f := range change {
		f(&s.config)
	}
	m, err := verify.New(s.config)
	require.NoError(t, err)
	s.door, err = api.New(api.Config{Modules: []api.Module{m}, Now: clock}, apitest.NewFake().Backend())
	require.NoError(t, err)
	s.now = s.now.Add(time.Second)
	return s
}

// plain is a call that is in order, with pictures as they are.
func plain() map[string]any {
	return map[string]any{
		"comparison_type": 0, "data_type": 0, "encryption_type": 0, "verify_id": "desk",
		"image": b64("ann"), "reference_image": b64("ann"),
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (s *stand) body(fields map[string]any) []byte {
	b, err := json.Marshal(fields)
	require.NoError(s.t, err)
	return b
}

// sign signs a request anew.
func (s *stand) sign(r *http.Request, body []byte) {
	s.nonce++
	nonce := fmt.Sprintf("nonce-%012d", s.nonce)
	r.Header.Set(verify.HeaderKey, s.key.ID)
	r.Header.Set(verify.HeaderVersion, verify.SignSHA256)
	r.Header.Set(verify.HeaderTime, fmt.Sprint(s.now.Unix()))
	r.Header.Set(verify.HeaderNonce, nonce)
	r.Header.Set(verify.HeaderSign, verify.Signature(s.secret, s.key.ID, r.Method, r.URL.Path, body, s.now.Unix(), nonce))
}

func (s *stand) request(kind string, body []byte) *http.Request {
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, scheme+"://localhost"+verify.Path, bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Content-Length", fmt.Sprint(len(body)))
	return r
}

// reply is any answer.
type reply struct {
	verify.Answer
	Status  int
	Code    string           `json:"code"`
	Detail  string           `json:"detail"`
	Reasons []problem.Reason `json:"reasons"`
	raw     string
}

func (s *stand) send(r *http.Request) reply {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, r)
	var out reply
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	out.Status, out.raw = w.Code, w.Body.String()
	require.NotEmpty(s.t, out.RequestID)
	require.Equal(s.t, w.Header().Get("X-Request-Id"), out.RequestID)
	require.Equal(s.t, "no-store", w.Header().Get("Cache-Control"))
	return out
}

// call signs and sends fields.
func (s *stand) call(fields map[string]any) reply {
	s.t.Helper()
	b := s.body(fields)
	r := s.request("application/json", b)
	s.sign(r, b)
	return s.send(r)
}

func with(k string, v any) map[string]any {
	f := plain()
	if v == nil {
		delete(f, k)
	} else {
		f[k] = v
	}
	return f
}

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

type adapter struct {
	asked string
	q     verify.Question
}

func (a *adapter) Verify(_ context.Context, _ verify.Scene, q verify.Question) (verify.Outcome, error) {
	a.asked, a.q = string(q.Name)+" "+string(q.IDNumber), q
	return verify.Outcome{Score: 1, Threshold: 0.5}, nil
}

// encrypted is a call as a client encrypts it with the keys that it was given.
func (s *stand) encrypted(kind verify.Encryption, image, reference string) map[string]any {
	s.t.Helper()
	f := plain()
	f["encryption_type"], f["verify_id"] = int(kind), "strict"
	pub := s.publicKey(int(kind))
	key := make([]byte, 32)
	var sealed []byte
	if kind == verify.EncryptRSA {
		_, _ = rand.Read(key)
		p, err := x509.ParsePKIXPublicKey(pub)
		require.NoError(s.t, err)
		sealed, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, p.(*rsa.PublicKey), key, nil)
		require.NoError(s.t, err)
		b, err := aes.NewCipher(key)
		require.NoError(s.t, err)
		f["image"], f["reference_image"] = b64(string(seal(s.t, b, "image", []byte(image)))), b64(string(seal(s.t, b, "reference_image", []byte(reference))))
	} else {
		key = key[:16]
		_, _ = rand.Read(key)
		p, err := smx509.ParsePKIXPublicKey(pub)
		require.NoError(s.t, err)
		sealed, err = sm2.EncryptASN1(rand.Reader, ecdsaOf(p), key)
		require.NoError(s.t, err)
		b, err := sm4.NewCipher(key)
		require.NoError(s.t, err)
		f["image"], f["reference_image"] = b64(string(seal(s.t, b, "image", []byte(image)))), b64(string(seal(s.t, b, "reference_image", []byte(reference))))
	}
	f["encrypted_key"] = b64(string(sealed))
	return f
}

func (s *stand) publicKey(kind int) []byte {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://localhost"+verify.Path+"/keys", nil))
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	var out struct{ Keys []verify.PublicKey }
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out))
	for _, k := range out.Keys {
		if k.EncryptionType == kind {
			b, err := base64.StdEncoding.DecodeString(k.Key)
			require.NoError(s.t, err)
			return b
		}
	}
	s.t.Fatalf("no key of kind %d", kind)
	return nil
}

// TestEncrypted makes whole calls with both kinds of key.
//
// proves: B-44
func TestEncrypted(t *testing.T) {
	s := newStand(t)
	s.tls = false // encrypted pictures need no encrypted connection
	for _, kind := range []verify.Encryption{verify.EncryptSM2, verify.EncryptRSA} {
		r := s.call(s.encrypted(kind, "ann", "ann"))
		require.Equal(t, http.StatusOK, r.Status, r.raw)
		require.Equal(t, "same", r.Result)
		require.Equal(t, "different", s.call(s.encrypted(kind, "ann", "bob")).Result)
		f := s.encrypted(kind, "ann", "ann")
		f["image"], f["reference_image"] = f["reference_image"], f["image"]
		r = s.call(f)
		require.Equal(t, http.StatusUnprocessableEntity, r.Status, "swapped pictures")
		require.Equal(t, "DECRYPT", r.Code)
		f = s.encrypted(kind, "ann", "ann")
		f["encrypted_key"] = b64("not a key")
		require.Equal(t, "DECRYPT", s.call(f).Code)
	}
	s = newStand(t, func(c *verify.Config) { c.Opener = nil })
	f := plain()
	f["encryption_type"], f["encrypted_key"] = 2, "eA=="
	require.Equal(t, "ENCRYPTION_UNAVAILABLE", s.call(f).Code)
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

// TestSignatures breaks a signature in every way, each of which is refused.
//
// proves: B-41
func TestSignatures(t *testing.T) {
	s := newStand(t)
	body := s.body(plain())
	try := func(change func(*http.Request)) reply {
		r := s.request("application/json", body)
		s.sign(r, body)
		change(r)
		return s.send(r)
	}
	require.Equal(t, 200, try(func(*http.Request) {}).Status)
	set := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	for name, c := range map[string]struct {
		change func(*http.Request)
		code   string
	}{
		"none": {func(r *http.Request) {
			for _, h := range []string{verify.HeaderKey, verify.HeaderVersion, verify.HeaderSign} {
				r.Header.Del(h)
			}
		}, "SIGN_MISSING"},
		"wrong":           {set(verify.HeaderSign, strings.Repeat("0", 64)), "SIGN_INVALID"},
		"unknown key":     {set(verify.HeaderKey, "nobody"), "SIGN_INVALID"},
		"other nonce":     {set(verify.HeaderNonce, "nonce-of-somebody-else"), "SIGN_INVALID"},
		"short nonce":     {set(verify.HeaderNonce, "short"), "SIGN_INCOMPLETE"},
		"strange nonce":   {set(verify.HeaderNonce, "nonce nonce nonce nonce"), "SIGN_INCOMPLETE"},
		"other time":      {set(verify.HeaderTime, fmt.Sprint(s.now.Unix()+1)), "SIGN_INVALID"},
		"no time":         {set(verify.HeaderTime, ""), "SIGN_INCOMPLETE"},
		"unknown version": {set(verify.HeaderVersion, "hmac_md5"), "SIGN_VERSION"},
		"sha1 in headers": {set(verify.HeaderVersion, verify.SignSHA1), "SIGN_VERSION"},
		"other body": {func(r *http.Request) {
			b := bytes.Replace(body, []byte(b64("ann")), []byte(b64("bob")), 1)
			r.Body = httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(b)).Body
		}, "SIGN_INVALID"},
	} {
		r := try(c.change)
		require.Equal(t, http.StatusUnauthorized, r.Status, "%s: %s", name, r.raw)
		require.Equal(t, c.code, r.Code, name)
	}
	require.Len(t, s.events, 1)
}

// proves: B-41
func TestReplayAndTime(t *testing.T) {
	s := newStand(t)
	body := s.body(plain())
	r := s.request("application/json", body)
	s.sign(r, body)
	again := r.Clone(t.Context())
	again.Body = s.request("application/json", body).Body
	require.Equal(t, 200, s.send(r).Status)
	got := s.send(again)
	require.Equal(t, 401, got.Status)
	require.Equal(t, "SIGN_REPLAYED", got.Code)

	for _, skew := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		s.now = s.now.Add(20 * time.Minute)
		r = s.request("application/json", body)
		s.now = s.now.Add(skew)
		s.sign(r, body)
		s.now = s.now.Add(-skew)
		require.Equal(t, "SIGN_TIME", s.send(r).Code, "%v", skew)
	}
	// What was signed before a restart may have been used before it.
	old := s.request("application/json", body)
	s.sign(old, body)
	s.now = s.now.Add(2 * time.Second)
	fresh, err := verify.New(s.config)
	require.NoError(t, err)
	s.door, err = api.New(api.Config{Modules: []api.Module{fresh}, Now: s.config.Now}, apitest.NewFake().Backend())
	require.NoError(t, err)
	require.Equal(t, "SIGN_TIME", s.send(old).Code)
	// A key that was revoked is refused at once.
	require.NoError(t, s.keys.Revoke(t.Context(), s.key.ID))
	require.Equal(t, "SIGN_INVALID", s.call(plain()).Code)
}

func legacySign(key, secret string, now, until int64, nonce string) string {
	raw := fmt.Sprintf("a=%s&b=%d&c=%d&d=%s", key, until, now, nonce)
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(raw))
	return base64.StdEncoding.EncodeToString(append(m.Sum(nil), raw...))
}

// TestLegacySign: the published scheme works behind its switch alone.
//
// proves: B-41, B-53
func TestLegacySign(t *testing.T) {
	s := newStand(t)
	fields := func(nonce string) map[string]any {
		f := with("sign_version", verify.SignSHA1)
		f["sign"] = legacySign(s.key.ID, string(s.secret), s.now.Unix(), s.now.Unix()+60, nonce)
		return f
	}
	send := func(f map[string]any) reply { return s.send(s.request("application/json", s.body(f))) }
	require.Equal(t, "SIGN_MISSING", send(fields("1")).Code)
	s = newStand(t, func(c *verify.Config) { c.LegacySHA1 = true })
	r := send(fields("2"))
	require.Equal(t, 200, r.Status, r.raw)
	require.Equal(t, verify.SignSHA1, s.events[0].Detail["sign_version"], "auditors can see who still uses it")
	require.Equal(t, "SIGN_REPLAYED", send(fields("2")).Code)
	for name, sign := range map[string]string{
		"no base64": "%", "short": "eA==", "wrong secret": legacySign(s.key.ID, "guess", s.now.Unix(), s.now.Unix()+60, "3"),
		"expired": legacySign(s.key.ID, string(s.secret), s.now.Unix()-60, s.now.Unix()-1, "4"),
	} {
		f := with("sign_version", verify.SignSHA1)
		f["sign"] = sign
		require.Equal(t, 401, send(f).Status, name)
	}
	f := plain()
	require.Equal(t, "SIGN_MISSING", send(f).Code)
	f["sign_version"], f["sign"] = verify.SignSHA256, "x"
	require.Equal(t, 422, send(f).Status)
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

func TestNonces(t *testing.T) {
	n := verify.NewMemoryNonces(2)
	use := func(nonce string, at time.Duration) (bool, error) {
		return n.Use(t.Context(), "k", nonce, epoch.Add(at), epoch.Add(at+time.Minute))
	}
	ok, err := use("a", 0)
	require.True(t, ok && err == nil)
	ok, _ = use("a", time.Second)
	require.False(t, ok)
	ok, _ = use("b", 2*time.Second)
	require.True(t, ok)
	_, err = use("c", 3*time.Second)
	require.ErrorIs(t, err, verify.ErrBusy, "it refuses rather than forgets")
	ok, err = use("c", 2*time.Minute)
	require.True(t, ok && err == nil, "old ones make room")
}

func TestKeyStore(t *testing.T) {
	s := newStand(t)
	list, err := s.keys.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "a bank", list[0].Label)
	k, err := s.keys.Key(t.Context(), s.key.ID)
	require.NoError(t, err)
	require.Equal(t, s.secret, k.Secret)
	s.now = s.now.Add(25 * time.Hour)
	_, err = s.keys.Key(t.Context(), s.key.ID)
	require.ErrorIs(t, err, verify.ErrNotFound, "it has run out")
	_, _, err = s.keys.Create(t.Context(), "", []string{"x"}, s.now.Add(time.Hour))
	require.ErrorIs(t, err, verify.ErrConfig)
	require.ErrorIs(t, s.keys.Revoke(t.Context(), "nobody"), verify.ErrNotFound)
	require.NoError(t, s.keys.Revoke(t.Context(), s.key.ID))
	require.ErrorIs(t, s.keys.Revoke(t.Context(), s.key.ID), verify.ErrNotFound)
	_, err = verify.New(verify.Config{})
	require.ErrorIs(t, err, verify.ErrConfig)
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
