package sitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bystander/policy"
)

// EntranceCoverage is what stands at one entrance, and what does not.
type EntranceCoverage struct {
	Entrance string          `json:"entrance"`
	Planned  bool            `json:"planned" doc:"Its place on the plan is known"`
	Signs    []string        `json:"signs"`
	Missing  []policy.Reason `json:"-"`
	Lacks    []string        `json:"lacks" doc:"Codes such as SIGN_MISSING, SIGN_PAIR, INSPECTION_PHOTO"`
}

// RunsOut is something that ends.
type RunsOut struct {
	What string    `json:"what" enum:"inspection,sign,assessment,filing"`
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
}

// Coverage reports on a zone's entrances, and everything that speaks against
// its being live.
func (s *Store) Coverage(ctx context.Context, id string) (c Coverage, err error) {
	tx, err := s.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return c, fmt.Errorf("sitestore: coverage: %w", err)
	}
	t := &txn{ctx: ctx, tx: tx, s: s, now: s.o.Now().UTC()}
	c, err = t.coverage(id)
	return c, errors.Join(err, tx.Rollback())
}

func (t *txn) coverage(id string) (Coverage, error) {
	z, err := other[Zone](t, id)
	if err != nil {
		return Coverage{}, err
	}
	c := Coverage{Zone: id, State: z.State, Entrances: []EntranceCoverage{}, RunsOut: []RunsOut{}}
	if z.Kind != policy.ZoneRecognition {
		return c, nil
	}
	if c.Reasons, err = t.stands(z); err != nil {
		return c, err
	}
	entrances, err := t.entrancesOf(id)
	if err != nil {
		return c, err
	}
	signs, err := t.signsOf(id)
	if err != nil {
		return c, err
	}
	for _, e := range entrances {
		c.Entrances = append(c.Entrances, covered(e, signs, c.Reasons))
	}
	return c, t.runsOut(&c, z, signs)
}

func covered(e Entrance, signs []Sign, reasons []policy.Reason) EntranceCoverage {
	ec := EntranceCoverage{Entrance: e.ID, Planned: e.Position != nil, Signs: []string{}, Lacks: []string{}}
	mine := map[string]bool{}
	for _, g := range signs {
		if g.Entrance == e.ID {
			ec.Signs, mine[g.ID] = append(ec.Signs, g.ID), true
		}
	}
	for _, r := range reasons {
		sign, _, _ := strings.Cut(r.Subject, ".")
		if r.Subject == e.ID || r.Code == CodeSignText && mine[sign] {
			ec.Missing, ec.Lacks = append(ec.Missing, r), append(ec.Lacks, r.Code)
		}
	}
	return ec
}

func (t *txn) runsOut(c *Coverage, z Zone, signs []Sign) error {
	add := func(what, id string, at time.Time) {
		if !at.IsZero() {
			c.RunsOut = append(c.RunsOut, RunsOut{what, id, at})
		}
	}
	if z.Inspection != "" {
		in, err := other[Inspection](t, z.Inspection)
		if err != nil {
			return err
		}
		add("inspection", in.ID, in.ValidUntil)
	}
	for _, g := range signs {
		add("sign", g.ID, g.ValidUntil)
	}
	sc, err := other[Scene](t, z.Scene)
	if err != nil {
		return err
	}
	if sc.Assessment != "" {
		a, err := other[Assessment](t, sc.Assessment)
		if err != nil {
			return err
		}
		add("assessment", a.ID, a.ValidUntil)
	}
	filings, err := all[Filing](t)
	for _, f := range filings {
		if f.Scene == "" || f.Scene == sc.ID {
			add("filing", f.ID, f.ValidUntil)
		}
	}
	slices.SortFunc(c.RunsOut, func(a, b RunsOut) int { return a.At.Compare(b.At) })
	return err
}
