package event

// texts keeps the short texts that come again and again (sites, cameras, zones,
// versions), so that a reader of many events holds each once, and gives room to
// the bytes that come but once. The zero value is ready.
type texts struct {
	seen map[string]string
	last [64]string // by field; there are fewer
	room []byte
}

// keepMax and keepLen bound what is remembered: 4096 texts of 64 bytes.
const keepMax, keepLen = 4096, 64

// roomSize is what is allocated at once for the bytes of many events. One event
// that is kept keeps no more than that alive.
const roomSize = 16 << 10

// again is keep for the field of a number: mostly its text is the one before.
func (t *texts) again(field int, b []byte) string {
	if t == nil {
		return string(b)
	}
	if s := t.last[field]; s == string(b) {
		return s
	}
	s := t.keep(b)
	t.last[field] = s
	return s
}

func (t *texts) keep(b []byte) string {
	if t == nil || len(b) > keepLen {
		return string(b)
	}
	if s, ok := t.seen[string(b)]; ok {
		return s
	}
	if t.seen == nil || len(t.seen) >= keepMax {
		t.seen = make(map[string]string, 64)
	}
	s := string(b)
	t.seen[s] = s
	return s
}

// place returns n bytes for one event to keep, which nothing else has.
func (t *texts) place(n int) []byte {
	if t == nil || n > roomSize/8 {
		return make([]byte, n)
	}
	if len(t.room) < n {
		t.room = make([]byte, roomSize)
	}
	b := t.room[:n:n]
	t.room = t.room[n:]
	return b
}
