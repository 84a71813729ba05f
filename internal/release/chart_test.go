package release_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/release"
)

type entry struct {
	name, text string
	kind       byte
}

// archive packs entries as of a time.
func archive(t *testing.T, at time.Time, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	zip.ModTime = at
	w := tar.NewWriter(zip)
	for _, e := range entries {
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: e.kind, Name: e.name, Size: int64(len(e.text)), Mode: 0o600, ModTime: at, Uid: 1000, Uname: "somebody"}))
		_, err := io.WriteString(w, e.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return b.Bytes()
}

// TestTheSameFilesGiveTheSameArchive packs the same files at two times and in two
// orders.
//
// proves: A-56
func TestTheSameFilesGiveTheSameArchive(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	a, b := entry{"x/a", "one", tar.TypeReg}, entry{"x/b/c", "two", tar.TypeReg}
	first, names, err := release.Repack(archive(t, time.Unix(1, 0), a, b), at)
	require.NoError(t, err)
	require.Equal(t, []string{"x/a", "x/b/c"}, names)
	second, _, err := release.Repack(archive(t, time.Unix(2_000_000, 0), b, a), at)
	require.NoError(t, err)
	require.Equal(t, first, second)
	b.text = "three"
	other, _, err := release.Repack(archive(t, at, a, b), at)
	require.NoError(t, err)
	require.NotEqual(t, first, other)

	unzip, err := gzip.NewReader(bytes.NewReader(first))
	require.NoError(t, err)
	r := tar.NewReader(unzip)
	h, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, "x/a", h.Name)
	require.True(t, h.ModTime.Equal(at))
	require.Empty(t, h.Uname)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "one", string(text))

	for name, bad := range map[string][]byte{
		"not an archive": []byte("chart"),
		"outside":        archive(t, at, entry{"../x", "", tar.TypeReg}),
		"a link":         archive(t, at, entry{"x/l", "", tar.TypeSymlink}),
		"twice":          archive(t, at, a, a),
	} {
		_, _, err := release.Repack(bad, at)
		require.ErrorIs(t, err, release.ErrChart, name)
	}
}

// proves: A-56
func TestVersionOfTheChart(t *testing.T) {
	for _, c := range [][3]string{
		{"0.2.0", "v1.4.0", "1.4.0"},
		{"0.2.0", "1.4.0-rc.1", "1.4.0-rc.1"},
		{"0.2.0", "2de202e", "0.2.0+2de202e"},
		{"0.2.0", "0012345", "0.2.0+0012345"},
		{"0.2.0", "../x", ""},
		{"0.2.0", "", ""},
		{"two", "2de202e", ""},
	} {
		got, err := release.ChartVersion(c[0], c[1])
		require.Equal(t, c[2], got)
		require.Equal(t, c[2] == "", err != nil, c[1])
	}
}

// TestNothingIncompleteIsSigned: program, chart, description of the interface, bills
// and licences make a release.
//
// proves: A-56
func TestNothingIncompleteIsSigned(t *testing.T) {
	dir := t.TempDir()
	all := []string{
		"bystander-linux-amd64", "bystander-0.2.0+2de202e.tgz", "openapi.json", "sbom-program.cdx.json", "sbom-web.cdx.json", "LICENSE", "THIRD_PARTY_NOTICES.md",
	}
	put := func(name string) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600)) }
	for _, n := range all {
		put(n)
	}
	require.NoError(t, release.Parts(dir))
	for _, n := range all {
		require.NoError(t, os.Remove(filepath.Join(dir, n)))
		require.ErrorIs(t, release.Parts(dir), release.ErrIncomplete, n)
		put(n)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, all[0])))
	put("bystander-1.0.0-rc1.tgz")
	require.ErrorContains(t, release.Parts(dir), "the program is missing", "a chart is none")
}
