// Package sinktest is the conformance suite of event stores: what every
// sink.EventSink that keeps events must do, whatever lies beneath it.
package sinktest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/sink"
)

// Store is one store under test.
type Store struct {
	Sink sink.EventSink
	// Read returns what the store holds of a chain, in ascending order.
	Read func(ctx context.Context, chain string) ([]event.Event, error)
	// Missing returns the numbers of a chain that are not held, up to the
	// highest one that is.
	Missing func(ctx context.Context, chain string) ([]uint64, error)
	// Reopen closes the store and opens it again, as after a restart. Nil for
	// a store that does not outlive its process.
	Reopen func() Store
}

// Key signs the suite's events.
var Key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))

// Chain returns a fresh chain of the given name, signed with Key.
func Chain(t testing.TB, id string) *event.Chain {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: id, Key: Key})
	require.NoError(t, err)
	return c
}

// Events seals n varied events: every field set, hardly any, and the values at
// the edges of their types.
func Events(t testing.TB, c *event.Chain, n int) []event.Event {
	t.Helper()
	d := func(b byte) event.Digest { return event.Digest(bytes.Repeat([]byte{b}, 32)) }
	out := make([]event.Event, n)
	for i := range out {
		switch i % 3 {
		case 0:
			out[i] = event.Event{
				TSQuality: event.TSSynced, Kind: event.KindMatch, SiteID: "site", CameraID: "cam-1", SceneID: "scene",
				ZoneID: "zone", ZoneVersion: math.MaxUint32, SignSetHash: d(1), InspectionID: "i", PolicyVersion: 1<<53 + 1,
				NoticeVersion: "n", AssessmentID: "a", GateMode: "zone", GateBits: 1<<31 | 1, SubjectRef: d(2), ConsentRef: d(3),
				ConsentVersion: 1, GalleryRoot: d(4), GallerySize: 7, TemplateRef: d(5), ModelDigest: d(6),
				Score: 0.1, Threshold: math.SmallestNonzeroFloat32, Margin: math.MaxFloat32, Quality: 1, PAD: "live",
				RefEvent: "r", ReviewerRef: d(7), Verdict: "confirmed", ReceiptID: "x", PayloadEnc: []byte{0, 0xff, 0}, DEKID: "k",
				Detail: map[string]string{"ключ": "\"quoted\" <&> \u2028", "": "empty key"},
			}
		case 1:
			out[i] = event.Event{Kind: event.KindUseStart}
		case 2:
			out[i] = event.Event{
				Kind: event.KindZoneMinute, CameraID: "cam-2", Score: -1.5, Quality: math.Nextafter32(1, 0),
				TS: time.Date(2030, 12, 31, 23, 59, 59, 999e6, time.UTC), Detail: map[string]string{"n": "5"},
			}
		}
		require.NoError(t, c.Seal(&out[i]))
	}
	return out
}

// RunEventStore runs the suite; open returns a fresh, empty store each time.
func RunEventStore(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"reads back exactly":         readsBack,
		"again is harmless":          again,
		"order of arrival is free":   anyOrder,
		"chains are apart":           chainsApart,
		"gaps show and close":        gaps,
		"refuses a second content":   conflict,
		"all or nothing":             allOrNothing,
		"survives reopening":         reopen,
		"many writers":               manyWriters,
		"refuses after Close, empty": closed,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, open(t))
		})
	}
}

func finish(t *testing.T, s Store) { require.NoError(t, s.Sink.Close()) }

// Equal checks that got is want by content, by canonical form, hash and signature.
func Equal(t testing.TB, want, got []event.Event) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		a, err := want[i].MarshalBinary()
		require.NoError(t, err)
		b, err := got[i].MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, a, b, "event %d: %+v became %+v", i, want[i], got[i])
		require.NoError(t, event.VerifyContent(&got[i], Key.Public().(ed25519.PublicKey)))
	}
}

func held(t *testing.T, s Store, chain string) []event.Event {
	t.Helper()
	got, err := s.Read(t.Context(), chain)
	require.NoError(t, err)
	return got
}

func readsBack(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 30)
	require.NoError(t, s.Sink.Append(t.Context(), evs))
	Equal(t, evs, held(t, s, "c"))
	require.NoError(t, s.Sink.Append(t.Context(), nil))
}

