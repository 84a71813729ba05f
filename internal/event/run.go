package event

import (
	"crypto/ed25519"
	"fmt"
)

// Fault is one event that a batch check refuses.
type Fault struct {
	Index int // in the batch
	Err   error
}

// Refs returns pointers to the events of a slice, in order.
func Refs(events []Event) []*Event {
	out := make([]*Event, len(events))
	for i := range events {
		out[i] = &events[i]
	}
	return out
}

// VerifyBatch checks events as they arrive in bulk, of any chains and with gaps
// between them, and returns those that must not be believed. key returns a
// chain's public key, nil when it is not known.
//
// Every content is hashed and compared with its row_hash. Events of one chain
// that stand together, follow by number and link by prev_hash are one run, and
// of a run only the last signature is checked. That is sound: the signature is
// over the last row_hash, which covers the last content and, through prev_hash,
// the row_hash before it, and so on to the run's first event. To put another
// content into a signed run one would need a second preimage of SHA-256 or the
// edge's key. What is not checked is the text of the signatures inside a run:
// whoever can write to the bus could spoil those without touching a content.
// `audit verify` checks each of them.
//
// Where a last signature fails, the run is walked back to the newest one that
// holds: what it covers is good, what follows is refused with ErrSignature.
func VerifyBatch(events []*Event, key func(chain string) ed25519.PublicKey) []Fault {
	var faults []Fault
	buf := make([]byte, 0, 4096)
	for i := 0; i < len(events); {
		n, bad := runLength(events[i:], &buf)
		if n > 0 {
			faults = append(faults, checkRun(events[i:i+n], i, key(events[i].ChainID))...)
		}
		i += n
		if bad != nil {
			faults = append(faults, Fault{i, bad})
			i++
		}
	}
	return faults
}

// runLength returns how many events at the front are one run of sound hashes,
// and the error of the event behind it, nil when that merely begins another run.
func runLength(events []*Event, buf *[]byte) (int, error) {
	for i := range events {
		e := events[i]
		if i > 0 {
			p := events[i-1]
			if e.ChainID != p.ChainID || e.Seq != p.Seq+1 || e.PrevHash != p.RowHash {
				return i, nil
			}
		}
		if err := e.Check(); err != nil {
			return i, fmt.Errorf("%w: %s/%d: %w", ErrHash, e.ChainID, e.Seq, err)
		}
		*buf = append((*buf)[:0], Domain...)
		if h := e.hash(*buf); h != e.RowHash {
			return i, fmt.Errorf("%w: %s/%d", ErrHash, e.ChainID, e.Seq)
		}
	}
	return len(events), nil
}

// checkRun verifies the last signature of a run that starts at index at.
func checkRun(run []*Event, at int, pub ed25519.PublicKey) []Fault {
	good := len(run)
	for ; good > 0; good-- {
		e := run[good-1]
		if len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, e.RowHash[:], e.NodeSig) {
			break
		}
		if len(pub) != ed25519.PublicKeySize {
			good = 0
			break
		}
	}
	var faults []Fault
	for i := good; i < len(run); i++ {
		e := run[i]
		err := fmt.Errorf("%w: %s/%d", ErrSignature, e.ChainID, e.Seq)
		if len(pub) != ed25519.PublicKeySize {
			err = fmt.Errorf("%w: %s/%d: no key is known for this chain", ErrSignature, e.ChainID, e.Seq)
		}
		faults = append(faults, Fault{at + i, err})
	}
	return faults
}
