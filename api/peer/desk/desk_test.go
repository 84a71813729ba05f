package desk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/api/peer/book"
	"bystander/api/peer/box"
	"bystander/api/peer/calls"
	"bystander/api/peer/desk"
	"bystander/api/peer/line"
	"bystander/internal/outbox"
	"bystander/internal/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is where the templates come from: two records of each scene.
type shelf struct {
	mu   sync.Mutex
	lent []string
	fail error // in the middle
}

// Within: the scene foyer has the camera stage, and entrance the camera gate.
func (*shelf) Within(scenes []string, may func(string) bool) (out []string) {
	for _, id := range scenes {
		if may(map[string]string{"foyer": "stage", "entrance": "gate"}[id]) {
			out = append(out, id)
		}
	}
	return out
}

func (s *shelf) Offer(_ context.Context, scenes []string, _ string, _ int) (out []line.Scene, err error) {
	for _, id := range scenes {
		out = append(out, line.Scene{ID: id, Version: "v1", Count: 2})
	}
	return out, nil
}

func (s *shelf) Lend(_ context.Context, edge string, r line.LoanRequest, begin func() error, put func([]byte) error) error {
	if r.Version != "v1" {
		return &line.Refusal{Status: http.StatusConflict, Code: line.CodeChanged, Text: "changed"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent = append(s.lent, edge+" "+r.Scene)
	if err := begin(); err != nil {
		return err
	}
	if err := put([]byte("first of " + r.Scene)); err != nil {
		return err
	}
	if s.fail != nil {
		return s.fail
	}
	return put([]byte("second of " + r.Scene))
}

// house is a control with its desk, on loopback.
type house struct {
	t     *testing.T
	ca    *pki.CA
	book  *book.Store
	desk  *desk.Desk
	board *calls.Board
	shelf *shelf
	url   string
	print string       // fingerprint of the authority
	ahead atomic.Int64 // of the desk's clock

	mu   sync.Mutex
	told []desk.Change
	log  bytes.Buffer
}

// Write implements io.Writer for the desk's log.
func (h *house) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(b)
}

// logged returns the log's lines that hold a text.
func (h *house) logged(text string) (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for line := range strings.Lines(h.log.String()) {
		if strings.Contains(line, text) {
			out = append(out, line)
		}
	}
	return out
}

func newHouse(t *testing.T, networks ...string) *house {
	t.Helper()
	h := &house{t: t, shelf: &shelf{}, board: calls.NewBoard(nil)}
	var err error
	h.ca, err = pki.Init(filepath.Join(t.TempDir(), "ca"), nil)
	require.NoError(t, err)
	h.book, err = book.Open(t.Context(), filepath.Join(t.TempDir(), "peers.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.book.Close()) })
	m := h.member("control/main")
	h.print = pki.Fingerprint(m.Issuer())
	if len(networks) == 0 {
		networks = []string{"127.0.0.0/8"}
	}
	cfg := desk.Config{
		Member: m, CA: h.ca, Book: h.book, Loans: h.shelf, Calls: h.board, Term: 10 * time.Second, Log: zerolog.New(h),
		Now:    func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
		Policy: func() ([]byte, string) { return []byte("key"), "plaza" },
		Told:   func(c desk.Change) { h.mu.Lock(); defer h.mu.Unlock(); h.told = append(h.told, c) },
	}
	for _, n := range networks {
		cfg.Networks = append(cfg.Networks, netip.MustParsePrefix(n))
	}
	h.desk = desk.New(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	require.NoError(t, err)
	h.url = "https://" + ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.desk.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	return h
}

// member is a process with a certificate of the house, and the authority's own
// list of who was revoked.
func (h *house) member(who string) *pki.Member {
	h.t.Helper()
	dir := h.t.TempDir()
	id, err := pki.Parse(who)
	require.NoError(h.t, err)
	key, _, err := pki.NewRequest(id)
	require.NoError(h.t, err)
	leaf, _, err := h.ca.Issue(id, key.Public(), 0)
	require.NoError(h.t, err)
	require.NoError(h.t, pki.WriteIdentity(dir, key, leaf))
	m, err := pki.OpenMember(dir, h.ca.TrustPath(), nil)
	require.NoError(h.t, err)
	return m
}

func (h *house) invite(edge string, scenes ...string) string {
	h.t.Helper()
	token, _, err := h.book.Noting("anna").Invite(h.t.Context(), edge, book.May{Scenes: scenes}, 0)
	require.NoError(h.t, err)
	return token
}

// joined is an edge with a certificate that it got for a token.
func (h *house) joined(edge string, scenes ...string) (*line.Client, *pki.Member) {
	h.t.Helper()
	a, err := h.join(h.invite(edge, scenes...))
	require.NoError(h.t, err)
	require.Equal(h.t, "edge/"+edge, a.ID)
	m := h.member("edge/" + edge) // a certificate just like it, with a key that the test has
	c := line.NewClient(h.url, m.Dialer(pki.Control))
	h.t.Cleanup(c.Close)
	return c, m
}

func (h *house) join(token string) (line.JoinAnswer, error) {
	h.t.Helper()
	dial, err := pki.PinnedDialer(h.print, time.Now)
	require.NoError(h.t, err)
	c := line.NewClient(h.url, dial)
	defer c.Close()
	_, csr, err := pki.NewRequest(pki.Identity{Role: pki.Control, Name: "i-am-the-control"})
	require.NoError(h.t, err)
	return c.Join(h.t.Context(), line.JoinRequest{Token: token, CSR: string(csr)})
}

func refusal(t *testing.T, err error, code string) {
	t.Helper()
	var no *line.Refusal
	require.ErrorAs(t, err, &no)
	require.Equal(t, code, no.Code, no.Text)
}

// proves: B-63
func TestJoining(t *testing.T) {
	h := newHouse(t)
	token := h.invite("hall", "foyer")
	a, err := h.join(token)
	require.NoError(t, err)
	require.Equal(t, "edge/hall", a.ID)
	require.Equal(t, "plaza", a.Site)
	leaf, err := pki.ParseCert([]byte(a.Cert))
	require.NoError(t, err)
	tr, err := pki.ParseTrust([]byte(a.Trust))
	require.NoError(t, err)
	id, err := tr.Check(leaf, pki.Edge, time.Now())
	require.NoError(t, err, "whatever the request said of names, the token decides")
	require.Equal(t, "hall", id.Name)
	require.Equal(t, []desk.Change{{Edge: "hall", Action: "edge_joined", By: "anna", Way: "one-time token"}}, h.told)

	_, err = h.join(token)
	refusal(t, err, line.CodeToken)
	older := h.invite("hall", "foyer")
	newer := h.invite("hall", "foyer")
	_, err = h.join(older)
	refusal(t, err, line.CodeToken)
	require.NoError(t, h.book.End(t.Context(), "hall"))
	_, err = h.join(newer)
	refusal(t, err, line.CodeToken)
	for range 10 {
		_, err = h.join("guess")
	}
	refusal(t, err, line.CodeMany)
	notes, err := outbox.Pending(t.Context(), h.book.DB())
	require.NoError(t, err)
	require.Len(t, notes, 3, "each invitation is on its way to the log")
	require.Equal(t, "edge/hall", notes[0].Account)
}

// proves: B-63, C-06
func TestAnEdgeGetsItsOwnScenesAndNobodyElse(t *testing.T) {
	h := newHouse(t)
	hall, member := h.joined("hall", "foyer")
	door, _ := h.joined("door", "entrance")
	ctx := t.Context()
	ans, err := hall.Sync(ctx, line.SyncRequest{Model: "m", Health: line.Health{Version: "1", Cameras: []line.Camera{{ID: "c1", State: "connected"}}}})
	require.NoError(t, err)
	require.Equal(t, []line.Scene{{ID: "foyer", Version: "v1", Count: 2}}, ans.Scenes)
	require.Equal(t, int64(10_000), ans.TermMS)
	require.NotEmpty(t, ans.Trust)
	require.Equal(t, "connected", h.desk.Seen()["hall"].Health.Cameras[0].State)
	ans, err = hall.Sync(ctx, line.SyncRequest{Model: "m", Trust: member.Trust().Digest()})
	require.NoError(t, err)
	require.Empty(t, ans.Trust)

	key, err := box.NewKey()
	require.NoError(t, err)
	got := []string{}
	take := func(b []byte) error { got = append(got, string(b)); return nil }
	r := line.LoanRequest{Scene: "foyer", Model: "m", Version: "v1"}
	require.NoError(t, hall.Loan(ctx, "hall", r, key, take))
	require.Equal(t, []string{"first of foyer", "second of foyer"}, got)
	refusal(t, door.Loan(ctx, "door", r, key, take), line.CodeScene)
	r.Version = "v0"
	refusal(t, hall.Loan(ctx, "hall", r, key, take), line.CodeChanged)
	r.Version = "v1"
	h.shelf.fail = errors.New("the vault is gone")
	require.Error(t, hall.Loan(ctx, "hall", r, key, func([]byte) error { return nil }), "a cut stream is no gallery")

	for _, who := range []string{"writer/w1", "control/other"} {
		m := h.member(who)
		c := line.NewClient(h.url, m.Dialer(pki.Control))
		_, err := c.Sync(ctx, line.SyncRequest{Model: "m"})
		refusal(t, err, line.CodeRole)
		refusal(t, c.Loan(ctx, "hall", r, key, take), line.CodeRole)
		_, err = c.Renew(ctx, line.RenewRequest{})
		refusal(t, err, line.CodeRole)
		c.Close()
	}
	stranger := line.NewClient(h.url, h.member("edge/never-invited").Dialer(pki.Control))
	defer stranger.Close()
	_, err = stranger.Sync(ctx, line.SyncRequest{Model: "m"})
	refusal(t, err, line.CodeRevoked)
	require.Equal(t, []string{"hall foyer", "hall foyer"}, h.shelf.lent)
	dial, err := pki.PinnedDialer(h.print, time.Now)
	require.NoError(t, err)
	nobody := line.NewClient(h.url, dial)
	defer nobody.Close()
	_, err = nobody.Sync(ctx, line.SyncRequest{})
	refusal(t, err, line.CodeRole)
}

func TestRenewingAndRevoking(t *testing.T) {
	h := newHouse(t)
	hall, member := h.joined("hall", "foyer")
	ctx := t.Context()
	_, csr, err := pki.NewRequest(pki.Identity{Role: pki.Edge, Name: "door"})
	require.NoError(t, err)
	a, err := hall.Renew(ctx, line.RenewRequest{CSR: string(csr)})
	require.NoError(t, err)
	leaf, err := pki.ParseCert([]byte(a.Cert))
	require.NoError(t, err)
	id, err := member.Trust().Check(leaf, pki.Edge, time.Now())
	require.NoError(t, err)
	require.Equal(t, "hall", id.Name, "nobody renews under another name")
	_, err = hall.Renew(ctx, line.RenewRequest{CSR: "nonsense"})
	refusal(t, err, line.CodeRequest)

	_, err = h.ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := hall.Sync(ctx, line.SyncRequest{})
		var no *line.Refusal
		return errors.As(err, &no) && no.Code == line.CodeRevoked
	}, 20*time.Second, 50*time.Millisecond, "on the connection that it had")
	hall.Close()
	_, err = hall.Sync(ctx, line.SyncRequest{})
	require.ErrorContains(t, err, "revoked", "and on a new one, in words")
}

func TestAnotherNetworkIsRefused(t *testing.T) {
	h := newHouse(t, "10.0.0.0/8")
	_, err := h.join(h.invite("hall"))
	refusal(t, err, line.CodeOffSite)
}

func TestHostileRequests(t *testing.T) {
	h := newHouse(t)
	m := h.member("edge/hall")
	h.invite("hall", "foyer")
	tr := &http.Transport{DialTLSContext: m.Dialer(pki.Control)}
	defer tr.CloseIdleConnections()
	do := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
		require.NoError(t, err)
		res, err := (&http.Client{Transport: tr}).Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		return res.StatusCode
	}
	require.Equal(t, 422, do("POST", line.PathSync, "{"))
	require.Equal(t, 422, do("POST", line.PathSync, `{"model": 7}`))
	require.Equal(t, 413, do("POST", line.PathSync, strings.Repeat(" ", line.MaxBody+1)))
	require.Equal(t, 422, do("POST", line.PathLoan, `{"scene":"foyer","version":"v1","key":"AAAA"}`), "a key that nobody can seal to")
	require.Equal(t, 404, do("GET", line.PathSync, ""))
	require.Equal(t, 404, do("POST", "/v1/cameras", ""))
	many := line.Health{Version: strings.Repeat("x", 9999)}
	for range line.MaxCameras * 2 {
		many.Cameras = append(many.Cameras, line.Camera{ID: "c"})
	}
	c := line.NewClient(h.url, m.Dialer(pki.Control))
	defer c.Close()
	_, err := c.Sync(t.Context(), line.SyncRequest{Health: many})
	require.NoError(t, err)
	require.Len(t, h.desk.Seen()["hall"].Health.Cameras, line.MaxCameras)
	require.Len(t, h.desk.Seen()["hall"].Health.Version, line.MaxText)
}

// FuzzDesk: whatever an edge with a good certificate sends is answered.
func FuzzDesk(f *testing.F) {
	f.Add(line.PathSync, []byte(`{"model":"m","form":2,"health":{"cameras":[{"id":"c"}]}}`))
	f.Add(line.PathLoan, []byte(`{"scene":"foyer","key":"AA=="}`))
	f.Add(line.PathJoin, []byte(`{"token":"x","csr":"y"}`))
	f.Add(line.PathCalls, []byte(`{"cameras":[{"id":"c","state":"connected"}],"views":["v"]}`))
	f.Add(line.PathAnswer, []byte(`{"status":201,"sdp":"v=0"}`))
	d := desk.New(desk.Config{Calls: calls.NewBoard(nil), Log: zerolog.Nop(), Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Member: openAnyMember(f)})
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://control"+line.PathSync, bytes.NewReader(body))
		require.NoError(t, err)
		req.URL.Path, req.RemoteAddr = path, "127.0.0.1:9"
		w := &answer{head: http.Header{}}
		d.ServeHTTP(w, req)
		require.GreaterOrEqual(t, w.code, 300, "nobody without a certificate or token is answered")
	})
}

type answer struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (a *answer) Header() http.Header { return a.head }
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func openAnyMember(f *testing.F) *pki.Member {
	f.Helper()
	ca, err := pki.Init(filepath.Join(f.TempDir(), "ca"), nil)
	require.NoError(f, err)
	id, err := pki.Parse("control/main")
	require.NoError(f, err)
	key, _, err := pki.NewRequest(id)
	require.NoError(f, err)
	leaf, _, err := ca.Issue(id, key.Public(), 0)
	require.NoError(f, err)
	dir := f.TempDir()
	require.NoError(f, pki.WriteIdentity(dir, key, leaf))
	m, err := pki.OpenMember(dir, ca.TrustPath(), nil)
	require.NoError(f, err)
	return m
}
