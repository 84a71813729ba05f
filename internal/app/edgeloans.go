package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"bystander/api/peer/box"
	"bystander/api/peer/line"
	"bystander/internal/event"
	"bystander/internal/pki"
	"bystander/match"
	"bystander/policy"
)

const (
	// syncEvery is how often an edge asks its control what it may have: what is
	// withdrawn there is gone here within this time, whatever the bus does.
	syncEvery = 2 * time.Second
	// loanTerm is for how long templates may be used without word from the
	// control, as long as a policy lease.
	loanTerm = policy.MaxLease
	// guardEvery is how often it is looked whether loan and lease still hold.
	guardEvery = 100 * time.Millisecond
)

// errNoLoan is why nobody is recognised while the control is out of reach.
var errNoLoan = errors.New("no templates: the control does not answer; everybody is masked")

// loans are the templates that an edge's control lends it. They live in locked
// memory, are never written down, and are wiped when the control says so, when it
// is out of reach for the term of a loan, and when the policy lease ends.
type loans struct {
	line   *line.Client
	member *pki.Member
	key    *box.Key // of this process
	edge   string
	model  string // digest; empty without a model that compares faces
	shelf  *match.Shelf
	leases match.Leases
	health func() line.Health
	emit   func(event.Event)
	site   func() string
	alarm  func(name string, err error, cleared bool)
	log    zerolog.Logger

	mu    sync.Mutex // also held while the shelf changes
	until time.Time  // of the loan, by the monotonic clock
	have  map[string]string
}

// run asks the control, keeps the templates as it says, and renews this edge's
// certificate, until ctx ends; then everything is wiped.
func (l *loans) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { l.guard(ctx) })
	wg.Go(func() { l.renewals(ctx) })
	t := time.NewTicker(syncEvery)
	defer t.Stop()
	for {
		err := l.sync(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			err = fmt.Errorf("the control at the other end of peers.control: %w", err)
		}
		l.alarm("control", err, err == nil)
		select {
		case <-ctx.Done():
		case <-t.C:
			continue
		}
		break
	}
	wg.Wait()
	l.line.Close()
	l.wipe("program_ended")
}

// sync asks once, and does what the answer says.
func (l *loans) sync(ctx context.Context) error {
	asked := time.Now()
	trust := l.member.Trust().Digest()
	answer, err := l.line.Sync(ctx, line.SyncRequest{Model: l.model, Form: match.Form, Trust: trust, Health: l.health()})
	if err != nil {
		var no *line.Refusal
		if errors.As(err, &no) && (no.Code == line.CodeRevoked || no.Code == line.CodeRole || no.Code == line.CodeOffSite) {
			l.wipe("refused") // there is no doubt to wait for
		}
		return err
	}
	l.extend(asked.Add(min(time.Duration(answer.TermMS)*time.Millisecond, loanTerm)))
	if answer.Trust != "" {
		if err := l.member.ReplaceTrust([]byte(answer.Trust)); err != nil {
			return err
		}
		l.line.Close() // the next connection is judged by the new roots
	}
	return l.reconcile(ctx, answer.Scenes)
}

func (l *loans) extend(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// reconcile wipes what is lent no more, at once, and then fetches what is new.
func (l *loans) reconcile(ctx context.Context, scenes []line.Scene) error {
	offered := map[string]line.Scene{}
	for _, s := range scenes {
		offered[s.ID] = s
	}
	l.mu.Lock()
	leased := l.leased() // else nothing is compared, and nothing is asked for
	for _, id := range slices.Sorted(maps.Keys(l.have)) {
		if s, ok := offered[id]; !ok || s.Count == 0 || !leased {
			l.drop(id, "withdrawn")
		}
	}
	have := maps.Clone(l.have)
	l.mu.Unlock()
	var errs []error
	for _, s := range scenes {
		if have[s.ID] == s.Version || s.Count == 0 || !leased {
			continue
		}
		if err := l.renewed(ctx, s, have[s.ID] != ""); err != nil {
			errs = append(errs, fmt.Errorf("templates of scene %s: %w", s.ID, err))
		}
	}
	return errors.Join(errs...)
}

// changedTime is for how long templates that changed may still be used while
// their successors are on the way: among the change may be somebody who withdrew.
const changedTime = time.Second

// renewed fetches a scene's templates; those that it had go within changedTime.
func (l *loans) renewed(ctx context.Context, s line.Scene, had bool) error {
	if had {
		var late sync.WaitGroup
		late.Add(1)
		gone := time.AfterFunc(changedTime, func() {
			defer late.Done()
			l.mu.Lock()
			defer l.mu.Unlock()
			if v, ok := l.have[s.ID]; ok && v != s.Version {
				l.drop(s.ID, "changed")
			}
		})
		defer func() {
			if gone.Stop() {
				late.Done()
			}
			late.Wait()
		}()
	}
	err := l.fetch(ctx, s)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, ok := l.have[s.ID]; ok {
			l.drop(s.ID, "changed")
		}
	}
	return err
}

