package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"bystander/audit/erase"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/kafkax"
	"bystander/match/vault"
	"bystander/policy/consent"
	"bystander/rights"
	"bystander/sink/record"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// eraseEvery is how often an edge takes up erasures that were begun elsewhere,
// as at the command line, or left unfinished.
const eraseEvery = 5 * time.Second

// errElsewhere reports a step that a running edge has to take.
var errElsewhere = errors.New("a running edge holds the event log; it finishes the erasure within seconds")

// erasing joins everything that holds something of a person.
type erasing struct {
	*erase.Eraser
	people *registry
}

// erasingParts is what erasing needs besides the installation's own files.
type erasingParts struct {
	store  *sqlite.Store
	more   []erase.NamedStore // stores past this machine
	places []erase.NamedPlace // of the desks
	video  func(context.Context) (*recordings, func() error, error)
	settle func(context.Context) error
	record func(context.Context, event.Event) (event.Event, error)
	log    zerolog.Logger
}

// openErasing opens the journal of erasures, which lies with the keys: old data
// put back from a backup must not bring anybody back.
func openErasing(ctx context.Context, cfg config.Config, p erasingParts) (*erasing, error) {
	people, err := openRegistry(ctx, cfg)
	if err != nil {
		return nil, err
	}
	x, err := erase.Open(ctx, erase.Config{
		Path:    filepath.Join(cfg.Keys, "erasures.db"),
		Finders: []erase.Finder{people.vault, people.people},
		Places: append([]erase.NamedPlace{
			{Name: "keys and templates", Place: people.vault},
			{Name: "backups of keys", Place: keyBackups{filepath.Join(cfg.Keys, "backup")}},
			{Name: "names", Place: people.names},
			{Name: "consents", Place: people.people},
		}, p.places...),
		Stores: append([]erase.NamedStore{
			{Name: "recordings of this machine", Deleter: clearVideo{p.store, p.video}},
			{Name: "events of this machine", Deleter: p.store},
		}, p.more...),
		Settle: p.settle, Record: p.record, Log: p.log,
		Untold: func(ctx context.Context) (map[string][]erase.Span, error) { return untold(ctx, p.store) },
	})
	if err != nil {
		return nil, errors.Join(err, people.close())
	}
	return &erasing{x, people}, nil
}

func (x *erasing) close() error { return errors.Join(x.Eraser.Close(), x.people.close()) }

// untold lists the erased numbers of which no event on the log says so.
func untold(ctx context.Context, s *sqlite.Store) (map[string][]erase.Span, error) {
	runs, err := s.Erased(ctx)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	gone := map[string][]erase.Span{}
	for chain, list := range runs {
		for _, r := range list {
			gone[chain] = append(gone[chain], erase.Span{From: r.From, To: r.To})
		}
	}
	q := sqlite.Query{Kinds: []event.Kind{event.KindDisposal}, Limit: sqlite.MaxLimit}
	for len(gone) > 0 {
		rows, err := s.Events(ctx, q)
		if err != nil || len(rows) == 0 {
			return gone, err
		}
		told := make([]event.Event, len(rows))
		for i := range rows {
			told[i] = rows[i].Event
		}
		gone = erase.Untold(gone, told)
		q.Before = rows[len(rows)-1].ID
	}
	return gone, nil
}

// keyBackups are copies of the vault's file, kept apart from backups of data.
type keyBackups struct{ dir string }

