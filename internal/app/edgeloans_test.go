package app

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/peer/book"
	"bystander/api/peer/box"
	"bystander/api/peer/desk"
	"bystander/api/peer/line"
	"bystander/internal/event"
	"bystander/internal/pki"
	"bystander/match"
	"bystander/policy"
)

// lendingTerm is the term of the test's loans: long enough for a busy machine to
// renew, short enough to wait for.
const lendingTerm = 6 * time.Second

// lending is a control that lends what the test puts on its shelves, and an edge
// that borrows.
type lending struct {
	t      *testing.T
	ca     *pki.CA
	stop   context.CancelFunc
	served chan error
	edge   *loans

	mu      sync.Mutex
	scenes  map[string][]match.StoredTemplate
	lease   error
	emitted []event.Event
}

const lendModel = "00ff"

func startLending(t *testing.T) *lending {
	t.Helper()
	s := &lending{t: t, scenes: map[string][]match.StoredTemplate{}, served: make(chan error, 1)}
	var err error
	s.ca, err = pki.Init(filepath.Join(t.TempDir(), "ca"), nil)
	require.NoError(t, err)
	b, err := book.Open(t.Context(), filepath.Join(t.TempDir(), "peers.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	token, _, err := b.Invite(t.Context(), "hall", book.May{Scenes: []string{"foyer", "stage"}}, 0)
	require.NoError(t, err)
	_, _, err = b.Redeem(t.Context(), token)
	require.NoError(t, err)
	d := desk.New(desk.Config{
		Member: s.member("control/main"), CA: s.ca, Book: b, Loans: s, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Term: lendingTerm, Policy: func() ([]byte, string) { return nil, "" }, Told: func(desk.Change) {}, Log: zerolog.Nop(),
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.served <- d.Serve(ctx, ln) }() // waited for by away
	t.Cleanup(s.away)
	s.borrow("https://" + ln.Addr().String())
	return s
}

func (s *lending) borrow(url string) {
	key, err := box.NewKey()
	require.NoError(s.t, err)
	m := s.member("edge/hall")
	shelf := match.NewShelf()
	s.edge = &loans{
		line: line.NewClient(url, m.Dialer(pki.Control)), member: m, key: key, edge: "hall", model: lendModel,
		shelf: shelf, leases: s, health: func() line.Health { return line.Health{} }, site: func() string { return "plaza" },
		emit:  func(e event.Event) { s.mu.Lock(); defer s.mu.Unlock(); s.emitted = append(s.emitted, e) },
		alarm: func(string, error, bool) {}, log: zerolog.Nop(), have: map[string]string{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.edge.run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		<-done
		require.Zero(s.t, s.edge.held(), "nothing outlives the program's end")
	})
}

func (s *lending) member(who string) *pki.Member {
	dir := s.t.TempDir()
	require.NoError(s.t, CAIssue(CAOptions{Dir: filepath.Dir(s.ca.TrustPath()), Stdout: new(discard)}, who, dir, time.Hour))
	m, err := pki.OpenMember(dir, s.ca.TrustPath(), nil)
	require.NoError(s.t, err)
	return m
}

type discard struct{}

func (*discard) Write(b []byte) (int, error) { return len(b), nil }

// away takes the control away.
func (s *lending) away() {
	if s.stop == nil {
		return
	}
	s.stop()
	require.NoError(s.t, <-s.served)
	s.stop = nil
}

// Within implements desk.Loans.
func (*lending) Within(scenes []string, _ func(string) bool) []string { return scenes }

// Offer implements desk.Loans.
func (s *lending) Offer(_ context.Context, scenes []string, model string, _ int) (out []line.Scene, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range scenes {
		if list, ok := s.scenes[id]; ok {
			out = append(out, line.Scene{ID: id, Version: match.Root(id, model, list).String(), Count: len(list)})
		}
	}
	return out, nil
}

// Lend implements desk.Loans.
func (s *lending) Lend(_ context.Context, _ string, r line.LoanRequest, begin func() error, put func([]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, ok := s.scenes[r.Scene]
	if !ok {
		return &line.Refusal{Status: http.StatusConflict, Code: line.CodeChanged, Text: "gone"}
	}
	if err := begin(); err != nil {
		return err
	}
	err := put(match.KeyRecord(nil, slices.Repeat([]byte{7}, match.SceneKeyBytes)))
	for _, t := range list {
		err = errors.Join(err, put(match.TemplateRecord(nil, t)))
	}
	return err
}

// Current implements match.Leases.
func (s *lending) Current() (policy.Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != nil {
		return policy.Held{}, s.lease
	}
	return policy.Held{Snapshot: &policy.Snapshot{}}, nil
}

// set says whose templates a scene has; nobody named takes the scene away.
func (s *lending) set(scene string, people ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.scenes, scene)
	for i, who := range people {
		blob := make([]byte, match.TemplateBytes)
		bits := math.Float32bits(1)
		for k := range 4 {
			blob[4*i+k] = byte(bits >> (8 * k))
		}
		s.scenes[scene] = append(s.scenes[scene], match.StoredTemplate{
			Enrollee: who, Ref: event.Digest{byte(i + 1)}, Blob: blob, SubjectKey: make([]byte, match.SubjectKeyBytes),
		})
	}
}

func (s *lending) leased(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = err
}

// comes waits until so many templates are held.
func (s *lending) comes(n int, why string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.edge.held() == n }, 60*time.Second, 10*time.Millisecond, why)
}

// rules are the reasons for which templates were wiped so far.
func (s *lending) rules() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.emitted {
		require.Equal(s.t, event.KindDisposal, e.Kind)
		out = append(out, e.SceneID+" "+e.Detail["rule"])
	}
	return out
}

