package ask_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	"bystander/internal/event"
	"bystander/sink/sqlite"
)

// asked is when the questions are put: two hours after the day began.
func asked() time.Time { return at(2 * time.Hour) }

// open stores the events and returns an asker over them.
type open func(t *testing.T, events []event.Event) *ask.Asker

func inSQLite(t *testing.T, events []event.Event) *ask.Asker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.db")
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: asked})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	// Chains may arrive in any order, and rows more than once.
	require.NoError(t, s.Append(t.Context(), events[len(events)/2:]))
	require.NoError(t, s.Append(t.Context(), events))
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return ask.NewSQLite(db, asked)
}

// rowsOf returns the named columns of an answer as text.
func rowsOf(t *testing.T, a *ask.Answer, columns ...string) []string {
	t.Helper()
	out := []string{}
	for _, r := range a.Rows {
		line := ""
		for _, name := range columns {
			i := slices.IndexFunc(a.Question.Columns, func(c ask.Column) bool { return c.Name == name })
			require.GreaterOrEqual(t, i, 0, "%s has no column %s", a.Question.Name, name)
			v := r[i]
			if at, ok := v.(time.Time); ok {
				v = at.Sub(start)
			}
			line += fmt.Sprint(v, " ")
		}
		out = append(out, line[:max(len(line)-1, 0)])
	}
	return out
}

func TestAnswers(t *testing.T) {
	testAnswers(t, inSQLite)
}

// testAnswers puts every question to a log of known content.
func testAnswers(t *testing.T, open open) {
	w := newWorld(t)
	asker := open(t, w.all)
	names, later := map[string]string{}, at(5*time.Minute).Format(time.RFC3339)
	for name, id := range w.ids {
		names[id] = name
	}
	tests := []struct {
		question string
		given    map[string]string
		columns  []string
		want     []string
	}{
		{"consent-missing", nil, []string{"event_id", "consent_state"}, []string{"expired active", "unrecorded ", "withdrawn withdrawn"}},
		{
			"consent-missing",
			map[string]string{"grace": "0s"},
			[]string{"event_id", "consent_state"},
			[]string{"expired active", "unrecorded ", "in grace withdrawn", "withdrawn withdrawn"},
		},
		// From five minutes on, most consents and zones were in order all the time.
		{
			"consent-missing",
			map[string]string{"from": later},
			[]string{"event_id", "consent_state"},
			[]string{"expired active", "unrecorded ", "withdrawn withdrawn"},
		},
		{"zone-unlawful", map[string]string{"from": later}, []string{"event_id", "fault"}, []string{
			"uninspected inspection over", "suspended not live", "nowhere no record of the zone", "changed signs other signs", "halted gate closed: HALTED",
		}},
		{"children", map[string]string{"from": later}, []string{"event_id"}, []string{"child", "unrecorded"}},
		{"consent-missing", map[string]string{"site": "elsewhere"}, []string{"event_id"}, []string{}},
		{"zone-unlawful", nil, []string{"event_id", "zone_id", "fault"}, []string{
			"uninspected yard inspection over", "suspended hall not live", "nowhere attic no record of the zone", "changed signs gate other signs", "halted file gate closed: HALTED",
		}},
		{"zone-unlawful", map[string]string{"zone": "yard"}, []string{"event_id"}, []string{"uninspected"}},
		{"after-withdrawal", nil, []string{"event_id", "after_ms", "withdrawn_at"}, []string{"withdrawn 11000 1h0m0s"}},
		{
			"rules-in-force",
			map[string]string{"event": w.ids["good"]},
			[]string{"policy_version", "notice_version", "notice_effective_from", "scene_state", "scene_approver", "zone_state", "inspection_id"},
			[]string{"7 n-1 " + effective + " enabled officer-2 live i-1"},
		},
		{"rules-in-force", map[string]string{"event": w.ids["suspended"]}, []string{"zone_state"}, []string{"suspended"}},
		{
			"database-used",
			map[string]string{"event": w.ids["good"]},
			[]string{"gallery_size", "gallery_root", "score", "threshold", "margin", "pad"},
			[]string{"12 " + digest(0x77).String() + " 0.75 0.5 0.25 off"},
		},
		{"confirmations", map[string]string{"event": w.ids["good"]}, []string{"reviewers", "confirmed", "last_review"}, []string{"2 yes 21m0s"}},
		{"confirmations", map[string]string{"rows": "5"}, []string{"event_id", "reviewers", "confirmations", "rejections", "confirmed"}, []string{
			"good 2 2 0 yes", "at once 0 0 0 no", "new zone 0 0 0 no", "expired 0 0 0 no", "child 1 1 0 no",
		}},
		{"reads", nil, []string{"event_id", "action", "purpose", "subjects"}, []string{"unmask live consent 1", "read recording.read incident 12 1"}},
		{"reads", map[string]string{"reader": digest(0xe1).String()}, []string{"event_id", "role"}, []string{"read operator"}},
		{
			"zone-outcomes",
			map[string]string{"zone": "hall"},
			[]string{"hour", "threshold", "matches", "claims_matched", "claims_failed", "rejected", "comparisons", "false_matches_expected"},
			[]string{
				"0s 0 0 0 0 31 2000 0.2", "0s 0.5 6 1 1 0 0 0", "1h0m0s 0.5 3 0 0 0 0 0",
			},
		},
		{"use-and-faults", nil, []string{"what", "since", "until", "seconds", "reason"}, []string{
			"in use 1m0s 1h30m0s 5340 ", "masked by fault 5m0s 5m30s 30 DETECTOR_LATE", "in use 1h31m0s 2h0m0s 1740 ",
		}},
		{"children", nil, []string{"event_id", "under14", "guardian"}, []string{"child yes no", "unrecorded  "}},
		{"complete", nil, []string{"chain_id", "first", "last"}, []string{}},
		{
			"complete",
			map[string]string{"chain": "control", "last": "1000"},
			[]string{"chain_id", "first", "last"},
			[]string{fmt.Sprintf("control %d 1000", w.control.Head().Seq+1)},
		},
		{
			"complete",
			map[string]string{"chain": "control", "first": "1001", "last": "1010"},
			[]string{"chain_id", "first", "last", "missing"},
			[]string{"control 1001 1010 10"},
		},
		{"overdue", nil, []string{"what", "object", "count", "reason"}, []string{
			"request late r-3 1 ", "request refused r-2 1 REPETITIVE", "retention skeleton 3 disk full",
		}},
		{"overdue", map[string]string{"keep": "119m"}, []string{"what", "object", "count"}, []string{
			"events control 10", "events edge-1 2", "request late r-3 1", "request refused r-2 1", "retention skeleton 3",
		}},
		{"people-held", nil, []string{"site_id", "enrolled", "templates", "share_percent", "state"}, []string{"plaza 80000 80002 80 warning"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.question, tt.given), func(t *testing.T) {
			a, err := asker.Ask(t.Context(), tt.question, tt.given)
			require.NoError(t, err)
			for _, r := range a.Rows {
				for i, c := range a.Question.Columns {
					if id, ok := r[i].(string); ok && c.Name == "event_id" {
						r[i] = names[id]
					}
				}
			}
			require.Equal(t, tt.want, rowsOf(t, a, tt.columns...))
			require.Equal(t, a.Question.Check && len(tt.want) > 0, !a.Holds())
		})
	}
}
