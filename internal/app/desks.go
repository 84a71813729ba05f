package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"bystander/api"
	"bystander/api/auditor"
	"bystander/api/verify"
	"bystander/detect/liveness"
	"bystander/match"
	"bystander/match/pair"
	"bystander/match/vault"
	"bystander/policy"
)

// desks are the parts of a running edge that people come to: consent and
// enrolment, their rights, auditors' questions, and the 1:1 interface.
type desks struct {
	consents *consents
	rights   *rightsDesk
	verify   *verify.Module // nil without face models
	live     *liveness.Detector
	asker    auditor.Asker
}

// openDesks opens them; it needs stores, models, policy and erasure.
func (e *edge) openDesks(ctx context.Context) (err error) {
	d := &e.desks
	if d.live, err = openLiveness(ctx, e.cfg, e.log); err != nil {
		return err
	}
	if d.live != nil {
		e.closing(d.live.Close)
	}
	d.consents, err = openConsents(ctx, consentParts{
		cfg: e.cfg, site: e.law.site, eyes: e.eyes, live: d.live, emit: e.ledger.emit, reads: readRecorder{e}, log: e.log,
	})
	if err != nil {
		return err
	}
	e.closing(d.consents.close)
	if err := e.openRights(ctx); err != nil {
		return err
	}
	if d.verify, err = e.openVerify(); err != nil {
		return err
	}
	asker, done, err := openAsker(e.cfg)
	if err != nil {
		return err
	}
	e.closing(done)
	d.asker = asker
	return nil
}

// openVerify opens the 1:1 interface. Without face models there is none.
func (e *edge) openVerify() (*verify.Module, error) {
	if e.eyes.canEnrol() != nil {
		return nil, nil
	}
	cfg := pair.Config{
		Detector: photoDetector{e.eyes.faces}, Embedder: e.eyes.embedder, Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		Leases: e.law, Shelf: e.law.shelf, Counters: e.law.counters,
	}
	if e.desks.live != nil {
		cfg.Liveness = e.desks.live
	}
	c, err := pair.New(cfg)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(e.cfg.Keys, "clients.key")
	_, missing := os.Stat(path)
	seal, err := vault.OpenKey(path, errors.Is(missing, fs.ErrNotExist))
	if err != nil {
		return nil, err
	}
	opener, err := verify.LoadOpener(e.cfg.Keys)
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Config{
		Site: e.law.siteID(), Scenes: leaseScenes{leases: e.law}, Faces: pairFaces{c}, Emit: e.ledger.emit,
		Keys: verify.NewKeyStore(filepath.Join(e.cfg.Keys, "clients.json"), seal, nil), ClockSynced: clockSynced, Opener: opener,
	})
}

// modules are the desks' parts of the interface.
func (d *desks) modules(e *edge) []api.Module {
	out := []api.Module{
		d.consents.module, d.rights.module,
		&auditor.Questions{Asker: d.asker, Access: readRecorder{e}, Log: e.log.With().Str("component", "auditor").Logger()},
	}
	if d.verify != nil {
		out = append(out, d.verify)
	}
	return out
}

// run does the desks' own work until ctx ends: consents that expire, tasks for
// other systems.
func (d *desks) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { d.consents.Run(ctx) })
	wg.Go(func() { d.rights.Run(ctx) })
	wg.Wait()
}

var _ match.Leases = (*lawful)(nil)

// overlaid is the site with the notices that were published here.
func (d *desks) overlaid(ctx context.Context, site *policy.Site) (*policy.Site, error) {
	if d.consents == nil || site == nil {
		return site, nil
	}
	return d.consents.Overlay(ctx, site)
}
