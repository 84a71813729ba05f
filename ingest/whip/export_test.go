package whip

import (
	"time"

	"bystander/ingest/driver"
)

// Assembler gives tests hold of an assembly.
type Assembler struct{ a *assembly }

// NewAssembler returns one.
func NewAssembler(c driver.Codec) Assembler { return Assembler{newAssembly(c)} }

// Add passes one payload in; out gets each unit.
func (a Assembler) Add(ts uint32, marker bool, payload []byte, lost bool, out func(data []byte, ts uint32, key bool)) {
	_ = a.a.add(ts, marker, payload, lost, func(u accessUnit) error { out(u.data, u.ts, u.key); return nil })
}

// Malformed is how many payloads made no sense.
func (a Assembler) Malformed() int { return a.a.dropped }

// WantKey tells whether it waits for a key unit.
func (a Assembler) WantKey() bool { return a.a.wantKey }

// Reorder gives tests hold of the packet order.
type Reorder struct{ r *reorder }

// NewReorder returns one.
func NewReorder() Reorder { return Reorder{&reorder{}} }

// Push and Pop are those of the order.
func (r Reorder) Push(seq uint16, pkt []byte) bool { return r.r.push(seq, pkt) }

// Pop returns the next packet and the number lost before it.
func (r Reorder) Pop(now time.Time) ([]byte, int) { return r.r.pop(now) }

// Held is how many packets wait.
func (r Reorder) Held() int { return r.r.held }

// Extend runs time stamps through an extender.
func Extend(all ...uint32) (ticks []int64, broken []bool) {
	var e extender
	for _, ts := range all {
		t, b := e.extend(ts)
		ticks, broken = append(ticks, t), append(broken, b)
	}
	return ticks, broken
}

// WallOf is the wall-clock time of ts by one sender report.
func WallOf(ntp uint64, rtp uint32, now time.Time, ts uint32) time.Time {
	return newWall(ntp, rtp, now).of(ts)
}

// CheckNetwork parses a camera address.
func CheckNetwork(address string) error {
	_, err := parseNetwork(address)
	return err
}

// ParameterSets reads them from an offer.
func ParameterSets(offer string) []byte { return parameterSets(offer) }
