package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/audit/access"
	"bystander/internal/av"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/observe"
	"bystander/internal/pki"
	"bystander/internal/trace"
	"bystander/policy"
	"bystander/redact"
	"bystander/sink/encode"
	"bystander/sink/live"
	"bystander/sink/record"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// drainTime bounds how long a soft stop waits for the store.
const drainTime = 5 * time.Second

// edge is everything that runs on one machine: cameras, detectors, stores.
type edge struct {
	cfg     config.Config
	log     zerolog.Logger
	started time.Time
	key     ed25519.PrivateKey // of this edge: signs events and receipts

	eyes    *eyes
	coders  *coders
	law     *lawful
	spool   *spool.Spool
	ledger  *ledger
	store   *sqlite.Store
	pump    *spool.Pump
	bus     *bus        // nil without Kafka
	peers   *peers      // nil where no edges come
	member  *pki.Member // of an edge whose control is elsewhere; nil else
	loans   *loans      // likewise
	merkle  *merkle     // nil when it cannot be opened, which is an alarm
	erasing *edgeErasing
	desks   desks
	signIn  *signIn
	admin   administration
	access  *access.Log
	rec     *record.Recorder // nil when nothing is recorded
	certs   *certifier
	check   *selfCheck // nil when redacted pictures are not checked
	hub     *live.Hub
	reg     *prometheus.Registry
	obs     observing
	before  int64 // events in the store at the start

	fleet   *fleet
	steer   *steering
	sample  *policy.Site // of a demonstration, as it is now; nil elsewhere
	alarms  alarms
	changed notifier
	closers []func() error // in order of opening
}

// openEdge opens stores, models and cameras. What was opened before a failure
// is closed again.
func openEdge(ctx context.Context, cfg config.Config, log zerolog.Logger) (*edge, error) {
	return openSampleEdge(ctx, cfg, log, nil)
}

// openSampleEdge opens an edge whose living site begins as a made-up one.
func openSampleEdge(ctx context.Context, cfg config.Config, log zerolog.Logger, sample *policy.Site) (_ *edge, err error) {
	e := &edge{cfg: cfg, log: log, started: time.Now(), reg: prometheus.NewRegistry(), sample: sample}
	e.alarms.log = log
	e.fleet, e.steer = newFleet(e.openCamera), newSteering(cfg)
	e.fleet.left = e.cameraLeft
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	for _, step := range e.steps([]func(context.Context) error{
		e.openObserving, e.openStores, e.openAdded, e.openMerkle, e.openModels, e.openLiveness, e.openSelfCheck, e.openLaw, e.openBus, e.openOutputs, e.openCameras,
	}) {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	e.registerMetrics()
	return e, nil
}

func (e *edge) closing(f func() error) { e.closers = append(e.closers, f) }

// close undoes what open did, last first. The ledger goes before the spool, so
// that every event is stored.
func (e *edge) close() error {
	var errs []error
	for _, f := range slices.Backward(e.closers) {
		errs = append(errs, f())
	}
	e.closers = nil
	return errors.Join(errs...)
}

func (e *edge) openStores(ctx context.Context) error {
	if err := errors.Join(checkRestored(e.cfg), checkShared(e.cfg)); err != nil {
		return err
	}
	if err := checkEnded(ctx, e.cfg); err != nil {
		return err
	}
	if err := os.MkdirAll(e.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("data: %w (set data: to a folder that can be written)", err)
	}
	key, err := signingKey(e.cfg.Keys, "edge")
	if err != nil {
		return err
	}
	e.key = key
	store, err := sqlite.Open(ctx, filepath.Join(e.cfg.Data, "events.db"), sqlite.Options{
		Days:   sqlite.Days{Events: int(e.cfg.Events.MaxAge.Hours() / 24)},
		Stored: func([]event.Event) { e.changed.notify() },
	})
	if err != nil {
		return err
	}
	e.store = store
	e.closing(store.Close)
	if e.before, err = store.Count(ctx); err != nil {
		return err
	}
	sp, err := spool.Open(filepath.Join(e.cfg.Data, "spool"), spool.Options{
		MaxBytes: int64(e.cfg.Events.SpoolMax),
		Alarm: func(a spool.Alarm) {
			e.alarms.set("spool:"+string(a.Kind), a.Err, a.Cleared)
		},
	})
	if err != nil {
		return err
	}
	e.spool = sp
	e.closing(sp.Close)
	cursor, err := sp.Consumer("sqlite")
	if err != nil {
		return err
	}
	e.pump = spool.NewPump(cursor, store, spool.PumpOptions{
		OnError: func(err error, _ int) {
			e.log.Error().Err(err).Msg("events wait in the spool: the store does not take them")
		},
		Moved: e.obs.events.moved(observe.EventKeep, trace.EventKeep),
	})
	chain, err := event.NewChain(event.ChainConfig{ID: chainID(e.cfg.Events.Edge), Key: key, Last: sp.Head()})
	if err != nil {
		return err
	}
	j, err := spool.NewJournal(chain, sp, spool.JournalOptions{})
	if err != nil {
		return err
	}
	e.ledger = newLedger(j, e.log.With().Str("component", "events").Logger())
	e.ledger.path = e.obs.events
	e.closing(e.ledger.close)
	acc, err := access.Open(ctx, controlPlace(e.cfg, storeAccess), access.Options{})
	if err != nil {
		return err
	}
	e.access = acc
	e.closing(acc.Close)
	return e.claimChain(ctx)
}

// chainID makes a name that a chain may have out of a host's name.
func chainID(edge string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x21 || r > 0x7e {
			return '-'
		}
		return r
	}, edge)
}

