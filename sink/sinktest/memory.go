package sinktest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"bystander/internal/event"
)

// ErrConflict is what Memory refuses a second content with.
var ErrConflict = errors.New("sinktest: memory: stored with another content")

// Memory is a store in memory, for tests of what writes to stores. It is safe
// for concurrent use.
type Memory struct {
	mu     sync.Mutex
	byPos  map[string]map[uint64]event.Event
	byID   map[string]event.Digest
	order  []event.Event
	closed bool
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{byPos: map[string]map[uint64]event.Event{}, byID: map[string]event.Digest{}}
}

// Append implements sink.EventSink.
func (m *Memory) Append(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("sinktest: memory: closed")
	}
	batch := map[event.Head]event.Digest{}
	for i := range events {
		e := &events[i]
		if e.Seq == 0 || e.ChainID == "" || e.RowHash.IsZero() {
			return fmt.Errorf("sinktest: memory: %w: not sealed", event.ErrInvalid)
		}
		old, ok := m.byPos[e.ChainID][e.Seq]
		if ok && old.RowHash != e.RowHash {
			return fmt.Errorf("%w: %s/%d", ErrConflict, e.ChainID, e.Seq)
		}
		at := event.Head{ChainID: e.ChainID, Seq: e.Seq}
		if h, ok := batch[at]; ok && h != e.RowHash {
			return fmt.Errorf("%w: %s/%d, twice in one batch", ErrConflict, e.ChainID, e.Seq)
		}
		batch[at] = e.RowHash
		if _, used := m.byID[e.ID]; used && !ok {
			return fmt.Errorf("%w: id %s is stored elsewhere", ErrConflict, e.ID)
		}
	}
	for _, e := range events {
		if _, ok := m.byPos[e.ChainID][e.Seq]; ok {
			continue
		}
		if m.byPos[e.ChainID] == nil {
			m.byPos[e.ChainID] = map[uint64]event.Event{}
		}
		m.byPos[e.ChainID][e.Seq] = e
		m.byID[e.ID] = e.RowHash
		m.order = append(m.order, e)
	}
	return nil
}

// All returns everything in the order of arrival.
func (m *Memory) All() []event.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]event.Event(nil), m.order...)
}

// Chain returns a chain's events in ascending order.
func (m *Memory) Chain(_ context.Context, chain string) ([]event.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.Event
	for seq, last := uint64(1), m.last(chain); seq <= last; seq++ {
		if e, ok := m.byPos[chain][seq]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Missing returns the numbers of a chain that are not held.
func (m *Memory) Missing(_ context.Context, chain string) ([]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []uint64
	for seq, last := uint64(1), m.last(chain); seq <= last; seq++ {
		if _, ok := m.byPos[chain][seq]; !ok {
			out = append(out, seq)
		}
	}
	return out, nil
}

// Lose forgets numbers first to last of a chain, as a disk does.
func (m *Memory) Lose(chain string, first, last uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for seq := first; seq <= last; seq++ {
		if e, ok := m.byPos[chain][seq]; ok {
			delete(m.byPos[chain], seq)
			delete(m.byID, e.ID)
		}
	}
}

func (m *Memory) last(chain string) uint64 {
	var n uint64
	for seq := range m.byPos[chain] {
		n = max(n, seq)
	}
	return n
}

// Close implements sink.EventSink.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
