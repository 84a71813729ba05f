package pose_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/detect/detecttest"
	"bystander/detect/pose"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/testkit"
)

var size = frame.Size{W: 320, H: 180}

// every is the time between two observations, as in the pipeline.
const every = 250 * time.Millisecond

// clip is a recording's luma planes, one every 250 ms.
type clip [][]byte

func load(t *testing.T, path string, fps float64) clip {
	t.Helper()
	var c clip
	k := max(int(math.Round(fps*every.Seconds())), 1)
	detecttest.Video(t, path, size, k, func(_ int, p frame.Planes) bool {
		y := make([]byte, size.W*size.H)
		for r := range size.H {
			copy(y[r*size.W:], p.Y[r*p.StrideY:r*p.StrideY+size.W])
		}
		c = append(c, y)
		return len(c) < 400
	})
	return c
}

// change is what happens to a camera: where each sample comes from, and how
// bright it is.
type change struct {
	dx, dy, turn, zoom float64 // parts of the width and height, degrees, factor
	gain, offset       float64 // of the light; gain 0 means 1
}

func (c change) apply(src []byte) []byte {
	out := make([]byte, len(src))
	w, h := float64(size.W), float64(size.H)
	sin, cos := math.Sincos(c.turn * math.Pi / 180)
	zoom, gain := c.zoom, c.gain
	if zoom == 0 {
		zoom = 1
	}
	if gain == 0 {
		gain = 1
	}
	for y := range size.H {
		for x := range size.W {
			u, v := (float64(x)-w/2)/zoom, (float64(y)-h/2)/zoom
			sx, sy := u*cos-v*sin+w/2+c.dx*w, u*sin+v*cos+h/2+c.dy*h
			out[y*size.W+x] = byte(min(max(gain*at(src, sx, sy)+c.offset, 0), 255))
		}
	}
	return out
}

// at samples bilinearly; outside, the picture is mirrored.
func at(src []byte, x, y float64) float64 {
	mirror := func(v float64, n int) float64 {
		v = math.Abs(v)
		if m := float64(n - 1); v > m {
			v = 2*m - v
		}
		return min(max(v, 0), float64(n-1))
	}
	x, y = mirror(x, size.W), mirror(y, size.H)
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, size.W-1), min(y0+1, size.H-1)
	fx, fy := x-float64(x0), y-float64(y0)
	p := func(x, y int) float64 { return float64(src[y*size.W+x]) }
	return (p(x0, y0)*(1-fx)+p(x1, y0)*fx)*(1-fy) + (p(x0, y1)*(1-fx)+p(x1, y1)*fx)*fy
}

// rig is a watcher with its own time line.
type rig struct {
	*pose.Watcher
	t  testing.TB
	at time.Duration
	g  pose.Grid
}

func (r *rig) see(luma []byte) pose.State {
	require.NoError(r.t, r.g.Sample(luma, size.W, size.W, size.H))
	r.at += every
	return r.Observe(&r.g, r.at)
}

// calibrated watches the first n pictures of a clip and calibrates on them.
func calibrated(t *testing.T, c clip, n int) *rig {
	t.Helper()
	r := &rig{Watcher: pose.NewWatcher(), t: t}
	for i := range n {
		r.see(c[i%len(c)])
	}
	f, ok := r.Fingerprint()
	require.True(t, ok, "enough structure")
	back, err := pose.Parse(f.String())
	require.NoError(t, err)
	require.Equal(t, f, back)
	r.Calibrate(back)
	return r
}

// where is a recording of a fixed camera, and how many pictures a second it has.
func where(t *testing.T, name string) (path string, fps float64) {
	shared := testkit.Shared(t)
	switch name {
	case "vtest":
		return "/usr/share/doc/opencv-doc/examples/data/vtest.avi", 10
	case "worker":
		return filepath.Join(shared, "data", "videos", "small", "worker-zone-detection.mp4"), 25
	}
	return filepath.Join(shared, "data", "videos", name+".mp4"), 25
}

// learn is how many pictures a view is watched before it is calibrated: 6 s.
const learn = 24

// No crowd, no walker and no shaking camera is taken for a moved one: the whole
// of vtest.avi, and arcade.mp4, whose camera shakes, over and over.
// proves: A-24, C-09
func TestNoFalseAlarmOnRecordings(t *testing.T) {
	for _, name := range []string{"arcade", "vtest", "worker"} {
		t.Run(name, func(t *testing.T) {
			path, fps := where(t, name)
			c := load(t, path, fps)
			r := calibrated(t, c, learn)
			least, most := float32(1), float32(0)
			for i := learn; i < max(len(c), learn+100); i++ {
				require.Equal(t, pose.Calibrated, r.see(c[i%len(c)]), "picture %d", i)
				_, stays, moved := r.Compared()
				least, most = min(least, stays), max(most, moved)
			}
			t.Logf("%d pictures: at least %.2f of the blocks in place, at most %.2f elsewhere", len(c), least, most)
		})
	}
}

