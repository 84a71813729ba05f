// Package verify proves that a chain of events is whole, unaltered and in
// order, or names the number that is not and how. It trusts nothing that it
// reads: neither the store, whose superuser may have rewritten any row and every
// hash, nor, where checkpoints were kept elsewhere, the edge and its key.
package verify

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"bystander/internal/event"
)

// Code says what is wrong.
type Code string

// The codes of findings.
const (
	Altered     Code = "ALTERED"      // content is not what was signed or logged
	Dropped     Code = "DROPPED"      // the number is gone, and no disposal explains it
	Swapped     Code = "SWAPPED"      // a genuine row stands at another's number
	Truncated   Code = "TRUNCATED"    // the end is gone
	Forked      Code = "FORKED"       // two histories, each with this edge's signature
	WrongKey    Code = "WRONG_KEY"    // hashed, but not signed by this edge's key
	Doubled     Code = "DOUBLED"      // the same row twice
	Unexplained Code = "UNEXPLAINED"  // only a skeleton is left, and no disposal explains it
	Checkpoint  Code = "CHECKPOINT"   // a checkpoint that this log's key did not sign
	LogDamaged  Code = "LOG_DAMAGED"  // the Merkle log's files do not give the checkpoint
	NotCompared Code = "NOT_COMPARED" // a checkpoint that could not be compared; no finding by itself
)

// Row is one number of a chain, as a source holds it.
type Row struct {
	Seq   uint64
	Event *event.Event // nil for a skeleton; the checker keeps it
	// Of a skeleton: its place in the chain, when it happened as far as the
	// store says, and the rule it names.
	Prev, Hash event.Digest
	TS         time.Time
	Rule       string
	Err        error // the source holds something that is no row
}

// Source holds rows. Walk calls fn with the rows of a chain numbered from to to
// (both included, to 0 means the end) in ascending order; numbers that it holds
// twice come twice. It fails with fn's error.
type Source interface {
	Chains(ctx context.Context) ([]string, error)
	Walk(ctx context.Context, chain string, from, to uint64, fn func(Row) error) error
}

// Chain is one chain to be checked, and what is known of it from elsewhere.
type Chain struct {
	ID       string
	Key      ed25519.PublicKey // of the edge
	From, To uint64            // numbers to check; 0 means the first and the last
	// Head is where the chain goes at least, as the edge's spool has it; the
	// zero Head knows nothing.
	Head event.Head
	// Waiting is the last number that the edge's spool still holds for the
	// store; 0 means that nothing waits.
	Waiting uint64
	Log     *Log // the Merkle log; nil when there is none to compare with
	// Floor is the number up to which even skeletons are gone under the store's
	// rule, with its hash.
	Floor event.Head
}

// Log is what is known of a chain's Merkle log.
type Log struct {
	Key         note.Verifier
	Checkpoints []Signed // from the log and from elsewhere
	Tiles       Tiles    // nil when only checkpoints are at hand
	First       uint64   // number in leaf 0; 1 when 0
}

// Signed is a checkpoint and where it came from.
type Signed struct {
	From string
	Raw  []byte
}

// Options say how to check. The zero value of a field means its default.
type Options struct {
	Workers   int           // for signatures; one for each core
	Retention time.Duration // of whole rows; 184 days
	// ByAge explains skeletons that are older than Retention, as the store
	// gives their age, without a signed disposal. Whoever can rewrite the store
	// can write such ages.
	ByAge    bool
	Now      func() time.Time
	Progress func(chain string, rows, last uint64) // about each 10,000 rows
}

// Finding is one thing that is wrong, with numbers Seq to To of the chain.
type Finding struct {
	Code Code   `json:"code"`
	Seq  uint64 `json:"seq"`
	To   uint64 `json:"to,omitempty"` // when more than one number
	Text string `json:"text"`
}

func (f Finding) String() string {
	if f.To > f.Seq {
		return fmt.Sprintf("%s at %d to %d: %s", f.Code, f.Seq, f.To, f.Text)
	}
	return fmt.Sprintf("%s at %d: %s", f.Code, f.Seq, f.Text)
}

// Gap is a run of numbers whose content is gone, explained.
type Gap struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Rule  string `json:"rule"`
	Event string `json:"event,omitempty"` // the signed disposal; empty when by age alone
}

