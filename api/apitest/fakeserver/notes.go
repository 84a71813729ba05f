package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/apitest"
	"bystander/api/notes"
)

// openNotes keeps notes and exports the scene's recordings, with made-up
// receipts.
func openNotes(ctx context.Context, dir string, fake *apitest.Fake) (*notes.Module, *notes.Store, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, nil, err
	}
	key, err := aead.New(h)
	if err != nil {
		return nil, nil, err
	}
	store, err := notes.Open(ctx, filepath.Join(dir, "notes.db"), key)
	if err != nil {
		return nil, nil, err
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	return notes.New(notes.Config{
		Store: store, Access: noRecord{}, Clips: clips{fake}, Key: private, KeyID: "made-up", Edge: "edge-1", Log: zerolog.Nop(),
	}), store, nil
}

// noRecord lets everything be read unrecorded: everything here is made up.
type noRecord struct{}

// RecordRead implements actor.Recorder.
func (noRecord) RecordRead(context.Context, actor.Read) error { return nil }

// clips are the scene's recordings.
type clips struct{ fake *apitest.Fake }

// Clips implements notes.Clips.
func (c clips) Clips(ctx context.Context, camera string, from, to time.Time, limit int) ([]notes.Clip, error) {
	list, err := c.fake.Recordings(ctx, api.RecordingQuery{Camera: camera, From: from, To: to, Limit: limit})
	var out []notes.Clip
	for _, r := range slices.Backward(list) {
		v, err := c.Video(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(v)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		out = append(out, notes.Clip{
			ID: r.ID, Name: r.ID + ".mp4", From: r.From, To: r.To, Bytes: r.Bytes, SHA256: hex.EncodeToString(sum[:]),
		})
	}
	return out, err
}

// Video implements notes.Clips.
func (c clips) Video(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.fake.OpenRecording(ctx, id)
}

// Receipt implements notes.Clips.
func (c clips) Receipt(_ context.Context, id string) ([]byte, error) {
	return json.Marshal(map[string]string{"segment_id": id, "note": "made up"})
}
