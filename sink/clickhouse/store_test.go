package clickhouse_test

import (
	"context"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/internal/event"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
)

var _ sink.EventSink = (*clickhouse.Store)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial connects to a server of the testkit's.
func dial(t testing.TB, s *servers.Server, http bool) driver.Conn {
	t.Helper()
	c, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: http})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// engine gives a migrated database of the current engine.
func engine(t testing.TB) (*servers.Server, driver.Conn, clickhouse.Variant) {
	t.Helper()
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	return s, conn, v
}

func open(t testing.TB, conn driver.Conn, o clickhouse.Options) *clickhouse.Store {
	t.Helper()
	s, err := clickhouse.Open(t.Context(), conn, o)
	require.NoError(t, err)
	return s
}

func suite(t testing.TB, conn driver.Conn, o clickhouse.Options) sinktest.Store {
	s := open(t, conn, o)
	return sinktest.Store{
		Sink: s,
		Read: func(ctx context.Context, chain string) ([]event.Event, error) {
			return s.Chain(ctx, chain, 1, clickhouse.MaxLimit)
		},
		Missing: func(ctx context.Context, chain string) ([]uint64, error) {
			c, err := s.Complete(ctx, chain)
			var out []uint64
			for _, g := range c.Gaps {
				for n := g.First; n <= g.Last; n++ {
					out = append(out, n)
				}
			}
			return out, err
		},
		Reopen: func() sinktest.Store {
			require.NoError(t, s.Close())
			return suite(t, conn, o)
		},
	}
}

func TestConformanceOfTheEngine(t *testing.T) {
	sinktest.RunEventStore(t, func(t *testing.T) sinktest.Store {
		_, conn, v := engine(t)
		return suite(t, conn, clickhouse.Options{Variant: v})
	})
}

func TestConformanceOverNativeTCP(t *testing.T) {
	sinktest.RunEventStore(t, func(t *testing.T) sinktest.Store {
		s := servers.StartServer(t, servers.Options{Shared: true})
		conn, v := dial(t, s, false), clickhouse.Variant{Database: s.Database()}
		require.NoError(t, clickhouse.MigrateLegacy(t.Context(), conn, v))
		return suite(t, conn, clickhouse.Options{Variant: v, Legacy: true})
	})
}
