package app

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/api/peer/box"
	"bystander/api/peer/line"
	"bystander/internal/config"
	"bystander/internal/pki"
)

// runEdge runs the cameras of one machine and nothing else: no desks, no
// accounts, no pages. What is lawful comes from the control, signed, over the
// bus, and templates over a line of their own; without them everybody is masked.
func runEdge(ctx context.Context, cfg config.Config, log zerolog.Logger) error {
	e, err := openEdge(ctx, cfg, log)
	if err != nil {
		return err
	}
	if len(e.fleet.all()) == 0 {
		log.Warn().Msg("there is no camera yet: add one under cameras: in the configuration")
	}
	err = e.serveEdge(ctx, func(addr string) { log.Info().Str("health", "http://"+addr+"/readyz").Msg("ready") })
	return errors.Join(err, e.close())
}

// openMember finds out who this process is. Its name among edges is its name on
// the log, too.
func (e *edge) openMember(context.Context) error {
	dir := e.cfg.Peers.Dir
	if !pki.HasIdentity(dir) {
		return fmt.Errorf("%w: peers.dir: %s holds no certificate; at the control run bystander edge invite, and here what that prints", ErrUsage, dir)
	}
	m, err := pki.OpenMember(dir, "", time.Now)
	if err != nil {
		return err
	}
	if id := m.ID(); id.Role != pki.Edge {
		return fmt.Errorf("%w: peers.dir: the certificate in %s is of %s, and this is an edge", ErrUsage, dir, id)
	}
	if err := m.Own(); err != nil {
		// Cameras go on, and cover everybody.
		e.log.Error().Err(err).Msg("nobody can be recognised")
	}
	e.member = m
	e.cfg.Events.Edge = m.ID().Name
	return nil
}

