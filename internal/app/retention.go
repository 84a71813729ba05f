package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// retainEvery is how often the rules of keeping are applied.
const retainEvery = 24 * time.Hour

// keeping is one store with rules of how long its rows are kept.
type keeping struct {
	name    string
	enforce func(ctx context.Context) ([]sqldb.Outcome, error)
}

// keepings are all stores of a running edge.
func (e *edge) keepings() []keeping {
	at := func(db enforcer) func(context.Context) ([]sqldb.Outcome, error) {
		return func(ctx context.Context) ([]sqldb.Outcome, error) { return db.Enforce(ctx, time.Now()) }
	}
	out := []keeping{
		{"events", e.store.Enforce},
		{"access log", e.access.Enforce},
		{"site", at(e.law.ops.DB())},
	}
	if e.loans == nil {
		out = append(out, e.deskKeepings(at)...)
	}
	if e.peers != nil {
		out = append(out, keeping{"edges", at(e.peers.book.DB())})
	}
	if e.rec != nil {
		out = append(out, keeping{"recordings", e.recordingsKept})
	}
	if e.bus != nil {
		out = append(out, keeping{"bus", at(e.bus.book)})
	}
	return out
}

// enforcer is a store that applies its own rules.
type enforcer interface {
	Enforce(ctx context.Context, now time.Time) ([]sqldb.Outcome, error)
}

// deskKeepings are the stores of those who work at desks.
func (e *edge) deskKeepings(at func(enforcer) func(context.Context) ([]sqldb.Outcome, error)) []keeping {
	return []keeping{
		{"names asked for", e.desks.names.Enforce},
		{"requests", at(e.desks.rights.db)},
		{"consents", at(e.desks.consents.db)},
		{"notes", at(e.desks.noted.DB())},
		{"accounts", at(e.signIn.store.DB())},
		{"tokens", at(e.signIn.tokens.DB())},
		{"cameras", at(e.admin.cameras.DB())},
	}
}

// recordingsKept tells of recordings, whose recorder applies their rule itself.
func (e *edge) recordingsKept(ctx context.Context) ([]sqldb.Outcome, error) {
	r, err := e.rec.Enforce(ctx)
	return []sqldb.Outcome{{
		Table: "recordings", Class: "redacted recordings", Period: e.cfg.Record.MaxAge, Basis: "record.max_age and record.max_bytes",
		Disposed: int64(r.ByAge + r.BySize + r.ByRoom), Overdue: int64(r.Overdue),
	}}, err
}

// retain applies every rule at the start and daily, and puts on the log what
// came of it, so that an auditor sees what outlived its rule.
func (e *edge) retain(ctx context.Context, stores []keeping) {
	t := time.NewTicker(retainEvery)
	defer t.Stop()
	for {
		for _, k := range stores {
			err := e.retainOne(ctx, k)
			if ctx.Err() != nil {
				return
			}
			e.alarms.set("retention:"+k.name, err, err == nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (e *edge) retainOne(ctx context.Context, k keeping) error {
	done, err := k.enforce(ctx)
	if k.name == "events" {
		err = errors.Join(err, e.tellDisposed(ctx))
	}
	for _, o := range done {
		if o.Period == 0 && o.Err == "" {
			continue // kept for as long as the store exists
		}
		e.log.Debug().Str("component", "retention").Interface("outcome", o).Msg("retention rule applied")
		e.ledger.emit(event.Event{Kind: event.KindRetentionRun, SiteID: e.law.siteID(), Detail: map[string]string{
			"table": o.Table, "class": o.Class, "rule": o.Basis, "error": o.Err,
			"overdue": strconv.FormatInt(o.Overdue, 10), "disposed": strconv.FormatInt(o.Disposed, 10),
		}})
		if o.Overdue > 0 && err == nil {
			err = fmt.Errorf("%s: %d rows have outlived their rule (%s)", o.Table, o.Overdue, o.Basis)
		}
	}
	return err
}
