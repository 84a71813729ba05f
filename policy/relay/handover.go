package relay

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/policy"
)

// lingers is for how long edges are given leases for a snapshot after something
// newer was issued: they may be busy fetching that. Whoever does not have it by
// then masks everybody.
const lingers = 2 * snapshotTime

// largeParts is of how many parts a snapshot is that takes long to be fetched.
const largeParts = 4

// handOver sends a new snapshot. Where it only adds to the one before, edges go on
// with that meanwhile; else they get no lease until they have the new one, and mask
// everybody when the last one runs out.
func (p *Publisher) handOver(ctx context.Context, s *policy.Snapshot, l policy.Lease) error {
	parts, err := p.parts(s, l)
	if err != nil {
		return err
	}
	now := p.o.Now()
	if p.have.snap != nil && p.have.since.IsZero() {
		p.have.since = now
	}
	if p.have.snap != nil && s.Covers(p.have.snap) {
		err = p.beside(ctx, parts, p.have)
	} else {
		err = p.sendSnapshot(ctx, parts)
	}
	if err != nil {
		return err
	}
	p.before, p.have = p.have, published{snap: s, hash: l.Hash}
	p.before.large = len(parts) >= largeParts
	p.took()
	return nil
}

// again sends the snapshot that edges should have, in case the topic lost it. It is
// given up where there is a newer one to be sent.
func (p *Publisher) again(ctx context.Context, s *policy.Snapshot, l policy.Lease) error {
	parts, err := p.parts(s, l)
	if err != nil {
		return err
	}
	if err := p.beside(ctx, parts, p.have); err != nil {
		return err
	}
	p.took()
	return nil
}

// parts splits a snapshot, and remembers that the topic may hold the parts from now
// on.
func (p *Publisher) parts(s *policy.Snapshot, l policy.Lease) ([]kafka.Message, error) {
	parts, err := snapshotRecords(s, l.Hash, l.Issued)
	for _, m := range parts {
		p.known[string(m.Key)] = l.Hash
	}
	return parts, err
}

func (p *Publisher) took() {
	p.sent = p.o.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.Snapshots++
}

// beside sends a snapshot, and leases for an old one beside it. When somebody takes
// back what the old one allows it gives up with policy.ErrNarrowed: then something
// else is to be sent, and soon.
func (p *Publisher) beside(ctx context.Context, parts []kafka.Message, old published) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- p.sendSnapshot(sending, parts) }()
	t := time.NewTicker(p.o.Every)
	defer t.Stop()
	var narrowed error
	for {
		select {
		case err := <-done:
			if narrowed != nil {
				return narrowed
			}
			return err
		case <-t.C:
		}
		if narrowed != nil {
			continue
		}
		err := p.extend(ctx, old)
		if errors.Is(err, policy.ErrNarrowed) {
			narrowed = err
			stop()
		} else if err != nil && ctx.Err() == nil && p.o.OnError != nil {
			p.o.OnError(err) // the next one may get through
		}
	}
}

// linger sends a lease for the snapshot before the newest, for edges that are still
// fetching that. It is signed and sent before the newest one's: so of the two serials
// that one's is the higher, and it is the last on the topic, for edges that start.
func (p *Publisher) linger(ctx context.Context) {
	if p.before.snap == nil || !p.before.large {
		return
	}
	err := p.extend(ctx, p.before)
	switch {
	case errors.Is(err, policy.ErrNarrowed):
		p.before.snap = nil // for good
	case err != nil && ctx.Err() == nil && p.o.OnError != nil:
		p.o.OnError(err)
	}
}

// extend sends one more lease for an old snapshot, as long as that may be.
func (p *Publisher) extend(ctx context.Context, old published) error {
	if !old.since.IsZero() && p.o.Now().Sub(old.since) >= lingers {
		return nil
	}
	l, err := p.from.Extend(ctx, old.snap, old.hash, policy.MaxLease)
	if err != nil {
		return err
	}
	return p.sendLease(ctx, l)
}
