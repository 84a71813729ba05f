package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"bystander/api"
	"bystander/api/me"
	"bystander/api/public"
	"bystander/api/session"
	"bystander/audit/access"
	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/policy"
	"bystander/rights"
)

// openToPeople is what people find here without being staff: their own page, and
// the privacy notice.
func (e *edge) openToPeople(sessions me.Sessions) ([]api.Module, error) {
	d := e.desks.rights
	own, err := me.New(me.Config{
		Codes: e.desks.consents, Sessions: sessions, Requests: d.Service, Filed: d.db, Export: exporter{e, d.db},
		Holdings: holdings{e}, Access: readRecorder{e}, Log: e.log.With().Str("component", "me").Logger(),
	})
	if err != nil {
		return nil, err
	}
	notice, err := public.New(public.Config{
		House: e.desks.consents, Rules: e.rulesOfKeeping, Log: e.log.With().Str("component", "privacy").Logger(),
	})
	return []api.Module{own, notice}, err
}

// rulesOfKeeping are the rules that retain applies, as the privacy notice tells
// them.
func (e *edge) rulesOfKeeping() []public.Rule {
	var out []public.Rule
	for _, store := range []interface{ Rules() []sqldb.Rule }{
		e.store, e.access, e.desks.rights.db, e.desks.consents.db, e.law.ops.DB(), e.signIn.store.DB(), e.signIn.tokens.DB(), e.desks.noted.DB(), e.desks.names,
	} {
		for _, r := range store.Rules() {
			out = append(out, public.Rule{Class: r.Class, Days: int(r.Period / (24 * time.Hour))})
		}
	}
	if e.rec != nil {
		out = append(out, public.Rule{Class: "redacted recordings", Days: int(e.cfg.Record.MaxAge / (24 * time.Hour))})
	}
	return out
}

// Enter implements me.Sessions.
func (s *signIn) Enter(ctx context.Context, w http.ResponseWriter, r *http.Request, enrollee string) (session.Answer, error) {
	return s.in.Enter(ctx, w, r, enrollee)
}

// maxLooks bounds the looks that a person is shown.
const maxLooks = 100

// receiptDays is how long consents' receipts are kept; see policy/consent's rules.
const receiptDays = 3 * 365

// holdings counts what this house keeps of a person.
type holdings struct{ e *edge }

// Kept implements me.Holdings.
func (h holdings) Kept(ctx context.Context, enrollee string) (me.Kept, error) {
	var k me.Kept
	for _, part := range []func(context.Context, string, *me.Kept) error{h.person, h.papers, h.asked, h.log} {
		if err := part(ctx, enrollee, &k); err != nil {
			return me.Kept{}, err
		}
	}
	return k, nil
}

