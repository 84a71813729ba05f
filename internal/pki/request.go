package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
)

// maxRequest bounds a request for a certificate.
const maxRequest = 8 << 10

// NewRequest makes a key that stays here, and the request (PEM) to have it
// certified.
func NewRequest(id Identity) (key crypto.Signer, request []byte, err error) {
	k, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: id.String()}}, k)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: request: %w", err)
	}
	return k, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// ParseRequest returns the key that a request asks to have certified; who sent it
// has shown to hold the private half. What it says of names is ignored: who may
// have which is settled by who asks. It fails with ErrRequest.
func ParseRequest(b []byte) (crypto.PublicKey, error) {
	if len(b) > maxRequest {
		return nil, fmt.Errorf("%w: of %d bytes, at most %d", ErrRequest, len(b), maxRequest)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, fmt.Errorf("%w: no PEM block CERTIFICATE REQUEST", ErrRequest)
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	key, ok := r.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: the key should be ECDSA on P-256", ErrRequest)
	}
	return key, nil
}
