package ask

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Count is the type of a number that may be withheld: nil where the people
// behind it are too few to tell.
const Count Type = "count"

// FewPeople is how many distinct people a count must concern to be told
// (REQUIREMENTS section 4.3: counters below k = 5 are suppressed).
const FewPeople = 5

// The bounds of one query that somebody built.
const (
	MaxSpan   = 400 * 24 * time.Hour
	MaxValues = 20 // of one filter
	MaxText   = 64 // of one value, in bytes
	MaxBuilt  = 10_000
)

// Dimension is what a built query counts by.
type Dimension string

// The dimensions.
const (
	ByHour    Dimension = "hour"
	ByDay     Dimension = "day"
	BySite    Dimension = "site"
	ByCamera  Dimension = "camera"
	ByZone    Dimension = "zone"
	ByScene   Dimension = "scene"
	ByKind    Dimension = "kind"
	ByOutcome Dimension = "outcome"
)

// Dimensions lists the dimensions.
func Dimensions() []Dimension {
	return []Dimension{ByHour, ByDay, BySite, ByCamera, ByZone, ByScene, ByKind, ByOutcome}
}

// MatchKinds lists the kinds of event that a built query can ask for: what was
// recognised, shown and confirmed.
func MatchKinds() []string { return slices.Clone(matchKinds) }

// Outcomes lists what can come of such an event.
func Outcomes() []string {
	return []string{"matched", "not_matched", "shown", "confirmed", "rejected", "none"}
}

// Selection is a query that somebody built: which events of the match log, and
// either the events themselves or counts of them. Empty filters do not narrow.
// It becomes a query text of fixed pieces; every value is a parameter.
type Selection struct {
	From, To                                       time.Time // at or after, before
	Kinds, Sites, Cameras, Zones, Scenes, Outcomes []string
	Subject                                        string // a pseudonym, in hex
	Group                                          []Dimension
	// Offset of the local day from UTC, for counts by day.
	Offset time.Duration
	Rows   int // at most; DefaultRows when 0
}

// Built is the name of a built query's answer.
const Built = "query"

// outcome is one word for what came of an event, the same in both stores.
const outcome = `CASE WHEN m.kind = 'match' THEN 'matched' WHEN m.kind = 'unmask' THEN 'shown'
	WHEN %[1]s <> '' THEN %[1]s ELSE 'none' END`

// Query answers a built query. It fails with ErrParam, naming what is wrong,
// and with the store's errors.
func (a *Asker) Query(ctx context.Context, s Selection) (*Answer, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Rows == 0 {
		s.Rows = DefaultRows
	}
	q, text, values := s.compile(a.dialect)
	out, err := a.runText(ctx, q, text, values, s.Rows)
	if err == nil && len(s.Group) > 0 {
		withhold(out)
	}
	return out, err
}

