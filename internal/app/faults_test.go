package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/detect"
	"bystander/detect/canary"
	"bystander/ingest"
	"bystander/internal/av"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/redact"
	"bystander/sink/encode"
)

// scripted is a camera whose pictures a test describes.
type scripted struct {
	pool *frame.Pool
	n    int
	make func(i int) (frame.Size, frame.Meta, bool)
}

func (s *scripted) Next(context.Context) (*frame.Raw, error) {
	size, meta, ok := s.make(s.n)
	if !ok {
		return nil, io.EOF
	}
	raw, err := s.pool.Get(size)
	if err != nil {
		return nil, err
	}
	// A picture with detail everywhere: a full mask is told from it at once.
	p := raw.Planes()
	for i := range p.Y {
		p.Y[i] = byte(i*31 + i/7)
	}
	for i := range p.U {
		p.U[i], p.V[i] = byte(i), byte(i*3)
	}
	p.Y[0] = byte(s.n) // tells a detector which picture it looks at
	raw.Meta = meta
	raw.Seq = uint64(s.n)
	s.n++
	return raw, nil
}

func (s *scripted) Health() ingest.Health { return ingest.Health{State: ingest.StateConnected} }
func (s *scripted) Close() error          { return nil }
func (s *scripted) Negotiate(context.Context, string) (string, error) {
	return "", ingest.ErrNotSupported
}

// steady is an ordinary camera of n pictures at 25 a second.
func steady(n int) func(int) (frame.Size, frame.Meta, bool) {
	return func(i int) (frame.Size, frame.Meta, bool) {
		return frame.Size{W: 160, H: 120}, frame.Meta{PTS: time.Duration(i) * 40 * time.Millisecond, Arrived: time.Now()}, i < n
	}
}

// eye is a detector that answers by the number of the look.
type eye struct {
	looks int
	faces func(look int) ([]detect.Face, error)
}

func (e *eye) DetectFaces(_ context.Context, _ frame.Planes, dst []detect.Face) ([]detect.Face, error) {
	e.looks++
	f, err := e.faces(e.looks - 1)
	return append(dst, f...), err
}
func (e *eye) Info() detect.Info { return detect.Info{Name: "scripted", Provider: "test"} }
func (e *eye) Close() error      { return nil }

func aFace(int) ([]detect.Face, error) {
	return []detect.Face{{Box: geom.BoxAt(80, 60, 24, 30), Score: 0.9}}, nil
}

// brokenPersons is a person detector that fails.
type brokenPersons struct{ detect.PersonDetector }

func (brokenPersons) DetectPersons(context.Context, frame.Planes, []detect.Person) ([]detect.Person, error) {
	return nil, errors.New("the device is gone")
}

// caught keeps what left the pipeline.
type caught struct {
	t    *testing.T
	full []bool
	code []string
}

func (c *caught) take(o redact.Out) error {
	defer o.Release()
	for _, r := range []*frame.Redacted{o.Live, o.Record} {
		if r.FullMask() {
			requireUniform(c.t, r.Planes())
		}
	}
	c.full = append(c.full, o.Live.FullMask() && o.Record.FullMask())
	c.code = append(c.code, maskCode(o.Stats))
	return nil
}

func requireUniform(t *testing.T, p frame.Planes) {
	t.Helper()
	for name, plane := range map[string][]byte{"luma": p.Y, "u": p.U, "v": p.V} {
		for i, v := range plane {
			if v != plane[0] {
				t.Fatalf("a full mask shows something: %s sample %d is %d, not %d", name, i, v, plane[0])
			}
		}
	}
}

type rig struct {
	eyes *eyes
	src  *scripted
	live bool
	now  func() time.Time
}

func newRig(faces func(int) ([]detect.Face, error), pictures func(int) (frame.Size, frame.Meta, bool)) *rig {
	e := &eyes{faces: &eye{faces: faces}, canary: canary.New(), log: zerolog.Nop()}
	e.trusted.Store(true)
	return &rig{eyes: e, src: &scripted{pool: frame.NewPool(64), make: pictures}, now: time.Now}
}

// run passes every picture through the pipeline and returns what left.
func (r *rig) run(t *testing.T, may redact.Permission) *caught {
	t.Helper()
	out := &caught{t: t}
	p := &pipeline{
		id: "test", src: r.src, redact: redact.DefaultConfig(), may: may, out: out, stats: &cameraStats{},
		looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, live: r.live, now: r.now},
	}
	require.NoError(t, p.run(context.Background()))
	require.Zero(t, r.src.pool.Lent(), "a picture was not given back")
	require.Equal(t, uint64(len(out.full)), p.stats.totals().Out)
	return out
}

// anyCode accepts whatever reason is given.
const anyCode = "*"

