package cameras_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api/admin/cameras"
	"bystander/internal/sqldb/sqldbtest"
)

func key(t *testing.T) cameras.AEAD {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(h)
	require.NoError(t, err)
	return a
}

const address = "rtsp://viewer:c4n4ry-secret@10.0.0.7/stream1"

// proves: A-19, B-52
func TestCredentialsAreSealedAndGoAtOnce(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "cameras.db")
	k := key(t)
	s, err := cameras.Open(t.Context(), path, k, func() time.Time { return now })
	require.NoError(t, err)
	_, err = s.Add(t.Context(), cameras.Camera{ID: "gate", Transport: "tcp", AddedBy: "ada"}, address)
	require.NoError(t, err)

	opened := map[string]string{}
	take := func(c cameras.Camera, a string) error { opened[c.ID] = a; return nil }
	require.NoError(t, s.Reveal(t.Context(), take))
	require.Equal(t, map[string]string{"gate": address}, opened)
	require.NoError(t, s.Close())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.False(t, bytes.Contains(b, []byte("c4n4ry")), "%s holds the password", f)
	}

	other, err := cameras.Open(t.Context(), path, key(t), nil)
	require.NoError(t, err)
	require.ErrorContains(t, other.Reveal(t.Context(), take), "keys/cameras.key")
	require.NoError(t, other.Close())

	s, err = cameras.Open(t.Context(), path, k, func() time.Time { return now })
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Remove(t.Context(), "gate", "bob"))
	clear(opened)
	require.NoError(t, s.Reveal(t.Context(), take))
	require.Empty(t, opened)
	require.ErrorIs(t, s.Remove(t.Context(), "gate", "bob"), cameras.ErrNotFound)
	now = now.Add(time.Second)
	_, err = s.Add(t.Context(), cameras.Camera{ID: "gate", Transport: "udp", AddedBy: "ada"}, address)
	require.NoError(t, err, "the same id can be used again")
}

func TestRefusals(t *testing.T) {
	s, err := cameras.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "c.db")), key(t), nil)
	require.NoError(t, err)
	defer s.Close()
	for _, c := range []cameras.Camera{
		{ID: "", Transport: "tcp"},
		{ID: "../x", Transport: "tcp"},
		{ID: "Gate", Transport: "tcp"},
		{ID: "gate", Transport: "carrier pigeon"},
	} {
		_, err := s.Add(t.Context(), c, address)
		require.ErrorIs(t, err, cameras.ErrInvalid, "%+v", c)
	}
	_, err = s.Add(t.Context(), cameras.Camera{ID: "gate", Name: "  ", Transport: "tcp"}, address)
	require.NoError(t, err)
	_, err = s.Add(t.Context(), cameras.Camera{ID: "gate", Transport: "tcp"}, address)
	require.ErrorIs(t, err, cameras.ErrExists)
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "gate", list[0].Name)
}

// proves: INV-16
func TestRemovedCamerasAreForgottenInTime(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := cameras.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "c.db")), key(t), func() time.Time { return now })
	require.NoError(t, err)
	defer s.Close()
	for _, id := range []string{"gone", "here"} {
		_, err = s.Add(t.Context(), cameras.Camera{ID: id, Transport: "tcp"}, address)
		require.NoError(t, err)
	}
	require.NoError(t, s.Remove(t.Context(), "gone", "bob"))
	out, err := s.DB().Enforce(t.Context(), now.AddDate(3, 0, 1))
	require.NoError(t, err)
	require.EqualValues(t, 1, out[0].Disposed)
	require.Zero(t, out[0].Overdue)
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
}