// fetch brings one scene's templates.
func (l *loans) fetch(ctx context.Context, s line.Scene) error {
	lent, err := match.NewLent(s.ID, l.model, s.Count)
	if err != nil {
		return err
	}
	defer lent.Close()
	r := line.LoanRequest{Scene: s.ID, Model: l.model, Form: match.Form, Version: s.Version}
	if err := l.line.Loan(ctx, l.edge, r, l.key, lent.Take); err != nil {
		return err
	}
	g, err := match.LoadGallery(ctx, lent, s.ID, l.model)
	if err != nil {
		return err
	}
	n := g.Size()
	if got := g.Root().String(); got != s.Version {
		g.Close()
		return fmt.Errorf("%w: not those that were told of", match.ErrLent)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.holds() { // it ended while they came
		g.Close()
		return errNoLoan
	}
	l.shelf.Put(g)
	l.have[s.ID] = s.Version
	l.log.Info().Str("scene", s.ID).Int("templates", n).Msg("templates were lent by the control")
	return nil
}

// holds reports whether templates may be used now; the caller holds the lock.
func (l *loans) holds() bool { return time.Now().Before(l.until) && l.leased() }

func (l *loans) leased() bool {
	held, err := l.leases.Current()
	return err == nil && held.Snapshot != nil
}

// guard wipes everything when loan or lease has ended.
func (l *loans) guard(ctx context.Context) {
	t := time.NewTicker(guardEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		l.mu.Lock()
		if len(l.have) > 0 && !l.holds() {
			l.all("loan_ended")
		}
		l.mu.Unlock()
	}
}

func (l *loans) wipe(rule string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all(rule)
}

// all wipes everything; the caller holds the lock.
func (l *loans) all(rule string) {
	for _, id := range slices.Sorted(maps.Keys(l.have)) {
		l.drop(id, rule)
	}
}

// drop wipes one scene's templates and says so on the log; the caller holds the
// lock.
func (l *loans) drop(scene, rule string) {
	delete(l.have, scene)
	n := l.shelf.Drop(scene)
	l.log.Info().Str("scene", scene).Str("rule", rule).Int("templates", n).Msg("lent templates were wiped")
	l.emit(event.Event{
		TS: time.Now().UTC().Truncate(time.Millisecond), Kind: event.KindDisposal, SiteID: l.site(), SceneID: scene,
		Detail: map[string]string{"table": "templates in memory", "class": "templates", "rule": rule, "rows": strconv.Itoa(n), "cause": "retention"},
	})
}

// held is how many templates are in memory.
func (l *loans) held() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.have {
		n += l.shelf.Size(id)
	}
	return n
}

// trouble is why nobody can be recognised, nil when somebody can.
func (l *loans) trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.until) {
		return nil
	}
	return errNoLoan
}

// renewEvery is how often it is looked whether the certificate should be renewed.
const renewEvery = 10 * time.Second

// renewals renews this edge's certificate, long before it ends, with a new key.
func (l *loans) renewals(ctx context.Context) {
	t := time.NewTicker(renewEvery)
	defer t.Stop()
	for {
		err := l.member.Spoilt()
		if err == nil && l.member.Due() {
			if err = l.renew(ctx); err != nil {
				err = fmt.Errorf("the certificate ends on %s and could not be renewed: %w", l.member.Leaf().NotAfter.UTC().Format(time.RFC3339), err)
			}
		}
		if ctx.Err() != nil {
			return
		}
		l.alarm("certificate", err, err == nil)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (l *loans) renew(ctx context.Context) error {
	key, csr, err := pki.NewRequest(l.member.ID())
	if err != nil {
		return err
	}
	answer, err := l.line.Renew(ctx, line.RenewRequest{CSR: string(csr)})
	if err != nil {
		return err
	}
	leaf, err := pki.ParseCert([]byte(answer.Cert))
	if err != nil {
		return err
	}
	if id, err := l.member.Trust().Check(leaf, pki.Edge, time.Now()); err != nil || id != l.member.ID() {
		return errors.Join(fmt.Errorf("%w: the control sent one of %s", pki.ErrIdentity, id), err)
	}
	if err := l.member.Replace(key, leaf); err != nil {
		return err
	}
	l.line.Close()
	l.log.Info().Time("until", leaf.NotAfter).Msg("this edge has a new certificate")
	return nil
}
