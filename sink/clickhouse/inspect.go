package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// Place is one number of a chain as the server holds it.
type Place struct {
	Seq   uint64
	Event *event.Event // nil for a skeleton
	// Of a skeleton.
	Prev, Hash event.Digest
	TS         time.Time
	Rule       string // that it was disposed of under; empty when the server does not say
}

// Inspector reads chains for somebody who trusts neither the rows nor whoever
// administers the server. It changes nothing and needs no more than to read.
type Inspector struct {
	s *Store
}

// Inspect returns an Inspector over conn, which it does not close. It fails like
// Open.
func Inspect(ctx context.Context, conn driver.Conn, v Variant) (*Inspector, error) {
	s, err := Open(ctx, conn, Options{Variant: v})
	if err != nil {
		return nil, err
	}
	return &Inspector{s}, nil
}

// Chains lists the chains that have left a trace, in the log or in its skeleton.
func (in *Inspector) Chains(ctx context.Context) ([]string, error) {
	var out []string
	err := in.s.conn.QueryRow(ctx, `SELECT arraySort(groupUniqArray(c)) FROM (
		SELECT DISTINCT toString(chain_id) AS c FROM `+in.s.v.name("events")+`
		UNION ALL SELECT DISTINCT toString(chain_id) AS c FROM `+in.s.v.name("skeleton")+`
		UNION ALL SELECT toString(chain_id) AS c FROM `+in.s.v.name("chain_floor")+`)`).Scan(&out)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: chains: %w", err)
	}
	return out, nil
}

// Floor returns the number up to which even skeletons are gone, zero if none.
func (in *Inspector) Floor(ctx context.Context, chain string) (event.Head, error) {
	h := event.Head{ChainID: chain}
	err := in.s.conn.QueryRow(ctx, `SELECT max(seq), argMax(row_hash, seq) FROM `+in.s.v.name("chain_floor")+` WHERE chain_id = ?`, chain).
		Scan(&h.Seq, (*[32]byte)(&h.Hash))
	if err != nil {
		return event.Head{}, fmt.Errorf("clickhouse: floor of %s: %w", chain, err)
	}
	if h.Seq == 0 {
		return event.Head{}, nil
	}
	return h, nil
}

// Last is the highest number of a chain that has left a trace, 0 for none.
func (in *Inspector) Last(ctx context.Context, chain string) (uint64, error) {
	return in.s.top(ctx, chain)
}

// window is how many numbers are read at once.
const window = 20_000

// Walk calls fn with a chain's rows and skeletons numbered from to to (both
// included; to 0 means the end), by number. A skeleton comes where its row is
// gone, and beside a row that it contradicts. Numbers with several contents come
// as often.
func (in *Inspector) Walk(ctx context.Context, chain string, from, to uint64, fn func(Place) error) error {
	if to == 0 {
		to = 1<<64 - 1
	}
	for from <= to {
		n, first, err := in.next(ctx, chain, from, to)
		if err != nil || n == 0 {
			return err
		}
		last := first + window - 1
		if last < first || last > to {
			last = to
		}
		if err := in.walk(ctx, chain, first, last, fn); err != nil {
			return err
		}
		if from = last + 1; from == 0 {
			return nil
		}
	}
	return nil
}

// next finds the first number from from on of which anything is there.
func (in *Inspector) next(ctx context.Context, chain string, from, to uint64) (n, first uint64, err error) {
	where := fmt.Sprintf(" WHERE chain_id = %s AND seq >= %d AND seq <= %d", quote(chain), from, to)
	err = in.s.conn.QueryRow(ctx, "SELECT sum(n), minIf(first, n > 0) FROM ("+
		"SELECT count() AS n, min(seq) AS first FROM "+in.s.v.name("events")+where+
		" UNION ALL SELECT count() AS n, min(seq) AS first FROM "+in.s.v.name("skeleton")+where+")").Scan(&n, &first)
	if err != nil {
		return 0, 0, fmt.Errorf("clickhouse: inspect %s: %w", chain, err)
	}
	return n, first, nil
}

// walk reads one window.
func (in *Inspector) walk(ctx context.Context, chain string, first, last uint64, fn func(Place) error) error {
	bare, err := in.bare(ctx, chain, first, last)
	if err != nil {
		return err
	}
	rows, err := in.s.conn.Query(ctx, fmt.Sprintf("SELECT arrived, %s FROM %s FINAL WHERE chain_id = %s AND seq >= %d AND seq <= %d ORDER BY seq, row_hash",
		in.s.list, in.s.v.name("events"), quote(chain), first, last))
	if err != nil {
		return fmt.Errorf("clickhouse: inspect %s: %w", chain, err)
	}
	whole, err := in.s.scan(rows)
	if err != nil {
		return err
	}
	for i := range whole {
		e := &whole[i].Event
		for len(bare) > 0 && bare[0].Seq < e.Seq {
			if err := fn(bare[0]); err != nil {
				return err
			}
			bare = bare[1:]
		}
		if err := fn(Place{Seq: e.Seq, Event: e}); err != nil {
			return err
		}
	}
	for _, p := range bare {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

// bare lists the skeletons of a window that have no row of the same content.
func (in *Inspector) bare(ctx context.Context, chain string, first, last uint64) ([]Place, error) {
	where := fmt.Sprintf(" WHERE chain_id = %s AND seq >= %d AND seq <= %d", quote(chain), first, last)
	rows, err := in.s.conn.Query(ctx, "SELECT seq, any(ts), any(prev_hash), row_hash, any(rule) FROM "+in.s.v.name("skeleton")+" AS s LEFT JOIN ("+
		"SELECT seq, toString(any(rule)) AS rule FROM "+in.s.v.name("disposed")+where+" GROUP BY seq) AS d USING (seq)"+
		where+" AND (seq, row_hash) NOT IN (SELECT seq, row_hash FROM "+in.s.v.name("events")+where+") GROUP BY seq, row_hash ORDER BY seq, row_hash")
	if err != nil {
		return nil, fmt.Errorf("clickhouse: inspect skeleton of %s: %w", chain, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Seq, &p.TS, (*[32]byte)(&p.Prev), (*[32]byte)(&p.Hash), &p.Rule); err != nil {
			return nil, fmt.Errorf("clickhouse: inspect skeleton of %s: %w", chain, err)
		}
		if p.Rule == "" && p.TS.Before(in.s.keptFrom()) {
			p.Rule = "events"
		}
		p.TS = p.TS.UTC()
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("clickhouse: inspect skeleton of %s: %w", chain, err)
	}
	return out, nil
}
