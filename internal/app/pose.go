package app

import (
	"sync"
	"time"

	"bystander/api/zones"
	"bystander/detect/pose"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// poseEvery is how often a camera's view is compared, on its own time line.
const poseEvery = 250 * time.Millisecond

// How a camera stands, in the words of package pose.
const (
	poseCalibrated = string(pose.Calibrated)
	poseMoved      = string(pose.Moved)
)

// poses watches how the cameras stand.
type poses struct {
	law *lawful

	mu sync.RWMutex
	by map[string]*poseWatch // of the cameras in operation
}

func newPoses(l *lawful) *poses { return &poses{law: l, by: map[string]*poseWatch{}} }

// watch begins to watch a camera, anew where it was watched before: nothing is
// known of how it stands until pictures tell.
func (p *poses) watch(c config.Camera) *poseWatch {
	w := &poseWatch{camera: c, law: p.law, w: pose.NewWatcher()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.by[c.ID] = w
	return w
}

// drop ends the watch of a camera that is gone.
func (p *poses) drop(camera string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.by, camera)
}

// of returns a camera's watch; one that never saw a picture for a camera that
// does not run here.
func (p *poses) of(camera string) *poseWatch {
	if p != nil {
		p.mu.RLock()
		defer p.mu.RUnlock()
		if w, ok := p.by[camera]; ok {
			return w
		}
	}
	return &poseWatch{camera: config.Camera{ID: camera}, w: pose.NewWatcher()}
}

// view is how a camera stands, for the interface.
func (p *poses) view(camera string) (zones.View, bool) {
	p.mu.RLock()
	w, ok := p.by[camera]
	p.mu.RUnlock()
	if !ok {
		return zones.View{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return zones.View{Fingerprint: w.print, State: string(w.state())}, true
}

// View implements zones.Cameras.
func (p *poses) View(camera string) (zones.View, bool) { return p.view(camera) }

// moved lists the cameras that are found moved since they were last told.
func (p *poses) moved() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []string
	for id, w := range p.by {
		w.mu.Lock()
		if w.told != w.said {
			w.told = w.said
			if w.said == pose.Moved {
				out = append(out, id)
			}
		}
		w.mu.Unlock()
	}
	return out
}

// tellAgain has a camera's movement told once more, as it could not be taken up.
func (p *poses) tellAgain(camera string) {
	w := p.of(camera)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = pose.Unknown
}

// poseWatch watches one camera. Its watcher belongs to the goroutine that looks
// at the camera's pictures; what it found is for everybody.
type poseWatch struct {
	camera config.Camera
	law    *lawful

	w     *pose.Watcher
	grid  pose.Grid
	epoch uint32
	begun bool
	next  time.Duration
	shape uint64
	ref   string // the calibrated fingerprint compared with

	mu    sync.Mutex
	said  pose.State
	told  pose.State // to the control side
	print string     // of the present view, empty while it cannot be told
	match string     // the calibrated fingerprint while the view fits it
}

// observe looks at a picture, four times a second, before anything on it was
// filled. It keeps no picture.
func (p *poseWatch) observe(raw *frame.Raw, private []geom.Polygon) {
	if !p.begun || raw.Epoch != p.epoch {
		p.w.Restart()
		p.begun, p.epoch, p.next = true, raw.Epoch, raw.PTS
	}
	if raw.PTS < p.next {
		return
	}
	p.next = max(p.next+poseEvery, raw.PTS)
	p.calibrate(raw, private)
	planes := raw.Planes()
	if err := p.grid.Sample(planes.Y, planes.StrideY, planes.Size.W, planes.Size.H); err != nil {
		return // smaller than the grid: stays unknown, which denies
	}
	p.tell(p.w.Observe(&p.grid, raw.PTS))
}

// calibrate takes up a new calibrated view and new filled areas.
func (p *poseWatch) calibrate(raw *frame.Raw, private []geom.Polygon) {
	if s := p.law.shape(p.camera); s != p.shape || p.ref == "" {
		p.shape = s
		size := raw.Size()
		parts := make([]geom.Polygon, 0, len(private))
		for _, g := range private {
			part := make(geom.Polygon, 0, len(g))
			for _, c := range g {
				part = append(part, geom.Point{X: c.X / float32(size.W), Y: c.Y / float32(size.H)})
			}
			parts = append(parts, part)
		}
		p.w.Mask(parts)
	}
	ref := ""
	if held, err := p.law.Current(); err == nil {
		if cam, ok := held.Snapshot.Camera(p.camera.ID); ok {
			ref = cam.Pose
		}
	} else {
		return // without a lease nothing is allowed anyway; the view may not have changed
	}
	if ref == p.ref {
		return
	}
	p.ref = ref
	f, err := pose.Parse(ref)
	if err != nil {
		f = nil // nothing to compare with: unknown, which denies
	}
	p.w.Calibrate(f)
}

func (p *poseWatch) tell(s pose.State) {
	fingerprint := ""
	if f, ok := p.w.Fingerprint(); ok {
		fingerprint = f.String()
	}
	p.mu.Lock()
	changed := s != p.said
	p.said, p.print, p.match = s, fingerprint, ""
	if s == pose.Calibrated {
		p.match = p.ref
	}
	p.mu.Unlock()
	if changed {
		p.law.kick()
	}
}

// current is the fingerprint of the calibrated view while the camera stands so;
// the gate compares it with the policy's.
func (p *poseWatch) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.match
}

// says is how the camera stands.
func (p *poseWatch) says() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.state())
}

func (p *poseWatch) state() pose.State {
	if p.said == "" {
		return pose.Unknown
	}
	return p.said
}
