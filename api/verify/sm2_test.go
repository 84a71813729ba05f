package verify_test

import "crypto/ecdsa"

// ecdsaOf is the public key of an SM2 certificate or key file.
func ecdsaOf(p any) *ecdsa.PublicKey {
	k, _ := p.(*ecdsa.PublicKey)
	return k
}
