package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/policy"
)

// The records of the policy topic. Compaction keeps the newest of each key:
//
//	lease/SITE               the lease as JSON; every two seconds
//	snapshot/SITE/HASH/I-N   part I of N (from 0) of the snapshot's JSON, where
//	                         HASH is what the lease names; no value: disposed of
//
// Site ids hold no slash (policy checks them).
const (
	leasePrefix    = "lease/"
	snapshotPrefix = "snapshot/"

	typeLease    = "bystander.policy.lease.v1"
	typeSnapshot = "bystander.policy.snapshot.v1"

	// partBytes is what one record carries at most. It stays below a broker's
	// usual 1 MiB even if nothing can be compressed.
	partBytes = 512 << 10
	// usualBytes is what it carries where that makes no more than usualParts: on a
	// slow line leases fit between small ones, and each gets through in the time
	// that a request has.
	usualBytes = 64 << 10
	usualParts = 256
	maxParts   = 1024
	maxLease   = 4096 // bytes
)

var (
	// ErrMalformed reports a record that is none of the above.
	ErrMalformed = errors.New("relay: malformed record")
	// ErrContent reports a snapshot whose parts do not give the content named.
	ErrContent = errors.New("relay: snapshot does not match its hash")
	// ErrTooMuch reports snapshots beyond what a follower keeps.
	ErrTooMuch = errors.New("relay: snapshot too large")
)

func headers(typ, site string, at time.Time) []kafka.Header {
	return []kafka.Header{
		{Key: kafkax.HeaderSpec, Value: []byte(event.SpecVersion)},
		{Key: kafkax.HeaderType, Value: []byte(typ)},
		{Key: kafkax.HeaderSource, Value: []byte("/bystander/policy/" + site)},
		{Key: kafkax.HeaderTime, Value: at.UTC().AppendFormat(nil, time.RFC3339Nano)},
		{Key: kafkax.HeaderMedia, Value: []byte(event.ContentType)},
	}
}

func leaseRecord(l policy.Lease) (kafka.Message, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return kafka.Message{}, fmt.Errorf("relay: lease: %w", err)
	}
	h := append(headers(typeLease, l.Site, l.Issued), kafka.Header{Key: kafkax.HeaderID, Value: []byte(l.Site + "-" + strconv.FormatUint(l.Serial, 10))})
	return kafka.Message{Key: []byte(leasePrefix + l.Site), Value: b, Headers: h}, nil
}

// snapshotRecords splits a snapshot into records.
func snapshotRecords(s *policy.Snapshot, hash event.Digest, at time.Time) ([]kafka.Message, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("relay: snapshot: %w", err)
	}
	size := min(max(usualBytes, (len(b)+usualParts-1)/usualParts), partBytes)
	n := (len(b) + size - 1) / size
	if n > maxParts {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooMuch, len(b))
	}
	out := make([]kafka.Message, n)
	for i := range out {
		p := part{site: s.Site, hash: hash, index: i, count: n}
		h := append(headers(typeSnapshot, s.Site, at), kafka.Header{Key: kafkax.HeaderID, Value: []byte(p.key())})
		out[i] = kafka.Message{Key: []byte(p.key()), Value: b[i*size : min((i+1)*size, len(b))], Headers: h}
	}
	return out, nil
}

// part names one record of a snapshot.
type part struct {
	site         string
	hash         event.Digest
	index, count int
}

func (p part) key() string {
	return fmt.Sprintf("%s%s/%s/%d-%d", snapshotPrefix, p.site, p.hash, p.index, p.count)
}

// parsePart reads a snapshot record's key.
func parsePart(key string) (part, error) {
	f := strings.Split(strings.TrimPrefix(key, snapshotPrefix), "/")
	bad := fmt.Errorf("%w: key %.200q", ErrMalformed, key)
	if len(f) != 3 {
		return part{}, bad
	}
	p := part{site: f[0]}
	if p.hash.UnmarshalText([]byte(f[1])) != nil || p.hash.IsZero() {
		return part{}, bad
	}
	i, n, ok := strings.Cut(f[2], "-")
	var err1, err2 error
	p.index, err1 = strconv.Atoi(i)
	p.count, err2 = strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || p.count < 1 || p.count > maxParts || p.index < 0 || p.index >= p.count || p.key() != key {
		return part{}, bad
	}
	return p, nil
}

func parseLease(b []byte) (policy.Lease, error) {
	var l policy.Lease
	if len(b) > maxLease {
		return l, fmt.Errorf("%w: a lease of %d bytes", ErrMalformed, len(b))
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("%w: lease: %w", ErrMalformed, err)
	}
	return l, nil
}
