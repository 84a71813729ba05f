package apart

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// relay carries connections from a listener to wherever dial leads. It ends with
// the test.
type relay struct {
	ln   net.Listener
	dial func(ctx context.Context) (net.Conn, error)
	wg   sync.WaitGroup

	mu    sync.Mutex
	over  bool
	conns map[net.Conn]bool
}

func newRelay(t *testing.T, ln net.Listener, dial func(ctx context.Context) (net.Conn, error)) *relay {
	t.Helper()
	r := &relay{ln: ln, dial: dial, conns: map[net.Conn]bool{}}
	r.wg.Go(r.accept) // waited for by close
	t.Cleanup(func() { require.NoError(t, r.close()) })
	return r
}

func (r *relay) accept() {
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return // closed
		}
		r.wg.Go(func() { r.carry(c) })
	}
}

func (r *relay) carry(in net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := r.dial(ctx)
	if err != nil {
		_ = in.Close()
		return
	}
	if !r.keep(in, out) {
		return
	}
	defer r.drop(in, out)
	var wg sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		wg.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // its end is told on, whatever it is
			if t, ok := way[0].(*net.TCPConn); ok {
				_ = t.CloseWrite()
			}
		})
	}
	wg.Wait()
}

func (r *relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.over {
			_ = c.Close()
			continue
		}
		r.conns[c] = true
	}
	return !r.over
}

func (r *relay) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
		_ = c.Close()
	}
}

func (r *relay) close() error {
	err := r.ln.Close()
	r.mu.Lock()
	r.over = true
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serveAs lets the others reach, at the machine's address, what listens on its
// loopback interface alone.
func (m *machine) serveAs(t *testing.T, port, loopback string) {
	t.Helper()
	ln := m.listen(t, net.JoinHostPort(m.addr, port))
	newRelay(t, ln, func(ctx context.Context) (net.Conn, error) { return m.dial(ctx, "tcp", loopback) })
}

// here is an address at which the test itself reaches what listens on the machine.
func (m *machine) here(t *testing.T, addr string) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	newRelay(t, ln, func(ctx context.Context) (net.Conn, error) { return m.dial(ctx, "tcp", addr) })
	return ln.Addr().String()
}

func (m *machine) listen(t *testing.T, addr string) (ln net.Listener) {
	t.Helper()
	var err error
	m.net.in(m.ns, func() { ln, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr) })
	require.NoError(t, err)
	return ln
}
