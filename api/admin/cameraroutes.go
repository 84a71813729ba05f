package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bystander/api/actor"
	"bystander/api/admin/cameras"
	"bystander/api/problem"
	"bystander/api/route"
)

// Camera is a camera as administrators see it: never with its address.
type Camera struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Origin    string `json:"origin" enum:"configuration,interface" doc:"Where it is kept: in the file, or added here"`
	Running   bool   `json:"running" doc:"On the list of those in operation, whether or not pictures come; false when it could not begin"`
	Transport string `json:"transport,omitempty" enum:"tcp,udp" doc:"Of one that was added here"`
	Rotation  int    `json:"rotation" enum:"0,90,180,270" doc:"Degrees by which its pictures are turned clockwise"`
	Pause     *Pause `json:"pause,omitempty" doc:"There while it is paused"`
	// Who added and last changed it here, and when.
	AddedBy   string     `json:"added_by,omitempty"`
	AddedAt   *time.Time `json:"added_at,omitempty"`
	ChangedBy string     `json:"changed_by,omitempty"`
	ChangedAt *time.Time `json:"changed_at,omitempty"`
}

// Pause is why a camera stands still. Nothing connects to it meanwhile.
type Pause struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
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
		}
	}
	cameraOut struct{ Body Camera }
	addIn     struct {
		Body struct {
			ID   string `json:"id" minLength:"1" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
			Name string `json:"name,omitempty" maxLength:"100"`
			Address
			Rotation int `json:"rotation,omitempty" enum:"0,90,180,270" doc:"Degrees by which its pictures are turned clockwise to stand upright"`
		}
	}
	testIn  struct{ Body struct{ Address } }
	testOut struct{ Body Report }
	oneIn   struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9][a-z0-9-]*$"`
	}
)

func (m *Module) cameraRoutes(api huma.API) {
	route.Add(m.Table, api, route.New("list-admin-cameras", "GET", "/v1/admin/cameras", "Where each camera comes from, and which are paused", administrators, 0), m.list)
	route.Add(m.Table, api, route.New("add-camera", "POST", "/v1/admin/cameras", "Keep a camera; it begins at once", administrators, 201), m.add)
	route.Add(m.Table, api, route.New("remove-camera", "DELETE", "/v1/admin/cameras/{id}", "End and forget a camera that was added here; its address goes at once", administrators, 204), m.remove)
	route.Add(m.Table, api, route.New("test-camera", "POST", "/v1/admin/camera-tests", "Try an address step by step, without keeping it", administrators, 0), m.test)
	m.changeRoutes(api)
}

func (m *Module) list(ctx context.Context, _ *struct{}) (*camerasOut, error) {
	kept, err := m.cfg.Cameras.List(ctx)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	pauses, err := m.cfg.Cameras.Pauses(ctx)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	out, running := &camerasOut{}, m.cfg.Running()
	out.Body.Cameras = []Camera{}
	add := func(c Camera) {
		c.Running = slices.Contains(running, c.ID)
		if p, ok := pauses[c.ID]; ok {
			c.Pause = &Pause{By: p.By, Reason: p.Reason, At: p.At}
		}
		out.Body.Cameras = append(out.Body.Cameras, c)
	}
	for _, c := range m.cfg.Configured {
		add(c)
	}
	for _, c := range kept {
		if !m.configured(c.ID) {
			add(shown(c))
		}
	}
	return out, nil
}

// configured reports whether a camera stands in the configuration.
func (m *Module) configured(id string) bool {
	return slices.ContainsFunc(m.cfg.Configured, func(c Camera) bool { return c.ID == id })
}

func shown(c cameras.Camera) Camera {
	out := Camera{
		ID: c.ID, Name: c.Name, Origin: "interface", Transport: c.Transport, Rotation: c.Rotation,
		AddedBy: c.AddedBy, AddedAt: &c.AddedAt, ChangedBy: c.ChangedBy,
	}
	if !c.ChangedAt.IsZero() {
		out.ChangedAt = &c.ChangedAt
	}
	return out
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
	if m.configured(in.Body.ID) {
		return nil, exists(in.Body.ID)
	}
	whole, err := m.whole(in.Body.Address)
	if err != nil {
		return nil, err
	}
	// A camera of that id may have stood where nobody ever compared the view.
	if err := m.moving(ctx, in.Body.ID); err != nil {
		return nil, err
	}
	c, err := m.cfg.Cameras.Add(ctx, cameras.Camera{
		ID: in.Body.ID, Name: in.Body.Name, Transport: in.Body.Transport, Rotation: in.Body.Rotation, AddedBy: actor.From(ctx).ID,
	}, whole)
	if err != nil {
		return nil, m.refused(ctx, in.Body.ID, err)
	}
	m.told(ctx, c.ID, "added", nil, "")
	if err := m.apply(ctx, c.ID); err != nil {
		return nil, err
	}
	return m.one(ctx, c.ID)
}

func exists(id string) error {
	return problem.New(http.StatusConflict, "EXISTS", "there is a camera of this id already",
		problem.Reason{Code: "EXISTS", Object: id, Text: "take another id, or remove that camera first"})
}

func (m *Module) remove(ctx context.Context, in *oneIn) (*struct{}, error) {
	if m.configured(in.ID) {
		return nil, inFile(in.ID)
	}
	if _, err := m.one(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := m.moving(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := m.cfg.Cameras.Remove(ctx, in.ID, actor.From(ctx).ID); err != nil {
		return nil, m.refused(ctx, in.ID, err)
	}
	m.told(ctx, in.ID, "removed", nil, "")
	return nil, m.apply(ctx, in.ID)
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
	if !m.testing.CompareAndSwap(false, true) {
		return false
	}
	if m.share.Take() {
		return true
	}
	m.end()
	return false
}

func (m *Module) end() { m.testing.Store(false) }