func (s *Selection) check() error {
	switch {
	case s.From.IsZero() || s.To.IsZero() || !s.From.Before(s.To):
		return fmt.Errorf("%w: from and to are needed, from first", ErrParam)
	case s.To.Sub(s.From) > MaxSpan:
		return fmt.Errorf("%w: from and to lie more than %d days apart", ErrParam, int(MaxSpan.Hours()/24))
	case s.Rows < 0 || s.Rows > MaxBuilt:
		return fmt.Errorf("%w: rows lies between 1 and %d", ErrParam, MaxBuilt)
	case len(s.Group) > 2 || len(s.Group) == 2 && s.Group[0] == s.Group[1]:
		return fmt.Errorf("%w: group by one or two different things", ErrParam)
	case s.Offset < -14*time.Hour || s.Offset > 14*time.Hour || s.Offset%time.Minute != 0:
		return fmt.Errorf("%w: offset is whole minutes, at most 14 hours either way", ErrParam)
	case s.Subject != "" && len(s.Group) > 0:
		return fmt.Errorf("%w: one person's events are listed, not counted: leave out group or subject", ErrParam)
	}
	if b, err := hex.DecodeString(s.Subject); err != nil || s.Subject != "" && (len(b) != 32 || s.Subject != strings.ToLower(s.Subject)) {
		return fmt.Errorf("%w: subject is a pseudonym of 64 hex digits", ErrParam)
	}
	for _, d := range s.Group {
		if !slices.Contains(Dimensions(), d) {
			return fmt.Errorf("%w: nothing is counted by %q", ErrParam, d)
		}
	}
	for _, f := range s.filters() {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

// filter narrows one column to some values.
type filter struct {
	name, column string
	values       []string
	among        []string // the only values there are; nil for any text
}

func (s *Selection) filters() []filter {
	return []filter{
		{"kind", "kind", s.Kinds, matchKinds},
		{"site", "site_id", s.Sites, nil},
		{"camera", "camera_id", s.Cameras, nil},
		{"zone", "zone_id", s.Zones, nil},
		{"scene", "scene_id", s.Scenes, nil},
		{"outcome", "", s.Outcomes, Outcomes()},
	}
}

func (f filter) check() error {
	if len(f.values) > MaxValues {
		return fmt.Errorf("%w: %s: at most %d values", ErrParam, f.name, MaxValues)
	}
	for _, v := range f.values {
		if f.among != nil && !slices.Contains(f.among, v) {
			return fmt.Errorf("%w: %s: there is no %q; there are %s", ErrParam, f.name, v, strings.Join(f.among, ", "))
		}
		if v == "" || len(v) > MaxText || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
			return fmt.Errorf("%w: %s: a value is 1 to %d bytes of plain text", ErrParam, f.name, MaxText)
		}
	}
	return nil
}

// compile writes the query for one store. Its text is made of fixed pieces
// alone; what the user gave is in values.
func (s *Selection) compile(d *dialect) (Question, string, map[string]any) {
	values := map[string]any{"from": s.From.UnixMilli(), "to": s.To.UnixMilli(), "rows": s.Rows + 1}
	outcome := fmt.Sprintf(outcome, d.text("m.verdict"))
	var where []string
	for _, f := range s.filters() {
		if len(f.values) == 0 {
			continue
		}
		x := outcome
		if f.column != "" {
			x = d.text("m." + f.column)
		}
		names := make([]string, len(f.values))
		for i, v := range f.values {
			name := fmt.Sprintf("%s%d", f.name, i)
			names[i], values[name] = "@"+name, v
		}
		where = append(where, x+" IN ("+strings.Join(names, ", ")+")")
	}
	if s.Subject != "" {
		where, values["subject"] = append(where, "m.subject_ref = unhex(@subject)"), s.Subject
	}
	from := " FROM " + d.rows([]string{"from", "to"}, matchKinds) + " m"
	if len(where) > 0 {
		from += " WHERE " + strings.Join(where, " AND ")
	}
	if len(s.Group) > 0 {
		values["offset"] = s.Offset.Milliseconds()
		return s.counted(d, outcome, from, values)
	}
	q := Question{Name: Built, Title: "Events of the match log", Columns: cols(
		"ts", "time", "event_id", "text", "kind", "text", "site_id", "text", "camera_id", "text", "zone_id", "text",
		"scene_id", "text", "subject_ref", "digest", "outcome", "text", "score", "float", "threshold", "float")}
	return q, "SELECT DISTINCT m.ts, " + strings.Join([]string{
		d.text("m.event_id"), "m.kind", d.text("m.site_id"), d.text("m.camera_id"), d.text("m.zone_id"), d.text("m.scene_id"),
		d.digest("m.subject_ref"), outcome, d.float("m.score"), d.float("m.threshold"),
	}, ", ") + from + " ORDER BY m.ts, m.chain_id, m.seq LIMIT @rows", values
}

// counted writes a query of counts: events, each once however often it was
// stored, and the people that they concern.
func (s *Selection) counted(d *dialect, outcome, from string, values map[string]any) (Question, string, map[string]any) {
	q := Question{Name: Built, Title: "Counts of the match log"}
	exprs := make([]string, len(s.Group))
	places := make([]string, len(s.Group))
	for i, g := range s.Group {
		t := "text"
		switch g {
		case ByHour:
			exprs[i], t = "m.ts - m.ts % 3600000", "time"
		case ByDay:
			exprs[i], t = "(m.ts + @offset) - (m.ts + @offset) % 86400000 - @offset", "time"
		case ByKind:
			exprs[i] = "m.kind"
		case ByOutcome:
			exprs[i] = outcome
		default:
			exprs[i] = d.text("m." + string(g) + "_id")
		}
		places[i] = fmt.Sprintf("g%d", i)
		q.Columns = append(q.Columns, Column{string(g), Type(t)})
		exprs[i] += " AS " + places[i]
	}
	if !slices.Contains(s.Group, ByDay) {
		delete(values, "offset")
	}
	q.Columns = append(q.Columns, cols("events", "count", "pseudonyms", "count", "withheld", "count")...)
	by := strings.Join(places, ", ")
	people := func(column string) string {
		x := "m." + column
		return "COUNT(DISTINCT CASE WHEN NOT " + d.nothing(x) + " THEN " + d.digest(x) + " END)"
	}
	// A pseudonym changes with scene and day, a consent does not: the fewer of
	// the two is how many people are behind a count at most.
	return q, "SELECT " + by + ", events, pseudonyms, CASE WHEN few > 0 AND (few < pseudonyms OR pseudonyms = 0) THEN few ELSE pseudonyms END FROM (SELECT " +
		strings.Join(exprs, ", ") + ", COUNT(DISTINCT m.event_id) AS events, " + people("subject_ref") + " AS pseudonyms, " +
		people("consent_ref") + " AS few" + from + " GROUP BY " + by + ") q ORDER BY " + by + " LIMIT @rows", values
}

// withhold takes out the counts that concern fewer than FewPeople, before they
// leave this package. The last column comes as the number of people and leaves
// as whether the row was withheld.
func withhold(a *Answer) {
	n := len(a.Question.Columns)
	a.Question.Columns[n-1].Type = Text
	for _, r := range a.Rows {
		events, people := r[n-3].(int64), r[n-1].(int64)
		r[n-1] = "no"
		// Where nobody is named, as with failed claims, each event is somebody's.
		if basis := people; basis < FewPeople && (basis > 0 || events < FewPeople) {
			r[n-3], r[n-2], r[n-1] = nil, nil, "yes"
		}
	}
}
