package erase

import (
	"strconv"
	"strings"

	"bystander/internal/event"
)

// Untold takes from the numbers that were erased those of which an event on the
// log says so.
func Untold(gone map[string][]Span, disposals []event.Event) map[string][]Span {
	out := map[string][]Span{}
	for chain, spans := range gone {
		for i := range disposals {
			d := disposals[i].Detail
			if d["chain"] != chain || disposals[i].Kind != event.KindDisposal {
				continue
			}
			told := parseSpans(d["seqs"])
			if d["seqs"] == "" {
				told = parseSpans(d["from"] + "-" + d["to"])
			}
			for _, t := range told {
				spans = without(spans, t)
			}
		}
		if len(spans) > 0 {
			out[chain] = spans
		}
	}
	return out
}

// without cuts t out of spans.
func without(spans []Span, t Span) []Span {
	var out []Span
	for _, s := range spans {
		if t.To < s.From || t.From > s.To {
			out = append(out, s)
			continue
		}
		if s.From < t.From {
			out = append(out, Span{s.From, t.From - 1})
		}
		if s.To > t.To {
			out = append(out, Span{t.To + 1, s.To})
		}
	}
	return out
}

// parseSpans reads "3,7-9"; what is none is passed over.
func parseSpans(text string) (out []Span) {
	for run := range strings.SplitSeq(text, ",") {
		a, b, two := strings.Cut(run, "-")
		if !two {
			b = a
		}
		from, err := strconv.ParseUint(a, 10, 64)
		if err != nil {
			continue
		}
		if to, err := strconv.ParseUint(b, 10, 64); err == nil && from <= to && from > 0 {
			out = append(out, Span{from, to})
		}
	}
	return out
}
