package app

import (
	"context"
	"sync"

	"bystander/api"
	"bystander/api/auditor"
	"bystander/api/notes"
	"bystander/api/verify"
	"bystander/audit/erase"
	"bystander/audit/resolve"
	"bystander/detect/liveness"
	"bystander/internal/event"
	"bystander/match"
	"bystander/match/pair"
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
	notes    *notes.Module
	noted    *notes.Store
	builder  auditor.Builder
	names    *resolve.Book
}

// places are what an erasure has to reach at the desks.
func (d *desks) places() []erase.NamedPlace {
	return append(d.consents.places(), erase.NamedPlace{Name: "requests", Place: d.rights.db})
}

// openLiveness loads the model that tells a live face; cameras and desks use it.
func (e *edge) openLiveness(ctx context.Context) (err error) {
	if e.desks.live, err = openLiveness(ctx, e.cfg, e.log); err != nil || e.desks.live == nil {
		return err
	}
	e.closing(e.desks.live.Close)
	return nil
}

// openDesks opens them; it needs stores, models and policy.
func (e *edge) openDesks(ctx context.Context) (err error) {
	d := &e.desks
	d.consents, err = openConsents(ctx, consentParts{
		cfg: e.cfg, site: func() *policy.Site { return e.law.fresh(ctx) },
		eyes: e.eyes, live: d.live, emit: e.consentChanged, reads: readRecorder{e}, log: e.log,
	})
	if err != nil {
		return err
	}
	e.closing(d.consents.close)
	if site := e.law.fresh(ctx); e.sample != nil && site != nil {
		if err := d.consents.TakeSample(ctx, site); err != nil {
			return err
		}
	}
	e.law.overlay = d.consents.Overlay
	if err := e.openRights(ctx); err != nil {
		return err
	}
	if err := e.openNames(ctx); err != nil {
		return err
	}
	if err := e.openNotes(ctx); err != nil {
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
	d.asker, d.builder = asker, asker
	return nil
}

// openVerify opens the 1:1 interface where it is wanted. Without face models
// there is none.
func (e *edge) openVerify() (*verify.Module, error) {
	if !e.cfg.Verify.Enabled {
		return nil, nil
	}
	if err := e.eyes.canEnrol(); err != nil {
		e.log.Warn().Str("component", "verify").Err(err).Msg("the 1:1 interface stays closed")
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
	keys, err := openClientKeys(e.cfg)
	if err != nil {
		return nil, err
	}
	opener, err := verify.LoadOpener(e.cfg.Keys)
	if err != nil {
		return nil, err
	}
	plain := map[string]bool{}
	for _, scene := range e.cfg.Verify.PlainOverTLS {
		plain[scene] = true
	}
	return verify.New(verify.Config{
		Site: e.law.siteID(), Scenes: leaseScenes{leases: e.law, plain: plain}, Faces: pairFaces{c}, Emit: e.ledger.emit,
		Keys: keys, ClockSynced: clockSynced, Opener: opener, LegacySHA1: e.cfg.Verify.LegacySHA1,
	})
}

// modules are the desks' parts of the interface.
func (d *desks) modules(e *edge) []api.Module {
	out := append([]api.Module{d.consents.module, d.rights.module, d.notes}, e.auditDesk()...)
	if d.verify != nil {
		out = append(out, d.verify)
	}
	return out
}

// run does the desks' own work until ctx ends: consents that expire, tasks for
// other systems.
func (d *desks) run(ctx context.Context, e *edge) {
	var wg sync.WaitGroup
	wg.Go(func() { e.lead(ctx, "consents", d.consents.Run) })
	wg.Go(func() { e.lead(ctx, "requests", d.rights.Run) })
	wg.Wait()
}

var _ match.Leases = (*lawful)(nil)

// consentChanged puts on the log what changed with consents and notices, and has
// the cameras follow at once.
func (e *edge) consentChanged(ev event.Event) {
	e.ledger.emit(ev)
	e.law.kick()
}
