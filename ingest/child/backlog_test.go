package child

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bystander/ingest/driver"
)

func TestABacklogIsLeftOutUpToAFreshKeyUnit(t *testing.T) {
	begin := time.Unix(1_000_000, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	steps := []struct {
		what         string
		now, arrived int // milliseconds
		key          bool
		take, anew   bool
	}{
		{"in time", 40, 0, true, true, false},
		{"slow, but not late", 1500, 40, false, true, false},
		{"late", 1700, 80, false, false, false},
		{"in time again, but it builds on what was left out", 1701, 1600, false, false, false},
		{"a key unit that is late itself", 3300, 1640, true, false, false},
		{"a fresh key unit", 3301, 3300, true, true, true},
		{"and on", 3340, 3340, false, true, false},
		{"late once more", 6000, 3380, false, false, false},
		{"no key unit yet", 9999, 9990, false, false, false},
		{"no key unit ever: the decoder finds its start", 10_001, 10_000, false, true, true},
	}
	var b backlog
	for _, s := range steps {
		take, anew := b.take(at(s.now), driver.Unit{Key: s.key, Arrived: at(s.arrived)})
		assert.Equal(t, s.take, take, s.what)
		assert.Equal(t, s.anew, anew, s.what)
	}
}
