package main

import (
	"context"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api/session"
	"bystander/api/users/accounts"
)

// sessions let visitors be every sample account, as a demonstration does.
type sessions struct {
	store  *accounts.Store
	module *session.Module
}

func openSessions(ctx context.Context, dir string) (*sessions, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	key, err := aead.New(h)
	if err != nil {
		return nil, err
	}
	store, err := accounts.Open(ctx, filepath.Join(dir, "accounts.db"), accounts.Options{Key: key})
	if err != nil {
		return nil, err
	}
	return &sessions{store, session.New(session.Config{Store: store, Log: zerolog.Nop(), Demo: &session.Demo{}})}, nil
}