func (e *edge) openModels(ctx context.Context) error {
	parallel := 2 // more cameras may come while the program runs
	if len(e.cfg.Cameras) == 1 {
		parallel = 1
	}
	eyes, err := openEyes(ctx, e.cfg, parallel, e.log)
	if err != nil {
		return err
	}
	e.eyes = eyes
	e.closing(eyes.close)
	hw, err := av.ParseHardware(e.cfg.Encode.Hardware)
	if err != nil {
		return err
	}
	e.coders = newCoders(hw, e.log)
	return nil
}

func (e *edge) openLaw(ctx context.Context) error {
	if e.sample != nil {
		var err error
		if e.sample, err = livingSample(ctx, e.cfg, e.sample, e.ledger.emit); err != nil {
			return err
		}
	}
	law, err := openLaw(ctx, e.cfg, e.eyes, e.reg, e.ledger.emit, e.log)
	if err != nil {
		return err
	}
	if e.desks.live != nil {
		law.live = e.desks.live
	}
	e.law = law
	e.closing(law.close)
	return nil
}

func (e *edge) openOutputs(ctx context.Context) error {
	hub, err := live.New(live.Config{
		Addrs: e.viewerAddrs(), PublicAddrs: e.cfg.Live.Publics(), MaxViewers: e.cfg.Server.MaxViewers,
		UDPPort: uint16(e.cfg.Live.UDPPort), TCPPort: uint16(e.cfg.Live.TCPPort), //nolint:gosec // the configuration was checked
		OnKeyFrameNeeded: func(id string) {
			if c, ok := e.fleet.get(id); ok {
				c.out.shared.RequestKey()
			}
		},
		Log: e.log.With().Str("component", "live").Logger(),
	})
	if err != nil {
		return err
	}
	e.hub = hub
	e.closing(hub.Close)
	if !e.cfg.Record.Enabled {
		return nil
	}
	e.certs = e.newCertifier()
	rec, err := record.Open(ctx, record.Config{
		Certifier: e.certs,
		Dir:       filepath.Join(e.cfg.Data, "recordings"), Segment: e.cfg.Record.Segment,
		Limits: record.Limits{MaxAge: e.cfg.Record.MaxAge, MaxBytes: int64(e.cfg.Record.MaxBytes)},
		Alarm: func(a record.Alarm) {
			e.alarms.set("record:"+string(a.Kind)+":"+a.Camera, a.Err, a.Cleared)
		},
	})
	if err != nil {
		return err
	}
	e.rec = rec
	e.closing(rec.Close)
	return nil
}

