package zones

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"bystander/api/actor"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// Redactor covers whoever is on a photograph of a place. It returns the result
// as JPEG and how many people it covered.
type Redactor interface {
	RedactPhoto(ctx context.Context, photo []byte) (jpeg []byte, masked int, err error)
}

// View is how a camera stands now.
type View struct {
	Fingerprint string `json:"fingerprint,omitempty" doc:"Of what the camera sees now; it shows no picture, see detect/pose"`
	State       string `json:"state" enum:"calibrated,moved,unsure,unknown" doc:"Compared with the calibrated view"`
}

// Cameras tells how cameras stand.
type Cameras interface {
	// View reports false for a camera that does not run here.
	View(camera string) (View, bool)
}

// Stills makes single redacted pictures, on which nobody is clear.
type Stills interface {
	// Still waits some seconds for a picture, as JPEG. It fails with ErrNoCamera
	// for a camera that does not run here, and with ErrNoStill when there was no
	// picture that may be given.
	Still(ctx context.Context, camera string) ([]byte, error)
}

// How Stills fail.
var (
	ErrNoCamera = errors.New("zones: no such camera runs here")
	ErrNoStill  = errors.New("zones: no picture that may be given")
)

// Config joins the module to its surroundings.
type Config struct {
	Store *sitestore.Store
	// Shown is the store whose site is read and edited; nil means Store. An
	// installation that is managed by a file shows the file's site here, while
	// incidents and the kill switch are kept in Store.
	Shown    *sitestore.Store
	Redactor Redactor // nil: photographs cannot be stored
	Cameras  Cameras  // nil: no camera runs here
	Stills   Stills   // nil: no camera runs here
	// Access keeps who looked at a still, as for every live picture. Without it
	// none is given.
	Access actor.Recorder
	// NoticeLink is where the text of a notice version is published; nil gives
	// no link.
	NoticeLink func(version, language string) string
	Log        zerolog.Logger
}

// Module adds the routes; it is an api.Module.
type Module struct {
	*route.Table
	cfg Config
}

// New returns the module.
func New(cfg Config) *Module {
	if cfg.Shown == nil {
		cfg.Shown = cfg.Store
	}
	m := &Module{cfg: cfg}
	m.Table = &route.Table{Tag: "site", Answer: m.answer}
	return m
}

// BodyLimits implements api.BodyLimiter.
func (m *Module) BodyLimits() map[string]int64 { return map[string]int64{"/v1/photos": maxPhoto} }

// Register implements api.Module.
func (m *Module) Register(api huma.API) {
	m.Clear()
	for _, f := range []func(huma.API){
		m.siteRoutes, m.cameraRoutes, m.stillRoutes, m.zoneRoutes, m.entranceRoutes, m.signRoutes, m.inspectionRoutes,
		m.photoRoutes, m.sceneRoutes, m.assessmentRoutes, m.filingRoutes, m.planRoutes, m.componentRoutes,
		m.incidentRoutes, m.exitRoutes, m.killRoutes, m.publicRoutes,
	} {
		f(api)
	}
}

// Who may do what. Staff is everybody who works with the site.
var (
	staff = []actor.Role{
		actor.Operator, actor.VenueOwner, actor.Inspector, actor.Auditor,
		actor.ConsentOfficer, actor.PrivacyOfficer, actor.Administrator,
	}
	planners  = []actor.Role{actor.VenueOwner}
	owners    = []actor.Role{actor.VenueOwner, actor.Administrator}
	inspects  = []actor.Role{actor.Inspector}
	privacy   = []actor.Role{actor.PrivacyOfficer}
	editors   = []actor.Role{actor.VenueOwner, actor.PrivacyOfficer}
	approvers = []actor.Role{actor.PrivacyOfficer, actor.Administrator}
	// drawers may have a camera's redacted picture to draw zones on, or to see
	// them.
	drawers = []actor.Role{actor.VenueOwner, actor.Inspector, actor.PrivacyOfficer, actor.Administrator}
	// stoppers may take something out of use: stopping is easy.
	stoppers = []actor.Role{
		actor.Operator, actor.VenueOwner, actor.Inspector, actor.ConsentOfficer, actor.PrivacyOfficer, actor.Administrator,
	}
	photographers = []actor.Role{actor.VenueOwner, actor.Inspector}
)

