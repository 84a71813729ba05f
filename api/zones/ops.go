package zones

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
	"bystander/policy/sitestore"
)

type newIncident struct {
	Body struct {
		Class   string     `json:"class" enum:"personal_data_breach,security,availability,misuse,other"`
		Drill   bool       `json:"drill,omitempty" doc:"An exercise; its timers run like a real one's"`
		FoundAt *time.Time `json:"found_at,omitempty" doc:"Left out: now"`
		Reason  string     `json:"reason" maxLength:"500" doc:"What was found"`
	}
}

type reportIncident struct {
	MaybeVersion
	OneID
	Body struct {
		To     string `json:"to" enum:"authority,people,management"`
		Text   string `json:"text" minLength:"1" maxLength:"10000" doc:"What was said; without names"`
		Reason string `json:"reason" maxLength:"500"`
	}
}

func (in *newIncident) reason() string    { return in.Body.Reason }
func (in *reportIncident) reason() string { return in.Body.Reason }

func (m *Module) incidentRoutes(api huma.API) {
	s := m.cfg.Store
	reads(m, api, s, kindOf[sitestore.Incident, Incident]{
		"incident", "/v1/incidents", staff,
		sitestore.Get[sitestore.Incident], sitestore.List[sitestore.Incident], sitestore.History[sitestore.Incident],
		func(v sitestore.Incident) Incident { return Incident{v} }, func(v sitestore.Incident) string { return v.ID },
	})
	add(m, api, route.New("open-incident", "POST", "/v1/incidents", "Open an incident, or a drill of one", stoppers, 201),
		func(ctx context.Context, by sitestore.By, in *newIncident) (Incident, error) {
			v, err := s.OpenIncident(ctx, by, in.Body.Class, in.Body.Drill, moment(in.Body.FoundAt))
			return Incident{v}, err
		})
	add(m, api, route.New("contain-incident", "POST", "/v1/incidents/{id}/contain", "Record that an incident is contained", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Incident, error) {
			v, err := s.Contain(ctx, by, in.ID)
			return Incident{v}, err
		})
	add(m, api, route.New("report-incident", "POST", "/v1/incidents/{id}/report", "Record a report of an incident", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *reportIncident) (Incident, error) {
			v, err := s.Report(ctx, by, in.ID, sitestore.IncidentReport{To: in.Body.To, Text: in.Body.Text})
			return Incident{v}, err
		})
	add(m, api, route.New("close-incident", "POST", "/v1/incidents/{id}/close", "Close a reported incident", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *decision) (Incident, error) {
			v, err := s.CloseIncident(ctx, by, in.ID)
			return Incident{v}, err
		})
}

type newExit struct {
	Body struct {
		Items  []exitItem `json:"items" minItems:"4" maxItems:"200" doc:"At least one of each list"`
		Reason string     `json:"reason,omitempty" maxLength:"500"`
	}
}

type exitItem struct {
	ID   string `json:"id" minLength:"1" maxLength:"63"`
	List string `json:"list" enum:"dismantling,network,disposal,alternatives"`
	Text string `json:"text" minLength:"1" maxLength:"1000"`
}

type exitDone struct {
	MaybeVersion
	OneID
	Item string `path:"item" maxLength:"63"`
	Body struct {
		Proof  string `json:"proof,omitempty" maxLength:"1000" doc:"Reference of what proves it"`
		Reason string `json:"reason" maxLength:"500"`
	}
}

type exitCertify struct {
	MaybeVersion
	OneID
	Body struct {
		Certificates []string `json:"certificates" minItems:"1" maxItems:"50"`
		Reason       string   `json:"reason" maxLength:"500"`
	}
}

func (in *newExit) reason() string     { return in.Body.Reason }
func (in *exitDone) reason() string    { return in.Body.Reason }
func (in *exitCertify) reason() string { return in.Body.Reason }

func (m *Module) exitRoutes(api huma.API) {
	s := m.cfg.Shown
	reads(m, api, s, kindOf[sitestore.ExitPlan, ExitPlan]{
		"exit-plan", "/v1/exit-plans", staff,
		sitestore.Get[sitestore.ExitPlan], sitestore.List[sitestore.ExitPlan], sitestore.History[sitestore.ExitPlan],
		func(v sitestore.ExitPlan) ExitPlan { return ExitPlan{v} }, func(v sitestore.ExitPlan) string { return v.ID },
	})
	add(m, api, route.New("add-exit-plan", "POST", "/v1/exit-plans", "Plan how the site is left", owners, 201),
		func(ctx context.Context, by sitestore.By, in *newExit) (ExitPlan, error) {
			items := make([]sitestore.ExitItem, 0, len(in.Body.Items))
			for _, i := range in.Body.Items {
				items = append(items, sitestore.ExitItem{ID: i.ID, List: i.List, Text: i.Text})
			}
			v, err := s.AddExitPlan(ctx, by, items)
			return ExitPlan{v}, err
		})
	add(m, api, route.New("exit-item-done", "POST", "/v1/exit-plans/{id}/items/{item}/done", "Record that an item is done", owners, 0),
		func(ctx context.Context, by sitestore.By, in *exitDone) (ExitPlan, error) {
			v, err := s.ExitDone(ctx, by, in.ID, in.Item, in.Body.Proof)
			return ExitPlan{v}, err
		})
	add(m, api, route.New("certify-exit-plan", "POST", "/v1/exit-plans/{id}/certify", "Confirm that all is done; never by the planner", approvers, 0),
		func(ctx context.Context, by sitestore.By, in *exitCertify) (ExitPlan, error) {
			v, err := s.CertifyExit(ctx, by, in.ID, in.Body.Certificates)
			return ExitPlan{v}, err
		})
}

type nothing struct{}

type pull struct {
	Body struct {
		Reason string `json:"reason" maxLength:"500" doc:"Why; kept with the decision"`
	}
}

func (in *pull) reason() string { return in.Body.Reason }

func (m *Module) killRoutes(api huma.API) {
	s := m.cfg.Store
	add(m, api, route.New("get-kill", "GET", "/v1/kill", "Whether everything is masked, why, and who waits to resume", staff, 0),
		func(ctx context.Context, _ sitestore.By, _ *nothing) (Switch, error) {
			v, err := s.Halted(ctx)
			return Switch{v}, err
		})
	add(m, api, route.New("kill", "POST", "/v1/kill", "Mask everybody on every stream, at once", stoppers, 0),
		func(ctx context.Context, by sitestore.By, _ *pull) (Switch, error) {
			v, err := s.Halt(ctx, by)
			return Switch{v}, err
		})
	add(m, api, route.New("resume", "POST", "/v1/resume", "End a halt; two different people have to ask", approvers, 0),
		func(ctx context.Context, by sitestore.By, _ *pull) (Switch, error) {
			v, err := s.Resume(ctx, by)
			return Switch{v}, err
		})
}
