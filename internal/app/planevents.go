package app

import (
	"crypto/ed25519"
	"encoding/json"
	"runtime"
	"time"

	"bystander/internal/event"
)

// measureEvents returns the processor time of an event, in ms, and its bytes on
// the bus.
func measureEvents() (each, size float64, err error) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // signs nothing that leaves
	chain, err := event.NewChain(event.ChainConfig{ID: "measure", Key: key})
	if err != nil {
		return 0, 0, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const n = 500
	from := threadTime()
	var bytes int
	for range n {
		e := typicalEvent()
		if err := chain.Seal(&e); err != nil {
			return 0, 0, err
		}
		b, err := json.Marshal(&e)
		if err != nil {
			return 0, 0, err
		}
		bytes += len(b)
	}
	return millis(threadTime()-from) / n, float64(bytes) / n, nil
}

// typicalEvent is a match with all that it carries.
func typicalEvent() event.Event {
	d := event.Digest{}
	for i := range d {
		d[i] = byte(37*i + 11)
	}
	return event.Event{
		Kind: event.KindMatch, TS: time.Now().UTC(), SiteID: "site-central", CameraID: "camera-entrance-1", SceneID: "scene-hall", ZoneID: "zone-hall-1",
		SubjectRef: d, ConsentRef: d, GalleryRoot: d, TemplateRef: d, SignSetHash: d, ModelDigest: d,
		Score: 0.71, Threshold: 0.55, Margin: 0.2, Quality: 0.8, GallerySize: 120,
		Detail: map[string]string{"looks": "3", "mode": "zone"},
	}
}
