package match_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/internal/geom"
	"bystander/match"
)

// onTemplate returns the template's landmarks moved by a similarity.
func onTemplate(scale, angle, tx, ty float64) [5]geom.Point {
	t := [5][2]float64{{0.31557, 0.46157}, {0.68262, 0.46157}, {0.50026, 0.64053}, {0.34947, 0.82469}, {0.65344, 0.82469}}
	var out [5]geom.Point
	for i, p := range t {
		x, y := p[0]*match.ChipSide, p[1]*match.ChipSide
		out[i] = geom.Point{
			X: float32(scale*(math.Cos(angle)*x-math.Sin(angle)*y) + tx),
			Y: float32(scale*(math.Sin(angle)*x+math.Cos(angle)*y) + ty),
		}
	}
	return out
}

func TestAlignFindsTheSimilarity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.Float64Range(0.1, 8).Draw(t, "scale")
		a := rapid.Float64Range(-3, 3).Draw(t, "angle")
		tx, ty := rapid.Float64Range(-500, 2000).Draw(t, "tx"), rapid.Float64Range(-500, 2000).Draw(t, "ty")
		s, err := match.Align(onTemplate(k, a, tx, ty))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.Scale()-k) > 1e-3*k || math.Hypot(s.Tx-tx, s.Ty-ty) > 0.05 {
			t.Fatalf("%+v, want scale %v at %v, %v", s, k, tx, ty)
		}
	})
}

func TestAlignRefusesWhatIsNoFace(t *testing.T) {
	nan := float32(math.NaN())
	mirrored := onTemplate(1, 0, 0, 0)
	for i := range mirrored {
		mirrored[i].X = 200 - mirrored[i].X
	}
	for name, lm := range map[string][5]geom.Point{
		"zero": {}, "one point": {{X: 5, Y: 5}, {X: 5, Y: 5}, {X: 5, Y: 5}, {X: 5, Y: 5}, {X: 5, Y: 5}},
		"NaN": {{X: nan}}, "infinite": {{X: float32(math.Inf(1))}}, "mirrored": mirrored,
	} {
		_, err := match.Align(lm)
		require.ErrorIs(t, err, match.ErrLandmarks, name)
	}
}

// proves: A-27, INV-2
func TestProbeIsNeverWritten(t *testing.T) {
	var p match.Probe
	raw := make([]float32, match.Dim)
	raw[7] = 0.123456
	require.NoError(t, p.Set(raw))
	require.Equal(t, make([]float32, match.Dim), raw, "the model's output is wiped")
	require.InDelta(t, 1, p.Cosine(&p), 1e-6)
	_, err := json.Marshal(p)
	require.ErrorIs(t, err, match.ErrSecret)
	_, err = json.Marshal(struct{ P *match.Probe }{&p})
	require.ErrorIs(t, err, match.ErrSecret)
	require.Error(t, gob.NewEncoder(&bytes.Buffer{}).Encode(&p))
	_, err = p.MarshalText()
	require.ErrorIs(t, err, match.ErrSecret)
	_, err = p.MarshalBinary()
	require.ErrorIs(t, err, match.ErrSecret)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s"} {
		require.Equal(t, "match.Probe(***)", fmt.Sprintf(verb, p))
		require.NotContains(t, fmt.Sprintf(verb, &p), "0.123")
		require.Equal(t, "match.Chip(***)", fmt.Sprintf(verb, &match.Chip{}))
	}
	p.Wipe()
	require.InDelta(t, -1, p.Cosine(&p), 0, "a wiped probe resembles nobody")
	for _, bad := range [][]float32{nil, make([]float32, 3), make([]float32, match.Dim), {0: float32(math.NaN()), match.Dim - 1: 0}} {
		require.ErrorIs(t, p.Set(bad), match.ErrEmbedding)
	}
}

