package ask_test

import (
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	"bystander/internal/event"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
)

// inClickHouse stores the events in the real engine. Merging is off, so that
// rows which came twice stay twice, and half of them come first.
func inClickHouse(t *testing.T, events []event.Event) *ask.Asker {
	t.Helper()
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	v := clickhouse.Variant{Database: s.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	for _, table := range []string{"events", "match_log", "consent_changes", "camera_health", "control_log"} {
		s.Exec("SYSTEM STOP MERGES " + s.Database() + "." + table)
	}
	for _, part := range [][]event.Event{events[len(events)/2:], events, events[:len(events)/2]} {
		store, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: v, Now: asked})
		require.NoError(t, err)
		require.NoError(t, store.Append(t.Context(), part))
		require.NoError(t, store.Close())
	}
	o, err := driver.ParseDSN(s.DSN())
	require.NoError(t, err)
	db := driver.OpenDB(o)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return ask.NewClickHouse(db, asked)
}

func TestAnswersFromClickHouse(t *testing.T) { testAnswers(t, inClickHouse) }

func TestMissingRowsInClickHouse(t *testing.T) { testMissingRows(t, inClickHouse) }
