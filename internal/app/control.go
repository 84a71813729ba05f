package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bystander/internal/event"
	"bystander/match"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// leaseEvery is how often a new lease is signed: a withdrawal or a lapsed sign
// reaches live video within this time and one look. A change made in this very
// process is taken up at once.
const leaseEvery = 2 * time.Second

// kick asks for a new lease now. It never blocks.
func (l *lawful) kick() {
	select {
	case l.kicked <- struct{}{}:
	default:
	}
}

// run renews the lease until ctx ends.
func (l *lawful) run(ctx context.Context) {
	if l.people == nil && !l.cfg.IsEdge() {
		return
	}
	t := time.NewTicker(leaseEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-l.kicked:
		}
		l.renew(ctx)
	}
}

// renew takes up what changed, issues a lease, and loads the templates of people
// who are new. What fails is told; the old lease then runs out, and everybody
// is masked.
func (l *lawful) renew(ctx context.Context) {
	snap, err := l.issue(ctx)
	if err != nil && ctx.Err() == nil {
		l.log.Error().Err(err).Msg("no new policy lease; when the last one runs out everybody is masked")
	}
	if snap != nil {
		l.tellGates(snap)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = err
	if snap != nil {
		l.enrolled = len(snap.Subjects)
	}
}

func (l *lawful) issue(ctx context.Context) (*policy.Snapshot, error) {
	if l.cfg.Policy.Follows() {
		return l.followed(ctx)
	}
	if l.authority == nil {
		if err := l.refresh(ctx); err != nil {
			return nil, err
		}
	}
	if l.authority == nil {
		return nil, nil // no site yet: nothing is lawful
	}
	// The authority asks for site and kill switch itself (Reread).
	snap, lease, err := l.authority.Issue(ctx, policy.MaxLease)
	if err != nil {
		return nil, err
	}
	if err := l.holder.Load().Offer(lease, snap); err != nil {
		return nil, err
	}
	return snap, l.loadGalleries(ctx, snap, lease.Hash)
}

// refresh brings the authority up to the site and the kill switch as they are. It
// makes the authority with the first site; from then on the authority calls it
// before each lease, whoever asks for that, and for one at a time: what a replica
// signed a moment ago must not be undone by a site that was read before.
func (l *lawful) refresh(ctx context.Context) error {
	site, err := l.latest(ctx)
	if err != nil {
		return err
	}
	if site == nil {
		return nil
	}
	halt, err := l.ops.Halted(ctx)
	if err != nil {
		return err
	}
	why := ""
	if halt.On {
		why = halt.Why
	}
	return l.obey(site, why)
}

// latest is the site as it stands now: the file's, or what the store compiles
// to. Nil means that there is none, or that it is closed.
func (l *lawful) latest(ctx context.Context) (*policy.Site, error) {
	if l.file != nil {
		return l.noticed(ctx, l.file)
	}
	var suspended []string
	for _, camera := range l.poses.moved() {
		l.log.Warn().Str("camera", camera).Msg("the camera does not stand as it was calibrated")
		zones, err := l.ops.CameraMoved(ctx, camera)
		if err != nil {
			l.poses.tellAgain(camera)
			return nil, fmt.Errorf("site: %w", err)
		}
		suspended = append(suspended, zones...)
	}
	lapsed, err := l.ops.Sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	suspended = append(suspended, lapsed...)
	for _, z := range suspended {
		l.log.Warn().Str("zone", z).Msg("the zone is suspended: what it rested on does not hold any more")
	}
	site, err := l.ops.Compile(ctx)
	switch {
	case errors.Is(err, sitestore.ErrNotMet):
		return nil, nil
	case errors.Is(err, sitestore.ErrGone):
		return nil, l.closeSite()
	case err != nil:
		return nil, err
	}
	return l.noticed(ctx, site)
}

// closeSite masks everybody for good: the site was closed.
func (l *lawful) closeSite() error {
	if l.authority != nil {
		l.authority.Halt("the site is closed")
	}
	return nil
}

// obey makes the authority speak for a site, and for why everything is halted.
func (l *lawful) obey(site *policy.Site, halted string) error {
	if l.authority == nil {
		a, err := policy.NewAuthority(l.key, site, l.people, l.people, time.Now)
		if err != nil {
			return err
		}
		h, err := policy.NewHolder(a.Public(), site.Site, time.Now)
		if err != nil {
			return err
		}
		a.Halt(halted)
		a.Reread(l.refresh)
		l.authority = a
		l.holder.Store(h)
		l.signs.Store(a) // last: from here on others have leases signed
	} else {
		if err := l.authority.SetSite(site); err != nil {
			return err
		}
		l.authority.Halt(halted)
	}
	l.put(site)
	return nil
}

// loadGalleries loads each scene's templates anew when policy or vault changed.
func (l *lawful) loadGalleries(ctx context.Context, snap *policy.Snapshot, content event.Digest) error {
	if l.eyes.embedder == nil || l.cfg.IsEdge() { // an edge is lent its templates
		return nil
	}
	// Read before the templates: what changes in between is loaded next time.
	revision, err := l.vault.Revision(ctx)
	if err != nil {
		return err
	}
	want := loadedFor{content, revision}
	for i := range snap.Scenes {
		id := snap.Scenes[i].ID
		if l.loaded[id] == want {
			continue
		}
		g, err := match.LoadGallery(ctx, l.vault, id, l.eyes.embedder.Info().Digest)
		if err != nil {
			return err
		}
		l.shelf.Put(g)
		l.loaded[id] = want
	}
	return nil
}

// tellGates puts on the log where a zone's gate opened or closed, and why.
func (l *lawful) tellGates(snap *policy.Snapshot) {
	at := indexOf(snap)
	for i := range snap.Zones {
		z := &snap.Zones[i]
		why := at.reasonsFor(z, l.poses.of(z.Camera).says())
		if told, ok := l.gates[z.ID]; ok && told == why {
			continue
		}
		l.gates[z.ID] = why
		state := "open"
		if why != "" {
			state = "closed"
		}
		l.emit(event.Event{
			TS: time.Now().UTC().Truncate(time.Millisecond), Kind: event.KindGateChange, SiteID: snap.Site,
			CameraID: z.Camera, SceneID: z.Scene, ZoneID: z.ID, ZoneVersion: z.Version,
			PolicyVersion: snap.Version, SignSetHash: z.SignSetHash, InspectionID: z.InspectionID,
			Detail: map[string]string{"state": state, "reasons": why},
		})
	}
}

// maxReasons bounds the codes that one event names.
const maxReasons = 16

// snapIndex finds a snapshot's scenes and cameras without looking through all of
// them for each zone of a large site.
type snapIndex struct {
	halted  bool
	scenes  map[string]*policy.SnapScene
	cameras map[string]*policy.SnapCamera
}

func indexOf(s *policy.Snapshot) snapIndex {
	x := snapIndex{
		halted: s.Halted != "", scenes: make(map[string]*policy.SnapScene, len(s.Scenes)), cameras: make(map[string]*policy.SnapCamera, len(s.Cameras)),
	}
	for i := range s.Scenes {
		x.scenes[s.Scenes[i].ID] = &s.Scenes[i]
	}
	for i := range s.Cameras {
		x.cameras[s.Cameras[i].ID] = &s.Cameras[i]
	}
	return x
}

func (x snapIndex) reasonsFor(z *policy.SnapZone, pose string) string {
	var codes []string
	if x.halted {
		codes = append(codes, "HALTED")
	}
	rs := z.Reasons
	if sc := x.scenes[z.Scene]; sc != nil {
		rs = append(rs[:len(rs):len(rs)], sc.Reasons...)
	}
	for _, r := range rs {
		codes = append(codes, r.String())
	}
	if cam := x.cameras[z.Camera]; cam != nil && !cam.PoseAssumed && pose != poseCalibrated {
		codes = append(codes, "POSE_"+strings.ToUpper(pose))
	}
	if len(codes) > maxReasons {
		codes = append(codes[:maxReasons], "MORE")
	}
	return strings.Join(codes, ",")
}

// goLive adds what only the running system knows: where the camera points.
func (l *lawful) goLive(_ context.Context, s *policy.Site, z policy.Zone) []policy.Reason {
	cam, ok := s.Camera(z.Camera)
	if !ok || cam.Pose == "" {
		return nil // its own reason says so
	}
	if _, runs := l.poses.view(z.Camera); !runs {
		return nil
	}
	switch says := l.poses.of(z.Camera).says(); says {
	case poseCalibrated:
		return nil
	case poseMoved:
		return []policy.Reason{{Code: "CAMERA_MOVED", Subject: z.Camera, Text: "the camera does not stand as it was calibrated"}}
	default:
		return []policy.Reason{{Code: "POSE_UNSURE", Subject: z.Camera, Text: "whether the camera stands as calibrated cannot be told now"}}
	}
}

// enable adds the self-check (B-46): a detector that fails its canary enables
// nothing.
func (l *lawful) enable(context.Context) []policy.Reason {
	if l.eyes.trusted.Load() {
		return nil
	}
	return []policy.Reason{{Code: "SELF_CHECK", Subject: "detector", Text: "the detector does not pass its own check; see bystander doctor"}}
}
