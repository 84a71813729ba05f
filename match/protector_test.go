package match_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/match"
)

func protector(t require.TestingT, b ...byte) *match.Protector {
	key := make([]byte, match.SceneKeyBytes)
	copy(key, b)
	p, err := match.NewProtector(key)
	require.NoError(t, err)
	return p
}

func probeOf(t require.TestingT, v []float32) *match.Probe {
	p := new(match.Probe)
	require.NoError(t, p.Set(slices.Clone(v)))
	return p
}

func sealed(t require.TestingT, p *match.Protector, v []float32) []float32 {
	b, err := p.Seal(probeOf(t, v))
	require.NoError(t, err)
	return floats(b)
}

func cosine(a, b []float32) float64 {
	var s, n, m float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
		n += float64(a[i]) * float64(a[i])
		m += float64(b[i]) * float64(b[i])
	}
	return s / math.Sqrt(n*m)
}

// TestFormKeepsCosines: within a scene the map is orthogonal, whatever the key
// and the faces.
func TestFormKeepsCosines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		key := rapid.SliceOfN(rapid.Byte(), match.SceneKeyBytes, match.SceneKeyBytes).Draw(t, "key")
		p := protector(t, key...)
		a := vector(r)
		b := near(r, a, rapid.Float64Range(-1, 1).Draw(t, "cosine"))
		require.InDelta(t, cosine(a, b), cosine(sealed(t, p, a), sealed(t, p, b)), 2e-6)
	})
}

// TestFormsOfTwoScenesAreStrangers compares the templates of one face under
// many pairs of keys: as vectors they are spread as those of unrelated random
// directions are, mean 0 and deviation 1/√256.
func TestFormsOfTwoScenesAreStrangers(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	const n = 400
	var sum, sq, most float64
	for i := range n {
		// A single large value is the hardest to spread.
		v := make([]float32, match.Dim)
		if v[i%match.Dim] = 1; i%2 == 0 {
			v = vector(r)
		}
		c := cosine(sealed(t, protector(t, 1, byte(i), byte(i>>8)), v), sealed(t, protector(t, 2, byte(i), byte(i>>8)), v))
		sum, sq, most = sum+c, sq+c*c, max(most, math.Abs(c))
	}
	require.InDelta(t, 0, sum/n, 4/16.0/math.Sqrt(n))
	require.InDelta(t, 1/16.0, math.Sqrt(sq/n), 0.01)
	require.Less(t, most, 0.3)
}

func TestRenewKeepsTheFace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		from, to := protector(t, 1, rapid.Byte().Draw(t, "a")), protector(t, 2, rapid.Byte().Draw(t, "b"))
		v := vector(r)
		old, err := from.Seal(probeOf(t, v))
		require.NoError(t, err)
		renewed, err := from.Renew(to, old)
		require.NoError(t, err)
		require.InDelta(t, 1, cosine(floats(renewed), sealed(t, to, v)), 1e-6)
		require.Less(t, math.Abs(cosine(floats(renewed), floats(old))), 0.45)
	})
	_, err := protector(t, 1).Renew(protector(t, 2), []byte("short"))
	require.ErrorIs(t, err, match.ErrEmbedding)
}

// TestFormIsTheSameEverywhere pins the map of one key: another would make every
// stored template useless without saying so. Whoever changes it raises Form.
func TestFormIsTheSameEverywhere(t *testing.T) {
	require.Equal(t, 2, match.Form)
	p := protector(t, []byte("a key of thirty-two bytes, fixed")...)
	v := make([]float32, match.Dim)
	for i := range v {
		v[i] = float32(i%7) - 3
	}
	// Rounded, since the last bit may differ between processors.
	h := sha256.New()
	for _, x := range sealed(t, p, v) {
		h.Write([]byte{byte(int8(math.Round(float64(x) * 300)))})
	}
	require.Equal(t, "634b5bc28cc2c3c1", hex.EncodeToString(h.Sum(nil)[:8]))
}
