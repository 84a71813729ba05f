package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/store"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func newStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "data", "policy.db"))
	s, err := store.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, path
}

func consent(id string) policy.Consent {
	return policy.Consent{
		ID: id, Version: 1, Enrollee: "e", Purpose: policy.PurposeMatch, Scenes: []string{"s"}, Zones: []string{"z"},
		NoticeVersion: "n1", ExpiresAt: noon.Add(time.Hour), State: policy.ConsentPending, ChangedAt: noon,
		Act: policy.Act{Channel: policy.ChannelKiosk, At: noon, NoticeHash: event.Digest{1}, RecordedBy: "desk", Basis: "consent"},
	}
}

func TestConsentHistoryIsKept(t *testing.T) {
	s, path := newStore(t)
	c := consent("c1")
	active, err := c.Become(policy.ConsentGiven, noon, "given")
	require.NoError(t, err)
	require.NoError(t, s.PutConsents(t.Context(), c, active))
	gone, err := active.Become(policy.ConsentWithdrawn, noon.Add(time.Minute), "asked")
	require.NoError(t, err)
	require.NoError(t, s.PutConsents(t.Context(), gone))
	all, err := s.Consents(t.Context())
	require.NoError(t, err)
	require.Equal(t, []policy.Consent{gone}, all)
	h, err := s.ConsentHistory(t.Context(), "c1")
	require.NoError(t, err)
	require.Equal(t, []policy.Consent{c, active, gone}, h)
	// Another process sees the same.
	other, err := store.Open(t.Context(), path)
	require.NoError(t, err)
	h, err = other.ConsentHistory(t.Context(), "c1")
	require.NoError(t, err)
	require.Len(t, h, 3)
	require.NoError(t, other.Close())
	_, err = s.ConsentHistory(t.Context(), "nobody")
	require.ErrorIs(t, err, policy.ErrNotFound)
}

// proves: C-01
func TestRefusedConsents(t *testing.T) {
	s, _ := newStore(t)
	c := consent("c1")
	active, err := c.Become(policy.ConsentGiven, noon, "given")
	require.NoError(t, err)
	for name, rows := range map[string][]policy.Consent{
		"born active":   {func() policy.Consent { x := active; x.Version = 1; return x }()},
		"version left":  {c, func() policy.Consent { x := active; x.Version = 3; return x }()},
		"scope widened": {c, func() policy.Consent { x := active; x.Zones = []string{"z", "y"}; return x }()},
		"no notice":     {func() policy.Consent { x := c; x.Act.NoticeHash = event.Digest{}; return x }()},
		"two purposes":  {func() policy.Consent { x := c; x.Purpose = "match,appear_live"; return x }()},
	} {
		require.Error(t, s.PutConsents(t.Context(), rows...), name)
		all, err := s.Consents(t.Context())
		require.NoError(t, err)
		require.Empty(t, all, "%s: a refused batch leaves nothing", name)
	}
	require.NoError(t, s.PutConsents(t.Context(), c, active))
	require.ErrorIs(t, s.PutConsents(t.Context(), active), policy.ErrExists)
}

func TestEnrolleeVersions(t *testing.T) {
	s, _ := newStore(t)
	e := policy.Enrollee{ID: "e", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive, ChangedAt: noon}
	require.NoError(t, s.PutEnrollee(t.Context(), e))
	require.ErrorIs(t, s.PutEnrollee(t.Context(), e), policy.ErrExists)
	e.Version, e.Objected = 2, true
	require.NoError(t, s.PutEnrollee(t.Context(), e))
	all, err := s.Enrollees(t.Context())
	require.NoError(t, err)
	require.Equal(t, []policy.Enrollee{e}, all)
}

