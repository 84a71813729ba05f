package clickhouse_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	ddl "bystander/deploy/clickhouse"
	"bystander/internal/event"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
)

// TestColumnsAreTheFields keeps schema, writer and event in step.
func TestColumnsAreTheFields(t *testing.T) {
	s, _, _ := engine(t)
	types := map[event.Type][]string{
		event.TypeString: {"String", "LowCardinality(String)", "UUID"},
		event.TypeTime:   {"DateTime64(3, 'UTC')"},
		event.TypeUint:   {"UInt32", "UInt64"},
		event.TypeFloat:  {"Float32"},
		event.TypeDigest: {"FixedString(32)"},
		event.TypeBytes:  {"String", "FixedString(16)", "FixedString(64)"},
		event.TypeMap:    {"Map(String, String)"},
	}
	var want, have []string
	for _, f := range event.Fields() {
		want = append(want, f.Name)
		typ := s.Exec(fmt.Sprintf("SELECT type FROM system.columns WHERE database = '%s' AND table = 'events' AND name = '%s'", s.Database(), f.Name))
		require.Contains(t, types[f.Type], strings.ReplaceAll(typ, `\'`, "'"), f.Name)
		if f.Type == event.TypeUint {
			require.Equal(t, fmt.Sprintf("UInt%d", f.Bits), typ, f.Name)
		}
		require.Equal(t, string(f.Class), clickhouse.Classes()["events"][f.Name], f.Name)
	}
	have = strings.Split(s.Exec(fmt.Sprintf("SELECT name FROM system.columns WHERE database = '%s' AND table = 'events' ORDER BY position", s.Database())), "\n")
	require.Equal(t, append(slices.Clone(want), "arrived"), have)
	require.Equal(t, want, clickhouse.ColumnNames())
}

// TestEveryColumnHasAClassAndEveryTableARule reads them off the engine itself.
func TestEveryColumnHasAClassAndEveryTableARule(t *testing.T) {
	s, _, v := engine(t)
	classes := clickhouse.Classes()
	rules := map[string]clickhouse.Rule{}
	for _, r := range clickhouse.Rules(v) {
		require.NotEmpty(t, r.Basis, r.Table)
		require.NotEmpty(t, r.Class, r.Table)
		rules[r.Table] = r
	}
	tagged := regexp.MustCompile(`^(L[1-4])(; .+)?$`)
	seen := map[string]bool{}
	for line := range strings.SplitSeq(s.Exec(fmt.Sprintf(`SELECT c.table, c.name, c.comment FROM system.columns c JOIN system.tables t ON t.database = c.database AND t.name = c.table
		WHERE c.database = '%s' AND t.engine NOT LIKE '%%View'`, s.Database())), "\n") {
		f := strings.Split(line, "\t")
		m := tagged.FindStringSubmatch(f[2])
		require.NotNil(t, m, "%s.%s has no data class: %q", f[0], f[1], f[2])
		require.NotEqual(t, "L4", m[1], "%s.%s", f[0], f[1])
		require.Contains(t, rules, f[0], "table without a retention rule")
		if f[0] != "schema_migrations" {
			require.Equal(t, m[1], classes[f[0]][f[1]], "%s.%s: grants follow the file", f[0], f[1])
		}
		seen[f[0]] = true
	}
	for table, r := range rules {
		require.True(t, seen[table], "rule for a table that is not there: %s", table)
		def := s.Exec(fmt.Sprintf("SELECT engine_full FROM system.tables WHERE database = '%s' AND name = '%s'", s.Database(), table))
		if r.Days == 0 {
			require.NotContains(t, def, "TTL", table)
		} else {
			require.Contains(t, def, fmt.Sprintf("toIntervalDay(%d)", r.Days), table)
		}
	}
	// What an event says of a person is of the same class in every table.
	for _, f := range event.Fields() {
		for table, columns := range classes {
			if c, ok := columns[f.Name]; ok {
				require.Equal(t, string(f.Class), c, "%s.%s", table, f.Name)
			}
		}
	}
}

