package rights

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/rights"
)

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.Clear()
	m.openRoutes(api)
	m.readRoutes(api)
	m.stepRoutes(api)
	m.taskRoutes(api)
}

type listIn struct {
	Type  string `query:"type" maxLength:"32" pattern:"^[a-z_]+$"`
	State string `query:"state" maxLength:"32" pattern:"^[a-z_]+$"`
	Open  bool   `query:"open" doc:"Only those with something left to do"`
	After string `query:"after" format:"uuid" doc:"The last id of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type listOut struct {
	Body struct {
		Requests []Status `json:"requests" nullable:"false"`
	}
}

type requestOut struct{ Body rights.Request }

type historyOut struct {
	Body struct {
		Versions []rights.Request `json:"versions" nullable:"false" doc:"Oldest first"`
	}
}

type contactOut struct {
	Body struct {
		Contact string `json:"contact"`
	}
}

func (m *Module) readRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("list-requests", "GET", "/v1/rights/requests", "Requests and their deadlines, without who asks", watchers, 0),
		func(ctx context.Context, in *listIn) (*listOut, error) {
			rs, err := m.cfg.DB.List(ctx, rights.Query{
				Type: rights.Type(in.Type), State: rights.State(in.State), Open: in.Open, After: in.After, Limit: in.Limit,
			})
			out := &listOut{}
			out.Body.Requests = []Status{}
			for _, r := range rs {
				out.Body.Requests = append(out.Body.Requests, statusOf(r))
			}
			return out, err
		})
	route.Add(m.Table, api, route.New("get-request", "GET", "/v1/rights/requests/{id}", "One request as it stands", officers, 0),
		func(ctx context.Context, in *OneID) (*requestOut, error) {
			if err := m.read(ctx, "rights.request", in.ID); err != nil {
				return nil, err
			}
			r, err := m.cfg.DB.Get(ctx, in.ID)
			return &requestOut{r}, err
		})
	route.Add(m.Table, api, route.New("request-history", "GET", "/v1/rights/requests/{id}/history", "Every version of a request", officers, 0),
		func(ctx context.Context, in *OneID) (*historyOut, error) {
			if err := m.read(ctx, "rights.history", in.ID); err != nil {
				return nil, err
			}
			h, err := m.cfg.DB.History(ctx, in.ID)
			out := &historyOut{}
			out.Body.Versions = h
			return out, err
		})
	route.Add(m.Table, api, route.New("request-contact", "GET", "/v1/rights/requests/{id}/contact", "How to reach who asks", officers, 0),
		func(ctx context.Context, in *OneID) (*contactOut, error) {
			if err := m.read(ctx, "rights.contact", in.ID); err != nil {
				return nil, err
			}
			out := &contactOut{}
			var err error
			out.Body.Contact, err = m.cfg.Service.Contact(ctx, in.ID)
			return out, err
		})
	route.Add(m.Table, api, route.New("request-bundle", "GET", "/v1/rights/requests/{id}/bundle", "Everything that is kept of the person, as a signed ZIP file", officers, 0).Strongly(), m.bundle)
}

func (m *Module) bundle(ctx context.Context, in *OneID) (*huma.StreamResponse, error) {
	r, err := m.cfg.DB.Get(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case r.VerifiedAt.IsZero():
		return nil, problem.New(http.StatusForbidden, rights.CodeUnverified, "who asks has not been verified yet")
	case r.Type != rights.Access && r.Type != rights.Copy && r.Type != rights.Transfer && r.Type != rights.Explain:
		return nil, problem.New(http.StatusConflict, "NOT_A_COPY", "this request does not ask for the data")
	case m.cfg.Export == nil:
		return nil, problem.New(http.StatusNotImplemented, "NO_EXPORT", "this program has no stores to export from")
	case r.Enrollee == "":
		return nil, problem.New(http.StatusConflict, "NOBODY", "the person is not enrolled here; nothing is kept of them but this request")
	}
	if err := m.read(ctx, "rights.bundle", in.ID); err != nil {
		return nil, err
	}
	zip, err := m.cfg.Export.Export(ctx, r.Enrollee, r.ID)
	if err != nil {
		return nil, err
	}
	return route.Zip(ctx, m.cfg.Log, r.ID+".zip", zip), nil
}

type reason struct {
	OneID
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

type verify struct {
	OneID
	Body struct {
		Enrollee string `json:"enrollee" maxLength:"64" doc:"Who they are; empty when they are not enrolled here"`
		Method   string `json:"verified_by" enum:"in_person,receipt,kin_proof"`
		Reason   string `json:"reason" minLength:"3" maxLength:"500" doc:"What was shown, without its number"`
	}
}

type extend struct {
	OneID
	Body struct {
		Deadline time.Time `json:"deadline"`
		Reason   string    `json:"reason" minLength:"3" maxLength:"500"`
	}
}

type refusal struct {
	OneID
	Body struct {
		Ground   string `json:"ground" enum:"UNLAWFUL,REPETITIVE,DISPROPORTIONATE,HARMS_OTHERS,IMPRACTICAL,UNIDENTIFIED"`
		Text     string `json:"text" maxLength:"4000" doc:"For the person"`
		Appeal   string `json:"appeal" maxLength:"400" doc:"Where the person can appeal"`
		Evidence string `json:"evidence,omitempty" maxLength:"400" doc:"With IMPRACTICAL: the certificate of key destruction"`
	}
}

type fulfil struct {
	OneID
	Body struct {
		Outcome string `json:"outcome" maxLength:"4000" doc:"What was done, for the person"`
	}
}

func (m *Module) stepRoutes(api huma.API) {
	s := m.cfg.Service
	step := func(o route.Op, f func(ctx context.Context, by string, in *reason) (rights.Request, error)) {
		route.Add(m.Table, api, o, func(ctx context.Context, in *reason) (*requestOut, error) {
			r, err := f(ctx, actor.From(ctx).ID, in)
			return &requestOut{r}, err
		})
	}
	step(route.New("acknowledge-request", "POST", "/v1/rights/requests/{id}/acknowledge", "Record that the person was told of the receipt", officers, 0),
		func(ctx context.Context, by string, in *reason) (rights.Request, error) {
			return s.Acknowledge(ctx, in.ID, by)
		})
	step(route.New("begin-request", "POST", "/v1/rights/requests/{id}/begin", "Begin; what stops processing is done at once", officers, 0),
		func(ctx context.Context, by string, in *reason) (rights.Request, error) {
			return s.Begin(ctx, in.ID, by)
		})
	route.Add(m.Table, api, route.New("verify-request", "POST", "/v1/rights/requests/{id}/verify", "Record who asks", officers, 0),
		func(ctx context.Context, in *verify) (*requestOut, error) {
			r, err := s.Verify(ctx, in.ID, in.Body.Enrollee, rights.Method(in.Body.Method), actor.From(ctx).ID, in.Body.Reason)
			return &requestOut{r}, err
		})
	route.Add(m.Table, api, route.New("extend-request", "POST", "/v1/rights/requests/{id}/extend", "Move the deadline, once, with a reason", officers, 0),
		func(ctx context.Context, in *extend) (*requestOut, error) {
			r, err := s.Extend(ctx, in.ID, in.Body.Deadline, in.Body.Reason, actor.From(ctx).ID)
			return &requestOut{r}, err
		})
	route.Add(m.Table, api, route.New("refuse-request", "POST", "/v1/rights/requests/{id}/refuse", "Refuse on a coded ground", officers, 0),
		func(ctx context.Context, in *refusal) (*requestOut, error) {
			r, err := s.Refuse(ctx, in.ID, rights.Refusing{
				Ground: rights.Ground(in.Body.Ground), Text: in.Body.Text, Appeal: in.Body.Appeal, Evidence: in.Body.Evidence,
			}, actor.From(ctx).ID)
			return &requestOut{r}, err
		})
	route.Add(m.Table, api, route.New("fulfil-request", "POST", "/v1/rights/requests/{id}/fulfil", "End as served; an erasure is carried out here", officers, 0),
		func(ctx context.Context, in *fulfil) (*requestOut, error) {
			r, err := s.Fulfil(ctx, in.ID, in.Body.Outcome, actor.From(ctx).ID)
			return &requestOut{r}, err
		})
}

type tasksOut struct {
	Body struct {
		Tasks []rights.Task `json:"tasks" nullable:"false"`
	}
}

type taskOut struct{ Body rights.Task }

func (m *Module) taskRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("request-tasks", "GET", "/v1/rights/requests/{id}/tasks", "What other systems have to do", watchers, 0),
		func(ctx context.Context, in *OneID) (*tasksOut, error) {
			ts, err := m.cfg.DB.Tasks(ctx, in.ID)
			out := &tasksOut{}
			out.Body.Tasks = ts
			return out, err
		})
	route.Add(m.Table, api, route.New("acknowledge-task", "POST", "/v1/rights/tasks/{id}/acknowledge", "Record that another system has done its part", clerks, 0),
		func(ctx context.Context, in *OneID) (*taskOut, error) {
			t, err := m.cfg.Service.AcknowledgeTask(ctx, in.ID, actor.From(ctx).ID)
			return &taskOut{t}, err
		})
	route.Add(m.Table, api, route.New("except-task", "POST", "/v1/rights/tasks/{id}/except", "Record why another system cannot", officers, 0),
		func(ctx context.Context, in *reason) (*taskOut, error) {
			t, err := m.cfg.Service.ExceptTask(ctx, in.ID, in.Body.Reason, actor.From(ctx).ID)
			return &taskOut{t}, err
		})
}
