package clickhouse_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	servers "bystander/internal/testkit/clickhouse"
	"bystander/sink/clickhouse"
	"bystander/sink/sinktest"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// TestAnswersAreRightBeforeTheMerge doubles everything behind the store's back
// and asks before the server has merged anything.
func TestAnswersAreRightBeforeTheMerge(t *testing.T) {
	s, conn, v := engine(t)
	db := s.Database() + "."
	for _, r := range clickhouse.Rules(v) {
		if r.Table != "schema_migrations" {
			s.Exec("SYSTEM STOP MERGES " + db + r.Table)
		}
	}
	st := open(t, conn, clickhouse.Options{Variant: v})
	c := sinktest.Chain(t, "control")
	evs := []event.Event{
		{Kind: event.KindConsentChange, ConsentRef: event.Digest{1}, Detail: map[string]string{"purpose": "match", "state": "active", "from": "pending", "expires": "2031-02-03T04:05:06Z", "scenes": "a,b", "zones": "", "under14": "no"}},
		{Kind: event.KindZoneChange, ZoneID: "z", Detail: map[string]string{"state": "live", "from": "inspected", "inspection_until": "2030-01-01T00:00:00Z", "actor": "x"}},
		{Kind: event.KindSceneChange, SceneID: "sc", Threshold: 0.5, Detail: map[string]string{"state": "enabled", "approver": "y"}},
		{Kind: event.KindNoticeChange, NoticeVersion: "n1", Detail: map[string]string{"state": "published", "hash_en": "abc", "hash_zh": "def"}},
		{Kind: event.KindGateChange, ZoneID: "z", Detail: map[string]string{"state": "closed", "reasons": "SIGN_MISSING,LEASE"}},
		{Kind: event.KindAccess, ReviewerRef: event.Digest{2}, Detail: map[string]string{"action": "events.list", "purpose": "complaint", "subjects": "12"}},
		{Kind: event.KindCameraHealth, CameraID: "cam", Detail: map[string]string{"state": "lost", "code": "TIMEOUT"}},
		{Kind: event.KindUseStart, CameraID: "cam"},
		{Kind: event.KindZoneMinute, CameraID: "cam", Detail: map[string]string{"pictures": "1500", "full_mask": "x", "people": "9"}},
		{Kind: event.KindRightsChange, Detail: map[string]string{"request": "r1", "state": "fulfilled"}},
		{Kind: event.KindMatch, ZoneID: "z", SubjectRef: event.Digest{3}, Threshold: 0.5},
		{Kind: event.KindHumanReview, RefEvent: "e", ReviewerRef: event.Digest{4}, Verdict: "confirmed"},
		{Kind: event.KindSegment, ReceiptID: "r"},
	}
	for i := range evs {
		evs[i].SiteID = "s"
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, st.Append(t.Context(), evs))
	for _, part := range [][]event.Event{evs[:7], evs[4:], evs} { // other batches, as another writer would
		other := open(t, conn, clickhouse.Options{Variant: v})
		require.NoError(t, other.Append(t.Context(), part))
	}
	require.Equal(t, "29", s.Exec("SELECT count() FROM "+db+"events"), "the server knows the same batch again, and no other")
	n, err := st.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(evs), n)
	for q, want := range map[string]string{
		"purpose, state, from_state, toString(expires), scenes, zones, under14 FROM consent_changes": "match\tactive\tpending\t2031-02-03 04:05:06.000\t['a','b']\t[]\tno",
		"zone_id, state, from_state, toString(inspection_until), actor FROM zone_changes":            "z\tlive\tinspected\t2030-01-01 00:00:00.000\tx",
		"scene_id, state, approver, threshold FROM scene_changes":                                    "sc\tenabled\ty\t0.5",
		"notice_version, state, effective_from, hashes FROM notice_changes":                          "n1\tpublished\t\\N\t{'hash_en':'abc','hash_zh':'def'}",
		"zone_id, state, reasons FROM gate_changes":                                                  "z\tclosed\t['SIGN_MISSING','LEASE']",
		"action, purpose, subjects FROM access_log":                                                  "events.list\tcomplaint\t12",
		"count(), min(state), max(code) FROM camera_health":                                          "2\t\tTIMEOUT",
		"pictures, full_mask, people FROM minute_counters":                                           "1500\t0\t9",
		"kind, detail['request'] FROM control_log":                                                   "rights_change\tr1",
		"count(), countIf(kind = 'match') FROM match_log":                                            "2\t1",
	} {
		require.Equal(t, want, s.Exec("SELECT "+strings.Replace(q, " FROM ", " FROM "+db, 1)+" FINAL"), q)
	}
	require.Equal(t, "13", s.Exec("SELECT groupBitmapMerge(seqs) FROM "+db+"event_hours"))
	require.Equal(t, "2", s.Exec("SELECT groupBitmapMerge(seqs) FROM "+db+"match_hours"))
	hours, err := st.Hours(t.Context(), time.Now().Add(-2*time.Hour), time.Now().Add(2*time.Hour), "cam")
	require.NoError(t, err)
	var sum int64
	for _, h := range hours {
		sum += h.N
	}
	require.EqualValues(t, 3, sum)
}

