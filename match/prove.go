package match

import (
	"context"

	"bystander/policy"
)

// prove embeds the face and compares it, if the gate allows it, and records
// the outcome on the track.
func (j *Judge) prove(ctx context.Context, l *Look, f *Face, t *track, z *zoneView) error {
	t.bits = policy.Gate(z.facts(f, nil))
	if !z.anyone() {
		return nil
	}
	if z.tauErr != nil {
		return z.tauErr
	}
	// Any candidate is the witness that embed(f) asks for: the list holds
	// nobody who is not eligible.
	p, _, ok := z.person(j.cfg, z.candidates[0])
	if !ok {
		return nil
	}
	facts := z.facts(f, &p)
	facts.Face.MinQuality = j.minQuality(z)
	facts.Face.RateAllowed = t.due(l.Meta.PTS, j.cfg.Rules.Interval)
	q := measure(f.Landmarks)
	facts.Face.Quality = q.Value()
	// Asked first by what landmarks tell, so that hopeless faces cost nothing.
	if t.bits = policy.Gate(facts); !t.bits.MayEmbed() {
		return nil
	}
	s, err := Align(f.Landmarks)
	if err != nil {
		facts.Face.Quality = 0
		t.bits = policy.Gate(facts)
		return nil //nolint:nilerr // landmarks that fit no face are poor quality, not a fault
	}
	defer j.chip.Wipe()
	if err := j.chip.Warp(l.Planes, l.Meta.Colour, s); err != nil {
		return err
	}
	q.judgeChip(j.chip)
	facts.Face.Quality = q.Value()
	if t.bits = policy.Gate(facts); !t.bits.MayEmbed() {
		return nil
	}
	return j.compare(ctx, l, f, t, z, facts)
}

// compare runs after embed(f) was allowed. The embedding never leaves it.
func (j *Judge) compare(ctx context.Context, l *Look, f *Face, t *track, z *zoneView, facts policy.Facts) error {
	t.tried, t.last = true, l.Meta.PTS
	defer j.probe.Wipe()
	add(j.cfg.Counters.Embeddings, 1)
	if err := j.cfg.Embedder.Embed(ctx, j.chip, j.probe); err != nil {
		t.reset(t.zone)
		return err
	}
	tau := max(z.tau, z.scene.Thresholds.Score)
	k := look{at: z.now, quality: facts.Face.Quality}
	var h hit
	j.cfg.Shelf.with(z.scene.ID, func(g *Gallery) {
		// The list was made for one gallery; should it have been replaced
		// since, nobody is compared on this picture.
		if g == nil || g != z.gallery {
			h = hit{score: -1, second: -1}
			return
		}
		h = g.search(j.probe, z.spans, j.room)
		k.gallery, k.size = g.Root(), g.Size()
	})
	add(j.cfg.Counters.Comparisons, h.compared)
	k.ref = h.ref
	k.facts = policy.ScoreFacts{
		Compared: h.compared > 0, Score: h.score, Threshold: tau,
		Margin:    h.score - max(h.second, 0), // alone, the lead is over what strangers score
		MinMargin: max(j.cfg.Rules.Margin, z.scene.Thresholds.Margin),
	}
	if z.sceneFacts.PAD == policy.Yes && j.cfg.Liveness != nil {
		live, err := j.cfg.Liveness.Live(ctx, l.Planes, l.Meta, f.Box)
		if err != nil {
			t.reset(t.zone)
			return err
		}
		k.facts.Live = policy.TriOf(live)
	}
	j.record(t, z, facts, k, h)
	return nil
}

// record adds the look to the evidence, or drops all evidence when the look
// contradicts it: a mask returns at the first doubt.
func (j *Judge) record(t *track, z *zoneView, facts policy.Facts, k look, h hit) {
	p, _, ok := z.person(j.cfg, h.enrollee)
	if ok {
		facts.Person, facts.Score = p, k.facts
		t.bits = policy.Gate(facts)
		if t.bits.Matches() {
			k.enrollee = h.enrollee
		}
	}
	who, _ := t.verdict(j.cfg.Rules)
	contradicts := who != "" && (h.enrollee != who || h.score < j.cfg.Calibration.Pair)
	if contradicts {
		t.reset(t.zone)
	}
	t.add(k, j.cfg.Rules.Window)
}