// viewerAddrs are where viewers' media reaches this machine: the web page's own
// address, unless others are configured.
func (e *edge) viewerAddrs() []netip.Addr {
	if named := e.cfg.Live.Listens(); len(named) > 0 {
		return named
	}
	ap, err := netip.ParseAddrPort(e.cfg.Server.Listen)
	if err != nil {
		return nil // localhost and the like: the hub's default
	}
	return []netip.Addr{ap.Addr()}
}

// openCameras opens the configuration's cameras and those that were added in
// the interface. Trouble with one of the latter is told there; it keeps nothing
// else from starting.
func (e *edge) openCameras(ctx context.Context) error {
	e.closing(e.fleet.close)
	posts, err := e.admin.posts(ctx)
	if err != nil {
		return err
	}
	for _, p := range posts {
		err := e.fleet.take(ctx, p)
		switch {
		case err == nil:
		case slices.Contains(e.admin.configured(), p.ID):
			return err
		default:
			e.log.Error().Err(err).Str("camera", p.ID).Msg("the camera cannot begin; change or remove it at /admin/cameras")
		}
	}
	return nil
}

// cameraLeft drops what is kept of a camera that is gone.
func (e *edge) cameraLeft(id string) {
	e.law.poses.drop(id)
	e.steer.drop(id)
	e.obs.timing.Drop(id)
	e.alarms.drop(":" + id)
	if e.certs != nil {
		e.certs.drop(id)
	}
}

func (e *edge) openCamera(ctx context.Context, p post) (_ *camera, err error) {
	cc := p.Camera
	log := e.log.With().Str("camera", cc.ID).Logger()
	c := &camera{
		cfg: cc, paused: p.Paused, hold: e.cfg.Redact.Hold, stats: &cameraStats{}, emit: e.ledger.emit, emitOf: e.ledger.emitOf,
		site: e.law.siteID, scene: func() string { return e.law.sceneOf(cc) },
		zone: func() string { return zoneOf(e.law.site(), cc.ID) }, log: log,
	}
	if c.src, err = e.openSource(ctx, p); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			return
		}
		errs := []error{err, c.src.Close()}
		if c.out != nil {
			errs = append(errs, c.out.close())
		}
		err = errors.Join(errs...)
	}()
	c.view = e.hub.Stream(cc.ID)
	if c.out, err = e.openOutlet(cc, c.view, c.stats, log); err != nil {
		return nil, err
	}
	l := &looker{eyes: e.eyes, cadence: e.cfg.Detect, live: true, now: time.Now, private: e.private(cc.ID)}
	c.pipe = &pipeline{
		id: cc.ID, redact: redactConfig(e.cfg.Redact), may: redact.Nobody{},
		out: c.out, stats: c.stats, looker: l,
	}
	c.pipe.passage = newPassage(cc.ID, e.cfg.Redact.Hold, e.obs.timing, e.obs.traces)
	c.out.passage = c.pipe.passage
	e.law.shapes(c, l)
	if c.who, err = e.law.judge(cc.ID, e.ledger.emit, log); err != nil {
		return nil, err
	}
	if c.who != nil {
		l.who, c.pipe.may = c.who, c.who
		c.who.emitOf = e.ledger.emitOf
	}
	if err = e.steer.take(e.eyes, c, l); err != nil {
		return nil, err
	}
	c.pipe.clock.took = e.obs.timing.Camera(cc.ID)
	c.check = e.check.of(c)
	c.out.check, c.pipe.suspect = c.check, c.check.covering
	if e.certs != nil {
		e.certs.watch(cc.ID, c.healthTotals)
		c.pipe.covered = func(now redact.Coverage) { e.certs.covers(cc.ID, now) }
	}
	return c, nil
}

