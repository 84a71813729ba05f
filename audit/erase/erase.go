// Package erase makes a person's data unreadable and gone, wherever it lies, and
// proves it: keys are destroyed first, which settles every copy on a bus or in a
// backup; then rows are deleted; then the log says so.
package erase

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"bystander/internal/event"
)

// Place holds things about people by their id: the vault of keys and templates,
// its backups, names, consents.
type Place interface {
	// Forget destroys what is held of the person, for good, and returns how
	// many things. Again is harmless.
	Forget(ctx context.Context, person string) (int64, error)
	// Persons lists of whom anything is held.
	Persons(ctx context.Context) ([]string, error)
}

// Finder knows under which references a person's events were written.
type Finder interface {
	Refs(ctx context.Context, person string) ([]event.Digest, error)
}

// Deleter deletes events by reference for good and waits until they are gone,
// leaving their skeletons; it returns how many rows each table lost. Both event
// stores implement it. An error leaves the rest to be done by another call.
type Deleter interface {
	Delete(ctx context.Context, refs []event.Digest) (map[string]int64, error)
}

// NamedPlace is a place and what the certificate calls it.
type NamedPlace struct {
	Name string
	Place
}

// NamedStore is a store and what the certificate calls it.
type NamedStore struct {
	Name string
	Deleter
}

// Span is a run of numbers of a chain, both ends included.
type Span struct{ From, To uint64 }

// Config says what an Eraser works with.
type Config struct {
	// Path of the journal. It lies with the keys, apart from the data: restoring
	// old data must not restore a person, so the tombstones must not go back.
	Path string
	// Finders are asked before anything is destroyed.
	Finders []Finder
	// Places are emptied in order: keys first.
	Places []NamedPlace
	Stores []NamedStore
	// Settle returns once nothing that was recorded before can still reach the
	// stores: caches of keys are dropped, queues have drained. Nil settles at once.
	Settle func(ctx context.Context) error
	// Untold returns the numbers, by chain, that were erased and of which no
	// signed event says so yet.
	Untold func(ctx context.Context) (map[string][]Span, error)
	// Record puts an event on the log and returns it once it is durable.
	Record func(ctx context.Context, e event.Event) (event.Event, error)
	Now    func() time.Time
	Log    zerolog.Logger
}

// Errors of an Eraser.
var (
	// ErrPerson reports an id that cannot be a person's.
	ErrPerson = errors.New("erase: no person's id")
	// ErrUnfinished reports an erasure whose next step failed; Resume goes on.
	ErrUnfinished = errors.New("erase: not finished yet")
)

// Step is one thing that was done.
type Step struct {
	What string    `json:"what"`
	Rows int64     `json:"rows"`
	At   time.Time `json:"at"`
}

// Certificate is the account of one erasure. It names nobody: Tombstone is the
// hash of an id that is kept nowhere any more.
type Certificate struct {
	ID        string    `json:"id"`
	Tombstone string    `json:"tombstone"`
	Cause     string    `json:"cause"`
	Begun     time.Time `json:"begun"`
	Finished  time.Time `json:"finished,omitzero"`
	Steps     []Step    `json:"steps"`
	Events    []string  `json:"events"` // disposals on the log, by id
}

// Hash is what the last disposal event carries of the certificate.
func (c Certificate) Hash() event.Digest {
	c.Events, c.Finished = nil, time.Time{}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // of strings, numbers and times
	}
	return sha256.Sum256(append([]byte("bystander erasure certificate v1\x00"), b...))
}

// Tombstone is what stays of a person: a hash of an id that was drawn at random.
func Tombstone(person string) event.Digest {
	return sha256.Sum256([]byte("bystander tombstone v1\x00" + person))
}

// Eraser erases people. It is safe for use by several processes over one
// journal; each erasure is taken through its steps by one at a time.
type Eraser struct {
	c Config
	j *journal
}

