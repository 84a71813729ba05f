package policy

import (
	"crypto/sha256"
	"encoding/binary"

	"bystander/internal/event"
)

// sum is SHA-256 over a domain and parts, each with its length in front, so
// that no two lists of parts share an input.
func sum(domain string, parts ...[]byte) event.Digest {
	h := sha256.New()
	var n [8]byte
	put := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	put([]byte(domain))
	for _, p := range parts {
		put(p)
	}
	var d event.Digest
	h.Sum(d[:0])
	return d
}