// proves: INV-3, INV-4
func TestLoansEnd(t *testing.T) {
	s := startLending(t)
	s.set("foyer", "ann", "bob")
	s.set("stage", "eve")
	s.set("vault", "zoe") // not this edge's
	s.comes(3, "what is its own comes")
	s.set("foyer", "ann")
	s.comes(2, "bob has withdrawn")
	require.True(t, s.edge.shelf.Has("foyer", lendModel, "ann"))
	require.False(t, s.edge.shelf.Has("foyer", lendModel, "bob"))
	s.set("stage")
	s.comes(1, "the stage compares nobody any more")
	require.Contains(t, s.rules(), "stage withdrawn")

	s.leased(policy.ErrExpired)
	s.comes(0, "the policy lease has ended")
	require.Contains(t, s.rules(), "foyer loan_ended")
	s.leased(nil)
	s.comes(1, "and came back")
	require.NoError(t, s.edge.trouble())

	begun := time.Now()
	s.away()
	s.comes(0, "the control is away for as long as a loan holds")
	require.Less(t, time.Since(begun), lendingTerm+5*time.Second)
	require.ErrorIs(t, s.edge.trouble(), errNoLoan)
}

func TestARevokedEdgeLosesItsTemplatesAtOnce(t *testing.T) {
	s := startLending(t)
	s.set("foyer", "ann")
	s.comes(1, "it comes")
	_, err := s.ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	s.comes(0, "and goes")
	require.Len(t, s.rules(), 1)
}

func TestACertificateIsRenewed(t *testing.T) {
	s := startLending(t)
	was := s.edge.member.Leaf()
	require.NoError(t, s.edge.renew(t.Context()))
	now := s.edge.member.Leaf()
	require.False(t, now.Equal(was))
	require.Equal(t, "edge/hall", s.edge.member.ID().String())
	require.NotEqual(t, was.PublicKey, now.PublicKey, "with a new key")
	s.set("foyer", "ann")
	s.comes(1, "the line goes on")
}

func TestRoleOfAnEdge(t *testing.T) {
	healthy := desk.Seen{At: time.Now(), Health: line.Health{Lease: true, Cameras: []line.Camera{
		{ID: "c1", State: "connected"}, {ID: "c2", State: "retrying", Code: "unreachable"}, {ID: "c3", State: "paused"},
	}}}
	hall := book.Edge{ID: "hall", May: book.May{Cameras: book.Cameras{"c1", "c2"}}}
	checks := checksOf(hall, healthy, nil, time.Now())
	require.Len(t, checks, 4)
	require.True(t, checks[0].OK)
	require.True(t, checks[1].OK)
	require.Equal(t, "camera:hall/c2", checks[2].Name)
	require.Equal(t, "retrying: unreachable", checks[2].Cause)
	require.True(t, checks[3].OK)
	silent := checksOf(hall, healthy, nil, time.Now().Add(time.Minute))
	require.Len(t, silent, 1)
	require.Contains(t, silent[0].Cause, "not heard of since")
	bad := checksOf(hall, desk.Seen{At: time.Now(), Health: line.Health{Alarms: []string{"kafka"}}}, nil, time.Now())
	require.Equal(t, "it has no fresh policy lease and covers everybody; alarms: kafka", bad[0].Cause)
	require.False(t, checksOf(hall, desk.Seen{}, nil, time.Now())[0].OK)
	healthy.Beyond = []string{"gate", "b\nad", "3", "4", "5", "6", "7", "8", "9", "10"}
	others := checksOf(hall, healthy, []string{"yard"}, time.Now())
	require.False(t, others[0].OK)
	require.Equal(t, "it says that it has cameras that it may not serve, and that are not shown (gate, b ad, 3, 4, 5, 6, 7, 8, and 2 more); "+
		"it may serve c1, c2: bystander edge cameras hall; "+
		"it is lent nothing for scenes in which none of its cameras is (yard): bystander edge scenes hall, or edge cameras", others[0].Cause)
}
