// Package admin is the HTTP interface of administration: cameras and their
// connection test, the configuration with its secrets hidden, health, and what
// retention removed and what is overdue.
package admin

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/admin/cameras"
	"bystander/api/route"
	"bystander/internal/event"
)

// Config joins the module to its surroundings.
type Config struct {
	Cameras *cameras.Store
	// Configured are the cameras of the configuration.
	Configured []Camera
	// Running are the ids of the cameras in operation.
	Running func() []string
	// Apply has a camera run, from now on, as it is kept.
	Apply func(ctx context.Context, id string) error
	// Moving is told before a camera's pictures come from elsewhere, or turned,
	// or not at all; an error refuses that. It may be nil.
	Moving func(ctx context.Context, id, by string) error
	// Emit puts what was changed on the log, and Site is whose log it is.
	Emit func(event.Event)
	Site func() string
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
	*route.Table
	cfg     Config
	share   *route.PerMinute // of connection tests
	testing atomic.Bool
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Module{
		Table: &route.Table{Tag: "administration", Now: cfg.Now}, cfg: cfg,
		share: route.NewPerMinute(cfg.PerMinute, 6, cfg.Now),
	}
}

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
	m.Clear()
	m.cameraRoutes(api)
	m.viewRoutes(api)
}

// failed logs what went wrong and says no more than that.
func (m *Module) failed(ctx context.Context, err error) error {
	return route.StoreFailed(ctx, m.cfg.Log, err, "administration could not be served")
}
