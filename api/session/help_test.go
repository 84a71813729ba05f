package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/apitest"
	"bystander/api/session"
	"bystander/api/users"
	"bystander/api/users/accounts"
	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
)

const good = "turquoise ladder forgets noon"

type object = map[string]any

// clock is the house's time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is the front door with its accounts, and the log of what happened.
type house struct {
	t     *testing.T
	store *accounts.Store
	url   string
	live  *liveViews
	fake  *apitest.Fake
	clock *clock

	mu     sync.Mutex
	events []event.Event
	reads  []actor.Read
}

// RecordRead implements actor.Recorder.
func (h *house) RecordRead(_ context.Context, r actor.Read) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads = append(h.reads, r)
	return nil
}

// liveViews stands for the live view: each POST begins one, which a DELETE ends.
type liveViews struct {
	mu   sync.Mutex
	made int
	open map[string]bool
}

// ServeHTTP implements http.Handler.
func (l *liveViews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch there := l.open[r.URL.Path]; {
	case r.Method == http.MethodPost:
		l.made++
		at := fmt.Sprintf("%s/%d", r.URL.Path, l.made)
		if l.open == nil {
			l.open = map[string]bool{}
		}
		l.open[at] = true
		w.Header().Set("Location", at)
		w.WriteHeader(http.StatusCreated)
	case !there:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodDelete:
		delete(l.open, r.URL.Path)
	}
}

func (l *liveViews) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// actions are what the log tells of accounts, in order.
func (h *house) actions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		out = append(out, e.Detail["action"])
	}
	return out
}

func newKey(t testing.TB) accounts.AEAD {
	t.Helper()
	k, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(k)
	require.NoError(t, err)
	return a
}

// cheap is a cost that lets tests sign in often.
var cheap = accounts.Cost{Memory: 64, Passes: 1, Lanes: 1, AtOnce: 4, Waiting: 5 * time.Second}

func open(t *testing.T, change ...func(*session.Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{t: time.Now()}}
	var err error
	h.store, err = accounts.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "accounts.db")), accounts.Options{Key: newKey(t), Now: h.clock.now, Cost: cheap})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.store.Close()) })
	emit := func(e event.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, e)
	}
	cfg := session.Config{Store: h.store, Log: zerolog.Nop(), Required: true, Emit: emit, Now: h.clock.now}
	for _, c := range change {
		c(&cfg)
	}
	m := session.New(cfg)
	h.fake = apitest.NewFake()
	h.live = &liveViews{}
	a, err := api.New(api.Config{
		Version: "test", Log: zerolog.Nop(), Sessions: m, WHEP: h.live, Now: h.clock.now,
		Modules: []api.Module{m, users.New(users.Config{Store: h.store, Access: h, Log: zerolog.Nop(), Emit: emit})},
	}, h.fake.Backend())
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	// Called by name, as passkeys want it.
	h.url = fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	return h
}

// person is an account that is active with a password, and perhaps an app.
func (h *house) person(id string, roles ...actor.Role) {
	h.t.Helper()
	_, err := h.store.Add(h.t.Context(), accounts.NewAccount{ID: id, Name: "The " + id, Roles: roles, State: accounts.Active})
	require.NoError(h.t, err)
	require.NoError(h.t, h.store.SetPassword(h.t.Context(), id, good, ""))
}

// app sets an authenticator app up and returns its secret.
func (h *house) app(id string) (secret string) {
	h.t.Helper()
	_, secret, err := h.store.NewTOTP(h.t.Context(), id)
	require.NoError(h.t, err)
	_, err = h.store.ConfirmTOTP(h.t.Context(), id, h.code(secret), "test")
	require.NoError(h.t, err)
	h.clock.pass(time.Minute) // that code is used up
	return secret
}

func (h *house) code(secret string) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.clock.now())
	require.NoError(h.t, err)
	return code
}

// browser keeps cookies, and sends the session's token along.
type browser struct {
	h      *house
	client *http.Client
	csrf   string
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	return &browser{h: h, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and returns the answer's status and body.
func (b *browser) do(method, path string, body any, header ...string) (int, object) {
	b.h.t.Helper()
	res, raw := b.raw(method, path, body, header...)
	out := object{}
	if len(raw) > 0 && raw[0] == '{' {
		require.NoError(b.h.t, json.Unmarshal(raw, &out))
	}
	return res.StatusCode, out
}

func (b *browser) raw(method, path string, body any, header ...string) (*http.Response, []byte) {
	b.h.t.Helper()
	var r io.Reader = http.NoBody
	if body != nil {
		j, err := json.Marshal(body)
		require.NoError(b.h.t, err)
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.url+path, r)
	require.NoError(b.h.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.csrf != "" && method != http.MethodGet {
		req.Header.Set(session.HeaderCSRF, b.csrf)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	require.NoError(b.h.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.h.t, err)
	return res, raw
}

// who asks who is signed in, and takes the token up.
func (b *browser) who() object {
	b.h.t.Helper()
	status, out := b.do("GET", "/v1/session", nil)
	require.Equal(b.h.t, 200, status)
	b.csrf, _ = out["csrf"].(string)
	return out
}

// signIn signs in by password and returns the answer.
func (b *browser) signIn(id, password string) (int, object) {
	b.h.t.Helper()
	status, out := b.do("POST", "/v1/session", object{"id": id, "password": password})
	if status == 200 {
		b.csrf, _ = out["csrf"].(string)
	}
	return status, out
}
