package app

import (
	"context"
	"errors"

	"bystander/policy"
	"bystander/policy/sitestore"
)

// fresh is the site as it stands at this moment, also where no lease speaks of
// the last change yet; nil while there is none.
func (l *lawful) fresh(ctx context.Context) *policy.Site {
	if l.file != nil {
		return l.file
	}
	if l.cfg.Policy.Follows() {
		return l.site()
	}
	site, err := l.ops.Compile(ctx)
	switch {
	case err == nil:
		return site
	case errors.Is(err, sitestore.ErrNotMet), errors.Is(err, sitestore.ErrGone):
		return nil
	}
	return l.site() // the store does not answer now
}

// noticed is the site with the notices that were published here and are in
// force. The site's own store learns of each, so that its history tells on which
// notice a scene rested, and the zones of the scene are inspected anew.
func (l *lawful) noticed(ctx context.Context, site *policy.Site) (*policy.Site, error) {
	if l.overlay == nil {
		return site, nil
	}
	over, err := l.overlay(ctx, site)
	if err != nil || l.file != nil {
		return over, err
	}
	changed := false
	for i := range over.Scenes {
		sc := &over.Scenes[i]
		if sc.Notice == site.Scenes[i].Notice || sc.State == policy.SceneRetired {
			continue
		}
		if err := l.takeNotice(ctx, over, sc); err != nil {
			return nil, err
		}
		changed = true
	}
	if !changed {
		return site, nil
	}
	return l.ops.Compile(ctx)
}

func (l *lawful) takeNotice(ctx context.Context, over *policy.Site, sc *policy.Scene) error {
	n, _ := over.Notice(sc.Notice)
	by := sitestore.By{Actor: sitestore.System, Reason: "notice " + n.Version + " came into force"}
	if _, err := sitestore.Get[sitestore.Notice](ctx, l.ops, n.Version); errors.Is(err, sitestore.ErrNotFound) {
		_, err := l.ops.PutNotice(ctx, by, sitestore.Notice{
			Meta: sitestore.Meta{ID: n.Version}, Languages: n.Languages, Hash: n.Hash, Published: true, EffectiveFrom: n.EffectiveFrom,
		})
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	_, err := l.ops.SetNotice(ctx, by, sc.ID, n.Version)
	return err
}
