package verify

import (
	"strconv"
	"strings"

	"bystander/internal/event"
)

// disposals are the runs of numbers that signed events say were disposed of.
type disposals struct{ runs []disposal }

type disposal struct {
	chain    string
	from, to uint64
	rule     string
	event    string
}

// learn takes what a genuine event says: "chain" and "from" to "to", or single
// numbers and runs in "seqs" ("3,7-9"), under "rule".
func (d *disposals) learn(e *event.Event) {
	if e.Kind != event.KindDisposal || e.Detail["chain"] == "" {
		return
	}
	add := func(from, to uint64) {
		if from > 0 && from <= to {
			d.runs = append(d.runs, disposal{e.Detail["chain"], from, to, e.Detail["rule"], e.ID})
		}
	}
	if list := e.Detail["seqs"]; list != "" {
		for run := range strings.SplitSeq(list, ",") {
			a, b, two := strings.Cut(run, "-")
			if !two {
				b = a
			}
			add(number(a), number(b))
		}
		return
	}
	add(number(e.Detail["from"]), number(e.Detail["to"]))
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// covering returns a disposal that covers seq, preferring the one that reaches
// furthest; nil when there is none.
func (d *disposals) covering(chain string, seq uint64) *disposal {
	var best *disposal
	for i := range d.runs {
		r := &d.runs[i]
		if r.chain == chain && r.from <= seq && seq <= r.to && (best == nil || r.to > best.to) {
			best = r
		}
	}
	return best
}

// settleOpen explains each number whose content is gone, or finds that nothing
// does.
func (k *check) settleOpen() {
	cutoff := k.o.Now().Add(-k.o.Retention)
	for _, run := range k.open {
		for seq := run.from; seq <= run.to; {
			if d := k.told.covering(k.c.ID, seq); d != nil {
				to := min(run.to, d.to)
				k.explained(Gap{seq, to, d.rule, d.event})
				seq = to + 1
				continue
			}
			to := run.to
			for _, d := range k.told.runs {
				if d.chain == k.c.ID && d.from > seq {
					to = min(to, d.from-1)
				}
			}
			aged := k.o.ByAge && run.skeleton && !run.newest.IsZero() && run.newest.Before(cutoff) && !run.after.After(cutoff)
			k.unexplained(run, seq, to, aged)
			seq = to + 1
		}
	}
}

func (k *check) unexplained(run open, from, to uint64, aged bool) {
	switch {
	case aged:
		rule := run.rule
		if rule == "" {
			rule = "age"
		}
		k.explained(Gap{From: from, To: to, Rule: rule})
		k.note("numbers %d to %d went by their age as the store gives it; no signed event says so", from, to)
	case run.skeleton:
		k.find(Unexplained, from, to, "only the skeleton is left, and no signed disposal says why")
	default:
		k.find(Dropped, from, to, "nothing is left, and no signed disposal says why")
	}
}

func (k *check) explained(g Gap) {
	k.report.Disposed += g.To - g.From + 1
	if gs := k.report.Gaps; len(gs) > 0 {
		last := &gs[len(gs)-1]
		if last.To+1 == g.From && last.Rule == g.Rule && last.Event == g.Event {
			last.To = g.To
			return
		}
	}
	k.report.Gaps = append(k.report.Gaps, g)
}