func TestMigrateTwice(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Open(t.Context(), conn, clickhouse.Options{Variant: v})
	require.ErrorIs(t, err, clickhouse.ErrOlder)
	rep, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.Equal(t, []string{"events", "questions", "codecs", "repairs", "blocks", "walks"}, rep.Applied)
	require.NotEmpty(t, rep.NoRoles, "the engine in tests keeps no roles; if it does now, test them")
	before := s.Exec("SELECT name, create_table_query FROM system.tables WHERE database = '" + s.Database() + "' ORDER BY name")
	rep, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.Equal(t, 6, rep.From)
	require.Empty(t, rep.Applied)
	require.Empty(t, rep.Periods)
	require.Equal(t, before, s.Exec("SELECT name, create_table_query FROM system.tables WHERE database = '"+s.Database()+"' ORDER BY name"))

	v.Days = map[string]int{"events": 365, "event_hours": 30}
	rep, err = clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"events", "event_hours"}, rep.Periods)
	require.Contains(t, s.Exec("SELECT engine_full FROM system.tables WHERE database = '"+s.Database()+"' AND name = 'events'"), "toIntervalDay(365)")

	s.Exec("INSERT INTO " + s.Database() + ".schema_migrations VALUES (7, 'later', 'x', now())")
	require.ErrorIs(t, clickhouse.Current(t.Context(), conn, v), clickhouse.ErrNewer)
	s.Exec("ALTER TABLE " + s.Database() + ".schema_migrations DELETE WHERE version > 1 SETTINGS mutations_sync = 2")
	require.ErrorIs(t, clickhouse.Current(t.Context(), conn, v), clickhouse.ErrOlder)
	s.Exec("ALTER TABLE " + s.Database() + ".schema_migrations UPDATE sha256 = 'y' WHERE 1 SETTINGS mutations_sync = 2")
	_, err = clickhouse.Migrate(t.Context(), conn, v)
	require.ErrorIs(t, err, clickhouse.ErrAltered)
}

// TestUpgradeFromTheFirstVersion fills a database of version 1: the derived
// tables of version 2 then hold what was stored before, each row once, although
// the upgrade was cut short and repeated.
func TestUpgradeFromTheFirstVersion(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	first := fstest.MapFS{}
	text, err := ddl.Steps.ReadFile("0001_events.sql")
	require.NoError(t, err)
	first["0001_events.sql"] = &fstest.MapFile{Data: text}
	v1 := v
	_, err = clickhouse.MigrateFrom(t.Context(), conn, v1, first)
	require.ErrorContains(t, err, "match_log", "its rule is of a later version") // the steps are done; the periods belong to this program
	evs := matches(t, "edge", 300)
	cols := strings.Join(clickhouse.ColumnNames(), ", ")
	s2 := servers.StartEngine(t, servers.Options{Shared: true}) // where rows are made
	conn2, v2 := dial(t, s2, true), clickhouse.Variant{Database: s2.Database()}
	_, err = clickhouse.Migrate(t.Context(), conn2, v2)
	require.NoError(t, err)
	require.NoError(t, open(t, conn2, clickhouse.Options{Variant: v2}).Append(t.Context(), evs))
	for range 2 { // and all of them twice
		s.Exec(fmt.Sprintf("INSERT INTO %s.events (%s, arrived) SELECT %[2]s, arrived FROM %[3]s.events", s.Database(), cols, s2.Database()))
	}

	broken := fstest.MapFS{"0001_events.sql": first["0001_events.sql"]}
	second, err := ddl.Steps.ReadFile("0002_questions.sql")
	require.NoError(t, err)
	half := strings.Index(string(second), "-- Roll-ups.")
	require.Positive(t, half)
	broken["0002_questions.sql"] = &fstest.MapFile{Data: append(append([]byte{}, second[:half]...), "SELECT throwIf(1);\n"...)}
	_, err = clickhouse.MigrateFrom(t.Context(), conn, v, broken)
	require.Error(t, err)
	rep, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.Equal(t, clickhouse.Report{From: 1, To: 6, Applied: []string{"questions", "codecs", "repairs", "blocks", "walks"}, Room: rep.Room, NoRoles: rep.NoRoles}, rep)
	require.Contains(t, rep.Room, "match_log")
	require.Equal(t, "270", s.Exec("SELECT count() FROM "+s.Database()+".match_log FINAL"))
	require.Equal(t, "30", s.Exec("SELECT count() FROM "+s.Database()+".minute_counters FINAL"))
	require.Equal(t, "300", s.Exec("SELECT groupBitmapMerge(seqs) FROM "+s.Database()+".event_hours"))
	st := open(t, conn, clickhouse.Options{Variant: v})
	full, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 300, Events: 300}, full)
}

