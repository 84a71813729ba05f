package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Gap is a run of missing numbers, both ends included.
type Gap struct{ First, Last uint64 }

// Completeness says what of a chain is there.
type Completeness struct {
	ChainID  string
	Floor    uint64 // everything up to it has been disposed of under its rule
	Last     uint64 // highest number stored
	Events   uint64 // whole rows
	Disposed uint64 // rows of which the skeleton remains
	Gaps     []Gap  // between Floor and Last; at most MaxLimit of them
}

// Complete checks a chain's numbers for gaps: what is neither stored nor was
// disposed of, under its rule or by erasure. Ask the edge's spool to replay
// them; Append puts them in their place. A row without its skeleton, as a server
// that was cut off can leave it, is a gap as well: the derived tables lack it.
func (s *Store) Complete(ctx context.Context, chain string) (Completeness, error) {
	c := Completeness{ChainID: chain}
	var err error
	if c.Floor, err = s.floor(ctx, chain); err != nil {
		return c, err
	}
	c.Last = c.Floor
	var have, bones uint64
	for _, q := range []struct {
		sql string
		n   *uint64
	}{
		{"SELECT seq FROM " + s.v.name("skeleton") + s.above(chain, c.Floor), &bones},
		{"SELECT seq FROM " + s.v.name("events") + s.above(chain, c.Floor), &c.Events},
		{s.accounted(chain, c.Floor), &have},
	} {
		var last uint64
		if err := s.conn.QueryRow(ctx, "SELECT "+s.distinct()+"(seq), max(seq) FROM ("+q.sql+")").Scan(q.n, &last); err != nil {
			return c, fmt.Errorf("clickhouse: completeness of %s: %w", chain, err)
		}
		c.Last = max(c.Last, last)
	}
	c.Disposed = have - c.Events
	want := c.Last - c.Floor
	if have == want && bones == want {
		return c, nil
	}
	for _, q := range []string{
		"SELECT seq FROM " + s.v.name("skeleton") + s.above(chain, c.Floor),
		s.accounted(chain, c.Floor),
	} {
		g, err := s.holes(ctx, q, c.Floor, c.Last)
		if err != nil {
			return c, fmt.Errorf("clickhouse: gaps of %s: %w", chain, err)
		}
		c.Gaps = join(c.Gaps, g)
	}
	c.Gaps = c.Gaps[:min(len(c.Gaps), MaxLimit)]
	return c, nil
}

// distinct counts different numbers; a bitmap of them is small where they are
// dense.
func (s *Store) distinct() string {
	if s.o.Legacy {
		return "uniqExact"
	}
	return "groupBitmap"
}

func (s *Store) above(chain string, floor uint64) string {
	return fmt.Sprintf(" WHERE chain_id = %s AND seq > %d", quote(chain), floor)
}

// accounted selects the numbers above floor that are stored, or of which it is
// known why they are not.
func (s *Store) accounted(chain string, floor uint64) string {
	before := fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", s.keptFrom().UnixMilli())
	if s.o.Legacy {
		before = fmt.Sprint(s.keptFrom().UnixMilli())
	}
	at := s.above(chain, floor)
	return "SELECT seq FROM " + s.v.name("events") + at +
		" UNION ALL SELECT seq FROM " + s.v.name("disposed") + at +
		" UNION ALL SELECT seq FROM " + s.v.name("skeleton") + at + " AND ts < " + before
}

// holes returns what lies between the numbers that q selects, up to last.
func (s *Store) holes(ctx context.Context, q string, floor, last uint64) ([]Gap, error) {
	if s.o.Legacy {
		return s.legacyHoles(ctx, q, floor, last)
	}
	rows, err := s.conn.Query(ctx, fmt.Sprintf(`SELECT prev + 1, toUInt64(seq - 1) FROM (
			SELECT seq, lagInFrame(seq, 1, toUInt64(%d)) OVER (ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS prev
			FROM (%s UNION ALL SELECT toUInt64(%d) AS seq))
		WHERE seq > prev + 1 ORDER BY seq LIMIT %d`, floor, q, last+1, MaxLimit))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Gap
	for rows.Next() {
		var g Gap
		if err := rows.Scan(&g.First, &g.Last); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// legacyHoles does the same without window functions, for the tests' small data.
func (s *Store) legacyHoles(ctx context.Context, q string, floor, last uint64) ([]Gap, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT seq FROM ("+q+") ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Gap
	prev := floor
	for rows.Next() {
		var n uint64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		if n > prev+1 {
			out = append(out, Gap{prev + 1, n - 1})
		}
		prev = n
	}
	if prev < last {
		out = append(out, Gap{prev + 1, last})
	}
	return out, rows.Err()
}

// join returns the union of two lists of gaps, in order and apart.
func join(a, b []Gap) []Gap {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y Gap) int { return cmp.Compare(x.First, y.First) })
	var out []Gap
	for _, g := range all {
		if k := len(out); k > 0 && g.First <= out[k-1].Last+1 {
			out[k-1].Last = max(out[k-1].Last, g.Last)
			continue
		}
		out = append(out, g)
	}
	return out
}
