package ask_test

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
)

// BenchmarkQuestions asks every question of a large log in the real engine:
// ASK_ROWS of them (a million unless set), half a year's worth from 64 cameras
// in 32 zones of 4 sites, four in five of them matches and unmaskings. Each zone's
// gate closes for five minutes a day; a hundred people withdraw five days before
// the end and go on being matched, which the checks must find. Questions about a
// span of time are asked for the time that they have by default, and for all of
// it. Beside each question's median it reports what does not depend on who else
// uses the machine: the rows and bytes that the engine read for it and the
// processor time that it took. The log itself is made by the engine.
func BenchmarkQuestions(b *testing.B) {
	rows := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("ASK_ROWS")); err == nil {
		rows = n
	}
	s, db := bigLog(b, rows)
	asker := ask.NewClickHouse(db, time.Now)
	var event string
	require.NoError(b, db.QueryRow("SELECT toString(event_id) FROM match_log WHERE kind = 'match' LIMIT 1 OFFSET 1000").Scan(&event))
	for _, q := range ask.Questions() {
		given := map[string]string{}
		for _, p := range q.Params {
			if p.Required {
				given[p.Name] = event
			}
		}
		b.Run(q.Name, func(b *testing.B) { askOften(b, s, db, asker, q.Name, given, rows) })
		if slices.ContainsFunc(q.Params, func(p ask.Param) bool { return p.Name == "from" }) {
			all := maps.Clone(given)
			all["from"] = "-181d"
			b.Run(q.Name+"/all", func(b *testing.B) { askOften(b, s, db, asker, q.Name, all, rows) })
		}
	}
}

func askOften(b *testing.B, s *servers.Server, db *sql.DB, asker *ask.Asker, name string, given map[string]string, rows int) {
	var took []time.Duration
	rowsBefore, bytesBefore, spent := counted(b, db, "SelectedRows"), counted(b, db, "SelectedBytes"), cpuTime(b, s.PID())
	found := 0
	for b.Loop() {
		a, err := asker.Ask(b.Context(), name, given)
		require.NoError(b, err)
		took, found = append(took, a.Took), len(a.Rows)
	}
	spent = cpuTime(b, s.PID()) - spent
	slices.Sort(took)
	n := float64(len(took))
	b.ReportMetric(0, "ns/op") // the median says more
	b.ReportMetric(float64(spent.Milliseconds())/n, "cpu-ms")
	b.ReportMetric((counted(b, db, "SelectedRows")-rowsBefore)/n, "rows-read")
	b.ReportMetric((counted(b, db, "SelectedBytes")-bytesBefore)/n, "bytes-read")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
	b.ReportMetric(float64(found), "found")
	b.ReportMetric(float64(rows), "rows")
}

// counted is one of the engine's own counters.
func counted(b *testing.B, db *sql.DB, event string) (n float64) {
	b.Helper()
	require.NoError(b, db.QueryRow("SELECT toFloat64(sum(value)) FROM system.events WHERE event = '"+event+"'").Scan(&n))
	return n
}

// cpuTime is a process's processor time, which the kernel counts in hundredths.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var sum time.Duration
	for _, v := range f[11:13] { // user and system
		n, err := strconv.Atoi(v)
		require.NoError(b, err)
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// bigLog fills the engine; the same seed gives the same log.
func bigLog(b testing.TB, rows int) (*servers.Server, *sql.DB) {
	b.Helper()
	s := servers.StartEngine(b, servers.Options{})
	conn, err := clickhouse.Dial(clickhouse.Config{Addrs: []string{s.Addr()}, HTTP: true})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close()) })
	v := clickhouse.Variant{Database: s.Database()}
	_, err = clickhouse.Migrate(b.Context(), conn, v)
	require.NoError(b, err)
	span := 180 * 24 * time.Hour
	for first := 0; first < rows; first += 1_000_000 {
		n := min(1_000_000, rows-first)
		s.Exec(fmt.Sprintf(fill, s.Database(), time.Now().Add(-span).UnixMilli(), span.Milliseconds()/int64(rows), first, n))
	}
	s.Exec(fmt.Sprintf(fillControl, s.Database(), time.Now().Add(-181*24*time.Hour).UnixMilli()))
	s.Exec(fmt.Sprintf(fillGates, s.Database(), time.Now().Add(-181*24*time.Hour).Truncate(24*time.Hour).Add(5*time.Hour).UnixMilli()))
	s.Exec(fmt.Sprintf(fillWithdrawals, s.Database(), time.Now().Add(-5*24*time.Hour).UnixMilli()))
	o, err := driver.ParseDSN(s.DSN())
	require.NoError(b, err)
	db := driver.OpenDB(o)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return s, db
}