// A camera that is shifted, turned or zoomed is found out within five seconds.
// proves: A-24
func TestAMovedCameraIsFoundOut(t *testing.T) {
	for _, name := range []string{"arcade", "vtest", "worker"} {
		path, fps := where(t, name)
		c := load(t, path, fps)
		c = c[:min(len(c), 60)]
		for what, ch := range map[string]change{
			"left by 3 %": {dx: 0.03}, "right by 3 %": {dx: -0.03}, "down by 3 %": {dy: 0.03}, "up by 4 %": {dy: -0.04},
			"left by 30 %": {dx: 0.3}, "turned by 4°": {turn: 4}, "zoomed by 10 %": {zoom: 1.1},
		} {
			if name == "arcade" && what == "down by 3 %" {
				ch.dy = 0.04 // it shakes by itself, and a row is 2.2 % of the height
			}
			t.Run(name+" "+what, func(t *testing.T) {
				r := calibrated(t, c, learn)
				for i := range 12 {
					r.see(c[(learn+i)%len(c)])
				}
				require.Equal(t, pose.Calibrated, r.State())
				took := time.Duration(0)
				for i := range 20 {
					took += every
					if r.see(ch.apply(c[(learn+12+i)%len(c)])) != pose.Calibrated {
						break
					}
				}
				require.NotEqual(t, pose.Calibrated, r.State())
				require.LessOrEqual(t, took, 5*time.Second)
				t.Logf("%s after %v", r.State(), took)
			})
		}
	}
}

// Light that changes is no movement, by day or night.
func TestLightIsNoMovement(t *testing.T) {
	path, fps := where(t, "vtest")
	c := load(t, path, fps)[:80]
	for what, ch := range map[string]change{
		"half the light": {gain: 0.5}, "a lamp": {gain: 1.3, offset: 20}, "dusk": {gain: 0.15}, "the light comes back": {offset: -20},
	} {
		r := calibrated(t, c, learn)
		for i := learn; i < len(c); i++ {
			require.NotEqual(t, pose.Moved, r.see(ch.apply(c[i])), what)
		}
		require.Equal(t, pose.Calibrated, r.State(), what)
	}
	r := calibrated(t, c, learn)
	for range 20 {
		r.see(change{gain: 0.001}.apply(c[0]))
	}
	require.Equal(t, pose.Unsure, r.State(), "in the dark nobody can tell")
}

// A camera that was put back is believed only after a while.
func TestBackInPlace(t *testing.T) {
	c := clip{drawn(0, 0)}
	r := calibrated(t, c, learn)
	for range 20 {
		r.see(drawn(20, 0))
	}
	require.Equal(t, pose.Moved, r.State())
	n := 0
	for r.see(drawn(0, 0)) != pose.Calibrated {
		n++
		require.Less(t, n, 60)
	}
	require.GreaterOrEqual(t, time.Duration(n)*every, 5*time.Second)
	r.Restart()
	require.Equal(t, pose.Unknown, r.see(drawn(0, 0)), "after a gap nothing is known at first")
}

// drawn is a room with shelves, shifted by whole samples.
func drawn(dx, dy int) []byte {
	out := make([]byte, size.W*size.H)
	for y := range size.H {
		for x := range size.W {
			u, v := x+dx, y+dy
			b := 90
			if (u/23+v/31)%2 == 0 {
				b = 140
			}
			if (u+v)%67 < 9 {
				b += 60
			}
			out[y*size.W+x] = byte(b)
		}
	}
	return out
}

// People who walk through hide blocks; they do not move the camera.
func TestACrowdIsNoMovement(t *testing.T) {
	r := calibrated(t, clip{drawn(0, 0)}, learn)
	for i := range 80 {
		pic := drawn(0, 0)
		for p := range 14 { // fourteen walkers, each a fifth of the height
			x0, y0 := (p*61+i*7*(1+p%3))%size.W, 10+(p*37)%(size.H-50)
			for y := y0; y < y0+36; y++ {
				for x := x0; x < min(x0+14, size.W); x++ {
					pic[y*size.W+x] = byte(30 + 13*p)
				}
			}
		}
		require.Equal(t, pose.Calibrated, r.see(pic), "picture %d", i)
	}
}

