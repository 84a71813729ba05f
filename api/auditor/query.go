package auditor

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/audit/ask"
)

// Builder answers queries that somebody built; *ask.Asker is one.
type Builder interface {
	Query(ctx context.Context, s ask.Selection) (*ask.Answer, error)
}

// Queries serves the query builder over the match log, as an api.Module: filters
// and groups from a fixed list, never a piece of a query's text.
type Queries struct {
	Builder Builder
	Access  actor.Recorder
	Log     zerolog.Logger
	// Limit bounds the time that one query may take; 30 s when 0.
	Limit time.Duration
}

// BuiltQuery is what is asked. Empty filters do not narrow.
type BuiltQuery struct {
	Purpose  string          `json:"purpose" minLength:"3" maxLength:"200" doc:"As with the questions"`
	From     time.Time       `json:"from" doc:"At or after"`
	To       time.Time       `json:"to" doc:"Before; at most 400 days later"`
	Kinds    []string        `json:"kinds,omitempty" maxItems:"20" enum:"match,claim_outcome,verify_1to1,unmask,human_review"`
	Sites    []string        `json:"sites,omitempty" maxItems:"20"`
	Cameras  []string        `json:"cameras,omitempty" maxItems:"20"`
	Zones    []string        `json:"zones,omitempty" maxItems:"20"`
	Scenes   []string        `json:"scenes,omitempty" maxItems:"20"`
	Outcomes []string        `json:"outcomes,omitempty" maxItems:"20" enum:"matched,not_matched,shown,confirmed,rejected,none"`
	Subject  string          `json:"subject,omitempty" pattern:"^([0-9a-f]{64})?$" doc:"A pseudonym; its events are listed, never counted"`
	Group    []ask.Dimension `json:"group,omitempty" maxItems:"2" enum:"hour,day,site,camera,zone,scene,kind,outcome" doc:"Counts by one or two of these instead of the events; counts of fewer than five people are withheld"`
	Offset   int             `json:"utc_offset_minutes,omitempty" minimum:"-840" maximum:"840" doc:"Where a day begins, for counts by day"`
	Rows     int             `json:"rows,omitempty" minimum:"0" maximum:"10000" doc:"At most; 1000 when left out"`
}

type queryInput struct {
	Format string `query:"format" enum:"json,csv,parquet" default:"json"`
	Body   BuiltQuery
}

// Register implements api.Module.
func (m *Queries) Register(routes huma.API) {
	huma.Register(routes, huma.Operation{
		OperationID: "query-match-log", Method: http.MethodPost, Path: "/v1/audit/query", DefaultStatus: http.StatusOK,
		Summary: "Build a query over the match log", Description: copyNeeds, Tags: []string{"audit"}, Middlewares: problem.Need(readers...),
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, m.query)
}

func (m *Queries) query(ctx context.Context, in *queryInput) (*askOutput, error) {
	if err := mayTake(ctx, in.Format); err != nil {
		return nil, err
	}
	q := &in.Body
	if !purposeFits(q.Purpose) {
		return nil, mismatch(ctx, m.Access, m.Log, ask.Built, q.Purpose)
	}
	limit := m.Limit
	if limit == 0 {
		limit = 30 * time.Second
	}
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a, err := m.Builder.Query(asking, ask.Selection{
		From: q.From, To: q.To, Kinds: q.Kinds, Sites: q.Sites, Cameras: q.Cameras, Zones: q.Zones, Scenes: q.Scenes,
		Outcomes: q.Outcomes, Subject: q.Subject, Group: q.Group, Offset: time.Duration(q.Offset) * time.Minute, Rows: q.Rows,
	})
	if err != nil {
		return nil, refusal(ctx, m.Log, err)
	}
	canonical, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	subjects := a.Subjects()
	err = m.Access.RecordRead(ctx, actor.Read{
		Action: readAs("audit.query", in.Format), Object: ask.Built, Purpose: q.Purpose, Query: canonical,
		Subjects: subjects, Count: len(subjects),
	})
	if err != nil {
		return nil, unrecorded(ctx, m.Log, err)
	}
	return written(ctx, a, in.Format, q.Purpose)
}
