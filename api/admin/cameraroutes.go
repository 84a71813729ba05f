package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/admin/cameras"
	"bystander/api/problem"
)

// Camera is a camera as administrators see it: never with its address.
type Camera struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Origin  string `json:"origin" enum:"configuration,interface" doc:"Where it is kept: in the file, or added here"`
	Running bool   `json:"running" doc:"In operation; one that was added since the last start begins with the next"`
	// Leaving is a camera that was removed and runs until the next start.
	Leaving bool       `json:"leaving" doc:"Removed, and in operation until the next start"`
	AddedBy string     `json:"added_by,omitempty"`
	AddedAt *time.Time `json:"added_at,omitempty"`
}

// Address is how a camera is reached.
type Address struct {
	URL       string `json:"url" minLength:"8" maxLength:"2048" doc:"rtsp:// or rtsps://; better without credentials, which have fields of their own"`
	Username  string `json:"username,omitempty" maxLength:"256"`
	Password  string `json:"password,omitempty" maxLength:"256" doc:"Never shown again, and never logged"`
	Transport string `json:"transport,omitempty" enum:"tcp,udp" default:"tcp"`
}

// Step is what one step of a connection test found.
type Step struct {
	Step   string  `json:"step" enum:"address,name,tcp,tls,options,sign_in,describe,codec,picture"`
	State  string  `json:"state" enum:"ok,failed,skipped"`
	Code   string  `json:"code,omitempty" doc:"Stable code of the trouble, such as LOGIN_REFUSED"`
	Text   string  `json:"text,omitempty" doc:"What was found, in English, with the way out"`
	Millis float64 `json:"ms" doc:"How long the step took"`
	Status int     `json:"status,omitempty" doc:"RTSP status, with STATUS"`
}

// Report is what a connection test found. It holds no address but the numbers
// that its name stands for, and no credentials.
type Report struct {
	OK        bool     `json:"ok"`
	Steps     []Step   `json:"steps" nullable:"false"`
	Addresses []string `json:"addresses" nullable:"false" doc:"What the name stands for"`
	Codec     string   `json:"codec,omitempty"`
	Audio     bool     `json:"audio" doc:"There is sound; it is never set up"`
	Width     int      `json:"width,omitempty"`
	Height    int      `json:"height,omitempty"`
	FPS       float64  `json:"fps,omitempty" doc:"Pictures a second over the first two seconds"`
	FirstMS   float64  `json:"first_picture_ms,omitempty"`
}

