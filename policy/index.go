package policy

import "time"

// Index finds a site's parts by name without looking through all of them. Where a
// name is used twice the first counts, as in Site.Camera and its like. It is of
// the site as it was when Index was called; what it returns is read-only.
type Index struct {
	site    *Site
	cameras map[string]*Camera
	scenes  map[string]*Scene
	notices map[string]*Notice
	filled  map[string][]*Zone // those that are filled, by camera
}

// Index returns the site's index.
func (s *Site) Index() Index {
	x := Index{
		site: s, cameras: make(map[string]*Camera, len(s.Cameras)), scenes: make(map[string]*Scene, len(s.Scenes)),
		notices: make(map[string]*Notice, len(s.Notices)), filled: map[string][]*Zone{},
	}
	for i := range s.Cameras {
		if c := &s.Cameras[i]; x.cameras[c.ID] == nil {
			x.cameras[c.ID] = c
		}
	}
	for i := range s.Scenes {
		if c := &s.Scenes[i]; x.scenes[c.ID] == nil {
			x.scenes[c.ID] = c
		}
	}
	for i := range s.Notices {
		if n := &s.Notices[i]; x.notices[n.Version] == nil {
			x.notices[n.Version] = n
		}
	}
	for i := range s.Zones {
		if z := &s.Zones[i]; z.filled() {
			x.filled[z.Camera] = append(x.filled[z.Camera], z)
		}
	}
	return x
}

// Camera returns the camera of that id, an empty one where there is none.
func (x Index) Camera(id string) (*Camera, bool) { return found(x.cameras, id) }

// Scene returns the scene of that id, an empty one where there is none.
func (x Index) Scene(id string) (*Scene, bool) { return found(x.scenes, id) }

// Notice returns the notice of that version, an empty one where there is none.
func (x Index) Notice(version string) (*Notice, bool) { return found(x.notices, version) }

// SceneReadiness is Site.SceneReadiness.
func (x Index) SceneReadiness(sc *Scene, now time.Time) SceneReadiness {
	n, known := x.Notice(sc.Notice)
	return x.site.sceneReadiness(sc, n, known, now)
}

// ZoneReadiness is Site.ZoneReadiness.
func (x Index) ZoneReadiness(z *Zone, now time.Time) ZoneReadiness {
	sc, _ := x.Scene(z.Scene)
	cam, known := x.Camera(z.Camera)
	return x.site.zoneReadiness(z, sc, cam, known, now)
}

func found[T any](in map[string]*T, name string) (*T, bool) {
	if v := in[name]; v != nil {
		return v, true
	}
	return new(T), false
}
