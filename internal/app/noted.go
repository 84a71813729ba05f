package app

import (
	"context"
	"errors"
	"time"

	"bystander/internal/event"
	"bystander/internal/outbox"
	"bystander/internal/sqldb"
	"bystander/sink/sqlite"
)

// takeUpEvery is how soon what was changed at the command line is on the log.
const takeUpEvery = 2 * time.Second

// takeUpNotes puts on the log what was changed at the command line, now and
// before this start, until ctx ends.
func (e *edge) takeUpNotes(ctx context.Context) {
	t := time.NewTicker(takeUpEvery)
	defer t.Stop()
	for {
		var err error
		for _, db := range append([]*sqldb.DB{e.signIn.store.DB(), e.signIn.tokens.DB()}, e.peers.notes()...) {
			_, one := outbox.Deliver(ctx, db, noteLog{e})
			err = errors.Join(err, one)
		}
		if ctx.Err() != nil {
			return
		}
		e.alarms.set("notes of the command line", err, err == nil)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// noteLog implements outbox.Log with the edge's own log.
type noteLog struct{ e *edge }

var _ outbox.Log = noteLog{}

// Holds implements outbox.Log. It waits until the store has what the journal had:
// after a crash the event may be on its way.
func (l noteLog) Holds(ctx context.Context, id string) (bool, error) {
	for head := l.e.spool.Head().Seq; l.e.pump.Status().Acked < head; {
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return false, err
		}
	}
	rows, err := l.e.store.Events(ctx, sqlite.Query{ID: id, Limit: 1})
	return len(rows) > 0, err
}

// Tell implements outbox.Log.
func (l noteLog) Tell(ctx context.Context, n outbox.Note) error {
	detail := map[string]string{
		"account": event.ActorRef(n.Account).String(), "way": "command line", "done": n.At.Format(time.RFC3339),
	}
	for k, v := range n.Detail {
		detail[k] = v
	}
	_, err := l.e.ledger.journal.Record(ctx, event.Event{
		ID: n.ID, Kind: event.KindAccountChange, SiteID: l.e.law.siteID(), ReviewerRef: event.ActorRef(n.By), Detail: detail,
	})
	return err
}
