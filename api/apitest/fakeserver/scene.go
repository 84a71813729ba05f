package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"bystander/api"
	"bystander/api/apitest"
	"bystander/policy/sitestore"
)

// scene is the made-up installation: one camera of each state that the pages
// must explain.
type scene struct {
	fake  *apitest.Fake
	media *rooms
	site  *sitestore.Store // holds the kill switch
	start time.Time

	mu     sync.Mutex
	cams   []api.Camera
	halted bool
}

func made(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }

// size says how much of it there is beyond the five cameras and their history.
type size struct{ cameras, events int }

func newScene(ctx context.Context, fake *apitest.Fake, media *rooms, dir string, more size) (*scene, error) {
	s := &scene{fake: fake, media: media, start: time.Now()}
	films := map[string]string{
		"arcade": "testsrc2=s=1280x720:r=25,hue=s=0.35:h=190",
		"stage":  "testsrc2=s=640x360:r=25,hue=s=0.4:h=30",
		"phone":  "testsrc2=s=640x480:r=25,hue=s=0.2",
		"quay":   "color=c=0x39424c:s=1280x720:r=25",
	}
	for id, filter := range films {
		file := filepath.Join(dir, id+".mp4")
		f, err := makeFilm(ctx, filter, 8, file)
		if err != nil {
			return nil, err
		}
		if f.mp4, err = os.ReadFile(file); err != nil { //nolint:gosec // our own temporary file
			return nil, err
		}
		media.set(id, f)
		if id != "phone" { // nobody has published yet
			s.record(id, f)
		}
	}
	s.cams = append(s.cameras(), s.further(more.cameras)...)
	for _, c := range s.cams {
		fake.SetCamera(c)
	}
	fake.SetStatus(s.status())
	fake.SetChecks(api.Check{Name: "store", OK: true, Live: true}, api.Check{Name: "camera:gate", Cause: "unreachable"})
	s.long(more.events)
	s.history()
	return s, nil
}

func (s *scene) record(id string, f film) {
	const n = 40
	for i := range n {
		from := s.start.Add(time.Duration(i-n) * 10 * time.Second).Truncate(time.Second)
		s.fake.AddRecording(api.Recording{
			ID: fmt.Sprintf("%s-%s", id, from.UTC().Format("20060102T150405Z")), Camera: id,
			From: from, To: from.Add(8 * time.Second), Seconds: 8, Bytes: int64(len(f.mp4)),
			Width: 1280, Height: 720, Complete: true, Expires: from.Add(24 * time.Hour),
		}, f.mp4)
	}
}

