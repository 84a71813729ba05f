package match

import (
	"strconv"

	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/policy"
)

// report drafts the events that a decision gives rise to: one when a person is
// recognised on a track, and one for each audience that begins to see them.
func (j *Judge) report(l *Look, t *track, z *zoneView, d *Decision, k look, c policy.SnapConsent, record policy.Bits) {
	now := j.now()
	// Another zone is another consent, and a match of its own.
	if who, _ := t.verdict(j.cfg.Rules); t.told.who != who || t.told.zone != z.zone.ID {
		t.told = told{who: who, zone: z.zone.ID}
		if z.sceneFacts.Mode == policy.ModeClaim && j.cfg.Claims.resolve(z.zone.ID, who) {
			e := j.draft(l, z, event.KindClaimOutcome, d, k, c)
			e.Verdict = "matched"
			j.events = append(j.events, e)
		}
	}
	if !t.told.match {
		t.told.match = true
		j.events = append(j.events, j.draft(l, z, event.KindMatch, d, k, c))
	}
	if t.told.live.begins(d.Live, now, j.cfg.Rules.Quiet) {
		j.unmask(l, z, d, k, c, "live", d.Bits)
	}
	if t.told.record.begins(d.Record, now, j.cfg.Rules.Quiet) {
		j.unmask(l, z, d, k, c, "record", record)
	}
}

func (j *Judge) unmask(l *Look, z *zoneView, d *Decision, k look, c policy.SnapConsent, audience string, bits policy.Bits) {
	e := j.draft(l, z, event.KindUnmask, d, k, c)
	e.GateBits = uint32(bits)
	e.Detail = map[string]string{"audience": audience, "track": strconv.FormatUint(d.Track, 10)}
	j.events = append(j.events, e)
}

func (j *Judge) draft(l *Look, z *zoneView, kind event.Kind, d *Decision, k look, c policy.SnapConsent) event.Event {
	e := event.Event{
		TS: l.Meta.Captured, TSQuality: j.quality(l), Kind: kind,
		SiteID: z.snap.Site, CameraID: j.cfg.Camera, SceneID: z.scene.ID,
		ZoneID: z.zone.ID, ZoneVersion: z.zone.Version, SignSetHash: z.zone.SignSetHash, InspectionID: z.zone.InspectionID,
		PolicyVersion: z.snap.Version, NoticeVersion: z.scene.NoticeVersion, AssessmentID: z.scene.AssessmentID,
		GateMode: string(z.sceneFacts.Mode), ModelDigest: j.model,
	}
	if d != nil {
		e.GateBits, e.SubjectRef = uint32(d.Bits), d.Subject
		e.ConsentRef, e.ConsentVersion = c.Ref, c.Version
		e.GalleryRoot, e.GallerySize, e.TemplateRef = k.gallery, uint32(k.size), k.ref //nolint:gosec // a gallery is far smaller
		e.Score, e.Threshold, e.Margin, e.Quality = k.facts.Score, k.facts.Threshold, k.facts.Margin, k.quality
		e.PAD = padWord(z.sceneFacts.PAD, k.facts.Live)
		j.seal(l, d.Track, k.enrollee, &e)
	}
	return e
}

// quality is how far the time of a picture can be trusted.
func (j *Judge) quality(l *Look) event.TSQuality {
	switch {
	case l.Meta.Clock == frame.ClockCamera:
		return event.TSCamera
	case j.cfg.ClockSynced != nil && j.cfg.ClockSynced():
		return event.TSSynced
	}
	return event.TSUnsynced
}

func padWord(asked, live policy.Tri) string {
	switch {
	case asked == policy.No:
		return "off"
	case live == policy.Yes:
		return "live"
	case live == policy.No:
		return "attack"
	}
	return "unknown"
}

// claimsOver reports the claims that ran out unproved.
func (j *Judge) claimsOver(l *Look) {
	for _, z := range j.view.zones {
		if z.sceneFacts.Mode != policy.ModeClaim {
			continue
		}
		for _, id := range j.cfg.Claims.expired(z.zone.ID, j.now()) {
			e := j.draft(l, z, event.KindClaimOutcome, nil, look{}, policy.SnapConsent{})
			e.Verdict = "not_matched"
			j.cfg.Shelf.with(z.scene.ID, func(g *Gallery) {
				if g != nil {
					e.SubjectRef = g.SubjectRef(id, l.Meta.Captured)
				}
			})
			if _, c, ok := z.person(j.cfg, id); ok {
				e.ConsentRef, e.ConsentVersion = c.Ref, c.Version
			}
			j.events = append(j.events, e)
		}
	}
}
