package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"bystander/match/vault"
)

// reopen writes with one vault and reads with the next.
func reopen(t *testing.T, o vault.Options) {
	t.Helper()
	v := newVault(t, o)
	put(t, v, "a", "s", 7)
	require.NoError(t, v.Close())
	v = newVault(t, o)
	require.Len(t, list(t, v, "s", model), 1)
	require.NoError(t, v.Close())
}

func TestMasterKeyFromFile(t *testing.T) {
	for _, form := range []string{"file:", "file://", "file://localhost"} {
		o := options(t)
		key := filepath.Join(t.TempDir(), "master.json")
		o.MasterKey = form + key
		_, err := vault.Open(t.Context(), o)
		require.ErrorIs(t, err, vault.ErrKeyFile, "a key file named by the user is never made")
		_, err = vault.OpenKey(key, true)
		require.NoError(t, err)
		reopen(t, o)
		require.NoDirExists(t, o.KeyDir, "no second key")
	}
}

func TestMasterKeyFromEnvironment(t *testing.T) {
	o := options(t)
	path := filepath.Join(t.TempDir(), "k")
	_, err := vault.OpenKey(path, true)
	require.NoError(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	o.MasterKey = "env:BYSTANDER_TEST_KEY"
	t.Setenv("BYSTANDER_TEST_KEY", string(b))
	v := newVault(t, o)
	put(t, v, "a", "s", 7)
	_, still := os.LookupEnv("BYSTANDER_TEST_KEY")
	require.False(t, still, "child processes would inherit it")
	require.NoError(t, v.Close())
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyAddress, "the variable is gone")
	t.Setenv("BYSTANDER_TEST_KEY", string(b))
	require.Len(t, list(t, newVault(t, o), "s", model), 1)
}

// remote is a service whose key never leaves it, and which can be away.
type remote struct {
	key   tink.AEAD
	asked int
	away  error
}

func (r *remote) Supported(uri string) bool { return strings.HasPrefix(uri, "remote://") }

func (r *remote) GetAEAD(string) (tink.AEAD, error) { r.asked++; return r.key, r.away }

func newRemote(t *testing.T) *remote {
	t.Helper()
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	a, err := aead.New(h)
	require.NoError(t, err)
	return &remote{key: a}
}

func TestMasterKeyWrappedByAService(t *testing.T) {
	o := options(t)
	r := newRemote(t)
	o.KMS = []vault.KMS{r}
	o.MasterKey = "kms:remote://ring/key"
	reopen(t, o)
	require.Equal(t, 2, r.asked, "once each time it is opened, not for every template")
	require.NoFileExists(t, filepath.Join(o.KeyDir, vault.MasterKeyName), "no key in the clear")
	b, err := os.ReadFile(filepath.Join(o.KeyDir, vault.WrappedKeyName))
	require.NoError(t, err)
	_, err = vault.OpenKey(filepath.Join(o.KeyDir, vault.WrappedKeyName), false)
	require.ErrorIs(t, err, vault.ErrKeyFile, "it is encrypted")
	require.NotEmpty(t, b)

	r.away = errors.New("the line is dead")
	_, err = vault.Open(t.Context(), o)
	require.ErrorContains(t, err, "the line is dead")
	o.KMS = []vault.KMS{newRemote(t)}
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrWrongKey)
	require.NoError(t, os.Remove(filepath.Join(o.KeyDir, vault.WrappedKeyName)))
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyFile, "beside an existing vault no new key is made")
}

func TestMasterKeyWrappedByAKeyOnAnotherMedium(t *testing.T) {
	o := options(t)
	kek := filepath.Join(t.TempDir(), "stick", "kek.json")
	o.MasterKey = "kms:file:" + kek
	_, err := vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyFile)
	_, err = vault.OpenKey(kek, true)
	require.NoError(t, err)
	reopen(t, o)
	require.NoError(t, os.Remove(kek))
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyFile, "without the medium nothing opens")
}

func TestUnknownMasterKeyAddressesAreRefused(t *testing.T) {
	for address, says := range map[string]string{
		"kms:aws-kms://arn:aws:kms:eu": "kms:aws-kms",
		"kms:":                         "kms:file:/path",
		"vault:secret":                 "file:, env: or kms:",
		"nonsense":                     "file:, env: or kms:",
		"file:":                        "file:/path/of/key",
		"file://elsewhere/key":         "file:/path/of/key",
		"env:":                         "not set",
		"env:BYSTANDER_NO_SUCH_KEY":    "BYSTANDER_NO_SUCH_KEY",
	} {
		o := options(t)
		o.MasterKey = address
		_, err := vault.Open(t.Context(), o)
		require.ErrorIs(t, err, vault.ErrKeyAddress, address)
		require.ErrorContains(t, err, says, address)
		require.NoFileExists(t, o.Path, "nothing is made with an unclear key")
	}
	o := options(t)
	o.MasterKey, o.MasterKeyFile = "env:X", "/y"
	_, err := vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyAddress)
	// A key pasted in place of an address is not repeated in the message.
	o = options(t)
	o.MasterKey = `{"primaryKeyId":1,"key":"SECRETSECRET"}`
	_, err = vault.Open(t.Context(), o)
	require.ErrorIs(t, err, vault.ErrKeyAddress)
	require.NotContains(t, err.Error(), "SECRET")
}