// openLoans opens the line to the control.
func (e *edge) openLoans(context.Context) error {
	key, err := box.NewKey()
	if err != nil {
		return err
	}
	l := &loans{
		line:   line.NewClient(e.cfg.Peers.Control, e.member.Dialer(pki.Control)),
		member: e.member, key: key, edge: e.member.ID().Name, shelf: e.law.shelf, leases: e.law,
		health: e.healthForControl, emit: e.ledger.emit, site: e.law.siteID, alarm: e.alarms.set,
		log: e.log.With().Str("component", "control").Logger(), have: map[string]string{},
	}
	if e.eyes.embedder != nil {
		l.model = e.eyes.embedder.Info().Digest
	}
	e.loans = l
	count := func(name, help string, read func() float64) {
		e.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	count("bystander_match_lent_templates", "Templates that the control has lent and that are in memory.", func() float64 { return float64(l.held()) })
	count("bystander_peer_certificate_ends_timestamp_seconds", "When this edge's certificate ends.", func() float64 { return unixOrZero(e.member.Leaf().NotAfter) })
	return nil
}

// healthForControl is what the control shows of this edge.
func (e *edge) healthForControl() line.Health {
	_, err := e.law.Current()
	h := line.Health{Version: Version, Started: e.started, Lease: err == nil, Loaned: e.loans.held()}
	for _, c := range e.fleet.all() {
		src, mask := c.src.Health(), c.stats.mask()
		state := string(src.State)
		if c.failed() != nil {
			state = "failed"
		}
		h.Cameras = append(h.Cameras, line.Camera{ID: c.cfg.ID, State: state, Code: src.ErrCode, Since: src.Since, Mask: mask.reason})
	}
	for name := range e.alarms.list() {
		h.Alarms = append(h.Alarms, name)
	}
	slices.Sort(h.Alarms)
	return h.Bounded()
}

// serveEdge runs the cameras until ctx ends, and answers how they fare.
func (e *edge) serveEdge(ctx context.Context, ready func(addr string)) error {
	if err := api.ListenCheck(e.cfg.Server.Listen, e.cfg.Server.AllowInsecureNetwork || e.cfg.Server.HTTPS); err != nil {
		return fmt.Errorf("%w: server.listen: %w", ErrUsage, err)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.cfg.Server.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("server.listen: %s is taken by another program; stop it, or set server.listen to another port", e.cfg.Server.Listen)
	}
	if err != nil {
		return fmt.Errorf("server.listen: %w", err)
	}
	srv := &http.Server{
		Handler: e.edgeMux(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ready(ln.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		<-ctx.Done()
		e.ledger.hurry()
		if err := srv.Close(); err != nil {
			e.log.Debug().Err(err).Msg("closing the listener")
		}
	})
	wg.Go(func() { e.run(ctx) })
	err = srv.Serve(ln)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// edgeMux answers to probes and Prometheus, as a writer does; nothing there is
// about a person.
func (e *edge) edgeMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { tellHealth(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { tellHealth(w, e.backend().Health.Health(r.Context())) })
	return mux
}

// tellHealth answers as the pages' server does: whether all is well, and what is
// not.
func tellHealth(w http.ResponseWriter, checks []api.Check) {
	type row struct {
		Name  string `json:"name"`
		OK    bool   `json:"ok"`
		Cause string `json:"cause,omitempty"`
	}
	body := struct {
		OK     bool  `json:"ok"`
		Checks []row `json:"checks"`
	}{true, []row{}}
	for _, c := range checks {
		body.OK = body.OK && c.OK
		body.Checks = append(body.Checks, row{c.Name, c.OK, c.Cause})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !body.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // who asked has gone
}

// JoinOptions say which control an edge joins.
type JoinOptions struct {
	Control     string // https://host:port
	Token       string
	Fingerprint string // of the authority's root
	Dir         string // where key and certificate are kept: peers.dir
	Stdout      io.Writer
}

// EdgeJoin makes this machine's key, trades a one-time token for a certificate,
// and writes both into a folder, with whom to believe.
func EdgeJoin(ctx context.Context, o JoinOptions) error {
	if !config.IsControl(o.Control) {
		return fmt.Errorf("%w: --control: %q should be the control's address, such as https://control.example:8443; the token went nowhere", ErrUsage, o.Control)
	}
	dial, err := pki.PinnedDialer(o.Fingerprint, time.Now)
	if err != nil {
		return fmt.Errorf("%w: --ca-fingerprint: %w", ErrUsage, err)
	}
	key, csr, err := pki.NewRequest(pki.Identity{Role: pki.Edge, Name: "joining"})
	if err != nil {
		return err
	}
	c := line.NewClient(o.Control, dial)
	defer c.Close()
	answer, err := c.Join(ctx, line.JoinRequest{Token: o.Token, CSR: string(csr)})
	if err != nil {
		return fmt.Errorf("edge join: %w", err)
	}
	leaf, err := pki.ParseCert([]byte(answer.Cert))
	if err != nil {
		return fmt.Errorf("edge join: %w", err)
	}
	trust, err := pki.ParseTrust([]byte(answer.Trust))
	if err != nil {
		return fmt.Errorf("edge join: %w", err)
	}
	id, err := trust.Check(leaf, pki.Edge, time.Now())
	if err != nil {
		return fmt.Errorf("edge join: what the control sent cannot be used: %w", err)
	}
	if id.Role != pki.Edge || !trust.Has(o.Fingerprint) {
		return fmt.Errorf("edge join: %w: the control sent something of another authority", pki.ErrTrust)
	}
	return keepJoined(o, id, leaf, key, answer)
}

// policyKeyFile holds the key that the control signs leases with.
const policyKeyFile = "policy.pub"

// keepJoined writes down what the control sent; the identity comes last, so that
// an edge which has one has the rest, too.
func keepJoined(o JoinOptions, id pki.Identity, leaf *x509.Certificate, key crypto.Signer, a line.JoinAnswer) error {
	if err := pki.WriteTrust(o.Dir, []byte(a.Trust)); err != nil {
		return err
	}
	path := filepath.Join(o.Dir, policyKeyFile)
	if err := os.WriteFile(path, []byte(a.PolicyKey), 0o644); err != nil { //nolint:gosec // a public key
		return fmt.Errorf("edge join: %w", err)
	}
	if _, err := readPublic(path); err != nil {
		return fmt.Errorf("edge join: what the control sent cannot be used: %w", err)
	}
	if err := pki.WriteIdentity(o.Dir, key, leaf); err != nil {
		return err
	}
	site := a.Site
	if site == "" {
		site = "SITE # the control has none yet; its page will show the id"
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("edge join: %w", err)
	}
	_, err = fmt.Fprintf(o.Stdout, `joined as %s; the certificate holds until %s and is renewed by itself

Put this into the edge's configuration, beside its cameras and events.kafka:

role: edge
peers:
  control: %s
  dir: %s
policy:
  from: bus
  site: %s
  key: %s
`, id, leaf.NotAfter.UTC().Format(time.RFC3339), o.Control, dir, site, filepath.Join(dir, policyKeyFile))
	return err
}
