package app

import (
	"context"

	"bystander/api"
	"bystander/policy"
)

// matching tells whether a camera's faces may be compared now.
func (l *lawful) matching(c *camera) api.Switch {
	off := func(code, reason string) api.Switch { return api.Switch{Code: code, Reason: reason} }
	switch {
	case l.eyes.embedder == nil:
		return off(api.OffNoModel, "the model that compares faces is missing; run: bystander models pull")
	case l.site() == nil:
		return off(api.OffNoSite, "there is no site; nothing is compared and everybody is masked")
	}
	held, err := l.Current()
	if err != nil {
		return off(api.OffLease, "there is no fresh policy lease: "+err.Error())
	}
	for i := range held.Snapshot.Zones {
		z := &held.Snapshot.Zones[i]
		if z.Camera != c.cfg.ID {
			continue
		}
		if len(z.Reasons) > 0 {
			return off(api.OffZoneNotLive, z.Reasons[0].Text)
		}
		if sc, ok := held.Snapshot.Scene(z.Scene); ok && len(sc.Reasons) > 0 {
			return off(api.OffSceneOff, sc.Reasons[0].Text)
		}
		if why := held.Snapshot.Halted; why != "" {
			return off("HALTED", "everything is masked: "+why)
		}
		if cam, ok := held.Snapshot.Camera(z.Camera); ok && !cam.PoseAssumed {
			switch l.poses.of(z.Camera).says() {
			case poseCalibrated:
			case poseMoved:
				return off("CAMERA_MOVED", "the camera does not stand as it was calibrated")
			default:
				return off("POSE_UNSURE", "whether the camera stands as it was calibrated cannot be told now")
			}
		}
		if len(held.Snapshot.Subjects) == 0 {
			return off(api.OffNobody, "nobody has enrolled")
		}
		return api.Switch{On: true}
	}
	return off(api.OffZoneNotLive, "this camera has no recognition zone")
}

func (l *lawful) zones(camera string) []api.ZoneRef {
	out := []api.ZoneRef{}
	site := l.site()
	if site == nil {
		return out
	}
	for _, z := range site.Zones {
		if z.Camera != camera || z.State == policy.ZoneRetired {
			continue
		}
		kind := string(z.Kind)
		if z.Kind == policy.ZonePrivacy {
			kind = string(policy.ZoneProhibited)
		}
		out = append(out, api.ZoneRef{ID: z.ID, Name: z.ID, Kind: kind, State: string(z.State)})
	}
	return out
}

func (l *lawful) zoneName(id string) string { return id }

func (l *lawful) siteRef() api.SiteRef {
	site := l.site()
	if site == nil {
		return api.SiteRef{ID: "none"}
	}
	return api.SiteRef{ID: site.Site, Name: site.Controller.Name, Sample: site.Sample}
}

func (l *lawful) notices() []api.Notice {
	switch site := l.site(); {
	case site == nil:
		return []api.Notice{{Level: "info", Code: api.NoticeNoSite, Text: "There is no site yet: nothing is compared and everybody is masked."}}
	case site.Sample:
		return []api.Notice{{Level: "warning", Code: api.NoticeSample, Text: "This is a sample site: its zones, signs and consents are made up."}}
	}
	return nil
}

// gate sums up what keeps matching from happening, over all zones.
func (l *lawful) gate(context.Context) api.Gate {
	g := api.Gate{Reasons: []api.Reason{}}
	if l.site() == nil {
		g.Reasons = append(g.Reasons, api.Reason{Code: api.OffNoSite, Text: "there is no site"})
		return g
	}
	l.mu.Lock()
	g.Enrolled = l.enrolled
	l.mu.Unlock()
	held, err := l.Current()
	if err != nil {
		g.Reasons = append(g.Reasons, api.Reason{Code: api.OffLease, Text: err.Error()})
		return g
	}
	g.LeaseExpires = &held.Lease.Expires
	if why := held.Snapshot.Halted; why != "" {
		g.Reasons = append(g.Reasons, api.Reason{Code: "HALTED", Text: "everything is masked: " + why})
		return g
	}
	for i := range held.Snapshot.Zones {
		z := &held.Snapshot.Zones[i]
		sc, ok := held.Snapshot.Scene(z.Scene)
		if ok && len(z.Reasons) == 0 && len(sc.Reasons) == 0 {
			g.Open, g.Mode = true, string(sc.Facts.Mode)
		}
		for _, r := range z.Reasons {
			g.Reasons = append(g.Reasons, api.Reason{Code: r.String(), Text: r.Text})
		}
		if ok {
			for _, r := range sc.Reasons {
				g.Reasons = append(g.Reasons, api.Reason{Code: r.String(), Text: r.Text})
			}
		}
	}
	return g
}

// trouble is why there is no fresh lease, nil when there is one or none is
// wanted.
func (l *lawful) trouble() error {
	if l.holder.Load() == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.failure
	}
	_, err := l.Current()
	return err
}

// sample reports whether the site is made up for a demonstration.
func (l *lawful) sample() bool {
	site := l.site()
	return site != nil && site.Sample
}
