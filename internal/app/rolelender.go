package app

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"bystander/api/peer/book"
	"bystander/api/peer/line"
	"bystander/audit/access"
	"bystander/internal/event"
	"bystander/match"
	"bystander/policy"
)

// lender lends edges the templates of their scenes: of those people alone whose
// consent covers the scene now, and only while the scene may compare at all.
type lender struct {
	law    *lawful
	record func(ctx context.Context, entry access.Entry, object, request string) error
	now    func() time.Time

	mu    sync.Mutex
	known map[string]shelved // by scene and model
}

// shelved is what a scene's templates were found to be.
type shelved struct {
	content  event.Digest // of the policy
	revision uint64       // of the vault
	scene    line.Scene
}

func newLender(e *edge) *lender {
	return &lender{law: e.law, record: e.recordAccess, now: time.Now, known: map[string]shelved{}}
}

// Offer implements desk.Loans. Without a fresh policy, and while everything is
// halted, nothing may be lent; what edges have goes back at once.
func (l *lender) Offer(ctx context.Context, scenes []string, model string, form int) ([]line.Scene, error) {
	out := []line.Scene{}
	held, err := l.law.Current()
	if err != nil || held.Snapshot.Halted != "" || form != match.Form || !l.ours(model) {
		return out, nil //nolint:nilerr // no policy, no templates
	}
	for _, id := range scenes {
		if !compares(held.Snapshot, id) {
			continue
		}
		s, err := l.scene(ctx, held, id, model)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Within implements desk.Loans.
func (l *lender) Within(scenes []string, may func(camera string) bool) []string {
	held, err := l.law.Current()
	if err != nil {
		return nil // no policy, no templates
	}
	return comparedOn(held.Snapshot, scenes, may)
}

// comparedOn are those of the scenes in which faces may be compared now on one of the
// cameras.
func comparedOn(s *policy.Snapshot, scenes []string, may func(camera string) bool) []string {
	return slices.DeleteFunc(slices.Clone(scenes), func(scene string) bool {
		return !zoned(s, scene, func(z *policy.SnapZone) bool { return len(z.Reasons) == 0 && may(z.Camera) })
	})
}

// elsewhere are an edge's scenes that have no zone on any of its cameras, whatever
// the zones' state: somebody named the wrong ones.
func (l *lender) elsewhere(e book.Edge) []string {
	held, err := l.law.Current()
	if err != nil || !e.Cameras.Limited() {
		return nil
	}
	return elsewhere(held.Snapshot, e)
}

func elsewhere(s *policy.Snapshot, e book.Edge) []string {
	return slices.DeleteFunc(slices.Clone(e.Scenes), func(scene string) bool {
		return zoned(s, scene, func(z *policy.SnapZone) bool { return e.Cameras.Allow(z.Camera) })
	})
}

// zoned reports whether a scene has a zone like that.
func zoned(s *policy.Snapshot, scene string, like func(*policy.SnapZone) bool) bool {
	for i := range s.Zones {
		if s.Zones[i].Scene == scene && like(&s.Zones[i]) {
			return true
		}
	}
	return false
}

// ours reports whether a model is the one that this control enrols with: there
// are templates of no other, and names of models come from outside.
func (l *lender) ours(model string) bool {
	return l.law.eyes.embedder != nil && l.law.eyes.embedder.Info().Digest == model
}

// compares reports whether faces may be compared in a scene now: it is ready, and
// a zone of it.
func compares(s *policy.Snapshot, scene string) bool {
	if sc, ok := s.Scene(scene); !ok || len(sc.Reasons) > 0 {
		return false
	}
	return zoned(s, scene, func(z *policy.SnapZone) bool { return len(z.Reasons) == 0 })
}

// eligible are the people whose templates a scene may have: who may not be
// compared there under any circumstances is left out.
func eligible(s *policy.Snapshot, scene string, now time.Time) map[string]bool {
	out := map[string]bool{}
	for i := range s.Subjects {
		p := &s.Subjects[i]
		guarded := p.Under14 == policy.No || p.Under14 == policy.Yes && p.GuardianActive
		if !p.Unrestricted || !p.NotObjected || !guarded {
			continue
		}
		for _, c := range p.Consents {
			if c.Purpose == policy.PurposeMatch && slices.Contains(c.Scenes, scene) && now.Before(c.ExpiresAt) {
				out[p.ID] = true
			}
		}
	}
	return out
}

// scene finds out which templates a scene has. They are read when policy or vault
// have changed, not each time that an edge asks.
func (l *lender) scene(ctx context.Context, held policy.Held, id, model string) (line.Scene, error) {
	// Read before the templates: what changes in between is found next time.
	revision, err := l.law.vault.Revision(ctx)
	if err != nil {
		return line.Scene{}, err
	}
	key := id + "\x00" + model
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.known[key]; ok && k.content == held.Lease.Hash && k.revision == revision {
		return k.scene, nil
	}
	list, _, err := l.list(ctx, held.Snapshot, id, model)
	if err != nil {
		return line.Scene{}, err
	}
	s := line.Scene{ID: id, Version: match.Root(id, model, list).String(), Count: len(list)}
	l.known[key] = shelved{held.Lease.Hash, revision, s}
	return s, nil
}

// list returns ids and refs of a scene's templates, and the day's pseudonyms of
// those whose they are.
func (l *lender) list(ctx context.Context, s *policy.Snapshot, scene, model string) (held []match.StoredTemplate, people []event.Digest, err error) {
	now := l.now()
	may := eligible(s, scene, now)
	seen := map[string]bool{}
	err = l.law.vault.Each(ctx, scene, model, func(t match.StoredTemplate) error {
		if !may[t.Enrollee] {
			return nil
		}
		held = append(held, match.StoredTemplate{Enrollee: t.Enrollee, Ref: t.Ref})
		if !seen[t.Enrollee] {
			seen[t.Enrollee] = true
			people = append(people, match.SubjectRef(t.SubjectKey, scene, now))
		}
		return nil
	})
	return held, people, err
}

// Lend implements desk.Loans. The access record is on the disk before the first
// template leaves.
func (l *lender) Lend(ctx context.Context, edge string, r line.LoanRequest, begin func() error, put func([]byte) error) error {
	held, err := l.law.Current()
	if err != nil || held.Snapshot.Halted != "" || r.Form != match.Form || !l.ours(r.Model) || !compares(held.Snapshot, r.Scene) {
		return &line.Refusal{Status: http.StatusConflict, Code: line.CodeScene, Text: "nothing may be compared in that scene now"}
	}
	list, people, err := l.list(ctx, held.Snapshot, r.Scene, r.Model)
	if err != nil {
		return err
	}
	if match.Root(r.Scene, r.Model, list).String() != r.Version {
		return &line.Refusal{Status: http.StatusConflict, Code: line.CodeChanged, Text: "the templates changed meanwhile; ask again"}
	}
	err = l.record(ctx, access.Entry{
		Actor: book.Account(edge), Role: "edge", Purpose: "service", Action: "template.lend",
		Query: []byte(r.Scene + "\n" + r.Model + "\n" + r.Version), Subjects: people, Count: len(people),
	}, "scene "+r.Scene, "")
	if err != nil {
		return fmt.Errorf("lend: %w", err)
	}
	if err := begin(); err != nil {
		return err
	}
	return l.send(ctx, held.Snapshot, r, put)
}

func (l *lender) send(ctx context.Context, s *policy.Snapshot, r line.LoanRequest, put func([]byte) error) error {
	key, err := l.law.vault.SceneKey(ctx, r.Scene)
	if err != nil {
		return err
	}
	defer clear(key)
	buf := make([]byte, 0, 2*match.TemplateBytes)
	defer func() { clear(buf[:cap(buf)]) }()
	if err := put(match.KeyRecord(buf[:0], key)); err != nil {
		return err
	}
	may := eligible(s, r.Scene, l.now())
	return l.law.vault.Each(ctx, r.Scene, r.Model, func(t match.StoredTemplate) error {
		if !may[t.Enrollee] {
			return nil
		}
		return put(match.TemplateRecord(buf[:0], t))
	})
}
