package app

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/internal/capacity"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
)

// walker is a face that walks through the picture, found wherever it is.
type walker struct{ looks int }

func walking(i int) geom.Box { return geom.BoxAt(20+float32(i)*0.8, 60, 24, 30) }

func (w *walker) DetectFaces(_ context.Context, p frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	w.looks++
	return append(dst, detect.Face{Box: walking(int(p.Y[0])), Score: 0.9}), nil
}
func (w *walker) Info() detect.Info { return detect.Info{Name: "walker", Provider: "test"} }
func (w *walker) Close() error      { return nil }

// swamped is a source with ever more pictures waiting: looks are late all the time.
type swamped struct{ *scripted }

func (swamped) Waiting() int          { return 99 }
func (swamped) Late() <-chan struct{} { return nil }

// watched checks that each picture that leaves covers the face that was on it.
type watchedFace struct {
	t     *testing.T
	rung  string
	out   int
	clear int // pictures whose face kept its own texture
}

func (w *watchedFace) take(o redact.Out) error {
	defer o.Release()
	w.out++
	i := int(o.Meta.PTS / (40 * time.Millisecond))
	p, box := o.Live.Planes(), walking(i)
	same, all := 0, 0
	for y := int(box.Y0); y < int(box.Y1); y++ {
		for x := int(box.X0); x < int(box.X1); x++ {
			all++
			if k := y*p.StrideY + x; p.Y[k] == byte(k*31+k/7) {
				same++
			}
		}
	}
	// A fill may meet a sample's own value by chance, one of 256.
	if same*20 > all {
		w.clear++
	}
	return nil
}

// On every rung each picture that leaves covers the face on it, from the first
// picture on which it was to the last; hold and guard are the same as ever; and
// no two looks for faces lie further apart than on the first rung, by a picture
// at most.
func TestEveryRungCovers(t *testing.T) {
	const n = 150
	cfg := config.Default()
	for i, rung := range capacity.Rungs() {
		t.Run(rung.Name, func(t *testing.T) {
			src := &scripted{pool: frame.NewPool(64), make: func(i int) (frame.Size, frame.Meta, bool) {
				return frame.Size{W: 160, H: 120}, frame.Meta{PTS: time.Duration(i) * 40 * time.Millisecond, Arrived: time.Now()}, i < n
			}}
			face := &walker{}
			e := &eyes{faces: face, log: zerolog.Nop()}
			e.trusted.Store(true)
			l := &looker{eyes: e, cadence: cfg.Detect, live: true, now: time.Now}
			r := &ride{Source: swamped{src}, id: "camera", looker: l, detect: cfg.Detect, hold: cfg.Redact.Hold, most: 1 << 30}
			r.rung.Store(int32(i))
			out := &watchedFace{t: t, rung: rung.Name}
			p := &pipeline{id: "camera", src: r, looker: l, redact: redactConfig(cfg.Redact), may: redact.Nobody{}, out: out, stats: &cameraStats{}}
			require.NoError(t, p.run(t.Context()))
			require.Zero(t, out.clear, "of %d pictures that left", out.out)
			require.Equal(t, uint64(n), uint64(out.out)+r.thin.Load(), "each picture left or was left out")
			want := n
			if rung.MostFPS > 0 {
				want = int(rung.MostFPS * n / 25)
			}
			require.InDelta(t, want, out.out, 2)
			require.Equal(t, cfg.Redact.Hold, p.redact.Hold)
			require.Equal(t, cfg.Detect.FaceEvery, l.cadence.FaceEvery)
			// 250 ms is the widest pace there is; a look waits for the next picture.
			apart := calmWithin.Seconds() + 0.04
			if rung.MostFPS > 0 {
				apart = calmWithin.Seconds() + 1/rung.MostFPS
			}
			require.GreaterOrEqual(t, face.looks, int(n/25/apart))
			require.Equal(t, rung.MostSide, r.fit().W)
		})
	}
}

// A camera whose pictures need more than it may have ends, and says which keys
// decide.
func TestMemoryIsBounded(t *testing.T) {
	src := &scripted{pool: frame.NewPool(4), make: steady(3)}
	r := &ride{Source: src, id: "door", looker: &looker{}, hold: 50, most: 1 << 20}
	_, err := r.Next(t.Context())
	require.ErrorIs(t, err, capacity.ErrMemory)
	for _, word := range []string{"camera door", "160×120", "redact.hold 50", "capacity.camera_memory"} {
		require.ErrorContains(t, err, word)
	}
	r.most = 16 << 20
	raw, err := r.Next(t.Context())
	require.NoError(t, err)
	raw.Release()
	for err == nil {
		if raw, err = r.Next(t.Context()); err == nil {
			raw.Release()
		}
	}
	require.ErrorIs(t, err, io.EOF)
}

// A machine full of cameras refuses one more, and has room again once one left.
func TestAFullMachine(t *testing.T) {
	cfg := config.Default()
	cfg.Capacity.Cores, cfg.Capacity.Ladder = 0.5, false
	s := newSteering(cfg)
	take := func(id string) error {
		c := &camera{cfg: config.Camera{ID: id}, src: &scripted{}, pipe: &pipeline{}, out: &liveOutlet{}}
		return s.take(&eyes{log: zerolog.Nop()}, c, &looker{cadence: cfg.Detect})
	}
	n := 0
	var err error
	for ; err == nil && n < 1000; n++ {
		err = take(fmt.Sprintf("camera-%d", n))
	}
	require.ErrorIs(t, err, capacity.ErrNoRoom)
	require.ErrorContains(t, err, "capacity.cores")
	require.Greater(t, n, 3)
	s.drop("camera-0")
	require.NoError(t, take("late"))
	require.NoError(t, take("late"), "a camera begun anew counts once")

	s.by["late"].clock.add(stageFaces, time.Second)
	s.by["late"].spent = time.Millisecond
	load := s.measure(0.99)
	require.Len(t, load.Cameras, n-1)
	s.move(&capacity.Step{Camera: "late", From: 0, To: 4, Reason: "trouble"})
	require.Equal(t, "least", s.quality("late").Rung)
	require.Equal(t, "trouble", s.quality("late").Reason)
	require.Greater(t, s.quality("late").Cores, 0.1)
	require.Contains(t, s.notices()[0].Text, "late (least)")
	require.Equal(t, "full", s.quality("camera-1").Rung)
	require.Equal(t, 640, s.by["late"].fit().W)
}

func TestTheMachinesLoad(t *testing.T) {
	require.InDelta(t, 0.25, machine{100, 200}.busy(machine{175, 300}), 1e-9)
	require.Zero(t, machine{100, 200}.busy(machine{100, 200}))
	m := readMachine()
	require.Positive(t, m.all)
	require.LessOrEqual(t, m.idle, m.all)
}

func TestUnitCostsOfAnEvent(t *testing.T) {
	each, size, err := measureEvents()
	require.NoError(t, err)
	t.Logf("%.3f ms, %.0f bytes", each, size)
	require.Positive(t, each)
	require.InDelta(t, 1155, size, 100, "internal/capacity/units.yml says 1155")
}