// Every fault ends in a full mask, or in no picture, for as long as it lasts.
//
// proves: A-20, INV-5
func TestFaultsFailClosed(t *testing.T) {
	for name, c := range map[string]struct {
		faces    func(int) ([]detect.Face, error)
		pictures func(int) (frame.Size, frame.Meta, bool)
		break_   func(*rig)
		code     string
		// healthy pictures at the start and the end, which are not fully masked.
		head, tail int
	}{
		"nothing wrong": {aFace, steady(60), nil, "", 60, 0},
		"detector fails once": {func(i int) ([]detect.Face, error) {
			if i == 5 {
				return nil, errors.New("boom")
			}
			return aFace(i)
		}, steady(60), nil, api.MaskDetectorError, 15, 40},
		"output is not finite": {
			func(int) ([]detect.Face, error) { return nil, fmt.Errorf("yunet: %w", detect.ErrNotFinite) },
			steady(30), nil, api.MaskDetectorError, 0, 0,
		},
		"a box of NaN": {func(int) ([]detect.Face, error) {
			nan := float32(0)
			nan /= nan
			return []detect.Face{{Box: geom.Box{X0: nan, Y0: 1, X1: 5, Y1: 5}, Score: 0.9}}, nil
		}, steady(30), nil, anyCode, 0, 0},
		"detector fails for good": {func(i int) ([]detect.Face, error) {
			if i >= 5 {
				return nil, errors.New("boom")
			}
			return aFace(i)
			// Looks are at 0, 3, 6, 9 and, as nothing surprises, 15; the next fails.
		}, steady(60), nil, api.MaskDetectorError, 21, 0},
		"person detector fails": {aFace, steady(30), func(r *rig) { r.eyes.persons = brokenPersons{} }, api.MaskDetectorError, 0, 0},
		"no detector at all":    {aFace, steady(30), func(r *rig) { r.eyes.faces = nil }, api.MaskModelMissing, 0, 0},
		"canary not seen":       {aFace, steady(30), func(r *rig) { r.eyes.trusted.Store(false) }, api.OffCanary, 0, 0},
		"always late": {aFace, steady(60), func(r *rig) {
			r.live = true
			r.now = func() time.Time { return time.Now().Add(time.Second) }
		}, api.MaskStarting, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(c.faces, c.pictures)
			if c.break_ != nil {
				c.break_(r)
			}
			out := r.run(t, redact.Nobody{})
			n := len(out.full)
			for i := c.head; i < n-c.tail; i++ {
				if name == "detector fails once" && !out.full[i] {
					continue // only the picture itself must be covered
				}
				require.True(t, out.full[i], "picture %d of %d", i, n)
				if c.code != anyCode {
					require.Equal(t, c.code, out.code[i], "picture %d", i)
				}
			}
			if name == "detector fails once" {
				require.Contains(t, out.full, true, "the picture that failed is covered")
			}
			for i := range c.head {
				require.False(t, out.full[i], "picture %d of %d: %s", i, n, out.code[i])
			}
		})
	}
}

func TestLateLooksEndInAFullMask(t *testing.T) {
	slow := time.Duration(0)
	r := newRig(aFace, steady(100))
	r.live = true
	r.now = func() time.Time { return time.Now().Add(slow) }
	r.src.make = func(i int) (frame.Size, frame.Meta, bool) {
		if i == 40 {
			slow = time.Second // from now on every picture is seen too late
		}
		return steady(100)(i)
	}
	out := r.run(t, redact.Nobody{})
	require.False(t, out.full[30])
	for i := 40 + 12; i < 100; i++ { // past the longest blind time, 400 ms
		require.True(t, out.full[i], "picture %d", i)
		require.Equal(t, api.MaskDetectorLate, out.code[i])
	}
}

func TestNothingCarriesOverABreak(t *testing.T) {
	everything := permitAll{}
	for name, after := range map[string]func(i int) (frame.Size, frame.Meta){
		"a new size": func(i int) (frame.Size, frame.Meta) {
			return frame.Size{W: 320, H: 240}, frame.Meta{Epoch: 1, PTS: time.Duration(i) * 40 * time.Millisecond}
		},
		"a new epoch": func(i int) (frame.Size, frame.Meta) {
			return frame.Size{W: 160, H: 120}, frame.Meta{Epoch: 1, PTS: time.Duration(i) * 40 * time.Millisecond}
		},
		"a clock set back": func(i int) (frame.Size, frame.Meta) {
			return frame.Size{W: 160, H: 120}, frame.Meta{PTS: time.Duration(i) * 40 * time.Millisecond}
		},
	} {
		t.Run(name, func(t *testing.T) {
			looks, gone := 0, false
			r := newRig(func(i int) ([]detect.Face, error) {
				looks = i
				if gone { // after the break the detector is
					return nil, errors.New("boom")
				}
				return aFace(i)
			}, func(i int) (frame.Size, frame.Meta, bool) {
				if i < 30 {
					return steady(30)(i)
				}
				gone = true // a picture is asked for by whoever looks at it next
				size, meta := after(i - 30)
				meta.Arrived = time.Now()
				return size, meta, i < 60
			})
			out := r.run(t, everything)
			require.Len(t, out.full, 60, "what was held of the old stretch left too")
			require.Greater(t, looks, 6)
			for i := 30; i < 60; i++ {
				require.True(t, out.full[i], "picture %d: nothing is vouched for after the break", i)
			}
		})
	}
}

type permitAll struct{}

func (permitAll) May(uint64, redact.Rule) bool { return true }

func TestEncoderTroubleLetsNothingOut(t *testing.T) {
	boom := errors.New("encoder broken")
	sink := &nullSink{}
	out := &liveOutlet{
		shared: encode.New(encode.Config{New: func(av.EncoderConfig) (encode.Encoder, error) { return nil, boom }}),
		live:   sink, record: sink, log: zerolog.Nop(),
	}
	r := newRig(aFace, steady(40))
	p := &pipeline{
		id: "test", src: r.src, redact: redact.DefaultConfig(), may: redact.Nobody{}, out: out, stats: &cameraStats{},
		looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now},
	}
	require.NoError(t, p.run(context.Background()), "the camera goes on")
	require.Zero(t, sink.bytes)
	require.NotZero(t, out.failures.Load())
	require.Zero(t, r.src.pool.Lent())
}