// private returns the camera's prohibited and private polygons in pixels.
func (e *edge) private(camera string) func(frame.Size) []geom.Polygon {
	return func(s frame.Size) []geom.Polygon { return e.law.privateAreas(camera, s) }
}

func (e *edge) openOutlet(cc config.Camera, view *live.Stream, stats *cameraStats, log zerolog.Logger) (*liveOutlet, error) {
	ec := encode.Config{New: e.coders.encoder, KeyEvery: e.cfg.Encode.KeyInterval, MaxRate: e.cfg.Encode.Bitrate * 1000, Preset: e.cfg.Encode.Preset}
	small := ec
	small.Fit, small.MaxRate = smallFit, 0
	o := &liveOutlet{
		tiles: view, newSmall: func() *encode.Stream { return encode.New(small) },
		shared: encode.New(ec), newOne: func() *encode.Stream { return encode.New(ec) },
		live: view, log: log, stats: stats, stills: new(stillDesk),
	}
	if e.rec != nil {
		s, err := e.rec.Stream(cc.ID, "record")
		if err != nil {
			return nil, err
		}
		o.record = s
	}
	return o, nil
}

// run works until ctx ends, then stops softly: cameras end, events are stored.
func (e *edge) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { e.fleet.run(ctx) })
	wg.Go(func() { e.eyes.watch(ctx) })
	wg.Go(func() { e.steer.run(ctx, e) })
	wg.Go(func() { e.law.run(ctx) })
	e.runRetention(ctx, &wg)
	wg.Go(func() { e.trim(ctx) })
	e.runRole(ctx, &wg)
	stopCheck := e.startCheck(ctx)
	pumping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var pumped sync.WaitGroup // waited for below
	pumped.Go(func() {
		if err := e.pump.Run(pumping); err != nil {
			e.log.Error().Err(err).Msg("events no longer reach the store")
		}
	})
	pumped.Go(func() { e.merkle.run(pumping, &e.alarms) })
	pumped.Go(func() { e.bus.run(pumping) })
	wg.Wait()
	stopCheck()
	if err := e.ledger.close(); err != nil {
		e.log.Error().Err(err).Msg("closing the event journal")
	}
	stop()
	pumped.Wait()
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := errors.Join(e.pump.Drain(draining), e.merkle.drain(draining), e.bus.drain(draining)); err != nil {
		e.log.Error().Err(err).Msg("events stay in the spool until the next start")
	}
}

// trim applies the spool's age bound; a quiet spool has no other occasion to.
func (e *edge) trim(ctx context.Context) {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			err := e.spool.Enforce()
			e.alarms.set("spool:age", err, err == nil)
		}
	}
}

// alarms are the troubles that a person should know of now.
type alarms struct {
	log zerolog.Logger
	mu  sync.Mutex
	by  map[string]string
}

// set begins or ends an alarm; either is logged once.
func (a *alarms) set(name string, err error, cleared bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]string{}
	}
	_, on := a.by[name]
	if cleared {
		delete(a.by, name)
		if on {
			a.log.Info().Str("alarm", name).Msg("over")
		}
		return
	}
	why := "unknown"
	if err != nil {
		why = err.Error()
	}
	a.by[name] = why
	if !on {
		a.log.Error().Str("alarm", name).Msg(why)
	}
}

// drop ends the alarms whose name ends so: what they were about is gone.
func (a *alarms) drop(suffix string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.by {
		if strings.HasSuffix(name, suffix) {
			delete(a.by, name)
		}
	}
}

func (a *alarms) list() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[string]string, len(a.by))
	for k, v := range a.by {
		out[k] = v
	}
	return out
}

// notifier wakes those who wait for news.
type notifier struct {
	mu sync.Mutex
	ch chan struct{}
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}

func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}
