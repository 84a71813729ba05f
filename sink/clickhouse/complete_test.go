package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
)

// TestCompleteOverBlocks: a chain of several blocks of numbers, with holes of all
// sizes, rows that came twice, rows without their skeleton and without their
// event, disposed ones, and a floor.
func TestCompleteOverBlocks(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v})
	r := rand.New(rand.NewPCG(11, 0)) //nolint:gosec // not for secrets
	const top = 210_000
	var event, bone, gone [top + 1]bool
	put := func(table string, from, to uint64) {
		s.Exec(fmt.Sprintf("INSERT INTO %s.%s (chain_id, seq, ts, row_hash) SELECT 'edge', number, now64(3), toFixedString('x', 32) FROM numbers(%d, %d) SETTINGS insert_deduplicate = 0",
			s.Database(), table, from, to-from+1))
		for n := from; n <= to; n++ {
			event[n] = event[n] || table == "events"
			bone[n] = bone[n] || table != "disposed" // events bring theirs
			gone[n] = gone[n] || table == "disposed"
		}
	}
	check := func(when string, floor uint64) {
		t.Helper()
		want := clickhouse.Completeness{ChainID: "edge", Floor: floor, Last: floor}
		for n := floor + 1; n <= top; n++ {
			if event[n] || bone[n] || gone[n] {
				want.Last = n
			}
		}
		for n := floor + 1; n <= want.Last; n++ {
			if event[n] {
				want.Events++
			} else if gone[n] {
				want.Disposed++
			}
			if (event[n] || gone[n]) && bone[n] {
				continue
			}
			if k := len(want.Gaps); k > 0 && want.Gaps[k-1].Last == n-1 {
				want.Gaps[k-1].Last = n
			} else {
				want.Gaps = append(want.Gaps, clickhouse.Gap{First: n, Last: n})
			}
		}
		got, err := st.Complete(t.Context(), "edge")
		require.NoError(t, err)
		require.Equal(t, want, got, when)
	}
	check("nothing", 0)
	put("events", 1, 200_000)
	check("whole", 0)
	put("events", 60_000, 70_000)
	check("some twice", 0)
	drop := func(table string, from, to uint64) {
		s.Exec(fmt.Sprintf("ALTER TABLE %s.%s DELETE WHERE seq BETWEEN %d AND %d SETTINGS mutations_sync = 2", s.Database(), table, from, to))
		for n := from; n <= to; n++ {
			if table == "events" {
				event[n] = false
			} else {
				bone[n] = false
			}
		}
	}
	for range 3 {
		n := 1 + r.Uint64N(190_000)
		drop("events", n, n+r.Uint64N(100))
	}
	drop("events", 65_530, 65_540)
	drop("skeleton", 131_072, 131_072)
	drop("events", 140_000, 140_010)
	put("disposed", 140_000, 140_005)
	put("skeleton", 200_001, 200_001)
	check("holes", 0)
	drop("events", 65_000, 135_000)
	drop("skeleton", 65_000, 135_000)
	check("more than a block", 0)
	s.Exec(fmt.Sprintf("INSERT INTO %s.chain_floor VALUES ('edge', 65100, toFixedString('x', 32), now64(3))", s.Database()))
	check("with a floor", 65_100)
	plan := s.Exec(fmt.Sprintf("EXPLAIN SELECT groupBitmapState(seq) AS b FROM %s.skeleton WHERE chain_id = 'edge' AND intDiv(seq, 65536) >= 0 GROUP BY intDiv(seq, 65536)", s.Database()))
	require.Contains(t, plan, "ReadFromMergeTree (blocks)", "the skeleton is read row by row")
}
