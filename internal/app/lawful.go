package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/store"
	"bystander/redact"
)

// leaseEvery is how often a new lease is signed: a withdrawal or a lapsed sign
// reaches live video within this time and one look.
const leaseEvery = 2 * time.Second

// lawful is what makes matching lawful, and the parts that match: the site,
// consents, leases, templates. Without a site file only the masks remain.
type lawful struct {
	cfg  config.Config
	eyes *eyes
	log  zerolog.Logger

	site      *policy.Site
	people    *store.Store
	vault     *vault.Vault
	authority *policy.Authority
	holder    *policy.Holder
	shelf     *match.Shelf
	claims    *match.Claims
	counters  match.Counters

	mu       sync.Mutex
	loaded   map[string]loadedFor // galleries, by scene; of the goroutine that renews
	failure  error                // of the last lease
	enrolled int
}

// loadedFor is what a gallery was loaded for. The vault changes a moment before
// or after the policy: when somebody withdraws, consents end first, and the
// template must not stay in memory when it is destroyed after that.
type loadedFor struct {
	content  event.Digest // of the policy
	revision uint64       // of the vault
}

func openLaw(ctx context.Context, cfg config.Config, eyes *eyes, reg *prometheus.Registry, log zerolog.Logger) (_ *lawful, err error) {
	l := &lawful{
		cfg: cfg, eyes: eyes, log: log.With().Str("component", "policy").Logger(),
		shelf: match.NewShelf(), claims: match.NewClaims(), loaded: map[string]loadedFor{},
		counters: matchCounters(reg),
	}
	if cfg.Site == "" {
		return l, nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.site, err = policy.LoadSite(cfg.Site); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if l.people, err = openPeople(ctx, cfg); err != nil {
		return nil, err
	}
	if l.vault, err = openVault(ctx, cfg); err != nil {
		return nil, err
	}
	key, err := signingKey(cfg.Keys, "policy")
	if err != nil {
		return nil, err
	}
	if l.authority, err = policy.NewAuthority(key, l.site, l.people, l.people, time.Now); err != nil {
		return nil, err
	}
	if l.holder, err = policy.NewHolder(l.authority.Public(), l.site.Site, time.Now); err != nil {
		return nil, err
	}
	l.renew(ctx)
	return l, nil
}

func openPeople(ctx context.Context, cfg config.Config) (*store.Store, error) {
	return store.Open(ctx, filepath.Join(cfg.Data, "policy.db"))
}

func openVault(ctx context.Context, cfg config.Config) (*vault.Vault, error) {
	return vault.Open(ctx, vault.Options{
		Path: filepath.Join(cfg.Data, "templates.db"), KeyDir: cfg.Keys,
		MasterKeyFile: os.Getenv(vault.EnvMasterKeyFile),
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
	return errors.Join(errs...)
}

// run renews the lease until ctx ends.
func (l *lawful) run(ctx context.Context) {
	if l.authority == nil {
		return
	}
	t := time.NewTicker(leaseEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			l.renew(ctx)
		}
	}
}

// renew issues a lease, and loads the templates of people who are new. What
// fails is told; the old lease then runs out, and everybody is masked.
func (l *lawful) renew(ctx context.Context) {
	snap, lease, err := l.authority.Issue(ctx, policy.MaxLease)
	if err == nil {
		err = l.holder.Offer(lease, snap)
	}
	if err == nil {
		err = l.loadGalleries(ctx, snap, lease.Hash)
	}
	if err != nil && ctx.Err() == nil {
		l.log.Error().Err(err).Msg("no new policy lease; when the last one runs out everybody is masked")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = err
	if snap != nil {
		l.enrolled = len(snap.Subjects)
	}
}

// loadGalleries loads each scene's templates anew when policy or vault changed.
func (l *lawful) loadGalleries(ctx context.Context, snap *policy.Snapshot, content event.Digest) error {
	if l.eyes.embedder == nil {
		return nil
	}
	// Read before the templates: what changes in between is loaded next time.
	revision, err := l.vault.Revision(ctx)
	if err != nil {
		return err
	}
	want := loadedFor{content, revision}
	for i := range snap.Scenes {
		id := snap.Scenes[i].ID
		if l.loaded[id] == want {
			continue
		}
		g, err := match.LoadGallery(ctx, l.vault, id, l.eyes.embedder.Info().Digest)
		if err != nil {
			return err
		}
		l.shelf.Put(g)
		l.loaded[id] = want
	}
	return nil
}

// judge makes a camera's judge, nil when nobody can be matched there.
func (l *lawful) judge(camera string, emit func(event.Event), log zerolog.Logger) (*who, error) {
	if l.authority == nil || l.eyes.embedder == nil {
		return nil, nil
	}
	j, err := match.NewJudge(match.JudgeConfig{
		Camera: camera, Leases: l.holder, Shelf: l.shelf, Embedder: l.eyes.embedder,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(), Claims: l.claims, Counters: l.counters, ClockSynced: clockSynced,
		Sealer: l.vault,
	})
	if err != nil {
		return nil, err
	}
	return newWho(j, l.holder, l.site.Site, emit, log), nil
}

func (l *lawful) siteID() string {
	if l.site == nil {
		return "none"
	}
	return l.site.Site
}

// sceneOf is the scene of a camera: as configured, or of its recognition zone.
func (l *lawful) sceneOf(c config.Camera) string {
	if c.Scene != "" || l.site == nil {
		return c.Scene
	}
	for _, z := range l.site.Zones {
		if z.Camera == c.ID && z.Kind == policy.ZoneRecognition {
			return z.Scene
		}
	}
	return ""
}

// stricter adds what the camera's scene asks for; a scene can only widen masks.
func (l *lawful) stricter(c redact.Config, scene string) redact.Config {
	if l.site == nil {
		return c
	}
	if sc, ok := l.site.Scene(scene); ok && sc.Coverage == string(redact.CoverPerson) {
		c.Coverage = redact.CoverPerson
	}
	return c
}

// privateAreas are the polygons that are filled before anything looks, in
// pixels.
func (l *lawful) privateAreas(camera string, s frame.Size) []geom.Polygon {
	var out []geom.Polygon
	for _, g := range l.site.PrivateAreas(camera) {
		out = append(out, policy.On(g, s.W, s.H, nil))
	}
	return out
}

// matching tells whether a camera's faces may be compared now.
func (l *lawful) matching(c *camera) api.Switch {
	off := func(code, reason string) api.Switch { return api.Switch{Code: code, Reason: reason} }
	switch {
	case l.eyes.embedder == nil:
		return off(api.OffNoModel, "the model that compares faces is missing; run: bystander models pull")
	case l.site == nil:
		return off(api.OffNoSite, "there is no site file; nothing is compared and everybody is masked")
	}
	held, err := l.holder.Current()
	if err != nil {
		return off(api.OffLease, "there is no fresh policy lease: "+err.Error())
	}
	for i := range held.Snapshot.Zones {
		z := &held.Snapshot.Zones[i]
		if z.Camera != c.cfg.ID {
			continue
		}
		if len(z.Reasons) > 0 {
			return off(api.OffZoneNotLive, z.Reasons[0].Text)
		}
		if sc, ok := held.Snapshot.Scene(z.Scene); ok && len(sc.Reasons) > 0 {
			return off(api.OffSceneOff, sc.Reasons[0].Text)
		}
		if len(held.Snapshot.Subjects) == 0 {
			return off(api.OffNobody, "nobody has enrolled")
		}
		return api.Switch{On: true}
	}
	return off(api.OffZoneNotLive, "this camera has no recognition zone")
}

func (l *lawful) zones(camera string) []api.ZoneRef {
	out := []api.ZoneRef{}
	if l.site == nil {
		return out
	}
	for _, z := range l.site.Zones {
		if z.Camera != camera {
			continue
		}
		kind := string(z.Kind)
		if z.Kind == policy.ZonePrivacy {
			kind = string(policy.ZoneProhibited)
		}
		out = append(out, api.ZoneRef{ID: z.ID, Name: z.ID, Kind: kind, State: string(z.State)})
	}
	return out
}

func (l *lawful) zoneName(id string) string { return id }

func (l *lawful) siteRef() api.SiteRef {
	if l.site == nil {
		return api.SiteRef{ID: "none"}
	}
	return api.SiteRef{ID: l.site.Site, Name: l.site.Controller.Name, Sample: l.site.Sample}
}

func (l *lawful) notices() []api.Notice {
	switch {
	case l.site == nil:
		return []api.Notice{{Level: "info", Code: api.NoticeNoSite, Text: "There is no site file: nothing is compared and everybody is masked."}}
	case l.site.Sample:
		return []api.Notice{{Level: "warning", Code: api.NoticeSample, Text: "This is a sample site: its zones, signs and consents are made up."}}
	}
	return nil
}

// gate sums up what keeps matching from happening, over all zones.
func (l *lawful) gate(context.Context) api.Gate {
	g := api.Gate{Reasons: []api.Reason{}}
	if l.site == nil {
		g.Reasons = append(g.Reasons, api.Reason{Code: api.OffNoSite, Text: "there is no site file"})
		return g
	}
	l.mu.Lock()
	g.Enrolled = l.enrolled
	l.mu.Unlock()
	held, err := l.holder.Current()
	if err != nil {
		g.Reasons = append(g.Reasons, api.Reason{Code: api.OffLease, Text: err.Error()})
		return g
	}
	g.LeaseExpires = &held.Lease.Expires
	for i := range held.Snapshot.Zones {
		z := &held.Snapshot.Zones[i]
		sc, ok := held.Snapshot.Scene(z.Scene)
		if ok && len(z.Reasons) == 0 && len(sc.Reasons) == 0 {
			g.Open, g.Mode = true, string(sc.Facts.Mode)
		}
		for _, r := range z.Reasons {
			g.Reasons = append(g.Reasons, api.Reason{Code: r.String(), Text: r.Text})
		}
		if ok {
			for _, r := range sc.Reasons {
				g.Reasons = append(g.Reasons, api.Reason{Code: r.String(), Text: r.Text})
			}
		}
	}
	return g
}

// trouble is why there is no fresh lease, nil when there is one or none is
// wanted.
func (l *lawful) trouble() error {
	if l.authority == nil {
		return nil
	}
	_, err := l.holder.Current()
	return err
}