func TestTooLittleToTell(t *testing.T) {
	r := &rig{Watcher: pose.NewWatcher(), t: t}
	grey := make([]byte, size.W*size.H)
	for range 40 {
		require.Equal(t, pose.Unknown, r.see(grey))
	}
	_, ok := r.Fingerprint()
	require.False(t, ok, "a bare wall cannot be told from another")
	r = &rig{Watcher: pose.NewWatcher(), t: t}
	for range 10 {
		r.see(drawn(0, 0))
		if _, ok := r.Fingerprint(); r.at < 5*time.Second {
			require.False(t, ok, "not watched for long enough")
		}
	}
}

// What is filled on a picture stays where it is when the camera moves, and must
// not speak for it.
func TestFilledAreasHaveNoSay(t *testing.T) {
	half := geom.Polygon{{X: 0, Y: 0}, {X: 0.5, Y: 0}, {X: 0.5, Y: 1}, {X: 0, Y: 1}}
	paint := func(b []byte) []byte {
		for y := range size.H {
			for x := range size.W / 2 {
				b[y*size.W+x] = byte(90 + 60*((x/20+y/20)%2))
			}
		}
		return b
	}
	r := &rig{Watcher: pose.NewWatcher(), t: t}
	r.Mask([]geom.Polygon{half})
	for range learn {
		r.see(paint(drawn(0, 0)))
	}
	f, ok := r.Fingerprint()
	require.True(t, ok)
	for y := range pose.H {
		for x := range pose.W / 2 {
			require.Zero(t, f[y*pose.W+x])
		}
	}
	r.Calibrate(f)
	for range 12 {
		r.see(paint(drawn(0, 0)))
	}
	require.Equal(t, pose.Calibrated, r.State())
	for range 20 {
		r.see(paint(drawn(12, 0)))
	}
	require.Equal(t, pose.Moved, r.State())
}

func TestSampleMeans(t *testing.T) {
	var g pose.Grid
	for _, s := range []frame.Size{
		{W: 80, H: 45}, {W: 641, H: 361}, {W: 176, H: 144}, {W: 1280, H: 720}, {W: 1000, H: 6000},
	} {
		plane := make([]byte, (s.W+3)*s.H)
		for i := range plane {
			plane[i] = byte(i * i >> 7)
			if s.H > 720 {
				plane[i] = 255 // the largest sums
			}
		}
		require.NoError(t, g.Sample(plane, s.W+3, s.W, s.H))
		for i, got := range g {
			cx, cy, sum, n := i%pose.W, i/pose.W, 0, 0
			for y := cy * s.H / pose.H; y < (cy+1)*s.H/pose.H; y++ {
				for x := cx * s.W / pose.W; x < (cx+1)*s.W/pose.W; x++ {
					sum, n = sum+int(plane[y*(s.W+3)+x]), n+1
				}
			}
			if want := float32(sum) / float32(n); got != want {
				t.Fatalf("%v: cell %d is %v, want %v", s, i, got, want)
			}
		}
	}
	require.ErrorIs(t, g.Sample(make([]byte, 79*45), 79, 79, 45), pose.ErrSize)
	require.ErrorIs(t, g.Sample(make([]byte, 80*44), 80, 80, 45), pose.ErrSize)
}

// TestAFingerprintIsNoPicture pins what is kept of a view.
func TestAFingerprintIsNoPicture(t *testing.T) {
	r := calibrated(t, clip{drawn(0, 0)}, learn)
	f, ok := r.Fingerprint()
	require.True(t, ok)
	require.Len(t, f.String(), len("p1:")+pose.W*pose.H/2*8/6)
	for _, d := range f {
		require.LessOrEqual(t, d, uint8(8))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("p1:")
	f.Add("p1:" + strings.Repeat("A", 2400))
	f.Add("p1:" + strings.Repeat("ERER", 600))
	f.Fuzz(func(t *testing.T, s string) {
		fp, err := pose.Parse(s)
		if err != nil {
			require.ErrorIs(t, err, pose.ErrFingerprint)
			return
		}
		back, err := pose.Parse(fp.String())
		require.NoError(t, err)
		require.Equal(t, fp, back)
	})
}

func BenchmarkObserve(b *testing.B) {
	r := &rig{Watcher: pose.NewWatcher(), t: b}
	luma := drawn(0, 0)
	for range learn {
		r.see(luma)
	}
	f, _ := r.Fingerprint()
	r.Calibrate(f)
	b.ReportAllocs()
	for b.Loop() {
		r.see(luma)
	}
}

func BenchmarkSample(b *testing.B) {
	var g pose.Grid
	plane := make([]byte, 1280*720)
	for i := range plane {
		plane[i] = byte(i * i >> 5)
	}
	for b.Loop() {
		if err := g.Sample(plane, 1280, 1280, 720); err != nil {
			b.Fatal(err)
		}
	}
}