// fill makes rows that are alike in shape to real ones: matches of 20,000
// consents, minute counters, health, reviews; and no match from five to five past
// five.
const fill = `INSERT INTO %[1]s.events (event_id, ts, ts_quality, kind, site_id, camera_id, scene_id, zone_id, zone_version, sign_set_hash,
	inspection_id, policy_version, notice_version, gate_mode, gate_bits, subject_ref, consent_ref, consent_version, gallery_size, score,
	threshold, margin, quality, ref_event, detail, chain_id, seq, prev_hash, row_hash, node_sig, arrived)
SELECT generateUUIDv7(number), fromUnixTimestamp64Milli(toInt64(%[2]d + number * %[3]d), 'UTC') AS at, 'synced',
	multiIf(number %% 1000 = 999, 'camera_health', number %% 1000 = 998, 'human_review', toHour(at) = 5 AND toMinute(at) < 5, 'zone_minute', number %% 10 < 4, 'match', number %% 10 < 8, 'unmask', 'zone_minute') AS k,
	concat('site-', toString(number %% 4)), concat('cam-', toString(number %% 64)), 'doors', concat('zone-', toString(number %% 32)), 3,
	unhex(repeat('09', 32)), 'i-1', 7, 'n-1', 'zone', 4294967295,
	if(k IN ('match', 'unmask'), reinterpretAsFixedString(sipHash128(number, 1)) || reinterpretAsFixedString(sipHash128(number, 2)), toFixedString('', 32)),
	if(k IN ('match', 'unmask'), toFixedString(unhex(leftPad(hex(intDiv(number, 10) %% 20000 + 1), 64, '0')), 32), toFixedString('', 32)), 1, 20000, 0.7,
	0.5, 0.2, 0.9, if(k = 'human_review', toString(generateUUIDv4(number)), ''), multiIf(k = 'zone_minute', map('pictures', '1500', 'people', '12'), k = 'camera_health', map('state', 'connected'), map()),
	concat('edge-', toString(number %% 8)), intDiv(number, 8) + 1, randomFixedString(32), randomFixedString(32), randomFixedString(64), number
FROM numbers(%[4]d, %[5]d)`

// fillControl makes what the events rely on: consents, zones, notice, scene.
const fillControl = `INSERT INTO %[1]s.events (event_id, ts, kind, site_id, zone_id, sign_set_hash, consent_ref, notice_version, scene_id, detail, chain_id, seq, row_hash, arrived)
SELECT generateUUIDv7(number), fromUnixTimestamp64Milli(toInt64(%[2]d)), multiIf(number < 20000, 'consent_change', number < 20128, 'zone_change', 'census'),
	concat('site-', toString(number %% 4)), if(number < 20128 AND number >= 20000, concat('zone-', toString(number %% 32)), ''),
	if(number < 20128 AND number >= 20000, unhex(repeat('09', 32)), toFixedString('', 32)),
	if(number < 20000, toFixedString(unhex(leftPad(hex(number + 1), 64, '0')), 32), toFixedString('', 32)), 'n-1', 'doors',
	multiIf(number < 20000, map('state', 'active', 'under14', 'no', 'expires', '2099-01-01T00:00:00Z'),
		number < 20128, map('state', 'live', 'inspection_until', '2099-01-01T00:00:00Z'), map('enrolled', '20000')),
	'control', number + 1, randomFixedString(32), number FROM numbers(20132)`

// fillGates opens the gates, and closes each of them for five minutes a day.
const fillGates = `INSERT INTO %[1]s.events (event_id, ts, kind, site_id, zone_id, detail, chain_id, seq, row_hash, arrived)
SELECT generateUUIDv7(number), fromUnixTimestamp64Milli(toInt64(%[2]d + intDiv(number, 64) * 86400000 + if(number %% 64 < 32, 0, 300000))), 'gate_change',
	concat('site-', toString(number %% 4)), concat('zone-', toString(number %% 32)), map('state', if(number %% 64 < 32, 'closed', 'open'), 'reasons', ''),
	'gates', number + 1, randomFixedString(32), number FROM numbers(64 * 181)`

// fillWithdrawals has a hundred people withdraw.
const fillWithdrawals = `INSERT INTO %[1]s.events (event_id, ts, kind, site_id, consent_ref, detail, chain_id, seq, row_hash, arrived)
SELECT generateUUIDv7(number), fromUnixTimestamp64Milli(toInt64(%[2]d)), 'consent_change', concat('site-', toString(number %% 4)),
	toFixedString(unhex(leftPad(hex(number * 200 + 1), 64, '0')), 32), map('state', 'withdrawn', 'under14', 'no', 'expires', '2099-01-01T00:00:00Z'),
	'withdrawals', number + 1, randomFixedString(32), number FROM numbers(100)`

// The questions over a span of time read by the order of their table: the
// engine's own plan says so.
func TestPlansUseTheOrder(t *testing.T) {
	_, db := bigLog(t, 20_000)
	// The checks read the days and hours that leave a doubt, by the table's order.
	const days, hours = "toDate(ts, 'UTC') in", "toStartOfHour(toDateTime(ts, 'UTC'))) in"
	tests := map[string]string{
		"consent-missing": days, "zone-unlawful": hours, "after-withdrawal": days, "children": days,
		"confirmations": "ts", "reads": "ts", "zone-outcomes": "ts", "use-and-faults": "ts", "people-held": "kind", "overdue": "kind",
	}
	asker := ask.NewClickHouse(db, time.Now)
	plan, err := asker.Explain(t.Context(), "complete", nil)
	require.NoError(t, err)
	require.Contains(t, plan, "ReadFromMergeTree (blocks)", "the numbers are read row by row")
	for name, key := range tests {
		plan, err := asker.Explain(t.Context(), name, map[string]string{"from": "-2d", "to": "-1d"})
		if name == "people-held" || name == "overdue" {
			plan, err = asker.Explain(t.Context(), name, nil)
		}
		require.NoError(t, err, name)
		require.Contains(t, plan, "PrimaryKey", name)
		at := strings.Index(plan, "PrimaryKey")
		require.Contains(t, plan[at:], key, "%s: %s", name, plan)
	}
	// Where nothing leaves a doubt, no event is read.
	plan, err = asker.Explain(t.Context(), "children", nil)
	require.NoError(t, err)
	at := strings.Index(plan, ".match_log)")
	require.Positive(t, at, plan)
	require.Contains(t, plan[at:], "Parts: 0 | Granules: 0")
}