func (s *scene) cameras() []api.Camera {
	hall := []api.ZoneRef{{ID: "entrance", Name: "Entrance hall", Kind: "recognition", State: "live"}}
	next := s.start.Add(9 * time.Second)
	oldest := s.start.Add(-7 * time.Minute)
	rec := api.Recorder{Switch: api.Switch{On: true}, Segments: 7, Bytes: 6 << 20, Oldest: &oldest}
	up := api.Camera{
		Driver: "rtsp", Sample: true, State: "connected", Since: s.start.Add(-7 * time.Minute), Codec: "h264", Width: 1280, Height: 720,
		FPS: 25, Clock: "arrival", DelayP50ms: 128, DelayP95ms: 171, HoldMS: 80, Mask: api.Mask{State: "masked", Since: s.start}, Recording: rec,
	}
	arcade, stage, quay, gate, phone := up, up, up, up, up
	arcade.ID, arcade.Name, arcade.Faces, arcade.Tracks = "arcade", "Arcade", 8, 11
	arcade.Matching = api.Switch{Code: api.OffZoneNotLive, Reason: "this camera has no recognition zone"}
	stage.ID, stage.Name, stage.Width, stage.Height, stage.FPS = "stage", "Stage", 640, 360, 30
	stage.Faces, stage.Tracks, stage.Matching, stage.Zones = 4, 5, api.Switch{On: true}, hall
	stage.Mask = api.Mask{State: "clear", Since: s.start, Clear: 1}
	quay.ID, quay.Name, quay.DelayP50ms, quay.DelayP95ms = "quay", "Quay 3", 240, 610
	quay.Mask = api.Mask{State: "full", Code: api.MaskDetectorLate, Reason: "the face detector did not answer in time", Since: s.start.Add(-20 * time.Second), FullFrames: 500}
	quay.Matching = api.Switch{Code: api.OffLease, Reason: "no fresh policy lease"}
	gate.ID, gate.Name, gate.State, gate.Since, gate.FPS = "gate", "North gate", "retrying", s.start.Add(-95*time.Second), 0
	gate.Err, gate.ErrCode, gate.NextTry = "10.0.4.17 does not answer; check its power and network", "UNREACHABLE", &next
	gate.Recording = api.Recorder{Switch: api.Switch{Code: "NO_PICTURE", Reason: "no pictures arrive"}}
	gate.Reconnects, gate.DelayP50ms, gate.DelayP95ms = 12, 0, 0
	gate.Matching = api.Switch{Code: api.OffNobody}
	phone.ID, phone.Name, phone.Driver, phone.State, phone.FPS = "phone", "Browser camera", "whip", "connecting", 0
	phone.Width, phone.Height, phone.Codec, phone.DelayP50ms, phone.DelayP95ms = 0, 0, "", 0, 0
	phone.Matching, phone.Recording = api.Switch{Code: api.OffZoneNotLive}, api.Recorder{}
	return []api.Camera{arcade, stage, quay, gate, phone}
}

// further are cameras beyond the five, which all play one film.
func (s *scene) further(n int) []api.Camera {
	out := make([]api.Camera, n)
	for i := range out {
		c := s.cameras()[0]
		c.ID, c.Name = fmt.Sprintf("hall-%02d", i+1), fmt.Sprintf("Hall %d", i+1)
		s.media.set(c.ID, s.media.film("arcade"))
		out[i] = c
	}
	return out
}

// long is a past of so many events, a few seconds apart.
func (s *scene) long(n int) {
	kinds := []string{"match", "unmask", "zone_minute", "camera_health"}
	for i := range n {
		e := s.event(kinds[i%len(kinds)], "stage", time.Hour+time.Duration(n-i)*3*time.Second)
		e.RowHash = made(strconv.Itoa(i))
		switch e.Kind {
		case "camera_health":
			e.Detail = map[string]string{"state": []string{"retrying", "connected"}[i/4%2]}
		case "zone_minute":
			e.ZoneName, e.Detail = "Entrance hall", map[string]string{"people": strconv.Itoa(5 + i%9)}
		}
		s.fake.Append(e)
	}
}

func (s *scene) status() api.Status {
	lease := time.Now().Add(10 * time.Second)
	gate := api.Gate{Open: true, Mode: "zone", Enrolled: 1, LeaseExpires: &lease}
	if s.halted {
		gate = api.Gate{Enrolled: 1, LeaseExpires: &lease, Reasons: []api.Reason{{Code: "HALTED", Text: "everything is masked"}}}
	}
	return api.Status{
		Version: "0.0.0-fake", Started: s.start, Site: api.SiteRef{ID: "sample", Name: "Harbour Hall", Sample: true},
		Gate: gate,
		Models: []api.Model{
			{Role: "face", Name: "yunet", Provider: "cpu", Loaded: true, Digest: made("yunet")},
			{Role: "person", Name: "yolox-nano", Provider: "cpu", Loaded: true, Digest: made("yolox")},
			{Role: "embedding", Name: "sface", Provider: "cpu", Loaded: true, Digest: made("sface")},
		},
		Notices: []api.Notice{
			{Level: "info", Code: api.NoticeSample, Text: "this is a sample site"},
		},
		Storage: api.Storage{Store: "sqlite", Events: 5120, UsedBytes: 48 << 20, LimitBytes: 2 << 30, MaxAgeS: 86400},
	}
}