// Forget implements erase.Place.
func (b keyBackups) Forget(ctx context.Context, person string) (int64, error) {
	paths, err := filepath.Glob(filepath.Join(b.dir, "*.db"))
	if err != nil {
		return 0, err
	}
	var n int64
	var errs []error
	for _, path := range paths {
		gone, err := vault.ForgetIn(ctx, path, person, time.Now())
		n += gone
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// Persons implements erase.Place: a backup is not served from.
func (b keyBackups) Persons(context.Context) ([]string, error) { return nil, nil }

// edgeErasing is the erasure of people in a running edge.
type edgeErasing struct {
	*erasing
	e       *edge
	pumping atomic.Bool // the edge has started; events reach the store
}

// openErasing opens the erasure of people, and erases again whoever a restored
// backup brought back, before anything is served.
func (e *edge) openErasing(ctx context.Context) (*edgeErasing, error) {
	x := &edgeErasing{e: e}
	accounts, err := openAccounts(ctx, e.cfg)
	if err != nil {
		return nil, err
	}
	e.closing(accounts.Close)
	x.erasing, err = openErasing(ctx, e.cfg, erasingParts{
		store: e.store, more: e.storesPast(), video: e.recordingsHere,
		places: append(e.desks.places(), erase.NamedPlace{Name: "accounts", Place: accounts}, erase.NamedPlace{Name: "sign-in", Place: e.signIn.store}),
		settle: x.settle, record: x.record, log: e.log.With().Str("component", "erase").Logger(),
	})
	if err != nil {
		return nil, err
	}
	e.closing(x.close)
	n, err := x.Replay(ctx)
	if n > 0 {
		e.log.Warn().Int("people", n).Msg("a backup brought back people who had been erased; they are erased again")
	}
	return x, err
}

// record puts an event on the log and returns once it is on the disk.
func (x *edgeErasing) record(ctx context.Context, ev event.Event) (event.Event, error) {
	ev.SiteID = x.e.law.siteID()
	out, err := x.e.ledger.journal.Record(ctx, ev)
	if err != nil {
		return ev, err
	}
	return out[0], nil
}

// settle waits until no event written under destroyed keys can still reach the
// store: cameras load the vault anew with each lease, and the pump has passed
// the end of the log as it is then.
func (x *edgeErasing) settle(ctx context.Context) error {
	if !x.pumping.Load() {
		return errors.New("the edge has not started yet")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := wait(ctx, 2*leaseEvery); err != nil {
		return err
	}
	e := x.e
	for to := e.spool.Head().Seq; len(e.ledger.in) > 0 || e.pump.Status().Acked < to; {
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("the store has not taken over all events: %w", err)
		}
	}
	return nil
}

// run takes up unfinished erasures until ctx ends.
func (x *edgeErasing) run(ctx context.Context) {
	x.pumping.Store(true)
	t := time.NewTicker(eraseEvery)
	defer t.Stop()
	for {
		left, err := x.Resume(ctx)
		if ctx.Err() == nil {
			x.e.alarms.set("erasure", err, left == 0 && err == nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// EraseOptions say who is erased at the command line, and why.
type EraseOptions struct {
	Person string // enrollee's id
	Cause  string
	Stdout io.Writer
}

// Erase erases a person: keys and what they open at once, rows and the word on
// the log by this process, or by the edge where one is running.
func Erase(ctx context.Context, cfg config.Config, o EraseOptions) (err error) {
	h := &offline{cfg: cfg}
	defer func() { err = errors.Join(err, h.close()) }()
	store, err := sqlite.Open(ctx, filepath.Join(cfg.Data, "events.db"), sqlite.Options{Days: sqlite.Days{Events: int(cfg.Events.MaxAge.Hours() / 24)}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	h.store = store
	places, done, err := placesOf(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	var client *kafkax.Client
	if len(cfg.Events.Kafka.Brokers) > 0 {
		if client, err = openClient(cfg, "erase"); err != nil {
			return errors.Join(ErrUsage, err)
		}
		defer func() { err = errors.Join(err, client.Close()) }()
	}
	x, err := openErasing(ctx, cfg, erasingParts{
		store: store, more: h.storesPast(client), places: places, video: h.recordings, settle: h.settle, record: h.record, log: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	c, err := x.Erase(ctx, o.Person, o.Cause)
	if errors.Is(err, errElsewhere) {
		c, err = awaitErasure(ctx, x, c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Stdout, "erased; certificate %s\n", c.ID)
	for _, s := range c.Steps {
		fmt.Fprintf(o.Stdout, "  %s: %d\n", s.What, s.Rows)
	}
	_, err = fmt.Fprintf(o.Stdout, "  on the log as %v, hash of this account %s\n", c.Events, c.Hash())
	return err
}

// placesOf opens what the desks of an installation keep of people.
func placesOf(ctx context.Context, cfg config.Config) (_ []erase.NamedPlace, done func() error, err error) {
	var opened []io.Closer
	done = func() error {
		var errs []error
		for _, c := range opened {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	receipts, err := consent.OpenDB(ctx, controlPlace(cfg, storeConsent))
	if err != nil {
		return nil, nil, err
	}
	opened = append(opened, receipts)
	samples, err := openSamples(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	opened = append(opened, samples)
	requests, err := rights.OpenDB(ctx, controlPlace(cfg, storeRights))
	if err != nil {
		return nil, nil, err
	}
	opened = append(opened, requests)
	accounts, err := openAccounts(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	opened = append(opened, accounts)
	users, err := openUsers(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	opened = append(opened, users)
	return append((&consents{db: receipts, samples: samples}).places(),
		erase.NamedPlace{Name: "requests", Place: requests}, erase.NamedPlace{Name: "accounts", Place: accounts},
		erase.NamedPlace{Name: "sign-in", Place: users}), done, nil
}

// awaitErasure waits for the running edge to finish.
func awaitErasure(ctx context.Context, x *erasing, id string) (erase.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		c, err := x.Certificate(ctx, id)
		if err != nil || !c.Finished.IsZero() {
			return c, err
		}
		if err := wait(ctx, 500*time.Millisecond); err != nil {
			return c, fmt.Errorf("keys are destroyed, and the edge has not deleted the rows yet; it goes on with it: %w", err)
		}
	}
}

// offline writes to the event log where no edge does.
type offline struct {
	cfg     config.Config
	store   *sqlite.Store
	spool   *spool.Spool
	journal *spool.Journal
}

func (h *offline) open() error {
	if h.journal != nil {
		return nil
	}
	key, err := signingKey(h.cfg.Keys, "edge")
	if err != nil {
		return err
	}
	sp, err := spool.Open(filepath.Join(h.cfg.Data, "spool"), spool.Options{MaxBytes: int64(h.cfg.Events.SpoolMax)})
	if errors.Is(err, spool.ErrLocked) {
		return errElsewhere
	}
	if err != nil {
		return err
	}
	h.spool = sp
	chain, err := event.NewChain(event.ChainConfig{ID: chainID(h.cfg.Events.Edge), Key: key, Last: sp.Head()})
	if err != nil {
		return err
	}
	h.journal, err = spool.NewJournal(chain, sp, spool.JournalOptions{})
	return err
}

func (h *offline) close() error {
	var errs []error
	if h.journal != nil {
		errs = append(errs, h.journal.Close())
	}
	if h.spool != nil {
		errs = append(errs, h.spool.Close())
	}
	return errors.Join(errs...)
}

// recordings opens what this machine recorded. No edge runs then: the spool's
// lock is held.
func (h *offline) recordings(ctx context.Context) (*recordings, func() error, error) {
	dir := filepath.Join(h.cfg.Data, "recordings")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, func() error { return nil }, nil
	}
	r, err := record.Open(ctx, record.Config{
		Dir: dir, Segment: h.cfg.Record.Segment,
		Limits: record.Limits{MaxAge: h.cfg.Record.MaxAge, MaxBytes: int64(h.cfg.Record.MaxBytes)},
	})
	if err != nil {
		return nil, nil, err
	}
	return &recordings{r, dir}, r.Close, nil
}

// drain brings what the spool holds into the store.
func (h *offline) drain(ctx context.Context) error {
	cursor, err := h.spool.Consumer("sqlite")
	if err != nil {
		return err
	}
	return spool.NewPump(cursor, h.store, spool.PumpOptions{}).Drain(ctx)
}

func (h *offline) settle(ctx context.Context) error {
	if err := h.open(); err != nil {
		return err
	}
	return h.drain(ctx)
}

func (h *offline) record(ctx context.Context, e event.Event) (event.Event, error) {
	if err := h.open(); err != nil {
		return e, err
	}
	out, err := h.journal.Record(ctx, e)
	if err != nil {
		return e, err
	}
	return out[0], h.drain(ctx)
}
