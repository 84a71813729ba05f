package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/doctor"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// whole holds every finding to what the program promises of it.
func whole(t *testing.T, all ...doctor.Finding) []doctor.Finding {
	t.Helper()
	require.NotEmpty(t, all)
	for _, f := range all {
		require.NotEmpty(t, f.Name)
		require.NotEmpty(t, f.Text, f.Name)
		if f.Level == doctor.Fine {
			require.Empty(t, f.Fix, f.Name)
			continue
		}
		require.NotEmpty(t, f.Why, "%s: %s", f.Name, f.Text)
		require.NotEmpty(t, f.Fix, "%s: %s", f.Name, f.Text)
	}
	return all
}

func put(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

// proves: B-46
func TestKeys(t *testing.T) {
	uid := uint32(os.Getuid())
	for name, c := range map[string]struct {
		spoil func(dir string)
		uid   uint32
		want  string
		level doctor.Level
	}{
		"as they should be":  {func(string) {}, uid, "3 in", doctor.Fine},
		"open to the group":  {func(d string) { require.NoError(t, os.Chmod(filepath.Join(d, "edge.pem"), 0o640)) }, uid, "can be read by others", doctor.Bad},
		"a database is open": {func(d string) { require.NoError(t, os.Chmod(filepath.Join(d, "erasures.db"), 0o644)) }, uid, "can be read by others", doctor.Bad},
		"the folder is open": {func(d string) { require.NoError(t, os.Chmod(d, 0o755)) }, uid, "looked into", doctor.Bad},
		"somebody else's":    {func(string) {}, uid + 1, "belongs to user", doctor.Bad},
		"an old key": {func(d string) {
			old := now.AddDate(-3, 0, 0)
			require.NoError(t, os.Chtimes(filepath.Join(d, "edge.pem"), old, old))
		}, uid, "two years", doctor.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "keys")
			for _, f := range []string{"edge.pem", "policy.pem", "erasures.db"} {
				require.NoError(t, os.Chtimes(put(t, filepath.Join(dir, f), "x", 0o600), now, now))
			}
			put(t, filepath.Join(dir, "edge.pub"), "x", 0o644)
			c.spoil(dir)
			all := whole(t, doctor.Keys(dir, c.uid, now)...)
			require.Contains(t, all[0].Text, c.want)
			require.Equal(t, c.level, all[0].Level)
		})
	}
	require.Equal(t, doctor.Fine, whole(t, doctor.Keys(filepath.Join(t.TempDir(), "none"), uid, now)...)[0].Level)
}

func TestMasterKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "template-master.key")
	require.Equal(t, doctor.Fine, whole(t, doctor.MasterKey("", file))[0].Level, "none yet")
	put(t, file, "x", 0o600)
	require.Equal(t, doctor.Warn, whole(t, doctor.MasterKey("", file))[0].Level)
	f := whole(t, doctor.MasterKey("kms:file:/media/key/secret-name", file))[0]
	require.Equal(t, doctor.Fine, f.Level)
	require.NotContains(t, f.Text, "secret-name")
}

func TestCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for left, want := range map[time.Duration]doctor.Level{
		-time.Hour: doctor.Bad, 3 * 24 * time.Hour: doctor.Bad, 20 * 24 * time.Hour: doctor.Warn, 90 * 24 * time.Hour: doctor.Fine,
	} {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edge-1"},
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.Add(left),
		}
		der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		require.NoError(t, err)
		path := put(t, filepath.Join(t.TempDir(), "c.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o644)
		f := whole(t, doctor.Certificates(now, path)...)
		require.Equal(t, want, f[0].Level, "%v left", left)
		require.Contains(t, f[0].Text, "edge-1")
		f = whole(t, doctor.Certificates(now.AddDate(-2, 0, 0), path)...)
		require.Equal(t, doctor.Bad, f[0].Level, "not valid yet")
	}
	dir := t.TempDir()
	require.Empty(t, doctor.Certificates(now, filepath.Join(dir, "none")))
	require.Equal(t, doctor.Bad, whole(t, doctor.Certificates(now, put(t, filepath.Join(dir, "x"), "x", 0o600))...)[0].Level)
}

