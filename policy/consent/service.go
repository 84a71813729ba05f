package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"bystander/internal/event"
	"bystander/policy"
)

// Records keeps enrollees and consents with their history; *store.Store is one.
type Records interface {
	policy.Store
	Enrollee(ctx context.Context, id string) (policy.Enrollee, error)
	EnrolleeHistory(ctx context.Context, id string) ([]policy.Enrollee, error)
	Consent(ctx context.Context, id string) (policy.Consent, error)
	ConsentsOf(ctx context.Context, enrollee string) ([]policy.Consent, error)
}

// Keeper holds what belongs to a person besides the consents. All its methods
// may be called again after a failure, and for people of whom nothing is left.
type Keeper interface {
	// Erase destroys keys, templates, name and photographs for good.
	Erase(ctx context.Context, enrollee string) error
	// DropPhotos deletes the photographs kept with written authorisation.
	DropPhotos(ctx context.Context, enrollee string) error
	// HasTemplate reports whether anybody could be compared with this person.
	HasTemplate(ctx context.Context, enrollee string) (bool, error)
	// Templates counts templates; Stale lists those whose templates were made
	// by another model than the loaded one.
	Templates(ctx context.Context) (int, error)
	Stale(ctx context.Context) (enrollees []string, model string, err error)
}

// Config says what a Service works with.
type Config struct {
	DB      *DB
	Records Records
	// Site gives the scenes and zones that consents may name, as they stand.
	Site   func(ctx context.Context) (*policy.Site, error)
	Signer *Signer
	Keeper Keeper
	// Components adds what the site itself registered to the components that
	// ship, for the table of a notice; nil adds nothing.
	Components func(ctx context.Context) ([]Component, error)
	// Emit takes events for the ledger. Nil leaves them in the database for the
	// process that has one.
	Emit func(event.Event)
	Now  func() time.Time // time.Now when nil

	// RePrompt is how long after a refusal nobody is asked again; 30 days when
	// 0, never less than MinRePrompt.
	RePrompt time.Duration
	// Term is how long a consent holds when the act names no end; a year when 0.
	Term time.Duration
	// Limit is the number of distinct people from which on a filing is due
	// (C-11); 100,000 when 0.
	Limit int
	// Every is the pause between two runs of the jobs; a minute when 0.
	Every time.Duration
	// OnError is told what a job could not do; it is tried again. Nil ignores.
	OnError func(error)
}

// Bounds of what a configuration or request may ask for.
const (
	MinRePrompt     = 48 * time.Hour
	DefaultRePrompt = 30 * day
	DefaultTerm     = 365 * day
	MaxTerm         = 3 * 365 * day // BIPA 15(a)
	DefaultLimit    = 100_000
)

// Service is this package's front. It is safe for concurrent use, and beside
// other processes on the same files.
type Service struct {
	cfg        Config
	components []Component

	mu       sync.Mutex // one change at a time
	lastSeen census     // of the census job
}

// New returns a service. It fails when a part is missing or out of bounds.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Records == nil || cfg.Site == nil || cfg.Signer == nil || cfg.Keeper == nil {
		return nil, errors.New("consent: database, records, site, signer and keeper are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.RePrompt == 0 {
		cfg.RePrompt = DefaultRePrompt
	}
	if cfg.RePrompt < MinRePrompt {
		return nil, fmt.Errorf("consent: nobody is asked again within %v of a refusal; %v is too short", MinRePrompt, cfg.RePrompt)
	}
	if cfg.Term == 0 {
		cfg.Term = DefaultTerm
	}
	if cfg.Term < 0 || cfg.Term > MaxTerm {
		return nil, fmt.Errorf("consent: a consent holds for %d days at most", int(MaxTerm/day))
	}
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	reg, err := Components()
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, components: reg.Components}, nil
}

// thirdParties is the table of a notice drafted now: what ships, then what the
// site registered.
func (s *Service) thirdParties(ctx context.Context) ([]Component, error) {
	out := slices.Clone(s.components)
	if s.cfg.Components == nil {
		return out, nil
	}
	own, err := s.cfg.Components(ctx)
	if err != nil {
		return nil, fmt.Errorf("consent: component register: %w", err)
	}
	return append(out, own...), nil
}

