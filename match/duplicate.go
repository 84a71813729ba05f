package match

import (
	"context"

	"bystander/match/search"
)

// Duplicate is two enrollees of one scene whose templates are as alike as two
// of one person's. As long as both stand, neither is ahead of the other by the
// margin that a match asks for, so that neither is ever recognised.
type Duplicate struct {
	Enrollee string // the pseudonymous ids; the name vault knows more
	Other    string
	Score    float32
}

// Duplicates finds every enrollee of the gallery who has a twin in it by the
// given cosine (see Calibration.Duplicate), each with the nearest one. Enrollees
// whose templates known holds too are not looked at again; nil looks at all.
// It compares enrolled people among themselves and nobody else.
func (g *Gallery) Duplicates(known *Gallery, tau float32) []Duplicate {
	var out []Duplicate
	for from := 0; from < len(g.entries); {
		to := from
		for to < len(g.entries) && g.groups[to] == g.groups[from] {
			to++
		}
		if known == nil || !known.holds(g.entries[from:to]) {
			if d, ok := g.twin(from, to, tau); ok {
				out = append(out, d)
			}
		}
		from = to
	}
	return out
}

func (g *Gallery) holds(list []entry) bool {
	for _, e := range list {
		from, to := g.span(e.enrollee)
		found := false
		for i := from; i < to; i++ {
			found = found || g.entries[i].ref == e.ref
		}
		if !found {
			return false
		}
	}
	return true
}

// twin searches all but the rows from..to, which are one person's, for the
// nearest to any of them.
func (g *Gallery) twin(from, to int, tau float32) (best Duplicate, ok bool) {
	others := []search.Span{{From: 0, To: from}, {From: to, To: len(g.entries)}}
	q := new(search.Query)
	defer q.Wipe()
	for i := from; i < to; i++ {
		copy(q.V[:], g.index.Row(i))
		r := g.index.Best(q, g.groups, others)
		if r.Row >= 0 && r.Score >= tau && (!ok || r.Score > best.Score) {
			ok = true
			best = Duplicate{Enrollee: g.entries[i].enrollee, Other: g.entries[r.Row].enrollee, Score: r.Score}
		}
	}
	return best, ok
}

// Alike finds who else of the gallery looks like the probe of somebody about to
// be enrolled, or enrolled already under the given id, which is left out. It
// serves enrolment alone, whose person has agreed to it.
func (g *Gallery) Alike(enrollee string, p *Probe, tau float32) (Duplicate, bool) {
	if !p.ok {
		return Duplicate{}, false
	}
	spans := []search.Span{{From: 0, To: len(g.entries)}}
	if from, to := g.span(enrollee); to > from {
		spans = []search.Span{{From: 0, To: from}, {From: to, To: len(g.entries)}}
	}
	h := g.search(p, spans, new(scratch))
	if h.enrollee == "" || h.score < tau {
		return Duplicate{}, false
	}
	return Duplicate{Enrollee: enrollee, Other: h.enrollee, Score: h.score}, true
}

// FindDuplicate loads a scene's templates for the time of one question: does
// anybody else among them look like the probe? The threshold is that of c for
// the gallery's size.
func FindDuplicate(ctx context.Context, src Templates, scene, model, enrollee string, p *Probe, c Calibration) (Duplicate, bool, error) {
	g, err := LoadGallery(ctx, src, scene, model)
	if err != nil {
		return Duplicate{}, false, err
	}
	defer g.Close()
	d, ok := g.Alike(enrollee, p, c.Duplicate(g.Size()))
	return d, ok, nil
}
