package match

import (
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/match/search"
	"bystander/policy"
)

// candidatesHold is how long a list of candidates is used; a new lease ends it
// sooner, and whoever was recognised is asked for on every picture anyway.
const candidatesHold = time.Second

// view is the policy in force as one camera's picture sees it.
type view struct {
	held       policy.Held
	fresh      policy.FreshFacts
	size       frame.Size
	prohibited []geom.Polygon
	zones      []*zoneView
}

// zoneView is one recognition zone on the picture at hand.
type zoneView struct {
	snap       *policy.Snapshot
	zone       *policy.SnapZone
	scene      *policy.SnapScene
	outline    geom.Polygon
	prohibited []geom.Polygon
	fresh      policy.FreshFacts
	now        time.Time
	sceneFacts policy.SceneFacts
	zoneFacts  policy.ZoneFacts
	faces      int // in the zone

	candidates []string
	spans      []search.Span // of the candidates, in the gallery
	listed     time.Time
	serial     uint64
	gallery    *Gallery // for identity only
	tau        float32  // threshold for so many candidates
	tauErr     error    // more candidates than were validated
}

// update brings the view to the policy and picture at hand.
func (v *view) update(cfg JudgeConfig, h policy.Held, l Look) {
	if v.held.Snapshot != h.Snapshot || v.size != l.Planes.Size {
		v.rebuild(cfg.Camera, h.Snapshot, l.Planes.Size)
	}
	v.held, v.fresh = h, h.Fresh(l.Canary)
	cam, _ := h.Snapshot.Camera(cfg.Camera)
	for _, z := range v.zones {
		z.fresh, z.now = v.fresh, h.Now
		z.sceneFacts, z.zoneFacts = z.scene.At(h.Now), z.zone.At(h.Now, cam, l.Pose)
		z.faces = 0
		for _, f := range l.Faces {
			// Whoever stands partly in the zone counts: claim mode wants one
			// person there and no doubt about it.
			if z.outline.TouchesBox(f.Box) {
				z.faces++
			}
		}
		z.list(cfg, h.Lease.Serial)
	}
}

func (v *view) rebuild(camera string, s *policy.Snapshot, size frame.Size) {
	v.size, v.prohibited, v.zones = size, nil, nil
	if cam, ok := s.Camera(camera); ok {
		for _, g := range cam.Prohibited {
			v.prohibited = append(v.prohibited, policy.On(g, size.W, size.H, nil))
		}
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		sc, ok := s.Scene(z.Scene)
		if z.Camera == camera && ok {
			v.zones = append(v.zones, &zoneView{
				snap: s, zone: z, scene: sc,
				outline: policy.On(z.Outline, size.W, size.H, nil), prohibited: v.prohibited,
			})
		}
	}
}

// zoneAt returns the first zone that the whole box lies in, or nil.
func (v *view) zoneAt(b geom.Box) *zoneView {
	for _, z := range v.zones {
		if z.outline.ContainsBox(b) {
			return z
		}
	}
	return nil
}

// list gathers the candidates C: who is eligible at this zone now.
func (z *zoneView) list(cfg JudgeConfig, serial uint64) {
	cfg.Shelf.with(z.scene.ID, func(g *Gallery) {
		claim := z.sceneFacts.Mode == policy.ModeClaim
		if g == z.gallery && serial == z.serial && !claim && z.now.Sub(z.listed) < candidatesHold && !z.now.Before(z.listed) {
			return
		}
		z.candidates, z.listed, z.serial, z.gallery = z.candidates[:0], z.now, serial, g
		for i := range z.snap.Subjects {
			e := &z.snap.Subjects[i]
			p, _ := z.eligibility(cfg, g, e)
			b := policy.Gate(policy.Facts{Fresh: z.fresh, Scene: z.sceneFacts, Zone: z.zoneFacts, Person: p})
			if b.Holds(policy.NeedScene | policy.NeedEligible) {
				z.candidates = append(z.candidates, e.ID)
			}
		}
		if g != nil {
			z.spans = g.spans(z.candidates, z.spans)
		}
		z.tau, z.tauErr = cfg.Calibration.Threshold(len(z.candidates), cfg.Rules.FPIR)
	})
}

func (z *zoneView) anyone() bool { return len(z.candidates) > 0 }

// eligibility returns an enrollee's facts at this zone, given the gallery in use.
func (z *zoneView) eligibility(cfg JudgeConfig, g *Gallery, e *policy.SnapEnrollee) (policy.PersonFacts, policy.SnapConsent) {
	p, c := z.snap.Person(e, z.scene, z.zone, z.now)
	p.TemplateActive = g != nil && g.model == cfg.Embedder.Info().Digest && g.Has(e.ID)
	p.Claimed = cfg.Claims.at(z.zone.ID, e.ID, z.now)
	return p, c
}

// person returns the facts of one enrollee as of now; false when the snapshot
// does not know them any more.
func (z *zoneView) person(cfg JudgeConfig, id string) (p policy.PersonFacts, c policy.SnapConsent, ok bool) {
	e, ok := z.snap.Subject(id)
	if !ok {
		return p, c, false
	}
	cfg.Shelf.with(z.scene.ID, func(g *Gallery) { p, c = z.eligibility(cfg, g, e) })
	return p, c, p.ConsentActive
}

// facts are those of a face in this zone, with those of a person when there is
// one.
func (z *zoneView) facts(f *Face, p *policy.PersonFacts) policy.Facts {
	out := policy.Facts{Fresh: z.fresh, Scene: z.sceneFacts, Zone: z.zoneFacts}
	out.Face = policy.FaceFacts{
		InsideZone: z.outline.ContainsBox(f.Box), OutsideProhibited: z.outside(f.Box), FacesInZone: z.faces,
	}
	if p != nil {
		out.Person = *p
	}
	return out
}

func (z *zoneView) outside(b geom.Box) bool {
	for _, g := range z.prohibited {
		if g.TouchesBox(b) {
			return false
		}
	}
	return !b.Empty() && b.Finite()
}

// appearances evaluates the gate for both audiences.
func (z *zoneView) appearances(who string, f policy.Facts) (live, record policy.Bits) {
	e, ok := z.snap.Subject(who)
	if !ok {
		return 0, 0
	}
	f.Show.AppearActive, f.Show.AppearExpires = z.snap.Appear(e, policy.PurposeAppearLive, z.scene, z.zone, z.now)
	f.Show.AudienceGranted = z.scene.LiveClear
	live = policy.Gate(f)
	f.Show.AppearActive, f.Show.AppearExpires = z.snap.Appear(e, policy.PurposeAppearRecorded, z.scene, z.zone, z.now)
	f.Show.AudienceGranted = z.scene.RecordClear
	return live, policy.Gate(f)
}
