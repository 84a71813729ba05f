package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/api/actor"
)

// The bounds of one answer.
const (
	MaxEvents     = 200
	MaxRecordings = 500
	MaxStreams    = 64        // readers of /v1/stream at once
	maxBody       = 256 << 10 // an SDP offer is the largest thing taken
)

// Config is what the front door needs besides what it shows.
type Config struct {
	Version string
	Log     zerolog.Logger

	// Proxied: a proxy stands in front, so that every request seems to come from
	// where it runs.
	Proxied bool

	// Hosts are names, without port, that the server answers to besides
	// localhost, 127.0.0.1 and [::1]. Requests for any other host are refused,
	// so that no foreign page can rebind its own name to this machine.
	Hosts []string

	// WHEP and WHIP serve /whep/{camera}, /whip/{camera} and everything below.
	// They see the unchanged path, and r.PathValue("camera"). A nil one
	// answers 501.
	WHEP, WHIP http.Handler
	// Metrics serves /metrics; nil answers 501.
	Metrics http.Handler
	// Registerer takes this package's own metrics; nil keeps none.
	Registerer prometheus.Registerer

	// Web is the built web application, with index.html at its root. Without
	// that file a plain page says how to build it.
	Web fs.FS

	// Modules add the routes of policy, consent, rights and audit.
	Modules []Module
	// Authenticate says who sends a request, the zero Actor for one that does
	// not say; an error refuses it. Nil knows nobody.
	Authenticate func(r *http.Request) (actor.Actor, error)
	// Sessions let in whoever does not send a token; nil knows nobody.
	Sessions Sessions

	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Module adds routes below /v1 to the front door. Its handlers find out who
// acts with actor.Need, and refuse with a *problem.Problem.
type Module interface {
	Register(routes huma.API)
}

// Sessions let browsers in.
type Sessions interface {
	// Authenticate returns the request's context with who sends it. It may set a
	// cookie. An error refuses the request; it may be a *problem.Problem.
	Authenticate(w http.ResponseWriter, r *http.Request) (context.Context, error)
	// Valid reports whether what let somebody in still does. Streams ask it.
	Valid(ctx context.Context, who actor.Actor) bool
}

// BodyLimiter is a Module that takes larger requests than others.
type BodyLimiter interface {
	// BodyLimits gives the bytes that a request may hold, by path prefix.
	BodyLimits() map[string]int64
}

// Patient is a Module some of whose answers take long to make, such as a copy of
// somebody's data with video.
type Patient interface {
	// Patience gives how long an answer may take, by path prefix.
	Patience() map[string]time.Duration
}

// API is the front door: an http.Handler with an orderly end.
type API struct {
	cfg     Config
	back    Backend
	log     zerolog.Logger
	hosts   map[string]bool
	router  http.Handler
	huma    huma.API
	metrics *metrics
	web     *webFiles
	limiter *limiter
	views   *views

	streams chan struct{} // a token for each reader of /v1/stream
	ending  chan struct{} // closed by End
	endOnce sync.Once
}

var _ http.Handler = (*API)(nil)

// New joins the routes. It fails with ErrBackend when a part is missing.
func New(cfg Config, back Backend) (*API, error) {
	if err := back.check(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &API{
		cfg: cfg, back: back,
		log:     cfg.Log.With().Str("component", "api").Logger(),
		hosts:   allowedHosts(cfg.Hosts),
		streams: make(chan struct{}, MaxStreams),
		ending:  make(chan struct{}),
		limiter: newLimiter(cfg.Now),
	}
	a.views = &views{next: cfg.WHEP, valid: a.valid, by: map[string]actor.Actor{}}
	var err error
	if a.metrics, err = newMetrics(cfg.Registerer); err != nil {
		return nil, fmt.Errorf("api: metrics: %w", err)
	}
	if a.web, err = newWebFiles(cfg.Web); err != nil {
		return nil, fmt.Errorf("api: web files: %w", err)
	}
	a.router = a.routes()
	return a, nil
}

func (b Backend) check() error {
	parts := []struct {
		name    string
		missing bool
	}{
		{"Cameras", b.Cameras == nil},
		{"Site", b.Site == nil},
		{"Events", b.Events == nil},
		{"Recordings", b.Recordings == nil},
		{"Access", b.Access == nil},
		{"Health", b.Health == nil},
	}
	var errs []error
	for _, p := range parts {
		if p.missing {
			errs = append(errs, fmt.Errorf("%w: Backend.%s is nil", ErrBackend, p.name))
		}
	}
	return errors.Join(errs...)
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// End finishes the readers of /v1/stream, which would otherwise hold up the
// server's shutdown. It may be called more than once.
func (a *API) End() { a.endOnce.Do(func() { close(a.ending) }) }

// Serve answers on ln until ctx ends, then lets running requests finish for up
// to five seconds. It closes ln. An orderly end is no error.
func (a *API) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           a,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // streams and video move their own deadline
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// Requests outlive ctx by the time that shutdown gives them.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    stdlog.New(a.log, "", 0),
	}
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { a.views.run(watching) })
	defer watch.Wait()
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		a.End()
		return fmt.Errorf("api: serve: %w", err)
	case <-ctx.Done():
	}
	a.End()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	if err != nil {
		err = errors.Join(fmt.Errorf("api: shutdown: %w", err), srv.Close())
	}
	if serr := <-failed; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("api: serve: %w", serr))
	}
	return err
}

func (a *API) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(a.outer, a.guard, middleware.GetHead)
	r.NotFound(a.notFound)
	r.MethodNotAllowed(a.methodNotAllowed)

	a.huma = humachi.New(r, humaConfig(a.cfg.Version))
	a.registerReads()
	a.registerStream()
	a.registerRecordings()
	for _, m := range a.cfg.Modules {
		m.Register(a.huma)
	}
	describeProblem(a.huma.OpenAPI())

	var whep http.Handler
	if a.cfg.WHEP != nil {
		whep = a.views
	}
	a.mountMedia(r, "/whep", whep, AccessLive, toWatch)
	a.mountMedia(r, "/whip", a.cfg.WHIP, "", toPublish)
	r.Method(http.MethodGet, "/metrics", a.guardMetrics(orNotBuilt(a.cfg.Metrics, a, "metrics are switched off")))
	r.Get("/healthz", a.healthz)
	r.Get("/readyz", a.readyz)
	a.web.mount(r, a)
	return r
}

// mountMedia serves h below prefix/{camera} to those who hold one of the roles.
// When access is set, a session is recorded before h may begin it.
func (a *API) mountMedia(r chi.Router, prefix string, h http.Handler, access AccessAction, roles []actor.Role) {
	h = orNotBuilt(h, a, prefix[1:]+" is not available in this program")
	if access != "" {
		h = a.recordSessions(h, prefix, access)
	}
	h = a.needHTTP(h, roles...)
	r.Handle(prefix+"/{camera}", h)
	r.Handle(prefix+"/{camera}/*", h)
}

// recordSessions writes an access record before a POST, which begins a
// session, reaches next.
func (a *API) recordSessions(next http.Handler, prefix string, action AccessAction) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			// As the handlers below read it: the router's own name of it may be one
			// with escapes, such as %73tage, which nobody would find on the log.
			camera, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, prefix), "/"), "/")
			err := a.record(r, Access{Action: action, Camera: camera})
			if err != nil {
				a.problem(w, r, http.StatusServiceUnavailable, accessFailed)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func orNotBuilt(h http.Handler, a *API, detail string) http.Handler {
	if h != nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.problem(w, r, http.StatusNotImplemented, detail)
	})
}
