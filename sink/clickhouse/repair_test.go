package clickhouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
)

// spoil empties or alters the files of a table's only part, as a server leaves
// them that ran out of room in the middle of a merge.
func spoil(t *testing.T, s *servers.Server, table string, how func(path string) error) (part string) {
	t.Helper()
	rows := strings.Split(s.Exec(fmt.Sprintf(
		"SELECT name, path FROM system.parts WHERE active AND database = '%s' AND table = '%s'", s.Database(), table)), "\t")
	require.Len(t, rows, 2, "one part of %s", table)
	files, err := filepath.Glob(filepath.Join(rows[1], "*.bin"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.NoError(t, how(f))
	}
	s.Exec("SYSTEM DROP MARK CACHE")
	s.Exec("SYSTEM DROP UNCOMPRESSED CACHE")
	return rows[0]
}

func empty(path string) error { return os.Truncate(path, 0) }

// flip turns one bit in the middle of a file.
func flip(path string) error {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(path, b, 0o600)
}

func forget(path string) error { return os.Remove(path) }

// TestRepair spoils the only part of a table in several ways.
func TestRepair(t *testing.T) {
	for name, how := range map[string]func(string) error{"emptied": empty, "altered": flip, "removed": forget} {
		t.Run(name, func(t *testing.T) {
			s := servers.StartEngine(t, servers.Options{})
			conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
			_, err := clickhouse.Migrate(t.Context(), conn, v)
			require.NoError(t, err)
			st := open(t, conn, clickhouse.Options{Variant: v})
			evs := matches(t, "edge", 300)
			require.NoError(t, st.Append(t.Context(), evs))
			r, err := clickhouse.Repair(t.Context(), conn, v)
			require.NoError(t, err)
			require.Empty(t, r.Broken, "a store that is well")
			require.Positive(t, r.Checked)
			inLog := s.Exec("SELECT count() FROM " + s.Database() + ".match_log FINAL")
			require.NotEqual(t, "0", inLog)

			// What is derived from the log comes back from it.
			for _, table := range []string{"match_log", "event_hours", "skeleton"} {
				part := spoil(t, s, table, how)
				r, err = clickhouse.Repair(t.Context(), conn, v)
				require.NoError(t, err)
				require.Len(t, r.Broken, 1, "%+v", r)
				require.Equal(t, table, r.Broken[0].Table)
				require.Equal(t, part, r.Broken[0].Part)
				require.Equal(t, clickhouse.PartDropped, r.Broken[0].Outcome)
				require.Equal(t, []string{table}, r.Refilled)
				require.False(t, r.LogHit)
			}
			require.Equal(t, inLog+"\t"+inLog, s.Exec("SELECT count(), uniqExact(seq) FROM "+s.Database()+".match_log FINAL"))
			require.Equal(t, "300", s.Exec("SELECT groupBitmapMerge(seqs) FROM "+s.Database()+".event_hours"))
			c, err := st.Complete(t.Context(), "edge")
			require.NoError(t, err)
			require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 300, Events: 300}, c)

			// What the log itself loses shows as a gap, and can be stored again.
			spoil(t, s, "events", how)
			_, err = st.Chain(t.Context(), "edge", 1, 10)
			require.True(t, clickhouse.Damaged(err), "%v", err)
			r, err = st.Repair(t.Context(), time.Time{})
			require.NoError(t, err)
			require.True(t, r.LogHit)
			c, err = st.Complete(t.Context(), "edge")
			require.NoError(t, err)
			require.Equal(t, []clickhouse.Gap{{First: 1, Last: 300}}, c.Gaps)
			require.NoError(t, st.Append(t.Context(), evs))
			got, err := st.Chain(t.Context(), "edge", 1, clickhouse.MaxLimit)
			require.NoError(t, err)
			sinktest.Equal(t, evs, got)

			// What nothing can be derived from is left to a person.
			i := slices.IndexFunc(evs, func(e event.Event) bool { return !e.SubjectRef.IsZero() })
			_, err = st.Delete(t.Context(), []event.Digest{evs[i].SubjectRef})
			require.NoError(t, err)
			part := spoil(t, s, "disposed", how)
			for range 2 {
				r, err = clickhouse.Repair(t.Context(), conn, v)
				require.NoError(t, err)
				require.Equal(t, 1, r.Left())
				require.Equal(t, part, r.Broken[0].Part)
				require.Equal(t, clickhouse.PartLeft, r.Broken[0].Outcome)
			}
		})
	}
}

// TestRepairCopies: what can still be read of a part that does not pass the
// check is kept.
func TestRepairCopies(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v})
	evs := matches(t, "edge", 50)
	require.NoError(t, st.Append(t.Context(), evs))
	path := s.Exec("SELECT path FROM system.parts WHERE active AND database = '" + s.Database() + "' AND table = 'events'")
	idx, err := filepath.Glob(filepath.Join(path, "minmax_*.idx"))
	require.NoError(t, err)
	require.NotEmpty(t, idx)
	require.NoError(t, flip(idx[0]))
	r, err := clickhouse.Repair(t.Context(), conn, v)
	require.NoError(t, err)
	require.Len(t, r.Broken, 1)
	require.Equal(t, clickhouse.PartCopied, r.Broken[0].Outcome, "%+v", r)
	require.False(t, r.LogHit)
	got, err := st.Chain(t.Context(), "edge", 1, clickhouse.MaxLimit)
	require.NoError(t, err)
	sinktest.Equal(t, evs, got)
}

