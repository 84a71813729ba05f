package app

import (
	"context"
	"strconv"

	"bystander/internal/event"
	"bystander/sink/sqlite"
)

// tellDisposed puts on the log which numbers the retention rules have taken, so
// that a verifier can tell them from rows that somebody deleted. Each telling
// covers its whole run from the beginning: when an earlier telling has itself
// outlived its rule, a later one stands for it.
func (e *edge) tellDisposed(ctx context.Context) error {
	chain := chainID(e.cfg.Events.Edge)
	runs, err := e.store.Disposed(ctx, chain)
	if err != nil {
		return err
	}
	told, err := e.store.Events(ctx, sqlite.Query{Chain: chain, Kinds: []event.Kind{event.KindDisposal}, Limit: sqlite.MaxLimit})
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.Aged == 0 || covered(told, chain, r) {
			continue
		}
		e.ledger.emit(event.Event{Kind: event.KindDisposal, SiteID: e.law.siteID(), Detail: map[string]string{
			"chain": chain, "table": "events", "class": "match events", "rule": "events", "cause": "retention",
			"rows": strconv.FormatUint(r.Aged, 10), "from": strconv.FormatUint(r.From, 10), "to": strconv.FormatUint(r.To, 10),
		}})
	}
	return nil
}

func covered(told []sqlite.Row, chain string, r sqlite.Run) bool {
	for i := range told {
		d := told[i].Event.Detail
		from, err := strconv.ParseUint(d["from"], 10, 64)
		if err != nil || d["chain"] != chain || d["seqs"] != "" {
			continue
		}
		to, err := strconv.ParseUint(d["to"], 10, 64)
		if err == nil && from <= r.From && r.To <= to {
			return true
		}
	}
	return false
}
