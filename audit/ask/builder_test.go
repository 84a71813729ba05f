package ask_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/audit/ask"
)

func TestBuiltQueries(t *testing.T) { testBuilt(t, inSQLite) }

func TestBuiltQueriesInClickHouse(t *testing.T) { testBuilt(t, inClickHouse) }

func day() ask.Selection { return ask.Selection{From: start, To: at(24 * time.Hour)} }

// testBuilt asks the made-up day with filters and groups; both stores must say
// the same, with rows that came twice.
func testBuilt(t *testing.T, open open) {
	w := newWorld(t)
	asker := open(t, w.all)
	names := map[string]string{}
	for name, id := range w.ids {
		names[id] = name
	}
	with := func(change func(*ask.Selection)) ask.Selection {
		s := day()
		change(&s)
		return s
	}
	tests := []struct {
		name    string
		s       ask.Selection
		columns []string
		want    []string
	}{
		{
			"one zone", with(func(s *ask.Selection) { s.Zones, s.Kinds = []string{"yard", "attic"}, []string{"match"} }),
			[]string{"event_id", "ts", "outcome"},
			[]string{"uninspected 41m0s matched", "nowhere 1h22m0s matched"},
		},
		{
			"a period", with(func(s *ask.Selection) { s.From, s.To = at(35*time.Minute), at(37*time.Minute) }),
			[]string{"event_id"},
			[]string{"expired", "child"},
		},
		{
			"one person", with(func(s *ask.Selection) { s.Subject = digest(0xa7).String() }),
			[]string{"event_id", "subject_ref"},
			[]string{"at once " + digest(0xa7).String()},
		},
		{
			"an outcome", with(func(s *ask.Selection) { s.Outcomes = []string{"shown", "rejected"} }),
			[]string{"event_id", "kind", "outcome"},
			[]string{"unmask unmask shown", " human_review rejected"},
		},
		{"what is not there", with(func(s *ask.Selection) { s.Cameras = []string{"' OR '1'='1"} }), []string{"event_id"}, []string{}},
		// Seven people in the hall; elsewhere too few to tell.
		{
			"by zone", with(func(s *ask.Selection) { s.Kinds, s.Group = []string{"match"}, []ask.Dimension{ask.ByZone} }),
			[]string{"zone", "events", "pseudonyms", "withheld"},
			[]string{
				"attic <nil> <nil> yes", "file <nil> <nil> yes", "gate <nil> <nil> yes", "hall 9 7 no", "new <nil> <nil> yes", "yard <nil> <nil> yes",
			},
		},
		{"by hour and outcome", with(func(s *ask.Selection) {
			s.Kinds, s.Zones, s.Group = []string{"match", "claim_outcome"}, []string{"hall"}, []ask.Dimension{ask.ByHour, ask.ByOutcome}
		}), []string{"hour", "outcome", "events", "withheld"}, []string{
			"0s matched 7 no", "0s not_matched <nil> yes", "1h0m0s matched <nil> yes",
		}},
		{
			"by kind", with(func(s *ask.Selection) { s.Group = []ask.Dimension{ask.ByKind} }),
			[]string{"kind", "events", "pseudonyms", "withheld"},
			[]string{
				"claim_outcome <nil> <nil> yes", "human_review 7 0 no", "match 15 7 no", "unmask <nil> <nil> yes",
			},
		},
		// Eight hours east of Greenwich the day begins at sixteen hours UTC before.
		{"by local day", with(func(s *ask.Selection) {
			s.Kinds, s.Group, s.Offset = []string{"match"}, []ask.Dimension{ask.ByDay}, 8*time.Hour
		}), []string{"day", "events"}, []string{"-16h0m0s 15"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := asker.Query(t.Context(), tt.s)
			require.NoError(t, err)
			for _, r := range a.Rows {
				for i, c := range a.Question.Columns {
					if id, ok := r[i].(string); ok && c.Name == "event_id" {
						r[i] = names[id]
					}
				}
			}
			require.Equal(t, tt.want, rowsOf(t, a, tt.columns...))
		})
	}
	t.Run("bounded", func(t *testing.T) {
		s := day()
		s.Rows = 3
		a, err := asker.Query(t.Context(), s)
		require.NoError(t, err)
		require.Len(t, a.Rows, 3)
		require.True(t, a.More)
	})
	t.Run("written", func(t *testing.T) {
		s := day()
		s.Group = []ask.Dimension{ask.ByKind}
		a, err := asker.Query(t.Context(), s)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, a.Write(&b, ask.CSV))
		require.Contains(t, b.String(), "claim_outcome,,,yes\n")
		b.Reset()
		require.NoError(t, a.Write(&b, ask.JSON))
		require.Contains(t, b.String(), `"events":null`)
		b.Reset()
		require.NoError(t, a.Write(&b, ask.Parquet))
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		require.NoError(t, err)
		require.EqualValues(t, 4, f.NumRows())
	})
}

