// Package desk is the control's side of the line to its edges: a listener of its
// own, over mutual TLS, where edges join, renew their certificates, tell how they
// fare and are lent the templates of their own scenes.
package desk

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/peer/book"
	"bystander/api/peer/line"
	"bystander/internal/pki"
)

// Loans is where templates come from. Offer and Lend fail with a *line.Refusal
// where the edge is to be told why.
type Loans interface {
	// Within says which of the scenes have one of the cameras; none when that
	// cannot be told.
	Within(scenes []string, may func(camera string) bool) []string
	// Offer says which of the scenes may be lent now, for a model (digest in hex)
	// and a form of templates.
	Offer(ctx context.Context, scenes []string, model string, form int) ([]line.Scene, error)
	// Lend writes that down and then hands the templates of one scene over,
	// record by record. begin is called once, before the first.
	Lend(ctx context.Context, edge string, r line.LoanRequest, begin func() error, put func(record []byte) error) error
}

// Authority issues certificates; *pki.CA is one.
type Authority interface {
	Issue(id pki.Identity, pub crypto.PublicKey, term time.Duration) (leaf, issuer *x509.Certificate, err error)
}

// Book keeps edges and tokens; *book.Store is one.
type Book interface {
	Redeem(ctx context.Context, token string) (e book.Edge, invitedBy string, err error)
	Edge(ctx context.Context, id string) (book.Edge, error)
}

// Config is what the desk works with. Nothing may be left out but Now, and Calls
// where edges are asked for nothing.
type Config struct {
	Member   *pki.Member
	CA       Authority
	Book     Book
	Loans    Loans
	Calls    Calls
	Networks []netip.Prefix // where edges may be
	Term     time.Duration  // of a loan
	// Policy returns the key (PEM) that leases are signed with, and the site's id,
	// empty while there is none.
	Policy func() (key []byte, site string)
	// Told puts on the log that a machine got a certificate.
	Told func(Change)
	Log  zerolog.Logger
	Now  func() time.Time
}

// Change is what the log is told of an edge.
type Change struct {
	Edge   string
	Action string // edge_joined, edge_renewed
	By     string // who invited it
	Way    string // how it showed who it is
}

// Desk answers edges.
type Desk struct {
	cfg   Config
	limit *limiter
	mux   *http.ServeMux

	mu     sync.Mutex
	health map[string]Seen
	beyond map[string]*beyond
}

// Seen is what an edge said last.
type Seen struct {
	At     time.Time
	Health line.Health
	// Beyond are cameras that it said lately to have, and that it may not serve.
	Beyond []string
}

// New returns a desk.
func New(cfg Config) *Desk {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Desk{cfg: cfg, limit: newLimiter(cfg.Now), mux: http.NewServeMux(), health: map[string]Seen{}, beyond: map[string]*beyond{}}
	d.mux.HandleFunc("POST "+line.PathJoin, d.join)
	d.mux.HandleFunc("POST "+line.PathRenew, d.renew)
	d.mux.HandleFunc("POST "+line.PathSync, d.sync)
	d.mux.HandleFunc("POST "+line.PathLoan, d.loan)
	if cfg.Calls != nil {
		d.mux.HandleFunc("POST "+line.PathCalls, d.calls)
		d.mux.HandleFunc("POST "+line.PathAnswer, d.reply)
	}
	return d
}

// Seen returns what each edge said last.
func (d *Desk) Seen() map[string]Seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]Seen, len(d.health))
	for id, s := range d.health {
		if b := d.beyond[id]; b != nil {
			s.Beyond = b.lately(d.cfg.Now())
		}
		out[id] = s
	}
	return out
}

func (d *Desk) note(edge string, h line.Health) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.health[edge] = Seen{At: d.cfg.Now(), Health: h}
}

// Limits of the listener: slow or large requests hold nobody else up.
const (
	headTime  = 5 * time.Second
	readTime  = 10 * time.Second
	writeTime = 2 * time.Minute
	idleTime  = time.Minute
	maxHead   = 8 << 10
)

// Serve answers on a listener until ctx ends; then it waits for what is under way.
// It closes the listener.
func (d *Desk) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler: d, TLSConfig: d.cfg.Member.ServerTLS(),
		ReadHeaderTimeout: headTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    quiet(d.cfg.Log),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeTLS(ln, "", "") }() // waited for below
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(closing)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// ServeHTTP implements http.Handler.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, "/peer/v1/") {
		d.refuse(w, r, &line.Refusal{Status: http.StatusNotFound, Code: line.CodeRequest, Text: "there is no such thing here; people find the pages at server.listen"})
		return
	}
	if !d.near(r) {
		d.refuse(w, r, &line.Refusal{
			Status: http.StatusConflict, Code: line.CodeOffSite,
			Text: "face data stay on the site's own networks, and this address is on none of them; an administrator names them under peers.networks",
		})
		return
	}
	d.mux.ServeHTTP(w, r)
}

// near reports whether the other end is on one of the site's networks (C-06).
func (d *Desk) near(r *http.Request) bool {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := ap.Addr().Unmap().WithZone("")
	for _, n := range d.cfg.Networks {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// caller is the edge at the other end, which must belong to this control still.
func (d *Desk) caller(r *http.Request) (pki.Identity, book.Edge, error) {
	id, err := d.cfg.Member.Caller(r.TLS, pki.Edge)
	switch {
	case errors.Is(err, pki.ErrRole):
		return id, book.Edge{}, &line.Refusal{Status: http.StatusForbidden, Code: line.CodeRole, Text: "this is for edges, each with its own certificate: " + err.Error()}
	case err != nil:
		return id, book.Edge{}, &line.Refusal{Status: http.StatusForbidden, Code: line.CodeRevoked, Text: err.Error()}
	}
	e, err := d.cfg.Book.Edge(r.Context(), id.Name)
	if errors.Is(err, book.ErrEdge) {
		return id, e, &line.Refusal{Status: http.StatusForbidden, Code: line.CodeRevoked, Text: "the edge " + id.Name + " does not belong to this control (any more); let it in again with: bystander edge invite --id " + id.Name}
	}
	return id, e, err
}