// out is an answer; ETag is its version, for If-Match.
type out[B any] struct {
	ETag string `header:"ETag"`
	Body B
}

// versioned is what has a version.
type versioned interface{ version() uint32 }

// add registers an operation, and answers with the version of what it gives.
func add[I, B any](m *Module, api huma.API, o route.Op, f func(ctx context.Context, by sitestore.By, in *I) (B, error)) {
	route.Add(m.Table, api, o, func(ctx context.Context, in *I) (*out[B], error) {
		by := sitestore.By{Actor: actor.From(ctx).ID}
		if v, ok := any(in).(conditional); ok {
			n, err := v.ifMatch()
			if err != nil {
				return nil, err
			}
			by.Version = n
		}
		if v, ok := any(in).(reasoned); ok {
			by.Reason = v.reason()
		}
		b, err := f(ctx, by, in)
		if err != nil {
			return nil, err
		}
		res := &out[B]{Body: b}
		if v, ok := any(b).(versioned); ok {
			res.ETag = strconv.Quote(strconv.FormatUint(uint64(v.version()), 10))
		}
		return res, nil
	})
}

// answer turns a refusal into a problem. What else goes wrong is logged and not
// shown.
func (m *Module) answer(ctx context.Context, err error) error {
	var r *sitestore.Refusal
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		return p
	case !errors.As(err, &r):
		return route.StoreFailed(ctx, m.cfg.Log, err, "the site's store did not answer")
	}
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(r, sitestore.ErrNotMet):
		status = http.StatusConflict
	case errors.Is(r, sitestore.ErrForbidden), errors.Is(r, sitestore.ErrKept):
		status = http.StatusForbidden
	case errors.Is(r, sitestore.ErrVersion):
		status = http.StatusPreconditionFailed
	case errors.Is(r, sitestore.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(r, sitestore.ErrGone):
		status = http.StatusGone
	}
	return problem.New(status, r.Code, r.Detail, reasonsOf(r.Reasons)...)
}

func reasonsOf(rs []policy.Reason) []problem.Reason {
	var out []problem.Reason
	for _, r := range rs {
		out = append(out, problem.Reason{Code: r.Code, Object: r.Subject, Text: r.Text})
	}
	return out
}

// conditional is an input that must say which version it was made of.
type conditional interface{ ifMatch() (uint32, error) }

// reasoned is an input that may give a reason.
type reasoned interface{ reason() string }

// OfVersion is an edit.
type OfVersion struct {
	IfMatch string `header:"If-Match" doc:"The version that the change was made of, as its ETag said"`
}

func (v *OfVersion) ifMatch() (uint32, error) {
	if v.IfMatch == "" {
		return 0, problem.New(http.StatusPreconditionRequired, "IF_MATCH_MISSING", "send If-Match with the version that the change was made of")
	}
	n, err := strconv.ParseUint(strings.Trim(v.IfMatch, `"`), 10, 32)
	if err != nil || n == 0 {
		return 0, problem.New(http.StatusPreconditionFailed, sitestore.CodeVersion, "If-Match is not a version")
	}
	return uint32(n), nil
}

// MaybeVersion is a decision; it may say which version it is about.
type MaybeVersion struct {
	IfMatch string `header:"If-Match" doc:"Decide only if it is still this version"`
}

func (v *MaybeVersion) ifMatch() (uint32, error) {
	if v.IfMatch == "" {
		return 0, nil
	}
	return (&OfVersion{v.IfMatch}).ifMatch()
}

// OneID is an object's id in the path.
type OneID struct {
	ID string `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// decision is a step of a state machine with its reason.
type decision struct {
	MaybeVersion
	OneID
	Body struct {
		Reason string `json:"reason" maxLength:"500" doc:"Why; kept with the decision"`
	}
}

func (d *decision) reason() string { return d.Body.Reason }