func TestBuiltQueriesAreChecked(t *testing.T) {
	asker := inSQLite(t, newWorld(t).all)
	for says, change := range map[string]func(*ask.Selection){
		"from and to are needed":   func(s *ask.Selection) { s.To = time.Time{} },
		"days apart":               func(s *ask.Selection) { s.From = s.To.Add(-401 * 24 * time.Hour) },
		"rows":                     func(s *ask.Selection) { s.Rows = 10_001 },
		`there is no "access"`:     func(s *ask.Selection) { s.Kinds = []string{"access"} },
		"pseudonym":                func(s *ask.Selection) { s.Subject = "Anna" },
		"listed, not counted":      func(s *ask.Selection) { s.Subject, s.Group = digest(1).String(), []ask.Dimension{ask.ByHour} },
		`counted by "subject_ref"`: func(s *ask.Selection) { s.Group = []ask.Dimension{"subject_ref"} },
		"two different":            func(s *ask.Selection) { s.Group = []ask.Dimension{ask.ByHour, ask.ByHour} },
		"at most 20 values":        func(s *ask.Selection) { s.Zones = strings.Split(strings.Repeat("z,", 20)+"z", ",") },
		"plain text":               func(s *ask.Selection) { s.Sites = []string{"a\x00"} },
		"offset":                   func(s *ask.Selection) { s.Offset = time.Second },
	} {
		s := day()
		change(&s)
		_, err := asker.Query(t.Context(), s)
		require.ErrorIs(t, err, ask.ErrParam, says)
		require.ErrorContains(t, err, says)
	}
}

// Whatever is filtered and however it is grouped, no count of fewer than five
// people gets out, and nothing a user writes is taken for a piece of the query.
func TestNoSmallCountGetsOut(t *testing.T) {
	w := newWorld(t)
	asker := inSQLite(t, w.all)
	value := rapid.OneOf(rapid.SampledFrom([]string{"hall", "yard", "cam-1", "plaza", "doors"}), rapid.StringMatching(`[ -~]{1,20}`))
	rapid.Check(t, func(t *rapid.T) {
		s := day()
		s.Kinds = rapid.SliceOfNDistinct(rapid.SampledFrom(ask.MatchKinds()), 0, 3, rapid.ID[string]).Draw(t, "kinds")
		s.Zones = rapid.SliceOfN(value, 0, 2).Draw(t, "zones")
		s.Cameras = rapid.SliceOfN(value, 0, 2).Draw(t, "cameras")
		s.Group = rapid.SliceOfNDistinct(rapid.SampledFrom(ask.Dimensions()), 1, 2, rapid.ID[ask.Dimension]).Draw(t, "group")
		a, err := asker.Query(t.Context(), s)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		n := len(a.Question.Columns)
		for _, r := range a.Rows {
			withheld := fmt.Sprint(r[n-1]) == "yes"
			if withheld != (r[n-2] == nil) || withheld != (r[n-3] == nil) {
				t.Fatalf("%v tells a part", r)
			}
			if !withheld && r[n-3].(int64) < ask.FewPeople {
				t.Fatalf("%v tells a small count", r)
			}
		}
	})
}
