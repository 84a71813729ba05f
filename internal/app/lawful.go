package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/sitestore"
	"bystander/policy/store"
	"bystander/redact"
)

// lawful is what makes matching lawful, and the parts that match: the site,
// consents, leases, templates. As long as there is no site, only the masks
// remain.
type lawful struct {
	cfg  config.Config
	eyes *eyes
	log  zerolog.Logger
	emit func(event.Event)

	// ops keeps the living site, the kill switch and incidents. shown is the
	// site that the interface shows: ops too, or a copy of the site file.
	ops, shown *sitestore.Store
	file       *policy.Site   // the site, where a file manages it
	live       match.Liveness // nil: scenes that ask for a live face match nobody
	// overlay puts in the notices that were published here; nil as long as
	// there are none.
	overlay  func(context.Context, *policy.Site) (*policy.Site, error)
	people   *store.Store
	vault    *vault.Vault
	sealer   match.PayloadSealer // nil where the vault is elsewhere
	key      ed25519.PrivateKey
	shelf    *match.Shelf
	claims   *match.Claims
	counters match.Counters
	poses    *poses

	force  atomic.Pointer[inForce]          // the site in force, nil when none
	holder atomic.Pointer[policy.Holder]    // nil until there is a site
	signs  atomic.Pointer[policy.Authority] // the authority, for whoever publishes
	// haltHere masks everybody though the control that is followed says otherwise.
	haltHere atomic.Bool
	kicked   chan struct{} // asks for a new lease now

	// Of the goroutine that renews, until there is an authority; then of whoever it
	// lets sign.
	authority *policy.Authority

	// Of the goroutine that renews.
	loaded  map[string]loadedFor // galleries, by scene
	gates   map[string]string    // what was told of each zone's gate
	content event.Digest         // of the snapshot followed that is in force
	told    string               // what was told of the control's lease

	mu       sync.Mutex
	failure  error // of the last lease
	enrolled int
}

// inForce is a site with what the cameras need of it.
type inForce struct {
	site *policy.Site
	// shapes, by id, change with what is filled on a camera's pictures and with
	// how much of a person is covered. Each is computed when it is first asked for.
	shapes sync.Map
}

// loadedFor is what a gallery was loaded for. The vault changes a moment before
// or after the policy: when somebody withdraws, consents end first, and the
// template must not stay in memory when it is destroyed after that.
type loadedFor struct {
	content  event.Digest // of the policy
	revision uint64       // of the vault
}

func openLaw(ctx context.Context, cfg config.Config, eyes *eyes, reg *prometheus.Registry, emit func(event.Event), log zerolog.Logger) (_ *lawful, err error) {
	l := &lawful{
		cfg: cfg, eyes: eyes, log: log.With().Str("component", "policy").Logger(), emit: emit,
		shelf: match.NewShelf(), claims: match.NewClaims(), loaded: map[string]loadedFor{}, gates: map[string]string{},
		counters: matchCounters(reg), kicked: make(chan struct{}, 1),
	}
	l.poses = newPoses(l)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if cfg.IsEdge() { // people and templates are the control's
		if err := l.openSite(ctx); err != nil {
			return nil, err
		}
		l.sealer = match.ShelfSealer{Shelf: l.shelf}
		l.renew(ctx)
		return l, nil
	}
	if l.people, err = openPeople(ctx, cfg); err != nil {
		return nil, err
	}
	if err := l.openSite(ctx); err != nil {
		return nil, err
	}
	if l.vault, err = openVault(ctx, cfg); err != nil {
		return nil, err
	}
	l.sealer = l.vault
	if l.key, err = signingKey(cfg.Keys, "policy"); err != nil {
		return nil, err
	}
	l.renew(ctx)
	return l, nil
}

