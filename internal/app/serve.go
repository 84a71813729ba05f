package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bystander/api"
	"bystander/api/zones"
	"bystander/ingest/whip/whiphttp"
	"bystander/internal/config"
	"bystander/internal/logx"
	"bystander/web"
)

// Run runs an installation from its configuration until ctx ends.
func Run(ctx context.Context, cfg config.Config, stdout, stderr io.Writer) error {
	log, flush, err := logx.Open(stderr, cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	defer flush()
	if gone, err := serveGone(ctx, cfg, stdout); gone {
		return err
	}
	if cfg.IsEdge() {
		return runEdge(ctx, cfg, log)
	}
	e, err := openEdge(ctx, cfg, log)
	if err != nil {
		return err
	}
	if len(e.fleet.all()) == 0 && cfg.Role != config.RoleControl {
		log.Warn().Msg("there is no camera yet: add one under cameras: in the configuration, or as an administrator at /admin/cameras")
	}
	err = e.serve(ctx, func(url string) {
		e.greet(ctx, url, stdout)
		log.Info().Str("url", url).Msg("ready")
	})
	return errors.Join(err, e.close())
}

// serve runs the cameras and the web side until ctx ends. ready is told the
// page's address once it can be opened.
func (e *edge) serve(ctx context.Context, ready func(url string)) error {
	if err := api.ListenCheck(e.cfg.Server.Listen, e.cfg.Server.AllowInsecureNetwork || e.cfg.Server.HTTPS); err != nil {
		return fmt.Errorf("%w: server.listen: %w", ErrUsage, err)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.cfg.Server.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("server.listen: %s is taken by another program; stop it, or set server.listen (demo: --listen) to another port", e.cfg.Server.Listen)
	}
	if err != nil {
		return fmt.Errorf("server.listen: %w", err)
	}
	files, err := web.Files()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	sessions, modules := e.signIn.modules()
	a, err := api.New(api.Config{ //nolint:contextcheck // requests bring their own
		Version: Version, Log: e.log, Hosts: e.cfg.Server.Hosts,
		Proxied: e.cfg.Server.HTTPS,
		WHEP:    e.whep(),
		WHIP:    whiphttp.New("/whip/", e.negotiator),
		Metrics: promhttp.HandlerFor(e.reg, promhttp.HandlerOpts{EnableOpenMetrics: true}), Registerer: e.reg,
		Web: files, Modules: append(modules, e.modules()...), Authenticate: e.signIn.tokens.Authenticate, Sessions: doors{sessions, e.signIn.tokens, e.log},
	}, e.backend())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	edges, err := e.peers.bind(ctx)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	ready("http://" + ln.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		<-ctx.Done()
		a.End()
		e.ledger.hurry()
	})
	wg.Go(func() { e.run(ctx) })
	wg.Go(func() { e.lead(ctx, "notes of the command line", e.takeUpNotes) })
	wg.Go(func() { e.peers.run(ctx, edges) })
	err = a.Serve(ctx, ln)
	cancel()
	wg.Wait()
	return err
}

// modules are the parts of the interface that speak for policy, rights and
// audit.
func (e *edge) modules() []api.Module {
	return append([]api.Module{
		e.proofs(), e.adminModule(),
		zones.New(zones.Config{
			Store: e.law.ops, Shown: e.law.shown, Redactor: &photoRedactor{eyes: e.eyes}, Cameras: e.law.poses, Stills: stills{e.fleet, e.peers},
			Access: readRecorder{e},
			Log:    e.log.With().Str("component", "zones").Logger(),
		}),
	}, e.desks.modules(e)...)
}

// negotiator finds the camera that a publisher may publish to.
func (e *edge) negotiator(camera string) (whiphttp.Negotiator, bool) {
	c, ok := e.fleet.get(camera)
	if !ok || c.cfg.Driver != "whip" {
		return nil, false
	}
	return c.src, true
}