func TestVersionsNeverFall(t *testing.T) {
	s, path := newStore(t)
	a, b := event.Digest{1}, event.Digest{2}
	last := uint64(0)
	for _, c := range []struct {
		base    uint64
		content event.Digest
		want    uint64 // 0: overtaken
	}{{0, a, 1}, {1, a, 1}, {0, a, 1}, {0, b, 0}, {1, b, 2}, {1, b, 2}, {1, a, 0}, {7, a, 0}, {2, a, 3}} {
		v, n, err := s.DrawLease(t.Context(), c.base, c.content, noon)
		if c.want == 0 {
			require.ErrorIs(t, err, policy.ErrOvertaken)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, v)
		require.Greater(t, n, last)
		last = n
		v, err = s.LatestVersion(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.want, v)
	}
	n1, err := s.NextSerial(t.Context())
	require.NoError(t, err)
	require.Greater(t, n1, last)
	again, err := store.Open(t.Context(), path)
	require.NoError(t, err)
	n2, err := again.NextSerial(t.Context())
	require.NoError(t, err)
	require.Greater(t, n2, n1)
	require.NoError(t, again.Close())
}

func TestFilesBelongToTheirOwner(t *testing.T) {
	sqldbtest.File(t)
	_, path := newStore(t)
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "x.db"))
	db, err := store.OpenDB(t.Context(), path, []string{"CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT)"})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = store.OpenDB(t.Context(), path, []string{"CREATE TABLE a (x TEXT)"})
	require.ErrorIs(t, err, store.ErrNewer)
}

// shiftAEAD is a reversible stand-in that tells whether data and associated
// data belong together.
type shiftAEAD struct{}

func (shiftAEAD) Encrypt(p, ad []byte) ([]byte, error) {
	out := append([]byte{}, ad...)
	for _, b := range p {
		out = append(out, b^0x5a)
	}
	return out, nil
}

func (shiftAEAD) Decrypt(c, ad []byte) ([]byte, error) {
	if len(c) < len(ad) || string(c[:len(ad)]) != string(ad) {
		return nil, errors.New("not mine")
	}
	return shiftXor(c[len(ad):]), nil
}

func shiftXor(c []byte) []byte {
	out := make([]byte, len(c))
	for i, b := range c {
		out[i] = b ^ 0x5a
	}
	return out
}

// proves: C-14
func TestNamesLieApartAndEncrypted(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "identity.db"))
	v, err := store.OpenIdentity(t.Context(), path, shiftAEAD{})
	require.NoError(t, err)
	require.NoError(t, v.SetName(t.Context(), "e1", "Canary Müller"))
	n, err := v.Name(t.Context(), "e1")
	require.NoError(t, err)
	require.Equal(t, "Canary Müller", n)
	ids, err := v.Find(t.Context(), "Canary Müller")
	require.NoError(t, err)
	require.Equal(t, []string{"e1"}, ids)
	require.NoError(t, v.Erase(t.Context(), "e1"))
	_, err = v.Name(t.Context(), "e1")
	require.ErrorIs(t, err, policy.ErrNotFound)
	require.NoError(t, v.Close())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NotContains(t, string(b), "Canary")
		require.NotContains(t, string(b), string(shiftXor([]byte("Canary"))), "erased, even as ciphertext")
	}
}

// A folder's name is no part of a query: every file lies where it was asked for.
func TestOddFolderNames(t *testing.T) {
	sqldbtest.File(t)
	dir := filepath.Join(t.TempDir(), "50%20 of it? #1")
	path := filepath.Join(dir, "policy.db")
	s, err := store.Open(t.Context(), path)
	require.NoError(t, err)
	_, err = s.NextSerial(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.NotZero(t, st.Size())
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

func TestErasureIsNotDoneWhileAnotherReads(t *testing.T) {
	sqldbtest.File(t)
	path := filepath.Join(t.TempDir(), "x.db")
	steps := []string{"CREATE TABLE t (v TEXT)"}
	db, err := store.OpenDB(t.Context(), path, steps)
	require.NoError(t, err)
	defer db.Close()
	reader, err := store.OpenDB(t.Context(), path, steps)
	require.NoError(t, err)
	defer reader.Close()
	_, err = db.ExecContext(t.Context(), "PRAGMA busy_timeout(1)")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO t VALUES ('a name')")
	require.NoError(t, err)
	rows, err := reader.QueryContext(t.Context(), "SELECT v FROM t")
	require.NoError(t, err)
	require.True(t, rows.Next())
	_, err = db.ExecContext(t.Context(), "DELETE FROM t")
	require.NoError(t, err)
	require.ErrorIs(t, store.EmptyLog(t.Context(), db), store.ErrReading)
	require.NoError(t, rows.Close())
	require.NoError(t, store.EmptyLog(t.Context(), db))
}
