package app

import (
	"context"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/actor/tokens"
	"bystander/api/apitest"
	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/api/session"
	"bystander/internal/config"
)

const sentVideo = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=sendonly\r\n"

// showing is an edge that lets in whoever its control says, and shows them its
// cameras for as long as the control names them.
type showing struct {
	board   *calls.Board
	cameras []line.CameraState

	mu    sync.Mutex
	views map[string]bool
}

func (s *showing) run(ctx context.Context) {
	for {
		answer, err := s.board.Poll(ctx, "hall", line.CallsRequest{Cameras: s.cameras, Views: s.running()})
		if err != nil {
			return
		}
		s.mu.Lock()
		may := map[string]bool{}
		for _, v := range answer.Views {
			may[v.ID] = true
		}
		maps.DeleteFunc(s.views, func(id string, _ bool) bool { return !may[id] })
		for _, c := range answer.Calls {
			if s.board.Answer("hall", line.AnswerRequest{Call: c.ID, Status: http.StatusCreated, SDP: sentVideo}) == nil {
				s.views[c.ID] = true
			}
		}
		s.mu.Unlock()
	}
}

func (s *showing) running() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.views))
}

// busyOnce refuses the first request to end a view.
type busyOnce struct {
	http.Handler
	once sync.Once
}

func (b *busyOnce) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refused := false
	if r.Method == http.MethodDelete {
		b.once.Do(func() { refused = true })
	}
	if refused {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.Handler.ServeHTTP(w, r)
}

// tokenHouse is a control's front door for programs, and one edge.
type tokenHouse struct {
	t      *testing.T
	url    string
	path   string // of the store
	tokens *tokens.Store
	edge   *showing

	mu  sync.Mutex
	now time.Time
}

func (h *tokenHouse) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *tokenHouse) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func openTokenHouse(t *testing.T) *tokenHouse {
	t.Helper()
	h := &tokenHouse{t: t, now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	cfg := config.Default()
	cfg.Data, cfg.Keys = t.TempDir(), filepath.Join(t.TempDir(), "keys")
	users, err := openUsers(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, users.Close()) })
	h.path = filepath.Join(cfg.Data, "tokens.db")
	h.tokens, err = tokens.Open(t.Context(), h.path, tokens.Options{Now: h.clock})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.tokens.Close()) })
	h.edge = &showing{board: calls.NewBoard(nil), cameras: []line.CameraState{{ID: "stage", State: "connected", Mask: "masked"}}, views: map[string]bool{}}
	door := &busyOnce{Handler: whepAt(func(string) bool { return false }, h.edge.board.Has, nil, calls.NewDoor(h.edge.board, whepPath, zerolog.Nop()))}
	a, err := api.New(api.Config{
		Version: "test", Log: zerolog.Nop(), WHEP: door, Authenticate: h.tokens.Authenticate,
		Sessions: doors{session.New(session.Config{Store: users, Log: zerolog.Nop(), Required: true}), h.tokens, zerolog.Nop()},
	}, apitest.NewFake().Backend())
	require.NoError(t, err)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.url = "http://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.edge.run(ctx) })
	wg.Go(func() { require.NoError(t, a.Serve(ctx, ln)) }) //nolint:testifylint // the last that is done
	t.Cleanup(func() { stop(); wg.Wait() })
	return h
}

// watches opens a view with a new token and returns it and the token.
func (h *tokenHouse) watches(id string, term time.Duration) (view, token string) {
	h.t.Helper()
	token, err := h.tokens.Add(h.t.Context(), tokens.Account{ID: id, Roles: []actor.Role{actor.Operator}}, term)
	require.NoError(h.t, err)
	status, at := h.do(http.MethodPost, "/whep/stage", token)
	require.Equal(h.t, http.StatusCreated, status)
	return strings.TrimPrefix(at, "/whep/stage/"), token
}

func (h *tokenHouse) do(method, path, token string) (status int, at string) {
	h.t.Helper()
	media := "application/sdp"
	if method == http.MethodPatch {
		media = "application/trickle-ice-sdpfrag"
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader("v=0"))
	require.NoError(h.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", media)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr, Timeout: 60 * time.Second}).Do(req)
	require.NoError(h.t, err)
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location")
}

// shows waits until the edge shows these views, and no others.
func (h *tokenHouse) shows(why string, views ...string) {
	h.t.Helper()
	slices.Sort(views)
	require.Eventually(h.t, func() bool { return slices.Equal(views, h.edge.running()) }, 60*time.Second, 20*time.Millisecond, why)
}

// A program's live view ends with its token: when another process revokes it, and
// when it expires. Others go on, and so does what else the same account watches by a
// later token.
// proves: B-63
func TestLiveViewsEndWithTheirToken(t *testing.T) {
	h := openTokenHouse(t)
	require.Eventually(t, func() bool { return len(h.edge.board.Cameras()) == 1 }, 60*time.Second, 10*time.Millisecond)
	long, longToken := h.watches("long", 24*time.Hour)
	short, shortToken := h.watches("short", time.Hour)
	gone, goneToken := h.watches("gone", 24*time.Hour)
	h.shows("all three", long, short, gone)

	other, err := tokens.Open(t.Context(), h.path, tokens.Options{Now: h.clock})
	require.NoError(t, err)
	require.NoError(t, other.Noting("ann").Revoke(t.Context(), "gone"), "as bystander token revoke does")
	require.NoError(t, other.Close())
	again, _ := h.watches("gone", 24*time.Hour)
	h.shows("its view is over, though the first request to end it was refused", long, short, again)
	status, _ := h.do(http.MethodPost, "/whep/stage", goneToken)
	require.Equal(t, http.StatusUnauthorized, status)

	h.pass(time.Hour - time.Millisecond)
	status, _ = h.do(http.MethodPatch, "/whep/stage/"+short, shortToken)
	require.Equal(t, http.StatusNoContent, status, "a moment before it ends")
	h.pass(time.Millisecond)
	h.shows("expired", long, again)
	status, _ = h.do(http.MethodPatch, "/whep/stage/"+long, longToken)
	require.Equal(t, http.StatusNoContent, status)

	require.NoError(t, h.tokens.DB().Close(), "the store is gone")
	h.shows("nobody vouches for anybody")
}
