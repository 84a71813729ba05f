package rights

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
	"bystander/rights"
)

// OneID is a request's or task's id in the path.
type OneID struct {
	ID string `path:"id" format:"uuid" doc:"The request's id, as the receipt says"`
}

type submit struct {
	Body struct {
		Type     string `json:"type" enum:"access,copy,transfer,correct,supplement,erase,withdraw,cancel_account,restrict,object,explain,refuse_automated,confidentiality,deceased_kin"`
		Text     string `json:"text,omitempty" maxLength:"4000" doc:"In your own words"`
		Language string `json:"language" enum:"en,zh-CN"`
		Contact  string `json:"contact" minLength:"3" maxLength:"400" doc:"Where the answer should go"`
	}
}

type receipt struct{ Body rights.Receipt }

// Status is what whoever holds the id may know: how far it is, not who it is
// about.
type Status struct {
	RequestID    string     `json:"request_id"`
	Type         string     `json:"type"`
	State        string     `json:"state" enum:"received,identity_verified,in_progress,fulfilled,refused,appealed"`
	Received     time.Time  `json:"received"`
	Deadline     time.Time  `json:"deadline"`
	Acknowledged *time.Time `json:"acknowledged,omitempty"`
	Extended     string     `json:"extended,omitempty" doc:"Why the deadline was moved"`
	Ground       string     `json:"ground,omitempty" doc:"Why it was refused"`
	Outcome      string     `json:"outcome,omitempty"`
	Appeal       string     `json:"appeal,omitempty" doc:"Where to turn"`
}

type statusOut struct{ Body Status }

type appeal struct {
	OneID
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000" doc:"What is wrong with the refusal"`
	}
}

type forward struct {
	Body rights.Forwarded
}

func statusOf(r rights.Request) Status {
	s := Status{
		RequestID: r.ID, Type: string(r.Type), State: string(r.State), Received: r.Received, Deadline: r.Deadline,
		Extended: r.Extended, Ground: string(r.Ground), Outcome: r.Outcome, Appeal: r.Appeal,
	}
	if !r.Acknowledged.IsZero() {
		s.Acknowledged = &r.Acknowledged
	}
	return s
}

func (m *Module) openRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("submit-request", "POST", "/v1/rights/requests", "Ask about what is kept of you", nil, 202),
		func(ctx context.Context, in *submit) (*receipt, error) {
			if err := m.admit(); err != nil {
				return nil, err
			}
			r, err := m.cfg.Service.Submit(ctx, rights.Submission{
				Type: rights.Type(in.Body.Type), Text: in.Body.Text, Language: in.Body.Language, Contact: in.Body.Contact,
			})
			return &receipt{r}, err
		})
	route.Add(m.Table, api, route.New("forward-request", "POST", "/v1/rights/forwarded", "Forward a person's request, as one who processes for the controller", nil, 202),
		func(ctx context.Context, in *forward) (*receipt, error) {
			if err := m.admit(); err != nil {
				return nil, err
			}
			r, err := m.cfg.Service.SubmitForwarded(ctx, in.Body)
			return &receipt{r}, err
		})
	route.Add(m.Table, api, route.New("request-status", "GET", "/v1/rights/requests/{id}/status", "How far a request is", nil, 0),
		func(ctx context.Context, in *OneID) (*statusOut, error) {
			r, err := m.cfg.DB.Get(ctx, in.ID)
			return &statusOut{statusOf(r)}, err
		})
	route.Add(m.Table, api, route.New("appeal-request", "POST", "/v1/rights/requests/{id}/appeal", "Appeal against a refusal", nil, 0),
		func(ctx context.Context, in *appeal) (*statusOut, error) {
			if err := m.admit(); err != nil {
				return nil, err
			}
			r, err := m.cfg.Service.Appeal(ctx, in.ID, in.Body.Text, "person")
			return &statusOut{statusOf(r)}, err
		})
}