// TestTheClusterVariantParses has the engine parse every statement of the
// replicated and sharded schema, and of the roles, which it cannot carry out.
func TestTheClusterVariantParses(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{Shared: true})
	var all []string
	for _, v := range []clickhouse.Variant{{Database: "b", Cluster: "main"}, {Database: "b"}} {
		steps, err := clickhouse.Steps(v)
		require.NoError(t, err)
		for _, st := range steps {
			all = append(all, st.Statements...)
		}
		roles, err := clickhouse.Roles(v)
		require.NoError(t, err)
		site, err := clickhouse.Site(v, "a-b.1")
		require.NoError(t, err)
		all = append(append(all, roles...), site...)
	}
	for _, q := range all {
		_, err := s.TryExec(t.Context(), "EXPLAIN AST "+q)
		require.NoError(t, err, q)
	}
	text, err := clickhouse.Print(clickhouse.Variant{Cluster: "main"})
	require.NoError(t, err)
	for _, r := range clickhouse.Rules(clickhouse.Variant{}) {
		if r.Table == "schema_migrations" {
			continue
		}
		require.Contains(t, text, "`bystander`.`"+r.Table+"_local` ON CLUSTER `main` (")
		key := "chain_id"
		if k, ok := map[string]string{"repairs": "part", "consent_days": "consent_ref", "zone_hours": "zone_id"}[r.Table]; ok {
			key = k // it knows of no chains
		}
		require.Contains(t, text, "CREATE TABLE IF NOT EXISTS `bystander`.`"+r.Table+"` ON CLUSTER `main` AS `bystander`.`"+r.Table+"_local` ENGINE = Distributed('main', 'bystander', '"+r.Table+"_local', cityHash64("+key+"))")
	}
	require.NotRegexp(t, `(?m)^\) ENGINE = (Replacing|Aggregating)`, text, "a table that is not replicated")
	require.NotRegexp(t, "(?m)^CREATE [A-Z ]+ `[^`]+`\\.`[^`]+`( TO| \\(| AS)", text, "made on one node only")
}

func TestVariantsThatCannotBe(t *testing.T) {
	for _, v := range []clickhouse.Variant{
		{Database: "a`b"}, {Database: "a.b"}, {Cluster: "x'y"}, {Days: map[string]int{"events": 0}}, {Days: map[string]int{"nothing": 3}},
	} {
		_, err := clickhouse.Print(v)
		require.ErrorIs(t, err, clickhouse.ErrVariant, "%+v", v)
	}
	_, err := clickhouse.Site(clickhouse.Variant{}, "a' OR 1")
	require.ErrorIs(t, err, clickhouse.ErrVariant)
}

