package clickhouse_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/testkit/clickhouse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, s *clickhouse.Server, change func(*ch.Options)) driver.Conn {
	t.Helper()
	o, err := ch.ParseDSN(s.DSN())
	require.NoError(t, err)
	if change != nil {
		change(o)
	}
	c, err := ch.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

const table = `CREATE TABLE e (chain_id LowCardinality(String), seq UInt64 CODEC(Delta, ZSTD), ts DateTime64(3, 'UTC'),
 score Nullable(Float32), hash FixedString(32), tags Map(String, String), ids Array(UInt32))
 ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (chain_id, seq) TTL toDateTime(ts) + INTERVAL 10 YEAR
 SETTINGS non_replicated_deduplication_window = 100`

func insert(ctx context.Context, c driver.Conn, from, n int) error {
	b, err := c.PrepareBatch(ctx, "INSERT INTO e (chain_id, seq, ts, score, hash, tags, ids)")
	if err != nil {
		return err
	}
	for i := from; i < from+n; i++ {
		score := float32(i)
		err := b.Append("edge", uint64(i), time.UnixMilli(int64(1_800_000_000_000+i)).UTC(), &score, //nolint:gosec // positive
			fmt.Sprintf("%032d", i), map[string]string{"a": fmt.Sprint(i)}, []uint32{1, 2})
		if err != nil {
			return err
		}
	}
	return b.Send()
}

func TestEngineAnswersTheDriver(t *testing.T) {
	s := clickhouse.StartEngine(t, clickhouse.Options{Shared: true})
	for _, m := range []ch.CompressionMethod{ch.CompressionNone, ch.CompressionLZ4, ch.CompressionZSTD, ch.CompressionGZIP, ch.CompressionDeflate, ch.CompressionBrotli} {
		t.Run(m.String(), func(t *testing.T) {
			c := open(t, s, func(o *ch.Options) { o.Compression = &ch.Compression{Method: m, Level: 3} })
			ctx := t.Context()
			require.NoError(t, c.Exec(ctx, "DROP TABLE IF EXISTS e SYNC"))
			require.NoError(t, c.Exec(ctx, table))
			require.NoError(t, insert(ctx, c, 0, 10_000))
			var n, sum uint64
			require.NoError(t, c.QueryRow(ctx, "SELECT count(), sum(seq) FROM e WHERE seq >= ? AND chain_id = ?", 100, "edge").Scan(&n, &sum))
			require.EqualValues(t, 9900, n)
			require.EqualValues(t, (100+9999)*9900/2, sum)
			row := c.QueryRow(ctx, "SELECT ts, score, hash, tags, ids FROM e WHERE seq = {n:UInt64}", ch.Named("n", 7))
			var ts time.Time
			var score *float32
			var hash string
			var tags map[string]string
			var ids []uint32
			require.NoError(t, row.Scan(&ts, &score, &hash, &tags, &ids))
			require.Equal(t, time.UnixMilli(1_800_000_000_007).UTC(), ts)
			require.InDelta(t, 7, *score, 0)
			require.Equal(t, fmt.Sprintf("%032d", 7), hash)
			require.Equal(t, map[string]string{"a": "7"}, tags)
			require.Equal(t, []uint32{1, 2}, ids)
		})
	}
}

func TestEngineTakesABatchOnce(t *testing.T) {
	s := clickhouse.StartEngine(t, clickhouse.Options{Shared: true})
	c := open(t, s, nil)
	require.NoError(t, c.Exec(t.Context(), table))
	for _, token := range []string{"a", "a", "b"} {
		ctx := ch.Context(t.Context(), ch.WithSettings(ch.Settings{"insert_deduplication_token": token}))
		require.NoError(t, insert(ctx, c, 0, 10))
	}
	require.Equal(t, "20", s.Exec("SELECT count() FROM "+s.Database()+".e"))
}

func TestEngineNamesItsErrors(t *testing.T) {
	s := clickhouse.StartEngine(t, clickhouse.Options{Shared: true})
	c := open(t, s, nil)
	for sql, code := range map[string]int32{"SELECT * FROM missing": 60, "SELEC 1": 62, "SELECT throwIf(1)": 395, "SELECT 1 SETTINGS nonsense = 1": 115} {
		err := c.Exec(t.Context(), sql)
		var e *ch.Exception
		require.ErrorAs(t, err, &e, sql)
		require.Equal(t, code, e.Code, sql)
	}
	// Not by the driver, which leaves the connection of a failed hello open.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/?query=SELECT+1", nil)
	require.NoError(t, err)
	req.SetBasicAuth("somebody", "else")
	req.Close = true
	r, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusForbidden, r.StatusCode)
	require.Equal(t, "516", r.Header.Get("X-ClickHouse-Exception-Code"))
}

