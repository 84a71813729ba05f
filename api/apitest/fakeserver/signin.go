package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/rs/zerolog"

	"bystander/api/session"
	"bystander/api/users/accounts"
)

// openSignIn lets visitors in as in a demonstration: as a sample operator, who
// may try every other role.
func openSignIn(ctx context.Context, dir string, log zerolog.Logger) (*session.Module, *accounts.Store, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	store, err := accounts.Open(ctx, filepath.Join(dir, "accounts.db"), accounts.Options{Key: key})
	if err != nil {
		return nil, nil, err
	}
	return session.New(session.Config{Store: store, Log: log, Demo: &session.Demo{}}), store, nil
}

// key seals what the made-up stores keep. It lives as long as the program.
type key struct{ gcm cipher.AEAD }

func newKey() (key, error) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	block, err := aes.NewCipher(b)
	if err != nil {
		return key{}, fmt.Errorf("key: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	return key{gcm}, err
}

// Encrypt seals plaintext.
func (k key) Encrypt(plaintext, associated []byte) ([]byte, error) {
	return k.gcm.Seal(nil, nil, plaintext, associated), nil
}

// Decrypt opens what Encrypt sealed.
func (k key) Decrypt(ciphertext, associated []byte) ([]byte, error) {
	return k.gcm.Open(nil, nil, ciphertext, associated)
}
