package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"bystander/api/admin"
	"bystander/api/admin/cameras"
	"bystander/api/problem"
	"bystander/internal/config"
	"bystander/policy/sitestore"
)

// administration is what administrators see and change besides the configuration.
type administration struct {
	cameras *cameras.Store  // added in the interface, and what is paused
	file    []config.Camera // the configuration's
	shared  *sharing
}

// configured are the ids of the configuration's cameras.
func (a *administration) configured() []string {
	out := make([]string, len(a.file))
	for i, c := range a.file {
		out[i] = c.ID
	}
	return out
}

// openAdded opens the store of cameras that the interface added.
func (e *edge) openAdded(ctx context.Context) error {
	if e.cfg.IsEdge() { // nobody administers an edge but by its configuration
		e.admin = administration{file: e.cfg.Cameras, shared: &sharing{}}
		return nil
	}
	store, err := openCameraStore(ctx, e.cfg)
	if err != nil {
		return err
	}
	e.closing(store.Close)
	left, err := takeCameras(ctx, e.cfg, store)
	if err != nil {
		return err
	}
	for _, id := range left {
		e.log.Warn().Str("camera", id).Msg("another replica added a camera of that name, too; this one's stays out: add it under another name at /admin/cameras")
	}
	e.admin = administration{cameras: store, file: e.cfg.Cameras, shared: &sharing{on: e.cfg.Store.Shared()}}
	return nil
}

// posts are all cameras as they are to run: the configuration's, and those that
// were added. The configuration goes first where both name one.
func (a *administration) posts(ctx context.Context) ([]post, error) {
	if a.cameras == nil {
		out := make([]post, len(a.file))
		for i, c := range a.file {
			out[i] = post{Camera: c}
		}
		return out, nil
	}
	pauses, err := a.cameras.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	var out []post
	add := func(c config.Camera) {
		_, paused := pauses[c.ID]
		out = append(out, post{Camera: c, Paused: paused})
	}
	for _, c := range a.file {
		add(c)
	}
	if !a.shared.mine() {
		return out, nil // another replica runs what was added
	}
	ids := a.configured()
	err = a.cameras.Reveal(ctx, func(c cameras.Camera, address string) error {
		if !slices.Contains(ids, c.ID) {
			add(added(c, address))
		}
		return nil
	})
	return out, err
}

func added(c cameras.Camera, address string) config.Camera {
	return config.Camera{
		ID: c.ID, Name: c.Name, Driver: "rtsp", Transport: c.Transport, Rotation: c.Rotation, URL: config.Secret(address),
	}
}

// wanted is how one camera is to run now; false when it is kept nowhere.
func (a *administration) wanted(ctx context.Context, id string) (p post, keep bool, err error) {
	if !slices.Contains(a.configured(), id) && !a.shared.mine() {
		return p, false, nil // asks nobody: the server may be what is gone
	}
	pauses, err := a.cameras.Pauses(ctx)
	if err != nil {
		return p, false, fmt.Errorf("%w: %w", errCameraUnknown, err)
	}
	_, p.Paused = pauses[id]
	for _, c := range a.file {
		if c.ID == id {
			p.Camera = c
			return p, true, nil
		}
	}
	c, address, err := a.cameras.RevealOne(ctx, id)
	switch {
	case errors.Is(err, cameras.ErrNotFound):
		return p, false, nil
	case errors.Is(err, cameras.ErrSealed):
		return p, false, err // asking again helps nobody
	case err != nil:
		return p, false, fmt.Errorf("%w: %w", errCameraUnknown, err)
	}
	p.Camera = added(c, address)
	return p, true, nil
}

// applyCamera makes a camera run as it is kept now. Other cameras go on.
func (e *edge) applyCamera(ctx context.Context, id string) error {
	return e.fleet.apply(ctx, id, func(ctx context.Context) (post, bool, error) { return e.admin.wanted(ctx, id) })
}

// running are the ids of the cameras in operation, here or at another replica.
func (e *edge) running() []string {
	out := e.admin.shared.elsewhere()
	for _, c := range e.fleet.all() {
		out = append(out, c.cfg.ID)
	}
	return out
}

// configuredCameras are the configuration's cameras as administrators see them.
func configuredCameras(file []config.Camera) []admin.Camera {
	out := make([]admin.Camera, len(file))
	for i, c := range file {
		out[i] = admin.Camera{ID: c.ID, Name: c.Name, Origin: "configuration", Rotation: c.Rotation}
	}
	return out
}

// cameraMoving is told before a camera's pictures change for others. Where its
// view was only assumed to be the right one, its zones are suspended first. What
// a site file assumes cannot be taken back here.
func (e *edge) cameraMoving(ctx context.Context, id, by string) error {
	if file := e.law.file; file != nil {
		if c, ok := file.Camera(id); ok && c.Pose == "" && c.PoseAssumed {
			return problem.New(http.StatusConflict, "MANAGED_BY_FILE", "the site file takes this camera's view as calibrated without looking; take pose_assumed out of it first",
				problem.Reason{Code: "POSE_IN_FILE", Object: id, Text: "the site file takes its view as calibrated without looking"})
		}
		return nil
	}
	suspended, err := e.law.ops.CameraReplaced(ctx, sitestore.By{Actor: by, Reason: "CAMERA_CHANGED:" + id}, id)
	for _, z := range suspended {
		e.log.Warn().Str("camera", id).Str("zone", z).Msg("the zone is suspended: its camera's view was only assumed, and the camera changes")
	}
	return err
}
