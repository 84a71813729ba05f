package release_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/release"
)

// made writes a small release and signs it.
func made(t *testing.T) (dir string, pub ed25519.PublicKey, key ed25519.PrivateKey) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"bystander-linux-amd64": "\x7fELF…", "LICENSE": "Do what you like.", "sbom.cdx.json": "{}"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	require.NoError(t, release.Sign(dir, key))
	return dir, pub, key
}

// TestAReleaseIsCheckedWhole signs, checks, and signs again.
//
// proves: A-15
func TestAReleaseIsCheckedWhole(t *testing.T) {
	dir, pub, key := made(t)
	names, err := release.Verify(dir, pub)
	require.NoError(t, err)
	require.Equal(t, []string{"LICENSE", "bystander-linux-amd64", "sbom.cdx.json"}, names)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more"), []byte("x"), 0o600))
	require.NoError(t, release.Sign(dir, key))
	names, err = release.Verify(dir, pub)
	require.NoError(t, err)
	require.Len(t, names, 4)
}

// proves: A-15
func TestWhoeverAltersAReleaseIsNoticed(t *testing.T) {
	other, otherKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	put := func(dir, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for name, c := range map[string]struct {
		deed func(dir string)
		want error
	}{
		"another program":    {func(d string) { put(d, "bystander-linux-amd64", "\x7fELF!") }, release.ErrAltered},
		"a file less":        {func(d string) { require.NoError(t, os.Remove(filepath.Join(d, "LICENSE"))) }, release.ErrMissing},
		"a file more":        {func(d string) { put(d, "install.sh", "curl … | sh") }, release.ErrUnlisted},
		"a folder more":      {func(d string) { require.NoError(t, os.Mkdir(filepath.Join(d, "x"), 0o700)) }, release.ErrUnlisted},
		"a link for a file":  {func(d string) { link(t, d, "LICENSE") }, release.ErrUnlisted},
		"another list":       {func(d string) { put(d, release.SumsFile, "") }, release.ErrUnsigned},
		"another signature":  {func(d string) { put(d, release.SignatureFile, strings.Repeat("x", 64)) }, release.ErrUnsigned},
		"no signature":       {func(d string) { require.NoError(t, os.Remove(filepath.Join(d, release.SignatureFile))) }, os.ErrNotExist},
		"signed by somebody": {func(d string) { require.NoError(t, release.Sign(d, otherKey)) }, release.ErrUnsigned},
	} {
		t.Run(name, func(t *testing.T) {
			dir, pub, _ := made(t)
			c.deed(dir)
			_, err := release.Verify(dir, pub)
			require.ErrorIs(t, err, c.want)
		})
	}
	dir, _, _ := made(t)
	_, err = release.Verify(dir, other)
	require.ErrorIs(t, err, release.ErrUnsigned)
	_, err = release.Verify(dir, nil)
	require.ErrorIs(t, err, release.ErrUnsigned)
}

func link(t *testing.T, dir, name string) {
	t.Helper()
	away := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Rename(filepath.Join(dir, name), away))
	require.NoError(t, os.Symlink(away, filepath.Join(dir, name)))
}

// TestASignedListIsReadStrictly: even who holds the key cannot name files
// elsewhere.
func TestASignedListIsReadStrictly(t *testing.T) {
	sum := strings.Repeat("0", 64)
	for _, list := range []string{
		sum + "  ../etc/passwd\n", sum + "  /etc/passwd\n", sum + "  .hidden\n", sum + "  SHA256SUMS\n",
		sum + " LICENSE\n", sum + "  LICENSE", strings.ToUpper("ab"+sum[2:]) + "  LICENSE\n", sum[1:] + "  LICENSE\n",
		sum + "  a\n" + sum + "  a\n", "\n", "",
	} {
		dir, pub, key := made(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, release.SumsFile), []byte(list), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, release.SignatureFile), ed25519.Sign(key, []byte(list)), 0o600))
		_, err := release.Verify(dir, pub)
		require.ErrorIs(t, err, release.ErrMalformed, "%q", list)
	}
}

// TestPublicToolsAgree makes a key with OpenSSL, signs with it, and has OpenSSL
// and coreutils check the result, as docs/security.md says.
func TestPublicToolsAgree(t *testing.T) {
	keys := t.TempDir()
	pem, pub := filepath.Join(keys, "release.pem"), filepath.Join(keys, "release.pub")
	tool := func(dir, name string, args ...string) error {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		t.Logf("%s %v: %s", name, args, out)
		return err
	}
	require.NoError(t, tool(keys, "openssl", "genpkey", "-algorithm", "ed25519", "-out", pem))
	require.NoError(t, tool(keys, "openssl", "pkey", "-in", pem, "-pubout", "-out", pub))
	key, err := release.PrivateKey(pem)
	require.NoError(t, err)
	public, err := release.PublicKey(pub)
	require.NoError(t, err)

	dir, _, _ := made(t)
	require.NoError(t, release.Sign(dir, key))
	_, err = release.Verify(dir, public)
	require.NoError(t, err)
	openssl := []string{
		"pkeyutl", "-verify", "-pubin", "-inkey", pub, "-rawin", "-in", release.SumsFile, "-sigfile", release.SignatureFile,
	}
	require.NoError(t, tool(dir, "openssl", openssl...))
	require.NoError(t, tool(dir, "sha256sum", "--strict", "-c", release.SumsFile))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("other"), 0o600))
	require.Error(t, tool(dir, "sha256sum", "--strict", "-c", release.SumsFile))

	require.NoError(t, os.Chmod(pem, 0o644))
	_, err = release.PrivateKey(pem)
	require.ErrorContains(t, err, "chmod 600")
	_, err = release.PrivateKey(filepath.Join(keys, "none"))
	require.ErrorContains(t, err, "openssl genpkey")
	_, err = release.PublicKey(pem)
	require.ErrorContains(t, err, "PUBLIC KEY")
}
