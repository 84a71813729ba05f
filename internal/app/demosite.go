package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"time"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/policy"
	"bystander/policy/consent"
	"bystander/policy/sitestore"
)

// theDemo is the author of whatever the demonstration brings along.
func theDemo() sitestore.By {
	return sitestore.By{Actor: "demonstration", Reason: "sample: made up for the demonstration"}
}

// livingSample puts what it lacks of a made-up site into the installation's
// store, as it stands, and returns the site as it is now: what visitors of an
// earlier run changed stays.
func livingSample(ctx context.Context, cfg config.Config, sample *policy.Site, emit func(event.Event)) (_ *policy.Site, err error) {
	s, err := sitestore.Open(ctx, siteDB(cfg), sitestore.Options{LogRetention: cfg.Events.MaxAge, Emit: emit})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	now, err := s.Compile(ctx)
	switch {
	case errors.Is(err, sitestore.ErrNotMet): // none yet
	case errors.Is(err, sitestore.ErrGone): // a visitor closed it
		return sample, nil
	case err != nil:
		return nil, err
	case !now.Sample || !slices.ContainsFunc(sample.Cameras, func(c policy.Camera) bool { _, ok := now.Camera(c.ID); return !ok }):
		return now, nil
	}
	photo, err := s.AddPhoto(ctx, theDemo(), samplePhoto(), 0)
	if err != nil {
		return nil, err
	}
	for i := range sample.Zones {
		for entrance := range sample.Zones[i].Inspection.Photos {
			sample.Zones[i].Inspection.Photos[entrance] = photo.ID
		}
	}
	if err := consent.NameSample(sample); err != nil {
		return nil, err
	}
	if err := s.Import(ctx, theDemo(), sample, sitestore.AsSample); err != nil {
		return nil, err
	}
	if err := signSample(ctx, s, sample, photo.ID); err != nil {
		return nil, err
	}
	return s.Compile(ctx)
}

// signSample completes the statements that the sample's cameras obstruct
// nothing, of which a site file holds the reference alone.
func signSample(ctx context.Context, s *sitestore.Store, sample *policy.Site, photo string) error {
	for _, c := range sample.Cameras {
		have, err := sitestore.Get[sitestore.Camera](ctx, s, c.ID)
		if err != nil {
			return err
		}
		if len(have.Checklist.Photos) > 0 {
			continue
		}
		_, err = s.PutCamera(ctx, theDemo(), c.ID, sitestore.CameraSpec{
			PlaceType: have.PlaceType, Private: have.Private, Placement: have.Placement,
			Checklist: sitestore.Checklist{
				ID: c.Checklist, SignedBy: "sample planner", Photos: []string{photo},
				Installer: "sample installer", Acknowledged: time.Now(),
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// samplePhoto stands where a photograph of a real place would: a grey picture
// with a cross, which nobody takes for one.
func samplePhoto() []byte {
	const w, h = 320, 200
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(200)
			if d := x*h - y*w; max(d, -d) < 3*w || max(x*h+y*w-w*h, w*h-x*h-y*w) < 3*w {
				v = 120
			}
			img.SetGray(x, y, color.Gray{Y: v})
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // a buffer takes everything
	return b.Bytes()
}

// checkLivingSite is doctor's look at a site that lives in its store.
func checkLivingSite(ctx context.Context, cfg config.Config) []finding {
	const begin = "make it in the workplaces, from First steps at /admin, or take over a file with: bystander site import"
	none := []finding{{"site", warn, "there is no site yet: nothing is compared and everybody is masked", begin}}
	switch there, err := sqldb.Exists(ctx, siteDB(cfg)); {
	case err != nil:
		return []finding{{"site", bad, err.Error(), "see whether the server of store.postgres answers"}}
	case !there:
		return none
	}
	var site *policy.Site
	err := withSite(ctx, cfg, func(s *sitestore.Store) (err error) {
		site, err = s.Compile(ctx)
		return err
	})
	switch {
	case errors.Is(err, sitestore.ErrNotMet):
		return none
	case errors.Is(err, sitestore.ErrGone):
		return []finding{{"site", warn, "the site is closed: nothing is compared and everybody is masked", ""}}
	case err != nil:
		return []finding{{"site", bad, err.Error(), "restore it from a backup"}}
	}
	return []finding{{"site", fine, fmt.Sprintf("%s lives in %s: %d cameras, %d scenes, %d zones", site.Site, siteDB(cfg), len(site.Cameras), len(site.Scenes), len(site.Zones)), ""}}
}
