package release

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// PrivateKey reads an Ed25519 key in PKCS #8 PEM, as "openssl genpkey -algorithm
// ed25519" writes it. A file that others may read is refused.
func PrivateKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("release: key: %w (make one with: openssl genpkey -algorithm ed25519 -out release.pem)", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("release: %s can be read by others; run: chmod 600 %s", path, path)
	}
	der, err := block(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("release: %s: %w", path, err)
	}
	key, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("release: %s is no Ed25519 key", path)
	}
	return key, nil
}

// PublicKey reads the public half, as "openssl pkey -pubout" writes it.
func PublicKey(path string) (ed25519.PublicKey, error) {
	der, err := block(path, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("release: %s: %w", path, err)
	}
	key, ok := k.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("release: %s is no Ed25519 key", path)
	}
	return key, nil
}

func block(path, kind string) ([]byte, error) {
	b, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	p, _ := pem.Decode(b)
	if p == nil || p.Type != kind {
		return nil, fmt.Errorf("release: %s holds no %q in PEM", path, kind)
	}
	return p.Bytes, nil
}