type (
	camerasOut struct {
		Body struct {
			Cameras []Camera `json:"cameras" nullable:"false"`
			Restart bool     `json:"restart" doc:"Something waits for the program's next start"`
		}
	}
	cameraOut struct{ Body Camera }
	addIn     struct {
		Body struct {
			ID   string `json:"id" minLength:"1" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
			Name string `json:"name,omitempty" maxLength:"100"`
			Address
		}
	}
	testIn  struct{ Body struct{ Address } }
	testOut struct{ Body Report }
	oneIn   struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
	}
)

func (m *Module) cameraRoutes(api huma.API) {
	add(m, api, op{"list-admin-cameras", "GET", "/v1/admin/cameras", "Where each camera comes from, and which wait for the next start", administrators, 0}, m.list)
	add(m, api, op{"add-camera", "POST", "/v1/admin/cameras", "Keep a camera; it begins with the next start", administrators, 201}, m.add)
	add(m, api, op{"remove-camera", "DELETE", "/v1/admin/cameras/{id}", "Forget a camera that was added here; its address goes at once", administrators, 204}, m.remove)
	add(m, api, op{"test-camera", "POST", "/v1/admin/camera-tests", "Try an address step by step, without keeping it", administrators, 0}, m.test)
}

func (m *Module) list(ctx context.Context, _ *struct{}) (*camerasOut, error) {
	kept, err := m.cfg.Cameras.List(ctx)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out := &camerasOut{}
	out.Body.Cameras = []Camera{}
	for _, id := range m.cfg.Configured {
		out.Body.Cameras = append(out.Body.Cameras, Camera{ID: id, Name: id, Origin: "configuration", Running: true})
	}
	here := map[string]bool{}
	for _, c := range kept {
		here[c.ID] = true
		out.Body.Cameras = append(out.Body.Cameras, m.shown(c))
	}
	for _, id := range m.cfg.Running {
		if !here[id] && !slices.Contains(m.cfg.Configured, id) {
			out.Body.Cameras = append(out.Body.Cameras, Camera{ID: id, Name: id, Origin: "interface", Running: true, Leaving: true})
		}
	}
	for _, c := range out.Body.Cameras {
		out.Body.Restart = out.Body.Restart || !c.Running || c.Leaving
	}
	return out, nil
}

func (m *Module) shown(c cameras.Camera) Camera {
	return Camera{
		ID: c.ID, Name: c.Name, Origin: "interface", AddedBy: c.AddedBy, AddedAt: &c.AddedAt,
		Running: slices.Contains(m.cfg.Running, c.ID),
	}
}

// whole joins address and credentials.
func (m *Module) whole(a Address) (string, error) {
	if err := m.cfg.Check(a.URL); err != nil {
		return "", problem.New(http.StatusUnprocessableEntity, "ADDRESS_FORM", err.Error())
	}
	u, err := url.Parse(a.URL)
	if err != nil { // Check has parsed it
		return "", problem.New(http.StatusUnprocessableEntity, "ADDRESS_FORM", "this is no address; write rtsp://host:554/path")
	}
	if a.Username != "" || a.Password != "" {
		u.User = url.UserPassword(a.Username, a.Password)
	}
	return u.String(), nil
}

func (m *Module) add(ctx context.Context, in *addIn) (*cameraOut, error) {
	if slices.Contains(m.cfg.Configured, in.Body.ID) {
		return nil, exists(in.Body.ID)
	}
	whole, err := m.whole(in.Body.Address)
	if err != nil {
		return nil, err
	}
	who := actor.From(ctx)
	c, err := m.cfg.Cameras.Add(ctx, cameras.Camera{
		ID: in.Body.ID, Name: in.Body.Name, Transport: in.Body.Transport, AddedBy: who.ID,
	}, whole)
	switch {
	case errors.Is(err, cameras.ErrExists):
		return nil, exists(in.Body.ID)
	case errors.Is(err, cameras.ErrInvalid):
		return nil, problem.New(http.StatusUnprocessableEntity, "INVALID", err.Error())
	case err != nil:
		return nil, m.failed(ctx, err)
	}
	m.cfg.Log.Info().Str("camera", c.ID).Str("actor", who.ID).Msg("camera added; it begins with the next start")
	return &cameraOut{m.shown(c)}, nil
}

func exists(id string) error {
	return problem.New(http.StatusConflict, "EXISTS", "there is a camera of this id already",
		problem.Reason{Code: "EXISTS", Object: id, Text: "take another id, or remove that camera first"})
}

func (m *Module) remove(ctx context.Context, in *oneIn) (*struct{}, error) {
	if slices.Contains(m.cfg.Configured, in.ID) {
		return nil, problem.New(http.StatusConflict, "MANAGED_BY_FILE", "this camera stands in the configuration file; take it out there",
			problem.Reason{Code: "CAMERA_IN_FILE", Object: in.ID, Text: "take it out of the configuration file"})
	}
	who := actor.From(ctx)
	err := m.cfg.Cameras.Remove(ctx, in.ID, who.ID)
	switch {
	case errors.Is(err, cameras.ErrNotFound):
		return nil, problem.New(http.StatusNotFound, "NOT_FOUND", "there is no such camera here")
	case err != nil:
		return nil, m.failed(ctx, err)
	}
	m.cfg.Log.Info().Str("camera", in.ID).Str("actor", who.ID).Msg("camera removed; it ends with the next start")
	return nil, nil //nolint:nilnil // 204 has no body
}

func (m *Module) test(ctx context.Context, in *testIn) (*testOut, error) {
	// What is no address takes nothing of anybody's share.
	whole, err := m.whole(in.Body.Address)
	if err != nil {
		return nil, err
	}
	if !m.begin() {
		return nil, problem.New(http.StatusTooManyRequests, "BUSY", "one camera is tried at a time, and a few in a minute; wait a moment")
	}
	defer m.end()
	m.cfg.Log.Info().Str("actor", actor.From(ctx).ID).Msg("a camera's address is tried")
	return &testOut{m.cfg.Test(ctx, whole, in.Body.Transport)}, nil
}

// begin takes the one place for a test, if this minute has one left.
func (m *Module) begin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.cfg.Now().Truncate(time.Minute); !now.Equal(m.minute) {
		m.minute, m.tests = now, 0
	}
	if m.testing || m.tests >= m.cfg.PerMinute {
		return false
	}
	m.testing = true
	m.tests++
	return true
}

func (m *Module) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.testing = false
}
