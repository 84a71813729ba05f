package whip

import "time"

const (
	reorderSize = 512                    // packets; a power of two
	reorderHold = 120 * time.Millisecond // to wait for a packet sent again
	maxPacket   = 1600                   // bytes of an RTP packet
)

// reorder puts packets back in order. It waits reorderHold for a missing one
// and then goes on without it. Its memory is fixed.
type reorder struct {
	slots   [reorderSize]slot
	next    uint16 // the sequence number that is due
	held    int
	started bool
	gap     time.Time // since when the due one is missing, zero when it isn't known to be
}

type slot struct {
	data []byte
	full bool
}

// push stores a copy of pkt. It reports false for a packet that came too late,
// twice, or is too long. A sequence number out of all proportion starts anew.
func (r *reorder) push(seq uint16, pkt []byte) bool {
	if len(pkt) > maxPacket {
		return false
	}
	if !r.started {
		r.started, r.next = true, seq
	}
	ahead := int(int16(seq - r.next)) //nolint:gosec // the difference modulo 2¹⁶ is meant
	if ahead <= -reorderSize || ahead >= reorderSize {
		r.restart(seq)
	} else if ahead < 0 {
		return false
	}
	s := &r.slots[seq%reorderSize]
	if s.full {
		return false
	}
	s.data = append(s.data[:0], pkt...)
	s.full = true
	r.held++
	return true
}

func (r *reorder) restart(seq uint16) {
	for i := range r.slots {
		r.slots[i].full = false
	}
	r.held, r.next, r.gap = 0, seq, time.Time{}
}

// pop returns the next packet in order, valid until the next push, and how many
// were given up in front of it. It returns nil while one is being waited for.
func (r *reorder) pop(now time.Time) (pkt []byte, lost int) {
	if r.held == 0 {
		return nil, 0
	}
	if !r.slots[r.next%reorderSize].full {
		if r.gap.IsZero() {
			r.gap = now
		}
		if now.Sub(r.gap) < reorderHold && r.held < reorderSize/2 {
			return nil, 0
		}
		for !r.slots[r.next%reorderSize].full {
			r.next++
			lost++
		}
	}
	s := &r.slots[r.next%reorderSize]
	s.full = false
	r.next++
	r.held--
	r.gap = time.Time{}
	return s.data, lost
}