func TestQueries(t *testing.T) {
	_, conn, v := engine(t)
	at := func(m int) time.Time {
		return time.Now().UTC().Truncate(time.Hour).Add(time.Duration(m-300) * time.Minute)
	}
	st := open(t, conn, clickhouse.Options{Variant: v})
	c := sinktest.Chain(t, "edge")
	var evs []event.Event
	for i := range 10 {
		e := event.Event{TS: at(20 * i), Kind: event.KindMatch, CameraID: "a", ZoneID: "z"}
		if i%2 == 1 {
			e.CameraID, e.Kind, e.ZoneID = "b", event.KindCameraHealth, ""
		}
		require.NoError(t, c.Seal(&e))
		evs = append(evs, e)
	}
	require.NoError(t, st.Append(t.Context(), evs[:6]))
	require.NoError(t, st.Append(t.Context(), evs))
	all, err := st.Events(t.Context(), clickhouse.Query{})
	require.NoError(t, err)
	require.Len(t, all, 10)
	id := func(i int) int64 { return all[9-i].ID }
	newest, err := st.Newest(t.Context())
	require.NoError(t, err)
	require.Equal(t, id(9), newest)
	for name, tc := range map[string]struct {
		q    clickhouse.Query
		want []int
	}{
		"newest three":    {clickhouse.Query{Limit: 3}, []int{9, 8, 7}},
		"next page":       {clickhouse.Query{Limit: 3, Before: id(7)}, []int{6, 5, 4}},
		"since":           {clickhouse.Query{After: id(6)}, []int{7, 8, 9}},
		"from the start":  {clickhouse.Query{Tail: true, Limit: 2}, []int{0, 1}},
		"camera":          {clickhouse.Query{Camera: "b"}, []int{9, 7, 5, 3, 1}},
		"kind and camera": {clickhouse.Query{Camera: "b", Kinds: []event.Kind{event.KindMatch}}, nil},
		"kinds":           {clickhouse.Query{Kinds: []event.Kind{event.KindMatch, event.KindUnmask}, Limit: 2}, []int{8, 6}},
		"zone":            {clickhouse.Query{Zone: "z", Limit: 1}, []int{8}},
		"time":            {clickhouse.Query{From: at(60), To: at(120)}, []int{5, 4, 3}},
		"chain":           {clickhouse.Query{Chain: "other"}, nil},
		"id":              {clickhouse.Query{ID: evs[4].ID}, []int{4}},
		"no id":           {clickhouse.Query{ID: "x' OR 1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := st.Events(t.Context(), tc.q)
			require.NoError(t, err)
			var got []int
			for _, r := range rows {
				require.Equal(t, evs[r.Event.Seq-1], r.Event)
				got = append(got, int(r.Event.Seq-1))
			}
			require.Equal(t, tc.want, got)
		})
	}
	chains, err := st.Chains(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"edge"}, chains)
}

// TestAForkedHistoryStays writes a second content under stored numbers, as only
// another process could at the same moment: both are kept and both are seen.
func TestAForkedHistoryStays(t *testing.T) {
	s, conn, v := engine(t)
	st := open(t, conn, clickhouse.Options{Variant: v})
	evs, twin := sinktest.Events(t, sinktest.Chain(t, "c"), 5), sinktest.Events(t, sinktest.Chain(t, "c"), 5)
	late := open(t, conn, clickhouse.Options{Variant: v})
	require.NoError(t, late.Append(t.Context(), sinktest.Events(t, sinktest.Chain(t, "other"), 1)))
	require.ErrorIs(t, late.Append(t.Context(), append(evs[:5:5], twin[4])), clickhouse.ErrConflict)
	require.NoError(t, st.Append(t.Context(), evs[:1]))
	require.NoError(t, late.Append(t.Context(), twin[1:2]))
	require.NoError(t, st.Append(t.Context(), evs[1:])) // it had not heard of the other's
	s.Exec("OPTIMIZE TABLE " + s.Database() + ".events FINAL")
	got, err := st.Chain(t.Context(), "c", 2, 2)
	require.NoError(t, err)
	require.Equal(t, []uint64{2, 2}, []uint64{got[0].Seq, got[1].Seq})
	require.NotEqual(t, got[0].RowHash, got[1].RowHash)
	require.ErrorIs(t, open(t, conn, clickhouse.Options{Variant: v}).Append(t.Context(), evs), clickhouse.ErrConflict)
}

