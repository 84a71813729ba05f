package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/peer/line"
	"bystander/internal/pki"
)

const (
	// searchSoon and searchLater are how often controls are looked for: soon for
	// a while after the start, or after one was lost.
	searchSoon, searchLater = 2 * time.Second, 30 * time.Second
	searches                = 15
	// dialTime bounds one attempt, and dialTries how many are made for one of
	// several controls behind an address that answers for any of them.
	dialTime  = 3 * time.Second
	dialTries = 8
	// maxReplicas bounds the controls that are asked, and the addresses tried.
	maxReplicas = 8
)

// errReplica reports that the address answered for other controls alone.
var errReplica = errors.New("another control answers at the address")

// replicas finds the controls behind one address, by their certificates. Each
// lets in viewers of its own, and knows of no others'; so each is asked for itself
// what there is to do.
type replicas struct {
	host, port string
	lookup     func(ctx context.Context, host string) ([]string, error)
	dial       func(ctx context.Context, addr string) (conn net.Conn, name string, err error)
	// ask asks one of them, over connections that to makes, until it has been
	// lost, or ctx ends.
	ask func(ctx context.Context, name string, to line.Dial)
	log zerolog.Logger

	lost chan struct{} // has room for one

	mu    sync.Mutex
	known map[string]bool
	turn  int // which address is next
}

// runCalls does what controls ask of this edge, until ctx ends.
func (e *edge) runCalls(ctx context.Context) {
	u, err := url.Parse(e.cfg.Peers.Control)
	if err != nil { // the configuration was checked
		e.log.Error().Err(err).Msg("peers.control")
		return
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	dial := e.member.Dialer(pki.Control)
	r := &replicas{
		host: u.Hostname(), port: port, lookup: net.DefaultResolver.LookupHost,
		dial: func(ctx context.Context, addr string) (net.Conn, string, error) { return dialNamed(ctx, dial, addr) },
		ask:  e.askControl, log: e.log.With().Str("component", "calls").Logger(),
		lost: make(chan struct{}, 1), known: map[string]bool{},
	}
	r.run(ctx)
}

// dialNamed connects and tells who is at the other end.
func dialNamed(ctx context.Context, dial line.Dial, addr string) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, "", err
	}
	s, ok := c.(*tls.Conn)
	if !ok {
		return nil, "", errors.Join(pki.ErrIdentity, c.Close())
	}
	id, err := pki.Of(s.ConnectionState().PeerCertificates[0])
	if err != nil {
		return nil, "", errors.Join(err, c.Close())
	}
	return c, id.Name, nil
}

// askControl asks one control, which gets views of its own.
func (e *edge) askControl(ctx context.Context, name string, to line.Dial) {
	c := line.NewClient(e.cfg.Peers.Control, to)
	defer c.Close()
	e.newCallee(c, name).run(ctx)
}

// run looks for controls until ctx ends, and waits for those that are asked.
func (r *replicas) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for n := 0; ; n++ {
		for _, name := range r.look(ctx) {
			if !r.take(name) {
				continue
			}
			wg.Go(func() {
				r.ask(ctx, name, r.to(name))
				r.drop(name)
			})
		}
		wait := searchSoon
		if n >= searches {
			wait = searchLater
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-r.lost:
			t.Stop()
			n = 0
		case <-t.C:
		}
	}
}

// addresses are those behind the name, a different one first each time.
func (r *replicas) addresses(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	ips, err := r.lookup(ctx, r.host)
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	ips = ips[:min(len(ips), maxReplicas)]
	r.mu.Lock()
	first := r.turn
	r.turn++
	r.mu.Unlock()
	out := make([]string, 0, len(ips))
	for i := range ips {
		out = append(out, net.JoinHostPort(ips[(first+i)%len(ips)], r.port))
	}
	return out, nil
}

// look returns who answers now, at each address once.
func (r *replicas) look(ctx context.Context) (names []string) {
	addrs, err := r.addresses(ctx)
	for _, a := range addrs {
		c, name, e := r.dial(ctx, a)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		_ = c.Close() // nothing was sent
		names = append(names, name)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Debug().Err(err).Msg("not every address of peers.control answers")
	}
	return names
}

func (r *replicas) take(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[name] || len(r.known) >= maxReplicas {
		return false
	}
	r.known[name] = true
	return true
}

func (r *replicas) drop(name string) {
	r.mu.Lock()
	delete(r.known, name)
	r.mu.Unlock()
	select {
	case r.lost <- struct{}{}:
	default: // the search begins anew already
	}
}

// to connects to one control, whichever the address answers for at first.
func (r *replicas) to(want string) line.Dial {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var last error
		for tries := 0; tries < dialTries && ctx.Err() == nil; {
			addrs, err := r.addresses(ctx)
			if err != nil {
				return nil, err
			}
			for _, a := range addrs {
				tries++
				c, name, err := r.dial(ctx, a)
				switch {
				case err != nil:
					last = err
				case name == want:
					return c, nil
				default:
					last = errors.Join(errReplica, c.Close())
				}
			}
			if len(addrs) == 0 {
				break
			}
		}
		return nil, errors.Join(last, ctx.Err())
	}
}
