// Package admin is the HTTP interface of administration: cameras and their
// connection test, the configuration with its secrets hidden, health, and what
// retention removed and what is overdue.
package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/admin/cameras"
	"bystander/api/problem"
)

// Config joins the module to its surroundings.
type Config struct {
	Cameras *cameras.Store
	// Configured are the ids of the cameras of the configuration, and Running
	// those that were taken into operation at the start.
	Configured, Running []string
	// Check refuses an address that no camera has.
	Check func(address string) error
	// Test tries an address. It ends with ctx.
	Test func(ctx context.Context, address, transport string) Report
	// Settings are the configuration in force, secrets hidden.
	Settings func() ([]Setting, error)
	// Runs are the newest runs of retention, one for each table.
	Runs func(ctx context.Context) ([]Run, error)
	// Entries are the newest events about administration before a cursor, of one
	// kind or of all.
	Entries func(ctx context.Context, kind, before string) ([]Entry, error)
	// Figures are the gauges that health shows.
	Figures func() ([]Figure, error)
	Log     zerolog.Logger
	Now     func() time.Time
	// PerMinute bounds connection tests of everybody together; 6 when 0.
	PerMinute int
}

// Module adds the routes; it is an api.Module.
type Module struct {
	cfg    Config
	routes []Route

	mu      sync.Mutex
	minute  time.Time
	tests   int
	testing bool
}

// Route is one route with the roles that may call it.
type Route struct {
	Method, Path string
	Roles        []actor.Role
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.PerMinute <= 0 {
		cfg.PerMinute = 6
	}
	return &Module{cfg: cfg}
}

// Routes lists what Register added.
func (m *Module) Routes() []Route { return slices.Clone(m.routes) }

// Patience implements api.Patient: a camera may be slow to show a picture.
func (m *Module) Patience() map[string]time.Duration {
	return map[string]time.Duration{"/v1/admin/camera-tests": 40 * time.Second}
}

var (
	administrators = []actor.Role{actor.Administrator}
	// keepers answer for what is kept, and for how long.
	keepers = []actor.Role{actor.PrivacyOfficer, actor.Auditor, actor.Administrator}
)

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.routes = nil
	m.cameraRoutes(api)
	m.viewRoutes(api)
}

type op struct {
	id, method, path, summary string
	roles                     []actor.Role
	status                    int
}

func add[I, O any](m *Module, api huma.API, o op, f func(ctx context.Context, in *I) (*O, error)) {
	m.routes = append(m.routes, Route{o.method, o.path, o.roles})
	names := make([]string, len(o.roles))
	for i, r := range o.roles {
		names[i] = string(r)
	}
	huma.Register(api, huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary,
		Description: "Needs one of the roles: " + strings.Join(names, ", ") + ".",
		Tags:        []string{"administration"}, DefaultStatus: o.status, Middlewares: problem.Need(o.roles...),
	}, f)
}

// failed logs what went wrong and says no more than that.
func (m *Module) failed(ctx context.Context, err error) error {
	m.cfg.Log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("administration could not be served")
	return problem.New(http.StatusServiceUnavailable, "STORE", "the store did not answer; see /healthz")
}
