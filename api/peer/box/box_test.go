package box_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/api/peer/box"
)

func sealed(t require.TestingT, to *box.Key, info string, records ...[]byte) []byte {
	var out bytes.Buffer
	s, err := box.NewSealer(&out, to.Public(), []byte(info))
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, s.Put(r))
	}
	require.NoError(t, s.Close())
	return out.Bytes()
}

func open(b []byte, key *box.Key, info string) (out [][]byte, err error) {
	o, err := box.NewOpener(bytes.NewReader(b), key, []byte(info))
	if err != nil {
		return nil, err
	}
	for {
		r, err := o.Next()
		if err == io.EOF { //nolint:errorlint // the end itself, and no cut that wraps it
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
}

func TestOnlyWhoAskedCanOpen(t *testing.T) {
	mine, other := newKey(t), newKey(t)
	b := sealed(t, mine, "hall", []byte("a template"), nil)
	got, err := open(b, mine, "hall")
	require.NoError(t, err)
	require.Equal(t, "a template", string(got[0]))
	require.Empty(t, got[1])
	require.NotContains(t, string(b), "a template")
	_, err = open(b, other, "hall")
	require.ErrorIs(t, err, box.ErrBroken)
	_, err = open(b, mine, "door")
	require.ErrorIs(t, err, box.ErrBroken)
	_, err = box.NewSealer(io.Discard, []byte("no key"), nil)
	require.ErrorIs(t, err, box.ErrKey)
	s, err := box.NewSealer(io.Discard, mine.Public(), nil)
	require.NoError(t, err)
	require.ErrorIs(t, s.Put(make([]byte, box.MaxRecord+1)), box.ErrSize)
}

func newKey(t testing.TB) *box.Key {
	t.Helper()
	k, err := box.NewKey()
	require.NoError(t, err)
	return k
}

// Whatever is cut off or altered shows.
func TestWhatIsCutOrAlteredShows(t *testing.T) {
	key := newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 64), 0, 5).Draw(t, "records")
		b := sealed(t, key, "x", records...)
		if rapid.Bool().Draw(t, "cut") {
			b = b[:rapid.IntRange(0, len(b)-1).Draw(t, "at")]
		} else {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		}
		_, err := open(b, key, "x")
		require.ErrorIs(t, err, box.ErrBroken)
		require.NotErrorIs(t, err, io.EOF)
	})
}

func FuzzOpener(f *testing.F) {
	key := newKey(f)
	f.Add(sealed(f, key, "x", []byte("record")))
	f.Add([]byte{0, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := open(b, key, "x")
		if err != nil {
			require.ErrorIs(t, err, box.ErrBroken)
		}
	})
}
