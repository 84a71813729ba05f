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
	turn     chan struct{} // of the one that issues

	mu     sync.Mutex
	site   *Site
	halted string
	signs  signSets
	last   issued
}

// issued is what was signed last. As long as nothing changes it is signed again
// as it is: neither hashing nor sending a large site anew is needed then.
type issued struct {
	snap    *Snapshot    // nil before the first
	content event.Digest // of version 0
	hash    event.Digest
}

// signSets remembers the hashes of the zones' signs, by zone.
type signSets map[string]signSet

type signSet struct {
	entrances []Entrance
	signs     []Sign
	hash      event.Digest
}

// of returns Zone.SignSetHash, from memory where the zone has the very signs that
// it had before.
func (m signSets) of(z *Zone) event.Digest {
	if k, ok := m[z.ID]; ok && sameList(k.entrances, z.Entrances) && sameList(k.signs, z.Signs) {
		return k.hash
	}
	h := z.SignSetHash()
	m[z.ID] = signSet{z.Entrances, z.Signs, h}
	return h
}

// sameList reports whether two lists are one in memory.
func sameList[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// NewAuthority returns an authority that signs with key; there is no default
// key. The site is the authority's from then on, and must not change. It fails
// with ErrInvalid for a wrong key or an invalid site.
func NewAuthority(key ed25519.PrivateKey, site *Site, people People, versions Versions, now func() time.Time) (*Authority, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: the policy signing key has %d bytes, want %d", ErrInvalid, len(key), ed25519.PrivateKeySize)
	}
	if err := site.Validate(); err != nil {
		return nil, err
	}
	return &Authority{key: key, site: site, people: people, versions: versions, now: now, signs: signSets{}, turn: make(chan struct{}, 1)}, nil
}

// Public is the key that leases are verified with.
func (a *Authority) Public() ed25519.PublicKey { return a.key.Public().(ed25519.PublicKey) }

// SetSite replaces the site from the next lease on. It must not change afterwards.
func (a *Authority) SetSite(s *Site) error {
	if err := s.Validate(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.site = s
	if len(a.signs) > 2*len(s.Zones) { // of zones that are gone
		a.signs = signSets{}
	}
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
// two seconds say: a withdrawal reaches the edge with the next lease. As long as
// nothing changes it returns the same snapshot, which is shared and read-only.
func (a *Authority) Issue(ctx context.Context, term time.Duration) (*Snapshot, Lease, error) {
	if term == 0 {
		term = MaxLease
	}
	if term < 0 || term > MaxLease {
		return nil, Lease{}, fmt.Errorf("%w: %v", ErrLeaseTerm, term)
	}
	// One at a time: what was read before somebody withdrew must not be signed
	// after what was read later, as if it were newer.
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, Lease{}, fmt.Errorf("policy: issue: %w", ctx.Err())
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
	s := compile(a.site, people, consents, now, a.signs.of)
	s.Halted = a.halted
	if s, err = a.number(ctx, s, now); err != nil {
		return nil, Lease{}, err
	}
	l, err := a.sign(ctx, s, now, term)
	return s, l, err
}

// number gives the snapshot its version, or returns the one that was signed last
// where that says the same.
func (a *Authority) number(ctx context.Context, s *Snapshot, now time.Time) (*Snapshot, error) {
	content := a.last.content
	known := a.last.snap != nil && s.same(a.last.snap)
	if !known {
		var err error
		if content, err = s.Hash(); err != nil { // of version 0: the content alone
			return nil, err
		}
	}
	// Asked in any case: another replica may have counted on meanwhile.
	version, err := a.versions.PolicyVersion(ctx, content, now)
	if err != nil {
		return nil, fmt.Errorf("policy: issue: %w", err)
	}
	if known && version == a.last.snap.Version {
		return a.last.snap, nil
	}
	s.Version = version
	hash, err := s.Hash()
	if err != nil {
		return nil, err
	}
	a.last = issued{s, content, hash}
	return s, nil
}

func (a *Authority) sign(ctx context.Context, s *Snapshot, now time.Time, term time.Duration) (Lease, error) {
	serial, err := a.versions.NextSerial(ctx)
	if err != nil {
		return Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	l := Lease{Site: s.Site, Version: s.Version, Serial: serial, Issued: now, Expires: now.Add(term), Hash: a.last.hash}
	l.Sig = ed25519.Sign(a.key, l.message())
	return l, nil
}
