package event

// texts keeps the short texts that come again and again (sites, cameras, zones,
// versions), so that a reader of many events holds each once. The zero value is
// ready.
type texts struct{ seen map[string]string }

// keepMax and keepLen bound what is remembered: 4096 texts of 64 bytes.
const keepMax, keepLen = 4096, 64

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
