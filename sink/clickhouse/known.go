package clickhouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"strconv"

	"bystander/internal/event"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

func token(evs []*event.Event) string {
	h := sha256.New()
	for _, e := range evs {
		h.Write(e.RowHash[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// top is the highest number of a chain that has ever left a trace.
func (s *Store) top(ctx context.Context, chain string) (uint64, error) {
	var n uint64
	err := s.conn.QueryRow(ctx, `SELECT max(n) FROM (
		SELECT max(seq) AS n FROM `+s.v.name("skeleton")+` WHERE chain_id = ?
		UNION ALL SELECT max(seq) AS n FROM `+s.v.name("events")+` WHERE chain_id = ?
		UNION ALL SELECT max(seq) AS n FROM `+s.v.name("chain_floor")+` WHERE chain_id = ?)`, chain, chain, chain).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("clickhouse: last number of %s: %w", chain, err)
	}
	return n, nil
}

// knowledge is what the server has of some numbers of a chain.
type knowledge struct {
	floor uint64
	hash  map[uint64]event.Digest // stored now or once
	gone  map[uint64]bool         // disposed of before their time
}

// perQuestion bounds the numbers named in one query, which the server limits in
// length.
const perQuestion = 8000

func (s *Store) known(ctx context.Context, chain string, evs []*event.Event) (knowledge, error) {
	k := knowledge{hash: make(map[uint64]event.Digest, len(evs)), gone: map[uint64]bool{}}
	var err error
	if k.floor, err = s.floor(ctx, chain); err != nil {
		return k, err
	}
	for len(evs) > 0 {
		part := evs[:min(len(evs), perQuestion)]
		evs = evs[len(part):]
		for i, table := range []string{"skeleton", "events", "disposed"} {
			err := s.hashes(ctx, table, chain, part, func(seq uint64, h event.Digest) error {
				if old, ok := k.hash[seq]; ok && old != h {
					return fmt.Errorf("%w: %s/%d, in the store itself", ErrConflict, chain, seq)
				}
				k.hash[seq] = h
				if i == 2 {
					k.gone[seq] = true
				}
				return nil
			})
			if err != nil {
				return k, err
			}
		}
	}
	return k, nil
}

func (s *Store) hashes(ctx context.Context, table, chain string, evs []*event.Event, each func(uint64, event.Digest) error) error {
	q := []byte("SELECT DISTINCT seq, row_hash FROM " + s.v.name(table) + " WHERE chain_id = " + quote(chain))
	first, last := evs[0].Seq, evs[len(evs)-1].Seq
	q = append(q, " AND seq >= "...)
	q = strconv.AppendUint(q, first, 10)
	q = append(q, " AND seq <= "...)
	q = strconv.AppendUint(q, last, 10)
	if last-first >= uint64(len(evs)) { // not a plain run
		q = append(q, " AND seq IN ("...)
		for i := range evs {
			if i > 0 {
				q = append(q, ',')
			}
			q = strconv.AppendUint(q, evs[i].Seq, 10)
		}
		q = append(q, ')')
	}
	rows, err := s.conn.Query(ctx, string(q))
	if err != nil {
		return fmt.Errorf("clickhouse: look up %s: %w", table, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var seq uint64
		var h [32]byte
		if err := rows.Scan(&seq, &h); err != nil {
			return fmt.Errorf("clickhouse: look up %s: %w", table, err)
		}
		if err := each(seq, h); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("clickhouse: look up %s: %w", table, err)
	}
	return nil
}

func (s *Store) floor(ctx context.Context, chain string) (uint64, error) {
	var n uint64
	if err := s.conn.QueryRow(ctx, `SELECT max(seq) FROM `+s.v.name("chain_floor")+` WHERE chain_id = ?`, chain).Scan(&n); err != nil {
		return 0, fmt.Errorf("clickhouse: floor of %s: %w", chain, err)
	}
	return n, nil
}
