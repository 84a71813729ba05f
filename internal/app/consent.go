package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/actor"
	consentapi "bystander/api/consent"
	"bystander/api/problem"
	"bystander/audit/erase"
	"bystander/detect/liveness"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/models"
	"bystander/internal/ort"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/sitestore"
	"bystander/schema"
)

// consentParts is what the consents need of the running edge. All but cfg and
// site may be left out: the command line has neither models nor a ledger.
type consentParts struct {
	cfg   config.Config
	site  func() *policy.Site // in force; nil while there is none
	eyes  *eyes
	live  *liveness.Detector
	emit  func(event.Event)
	reads actor.Recorder // nil for the command line, which has no front door
	log   zerolog.Logger
}

// consents joins the parts that take people's yes and no: notices, acts,
// receipts, and enrolment at a desk.
type consents struct {
	*consent.Service
	db      *consent.DB
	people  *registry
	samples *enrol.Samples
	module  *consentapi.Module
}

// openConsents opens everything. Its jobs run with Run, from the embedded
// service; module is for the front door.
func openConsents(ctx context.Context, p consentParts) (_ *consents, err error) {
	c := &consents{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.people, err = openRegistry(ctx, p.cfg); err != nil {
		return nil, err
	}
	if c.db, err = consent.OpenDB(ctx, controlPlace(p.cfg, storeConsent)); err != nil {
		return nil, err
	}
	if c.samples, err = openSamples(ctx, p.cfg); err != nil {
		return nil, err
	}
	key, err := signingKey(p.cfg.Keys, "consent")
	if err != nil {
		return nil, err
	}
	signer, err := consent.NewSigner(key)
	if err != nil {
		return nil, err
	}
	log := p.log.With().Str("component", "consent").Logger()
	model := ""
	if p.eyes != nil && p.eyes.embedder != nil {
		model = p.eyes.embedder.Info().Digest
	}
	c.Service, err = consent.New(consent.Config{
		DB: c.db, Records: c.people.people, Signer: signer, Emit: p.emit,
		Site: func(context.Context) (*policy.Site, error) {
			if s := p.site(); s != nil {
				return s, nil
			}
			return nil, consent.Refuse(consent.Unmet, "SITE_MISSING", "", "there is no site yet: nothing can be agreed to")
		},
		Keeper:  enrol.People{Vault: c.people.vault, Names: c.people.names, Samples: c.samples, Model: model},
		OnError: func(err error) { log.Error().Err(err).Msg("consents: tried again soon") },
	})
	if err != nil {
		return nil, err
	}
	return c, c.openModule(p, log)
}

// openSamples opens the store of photographs kept with written authorisation.
func openSamples(ctx context.Context, cfg config.Config) (*enrol.Samples, error) {
	fresh, err := newStore(ctx, cfg, storeSamples)
	if err != nil {
		return nil, err
	}
	key, err := vault.OpenKey(filepath.Join(cfg.Keys, "samples.key"), fresh)
	if err != nil {
		return nil, err
	}
	return enrol.OpenSamples(ctx, controlPlace(cfg, storeSamples), key, nil)
}

func (c *consents) openModule(p consentParts, log zerolog.Logger) error {
	if p.reads == nil {
		return nil
	}
	d := enrol.DeskConfig{
		Sessions: c.Service, Vault: c.people.vault, Names: c.people.names, Samples: c.samples,
		Duplicates: enrol.Twins{Templates: c.people.vault, Calibration: match.Calibration0095()},
	}
	if p.eyes != nil && p.eyes.canEnrol() == nil {
		d.Detector, d.Embedder = photoDetector{p.eyes.faces}, p.eyes.embedder
	}
	if p.live != nil {
		d.Liveness = p.live
	}
	desk, err := enrol.NewDesk(d)
	if err != nil {
		return err
	}
	c.module, err = consentapi.New(consentapi.Config{
		Service: c.Service, Desk: desk, Records: c.people.people, Repeats: c.db, Access: p.reads,
		Schema: schema.ConsentReceipt(), SubjectRef: c.subjectRef,
		Log: func(ctx context.Context, err error) {
			log.Error().Err(err).Str("request_id", problem.RequestID(ctx)).Msg("request failed")
		},
	})
	return err
}

// subjectRef is today's pseudonym of a person in a scene, as on the match log.
func (c *consents) subjectRef(ctx context.Context, enrollee, scene string) (event.Digest, bool) {
	d, err := c.people.vault.SubjectRef(ctx, enrollee, scene, time.Now())
	return d, err == nil && !d.IsZero()
}

// places are what an erasure has to reach here.
func (c *consents) places() []erase.NamedPlace {
	return []erase.NamedPlace{
		{Name: "receipts, messages and enrolment sessions", Place: c.db},
		{Name: "photographs kept with authorisation", Place: c.samples},
	}
}

func (c *consents) close() error {
	var errs []error
	if c.samples != nil {
		errs = append(errs, c.samples.Close())
	}
	if c.db != nil {
		errs = append(errs, c.db.Close())
	}
	if c.people != nil {
		errs = append(errs, c.people.close())
	}
	return errors.Join(errs...)
}

// openLiveness loads the model that tells a live face from a print or a screen.
// It returns nil, with the reason in the log, where the model or ONNX Runtime is
// missing: then nobody is enrolled live, and scenes that ask for liveness match
// nobody. A wrong model file is an error.
func openLiveness(ctx context.Context, cfg config.Config, log zerolog.Logger) (*liveness.Detector, error) {
	store, err := openModels(cfg)
	if err != nil {
		return nil, err
	}
	data, info, err := store.Load(ctx, "minifasnet")
	if errors.Is(err, models.ErrHash) {
		return nil, err
	}
	var rt *ort.Runtime
	if err == nil {
		rt, err = ort.Open(ort.Options{Library: cfg.Detect.Library})
	}
	if err != nil {
		log.Warn().Str("component", "detect").Err(err).Msg("no liveness check: nobody can be enrolled at a desk, and scenes that ask for it match nobody")
		return nil, nil //nolint:nilerr // what is missing is told, and denies
	}
	return liveness.New(rt, liveness.Model{Name: info.Name, Data: data, SHA256: info.SHA256}, liveness.Options{Provider: ort.Provider(cfg.Detect.Provider)})
}

// siteNow reads the site for the command line: the configured file, or what the
// site's store compiles to.
func siteNow(ctx context.Context, cfg config.Config) (*policy.Site, error) {
	if cfg.Site != "" {
		site, err := policy.LoadSite(cfg.Site)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUsage, err)
		}
		return site, nil
	}
	s, err := sitestore.Open(ctx, siteDB(cfg), sitestore.Options{})
	if err != nil {
		return nil, err
	}
	site, err := s.Compile(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, fmt.Errorf("%w: consents name scenes and zones, and there is no site yet; set site: in the configuration, or make one: %w", ErrUsage, err)
	}
	return site, nil
}
