package app_test

import (
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/audit/verify"
	"bystander/internal/app"
	"bystander/internal/event"
	chserver "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
	"bystander/sink/spool"
)

// toClickHouse puts a house's events, whoever made them, into a database of its
// own, and configures the house to use it.
func (h *house) toClickHouse(t testing.TB, evs []event.Event) *chserver.Server {
	t.Helper()
	s := chserver.StartEngine(t, chserver.Options{})
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	v := clickhouse.Variant{Database: s.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: v})
	require.NoError(t, err)
	if len(evs) > 0 {
		require.NoError(t, st.Append(t.Context(), evs))
	}
	h.cfg.Events.ClickHouse.Addrs, h.cfg.Events.ClickHouse.HTTP, h.cfg.Events.ClickHouse.Database = []string{s.Addr()}, true, s.Database()
	sp, err := spool.Open(filepath.Join(h.cfg.Data, "spool"), spool.Options{})
	require.NoError(t, err)
	cur, err := sp.Consumer("kafka")
	require.NoError(t, err)
	require.NoError(t, cur.Ack(uint64(len(h.events))))
	require.NoError(t, sp.Close())
	return s
}

// in names the tables of a statement in full.
func in(s *chserver.Server, sql string) string {
	for _, verb := range []string{"TABLE ", "INTO ", "FROM "} {
		for _, table := range []string{"events", "skeleton", "disposed", "chain_floor"} {
			sql = strings.ReplaceAll(sql, verb+table+" ", verb+s.Database()+"."+table+" ")
		}
	}
	return sql
}

// TestSuperuserOfClickHouse gives an attacker the server: each deed is found and
// its number named.
//
// proves: A-25, INV-14
func TestSuperuserOfClickHouse(t *testing.T) {
	_, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	const sync = " SETTINGS mutations_sync = 2"
	for name, tc := range map[string]struct {
		sql  []string
		rows func(t *testing.T, h *house) []event.Event
		code verify.Code
		seq  uint64
	}{
		"a field rewritten": {sql: []string{"ALTER TABLE events UPDATE camera_id = 'elsewhere' WHERE seq = 120" + sync}, code: verify.Altered, seq: 120},
		"a row deleted, its skeleton left": {
			sql: []string{"ALTER TABLE events DELETE WHERE seq = 120" + sync}, code: verify.Unexplained, seq: 120,
		},
		"a row and its skeleton deleted": {
			sql:  []string{"ALTER TABLE events DELETE WHERE seq = 120" + sync, "ALTER TABLE skeleton DELETE WHERE seq = 120" + sync},
			code: verify.Dropped, seq: 120,
		},
		"a disposal made up": {
			sql: []string{
				"INSERT INTO disposed SELECT chain_id, seq, ts, row_hash, 'erasure', now64(3) FROM events WHERE seq = 120",
				"ALTER TABLE events DELETE WHERE seq = 120" + sync,
			}, code: verify.Unexplained, seq: 120,
		},
		"a floor made up": {
			sql: []string{
				"INSERT INTO chain_floor SELECT chain_id, seq, row_hash, now64(3) FROM events WHERE seq = 50",
				"ALTER TABLE events DELETE WHERE seq <= 50" + sync, "ALTER TABLE skeleton DELETE WHERE seq <= 50" + sync,
			}, code: verify.Unexplained, seq: 1,
		},
		"a skeleton rewritten": {
			sql: []string{"INSERT INTO skeleton SELECT chain_id, seq, ts, prev_hash, prev_hash FROM events WHERE seq = 120"}, code: verify.Forked, seq: 120,
		},
		"a second content": {
			sql: []string{"INSERT INTO events SELECT * REPLACE ('elsewhere' AS camera_id, prev_hash AS row_hash) FROM events WHERE seq = 120"}, code: verify.Altered, seq: 120,
		},
		"the chain recomputed, signed by a new key": {rows: func(t *testing.T, h *house) []event.Event {
			return h.forge(t, 120, other, elsewhere)
		}, code: verify.Altered, seq: 120},
	} {
		t.Run(name, func(t *testing.T) {
			h := buildHouse(t, housed)
			rows := h.events
			if tc.rows != nil {
				rows = tc.rows(t, h)
			}
			s := h.toClickHouse(t, rows)
			if tc.rows == nil {
				clean, err := h.verify(t, app.VerifyOptions{})
				require.NoError(t, err, "%v", clean.Findings)
				require.Equal(t, []uint64{housed, housed, 1}, []uint64{clean.Rows, clean.Logged, uint64(clean.Checkpoints)})
			}
			for _, q := range tc.sql {
				s.Exec(in(s, q))
			}
			r, err := h.verify(t, app.VerifyOptions{Chain: "edge-1"})
			require.ErrorContains(t, err, "not whole")
			require.False(t, r.Intact)
			require.Equal(t, tc.code, r.Findings[0].Code, "%v", r.Findings)
			require.Equal(t, tc.seq, r.Findings[0].Seq, "%v", r.Findings)

			// The store of this machine is another one, and is well.
			r, err = h.verify(t, app.VerifyOptions{Store: "local"})
			require.NoError(t, err, "%v", r.Findings)
		})
	}
}

// TestWhatClickHouseHoldsIsWhole: duplicates that are not merged yet are no
// finding, and an erasure is explained by the signed event that tells of it.
func TestWhatClickHouseHoldsIsWhole(t *testing.T) {
	h := buildHouse(t, housed)
	s := h.toClickHouse(t, h.events)
	s.Exec(in(s, "INSERT INTO events SELECT * FROM events WHERE seq > 100"))
	r, err := h.verify(t, app.VerifyOptions{})
	require.NoError(t, err, "%v", r.Findings)
	require.EqualValues(t, housed, r.Rows)
	r, err = h.verify(t, app.VerifyOptions{From: 50, To: 60})
	require.NoError(t, err, "%v", r.Findings)
	require.EqualValues(t, 11, r.Rows)
	_, err = h.verify(t, app.VerifyOptions{Store: "elsewhere"})
	require.ErrorIs(t, err, app.ErrUsage)
}
