package mlog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/transparency-dev/merkle/rfc6962"

	"bystander/internal/event"
)

// Leaf is what the Merkle log holds of one event: its place and its hash, which
// covers every other field. It tells nothing about anybody. Its data are four
// lines of text, each ended by a newline:
//
//	bystander/leaf/v1
//	<chain_id>
//	<seq, decimal>
//	<row_hash, 64 hex digits; "missing" for a number that could not be read>
//
// Leaf i of a log (from 0) holds number First+i of its chain, where First, the
// number in leaf 0, is 1 unless the log was begun later than the chain.
type Leaf struct {
	Chain string
	Seq   uint64
	Hash  event.Digest // zero when missing
}

const (
	leafMark    = "bystander/leaf/v1"
	leafMissing = "missing"
)

// LeafOf returns the leaf of a sealed event.
func LeafOf(e *event.Event) Leaf { return Leaf{e.ChainID, e.Seq, e.RowHash} }

// Data is the leaf's form in the log.
func (l Leaf) Data() []byte {
	hash := leafMissing
	if !l.Hash.IsZero() {
		hash = l.Hash.String()
	}
	return fmt.Appendf(nil, "%s\n%s\n%d\n%s\n", leafMark, l.Chain, l.Seq, hash)
}

// MerkleHash is the leaf's hash in the tree: SHA-256(0x00 ‖ data), RFC 6962.
func (l Leaf) MerkleHash() []byte { return rfc6962.DefaultHasher.HashLeaf(l.Data()) }

// ParseLeaf reads what Data wrote; anything else fails with ErrLeaf.
func ParseLeaf(b []byte) (Leaf, error) {
	lines := strings.Split(string(b), "\n")
	if len(lines) != 5 || lines[0] != leafMark || lines[4] != "" {
		return Leaf{}, fmt.Errorf("%w: %d bytes", ErrLeaf, len(b))
	}
	seq, err := strconv.ParseUint(lines[2], 10, 64)
	if err != nil || seq == 0 {
		return Leaf{}, fmt.Errorf("%w: number %q", ErrLeaf, lines[2])
	}
	l := Leaf{Chain: lines[1], Seq: seq}
	if lines[3] != leafMissing {
		if err := l.Hash.UnmarshalText([]byte(lines[3])); err != nil {
			return Leaf{}, fmt.Errorf("%w: %w", ErrLeaf, err)
		}
	}
	if string(l.Data()) != string(b) || checkChain(l.Chain) != nil {
		return Leaf{}, fmt.Errorf("%w: not in the one form that it has", ErrLeaf)
	}
	return l, nil
}

// checkChain refuses names that cannot stand on a line of their own.
func checkChain(id string) error {
	if id == "" || len(id) > 255 || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("%w: chain id %q cannot be part of a leaf", ErrChain, id)
	}
	return nil
}
