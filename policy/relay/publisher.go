package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/policy"
)

// Issuer compiles what stands and signs leases; *policy.Authority is one.
type Issuer interface {
	// Issue signs a lease for what stands.
	Issue(ctx context.Context, term time.Duration) (*policy.Snapshot, policy.Lease, error)
	// Extend signs one more for a snapshot that was issued before, as long as
	// everything that it allows stands; else it fails with policy.ErrNarrowed.
	Extend(ctx context.Context, old *policy.Snapshot, hash event.Digest, term time.Duration) (policy.Lease, error)
}

// PublisherOptions say how a publisher works. The zero value of a field means
// its default.
type PublisherOptions struct {
	Every time.Duration // between leases; 2 s
	// Refresh is how often the snapshot is sent again though nothing changed,
	// in case the topic lost it; 1 minute.
	Refresh time.Duration
	// OnIssued is given each lease with its snapshot before it is sent, for an
	// edge in the same process. It must not block.
	OnIssued func(policy.Lease, *policy.Snapshot)
	// OnError is told of each round that failed.
	OnError func(error)
	Now     func() time.Time
}

// partsAtOnce bounds the parts of a snapshot that are on their way to the broker.
const partsAtOnce = 4

// snapshotTime is how long the topic may take to take over a snapshot, or to be
// read.
const snapshotTime = 30 * time.Second

// Publisher sends leases to the policy topic, and snapshots when they change.
type Publisher struct {
	c    *kafkax.Client
	from Issuer
	o    PublisherOptions

	// Of the goroutine that publishes.
	known  map[string]event.Digest // keys of snapshots that the topic holds, by content
	have   published               // the snapshot that was sent last
	before published               // and the one before it
	sent   time.Time               // when

	mu sync.Mutex
	st PublisherStatus
}

// published is a snapshot that edges may have.
type published struct {
	snap *policy.Snapshot
	hash event.Digest
	// since is when something newer was first issued; zero as long as nothing was.
	since time.Time
	large bool // what came after it is: edges take a while to fetch that
}

// PublisherStatus is how a publisher fares.
type PublisherStatus struct {
	Leases    uint64    // sent since the start
	Snapshots uint64    // sent since the start
	Last      time.Time // when the last lease was taken by the bus
	Err       error     // of the last round, nil when it succeeded
}

// NewPublisher returns a publisher of what from issues. The caller closes c.
func NewPublisher(c *kafkax.Client, from Issuer, o PublisherOptions) *Publisher {
	if o.Every <= 0 {
		o.Every = 2 * time.Second
	}
	if o.Refresh <= 0 {
		o.Refresh = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Publisher{c: c, from: from, o: o}
}

// Status returns a snapshot.
func (p *Publisher) Status() PublisherStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.st
}

// Run publishes until ctx ends. A round that fails is told and left: the next
// one has a newer lease, and an edge that got none masks everybody.
func (p *Publisher) Run(ctx context.Context) {
	t := time.NewTicker(p.o.Every)
	defer t.Stop()
	for {
		err := p.Publish(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && p.o.OnError != nil {
			p.o.OnError(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Publish issues one lease and sends it, with the snapshot before it when that
// is new. It returns once all replicas in sync have it. It must not run twice
// at a time.
func (p *Publisher) Publish(ctx context.Context) error {
	err := p.publish(ctx)
	if errors.Is(err, policy.ErrNarrowed) && ctx.Err() == nil {
		err = p.publish(ctx) // what was on its way was overtaken: now what stands
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.Err = err
	return err
}

func (p *Publisher) publish(ctx context.Context) error {
	p.linger(ctx)
	snap, lease, err := p.from.Issue(ctx, policy.MaxLease)
	if err != nil {
		return err
	}
	if p.o.OnIssued != nil {
		p.o.OnIssued(lease, snap)
	}
	if err := p.learn(ctx, lease.Site); err != nil {
		return err
	}
	if lease.Hash != p.have.hash {
		// Followers need the snapshot before they can use the lease, which grows
		// old while a large one travels: then a fresh one says the same.
		if err := p.handOver(ctx, snap, lease); err != nil {
			return err
		}
		if lease, err = p.renewed(ctx, lease); err != nil {
			return err
		}
	}
	if err := p.sendLease(ctx, lease); err != nil {
		return err
	}
	if p.o.Now().Sub(p.sent) >= p.o.Refresh { // after the lease, which need not wait for it
		if err := p.again(ctx, snap, lease); err != nil {
			return err
		}
	}
	return p.dispose(ctx)
}

// sendLease sends a lease. One that cannot be sent while it holds is of no use to
// anybody.
func (p *Publisher) sendLease(ctx context.Context, l policy.Lease) error {
	m, err := leaseRecord(l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, policy.MaxLease/2)
	defer cancel()
	if err := p.c.Publish(ctx, event.TopicPolicy, m); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.Leases++
	p.st.Last = p.o.Now()
	return nil
}

// renewed returns a lease for the snapshot that was just sent that is not old yet:
// the one given, or one that is signed now. Where something was taken back
// meanwhile the one given still holds, for as long as it says; the next round has
// the change.
func (p *Publisher) renewed(ctx context.Context, l policy.Lease) (policy.Lease, error) {
	if p.o.Now().Sub(l.Issued) < p.o.Every/2 {
		return l, nil
	}
	next, err := p.from.Extend(ctx, p.have.snap, p.have.hash, policy.MaxLease)
	if errors.Is(err, policy.ErrNarrowed) {
		return l, nil
	}
	if err == nil && p.o.OnIssued != nil {
		p.o.OnIssued(next, p.have.snap)
	}
	return next, err
}

// learn reads which snapshots the topic holds, once, so that those of an earlier
// run can be disposed of.
func (p *Publisher) learn(ctx context.Context, site string) error {
	if p.known != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotTime)
	defer cancel()
	known := map[string]event.Digest{}
	err := p.c.ReadToEnd(ctx, event.TopicPolicy, func(m kafka.Message) error {
		key := string(m.Key)
		if !strings.HasPrefix(key, snapshotPrefix) {
			return nil
		}
		if s, err := parsePart(key); err == nil && s.site == site {
			known[key] = s.hash
			if m.Value == nil {
				delete(known, key)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("relay: read what is published: %w", err)
	}
	p.known = known
	return nil
}

// sendSnapshot sends the parts of a snapshot.
func (p *Publisher) sendSnapshot(ctx context.Context, parts []kafka.Message) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTime)
	defer cancel()
	var sending errgroup.Group
	sending.SetLimit(partsAtOnce)
	for _, m := range parts { // each in a request of its own: the bound is per batch
		sending.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return p.c.Publish(ctx, event.TopicPolicy, m)
		})
	}
	return sending.Wait()
}

// dispose removes snapshots from the topic that no lease in force can name: all
// but the newest two.
func (p *Publisher) dispose(ctx context.Context) error {
	var gone []kafka.Message
	for key, hash := range p.known {
		if hash != p.have.hash && hash != p.before.hash {
			gone = append(gone, kafka.Message{Key: []byte(key)})
		}
	}
	if len(gone) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, policy.MaxLease/2)
	defer cancel()
	if err := p.c.Publish(ctx, event.TopicPolicy, gone...); err != nil {
		return err
	}
	for _, m := range gone {
		delete(p.known, string(m.Key))
	}
	return nil
}