func again(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 12)
	require.NoError(t, s.Sink.Append(t.Context(), evs[:8]))
	require.NoError(t, s.Sink.Append(t.Context(), evs[:8]))
	require.NoError(t, s.Sink.Append(t.Context(), evs[4:]))
	require.NoError(t, s.Sink.Append(t.Context(), append(evs[:3:3], evs[:3]...)), "twice in one call")
	Equal(t, evs, held(t, s, "c"))
}

func anyOrder(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 9)
	require.NoError(t, s.Sink.Append(t.Context(), evs[6:]))
	require.NoError(t, s.Sink.Append(t.Context(), []event.Event{evs[5], evs[3], evs[4]}))
	require.NoError(t, s.Sink.Append(t.Context(), evs[:3]))
	Equal(t, evs, held(t, s, "c"))
}

func chainsApart(t *testing.T, s Store) {
	defer finish(t, s)
	a, b := Events(t, Chain(t, "a"), 4), Events(t, Chain(t, "b"), 6)
	require.NoError(t, s.Sink.Append(t.Context(), append(a[:4:4], b...)))
	Equal(t, a, held(t, s, "a"))
	Equal(t, b, held(t, s, "b"))
	require.Empty(t, held(t, s, "c"))
}

func gaps(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 12)
	have := append(append(evs[2:4:4], evs[5]), evs[9:]...)
	require.NoError(t, s.Sink.Append(t.Context(), have))
	missing, err := s.Missing(t.Context(), "c")
	require.NoError(t, err)
	require.Equal(t, []uint64{1, 2, 5, 7, 8, 9}, missing)
	require.NoError(t, s.Sink.Append(t.Context(), evs))
	missing, err = s.Missing(t.Context(), "c")
	require.NoError(t, err)
	require.Empty(t, missing)
	missing, err = s.Missing(t.Context(), "unknown")
	require.NoError(t, err)
	require.Empty(t, missing)
}

func conflict(t *testing.T, s Store) {
	defer finish(t, s)
	evs, twin := Events(t, Chain(t, "c"), 3), Events(t, Chain(t, "c"), 3)
	require.NoError(t, s.Sink.Append(t.Context(), evs))
	require.Error(t, s.Sink.Append(t.Context(), twin[1:2]), "the same number with another content")
	require.Error(t, s.Sink.Append(t.Context(), []event.Event{twin[1], evs[1]}), "both at once")
	fresh, other := Events(t, Chain(t, "e"), 1), Events(t, Chain(t, "e"), 1)
	require.Error(t, s.Sink.Append(t.Context(), append(fresh, other...)), "two contents in one call")
	require.Empty(t, held(t, s, "e"))
	moved := evs[0]
	moved.ChainID = "d"
	require.Error(t, s.Sink.Append(t.Context(), []event.Event{moved}), "the same id at another place")
	Equal(t, evs, held(t, s, "c"))
	require.Empty(t, held(t, s, "d"))
}

func allOrNothing(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 4)
	unsealed := event.Event{Kind: event.KindMatch}
	require.Error(t, s.Sink.Append(t.Context(), append(evs[:3:3], unsealed)))
	require.Empty(t, held(t, s, "c"))
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Sink.Append(stopped, evs), context.Canceled)
	require.Empty(t, held(t, s, "c"))
	require.NoError(t, s.Sink.Append(t.Context(), evs))
	Equal(t, evs, held(t, s, "c"))
}

func reopen(t *testing.T, s Store) {
	if s.Reopen == nil {
		finish(t, s)
		t.Skip("this store does not outlive its process")
	}
	evs := Events(t, Chain(t, "c"), 20)
	require.NoError(t, s.Sink.Append(t.Context(), evs[:15]))
	s = s.Reopen()
	defer finish(t, s)
	Equal(t, evs[:15], held(t, s, "c"))
	require.NoError(t, s.Sink.Append(t.Context(), evs[10:]))
	Equal(t, evs, held(t, s, "c"))
}

func manyWriters(t *testing.T, s Store) {
	defer finish(t, s)
	evs := Events(t, Chain(t, "c"), 120)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w * 20; i < w*20+60; i += 10 { // each ten by up to three writers
				if err := s.Sink.Append(t.Context(), evs[i:i+10]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	Equal(t, evs, held(t, s, "c"))
}

func closed(t *testing.T, s Store) {
	require.NoError(t, s.Sink.Close())
	require.Error(t, s.Sink.Append(t.Context(), Events(t, Chain(t, "c"), 1)))
}