// Open opens or makes the journal. Call Replay before anything is served.
func Open(ctx context.Context, c Config) (*Eraser, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	j, err := openJournal(ctx, c.Path, c.Now)
	if err != nil {
		return nil, err
	}
	return &Eraser{c: c, j: j}, nil
}

// Close releases the journal.
func (x *Eraser) Close() error { return x.j.db.Close() }

// Erase takes a person through every step and returns the certificate. Cause is
// why: withdrawal, request, expiry, … When a step fails the tombstone stays, and
// ErrUnfinished is returned with the certificate so far; Resume goes on.
func (x *Eraser) Erase(ctx context.Context, person, cause string) (Certificate, error) {
	if person == "" || len(person) > 128 || strings.ContainsFunc(person, func(r rune) bool { return r <= ' ' || r > 0x7e }) {
		return Certificate{}, fmt.Errorf("%w: %d bytes", ErrPerson, len(person))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Certificate{}, fmt.Errorf("erase: %w", err)
	}
	w, err := x.j.begin(ctx, id.String(), person, cause)
	if err != nil {
		return Certificate{}, err
	}
	return x.run(ctx, w)
}

// Resume takes up every erasure that was not finished, as at a start or while a
// store was away. It returns how many are left, with their errors.
func (x *Eraser) Resume(ctx context.Context) (left int, err error) {
	open, err := x.j.open(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, w := range open {
		if _, err := x.run(ctx, w); err != nil {
			left++
			errs = append(errs, err)
		}
	}
	return left, errors.Join(errs...)
}

// Replay erases again whoever a restored backup brought back: every place is
// asked of whom it holds anything, and those with a tombstone go. It must have
// succeeded before anything is served; keys, names and consents are gone then,
// and what is left of an erasure is Resume's. It returns how many came back.
func (x *Eraser) Replay(ctx context.Context) (int, error) {
	back := map[string]bool{}
	for _, p := range x.c.Places {
		ids, err := p.Persons(ctx)
		if err != nil {
			return 0, fmt.Errorf("erase: replay: %s: %w", p.Name, err)
		}
		for _, id := range ids {
			if back[id] {
				continue
			}
			dead, err := x.j.buried(ctx, id)
			if err != nil {
				return 0, err
			}
			if dead {
				back[id] = true
			}
		}
	}
	for id := range back {
		if err := x.again(ctx, id); err != nil {
			return len(back), fmt.Errorf("erase: replay: %w", err)
		}
	}
	return len(back), nil
}

// again erases a person who came back, at least up to where nothing readable is
// left.
func (x *Eraser) again(ctx context.Context, person string) error {
	c, err := x.Erase(ctx, person, "restored")
	if err == nil || !errors.Is(err, ErrUnfinished) {
		return err
	}
	w, lerr := x.j.load(ctx, c.ID)
	if lerr == nil && w.person == "" {
		x.c.Log.Warn().Err(err).Msg("somebody who was erased came back with a backup; keys are destroyed, rows follow")
		return nil
	}
	return errors.Join(err, lerr)
}

// Buried reports whether a person was erased, or is being.
func (x *Eraser) Buried(ctx context.Context, person string) (bool, error) {
	return x.j.buried(ctx, person)
}

// Certificate returns the account of one erasure, ErrPerson for an unknown id.
func (x *Eraser) Certificate(ctx context.Context, id string) (Certificate, error) {
	w, err := x.j.load(ctx, id)
	return w.cert, err
}

// run takes an erasure from where it stands to its end.
func (x *Eraser) run(ctx context.Context, w *work) (Certificate, error) {
	steps := map[state]func(context.Context, *work) error{
		stateBegun: x.find, stateFound: x.forget, stateForgotten: x.delete, stateDeleted: x.tell,
	}
	for w.state != stateDone {
		if err := steps[w.state](ctx, w); err != nil {
			return w.cert, fmt.Errorf("%w: %s, after step %q: %w", ErrUnfinished, w.cert.ID, w.state, err)
		}
	}
	x.c.Log.Info().Str("erasure", w.cert.ID).Int("steps", len(w.cert.Steps)).Msg("a person has been erased")
	return w.cert, nil
}

// find learns the references while the keys still are.
func (x *Eraser) find(ctx context.Context, w *work) error {
	seen := map[event.Digest]bool{}
	for _, f := range x.c.Finders {
		refs, err := f.Refs(ctx, w.person)
		if err != nil {
			return err
		}
		for _, r := range refs {
			if !r.IsZero() && !seen[r] {
				seen[r] = true
				w.refs = append(w.refs, r)
			}
		}
	}
	return x.j.move(ctx, w, stateFound)
}

// forget destroys keys, templates, names and consents, and then the id itself.
func (x *Eraser) forget(ctx context.Context, w *work) error {
	for _, p := range x.c.Places {
		n, err := p.Forget(ctx, w.person)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := x.did(ctx, w, "forgotten in "+p.Name, n); err != nil {
			return err
		}
	}
	w.person = ""
	return x.j.move(ctx, w, stateForgotten)
}

// delete deletes rows once no new ones can come.
func (x *Eraser) delete(ctx context.Context, w *work) error {
	if x.c.Settle != nil {
		if err := x.c.Settle(ctx); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	for _, s := range x.c.Stores {
		n, err := s.Delete(ctx, w.refs)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for table, rows := range n {
			if err := x.did(ctx, w, "deleted in "+s.Name+", "+table, rows); err != nil {
				return err
			}
		}
	}
	w.refs = nil
	return x.j.move(ctx, w, stateDeleted)
}

// did adds to the account. A step done again after a crash adds nothing when
// there was nothing left to do.
func (x *Eraser) did(ctx context.Context, w *work, what string, rows int64) error {
	for i := range w.cert.Steps {
		if s := &w.cert.Steps[i]; s.What == what {
			s.Rows += rows
			return x.j.save(ctx, w)
		}
	}
	w.cert.Steps = append(w.cert.Steps, Step{what, rows, x.c.Now().UTC().Truncate(time.Millisecond)})
	return x.j.save(ctx, w)
}

// maxSpans bounds the runs of numbers that one event tells of.
const maxSpans = 200

// tell puts on the log which numbers are gone, and the account's hash.
func (x *Eraser) tell(ctx context.Context, w *work) error {
	gone, err := x.c.Untold(ctx)
	if err != nil {
		return err
	}
	say := func(detail map[string]string) error {
		detail["rule"], detail["cause"], detail["key_destroyed"] = "erasure", "erasure", "yes"
		detail["certificate"] = w.cert.Hash().String()
		e, err := x.c.Record(ctx, event.Event{Kind: event.KindDisposal, Detail: detail})
		if err != nil {
			return err
		}
		w.cert.Events = append(w.cert.Events, e.ID)
		return x.j.save(ctx, w)
	}
	for chain, spans := range gone {
		for len(spans) > 0 {
			part := spans[:min(len(spans), maxSpans)]
			spans = spans[len(part):]
			if err := say(map[string]string{"chain": chain, "table": "events", "class": "match events", "seqs": list(part), "rows": count(part)}); err != nil {
				return err
			}
		}
	}
	if len(w.cert.Events) == 0 { // nothing of them was on the log
		if err := say(map[string]string{"table": "keys", "class": "keys and templates", "rows": "0"}); err != nil {
			return err
		}
	}
	w.cert.Finished = x.c.Now().UTC().Truncate(time.Millisecond)
	return x.j.move(ctx, w, stateDone)
}

func list(spans []Span) string {
	var b strings.Builder
	for i, s := range spans {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(s.From, 10))
		if s.To > s.From {
			b.WriteString("-" + strconv.FormatUint(s.To, 10))
		}
	}
	return b.String()
}

func count(spans []Span) string {
	var n uint64
	for _, s := range spans {
		n += s.To - s.From + 1
	}
	return strconv.FormatUint(n, 10)
}
