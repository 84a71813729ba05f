package policy

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"time"

	"bystander/internal/event"
)

// MaxLease is how long a lease may hold at most.
const MaxLease = 10 * time.Second

// MaxSkew is how far the clocks of issuer and edge may differ.
const MaxSkew = time.Second

// Lease allows the use of one snapshot for a short while. It is signed by the
// Authority with Ed25519.
type Lease struct {
	Site    string       `json:"site"`
	Version uint64       `json:"version"` // of the snapshot; never falls
	Serial  uint64       `json:"serial"`  // of the lease; always rises
	Issued  time.Time    `json:"issued"`
	Expires time.Time    `json:"expires"`
	Hash    event.Digest `json:"hash"` // of the snapshot
	Sig     []byte       `json:"sig"`
}

// message is what is signed: every field under its own domain.
func (l Lease) message() []byte {
	num := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	d := sum("bystander policy lease v1", []byte(l.Site), num(l.Version), num(l.Serial),
		num(uint64(l.Issued.UnixNano())), num(uint64(l.Expires.UnixNano())), l.Hash[:]) //nolint:gosec // the bits, not the number, are signed
	return d[:]
}

// Verify checks the lease on its own: signature, term and time. It fails with
// ErrForged, ErrLeaseTerm, ErrClock or ErrExpired. That it is newer than those
// seen before is for the Holder to check.
func Verify(pub ed25519.PublicKey, l Lease, now time.Time) error {
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, l.message(), l.Sig) {
		return fmt.Errorf("%w: lease %d", ErrForged, l.Serial)
	}
	switch term := l.Expires.Sub(l.Issued); {
	case term <= 0 || term > MaxLease:
		return fmt.Errorf("%w: lease %d runs for %v, at most %v", ErrLeaseTerm, l.Serial, term, MaxLease)
	case now.Before(l.Issued.Add(-MaxSkew)):
		return fmt.Errorf("%w: lease %d was issued %v ahead of this clock", ErrClock, l.Serial, l.Issued.Sub(now))
	case !now.Before(l.Expires):
		return fmt.Errorf("%w: lease %d, %v ago", ErrExpired, l.Serial, now.Sub(l.Expires))
	}
	return nil
}
