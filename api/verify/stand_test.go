package verify_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

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