// openSite opens the site's store; a configured file takes its place.
func (l *lawful) openSite(ctx context.Context) (err error) {
	o := sitestore.Options{
		Emit: l.emit, Changed: l.kick, LogRetention: l.cfg.Events.MaxAge,
		GoLive: l.goLive, Enable: l.enable,
	}
	if l.ops, err = sitestore.Open(ctx, siteDB(l.cfg), o); err != nil {
		return err
	}
	l.shown = l.ops
	if l.cfg.Policy.Follows() {
		return l.openFollowed(ctx)
	}
	if l.cfg.Site == "" {
		return nil
	}
	if l.file, err = policy.LoadSite(l.cfg.Site); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if p, _ := policy.ProfileByName(l.file.Profile); l.cfg.Events.MaxAge < p.LogRetention {
		return fmt.Errorf("%w: events.max_age: LOG_RETENTION: profile %q asks that the log is kept for at least %d days",
			ErrUsage, p.Name, int(p.LogRetention/(24*time.Hour)))
	}
	if err := l.validated(ctx); err != nil {
		return err
	}
	l.shown, err = showFile(ctx, l.cfg, l.file)
	return err
}

// validated refuses a scene whose threshold is laxer than what was measured for
// as many people as may be candidates there (C-30).
func (l *lawful) validated(ctx context.Context) error {
	consents, err := l.people.Consents(ctx)
	if err != nil {
		return err
	}
	candidates := map[string]int{}
	for _, c := range consents {
		if c.State == policy.ConsentGiven && c.Purpose == policy.PurposeMatch {
			for _, scene := range c.Scenes {
				candidates[scene]++
			}
		}
	}
	err = match.CheckThresholds(l.file, match.Calibration0095(), match.DefaultRules(), func(scene string) int { return max(candidates[scene], 1) })
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUsage, l.cfg.Site, err)
	}
	return nil
}

func siteDB(cfg config.Config) string { return controlPlace(cfg, storeSite) }

// showFile makes a copy of the site file that the interface can show. It is
// made anew at each start.
func showFile(ctx context.Context, cfg config.Config, site *policy.Site) (_ *sitestore.Store, err error) {
	path := filepath.Join(cfg.Data, "site-file.db")
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("site file: %w", err)
		}
	}
	s, err := sitestore.Open(ctx, path, sitestore.Options{})
	if err != nil {
		return nil, err
	}
	err = s.Import(ctx, sitestore.By{Actor: sitestore.System, Reason: "as the site file says"}, site, sitestore.AsItStands)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.ManagedByFile()
	return s, nil
}

func openPeople(ctx context.Context, cfg config.Config) (*store.Store, error) {
	return store.Open(ctx, controlPlace(cfg, storePolicy))
}

func openVault(ctx context.Context, cfg config.Config) (*vault.Vault, error) {
	return vault.Open(ctx, vault.Options{
		Path: controlPlace(cfg, storeTemplates), KeyDir: cfg.Keys,
		MasterKeyFile: os.Getenv(vault.EnvMasterKeyFile), MasterKey: os.Getenv(vault.EnvMasterKey),
	})
}

func matchCounters(reg *prometheus.Registry) match.Counters {
	c := match.Counters{
		Embeddings: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bystander_match_embeddings_total", Help: "Faces embedded; stands still while the gate is closed.",
		}),
		Comparisons: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bystander_match_comparisons_total", Help: "Templates compared with; stands still while the gate is closed.",
		}),
	}
	if reg != nil {
		reg.MustRegister(c.Embeddings.(prometheus.Collector), c.Comparisons.(prometheus.Collector))
	}
	return c
}

func (l *lawful) close() error {
	var errs []error
	l.shelf.Close()
	if l.vault != nil {
		errs = append(errs, l.vault.Close())
	}
	if l.people != nil {
		errs = append(errs, l.people.Close())
	}
	if l.shown != nil && l.shown != l.ops {
		errs = append(errs, l.shown.Close())
	}
	if l.ops != nil {
		errs = append(errs, l.ops.Close())
	}
	return errors.Join(errs...)
}

// Current implements match.Leases: the policy in force, for cameras that opened
// before there was a site, too.
func (l *lawful) Current() (policy.Held, error) {
	h := l.holder.Load()
	if h == nil {
		return policy.Held{}, policy.ErrNoLease
	}
	if l.haltHere.Load() {
		return policy.Held{}, errHaltedHere
	}
	return h.Current()
}

// site is the site in force, nil when there is none.
func (l *lawful) site() *policy.Site {
	if f := l.force.Load(); f != nil {
		return f.site
	}
	return nil
}

// put brings a site into force.
func (l *lawful) put(site *policy.Site) {
	l.force.Store(&inForce{site: site})
}

