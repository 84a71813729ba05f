package verify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
)

// Encryption is how the pictures of a call are encrypted.
type Encryption int

// The kinds of encryption_type. A picture is encrypted under a key made for the
// one call, by an AEAD: nonce of 12 bytes, then ciphertext and tag, with the
// field's name as associated data. That key is encrypted for this server.
const (
	EncryptNone Encryption = 0
	EncryptSM2  Encryption = 1 // key of 16 bytes under SM2 (GB/T 32918.4, ASN.1 or plain C1C3C2); SM4-GCM
	EncryptRSA  Encryption = 2 // key of 32 bytes under RSA-OAEP with SHA-256; AES-256-GCM
)

// ErrSealed reports bytes that the server's key does not open. It says no more,
// lest somebody learn from the difference.
var ErrSealed = errors.New("verify: not encrypted for this server's key")

// Opener holds the server's private keys. It is safe for concurrent use.
type Opener struct {
	RSA *rsa.PrivateKey
	SM2 *sm2.PrivateKey
}

// File names in the folder of keys.
const (
	RSAKeyName = "verify-rsa.pem"
	SM2KeyName = "verify-sm2.pem"
)

// LoadOpener reads the private keys (PKCS #8, PEM, mode 0600) from the folder of
// keys. A missing file means that the kind is not offered; without any, it
// returns nil.
func LoadOpener(dir string) (*Opener, error) {
	var o Opener
	if der, err := readPEM(filepath.Join(dir, RSAKeyName)); err != nil {
		return nil, err
	} else if der != nil {
		k, err := x509.ParsePKCS8PrivateKey(der)
		rk, ok := k.(*rsa.PrivateKey)
		if err != nil || !ok || rk.N.BitLen() < 2048 {
			return nil, fmt.Errorf("%w: %s holds no RSA key of 2048 bits or more in PKCS #8", ErrConfig, RSAKeyName)
		}
		o.RSA = rk
	}
	if der, err := readPEM(filepath.Join(dir, SM2KeyName)); err != nil {
		return nil, err
	} else if der != nil {
		k, err := smx509.ParsePKCS8PrivateKey(der)
		sk, ok := k.(*sm2.PrivateKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("%w: %s holds no SM2 key in PKCS #8", ErrConfig, SM2KeyName)
		}
		o.SM2 = sk
	}
	if o.RSA == nil && o.SM2 == nil {
		return nil, nil
	}
	return &o, nil
}

func readPEM(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s can be read by others; run: chmod 600 %s", ErrConfig, path, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer clear(b)
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no PEM block", ErrConfig, path)
	}
	return block.Bytes, nil
}

// PublicKeys are what clients encrypt for: PKIX, DER, by encryption_type.
func (o *Opener) PublicKeys() (map[Encryption][]byte, error) {
	out := map[Encryption][]byte{}
	if o == nil {
		return out, nil
	}
	var err error
	if o.RSA != nil {
		if out[EncryptRSA], err = x509.MarshalPKIXPublicKey(&o.RSA.PublicKey); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	if o.SM2 != nil {
		if out[EncryptSM2], err = smx509.MarshalPKIXPublicKey(&o.SM2.PublicKey); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	return out, nil
}

// offers reports whether the server has a key of the kind.
func (o *Opener) offers(e Encryption) bool {
	return o != nil && (e == EncryptRSA && o.RSA != nil || e == EncryptSM2 && o.SM2 != nil)
}

// box opens the fields of one call.
type box struct{ aead cipher.AEAD }

// open decrypts the call's key. It fails with ErrSealed.
func (o *Opener) open(e Encryption, sealed []byte) (*box, error) {
	var key []byte
	var err error
	defer func() { clear(key) }()
	switch e {
	case EncryptRSA:
		if key, err = rsa.DecryptOAEP(sha256.New(), nil, o.RSA, sealed, nil); err != nil || len(key) != 32 {
			return nil, ErrSealed
		}
		return newBox(aes.NewCipher(key))
	case EncryptSM2:
		if key, err = openSM2(o.SM2, sealed); err != nil || len(key) != sm4.BlockSize {
			return nil, ErrSealed
		}
		return newBox(sm4.NewCipher(key))
	case EncryptNone:
	}
	return nil, ErrSealed
}

// openSM2 takes both forms in use: ASN.1 and plain C1‖C3‖C2.
func openSM2(k *sm2.PrivateKey, b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == 0x30 {
		return k.Decrypt(nil, b, sm2.ASN1DecrypterOpts)
	}
	return k.Decrypt(nil, b, sm2.NewPlainDecrypterOpts(sm2.C1C3C2))
}

func newBox(b cipher.Block, err error) (*box, error) {
	if err != nil {
		return nil, ErrSealed
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		return nil, ErrSealed
	}
	return &box{a}, nil
}

// field decrypts one field's bytes in place and returns the part that is the
// plaintext.
func (b *box) field(name string, sealed []byte) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n+b.aead.Overhead() {
		return nil, ErrSealed
	}
	plain, err := b.aead.Open(sealed[n:n], sealed[:n], sealed[n:], []byte(name))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// fromBase64 decodes standard base64, with or without padding, into memory of
// its own.
func fromBase64(b []byte) ([]byte, error) {
	enc := base64.StdEncoding.Strict()
	for len(b) > 0 && b[len(b)-1] == '=' {
		b = b[:len(b)-1]
	}
	enc = enc.WithPadding(base64.NoPadding)
	out := make([]byte, enc.DecodedLen(len(b)))
	n, err := enc.Decode(out, b)
	if err != nil {
		clear(out)
		return nil, errors.New("not base64")
	}
	return out[:n], nil
}
