package policy

import (
	"context"
	"crypto/ed25519"
	"errors"
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
// may fall, not even over a restart. Replicas share one.
type Versions interface {
	// LatestVersion is the number of the latest content, 0 before the first.
	LatestVersion(ctx context.Context) (uint64, error)
	// DrawLease returns, in one step, the number of the content with that hash and
	// a serial above all that were returned before. The number is the latest one if
	// that is the latest content, else a new one. It fails with ErrOvertaken if
	// another content was numbered after base, which is LatestVersion from before
	// that was read of which the content is made: what was read may be older.
	DrawLease(ctx context.Context, base uint64, content event.Digest, at time.Time) (version, serial uint64, err error)
	// NextSerial returns a serial above all that were returned before.
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
	reread   func(context.Context) error

	last issued // of whoever has the turn

	mu     sync.Mutex
	site   *Site
	halted string
	signs  signSets
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

// Reread has f called at the start of each Issue and Extend, by one goroutine at a
// time, to bring site and halt up to date by SetSite and Halt. What another replica
// signed before must be in what f finds. Where f fails nothing is signed. Call
// Reread before the first Issue.
func (a *Authority) Reread(f func(context.Context) error) { a.reread = f }

// overtakenTimes is how often what stands is read again because another replica
// was faster.
const overtakenTimes = 4

// Issue compiles what stands now and signs a lease for it of the given term
// (at most MaxLease; zero takes that), from before it was read on. Issue again well
// before it ends, every two seconds say: a withdrawal reaches the edge with the next
// lease. As long as nothing changes it returns the same snapshot, which is shared
// and read-only.
func (a *Authority) Issue(ctx context.Context, term time.Duration) (*Snapshot, Lease, error) {
	term, err := checkTerm(term)
	if err != nil {
		return nil, Lease{}, err
	}
	if err := a.begin(ctx); err != nil {
		return nil, Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	defer a.end()
	var s *Snapshot
	var l Lease
	for range overtakenTimes {
		if s, l, err = a.issue(ctx, term); !errors.Is(err, ErrOvertaken) {
			break
		}
	}
	if err != nil {
		return nil, Lease{}, fmt.Errorf("policy: issue: %w", err)
	}
	return s, l, nil
}

// Extend signs one more lease for a snapshot that was issued before, with the hash
// that its lease names, so that an edge which has it can go on with it while a
// newer one is on the way. It fails with ErrNarrowed unless everything that the
// snapshot allows stands now, word for word.
func (a *Authority) Extend(ctx context.Context, old *Snapshot, hash event.Digest, term time.Duration) (Lease, error) {
	term, err := checkTerm(term)
	if err != nil {
		return Lease{}, err
	}
	if err := a.begin(ctx); err != nil {
		return Lease{}, fmt.Errorf("policy: extend: %w", err)
	}
	defer a.end()
	s, now, err := a.read(ctx)
	if err != nil {
		return Lease{}, fmt.Errorf("policy: extend: %w", err)
	}
	if !s.Covers(old) {
		return Lease{}, fmt.Errorf("%w: version %d", ErrNarrowed, old.Version)
	}
	serial, err := a.versions.NextSerial(ctx)
	if err != nil {
		return Lease{}, fmt.Errorf("policy: extend: %w", err)
	}
	return a.sign(old, hash, serial, now, term), nil
}

func checkTerm(term time.Duration) (time.Duration, error) {
	if term == 0 {
		term = MaxLease
	}
	if term < 0 || term > MaxLease {
		return 0, fmt.Errorf("%w: %v", ErrLeaseTerm, term)
	}
	return term, nil
}

// begin waits for the turn, and end gives it on. One at a time: what was read before
// somebody withdrew must not be signed after what was read later, as if it were newer.
func (a *Authority) begin(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Authority) end() { <-a.turn }

// read compiles what stands, and tells when it began: what is withdrawn from then
// on may be missed, so a lease for it runs from then.
func (a *Authority) read(ctx context.Context) (*Snapshot, time.Time, error) {
	now := a.now().Round(0).UTC()
	if a.reread != nil {
		if err := a.reread(ctx); err != nil {
			return nil, now, err
		}
	}
	people, err := a.people.Enrollees(ctx)
	if err != nil {
		return nil, now, err
	}
	consents, err := a.people.Consents(ctx)
	if err != nil {
		return nil, now, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := compile(a.site, people, consents, now, a.signs.of)
	s.Halted = a.halted
	return s, now, nil
}

func (a *Authority) issue(ctx context.Context, term time.Duration) (*Snapshot, Lease, error) {
	// Before anything is read: a version that another replica numbers from here on
	// may rest on what was read later than here.
	base, err := a.versions.LatestVersion(ctx)
	if err != nil {
		return nil, Lease{}, err
	}
	s, now, err := a.read(ctx)
	if err != nil {
		return nil, Lease{}, err
	}
	content := a.last.content
	known := a.last.snap != nil && s.same(a.last.snap)
	if !known {
		if content, err = s.Hash(); err != nil { // of version 0: the content alone
			return nil, Lease{}, err
		}
	}
	version, serial, err := a.versions.DrawLease(ctx, base, content, now)
	if err != nil {
		return nil, Lease{}, err
	}
	if !known || version != a.last.snap.Version { // another replica may have counted on
		s.Version = version
		hash, err := s.Hash()
		if err != nil {
			return nil, Lease{}, err
		}
		a.last = issued{s, content, hash}
	}
	return a.last.snap, a.sign(a.last.snap, a.last.hash, serial, now, term), nil
}

func (a *Authority) sign(s *Snapshot, hash event.Digest, serial uint64, now time.Time, term time.Duration) Lease {
	l := Lease{Site: s.Site, Version: s.Version, Serial: serial, Issued: now, Expires: now.Add(term), Hash: hash}
	l.Sig = ed25519.Sign(a.key, l.message())
	return l
}