// shapeOf numbers what is filled and how much is covered on a camera.
func shapeOf(site *policy.Site, camera, scene string) uint64 {
	sc, _ := site.Scene(scene)
	b, err := json.Marshal(struct {
		Areas    []geom.Polygon
		Coverage string
	}{site.PrivateAreas(camera), sc.Coverage})
	if err != nil {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(b) // a hash takes everything
	return h.Sum64()
}

// shape is the number of a camera's present private areas and coverage.
func (l *lawful) shape(c config.Camera) uint64 {
	f := l.force.Load()
	if f == nil {
		return 0
	}
	n, ok := f.shapes.Load(c.ID)
	if !ok {
		n, _ = f.shapes.LoadOrStore(c.ID, shapeOf(f.site, c.ID, sceneOf(f.site, c)))
	}
	return n.(uint64)
}

// shapes lets a camera follow the site as it changes: what is filled, how much
// of a person is covered, and how the camera stands.
func (l *lawful) shapes(c *camera, look *looker) {
	look.shape = func() uint64 { return l.shape(c.cfg) }
	look.view = l.poses.watch(c.cfg)
	c.pipe.shape = look.shape
	c.pipe.rules = func(r redact.Config) redact.Config { return l.stricter(r, c.scene()) }
}

// judge makes a camera's judge, nil when faces cannot be compared at all.
func (l *lawful) judge(camera string, emit func(event.Event), log zerolog.Logger) (*who, error) {
	if l.people == nil && !l.cfg.IsEdge() || l.eyes.embedder == nil {
		return nil, nil
	}
	embedded, compared := &tally{house: l.counters.Embeddings}, &tally{house: l.counters.Comparisons}
	j, err := match.NewJudge(match.JudgeConfig{
		Camera: camera, Leases: l, Shelf: l.shelf, Embedder: l.eyes.embedder,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(), Claims: l.claims, ClockSynced: clockSynced,
		Counters: match.Counters{Embeddings: embedded, Comparisons: compared},
		Sealer:   l.sealer,
		Liveness: l.live,
	})
	if err != nil {
		return nil, err
	}
	w := newWho(j, l, l.siteID, emit, log)
	w.embedded, w.compared, w.noRecord = embedded, compared, l.cfg.IsEdge()
	w.pose = l.poses.of(camera).current
	return w, nil
}

func (l *lawful) siteID() string {
	if s := l.site(); s != nil {
		return s.Site
	}
	return "none"
}

// sceneOf is the scene of a camera: as configured, or of its recognition zone.
func (l *lawful) sceneOf(c config.Camera) string { return sceneOf(l.site(), c) }

func sceneOf(site *policy.Site, c config.Camera) string {
	if c.Scene != "" || site == nil {
		return c.Scene
	}
	for _, z := range site.Zones {
		if z.Camera == c.ID && z.Kind == policy.ZoneRecognition && z.State != policy.ZoneRetired {
			return z.Scene
		}
	}
	return ""
}

// zoneOf is a camera's one recognition zone; empty when there is none, or more
// than one.
func zoneOf(site *policy.Site, camera string) string {
	found := ""
	if site == nil {
		return found
	}
	for _, z := range site.Zones {
		if z.Camera != camera || z.Kind != policy.ZoneRecognition || z.State == policy.ZoneRetired {
			continue
		}
		if found != "" {
			return ""
		}
		found = z.ID
	}
	return found
}

// stricter adds what the camera's scene asks for; a scene can only widen masks.
func (l *lawful) stricter(c redact.Config, scene string) redact.Config {
	site := l.site()
	if site == nil {
		return c
	}
	if sc, ok := site.Scene(scene); ok && sc.Coverage == string(redact.CoverPerson) {
		c.Coverage = redact.CoverPerson
	}
	return c
}

// privateAreas are the polygons that are filled before anything looks, in
// pixels.
func (l *lawful) privateAreas(camera string, s frame.Size) []geom.Polygon {
	site := l.site()
	if site == nil {
		if l.cfg.Policy.Follows() { // which areas are private is not known yet
			return []geom.Polygon{policy.On(wholePicture(), s.W, s.H, nil)}
		}
		return nil
	}
	var out []geom.Polygon
	for _, g := range site.PrivateAreas(camera) {
		out = append(out, policy.On(g, s.W, s.H, nil))
	}
	return out
}
