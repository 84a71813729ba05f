package ask_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"bystander/audit/ask"
	"bystander/internal/event"
)

func TestFormats(t *testing.T) {
	w := newWorld(t)
	asker := inSQLite(t, w.all)
	a, err := asker.Ask(t.Context(), "confirmations", map[string]string{"rows": "2"})
	require.NoError(t, err)
	require.True(t, a.More)
	write := func(f ask.Format) []byte {
		var b bytes.Buffer
		require.NoError(t, a.Write(&b, f))
		return b.Bytes()
	}
	last := at(21 * time.Minute)

	table := string(write(ask.Table))
	require.Contains(t, table, "EVENT_ID")
	require.Contains(t, table, w.ids["good"])
	require.Contains(t, table, "there are more")

	lines, err := csv.NewReader(bytes.NewReader(write(ask.CSV))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, "last_review", lines[0][8])
	require.Equal(t, last.Format("2006-01-02T15:04:05.000Z"), lines[1][8])
	require.Empty(t, lines[2][8], "never reviewed")

	var doc struct {
		Name string
		Rows []struct {
			EventID    string     `json:"event_id"`
			LastReview *time.Time `json:"last_review"`
			Reviewers  int
		}
	}
	require.NoError(t, json.Unmarshal(write(ask.JSON), &doc))
	require.Equal(t, "confirmations", doc.Name)
	require.Equal(t, 2, doc.Rows[0].Reviewers)
	require.Equal(t, last, *doc.Rows[0].LastReview)
	require.Nil(t, doc.Rows[1].LastReview)

	type row struct {
		EventID    string     `parquet:"event_id"`
		LastReview *time.Time `parquet:"last_review,timestamp(microsecond)"`
		Reviewers  int64      `parquet:"reviewers"`
	}
	pq := write(ask.Parquet)
	rows, err := parquet.Read[row](bytes.NewReader(pq), int64(len(pq)))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, w.ids["good"], rows[0].EventID)
	require.EqualValues(t, 2, rows[0].Reviewers)
	require.Equal(t, last, rows[0].LastReview.UTC())
	require.Nil(t, rows[1].LastReview)

	require.ErrorIs(t, a.Write(&bytes.Buffer{}, "xml"), ask.ErrParam)
}

// A text that a spreadsheet would run, or a terminal obey, is made harmless.
func TestHostileText(t *testing.T) {
	w := newWorld(t)
	w.add(w.control, "", time.Hour, event.Event{Kind: event.KindAccess, Detail: map[string]string{
		"action": "=HYPERLINK(\"http://x\")", "purpose": "a\x1b[2Jb", "role": "-1",
	}})
	a, err := inSQLite(t, w.all).Ask(t.Context(), "reads", nil)
	require.NoError(t, err)
	var sheet, table bytes.Buffer
	require.NoError(t, a.Write(&sheet, ask.CSV))
	require.Contains(t, sheet.String(), `"'=HYPERLINK`)
	require.Contains(t, sheet.String(), ",-1,", "a number stays a number")
	require.NoError(t, a.Write(&table, ask.Table))
	require.NotContains(t, table.String(), "\x1b")
}

func TestAnEmptyCheckSaysThatItHolds(t *testing.T) {
	a, err := inSQLite(t, newWorld(t).all).Ask(t.Context(), "3", map[string]string{"to": start.Format(time.DateOnly)})
	require.NoError(t, err)
	require.True(t, a.Holds())
	var b bytes.Buffer
	require.NoError(t, a.Write(&b, ask.Table))
	require.True(t, strings.HasPrefix(b.String(), "holds: nothing found"), b.String())
	b.Reset()
	require.NoError(t, a.Write(&b, ask.Parquet), "a file without rows")
}