func TestEngineServesManyAtOnce(t *testing.T) {
	s := clickhouse.StartEngine(t, clickhouse.Options{Shared: true})
	c := open(t, s, func(o *ch.Options) { o.MaxOpenConns = 8 })
	require.NoError(t, c.Exec(t.Context(), table))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 10 {
				if err := insert(t.Context(), c, (w*10+i)*100, 100); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, "8000\t8000", s.Exec("SELECT count(), uniqExact(seq) FROM "+s.Database()+".e"))
}

func TestEngineKeepsASession(t *testing.T) {
	s := clickhouse.StartEngine(t, clickhouse.Options{Shared: true})
	c := open(t, s, func(o *ch.Options) { o.MaxOpenConns = 1; o.Settings = ch.Settings{"session_id": t.Name()} })
	require.NoError(t, c.Exec(t.Context(), "CREATE TEMPORARY TABLE x (a UInt8)"))
	require.NoError(t, c.Exec(t.Context(), "INSERT INTO x VALUES (1), (2)"))
	var n uint64
	require.NoError(t, c.QueryRow(t.Context(), "SELECT count() FROM x").Scan(&n))
	require.EqualValues(t, 2, n)
}

func TestEngineSurvivesKillPauseAndStop(t *testing.T) {
	begun := time.Now()
	s := clickhouse.StartEngine(t, clickhouse.Options{})
	t.Logf("start: %v", time.Since(begun).Round(time.Millisecond))
	c := open(t, s, nil)
	require.NoError(t, c.Exec(t.Context(), table))
	require.NoError(t, insert(t.Context(), c, 0, 1000))
	s.Kill()
	require.Error(t, insert(t.Context(), c, 1000, 1))
	begun = time.Now()
	s.Restart()
	t.Logf("restart after a kill: %v", time.Since(begun).Round(time.Millisecond))
	require.NoError(t, insert(t.Context(), c, 1000, 1000))

	s.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.Error(t, c.Ping(ctx))
	s.Resume()
	s.Stop()
	s.Restart()
	require.Equal(t, "2000", s.Exec("SELECT count() FROM "+s.Database()+".e"))
}

func TestServerOverNativeTCP(t *testing.T) {
	begun := time.Now()
	s := clickhouse.StartServer(t, clickhouse.Options{})
	t.Logf("start: %v", time.Since(begun).Round(time.Millisecond))
	require.Contains(t, s.Exec("SELECT version()"), "18.16")
	c := open(t, s, nil)
	ctx := t.Context()
	require.NoError(t, c.Exec(ctx, "CREATE TABLE n (chain_id String, seq UInt64) ENGINE = MergeTree ORDER BY (chain_id, seq)"))
	put := func(from int) error {
		b, err := c.PrepareBatch(ctx, "INSERT INTO n (chain_id, seq)")
		if err != nil {
			return err
		}
		for i := range 1000 {
			if err := b.Append("edge", uint64(from+i)); err != nil { //nolint:gosec // positive
				return err
			}
		}
		return b.Send()
	}
	require.NoError(t, put(0))
	s.Kill()
	require.Error(t, put(1000))
	begun = time.Now()
	s.Restart()
	t.Logf("restart after a kill: %v", time.Since(begun).Round(time.Millisecond))
	require.NoError(t, put(1000))
	require.Equal(t, "2000\t1999", s.Exec("SELECT count(), max(seq) FROM "+s.Database()+".n"))
}