// yes is 1 for what there is one of, or none.
func yes(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (h holdings) person(ctx context.Context, enrollee string, k *me.Kept) error {
	name, err := h.e.erasing.people.names.Name(ctx, enrollee)
	if err != nil && !errors.Is(err, policy.ErrNotFound) {
		return err
	}
	has, err := h.e.law.people.Enrollee(ctx, enrollee)
	if err != nil {
		return err
	}
	template, err := h.e.erasing.people.vault.Holds(ctx, enrollee)
	if err != nil {
		return err
	}
	people, err := h.e.desks.consents.samples.Persons(ctx)
	if err != nil {
		return err
	}
	since := has.ChangedAt
	k.Kinds = append(k.Kinds,
		me.KeptKind{Kind: "name", Count: yes(name != ""), Ends: "withdrawal"},
		me.KeptKind{Kind: "template", Count: yes(template), Ends: "withdrawal", Newest: &since},
		me.KeptKind{Kind: "photograph", Count: yes(slices.Contains(people, enrollee)), Ends: "consent_end"})
	return nil
}

func (h holdings) papers(ctx context.Context, enrollee string, k *me.Kept) error {
	own, err := h.e.law.people.ConsentsOf(ctx, enrollee)
	if err != nil {
		return err
	}
	consents := me.KeptKind{Kind: "consents", Count: len(own), Ends: "erasure"}
	consents.Oldest, consents.Newest = span(own, func(c policy.Consent) time.Time { return c.Act.At })
	versions := 0
	for _, c := range own {
		versions += int(c.Version)
	}
	told, err := h.e.desks.consents.Messages(ctx, enrollee)
	k.Kinds = append(k.Kinds, consents,
		me.KeptKind{Kind: "receipts", Count: versions, Days: receiptDays, Ends: "days"},
		me.KeptKind{Kind: "messages", Count: len(told), Days: 365, Ends: "days"})
	return err
}

func (h holdings) asked(ctx context.Context, enrollee string, k *me.Kept) error {
	rs, err := h.e.desks.rights.db.List(ctx, rights.Query{Enrollee: enrollee, Limit: 1000})
	one := me.KeptKind{Kind: "requests", Count: len(rs), Days: 3 * 365, Ends: "days"}
	one.Oldest, one.Newest = span(rs, func(r rights.Request) time.Time { return r.Received })
	k.Kinds = append(k.Kinds, one)
	return err
}

// log counts what stands about the person under their pseudonyms.
func (h holdings) log(ctx context.Context, enrollee string, k *me.Kept) error {
	refs, err := exporter{h.e, h.e.desks.rights.db}.refs(ctx, enrollee)
	if err != nil {
		return err
	}
	rows, err := h.e.store.Of(ctx, refs, copyRows)
	if err != nil {
		return err
	}
	log := make([]event.Event, len(rows))
	for i := range rows {
		log[i] = rows[i].Event
	}
	days := int(h.e.cfg.Events.MaxAge.Hours() / 24)
	told, met := apart(log, func(ev event.Event) bool { return ev.Kind == event.KindConsentChange })
	seen := me.KeptKind{Kind: "recognitions", Count: len(met), Days: days, Ends: "days"}
	seen.Oldest, seen.Newest = span(met, func(ev event.Event) time.Time { return ev.TS })
	entries := me.KeptKind{Kind: "entries", Count: len(told), Days: days, Ends: "days"}
	entries.Oldest, entries.Newest = span(told, func(ev event.Event) time.Time { return ev.TS })
	rec, _, err := h.e.recordingsHere(ctx)
	if err != nil {
		return err
	}
	video := me.KeptKind{Kind: "recordings", Days: int(h.e.cfg.Record.MaxAge.Hours() / 24), Ends: "size"}
	if rec != nil {
		found, err := rec.of(ctx, log)
		if err != nil {
			return err
		}
		video.Count = len(found)
		video.Oldest, video.Newest = span(found, func(r shownIn) time.Time { return r.Start })
	}
	looks, err := h.looks(ctx, refs)
	if err != nil {
		return err
	}
	reads := me.KeptKind{Kind: "reads", Count: len(looks), Days: 3 * 365, Ends: "days"}
	reads.Oldest, reads.Newest = span(looks, func(r access.Row) time.Time { return r.At })
	k.Kinds = append(k.Kinds, seen, entries, video, reads)
	for _, r := range looks[:min(len(looks), maxLooks)] {
		k.Looks = append(k.Looks, me.KeptLook{At: r.At, Role: r.Role, Purpose: r.Purpose, Action: r.Action})
	}
	return nil
}

// looks lists who looked at the person's data, each once, the newest first.
func (h holdings) looks(ctx context.Context, refs []event.Digest) ([]access.Row, error) {
	var rows []access.Row
	for _, ref := range refs {
		found, err := h.e.access.Rows(ctx, access.Query{Subject: ref, Limit: 1000})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	slices.SortFunc(rows, func(a, b access.Row) int { return cmp.Compare(b.Seq, a.Seq) })
	return slices.CompactFunc(rows, func(a, b access.Row) bool { return a.Seq == b.Seq }), nil
}

// apart divides a list.
func apart[T any](list []T, is func(T) bool) (yes, no []T) {
	for _, v := range list {
		if is(v) {
			yes = append(yes, v)
		} else {
			no = append(no, v)
		}
	}
	return yes, no
}

// span is the first and the last moment of a list.
func span[T any](list []T, at func(T) time.Time) (oldest, newest *time.Time) {
	for _, v := range list {
		t := at(v)
		if oldest == nil || t.Before(*oldest) {
			oldest = &t
		}
		if newest == nil || t.After(*newest) {
			newest = &t
		}
	}
	return oldest, newest
}