// TestInsertsLeaveRoom: the setting is on every table, once.
func TestInsertsLeaveRoom(t *testing.T) {
	s, conn, v := engine(t)
	require.Equal(t, "0", s.Exec("SELECT count() FROM system.tables WHERE engine LIKE '%MergeTree' AND name != 'schema_migrations' AND database = '"+s.Database()+
		"' AND (position(create_table_query, 'min_free_disk_bytes_to_perform_insert = 268435456') = 0 OR position(create_table_query, 'min_free_disk_ratio_to_perform_insert') = 0)"))
	s.Exec("ALTER TABLE " + s.Database() + ".events MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000")
	r, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.Empty(t, r.Room, "what an operator chose stays")
}

// TestACutOffRepairIsFinished: a repair gives up parts and is cut off before it
// has filled again what is derived from the log. The next one, whoever runs it,
// finds nothing broken and does so all the same; and whoever watches learns that
// rows have gone.
func TestACutOffRepairIsFinished(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v})
	evs := matches(t, "edge", 300)
	require.NoError(t, st.Append(t.Context(), evs))
	condition := func() clickhouse.Condition {
		c, err := st.Condition(t.Context())
		require.NoError(t, err)
		return c
	}
	before := condition()
	require.False(t, before.Unfinished)
	require.Equal(t, before, condition())
	inLog := s.Exec("SELECT count() FROM " + s.Database() + ".match_log FINAL")
	for _, table := range []string{"match_log", "skeleton"} {
		part := spoil(t, s, table, empty)
		s.Exec(fmt.Sprintf("INSERT INTO %s.repairs (ts, source, part, step, reason) VALUES (now64(3), '%s', '%s', 'begun', 'unreadable')", s.Database(), table, part))
		s.Exec(fmt.Sprintf("ALTER TABLE %s.%s DROP PART '%s'", s.Database(), table, part))
	}
	during := condition()
	require.True(t, during.Unfinished)
	require.NotEqual(t, before.Epoch, during.Epoch)
	r, err := clickhouse.RepairSince(t.Context(), conn, v, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, r.Broken)
	require.Equal(t, []string{"match_log", "skeleton"}, r.Refilled)
	require.Equal(t, inLog, s.Exec("SELECT count() FROM "+s.Database()+".match_log FINAL"))
	c, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 300, Events: 300}, c)
	after := condition()
	require.False(t, after.Unfinished)
	require.NotEqual(t, during.Epoch, after.Epoch)
	r, err = clickhouse.Repair(t.Context(), conn, v)
	require.NoError(t, err)
	require.Empty(t, r.Refilled)
	require.Equal(t, after, condition())

	// A server that was started again may have come back with less.
	s.Kill()
	s.Restart()
	require.NotEqual(t, after.Epoch, condition().Epoch)
}

// TestAPartThatWentIsNotTakenForStored: the server knows a batch by its token,
// also when the part that it became is gone. What is offered again after the
// store was told to forget is written.
func TestAPartThatWentIsNotTakenForStored(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v})
	evs := matches(t, "edge", 50)
	require.NoError(t, st.Append(t.Context(), evs))
	for _, table := range []string{"events", "skeleton"} {
		spoil(t, s, table, forget)
	}
	s.Kill()
	s.Restart() // the server puts aside what it cannot read
	st.Refresh()
	c, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Zero(t, c.Events)
	require.NoError(t, st.Append(t.Context(), evs))
	got, err := st.Chain(t.Context(), "edge", 1, clickhouse.MaxLimit)
	require.NoError(t, err)
	sinktest.Equal(t, evs, got)
	c, err = st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 50, Events: 50}, c)
}

// TestABrokenProjection: what the server keeps beside the rows for quick answers
// is spoilt. A repair writes the part anew, and nothing of the log is lost.
func TestABrokenProjection(t *testing.T) {
	for name, how := range map[string]func(string) error{"emptied": empty, "removed": forget} {
		t.Run(name, func(t *testing.T) {
			s := servers.StartEngine(t, servers.Options{})
			conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
			_, err := clickhouse.Migrate(t.Context(), conn, v)
			require.NoError(t, err)
			st := open(t, conn, clickhouse.Options{Variant: v})
			evs := matches(t, "edge", 300)
			require.NoError(t, st.Append(t.Context(), evs))
			path := s.Exec("SELECT path FROM system.parts WHERE active AND database = '" + s.Database() + "' AND table = 'skeleton'")
			files, err := filepath.Glob(filepath.Join(path, "blocks.proj", "*.bin"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, f := range files {
				require.NoError(t, how(f))
			}
			s.Exec("SYSTEM DROP MARK CACHE")
			s.Exec("SYSTEM DROP UNCOMPRESSED CACHE")
			r, err := clickhouse.Repair(t.Context(), conn, v)
			require.NoError(t, err)
			require.Len(t, r.Broken, 1)
			require.Equal(t, clickhouse.PartCopied, r.Broken[0].Outcome)
			require.Equal(t, "300", s.Exec("SELECT sum(n) FROM (SELECT chain_id, intDiv(seq, 65536) AS b, bitmapCardinality(groupBitmapState(seq)) AS n FROM "+s.Database()+".skeleton GROUP BY chain_id, b) SETTINGS force_optimize_projection = 1"))
			c, err := st.Complete(t.Context(), "edge")
			require.NoError(t, err)
			require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 300, Events: 300}, c)
		})
	}
}