func vector(r *rand.Rand) []float32 {
	v := make([]float32, match.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// near returns a vector at the given cosine from v.
func near(r *rand.Rand, v []float32, cos float64) []float32 {
	var n float64
	for _, x := range v {
		n += float64(x) * float64(x)
	}
	n = math.Sqrt(n)
	o := vector(r)
	var d float64
	for i := range o {
		d += float64(o[i]) * float64(v[i]) / n
	}
	var m float64
	for i := range o {
		o[i] -= float32(d * float64(v[i]) / n)
		m += float64(o[i]) * float64(o[i])
	}
	out := make([]float32, match.Dim)
	for i := range out {
		out[i] = float32(cos*float64(v[i])/n + math.Sqrt(1-cos*cos)*float64(o[i])/math.Sqrt(m))
	}
	return out
}

// shelf is a source of templates in memory.
type templates struct {
	keys map[string][]byte
	list []match.StoredTemplate
}

func (s *templates) SceneKey(_ context.Context, scene string) ([]byte, error) {
	if s.keys == nil {
		s.keys = map[string][]byte{}
	}
	if s.keys[scene] == nil {
		k := make([]byte, match.SceneKeyBytes)
		copy(k, scene)
		s.keys[scene] = k
	}
	return bytes.Clone(s.keys[scene]), nil
}

func (s *templates) Each(_ context.Context, _, _ string, f func(match.StoredTemplate) error) error {
	for _, t := range s.list {
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}

func (s *templates) add(t *testing.T, enrollee, scene string, v []float32) {
	t.Helper()
	key, err := s.SceneKey(t.Context(), scene)
	require.NoError(t, err)
	p, err := match.NewProtector(key)
	require.NoError(t, err)
	var probe match.Probe
	require.NoError(t, probe.Set(append([]float32{}, v...)))
	b, err := p.Seal(&probe)
	require.NoError(t, err)
	k := make([]byte, match.SubjectKeyBytes)
	copy(k, enrollee)
	s.list = append(s.list, match.StoredTemplate{Enrollee: enrollee, Ref: event.Digest{byte(len(s.list) + 1)}, Blob: b, SubjectKey: k})
}

// proves: C-28
func TestScenesDoNotCompare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v := vector(r)
	var blobs [][]byte
	for i := range 2 {
		p, err := match.NewProtector(append(make([]byte, match.SceneKeyBytes-1), byte(i)))
		require.NoError(t, err)
		var probe match.Probe
		require.NoError(t, probe.Set(append([]float32{}, v...)))
		b, err := p.Seal(&probe)
		require.NoError(t, err)
		blobs = append(blobs, b)
	}
	// Seen as plain vectors, the two templates of one face are strangers.
	var a, b match.Probe
	require.NoError(t, a.Set(floats(blobs[0])))
	require.NoError(t, b.Set(floats(blobs[1])))
	require.InDelta(t, 0, a.Cosine(&b), 0.3)
	_, err := match.NewProtector([]byte("short"))
	require.ErrorIs(t, err, match.ErrConfig)
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
	}
	return out
}

func TestGalleryRefusesDamagedTemplates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, harm := range map[string]func(s *match.StoredTemplate){
		"short":  func(s *match.StoredTemplate) { s.Blob = s.Blob[:100] },
		"zero":   func(s *match.StoredTemplate) { s.Blob = make([]byte, match.TemplateBytes) },
		"no key": func(s *match.StoredTemplate) { s.SubjectKey = nil },
	} {
		var src templates
		src.add(t, "a", "s", vector(r))
		harm(&src.list[0])
		_, err := match.LoadGallery(t.Context(), &src, "s", "m")
		require.Error(t, err, name)
	}
}

func TestGalleryIdentity(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var src templates
	src.add(t, "b", "s", vector(r))
	src.add(t, "a", "s", vector(r))
	src.add(t, "a", "s", vector(r))
	g, err := match.LoadGallery(t.Context(), &src, "s", "m")
	require.NoError(t, err)
	defer g.Close()
	require.Equal(t, 3, g.Size())
	require.True(t, g.Has("a") && g.Has("b") && !g.Has("c"))
	today, later := epoch, epoch.AddDate(0, 0, 1)
	ref := g.SubjectRef("a", today)
	require.False(t, ref.IsZero())
	require.Equal(t, ref, g.SubjectRef("a", today.Add(3600e9)))
	require.NotEqual(t, ref, g.SubjectRef("a", later), "a pseudonym lasts a day")
	require.NotEqual(t, ref, g.SubjectRef("b", today))
	require.True(t, g.SubjectRef("c", today).IsZero())
	other, err := match.LoadGallery(t.Context(), &src, "s", "m2")
	require.NoError(t, err)
	defer other.Close()
	require.NotEqual(t, g.Root(), other.Root())
	empty, err := match.LoadGallery(t.Context(), &templates{}, "s", "m")
	require.NoError(t, err)
	require.Zero(t, empty.Size())
	empty.Close()
}

func TestThresholdGrowsWithTheGallery(t *testing.T) {
	c := match.Calibration0095()
	last := float32(0)
	for _, n := range []int{1, 2, 5, 10, 50, 99} {
		th, err := c.Threshold(n, 1e-4)
		require.NoError(t, err)
		require.Greater(t, th, last)
		last = th
	}
	one, err := c.Threshold(1, 1e-4)
	require.NoError(t, err)
	require.InDelta(t, 0.449, one, 1e-6)
	for _, bad := range []float64{0, 1, -1, math.NaN()} {
		_, err = c.Threshold(1, bad)
		require.ErrorIs(t, err, match.ErrConfig)
	}
	for i := 1; i < len(c.Points); i++ {
		require.Less(t, c.Points[i].FMR, c.Points[i-1].FMR)
		require.Greater(t, c.Points[i].Cosine, c.Points[i-1].Cosine)
	}
}

// BenchmarkCosine1000 is what one look costs against 1,000 candidates.
func BenchmarkCosine1000(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var p, q match.Probe
	if p.Set(vector(r)) != nil || q.Set(vector(r)) != nil {
		b.Fatal("probe")
	}
	b.ReportAllocs()
	for b.Loop() {
		for range 1000 {
			p.Cosine(&q)
		}
	}
}