// TestErase plants a person's rows and reads every byte below the server's
// folder afterwards.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	s := servers.StartEngine(t, servers.Options{Dir: dir})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v})
	hashOf := func(b string) event.Digest { return sha256.Sum256([]byte(b)) }
	who, consent := hashOf("a person"), hashOf("a consent")
	c := sinktest.Chain(t, "edge")
	evs := make([]event.Event, 600)
	for i := range evs {
		filler := hashOf(fmt.Sprint(i))
		e := event.Event{Kind: event.KindMatch, SubjectRef: filler, PayloadEnc: filler[:]}
		switch i % 6 {
		case 0:
			e.SubjectRef, e.ConsentRef = who, consent
		case 1:
			e = event.Event{Kind: event.KindConsentChange, ConsentRef: consent, Detail: map[string]string{"state": "active"}}
		case 2:
			e = event.Event{Kind: event.KindAccess, SubjectRef: who, Detail: map[string]string{"action": "read"}}
		}
		require.NoError(t, c.Seal(&e))
		evs[i] = e
	}
	require.NoError(t, st.Append(t.Context(), evs[:300]))
	require.NoError(t, st.Append(t.Context(), evs[300:]))
	// Uncompressed columns hold the bytes as they are.
	require.Positive(t, found(t, dir, evs[0].NodeSig), "the test would see it")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	gone, err := st.Delete(ctx, []event.Digest{who, consent})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"events": 300, "match_log": 100, "consent_changes": 100, "access_log": 100, "consent_days": 1}, gone)
	for i := range evs {
		if i%6 < 3 {
			require.Zero(t, found(t, dir, evs[i].NodeSig), "event %d", i)
			break
		}
	}
	for _, table := range []string{"events", "match_log", "consent_changes", "access_log"} {
		require.Equal(t, "0", s.Exec(fmt.Sprintf("SELECT count() FROM %s.%s WHERE hex(%s) IN ('%X', '%X')", s.Database(), table,
			map[bool]string{true: "consent_ref", false: "subject_ref"}[table == "consent_changes"], who[:], consent[:])), table)
		require.Equal(t, "0", s.Exec(fmt.Sprintf("SELECT count() FROM system.mutations WHERE database = '%s' AND table = '%s' AND NOT is_done", s.Database(), table)))
	}
	want := clickhouse.Completeness{ChainID: "edge", Last: 600, Events: 300, Disposed: 300}
	for range 2 {
		full, err := st.Complete(t.Context(), "edge")
		require.NoError(t, err)
		require.Equal(t, want, full)
		other := open(t, conn, clickhouse.Options{Variant: v}) // a replay does not bring them back
		require.NoError(t, other.Append(t.Context(), evs))
	}
	again, err := st.Delete(ctx, []event.Digest{who, consent, {}})
	require.NoError(t, err)
	require.Zero(t, again["events"])
	require.Equal(t, "600", s.Exec("SELECT count() FROM "+s.Database()+".skeleton FINAL"))
}

func found(t *testing.T, dir string, what []byte) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) || (err == nil && !d.Type().IsRegular()) {
			return nil // a server's folder is alive
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		n += bytes.Count(b, what)
		return err
	}))
	return n
}

