package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/geom"
	"bystander/policy"
	"bystander/policy/relay"
	"bystander/policy/sitestore"
)

// errHaltedHere is why nobody is shown while the kill switch of this very edge
// is on, whatever the control says.
var errHaltedHere = errors.New("everything is masked: halted at this edge")

// errNoSite is why there is nothing to publish yet.
var errNoSite = errors.New("policy: there is no site yet")

// openFollowed sets up an edge for which another installation decides: its
// holder believes that one's key alone, and what is shown of the site cannot be
// changed here.
func (l *lawful) openFollowed(ctx context.Context) error {
	pub, err := readPublic(l.cfg.Policy.Key)
	if err != nil {
		return fmt.Errorf("%w: policy.key: %w; copy keys/policy.pub of the control", ErrUsage, err)
	}
	h, err := policy.NewHolder(pub, l.cfg.Policy.Site, time.Now)
	if err != nil {
		return fmt.Errorf("%w: policy.key: %w", ErrUsage, err)
	}
	l.holder.Store(h)
	if l.shown, err = sitestore.Open(ctx, filepath.Join(l.cfg.Data, "site-bus.db"), sitestore.Options{}); err != nil {
		return err
	}
	l.shown.ManagedByFile()
	return nil
}

// followed takes up what the control has published: the site's areas at once,
// and for good; who may be compared as long as the lease holds. It returns nil
// without a fresh lease.
func (l *lawful) followed(ctx context.Context) (*policy.Snapshot, error) {
	halt, err := l.ops.Halted(ctx)
	l.haltHere.Store(err != nil || halt.On) // unknown is on
	if err != nil {
		return nil, err
	}
	held, err := l.Current()
	if why := fmt.Sprint(err); why != l.told {
		l.told = why
		if err != nil {
			l.log.Error().Err(err).Msg("no fresh policy from the control: everybody is masked")
		} else {
			l.log.Info().Uint64("version", held.Snapshot.Version).Msg("the control's policy is in force")
		}
	}
	if err != nil {
		return nil, nil //nolint:nilerr // told, and shown by what asks for the lease
	}
	if held.Lease.Hash != l.content {
		l.put(siteOf(held.Snapshot))
		l.content = held.Lease.Hash
	}
	return held.Snapshot, l.loadGalleries(ctx, held.Snapshot, held.Lease.Hash)
}

// siteOf is what cameras and pages need of a site of which only its snapshot is
// known here.
func siteOf(s *policy.Snapshot) *policy.Site {
	out := &policy.Site{Site: s.Site, Sample: s.Sample, Profile: s.Profile, Controller: policy.Controller{Name: s.Site}}
	for _, c := range s.Cameras {
		cam := policy.Camera{ID: c.ID, Pose: c.Pose, PoseAssumed: c.PoseAssumed}
		for _, g := range c.Prohibited {
			cam.Private = append(cam.Private, outlineOf(g))
		}
		out.Cameras = append(out.Cameras, cam)
	}
	for i := range s.Scenes {
		sc := &s.Scenes[i]
		state := policy.SceneOn
		if len(sc.Reasons) > 0 {
			state = policy.ScenePaused
		}
		out.Scenes = append(out.Scenes, policy.Scene{
			ID: sc.ID, Mode: sc.Facts.Mode, State: state, Notice: sc.NoticeVersion, Thresholds: sc.Thresholds,
			Coverage: sc.Coverage, LiveClear: sc.LiveClear, RecordClear: sc.RecordClear,
		})
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		state := policy.ZoneOn
		if len(z.Reasons) > 0 {
			state = policy.ZoneSuspended
		}
		out.Zones = append(out.Zones, policy.Zone{
			ID: z.ID, Version: z.Version, Kind: policy.ZoneRecognition, Camera: z.Camera, Scene: z.Scene, State: state, Polygon: outlineOf(z.Outline),
		})
	}
	return out
}

func outlineOf(g geom.Polygon) policy.Polygon {
	var out policy.Polygon
	for _, p := range g {
		out.Relative = append(out.Relative, [2]float32{p.X, p.Y})
	}
	return out
}

// wholePicture is filled as long as it is not known which areas are private.
func wholePicture() geom.Polygon {
	return geom.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}}
}

// Issue implements relay.Issuer: what this installation decides, once it has a
// site.
func (l *lawful) Issue(ctx context.Context, term time.Duration) (*policy.Snapshot, policy.Lease, error) {
	a := l.signs.Load()
	if a == nil {
		return nil, policy.Lease{}, errNoSite
	}
	return a.Issue(ctx, term)
}

// Extend implements relay.Issuer.
func (l *lawful) Extend(ctx context.Context, old *policy.Snapshot, hash event.Digest, term time.Duration) (policy.Lease, error) {
	a := l.signs.Load()
	if a == nil {
		return policy.Lease{}, errNoSite
	}
	return a.Extend(ctx, old, hash, term)
}

// openPolicyBus joins the policy topic: an installation that decides publishes,
// one for which another decides follows.
func (e *edge) openPolicyBus(b *bus) {
	if !e.cfg.Policy.Follows() {
		b.publisher = relay.NewPublisher(b.client, e.law, relay.PublisherOptions{Every: leaseEvery, OnError: func(err error) {
			if !errors.Is(err, errNoSite) {
				b.trouble("kafka:policy", err)
			}
		}})
		return
	}
	told := rate.NewLimiter(1, 3)
	b.follower = relay.NewFollower(b.client, e.cfg.Policy.Site, e.law.holder.Load(), relay.FollowerOptions{
		OnTaken: func(policy.Lease, *policy.Snapshot) { e.law.kick() },
		OnRefused: func(err error) {
			if !relay.Expected(err) && told.Allow() {
				b.log.Warn().Err(err).Msg("a record of the policy topic was refused and changed nothing")
			}
		},
		OnError: func(err error) { b.trouble("kafka:policy", err) },
		Now:     time.Now,
	})
	count := func(name, help string, of func(relay.FollowerStatus) uint64) {
		e.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(of(b.follower.Status())) }))
	}
	count("bystander_policy_leases_taken_total", "Leases of the control that were taken.", func(s relay.FollowerStatus) uint64 { return s.Taken })
	count("bystander_policy_records_refused_total", "Records of the policy topic that changed nothing.", func(s relay.FollowerStatus) uint64 { return s.Refused })
}

// writersOf finds the keys of the writers that may have events sent again; nil
// where none are configured.
func writersOf(cfg config.Config) (*edgeKeys, error) {
	if cfg.Events.Writers == "" {
		return nil, nil
	}
	keys := &edgeKeys{dir: cfg.Events.Writers, now: time.Now}
	files, err := filepath.Glob(filepath.Join(keys.dir, "*.pub"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%w: events.writers: %s holds no NAME.pub; copy keys/writer.pub of each writer there, under the writer's name", ErrUsage, keys.dir)
	}
	for _, f := range files {
		if _, err := readPublic(f); err != nil {
			return nil, fmt.Errorf("%w: events.writers: %w", ErrUsage, err)
		}
	}
	return keys, nil
}