// Report is what was found of one chain.
type Report struct {
	Chain       string        `json:"chain"`
	First       uint64        `json:"first"` // number of the first row, disposed ones included
	Last        uint64        `json:"last"`
	Rows        uint64        `json:"rows"`     // whole rows checked
	Disposed    uint64        `json:"disposed"` // numbers whose content is gone, explained
	Gaps        []Gap         `json:"gaps,omitempty"`
	Checkpoints int           `json:"checkpoints"` // that the rows or the log's leaves gave again
	Logged      uint64        `json:"logged"`      // numbers compared with their leaf
	Intact      bool          `json:"intact"`
	Findings    []Finding     `json:"findings,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	Elapsed     time.Duration `json:"elapsed_ns"`
}

// maxFindings bounds what one report tells; more of the same kind are counted.
const maxFindings = 100

// Run checks the chains. An error means that something could not be read; what
// is wrong with the rows is in the reports, one for each chain.
func Run(ctx context.Context, src Source, chains []Chain, o Options) ([]Report, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Retention <= 0 {
		o.Retention = 184 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	told := &disposals{}
	checks := make([]*check, len(chains))
	for i := range chains {
		checks[i] = newCheck(&chains[i], o, told)
		began := time.Now()
		if err := checks[i].walk(ctx, src); err != nil {
			return nil, fmt.Errorf("verify: chain %s: %w", chains[i].ID, err)
		}
		checks[i].report.Elapsed = time.Since(began)
	}
	// A disposal may be told of on another chain, and after what it disposed of.
	out := make([]Report, len(checks))
	for i, c := range checks {
		out[i] = c.settle()
	}
	return out, nil
}

// check is the state of checking one chain.
type check struct {
	c        *Chain
	o        Options
	told     *disposals
	report   Report
	prev     event.Head
	prevOK   bool // prev was genuine, or is bound by a later link
	prevBare bool // prev was a skeleton
	begun    bool
	tree     *tree
	moved    moves
	open     []open // content gone, to be explained
	over     map[Code]uint64
	latest   time.Time // of the genuine rows so far
}

// open is a run of numbers without content.
type open struct {
	from, to uint64
	skeleton bool
	rule     string
	newest   time.Time // of the skeletons, as the store says
	after    time.Time // of the newest genuine row before them
}

func newCheck(c *Chain, o Options, told *disposals) *check {
	k := &check{c: c, o: o, told: told, report: Report{Chain: c.ID}, over: map[Code]uint64{}}
	k.prev = event.Head{ChainID: c.ID}
	k.prevOK = true
	switch {
	case c.From > max(c.Floor.Seq+1, 1):
		// The first row's link is taken on trust; the log's leaves bind it.
		k.prev.Seq = c.From - 1
		k.prevOK = false
	case c.Floor.Seq > 0:
		k.prev = event.Head{ChainID: c.ID, Seq: c.Floor.Seq, Hash: c.Floor.Hash}
		k.open = append(k.open, open{from: max(c.From, 1), to: c.Floor.Seq, skeleton: true, rule: "skeleton"})
	}
	return k
}

func (k *check) find(code Code, from, to uint64, format string, args ...any) {
	fs := k.report.Findings
	text := fmt.Sprintf(format, args...)
	// Runs of the same are told as one.
	if n := len(fs); n > 0 && fs[n-1].Code == code && fs[n-1].Text == text && max(fs[n-1].To, fs[n-1].Seq)+1 == from {
		fs[n-1].To = to
		return
	}
	if len(fs) >= maxFindings {
		k.over[code]++
		return
	}
	f := Finding{Code: code, Seq: from, Text: text}
	if to > from {
		f.To = to
	}
	k.report.Findings = append(fs, f)
}

func (k *check) note(format string, args ...any) {
	k.report.Notes = append(k.report.Notes, fmt.Sprintf(format, args...))
}

// settle explains what is gone, and concludes.
func (k *check) settle() Report {
	k.report.Last = k.prev.Seq
	k.settleMoves()
	k.settleEnd()
	k.settleOpen()
	k.tree.settle(k)
	slices.SortStableFunc(k.report.Findings, func(a, b Finding) int {
		switch {
		case a.Seq < b.Seq:
			return -1
		case a.Seq > b.Seq:
			return 1
		}
		return 0
	})
	for code, n := range k.over {
		k.note("%d more of %s", n, code)
	}
	slices.Sort(k.report.Notes)
	k.report.Intact = len(k.report.Findings) == 0
	return k.report
}

// settleEnd compares the last number with where the chain is known to go.
func (k *check) settleEnd() {
	head := k.c.Head
	if k.c.To > 0 || head.Seq == 0 {
		return
	}
	switch {
	case k.prev.Seq < head.Seq:
		k.find(Truncated, k.prev.Seq+1, head.Seq, "the edge's spool goes up to %d, the rows end at %d", head.Seq, k.prev.Seq)
	case k.prev.Seq == head.Seq && k.prev.Hash != head.Hash && !head.Hash.IsZero() && k.prevOK:
		k.find(Forked, head.Seq, head.Seq, "the edge's spool has another content under this number")
	}
}
