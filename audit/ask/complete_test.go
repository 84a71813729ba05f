package ask_test

import (
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
)

// emptyLog is a database of the real engine without a row in it.
func emptyLog(t *testing.T) (*servers.Server, *sql.DB) {
	t.Helper()
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	_, err = clickhouse.Migrate(t.Context(), conn, clickhouse.Variant{Database: s.Database()})
	require.NoError(t, err)
	o, err := driver.ParseDSN(s.DSN())
	require.NoError(t, err)
	db := driver.OpenDB(o)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return s, db
}

// skeletons is what a test has put into the table, by chain and number: how many
// contents there are.
type skeletons map[string]map[uint64]int

// want is what the question has to say of the numbers from first to last.
func (k skeletons) want(only string, first, last uint64) []string {
	out := []string{}
	for _, chain := range slices.Sorted(maps.Keys(k)) {
		if only != "" && chain != only {
			continue
		}
		before := first - 1
		gap := func(to uint64) {
			if to > before+1 {
				out = append(out, fmt.Sprintf("%s %d %d %d", chain, before+1, to-1, to-1-before))
			}
		}
		for _, n := range slices.Sorted(maps.Keys(k[chain])) {
			if n < first || (last > 0 && n > last) {
				continue
			}
			gap(n)
			if before = n; k[chain][n] > 1 {
				out = append(out, fmt.Sprintf("%s %d %d 0", chain, n, n))
			}
		}
		if last > 0 && only != "" {
			gap(last + 1)
		}
	}
	return out
}

// TestCompleteIsExact compares the question's answer with a plain count, on
// chains of several blocks with holes, forks, and rows that came more than once:
// in separate parts, merged, and after somebody deleted rows behind the writer's
// back.
func TestCompleteIsExact(t *testing.T) {
	s, db := emptyLog(t)
	asker := ask.NewClickHouse(db, time.Now)
	table := s.Database() + ".skeleton"
	r := rand.New(rand.NewPCG(7, 0)) //nolint:gosec // not for secrets
	have := skeletons{}
	put := func(chain string, from, to uint64, content int) {
		s.Exec(fmt.Sprintf("INSERT INTO %s SELECT '%s', number, now64(3), toFixedString('', 32), toFixedString('%d', 32) FROM numbers(%d, %d) SETTINGS insert_deduplicate = 0",
			table, chain, content, from, to-from+1))
		if have[chain] == nil {
			have[chain] = map[uint64]int{}
		}
		for n := from; n <= to; n++ {
			have[chain][n] = max(have[chain][n], content)
		}
	}
	check := func(when string) {
		t.Helper()
		type span struct {
			chain       string
			first, last uint64
		}
		spans := []span{{"", 1, 0}, {"whole", 1, 0}, {"holes", 1, 0}, {"holes", 65_530, 131_080}, {"short", 1, 90}, {"", 70_000, 0}, {"whole", 1, 250_000}}
		for range 3 {
			first := 1 + r.Uint64N(150_000)
			spans = append(spans, span{"holes", first, first + r.Uint64N(100_000)})
		}
		for _, p := range spans {
			a, err := asker.Ask(t.Context(), "complete", map[string]string{
				"chain": p.chain, "first": strconv.FormatUint(p.first, 10), "last": strconv.FormatUint(p.last, 10), "rows": "10000",
			})
			require.NoError(t, err)
			require.Equal(t, have.want(p.chain, p.first, p.last), rowsOf(t, a, "chain_id", "first", "last", "missing"), "%s: %+v", when, p)
		}
	}
	s.Exec("SYSTEM STOP MERGES " + table)
	put("whole", 1, 200_000, 1)
	put("short", 1, 70, 1)
	put("short", 75, 80, 1)
	for from := uint64(1); from < 210_000; { // holes of all sizes, some over whole blocks
		to := from + r.Uint64N(40_000)
		put("holes", from, to, 1)
		from = to + 2 + r.Uint64N(3)*r.Uint64N(50_000)
	}
	check("as it came")
	put("whole", 60_000, 70_000, 1) // again
	put("holes", 1, 500, 1)
	check("some rows twice")
	for range 5 {
		n := 1 + r.Uint64N(200_000)
		put("whole", n, n, 2)
	}
	put("whole", 131_071, 131_073, 2)
	check("two contents")
	s.Exec("SYSTEM START MERGES " + table)
	s.Exec("OPTIMIZE TABLE " + table + " FINAL")
	check("merged")
	s.Exec("ALTER TABLE " + table + " DELETE WHERE chain_id = 'whole' AND (seq BETWEEN 100000 AND 100003 OR seq = 65536 OR seq > 199990) SETTINGS mutations_sync = 2")
	for n := range maps.Clone(have["whole"]) {
		if (n >= 100_000 && n <= 100_003) || n == 65_536 || n > 199_990 {
			delete(have["whole"], n)
		}
	}
	check("deleted by hand")
	s.Exec("ALTER TABLE " + table + " CLEAR PROJECTION blocks SETTINGS mutations_sync = 2")
	check("parts of before the blocks")
}
