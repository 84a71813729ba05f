package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"time"

	"bystander/api/notes"
	"bystander/audit/receipt"
	"bystander/match/vault"
	"bystander/sink/record"
)

// openNotes opens the operators' notes, sealed with a key of their own, and the
// export of clips.
func (e *edge) openNotes(ctx context.Context) error {
	fresh, err := newStore(ctx, e.cfg, storeNotes)
	if err != nil {
		return err
	}
	key, err := vault.OpenKey(filepath.Join(e.cfg.Keys, "notes.key"), fresh)
	if err != nil {
		return err
	}
	store, err := notes.Open(ctx, controlPlace(e.cfg, storeNotes), key)
	if err != nil {
		return err
	}
	e.closing(store.Close)
	cfg := notes.Config{
		Store: store, Access: readRecorder{e}, Record: reviewLog{e}.record,
		Key: e.key, KeyID: receipt.KeyID(e.key.Public().(ed25519.PublicKey)), Edge: chainID(e.cfg.Events.Edge), Site: e.law.siteID, Log: e.log,
	}
	if e.rec != nil {
		cfg.Clips = clips{e.rec}
	}
	e.desks.notes, e.desks.noted = notes.New(cfg), store
	return nil
}

// clips gives recordings out with their receipts. It implements notes.Clips.
type clips struct{ rec *record.Recorder }

// Clips implements notes.Clips.
func (c clips) Clips(ctx context.Context, camera string, from, to time.Time, limit int) ([]notes.Clip, error) {
	list, err := c.rec.List(ctx, camera, from, to, limit)
	if err != nil {
		return nil, err
	}
	out := []notes.Clip{}
	for _, r := range slices.Backward(list) {
		if r.Open {
			continue // it has no receipt yet
		}
		out = append(out, notes.Clip{
			ID: r.ID, Name: filepath.Base(r.Path), From: r.Start, To: r.End, Bytes: r.Bytes, SHA256: r.SHA256,
		})
	}
	return out, nil
}

// Video implements notes.Clips.
func (c clips) Video(ctx context.Context, id string) (io.ReadCloser, error) {
	f, err := c.rec.Open(ctx, id)
	if errors.Is(err, record.ErrUnknown) {
		return nil, errors.Join(notes.ErrGone, err)
	}
	return f, err
}

// Receipt implements notes.Clips.
func (c clips) Receipt(ctx context.Context, id string) ([]byte, error) {
	b, err := c.rec.Receipt(ctx, id)
	if errors.Is(err, record.ErrUnknown) {
		return nil, errors.Join(notes.ErrGone, err)
	}
	return b, err
}
