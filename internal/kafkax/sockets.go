package kafkax

import (
	"context"
	"net"
	"sync"
	"time"
)

// sockets are the client's open connections. The library leaves a request that
// was given up to its deadline; closing the sockets ends it at once.
type sockets struct {
	dialer net.Dialer

	mu     sync.Mutex
	open   map[*socket]struct{}
	closed bool
}

func newSockets() *sockets {
	return &sockets{
		dialer: net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second},
		open:   map[*socket]struct{}{},
	}
}

type socket struct {
	net.Conn
	of   *sockets
	once sync.Once
}

func (s *sockets) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := s.dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	k := &socket{Conn: conn, of: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	s.open[k] = struct{}{}
	return k, nil
}

// Close closes the connection and forgets it.
func (k *socket) Close() error {
	k.once.Do(func() {
		k.of.mu.Lock()
		defer k.of.mu.Unlock()
		delete(k.of.open, k)
	})
	return k.Conn.Close()
}

// closeAll closes what is open and lets nothing new be opened.
func (s *sockets) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for k := range s.open {
		_ = k.Conn.Close()
	}
	clear(s.open)
}
