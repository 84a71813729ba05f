package zones_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/zones"
)

// camera answers stills for the editor's tests.
type camera struct{ err error }

func (c camera) Still(_ context.Context, id string) ([]byte, error) {
	if id != "gate" {
		return nil, zones.ErrNoCamera
	}
	return []byte("\xff\xd8still"), c.err
}

// looks keeps the access log of the tests.
type looks struct {
	reads  []actor.Read
	broken error
}

func (l *looks) RecordRead(_ context.Context, r actor.Read) error {
	l.reads = append(l.reads, r)
	return l.broken
}

func TestAStillIsGivenToDrawOn(t *testing.T) {
	var cam camera
	var log looks
	d := newDesk(t, func(c *zones.Config) { c.Stills, c.Access = &cam, &log })
	a := d.do("anna", "GET", "/v1/cameras/gate/still", nil)
	require.Equal(t, 200, a.StatusCode)
	require.Len(t, log.reads, 1)
	require.Equal(t, "gate", log.reads[0].Object)
	log.broken = errors.New("disk full")
	require.Equal(t, "ACCESS_LOG", d.do("anna", "GET", "/v1/cameras/gate/still", nil).no(503).Code, "no record, no picture")
	log.broken = nil
	require.Equal(t, "image/jpeg", a.Header.Get("Content-Type"))
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	require.Equal(t, "\xff\xd8still", string(a.body))
	d.do("anna", "GET", "/v1/cameras/yard/still", nil).no(404)
	require.Equal(t, "ROLE", d.do("aud", "GET", "/v1/cameras/gate/still", nil).no(403).Code)
	cam.err = fmt.Errorf("%w: all masked", zones.ErrNoStill)
	require.Equal(t, "NO_STILL", d.do("anna", "GET", "/v1/cameras/gate/still", nil).no(503).Code)
	d = newDesk(t)
	d.do("anna", "GET", "/v1/cameras/gate/still", nil).no(404)
}

func TestCamerasAndPicturesOnAPlan(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	picture := d.photo("anna")
	hall := obj{"id": "hall", "name": "Hall", "width_m": 20, "depth_m": 10}
	d.do("anna", "POST", "/v1/floorplans", with(hall, "picture", "none")).no(422)
	require.Equal(t, picture, d.do("anna", "POST", "/v1/floorplans", with(hall, "picture", picture)).ok(201)["picture"])

	place := obj{"plan": "hall", "position": []float64{3, 4}, "direction": 90, "angle": 70, "reach": 8}
	gate := obj{"place_type": "gate", "placement": place}
	for key, bad := range map[string]any{"plan": "attic", "position": []float64{21, 4}, "direction": 400, "angle": 0} {
		d.do("anna", "PUT", "/v1/cameras/gate/policy", with(gate, "placement", with(place, key, bad))).no(422)
	}
	before := d.do("anna", "GET", "/v1/zones/door", nil).ok(200)["version"]
	d.do("anna", "PUT", "/v1/cameras/gate/policy", gate).ok(200)
	list := d.do("ines", "GET", "/v1/camera-policies", nil).ok(200)["items"].([]any)
	require.Len(t, list, 1)
	require.Equal(t, []any{3.0, 4.0}, list[0].(obj)["placement"].(obj)["position"])
	require.Equal(t, before, d.do("anna", "GET", "/v1/zones/door", nil).ok(200)["version"], "a drawing of the camera changes no zone")
}

// A sign says the same in each of its languages, and the public page says it in
// the reader's.
func TestASignInTwoLanguages(t *testing.T) {
	d := newDesk(t)
	d.planned("default")
	chinese := obj{
		"controller": "会馆有限公司", "contact": "privacy@hall.invalid", "purpose": "出入管理", "function": "识别已同意的人员",
		"retention": "184 天", "rights_link": "https://hall.invalid/rights", "alternative": "人工通道",
	}
	put := func(lang string, t obj) answer {
		v := d.do("anna", "GET", "/v1/signs/face", nil)
		return d.do("anna", "PUT", "/v1/signs/face", with(without(sign("", "face_recognition", 2), "id"), "translations", obj{lang: t}),
			"If-Match", v.Header.Get("ETag"))
	}
	p := put("zh-CN", without(chinese, "alternative")).no(422)
	require.Equal(t, []string{"SIGN_INCOMPLETE:zh-CN.alternative"}, reasons(p))
	require.Equal(t, "INVALID", put("中文", chinese).no(422).Code)
	before := d.events[len(d.events)-1].SignSetHash
	put("zh-CN", chinese).ok(200)
	require.NotEqual(t, before, d.events[len(d.events)-1].SignSetHash, "the hash covers every language")

	zh := string(d.do("", "GET", "/z/door?lang=zh-CN", nil).body)
	require.Contains(t, zh, "识别已同意的人员")
	require.Contains(t, zh, "人工通道")
	require.Contains(t, zh, "会馆有限公司")
	require.Contains(t, zh, `<a href="mailto:privacy@hall.invalid">`)
	en := string(d.do("", "GET", "/z/door?lang=en", nil).body)
	require.Contains(t, en, "recognises those who agreed")
	require.NotContains(t, en, "人工通道")
	require.NotContains(t, en, "会馆有限公司")
	require.Contains(t, en, "staffed door", "the sign's other language says the way through, too")
}