func emptyStatus() api.Status {
	return api.Status{
		Version: "0.0.0-fake", Started: time.Now(), Site: api.SiteRef{ID: "none"},
		Gate:    api.Gate{Reasons: []api.Reason{{Code: api.OffNoSite, Text: "there is no site file"}}},
		Notices: []api.Notice{{Level: "warning", Code: api.NoticeNoSite, Text: "no site file: everybody is masked, matching is off"}},
	}
}

func (s *scene) event(kind, camera string, ago time.Duration) api.Event {
	e := api.Event{
		TS: time.Now().Add(-ago), TSQuality: "synced", Kind: kind, Site: "sample", Camera: camera, Chain: "edge-1",
		RowHash: made(kind + camera + ago.String()),
	}
	if kind == "match" || kind == "unmask" || kind == "claim_outcome" {
		e.Scene, e.Zone, e.ZoneName, e.ZoneVersion, e.GateMode = "main", "entrance", "Entrance hall", 3, "zone"
		e.SubjectRef, e.ConsentRef, e.ConsentVersion = made("guest"+camera), made("consent"), 2
		e.GallerySize, e.Score, e.Threshold, e.Margin, e.Notice = 1, 0.71, 0.42, 0.3, "2026-01"
	}
	return e
}

func (s *scene) history() {
	for i := range 40 {
		e := s.event("zone_minute", "stage", time.Duration(60-i)*time.Minute)
		e.ZoneName, e.Detail = "Entrance hall", map[string]string{"people": strconv.Itoa(5 + i%9)}
		s.fake.Append(e)
	}
	for _, c := range s.cams[:3] {
		s.fake.Append(s.event("use_start", c.ID, 7*time.Minute))
	}
	gate := s.event("gate_change", "stage", 6*time.Minute)
	gate.ZoneName, gate.Detail = "Entrance hall", map[string]string{"open": "true"}
	lost := s.event("camera_health", "gate", 95*time.Second)
	lost.Detail = map[string]string{"state": "retrying", "code": "UNREACHABLE"}
	full := s.event("camera_health", "quay", 20*time.Second)
	full.Detail = map[string]string{"state": "full_mask", "code": api.MaskDetectorLate}
	s.fake.Append(gate, s.event("match", "stage", 4*time.Minute), s.event("unmask", "stage", 4*time.Minute), lost, full)
}

// run lets the scene live until ctx ends: numbers move, events happen, and the
// browser camera follows what is published.
func (s *scene) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.obey(ctx)
		s.step(n)
	}
}

// obey lets the guest on stage be masked while everything is halted.
func (s *scene) obey(ctx context.Context) {
	halt, err := s.site.Halted(ctx)
	if err != nil {
		return // the server is ending
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halted = halt.On
	for i := range s.cams {
		if c := &s.cams[i]; c.ID == "stage" && c.Matching.On == halt.On {
			c.Matching, c.Mask = api.Switch{On: true}, api.Mask{State: "clear", Since: time.Now(), Clear: 1}
			if halt.On {
				c.Matching, c.Mask = api.Switch{Code: "HALTED"}, api.Mask{State: "masked", Since: time.Now()}
			}
		}
	}
}

func (s *scene) step(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.cams {
		c := &s.cams[i]
		c.Viewers = s.media.viewers(c.ID)
		if c.State == "connected" {
			c.Frames += uint64(c.FPS)
			c.DelayP50ms += float64(n%5) - 2
			c.Faces = 3 + (n+i)%6
		}
		switch c.ID {
		case "gate":
			if next := time.Now().Add(9 * time.Second); n%9 == 0 {
				c.NextTry = &next
			}
		case "phone":
			c.State = "connecting"
			if s.media.publishing(c.ID) {
				c.State, c.FPS, c.Width, c.Height, c.Codec = "connected", 25, 640, 480, "h264"
			}
		}
		s.fake.SetCamera(*c)
	}
	if n%6 == 5 && !s.halted {
		kinds := []string{"match", "unmask"}
		s.fake.Append(s.event(kinds[n/6%2], "stage", 0))
	}
	s.fake.SetStatus(s.status())
}
