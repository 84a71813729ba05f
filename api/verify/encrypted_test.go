package verify_test

import (
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"bystander/api/verify"
)

type adapter struct {
	asked string
	q     verify.Question
}

func (a *adapter) Verify(_ context.Context, _ verify.Scene, q verify.Question) (verify.Outcome, error) {
	a.asked, a.q = string(q.Name)+" "+string(q.IDNumber), q
	return verify.Outcome{Score: 1, Threshold: 0.5}, nil
}

// encrypted is a call as a client encrypts it with the keys that it was given.
func (s *stand) encrypted(kind verify.Encryption, image, reference string) map[string]any {
	s.t.Helper()
	f := plain()
	f["encryption_type"], f["verify_id"] = int(kind), "strict"
	pub := s.publicKey(int(kind))
	key := make([]byte, 32)
	var sealed []byte
	if kind == verify.EncryptRSA {
		_, _ = rand.Read(key)
		p, err := x509.ParsePKIXPublicKey(pub)
		require.NoError(s.t, err)
		sealed, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, p.(*rsa.PublicKey), key, nil)
		require.NoError(s.t, err)
		b, err := aes.NewCipher(key)
		require.NoError(s.t, err)
		f["image"], f["reference_image"] = b64(string(seal(s.t, b, "image", []byte(image)))), b64(string(seal(s.t, b, "reference_image", []byte(reference))))
	} else {
		key = key[:16]
		_, _ = rand.Read(key)
		p, err := smx509.ParsePKIXPublicKey(pub)
		require.NoError(s.t, err)
		sealed, err = sm2.EncryptASN1(rand.Reader, ecdsaOf(p), key)
		require.NoError(s.t, err)
		b, err := sm4.NewCipher(key)
		require.NoError(s.t, err)
		f["image"], f["reference_image"] = b64(string(seal(s.t, b, "image", []byte(image)))), b64(string(seal(s.t, b, "reference_image", []byte(reference))))
	}
	f["encrypted_key"] = b64(string(sealed))
	return f
}

func (s *stand) publicKey(kind int) []byte {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://localhost"+verify.Path+"/keys", nil))
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	var out struct{ Keys []verify.PublicKey }
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out))
	for _, k := range out.Keys {
		if k.EncryptionType == kind {
			b, err := base64.StdEncoding.DecodeString(k.Key)
			require.NoError(s.t, err)
			return b
		}
	}
	s.t.Fatalf("no key of kind %d", kind)
	return nil
}

// TestEncrypted makes whole calls with both kinds of key.
//
// proves: B-44
func TestEncrypted(t *testing.T) {
	s := newStand(t)
	s.tls = false // encrypted pictures need no encrypted connection
	for _, kind := range []verify.Encryption{verify.EncryptSM2, verify.EncryptRSA} {
		r := s.call(s.encrypted(kind, "ann", "ann"))
		require.Equal(t, http.StatusOK, r.Status, r.raw)
		require.Equal(t, "same", r.Result)
		require.Equal(t, "different", s.call(s.encrypted(kind, "ann", "bob")).Result)
		f := s.encrypted(kind, "ann", "ann")
		f["image"], f["reference_image"] = f["reference_image"], f["image"]
		r = s.call(f)
		require.Equal(t, http.StatusUnprocessableEntity, r.Status, "swapped pictures")
		require.Equal(t, "DECRYPT", r.Code)
		f = s.encrypted(kind, "ann", "ann")
		f["encrypted_key"] = b64("not a key")
		require.Equal(t, "DECRYPT", s.call(f).Code)
	}
	s = newStand(t, func(c *verify.Config) { c.Opener = nil })
	f := plain()
	f["encryption_type"], f["encrypted_key"] = 2, "eA=="
	require.Equal(t, "ENCRYPTION_UNAVAILABLE", s.call(f).Code)
}