// TestTheMachine gives checks the /proc of machines that are sick and of one that
// is well.
//
// proves: B-46, INV-1
func TestTheMachine(t *testing.T) {
	proc := func(files ...string) string {
		dir := t.TempDir()
		for i := 0; i < len(files); i += 2 {
			put(t, filepath.Join(dir, files[i]), files[i+1], 0o644)
		}
		return dir
	}
	const head = "Filename\tType\tSize\tUsed\tPriority\n"
	for swaps, want := range map[string]doctor.Level{
		head: doctor.Fine, head + "/dev/sda2 partition 1 0 -2\n": doctor.Warn, head + "/dev/zram0 partition 1 0 -2\n": doctor.Fine,
	} {
		require.Equal(t, want, whole(t, doctor.Swap(proc("swaps", swaps)))[0].Level, swaps)
	}
	require.Equal(t, doctor.Warn, whole(t, doctor.Swap(proc()))[0].Level)

	quiet := proc("sys/fs/suid_dumpable", "0\n", "sys/kernel/core_pattern", "core\n")
	require.Equal(t, doctor.Fine, whole(t, doctor.Dumps(quiet, 0, 0)...)[0].Level)
	require.Equal(t, doctor.Bad, whole(t, doctor.Dumps(quiet, 1, 0)...)[0].Level)
	require.Equal(t, doctor.Bad, whole(t, doctor.Dumps(quiet, 0, 1)...)[0].Level)
	for v, want := range map[string]doctor.Level{"1": doctor.Bad, "2": doctor.Warn} {
		f := whole(t, doctor.Dumps(proc("sys/fs/suid_dumpable", v+"\n", "sys/kernel/core_pattern", "|/usr/share/apport\n"), 0, 0)...)
		require.Equal(t, want, f[0].Level, v)
		require.Contains(t, f[0].Text, "|/usr/share/apport")
	}
	for _, c := range []struct {
		landlock int
		seccomp  bool
		want     doctor.Level
	}{{0, true, doctor.Warn}, {1, true, doctor.Warn}, {7, false, doctor.Warn}, {0, false, doctor.Warn}, {4, true, doctor.Fine}, {7, true, doctor.Fine}} {
		require.Equal(t, c.want, whole(t, doctor.Confinement(c.landlock, c.seccomp))[0].Level, "%+v", c)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a", "b"), strings.Repeat("x", 950), 0o600)
	require.Equal(t, doctor.Warn, whole(t, doctor.Folder("spool", dir, 1000, "make room"))[0].Level)
	require.Equal(t, doctor.Fine, whole(t, doctor.Folder("spool", dir, 2000, "make room"))[0].Level)
	require.Equal(t, doctor.Fine, whole(t, doctor.Folder("spool", filepath.Join(dir, "none"), 2000, "make room"))[0].Level)
}

func TestBackupAndSigns(t *testing.T) {
	for _, c := range []struct {
		at    time.Time
		inUse bool
		want  doctor.Level
	}{
		{time.Time{}, false, doctor.Fine},
		{time.Time{}, true, doctor.Warn},
		{now.Add(-time.Hour), true, doctor.Fine},
		{now.Add(-72 * time.Hour), true, doctor.Warn},
	} {
		require.Equal(t, c.want, whole(t, doctor.Backup("keys", c.at, now, c.inUse))[0].Level, "%+v", c)
	}
	for until, want := range map[time.Time]doctor.Level{
		now.Add(-time.Hour): doctor.Warn, now.AddDate(0, 0, 10): doctor.Warn, now.AddDate(0, 3, 0): doctor.Fine,
	} {
		f, ok := doctor.Due("gate", until, now)
		require.True(t, ok)
		require.Equal(t, want, whole(t, f)[0].Level)
	}
	_, ok := doctor.Due("gate", time.Time{}, now)
	require.False(t, ok, "never inspected is for the site's own check")
}

// TestSkew: the time that an answer takes is no skew.
func TestSkew(t *testing.T) {
	asked, answered := now, now.Add(3*time.Second)
	for there, want := range map[time.Time]doctor.Level{
		now: doctor.Fine, now.Add(2 * time.Second): doctor.Fine, answered: doctor.Fine,
		now.Add(-2 * time.Second): doctor.Warn, answered.Add(2 * time.Second): doctor.Warn,
		now.Add(-time.Hour): doctor.Bad, answered.Add(time.Minute): doctor.Bad,
	} {
		require.Equal(t, want, whole(t, doctor.Skew("clickhouse", there, asked, answered))[0].Level, there.String())
	}
}

func TestLive(t *testing.T) {
	answer := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, answer)
	}))
	defer srv.Close()
	ask := func() ([]doctor.Finding, bool) { return doctor.Live(t.Context(), srv.Client(), srv.URL) }
	for _, other := range []string{"", "<html>", "[]", "{}", `{"checks":7}`} {
		answer = other
		_, running := ask()
		require.False(t, running, "%q is another program", other)
	}
	answer = `{"ok":false,"checks":[{"name":"store","ok":true,"live":true},{"name":"policy","ok":false,"cause":"lease is over"},{"name":"detector","ok":false,"cause":"canary","live":true}]}`
	all, running := ask()
	require.True(t, running)
	whole(t, all...)
	require.Len(t, all, 3)
	require.Equal(t, []doctor.Level{doctor.Bad, doctor.Warn, doctor.Fine}, []doctor.Level{all[0].Level, all[1].Level, all[2].Level})
	require.Contains(t, all[1].Text, "lease is over")
	require.True(t, doctor.Sick(all))
	require.False(t, doctor.Sick(all[1:]))
	srv.Close()
	_, running = ask()
	require.False(t, running)
}