// TestWhatATenantMayRead checks the grants by their text, column by column, and
// the row policies' condition by having the engine filter with it: the engine
// in tests keeps no users.
func TestWhatATenantMayRead(t *testing.T) {
	s, conn, v := engine(t)
	site, err := clickhouse.Site(v, "north")
	require.NoError(t, err)
	granted := map[string][]string{}
	policies := map[string]string{}
	grant := regexp.MustCompile("^GRANT SELECT\\(([^)]+)\\) ON `[^`]+`\\.`([^`]+)` TO `bystander_site_north`$")
	policy := regexp.MustCompile("^CREATE ROW POLICY OR REPLACE `[^`]+` ON `[^`]+`\\.`([^`]+)` FOR SELECT USING (.+) TO `bystander_site_north`$")
	for _, q := range site {
		if m := grant.FindStringSubmatch(q); m != nil {
			granted[m[2]] = strings.Split(m[1], ", ")
		}
		if m := policy.FindStringSubmatch(q); m != nil {
			policies[m[1]] = m[2]
		}
	}
	require.ElementsMatch(t, clickhouse.Things(), slices.Collect(mapKeys(granted)))
	require.ElementsMatch(t, clickhouse.Things(), slices.Collect(mapKeys(policies)))
	for table, columns := range granted {
		for column, class := range clickhouse.Classes()[table] {
			require.Equal(t, class != "L3", slices.Contains(columns, column), "%s.%s is %s", table, column, class)
		}
	}
	st := open(t, conn, clickhouse.Options{Variant: v})
	c := sinktest.Chain(t, "control")
	var evs []event.Event
	for i := range 12 {
		evs = append(evs, event.Event{Kind: event.KindZoneChange, SiteID: []string{"north", "south"}[i%2], ZoneID: "z", Detail: map[string]string{"state": "live"}})
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, st.Append(t.Context(), evs))
	require.Equal(t, "6\tnorth", s.Exec(fmt.Sprintf("SELECT count(), any(site_id) FROM %[1]s.zone_changes SETTINGS additional_table_filters = {'%[1]s.zone_changes': '%[2]s'}",
		s.Database(), strings.ReplaceAll(policies["zone_changes"], "'", `\'`))))
	for _, q := range site { // the views of counts do not need users
		if strings.HasPrefix(q, "CREATE VIEW") {
			s.Exec(q)
		}
	}
	require.Equal(t, "north", s.Exec("SELECT DISTINCT site_id FROM "+s.Database()+".`open_hours_north`"))
}

// TestSmallCountsAreSuppressed holds the views for people who are no auditors to
// k, to the row.
func TestSmallCountsAreSuppressed(t *testing.T) {
	s, conn, v := engine(t)
	st := open(t, conn, clickhouse.Options{Variant: v})
	c := sinktest.Chain(t, "edge")
	var evs []event.Event
	for zone, n := range map[string]int{"a": clickhouse.K - 1, "b": clickhouse.K, "c": 3 * clickhouse.K} {
		for range n {
			evs = append(evs, event.Event{Kind: event.KindMatch, SiteID: "s", ZoneID: zone, CameraID: zone})
		}
		evs = append(evs, event.Event{Kind: event.KindZoneMinute, SiteID: "s", ZoneID: zone, CameraID: zone, Detail: map[string]string{"people": fmt.Sprint(n), "pictures": "7"}})
	}
	for i := range evs {
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, st.Append(t.Context(), evs))
	st.Refresh()
	require.NoError(t, st.Append(t.Context(), evs[:7])) // and some of them again
	want := "a\t\\N\nb\t5\nc\t15"
	require.Equal(t, want, s.Exec("SELECT zone_id, events FROM "+s.Database()+".open_matches WHERE kind = 'match' ORDER BY zone_id"))
	require.Equal(t, want, s.Exec("SELECT zone_id, events FROM "+s.Database()+".open_hours WHERE kind = 'match' ORDER BY zone_id"))
	require.Equal(t, want, s.Exec("SELECT zone_id, people FROM "+s.Database()+".open_minutes ORDER BY zone_id"))
}

