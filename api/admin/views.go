package admin

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/route"
)

// Setting is one key of the configuration in force.
type Setting struct {
	Key    string `json:"key" doc:"As the file writes it, such as server.listen"`
	Value  string `json:"value" doc:"Stars where it is secret"`
	Source string `json:"source" enum:"default,file,environment,program" doc:"Where it came from"`
	Secret bool   `json:"secret"`
}

// Run is the newest run of one table's retention rule.
type Run struct {
	Table    string     `json:"table"`
	Class    string     `json:"class" doc:"Of the data"`
	Rule     string     `json:"rule" doc:"How long, and on which ground"`
	At       time.Time  `json:"at"`
	Disposed int64      `json:"disposed" doc:"Rows that this run removed"`
	Removed  int64      `json:"removed" doc:"Rows that all the runs shown here removed"`
	Runs     int        `json:"runs" doc:"How many runs that is"`
	Since    *time.Time `json:"since,omitempty" doc:"The oldest of them"`
	Overdue  int64      `json:"overdue" doc:"Rows that should be gone and are not"`
	Error    string     `json:"error,omitempty"`
}

// Figure is one measurement of the running program.
type Figure struct {
	Name   string            `json:"name" doc:"Of the metric"`
	Labels map[string]string `json:"labels" nullable:"false"`
	Value  float64           `json:"value"`
	Help   string            `json:"help"`
}

// Entry is one event of the log about administration. It names no person.
type Entry struct {
	ID     string            `json:"id"`
	At     time.Time         `json:"at"`
	Kind   string            `json:"kind" enum:"account_change,gate_change,zone_change,scene_change,notice_change,incident,retention_run,camera_health,camera_change"`
	Camera string            `json:"camera,omitempty"`
	Zone   string            `json:"zone,omitempty"`
	Scene  string            `json:"scene,omitempty"`
	Notice string            `json:"notice,omitempty"`
	Detail map[string]string `json:"detail" nullable:"false"`
	Cursor string            `json:"cursor" doc:"Give it as before= for what came earlier"`
}

type logIn struct {
	Kind   string `query:"kind" enum:"account_change,gate_change,zone_change,scene_change,notice_change,incident,retention_run,camera_health,camera_change" doc:"One kind alone"`
	Before string `query:"before" maxLength:"20" pattern:"^[0-9]+$"`
}

type logOut struct {
	Body struct {
		Entries []Entry `json:"entries" nullable:"false" doc:"Newest first, at most 100"`
	}
}

type (
	settingsOut struct {
		Body struct {
			Settings []Setting `json:"settings" nullable:"false"`
		}
	}
	runsOut struct {
		Body struct {
			Runs    []Run `json:"runs" nullable:"false"`
			Overdue int64 `json:"overdue" doc:"Of every table together; 0 is what the law asks for"`
		}
	}
	figuresOut struct {
		Body struct {
			Figures []Figure `json:"figures" nullable:"false"`
		}
	}
)

func (m *Module) viewRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("get-config", "GET", "/v1/config", "The configuration in force, with secrets hidden", administrators, 0),
		func(ctx context.Context, _ *struct{}) (*settingsOut, error) {
			list, err := m.cfg.Settings()
			if err != nil {
				return nil, m.failed(ctx, err)
			}
			out := &settingsOut{}
			out.Body.Settings = append([]Setting{}, list...)
			return out, nil
		})
	route.Add(m.Table, api, route.New("get-retention", "GET", "/v1/retention", "What each rule of keeping removed, and what is overdue", keepers, 0),
		func(ctx context.Context, _ *struct{}) (*runsOut, error) {
			runs, err := m.cfg.Runs(ctx)
			if err != nil {
				return nil, m.failed(ctx, err)
			}
			out := &runsOut{}
			out.Body.Runs = append([]Run{}, runs...)
			for _, r := range runs {
				out.Body.Overdue += r.Overdue
			}
			return out, nil
		})
	route.Add(m.Table, api, route.New("get-admin-log", "GET", "/v1/admin/log", "What the log says of accounts, zones, scenes, notices, incidents and cameras", administrators, 0),
		func(ctx context.Context, in *logIn) (*logOut, error) {
			list, err := m.cfg.Entries(ctx, in.Kind, in.Before)
			if err != nil {
				return nil, m.failed(ctx, err)
			}
			out := &logOut{}
			out.Body.Entries = append([]Entry{}, list...)
			return out, nil
		})
	route.Add(m.Table, api, route.New("get-figures", "GET", "/v1/admin/figures", "Measurements of the running program: queues, disk, leases, losses", administrators, 0),
		func(ctx context.Context, _ *struct{}) (*figuresOut, error) {
			list, err := m.cfg.Figures()
			if err != nil {
				return nil, m.failed(ctx, err)
			}
			out := &figuresOut{}
			out.Body.Figures = append([]Figure{}, list...)
			return out, nil
		})
}