// Keys is the JSON Web Key Set that receipts are verified with.
func (s *Service) Keys() ([]byte, error) { return s.cfg.Signer.JWKS() }

// now is the moment that is stored: UTC, whole milliseconds.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }

func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return id.String()
}

// emit puts an event into the database, for flush to hand over.
func (s *Service) emit(ctx context.Context, tx *sql.Tx, e event.Event) error {
	e.ID, e.TS, e.TSQuality = newID(), s.now(), event.TSUnsynced
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return err
	}
	e.SiteID = site.Site
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("consent: event: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO events VALUES (?,?,?,0)`, e.ID, ms(e.TS), string(b))
	return err
}

// flush hands the events that wait to the ledger, oldest first. It holds the
// database's lock meanwhile, so that no two replicas hand one over; who ends in
// the middle hands it over again.
func (s *Service) flush(ctx context.Context) error {
	if s.cfg.Emit == nil {
		return nil
	}
	var some bool
	err := s.cfg.DB.R.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE sent = 0)`).Scan(&some)
	if err != nil || !some {
		return err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		waiting, err := list(ctx, tx, func(r *sql.Rows) (e event.Event, err error) {
			var body string
			if err = r.Scan(&body); err == nil {
				err = json.Unmarshal([]byte(body), &e)
			}
			return e, err
		}, `SELECT body FROM events WHERE sent = 0 ORDER BY id LIMIT 1000`)
		if err != nil {
			return err
		}
		for _, e := range waiting {
			if _, err := tx.ExecContext(ctx, `UPDATE events SET sent = 1 WHERE id = ?`, e.ID); err != nil {
				return err
			}
			s.cfg.Emit(e)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("consent: events: %w", err)
	}
	return nil
}

// tx runs f in a transaction of this package's database and hands over the
// events that it made.
func (s *Service) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := s.cfg.DB.Tx(ctx, f); err != nil {
		return err
	}
	return s.flush(ctx)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func list[T any](ctx context.Context, db querier, scan func(*sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("consent: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("consent: damaged record: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scope checks scenes and zones against the site: every scene known and with a
// notice, every zone a recognition zone of one of them. The notice must be one
// for all, since a consent rests on one.
func (s *Service) scope(ctx context.Context, scenes, zones []string) (*policy.Site, InForce, error) {
	var none InForce
	site, err := s.cfg.Site(ctx)
	if err != nil {
		return nil, none, err
	}
	if len(scenes) == 0 || len(zones) == 0 {
		return nil, none, Refuse(Malformed, "SCOPE_MISSING", "", "name at least one scene and one zone")
	}
	var first InForce
	for i, id := range scenes {
		sc, ok := site.Scene(id)
		if !ok || sc.State == policy.SceneRetired {
			return nil, none, Refuse(Malformed, "SCENE_UNKNOWN", id, "there is no such scene here")
		}
		n, ok, err := s.inForce(ctx, site, id)
		if err != nil {
			return nil, none, err
		}
		if !ok {
			return nil, none, Refuse(Unmet, "NOTICE_MISSING", id, "no notice is in force for this scene; publish one first")
		}
		if i > 0 && n.Version != first.Version {
			return nil, none, Refuse(Malformed, "NOTICES_DIFFER", id, "these scenes have different notices; one act rests on one notice, so ask for each scene apart")
		}
		first = n
	}
	for _, id := range zones {
		ok := slices.ContainsFunc(site.Zones, func(z policy.Zone) bool {
			return z.ID == id && z.Kind == policy.ZoneRecognition && slices.Contains(scenes, z.Scene)
		})
		if !ok {
			return nil, none, Refuse(Malformed, "ZONE_UNKNOWN", id, "this is no recognition zone of the scenes named")
		}
	}
	return site, first, nil
}

// notFound turns a missing record into a Refusal.
func notFound(err error, code, object, text string) error {
	if errors.Is(err, policy.ErrNotFound) || errors.Is(err, sql.ErrNoRows) {
		return Refuse(Unknown, code, object, text)
	}
	return err
}

// notFoundIsFine drops the error of a record that is gone.
func notFoundIsFine(err error) error {
	if errors.Is(err, policy.ErrNotFound) {
		return nil
	}
	return err
}
