package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/api/peer/book"
	"bystander/api/peer/calls"
	"bystander/api/peer/desk"
	"bystander/ingest"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/pki"
	"bystander/internal/sqldb"
)

// peers is the control's side of the line to its edges; nil where none come.
type peers struct {
	ca     *pki.CA
	member *pki.Member
	book   *book.Store
	desk   *desk.Desk
	lender *lender
	board  *calls.Board
	listen string
	alarms *alarms
	log    zerolog.Logger
}

func bookPath(cfg config.Config) string { return controlPlace(cfg, storePeers) }

// openPeers opens the line where edges come.
func (e *edge) openPeers(ctx context.Context) error {
	if e.cfg.Peers.Listen == "" {
		return nil
	}
	networks, err := e.cfg.Peers.Prefixes()
	if err != nil {
		return fmt.Errorf("%w: peers.networks: %w", ErrUsage, err)
	}
	ca, err := pki.Open(e.cfg.Peers.CA, time.Now)
	if err != nil {
		return fmt.Errorf("%w: peers.ca: %w", ErrUsage, err)
	}
	member, err := controlMember(e.cfg, ca)
	if err != nil {
		return err
	}
	store, err := book.Open(ctx, bookPath(e.cfg), time.Now)
	if err != nil {
		return err
	}
	e.closing(store.Close)
	log := e.log.With().Str("component", "peers").Logger()
	p := &peers{ca: ca, member: member, book: store, lender: newLender(e), board: calls.NewBoard(time.Now), listen: e.cfg.Peers.Listen, alarms: &e.alarms, log: log}
	p.desk = desk.New(desk.Config{
		Member: member, CA: ca, Book: store, Loans: p.lender, Calls: p.board, Networks: networks, Term: loanTerm,
		Policy: e.policyForEdges, Told: e.tellOfEdge, Log: log,
	})
	e.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "bystander_peer_views", Help: "Live views of edges' cameras that are open or being opened.",
	}, func() float64 { return float64(p.board.Views()) }))
	e.peers = p
	return nil
}

// policyForEdges is what an edge needs to check leases.
func (e *edge) policyForEdges() (key []byte, site string) {
	der, err := x509.MarshalPKIXPublicKey(e.law.key.Public())
	if err != nil {
		e.log.Error().Err(err).Msg("the policy key cannot be written")
		return nil, ""
	}
	if s := e.law.site(); s != nil {
		site = s.Site
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), site
}

// tellOfEdge puts on the log that a machine got a certificate.
func (e *edge) tellOfEdge(c desk.Change) {
	e.ledger.emit(event.Event{
		TS: time.Now().UTC().Truncate(time.Millisecond), Kind: event.KindAccountChange, SiteID: e.law.siteID(), ReviewerRef: event.ActorRef(c.By),
		Detail: map[string]string{
			"account": event.ActorRef(book.Account(c.Edge)).String(), "edge": c.Edge, "action": c.Action, "roles": string(pki.Edge), "way": c.Way,
		},
	})
}

// controlMember is this control among its peers. It issues its own certificate,
// with the authority that it holds.
func controlMember(cfg config.Config, ca *pki.CA) (*pki.Member, error) {
	dir := cfg.Peers.Dir
	if !pki.HasIdentity(dir) {
		if err := issueOwn(ca, dir, controlName(cfg)); err != nil {
			return nil, err
		}
	}
	m, err := pki.OpenMember(dir, ca.TrustPath(), time.Now)
	if err != nil {
		return nil, err
	}
	if id := m.ID(); id.Role != pki.Control {
		return nil, fmt.Errorf("%w: peers.dir: the certificate in %s is of %s, and this is a control", ErrUsage, dir, id)
	}
	return m, renewOwn(ca, m, dir)
}

// renewOwn renews the control's certificate in time, and one that is over or of
// an earlier authority.
func renewOwn(ca *pki.CA, m *pki.Member, dir string) error {
	err := m.Own()
	switch {
	case errors.Is(err, pki.ErrRevoked):
		return fmt.Errorf("%w; whoever revoked it may remove %s, and the control then makes a new one", err, filepath.Join(dir, pki.IdentityFile))
	case err == nil && !m.Due():
		return nil
	}
	key, _, err := pki.NewRequest(m.ID())
	if err != nil {
		return err
	}
	leaf, _, err := ca.Issue(m.ID(), key.Public(), 0)
	if err != nil {
		return err
	}
	return m.Replace(key, leaf)
}

func issueOwn(ca *pki.CA, dir, name string) error {
	id, err := pki.New(pki.Control, name)
	if err != nil {
		return err
	}
	key, _, err := pki.NewRequest(id)
	if err != nil {
		return err
	}
	leaf, _, err := ca.Issue(id, key.Public(), 0)
	if err != nil {
		return err
	}
	return pki.WriteIdentity(dir, key, leaf)
}

// controlName makes a name out of the control's name on the log.
func controlName(cfg config.Config) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(cfg.Events.Edge))
	name = strings.TrimLeft(name, "._-")
	if name == "" {
		name = "control"
	}
	return name[:min(len(name), 63)]
}