// TestRetention walks a log through its ages: rows go, their skeleton remains,
// then that goes from the front, and completeness stays provable throughout.
func TestRetention(t *testing.T) {
	_, conn, v := engine(t)
	begun := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := begun
	// The engine's own TTL knows the true time; the periods here are so long
	// that it leaves the rows to this test's clock.
	v.Days = map[string]int{"events": 20_000, "skeleton": 25_000, "match_log": 20_000, "event_hours": 20_000, "match_hours": 20_000, "disposed": 25_000}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	st := open(t, conn, clickhouse.Options{Variant: v, Now: func() time.Time { return now }})
	c := sinktest.Chain(t, "edge")
	var evs []event.Event
	for i := range 6 {
		e := event.Event{TS: begun.AddDate(0, 0, 10*i), Kind: event.KindMatch}
		require.NoError(t, c.Seal(&e))
		evs = append(evs, e)
	}
	require.NoError(t, st.Append(t.Context(), evs))
	now = begun.AddDate(0, 0, 20_000+25)
	rep, err := st.Enforce(t.Context())
	require.NoError(t, err)
	for _, o := range rep {
		require.Zero(t, o.Overdue, o.Table)
		if o.Table == "events" || o.Table == "match_log" {
			require.EqualValues(t, 3, o.Disposed, o.Table)
		}
	}
	full, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 6, Events: 3, Disposed: 3}, full)
	other := open(t, conn, clickhouse.Options{Variant: v, Now: func() time.Time { return now }})
	require.NoError(t, other.Append(t.Context(), evs))
	full, err = st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.EqualValues(t, 3, full.Events, "a replay does not bring them back")

	now = begun.AddDate(0, 0, 25_000+15)
	_, err = st.Enforce(t.Context())
	require.NoError(t, err)
	full, err = st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Floor: 3, Last: 6, Disposed: 3}, full, "seven days ahead of the skeleton")
	now = begun.AddDate(0, 0, 26_000)
	_, err = st.Enforce(t.Context())
	require.NoError(t, err)
	full, err = st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Floor: 6, Last: 6}, full)
	require.NoError(t, open(t, conn, clickhouse.Options{Variant: v, Now: func() time.Time { return now }}).Append(t.Context(), evs[:2]))
	again, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, full, again)
}

// TestATimeFarAhead keeps a row whose clock was wrong from being taken for one
// that is long past.
func TestATimeFarAhead(t *testing.T) {
	s, conn, v := engine(t)
	st := open(t, conn, clickhouse.Options{Variant: v})
	c := sinktest.Chain(t, "edge")
	evs := []event.Event{{Kind: event.KindMatch, TS: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}, {Kind: event.KindMatch}}
	for i := range evs {
		require.NoError(t, c.Seal(&evs[i]))
	}
	require.NoError(t, st.Append(t.Context(), evs))
	s.Exec("OPTIMIZE TABLE " + s.Database() + ".events FINAL")
	got, err := st.Chain(t.Context(), "edge", 1, 10)
	require.NoError(t, err)
	sinktest.Equal(t, evs, got)
}

// TestKilledInMidInsert ends the server while batches are being written. What
// was acknowledged is there afterwards; what was not is offered again, and each
// row is there once, in every table.
func TestKilledInMidInsert(t *testing.T) {
	s := servers.StartEngine(t, servers.Options{})
	conn, v := dial(t, s, true), clickhouse.Variant{Database: s.Database()}
	_, err := clickhouse.Migrate(t.Context(), conn, v)
	require.NoError(t, err)
	evs := matches(t, "edge", 12_000)
	st := open(t, conn, clickhouse.Options{Variant: v, Verified: true})
	const batch = 1000
	for round := range 3 {
		begun := make(chan struct{})
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			<-begun
			s.Kill()
		}()
		for i := round * 4; i < (round+1)*4; i++ {
			if i == round*4+1 {
				close(begun)
			}
			for {
				err := st.Append(t.Context(), evs[i*batch:(i+1)*batch])
				if err == nil {
					break
				}
				require.NotErrorIs(t, err, clickhouse.ErrConflict)
				t.Log(err)
				<-killed
				if s.PID() == 0 {
					s.Restart()
				}
				if round == 2 { // as another writer would go on
					st = open(t, conn, clickhouse.Options{Variant: v, Verified: true})
				}
			}
		}
		<-killed
		if s.PID() == 0 {
			s.Restart()
		}
	}
	full, err := st.Complete(t.Context(), "edge")
	require.NoError(t, err)
	require.Equal(t, clickhouse.Completeness{ChainID: "edge", Last: 12_000, Events: 12_000}, full)
	for table, want := range map[string]string{"events": "12000", "skeleton": "12000", "match_log": "10800", "minute_counters": "1200"} {
		require.Equal(t, want, s.Exec("SELECT count() FROM "+s.Database()+"."+table+" FINAL"), table)
	}
	require.Equal(t, "12000", s.Exec("SELECT groupBitmapMerge(seqs) FROM "+s.Database()+".event_hours"))
}
