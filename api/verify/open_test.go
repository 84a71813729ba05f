package verify_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/stretchr/testify/require"

	"bystander/api/verify"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	require.NoError(t, err)
	return b
}

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return unhex(t, string(b))
}

// opener loads the keys of the tests, from copies that only their owner reads.
func opener(t testing.TB) *verify.Opener {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{verify.RSAKeyName, verify.SM2KeyName} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	o, err := verify.LoadOpener(dir)
	require.NoError(t, err)
	return o
}

// seal encrypts a field as a client does.
func seal(t testing.TB, b cipher.Block, name string, plain []byte) []byte {
	t.Helper()
	g, err := cipher.NewGCM(b)
	require.NoError(t, err)
	nonce := bytes.Repeat([]byte{7}, g.NonceSize())
	return g.Seal(nonce, nonce, plain, []byte(name))
}

// TestVectorsOfOpenSSL opens what OpenSSL encrypted.
//
// proves: B-44
func TestVectorsOfOpenSSL(t *testing.T) {
	o := opener(t)
	key := unhex(t, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	b, err := aes.NewCipher(key)
	require.NoError(t, err)
	got, err := o.OpenKey(verify.EncryptRSA, vector(t, "rsa-oaep-sha256.hex"), "image", seal(t, b, "image", []byte("face")))
	require.NoError(t, err)
	require.Equal(t, "face", string(got))

	key = unhex(t, "0123456789abcdeffedcba9876543210")
	b, err = sm4.NewCipher(key)
	require.NoError(t, err)
	sealed := vector(t, "sm2-asn1.hex")
	got, err = o.OpenKey(verify.EncryptSM2, sealed, "image", seal(t, b, "image", []byte("face")))
	require.NoError(t, err)
	require.Equal(t, "face", string(got))
	plain, err := sm2.ASN1Ciphertext2Plain(sealed, nil)
	require.NoError(t, err)
	got, err = o.OpenKey(verify.EncryptSM2, plain, "image", seal(t, b, "image", []byte("face")))
	require.NoError(t, err, "the plain form C1C3C2")
	require.Equal(t, "face", string(got))

	// A field cannot take another's place, and nothing may be altered.
	for name, change := range map[string]func() (verify.Encryption, []byte, string, []byte){
		"another field": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptSM2, sealed, "reference_image", seal(t, b, "image", []byte("face"))
		},
		"another kind": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptRSA, sealed, "image", seal(t, b, "image", []byte("face"))
		},
		"none": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptNone, sealed, "image", []byte("face")
		},
		"altered key": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptSM2, flip(sealed, 50), "image", seal(t, b, "image", []byte("face"))
		},
		"altered field": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptSM2, sealed, "image", flip(seal(t, b, "image", []byte("face")), 14)
		},
		"short field": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptSM2, sealed, "image", []byte("short")
		},
		"empty key": func() (verify.Encryption, []byte, string, []byte) {
			return verify.EncryptSM2, nil, "image", seal(t, b, "image", []byte("face"))
		},
		"wrong key size": func() (verify.Encryption, []byte, string, []byte) { return verify.EncryptRSA, nil, "image", nil },
	} {
		e, k, field, body := change()
		_, err := o.OpenKey(e, k, field, body)
		require.ErrorIs(t, err, verify.ErrSealed, name)
	}
}

func flip(b []byte, i int) []byte {
	out := bytes.Clone(b)
	out[i] ^= 1
	return out
}

// TestVectorsOfTheStandards: SM2 of GB/T 32918.5-2017 annex C, SM4-GCM of RFC
// 8998 annex A.1.
//
// proves: B-44
func TestVectorsOfTheStandards(t *testing.T) {
	k, err := sm2.NewPrivateKey(unhex(t, "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"))
	require.NoError(t, err)
	o := &verify.Opener{SM2: k}
	got, err := o.OpenSM2(unhex(t, `04
		04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73
		E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0
		59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766
		21886CA989CA9C7D58087307CA93092D651EFA`))
	require.NoError(t, err)
	require.Equal(t, "encryption standard", string(got))

	b, err := sm4.NewCipher(unhex(t, "0123456789ABCDEFFEDCBA9876543210"))
	require.NoError(t, err)
	g, err := cipher.NewGCM(b)
	require.NoError(t, err)
	plain, err := g.Open(nil, unhex(t, "00001234567800000000ABCD"), unhex(t, `
		17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
		D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D
		83DE3541E4C2B58177E065A9BF7B62EC`), unhex(t, "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
	require.NoError(t, err)
	require.Equal(t, unhex(t, `AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
		EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA`), plain)
}

func TestKeysOfTheServer(t *testing.T) {
	dir := t.TempDir()
	o, err := verify.LoadOpener(dir)
	require.NoError(t, err)
	require.Nil(t, o, "without key files nothing is offered")
	keys, err := o.PublicKeys()
	require.NoError(t, err)
	require.Empty(t, keys)
	path := filepath.Join(dir, verify.RSAKeyName)
	require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o600))
	_, err = verify.LoadOpener(dir)
	require.ErrorIs(t, err, verify.ErrConfig)
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = verify.LoadOpener(dir)
	require.ErrorContains(t, err, "chmod 600")
	sm, err := os.ReadFile(filepath.Join("testdata", verify.SM2KeyName))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, sm, 0o600))
	require.NoError(t, os.Chmod(path, 0o600))
	_, err = verify.LoadOpener(dir)
	require.ErrorIs(t, err, verify.ErrConfig, "an SM2 key is no RSA key")
	keys, err = opener(t).PublicKeys()
	require.NoError(t, err)
	require.Len(t, keys, 2)
}
