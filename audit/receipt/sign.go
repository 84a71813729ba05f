package receipt

import (
	"crypto/ed25519"
	"fmt"
)

// Sign completes r with the key's name and signature. It fails with ErrInvalid.
func Sign(r *Receipt, key ed25519.PrivateKey) error {
	if len(key) != ed25519.PrivateKeySize {
		return fmt.Errorf("%w: no key to sign with", ErrInvalid)
	}
	pub, _ := key.Public().(ed25519.PublicKey)
	r.Key, r.Signature = KeyID(pub), nil
	b, err := r.Canonical()
	if err != nil {
		return err
	}
	r.Signature = ed25519.Sign(key, b)
	return nil
}

// Verify checks that pub's owner signed r as it is. It fails with ErrInvalid,
// with ErrKey when r names another key, and with ErrSignature.
func Verify(r *Receipt, pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: a public key of %d bytes", ErrKey, len(pub))
	}
	b, err := r.Canonical()
	if err != nil {
		return err
	}
	if id := KeyID(pub); r.Key != id {
		return fmt.Errorf("%w: it names key %s, the one given is %s", ErrKey, r.Key, id)
	}
	if !ed25519.Verify(pub, b, r.Signature) {
		return ErrSignature
	}
	return nil
}
