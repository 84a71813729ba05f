package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/admin/cameras"
	"bystander/api/problem"
	"bystander/api/route"
	"bystander/internal/event"
)

type (
	changeIn struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
		Body struct {
			Name      *string `json:"name,omitempty" maxLength:"100"`
			URL       *string `json:"url,omitempty" minLength:"8" maxLength:"2048" doc:"Another address; the credentials of the old one do not go with it"`
			Username  *string `json:"username,omitempty" maxLength:"256" doc:"Without url: other credentials at the same address"`
			Password  *string `json:"password,omitempty" maxLength:"256"`
			Transport *string `json:"transport,omitempty" enum:"tcp,udp"`
			Rotation  *int    `json:"rotation,omitempty" enum:"0,90,180,270"`
		}
	}
	pauseIn struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"300" doc:"Why; it goes on the log"`
		}
	}
)

func (m *Module) changeRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("change-camera", "PATCH", "/v1/admin/cameras/{id}", "Change a camera that was added here, while it runs; what is left out stays", administrators, 0), m.change)
	route.Add(m.Table, api, route.New("pause-camera", "POST", "/v1/admin/cameras/{id}/pause", "Close the connection to a camera, and keep it closed", administrators, 0), m.pause)
	route.Add(m.Table, api, route.New("resume-camera", "POST", "/v1/admin/cameras/{id}/resume", "Let a paused camera go on", administrators, 0), m.resume)
}

func (m *Module) change(ctx context.Context, in *changeIn) (*cameraOut, error) {
	if m.configured(in.ID) {
		return nil, inFile(in.ID)
	}
	b := in.Body
	if b.URL != nil {
		if err := m.cfg.Check(*b.URL); err != nil {
			return nil, problem.New(http.StatusUnprocessableEntity, "ADDRESS_FORM", err.Error())
		}
	}
	now, err := m.one(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if b.URL != nil || b.Rotation != nil && *b.Rotation != now.Body.Rotation {
		if err := m.moving(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	_, what, err := m.cfg.Cameras.Change(ctx, in.ID, actor.From(ctx).ID, func(c cameras.Camera, address string) (cameras.Camera, string, error) {
		set(&c.Name, b.Name)
		set(&c.Transport, b.Transport)
		set(&c.Rotation, b.Rotation)
		set(&address, b.URL)
		if b.Username == nil && b.Password == nil {
			return c, address, nil
		}
		next, err := withCredentials(address, b.Username, b.Password)
		return c, next, err
	})
	if err != nil {
		return nil, m.refused(ctx, in.ID, err)
	}
	if len(what) > 0 {
		m.told(ctx, in.ID, "changed", what, "")
		if err := m.apply(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	return m.one(ctx, in.ID)
}

func set[T any](v, next *T) {
	if next != nil {
		*v = *next
	}
}

// withCredentials returns an address with another user name or password. Both
// empty leave none.
func withCredentials(address string, user, password *string) (string, error) {
	u, err := url.Parse(address)
	if err != nil { // its text would quote the address
		return "", cameras.ErrInvalid
	}
	name := u.User.Username()
	secret, _ := u.User.Password()
	set(&name, user)
	set(&secret, password)
	u.User = nil
	if name != "" || secret != "" {
		u.User = url.UserPassword(name, secret)
	}
	return u.String(), nil
}

func (m *Module) pause(ctx context.Context, in *pauseIn) (*cameraOut, error) {
	reason := strings.TrimSpace(in.Body.Reason)
	if reason == "" {
		return nil, problem.New(http.StatusUnprocessableEntity, "REASON", "say why; a decision without a reason is not taken")
	}
	if _, err := m.one(ctx, in.ID); err != nil {
		return nil, err
	}
	fresh, err := m.cfg.Cameras.Pause(ctx, in.ID, actor.From(ctx).ID, reason)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if fresh {
		m.told(ctx, in.ID, "paused", nil, reason)
	}
	return m.applied(ctx, in.ID)
}

func (m *Module) resume(ctx context.Context, in *oneIn) (*cameraOut, error) {
	if _, err := m.one(ctx, in.ID); err != nil {
		return nil, err
	}
	was, err := m.cfg.Cameras.Resume(ctx, in.ID)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	if was {
		m.told(ctx, in.ID, "resumed", nil, "")
	}
	return m.applied(ctx, in.ID)
}

// one returns a camera as list shows it.
func (m *Module) one(ctx context.Context, id string) (*cameraOut, error) {
	all, err := m.list(ctx, nil)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all.Body.Cameras, func(c Camera) bool { return c.ID == id })
	if i < 0 {
		return nil, gone()
	}
	return &cameraOut{all.Body.Cameras[i]}, nil
}

func (m *Module) applied(ctx context.Context, id string) (*cameraOut, error) {
	if err := m.apply(ctx, id); err != nil {
		return nil, err
	}
	return m.one(ctx, id)
}

// apply has a camera run as it is kept. What is kept stays, whatever comes of it.
func (m *Module) apply(ctx context.Context, id string) error {
	if err := m.cfg.Apply(ctx, id); err != nil {
		m.cfg.Log.Error().Err(err).Str("camera", id).Str("request_id", problem.RequestID(ctx)).Msg("a camera does not run as it is kept")
		return problem.New(http.StatusServiceUnavailable, "NOT_BEGUN", "this is kept, but the camera does not run so yet; see the program's log")
	}
	return nil
}

// moving tells that a camera's pictures will be others.
func (m *Module) moving(ctx context.Context, id string) error {
	if m.cfg.Moving == nil {
		return nil
	}
	err := m.cfg.Moving(ctx, id, actor.From(ctx).ID)
	var p *problem.Problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	return m.failed(ctx, err)
}

// told puts a change on the log. It never holds an address.
func (m *Module) told(ctx context.Context, id, action string, what []string, reason string) {
	who := actor.From(ctx).ID
	m.cfg.Log.Info().Str("camera", id).Str("actor", who).Strs("what", what).Msg("camera " + action)
	detail := map[string]string{"action": action}
	if len(what) > 0 {
		detail["what"] = strings.Join(what, ",")
	}
	if reason != "" {
		detail["reason"] = reason
	}
	m.cfg.Emit(event.Event{
		TS: m.cfg.Now(), Kind: event.KindCameraChange, SiteID: m.cfg.Site(), CameraID: id,
		ReviewerRef: event.ActorRef(who), Detail: detail,
	})
}

// refused turns the store's refusal into an answer.
func (m *Module) refused(ctx context.Context, id string, err error) error {
	switch {
	case errors.Is(err, cameras.ErrExists):
		return exists(id)
	case errors.Is(err, cameras.ErrNotFound):
		return gone()
	case errors.Is(err, cameras.ErrInvalid):
		return problem.New(http.StatusUnprocessableEntity, "INVALID", err.Error())
	}
	return m.failed(ctx, err)
}

func gone() error {
	return problem.New(http.StatusNotFound, "NOT_FOUND", "there is no such camera here")
}

func inFile(id string) error {
	return problem.New(http.StatusConflict, "MANAGED_BY_FILE", "this camera stands in the configuration file; change it there, or pause it here",
		problem.Reason{Code: "CAMERA_IN_FILE", Object: id, Text: "change it in the configuration file"})
}
