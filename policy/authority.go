package policy

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"

	"bystander/internal/event"
)

// People reads enrollees and consents as they stand; Store is one.
type People interface {
	Enrollees(ctx context.Context) ([]Enrollee, error)
	Consents(ctx context.Context) ([]Consent, error)
}

// Versions numbers snapshots by content and leases by order, for good: neither
// may fall, not even over a restart.
type Versions interface {
	// PolicyVersion returns the number of the content with that hash: the
	// latest number if it is the latest content, else a new one.
	PolicyVersion(ctx context.Context, content event.Digest, at time.Time) (uint64, error)
	// NextSerial returns a number above all that it returned before.
	NextSerial(ctx context.Context) (uint64, error)
}

// Authority compiles site and consents into snapshots and signs leases. It is
// safe for concurrent use.
type Authority struct {
	key      ed25519.PrivateKey
	people   People
	versions Versions
	now      func() time.Time

	mu     sync.Mutex
	site   *Site
	halted string
}

// NewAuthority returns an authority that signs with key; there is no default
// key. It fails with ErrInvalid for a wrong key or an invalid site.
func NewAuthority(key ed25519.PrivateKey, site *Site, people People, versions Versions, now func() time.Time) (*Authority, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: the policy signing key has %d bytes, want %d", ErrInvalid, len(key), ed25519.PrivateKeySize)
	}
	if err := site.Validate(); err != nil {
		return nil, err
	}
	return &Authority{key: key, site: site, people: people, versions: versions, now: now}, nil
}

// Public is the key that leases are verified with.
func (a *Authority) Public() ed25519.PublicKey { return a.key.Public().(ed25519.PublicKey) }

// SetSite replaces the site from the next lease on.
func (a *Authority) SetSite(s *Site) error {
	if err := s.Validate(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.site = s
	return nil
}

// Halt masks everybody from the next lease on, for the reason given; an empty
// reason ends it.
func (a *Authority) Halt(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.halted = reason
}

// Issue compiles what stands now and signs a lease for it of the given term
// (at most MaxLease; zero takes that). Issue again well before it ends, every
// two seconds say: a withdrawal reaches the edge with the next lease.
func (a *Authority) Issue(ctx context.Context, term time.Duration) (*Snapshot, Lease, error) {
	if term == 0 {
		term = MaxLease
	}
	if term < 0 || term > MaxLease {
		return nil, Lease{}, fmt.Errorf("%w: %v", ErrLeaseTerm, term)
	}
	people, err := a.people.Enrollees(ctx)
	if err != nil {
		return nil, Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	consents, err := a.people.Consents(ctx)
	if err != nil {
		return nil, Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now().Round(0).UTC()
	s := Compile(a.site, people, consents, now)
	s.Halted = a.halted
	if err := a.number(ctx, s, now); err != nil {
		return nil, Lease{}, err
	}
	l, err := a.sign(ctx, s, now, term)
	return s, l, err
}

func (a *Authority) number(ctx context.Context, s *Snapshot, now time.Time) error {
	content, err := s.Hash() // of version 0: the content alone
	if err != nil {
		return err
	}
	s.Version, err = a.versions.PolicyVersion(ctx, content, now)
	if err != nil {
		return fmt.Errorf("policy: issue: %w", err)
	}
	return nil
}

func (a *Authority) sign(ctx context.Context, s *Snapshot, now time.Time, term time.Duration) (Lease, error) {
	serial, err := a.versions.NextSerial(ctx)
	if err != nil {
		return Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	hash, err := s.Hash()
	if err != nil {
		return Lease{}, err
	}
	l := Lease{Site: s.Site, Version: s.Version, Serial: serial, Issued: now, Expires: now.Add(term), Hash: hash}
	l.Sig = ed25519.Sign(a.key, l.message())
	return l, nil
}
