package faulttest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// link is the state of the way through a proxy.
type link int

const (
	open    link = iota
	cut          // connections are reset, new ones refused
	stalled      // connections stay and carry nothing
)

// proxy is a TCP proxy on loopback whose way can be cut and stalled.
type proxy struct {
	l    net.Listener
	done sync.WaitGroup

	mu     sync.Mutex
	target string
	state  link
	change chan struct{} // closed and replaced when state changes
	conns  map[net.Conn]struct{}
	closed bool
}

func newProxy(t testing.TB) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, conns: map[net.Conn]struct{}{}, change: make(chan struct{})}
	p.done.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

// aim says where connections go to.
func (p *proxy) aim(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// set changes the way for connections that there are and that come.
func (p *proxy) set(s link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	close(p.change)
	p.change = make(chan struct{})
	if s == cut {
		p.dropAll()
	}
}

// dropAll resets all connections. p.mu is held.
func (p *proxy) dropAll() {
	for c := range p.conns {
		if tc, ok := c.(*net.TCPConn); ok {
			_ = tc.SetLinger(0)
		}
		_ = c.Close()
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	close(p.change)
	p.change = make(chan struct{})
	p.dropAll()
	p.mu.Unlock()
	_ = p.l.Close()
	p.done.Wait()
}

func (p *proxy) accept() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.carry(in) })
	}
}

// carry connects in with the target until one side ends.
func (p *proxy) carry(in net.Conn) {
	if !p.keep(in) {
		return
	}
	defer p.drop(in)
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	out, err := net.Dial("tcp", target)
	if err != nil || !p.keep(out) {
		return
	}
	defer p.drop(out)
	var ways sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		ways.Go(func() {
			p.copy(way[1], way[0])
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	ways.Wait()
}

func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.state == cut {
		if tc, ok := c.(*net.TCPConn); ok {
			_ = tc.SetLinger(0)
		}
		_ = c.Close()
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *proxy) copy(dst io.Writer, src io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 && !p.pass() {
			return
		}
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits while the way is stalled; false means that it is no more.
func (p *proxy) pass() bool {
	for {
		p.mu.Lock()
		state, change, closed := p.state, p.change, p.closed
		p.mu.Unlock()
		switch {
		case closed || state == cut:
			return false
		case state == open:
			return true
		}
		<-change
	}
}
