package frame

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// ErrExhausted reports that a pool's whole budget is in use.
var ErrExhausted = errors.New("frame: pool exhausted")

// ErrClosed reports the use of a closed pool.
var ErrClosed = errors.New("frame: pool closed")

// memory is one anonymous mapping: outside the Go heap, so that a heap dump
// holds no pixel, and excluded from core dumps.
type memory struct{ b []byte }

func mapMemory(n int) (*memory, error) {
	page := unix.Getpagesize()
	b, err := unix.Mmap(-1, 0, (n+page-1)/page*page,
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("frame: map %d bytes: %w", n, err)
	}
	if err := unix.Madvise(b, unix.MADV_DONTDUMP); err != nil {
		_ = unix.Munmap(b)
		return nil, fmt.Errorf("frame: keep pixels out of core dumps: %w", err)
	}
	return &memory{b}, nil
}

func (m *memory) unmap() { _ = unix.Munmap(m.b) }

// Pool lends picture memory up to a fixed budget. One pool serves one camera,
// so that no camera can starve another. It is safe for concurrent use.
type Pool struct {
	mu     sync.Mutex
	budget int
	lent   int
	size   Size
	free   []*Raw
	closed bool
}

// NewPool returns a pool that lends at most n pictures at a time.
func NewPool(n int) *Pool {
	return &Pool{budget: n, free: make([]*Raw, 0, n)}
}

// Get lends a picture of the given size with unspecified content. It never
// blocks: it fails with ErrExhausted when the budget is lent out, and with
// ErrSize, ErrClosed or the system's error.
func (p *Pool) Get(s Size) (*Raw, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if p.lent >= p.budget {
		return nil, fmt.Errorf("%w: %d pictures in use", ErrExhausted, p.lent)
	}
	if s != p.size {
		p.drop()
		p.size = s
	}
	var r *Raw
	if n := len(p.free); n > 0 {
		r, p.free = p.free[n-1], p.free[:n-1]
	} else {
		m, err := mapMemory(s.Bytes())
		if err != nil {
			return nil, err
		}
		r = &Raw{mem: m, pool: p, planes: PlanesOver(m.b, s)}
	}
	r.Meta = Meta{}
	r.refs.Store(1)
	p.lent++
	return r, nil
}

// Lent is the number of pictures not yet given back.
func (p *Pool) Lent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lent
}

// Close unmaps what is free now and the rest as it comes back.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.drop()
}

func (p *Pool) drop() {
	for _, r := range p.free {
		r.mem.unmap()
	}
	p.free = p.free[:0]
}

func (p *Pool) put(r *Raw) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent--
	if p.closed || r.planes.Size != p.size {
		r.mem.unmap()
		return
	}
	p.free = append(p.free, r)
}
