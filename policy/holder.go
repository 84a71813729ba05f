package policy

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"
)

// Holder keeps the edge's lease. Without a verified, unexpired one there is no
// snapshot, and everybody is masked. It is safe for concurrent use.
type Holder struct {
	pub  ed25519.PublicKey
	site string
	now  func() time.Time

	mu       sync.Mutex
	snap     *Snapshot
	lease    Lease
	taken    time.Time // with the monotonic reading where the clock gives one
	latest   time.Time // the latest wall-clock reading seen
	clockBad bool
}

// Held is what the holder vouches for at one moment.
type Held struct {
	Snapshot *Snapshot
	Lease    Lease
	Now      time.Time // the reading that the lease was checked against
}

// Fresh returns the gate's facts about the lease; canary tells whether the
// detector passed its self-test. The facts of a zero Held deny.
func (h Held) Fresh(canary bool) FreshFacts {
	if h.Snapshot == nil {
		return FreshFacts{CanaryPassed: canary}
	}
	return FreshFacts{
		Now: h.Now, LeaseIssued: h.Lease.Issued, LeaseExpires: h.Lease.Expires,
		LeaseVerified: true, ClockSynced: true, CanaryPassed: canary,
	}
}

// NewHolder returns a holder that trusts the given key for the given site; now
// reads the clock.
func NewHolder(pub ed25519.PublicKey, site string, now func() time.Time) (*Holder, error) {
	if len(pub) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: the policy key has %d bytes, want %d", ErrInvalid, len(pub), ed25519.PublicKeySize)
	}
	return &Holder{pub: pub, site: site, now: now}, nil
}

// Offer hands the holder a new lease with its snapshot. It refuses, keeping
// what it has, with the errors of Verify, with ErrForged when the snapshot does
// not fit the lease, and with ErrStale for a replay. A good lease also ends a
// state of clock trouble.
func (h *Holder) Offer(l Lease, s *Snapshot) error {
	now := h.now()
	if err := Verify(h.pub, l, now); err != nil {
		return err
	}
	if s == nil || l.Site != h.site || s.Site != h.site || s.Version != l.Version {
		return fmt.Errorf("%w: lease %d is for another site or version", ErrForged, l.Serial)
	}
	if !h.knows(l, s) {
		got, err := s.Hash()
		if err != nil {
			return err
		}
		if got != l.Hash {
			return fmt.Errorf("%w: the snapshot is not the one that lease %d names", ErrForged, l.Serial)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.snap != nil {
		// A newer version counts whatever else the lease says: replicas sign side by
		// side, by clocks that differ, and what somebody withdrew is in the newer one.
		again := l.Version == h.lease.Version && (l.Serial <= h.lease.Serial || l.Issued.Before(h.lease.Issued))
		switch {
		case l.Version < h.lease.Version || again:
			return fmt.Errorf("%w: serial %d version %d after serial %d version %d",
				ErrStale, l.Serial, l.Version, h.lease.Serial, h.lease.Version)
		case l.Version == h.lease.Version && l.Hash != h.lease.Hash:
			return fmt.Errorf("%w: version %d twice with different content", ErrForged, l.Version)
		}
	}
	h.snap, h.lease, h.taken, h.clockBad = s, l, now, false
	h.latest = laterOf(h.latest, now.Round(0))
	return nil
}

// knows reports whether a lease names the very snapshot that is held, whose hash
// was computed when it came: snapshots are read-only.
func (h *Holder) knows(l Lease, s *Snapshot) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.snap == s && h.lease.Hash == l.Hash
}

// Current returns what is held, or ErrNoLease, ErrExpired or ErrClock. A wall
// clock that goes back, or that runs apart from the monotonic one, denies until
// the next good lease.
func (h *Holder) Current() (Held, error) {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.snap == nil {
		return Held{}, ErrNoLease
	}
	wall := now.Round(0)
	drift := wall.Sub(h.taken.Round(0)) - now.Sub(h.taken)
	if h.clockBad || wall.Before(h.latest.Add(-MaxSkew)) || drift > MaxSkew || drift < -MaxSkew {
		h.clockBad = true
		return Held{}, ErrClock
	}
	h.latest = laterOf(h.latest, wall)
	// Judged by both clocks: a wall clock that stands still extends nothing.
	if !wall.Before(h.lease.Expires) || now.Sub(h.taken) >= h.lease.Expires.Sub(h.taken.Round(0)) {
		return Held{}, fmt.Errorf("%w: lease %d", ErrExpired, h.lease.Serial)
	}
	return Held{Snapshot: h.snap, Lease: h.lease, Now: wall}, nil
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