// TestUpgradeFillsWhatIsWalked fills a database of version 5 and upgrades it:
// days of consents, hours of zones, reviews and changes of accounts are there for
// what was stored before and for what comes after, each once.
func TestUpgradeFillsWhatIsWalked(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{Shared: true})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	before := fstest.MapFS{}
	for _, name := range []string{"0001_events.sql", "0002_questions.sql", "0003_codecs.sql", "0004_repairs.sql", "0005_blocks.sql"} {
		text, err := ddl.Steps.ReadFile(name)
		require.NoError(t, err)
		before[name] = &fstest.MapFile{Data: text}
	}
	_, err := clickhouse.MigrateFrom(t.Context(), conn, v, before)
	require.ErrorContains(t, err, "retention of consent_days", "its rule is of a later version")
	c := sinktest.Chain(t, "control")
	insert := func(e event.Event) {
		require.NoError(t, c.Seal(&e))
		at := e.TS.UnixMilli()
		for range 2 { // each comes twice
			s.Exec(fmt.Sprintf(`INSERT INTO %s.events (event_id, ts, kind, site_id, zone_id, sign_set_hash, consent_ref, ref_event, detail, chain_id, seq, row_hash)
				SELECT '%s', fromUnixTimestamp64Milli(toInt64(%d)), '%s', 'plaza', '%s', unhex(repeat('09', 32)), toFixedString(unhex('%s'), 32), '%s', map('change', 'made'), '%s', %d, toFixedString(unhex('%s'), 32)`,
				s.Database(), e.ID, at, e.Kind, e.ZoneID, e.ConsentRef, e.RefEvent, e.ChainID, e.Seq, e.RowHash))
		}
	}
	when := time.Now().UTC().Truncate(24 * time.Hour).Add(-14 * time.Hour)
	consent := event.Digest{1}
	round := func(first time.Duration) {
		for _, after := range []time.Duration{0, time.Minute, 2 * time.Minute} {
			insert(event.Event{TS: when.Add(first + after), Kind: event.KindMatch, ZoneID: "hall", ConsentRef: consent})
		}
		insert(event.Event{TS: when.Add(first), Kind: event.KindHumanReview, RefEvent: "some-event"})
		insert(event.Event{TS: when.Add(first), Kind: event.KindAccountChange})
	}
	round(0)
	rep, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	require.Equal(t, []string{"walks"}, rep.Applied)
	ask := func(sql string) string { return s.Exec(strings.ReplaceAll(sql, "db.", s.Database()+".")) }
	expect := func(minutes, reviews, accounts int) {
		t.Helper()
		span := fmt.Sprintf("1\t%d", minutes)
		require.Equal(t, span, ask("SELECT count(), dateDiff('minute', min(first), max(last)) FROM db.consent_days FINAL"))
		require.Equal(t, span, ask("SELECT count(), dateDiff('minute', min(first), max(last)) FROM db.zone_hours FINAL WHERE zone_id = 'hall'"))
		require.Equal(t, fmt.Sprint(reviews), ask("SELECT count() FROM db.reviews FINAL WHERE ref_event = 'some-event'"))
		require.Equal(t, fmt.Sprint(accounts), ask("SELECT count() FROM db.control_log FINAL WHERE kind = 'account_change' AND detail['change'] = 'made'"))
	}
	expect(2, 1, 1)
	round(30 * time.Minute)
	expect(32, 2, 2)
}

// TestDebiansServerKnowsNoRoles says why grants and row policies are held to
// their text here: the engine in tests keeps no users, and the one server that can
// be installed beside it refuses the very first of these statements. Once it takes
// them, they have to be tested against it.
func TestDebiansServerKnowsNoRoles(t *testing.T) {
	s := servers.StartServer(t, servers.Options{})
	v := clickhouse.Variant{Database: s.Database()}
	roles, err := clickhouse.Roles(v)
	require.NoError(t, err)
	site, err := clickhouse.Site(v, "north")
	require.NoError(t, err)
	refused := map[string]bool{}
	for _, q := range append(roles, site...) {
		if !strings.HasPrefix(q, "CREATE ROLE") && !strings.HasPrefix(q, "CREATE ROW POLICY") && !strings.HasPrefix(q, "GRANT") && !strings.Contains(q, "SQL SECURITY DEFINER") {
			continue
		}
		_, err := s.TryExec(t.Context(), q)
		require.ErrorContains(t, err, "Syntax error", "the server takes %q: test roles, policies and grants with it", q)
		refused[strings.Join(strings.Fields(q)[:2], " ")] = true
	}
	for _, kind := range []string{"CREATE ROLE", "CREATE ROW", "GRANT SELECT,", "CREATE VIEW"} {
		require.True(t, refused[kind], "%s was not tried: %v", kind, refused)
	}
}
