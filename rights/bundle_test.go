package rights_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/rights"
)

var signer = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func bundle(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	b := rights.NewBundler(&buf, "r-1", noon)
	require.NoError(t, b.Records("consents", []string{"a", "b"}, 2))
	require.NoError(t, b.File("video/1.mp4", strings.NewReader("film")))
	require.ErrorIs(t, b.File("video/1.mp4", strings.NewReader("again")), rights.ErrBundle)
	for _, name := range []string{"", "../x", "/x", "manifest.json", "a\\b", "a/../b"} {
		require.ErrorIs(t, b.File(name, strings.NewReader("")), rights.ErrBundle, name)
	}
	require.NoError(t, b.Close(signer))
	return buf.Bytes()
}

// rewrite copies a bundle, letting change replace a file's content; nil drops it.
func rewrite(t testing.TB, b []byte, change func(name string, content []byte) []byte, more ...string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	var buf bytes.Buffer
	out := zip.NewWriter(&buf)
	put := func(name string, content []byte) {
		w, err := out.Create(name)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		if content = change(f.Name, content); content != nil {
			put(f.Name, content)
		}
	}
	for _, name := range more {
		put(name, []byte("more"))
	}
	require.NoError(t, out.Close())
	return buf.Bytes()
}

// proves
func TestABundleShowsAnyChange(t *testing.T) {
	good := bundle(t)
	pub := signer.Public().(ed25519.PublicKey)
	m, err := rights.VerifyBundle(bytes.NewReader(good), int64(len(good)), pub)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"consents": 2}, m.Records)
	require.Len(t, m.Files, 2)

	same := func(_ string, c []byte) []byte { return c }
	in := func(file, from, to string) func(string, []byte) []byte {
		return func(name string, c []byte) []byte {
			if name == file {
				return bytes.Replace(c, []byte(from), []byte(to), 1)
			}
			return c
		}
	}
	drop := func(file string) func(string, []byte) []byte {
		return func(name string, c []byte) []byte {
			if name == file {
				return nil
			}
			return c
		}
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	tests := map[string]struct {
		bytes []byte
		key   ed25519.PublicKey
		says  string
	}{
		"another key":         {good, other, "signature"},
		"a record altered":    {rewrite(t, good, in("consents.json", "a", "c")), pub, "not as the manifest says"},
		"a file longer":       {rewrite(t, good, in("video/1.mp4", "film", "films")), pub, "not as the manifest says"},
		"the manifest edited": {rewrite(t, good, in("manifest.json", "r-1", "r-2")), pub, "signature"},
		"a file dropped":      {rewrite(t, good, drop("video/1.mp4")), pub, "missing"},
		"the manifest gone":   {rewrite(t, good, drop("manifest.json")), pub, "missing"},
		"the signature gone":  {rewrite(t, good, drop("manifest.sig")), pub, "missing"},
		"a file added":        {rewrite(t, good, same, "extra.txt"), pub, "not in the manifest"},
		"a file twice":        {rewrite(t, good, same, "consents.json"), pub, "twice"},
		"cut short":           {good[:len(good)/2], pub, "no ZIP"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := rights.VerifyBundle(bytes.NewReader(tt.bytes), int64(len(tt.bytes)), tt.key)
			require.ErrorIs(t, err, rights.ErrBundle)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func FuzzVerifyBundle(f *testing.F) {
	f.Add(bundle(f))
	f.Add([]byte("PK"))
	pub := signer.Public().(ed25519.PublicKey)
	good := bundle(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := rights.VerifyBundle(bytes.NewReader(b), int64(len(b)), pub); err == nil && !bytes.Equal(b, good) {
			// Bytes outside the files, such as a comment, may differ; the files not.
			m, err := rights.VerifyBundle(bytes.NewReader(b), int64(len(b)), pub)
			require.NoError(t, err)
			require.Equal(t, "r-1", m.Request)
		}
	})
}
