package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
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
	bones, err := s.distinct(ctx, &c, s.bones(chain, c.Floor))
	if err != nil {
		return c, err
	}
	if c.Events, err = s.distinct(ctx, &c, []string{s.v.name("events") + s.above(chain, c.Floor)}); err != nil {
		return c, err
	}
	if want := c.Last - c.Floor; c.Events == want && bones == want {
		return c, nil // the usual case
	}
	have, err := s.distinct(ctx, &c, s.accounted(chain, c.Floor))
	if err != nil {
		return c, err
	}
	c.Disposed = have - c.Events
	if want := c.Last - c.Floor; have == want && bones == want {
		return c, nil
	}
	for _, from := range [][]string{s.bones(chain, c.Floor), s.accounted(chain, c.Floor)} {
		g, err := s.holes(ctx, from, c.Floor, c.Last)
		if err != nil {
			return c, fmt.Errorf("clickhouse: gaps of %s: %w", chain, err)
		}
		c.Gaps = join(c.Gaps, g)
	}
	c.Gaps = c.Gaps[:min(len(c.Gaps), MaxLimit)]
	return c, nil
}

// blockSize is how many numbers are looked at as one, in the skeleton's
// projection as well.
const blockSize = 1 << 16

// blocks selects, as bitmaps m of a block each, the numbers that table expressions
// hold, which have no number in common.
func blocks(from []string) string {
	var all []string
	for _, f := range from {
		all = append(all, fmt.Sprintf("SELECT groupBitmapState(seq) AS m FROM %s GROUP BY intDiv(seq, %d)", f, blockSize))
	}
	return strings.Join(all, " UNION ALL ")
}

// distinct counts the different numbers that table expressions hold, which have
// no number in common, and raises c's last one.
func (s *Store) distinct(ctx context.Context, c *Completeness, from []string) (n uint64, err error) {
	q := "SELECT sum(bitmapCardinality(m)), max(bitmapMax(m)) FROM (" + blocks(from) + ")"
	if s.o.Legacy {
		q = "SELECT uniqExact(seq), max(seq) FROM " + from[0]
	}
	var last uint64
	if err := s.conn.QueryRow(ctx, q).Scan(&n, &last); err != nil {
		return 0, fmt.Errorf("clickhouse: completeness of %s: %w", c.ChainID, err)
	}
	c.Last = max(c.Last, last)
	return n, nil
}

func (s *Store) above(chain string, floor uint64) string {
	return fmt.Sprintf(" WHERE chain_id = %s AND seq > %d", quote(chain), floor)
}

// bones are table expressions of a chain's skeleton. Of whole blocks the server
// has the numbers at hand, if nothing else is asked of the rows; see
// 0005_blocks.sql.
func (s *Store) bones(chain string, floor uint64) []string {
	table := s.v.name("skeleton")
	if s.o.Legacy {
		return []string{table + s.above(chain, floor)}
	}
	if floor == 0 {
		return []string{table + " WHERE chain_id = " + quote(chain)}
	}
	next := floor/blockSize + 1
	return []string{
		fmt.Sprintf("%s%s AND seq < %d", table, s.above(chain, floor), next*blockSize),
		fmt.Sprintf("%s WHERE chain_id = %s AND intDiv(seq, %d) >= %d", table, quote(chain), blockSize, next),
	}
}

// accounted is the table expression of the numbers above floor that are stored, or of which it is
// known why they are not.
func (s *Store) accounted(chain string, floor uint64) []string {
	before := fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", s.keptFrom().UnixMilli())
	if s.o.Legacy {
		before = fmt.Sprint(s.keptFrom().UnixMilli())
	}
	at := s.above(chain, floor)
	return []string{"(SELECT seq FROM " + s.v.name("events") + at +
		" UNION ALL SELECT seq FROM " + s.v.name("disposed") + at +
		" UNION ALL SELECT seq FROM " + s.v.name("skeleton") + at + " AND ts < " + before + ")"}
}

// holes returns what lies between the numbers that a table expression holds, up
// to last. Each block is cut at its own holes; between what is left lie all of
// them. So a long chain needs no more memory than its blocks and its holes.
func (s *Store) holes(ctx context.Context, from []string, floor, last uint64) ([]Gap, error) {
	if s.o.Legacy {
		return s.legacyHoles(ctx, from[0], floor, last)
	}
	rows, err := s.conn.Query(ctx, fmt.Sprintf(`SELECT toUInt64(before + 1), toUInt64(first - 1) FROM (
			SELECT run.1 AS first, lagInFrame(run.2, 1, toInt64(%[2]d)) OVER (ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
			FROM (
				SELECT run FROM (
					SELECT lo, hi, arrayMap(x -> toInt64(x), bitmapToArray(bitmapAndnot(bitmapBuild(
						range(toUInt64(lo), toUInt64(if(bitmapCardinality(m) = hi - lo + 1, lo, hi + 1)))), m))) AS inside
					FROM (SELECT m, toInt64(bitmapMin(m)) AS lo, toInt64(bitmapMax(m)) AS hi FROM (%[1]s)))
				ARRAY JOIN arrayFilter(r -> r.1 <= r.2, arrayMap((a, b) -> (a + 1, b - 1), arrayPushFront(inside, lo - 1), arrayPushBack(inside, hi + 1))) AS run
				UNION ALL SELECT (toInt64(%[3]d), toInt64(%[3]d)) AS run))
		WHERE first > before + 1 ORDER BY first LIMIT %[4]d`, blocks(from), floor, last+1, MaxLimit))
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
func (s *Store) legacyHoles(ctx context.Context, from string, floor, last uint64) ([]Gap, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT seq FROM "+from+" ORDER BY seq")
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