// bind listens for edges.
func (p *peers) bind(ctx context.Context) (net.Listener, error) {
	if p == nil {
		return nil, nil
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("peers.listen: %s is taken by another program; stop it, or set peers.listen to another port", p.listen)
	}
	if err != nil {
		return nil, fmt.Errorf("peers.listen: %w", err)
	}
	return ln, nil
}

// upkeepEvery is how often the control's own certificate and the authority's
// roots are looked after.
const upkeepEvery = time.Minute

// run answers edges until ctx ends.
func (p *peers) run(ctx context.Context, ln net.Listener) {
	if p == nil {
		return
	}
	p.log.Info().Stringer("address", ln.Addr()).Msg("edges are answered")
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.desk.Serve(ctx, ln); err != nil {
			p.alarms.set("peers", err, false)
		}
	})
	wg.Go(func() { p.upkeep(ctx) })
	wg.Go(func() { p.keepEdges(ctx) })
	wg.Wait()
}

func (p *peers) upkeep(ctx context.Context) {
	t := time.NewTicker(upkeepEvery)
	defer t.Stop()
	for {
		err := errors.Join(renewOwn(p.ca, p.member, p.dir()), p.ca.Refresh(), p.member.Spoilt())
		p.alarms.set("certificate", err, err == nil)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (p *peers) dir() string { return p.member.Dir() }

// notes are the databases in which the command line leaves word for the log.
func (p *peers) notes() []*sqldb.DB {
	if p == nil {
		return nil
	}
	return []*sqldb.DB{p.book.DB()}
}

// silentAfter is after how long an edge that says nothing is told of.
const silentAfter = 15 * time.Second

// checks are how the edges fare, for the control's health page.
func (p *peers) checks(ctx context.Context) []api.Check {
	if p == nil {
		return nil
	}
	list, err := p.book.List(ctx)
	if err != nil {
		return []api.Check{{Name: "edges", Cause: err.Error()}}
	}
	seen := p.desk.Seen()
	var out []api.Check
	for _, e := range list {
		if e.Joined.IsZero() || !e.Ended.IsZero() {
			continue
		}
		out = append(out, checksOf(e, seen[e.ID], p.lender.elsewhere(e), time.Now())...)
	}
	return append(out, p.twice()...)
}

// checksOf is how one edge fares; elsewhere are scenes of it that have none of its
// cameras.
func checksOf(e book.Edge, s desk.Seen, elsewhere []string, now time.Time) []api.Check {
	id := e.ID
	whole := api.Check{Name: "edge:" + id, OK: true}
	fail := func(why string) {
		whole.OK = false
		whole.Cause = strings.TrimPrefix(whole.Cause+"; "+why, "; ")
	}
	switch {
	case s.At.IsZero():
		fail("not heard of since this control started")
		return []api.Check{whole}
	case now.Sub(s.At) > silentAfter:
		fail("not heard of since " + s.At.UTC().Format(time.RFC3339) + "; it covers everybody until it is back")
		return []api.Check{whole}
	}
	if !s.Health.Lease {
		fail("it has no fresh policy lease and covers everybody")
	}
	if len(s.Beyond) > 0 {
		fail("it says that it has cameras that it may not serve, and that are not shown (" + fewOf(s.Beyond) + "); it may serve " + e.Cameras.String() + ": bystander edge cameras " + id)
	}
	if len(elsewhere) > 0 {
		fail("it is lent nothing for scenes in which none of its cameras is (" + fewOf(elsewhere) + "): bystander edge scenes " + id + ", or edge cameras")
	}
	if len(s.Health.Alarms) > 0 {
		fail("alarms: " + strings.Join(s.Health.Alarms, ", "))
	}
	out := []api.Check{whole}
	good := []string{string(ingest.StateConnected), string(statePaused)}
	for _, c := range s.Health.Cameras {
		k := api.Check{Name: "camera:" + id + "/" + c.ID, OK: slices.Contains(good, c.State)}
		if !k.OK {
			k.Cause = strings.TrimSuffix(c.State+": "+c.Code, ": ")
		}
		out = append(out, k)
	}
	return out
}

// fewOf lists the first of what may be many, some of it as an edge says it.
func fewOf(list []string) string {
	const few = 8
	out := make([]string, 0, few+1)
	for _, s := range list[:min(len(list), few)] {
		out = append(out, oneLine(s))
	}
	if n := len(list) - few; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, ", ")
}

// authority opens the authority that a command names, or the configuration's.
func authority(dir string, cfg config.Config) (*pki.CA, error) {
	if dir == "" {
		dir = cfg.Peers.CA
	}
	if dir == "" {
		return nil, fmt.Errorf("%w: name the authority's folder with --dir, or peers.ca in the configuration", ErrUsage)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%w: %w: %s; make one with: bystander ca init --dir %s", ErrUsage, pki.ErrNoCA, dir, dir)
	}
	return pki.Open(dir, time.Now)
}
