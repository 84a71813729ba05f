package me

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/rights"
)

// OwnRequest is a person's own request as it stands.
type OwnRequest struct {
	RequestID    string     `json:"request_id"`
	Type         string     `json:"type"`
	State        string     `json:"state" enum:"received,identity_verified,in_progress,fulfilled,refused,appealed"`
	Text         string     `json:"text,omitempty"`
	Received     time.Time  `json:"received"`
	Deadline     time.Time  `json:"deadline"`
	Acknowledged *time.Time `json:"acknowledged,omitempty"`
	Extended     string     `json:"extended,omitempty" doc:"Why the deadline was moved"`
	Ground       string     `json:"ground,omitempty" doc:"Why it was refused"`
	Outcome      string     `json:"outcome,omitempty"`
	Appeal       string     `json:"appeal,omitempty" doc:"Where to turn"`
	ChangedAt    time.Time  `json:"changed_at"`
	Copy         bool       `json:"copy" doc:"Whether the person can download a copy under it"`
}

func requestOf(r rights.Request) OwnRequest {
	out := OwnRequest{
		RequestID: r.ID, Type: string(r.Type), State: string(r.State), Text: r.Text, Received: r.Received, Deadline: r.Deadline,
		Extended: r.Extended, Ground: string(r.Ground), Outcome: r.Outcome, Appeal: r.Appeal, ChangedAt: r.ChangedAt, Copy: copies(r),
	}
	if !r.Acknowledged.IsZero() {
		out.Acknowledged = &r.Acknowledged
	}
	return out
}

// copies reports whether the person may take a copy under a request: one that
// asks for the data, and was not refused.
func copies(r rights.Request) bool {
	return (r.Type == rights.Copy || r.Type == rights.Access) && r.State != rights.Refused
}

// own lists what a signed-in person can ask for themselves.
func own() []rights.Type {
	return []rights.Type{
		rights.Access, rights.Copy, rights.Correct, rights.Supplement, rights.Erase, rights.Restrict, rights.Object,
		rights.Explain, rights.RefuseAutomated, rights.Confidentiality, rights.CancelAccount,
	}
}

// atOnce are the requests that stop something: what stops does not wait for an
// officer, since the receipt's code has shown who asks.
var atOnce = []rights.Type{rights.Restrict, rights.Object, rights.RefuseAutomated, rights.Erase, rights.CancelAccount}

type ownList struct {
	Body struct {
		Requests []OwnRequest `json:"requests" nullable:"false"`
	}
}

type ownAsk struct {
	Body struct {
		Type     string `json:"type" enum:"access,copy,correct,supplement,erase,restrict,object,explain,refuse_automated,confidentiality,cancel_account"`
		Text     string `json:"text,omitempty" maxLength:"4000" doc:"In your own words"`
		Language string `json:"language" enum:"en,zh-CN"`
		Contact  string `json:"contact,omitempty" maxLength:"400" doc:"Where the answer should go besides this page"`
	}
}

type ownAsked struct{ Body OwnRequest }

type oneID struct {
	ID string `path:"id" format:"uuid"`
}

func (m *Module) requestRoutes(api huma.API) {
	add(m, api, route.New("me-requests", "GET", "/v1/me/requests", "Your requests, with status and deadline", themselves, 0),
		func(ctx context.Context, a actor.Actor, _ *struct{}) (*ownList, error) {
			if err := m.read(ctx, "me.requests", a.Enrollee); err != nil {
				return nil, err
			}
			rs, err := m.cfg.Filed.List(ctx, rights.Query{Enrollee: a.Enrollee, Limit: 1000})
			slices.Reverse(rs) // the newest first
			out := &ownList{}
			out.Body.Requests = make([]OwnRequest, len(rs))
			for i, r := range rs {
				out.Body.Requests[i] = requestOf(r)
			}
			return out, err
		})
	add(m, api, route.New("me-ask", "POST", "/v1/me/requests", "Ask for something; what asks to stop is stopped at once", themselves, http.StatusCreated), m.ask)
	add(m, api, route.New("me-bundle", "GET", "/v1/me/requests/{id}/bundle", "Download everything that is kept of you, as a signed ZIP file", themselves, 0), m.bundle)
}

func (m *Module) ask(ctx context.Context, a actor.Actor, in *ownAsk) (*ownAsked, error) {
	kind := rights.Type(in.Body.Type)
	if !slices.Contains(own(), kind) {
		return nil, problem.New(http.StatusUnprocessableEntity, "TYPE", "this cannot be asked for here")
	}
	contact := in.Body.Contact
	if contact == "" {
		contact = "the person's own page"
	}
	got, err := m.cfg.Requests.Submit(ctx, rights.Submission{Type: kind, Text: in.Body.Text, Language: in.Body.Language, Contact: contact})
	if err != nil {
		return nil, err
	}
	r, err := m.cfg.Requests.Verify(ctx, got.RequestID, a.Enrollee, rights.ByCode, a.ID, "signed in by the code on their receipt")
	if err == nil && slices.Contains(atOnce, kind) {
		r, err = m.cfg.Requests.Begin(ctx, r.ID, a.ID)
	}
	if err != nil {
		return nil, err
	}
	return &ownAsked{requestOf(r)}, nil
}

// bundle hands the copy out, and with that the request is served: the person
// has what they asked for. They can take it again while the request is kept.
func (m *Module) bundle(ctx context.Context, a actor.Actor, in *oneID) (*huma.StreamResponse, error) {
	r, err := m.cfg.Filed.Get(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case r.Enrollee == "" || r.Enrollee != a.Enrollee:
		return nil, problem.New(http.StatusNotFound, "NOT_FOUND", "there is no such request of yours")
	case !copies(r):
		return nil, problem.New(http.StatusConflict, "NOT_A_COPY", "this request does not ask for the data, or was refused")
	}
	if err := m.read(ctx, "me.bundle", in.ID); err != nil {
		return nil, err
	}
	zip, err := m.cfg.Export.Export(ctx, a.Enrollee, r.ID)
	if err != nil {
		return nil, err
	}
	if err := m.served(ctx, a, r); err != nil {
		return nil, errors.Join(err, zip.Close())
	}
	return route.Zip(ctx, m.cfg.Log, "my-data-"+r.ID+".zip", zip), nil
}

func (m *Module) served(ctx context.Context, a actor.Actor, r rights.Request) (err error) {
	if r.State == rights.Verified {
		if r, err = m.cfg.Requests.Begin(ctx, r.ID, a.ID); err != nil {
			return err
		}
	}
	if r.State == rights.InProgress {
		_, err = m.cfg.Requests.Fulfil(ctx, r.ID, "The copy was downloaded on the person's own page.", a.ID)
	}
	return err
}
