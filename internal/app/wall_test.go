package app

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/actor"
	"bystander/api/notes"
	"bystander/audit/receipt"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/redact"
	"bystander/sink"
	"bystander/sink/encode"
	"bystander/sink/record"
)

// tiles is a live view whose viewers come and go by the number of the picture.
type tiles struct {
	n, from, to int
	large       func(n int) bool // nil when somebody always watches in full
	full, small []sink.Packet
}

func (w *tiles) Full() bool { return w.large == nil || w.large(w.n) }

func (w *tiles) Small() (watched, key bool) { return w.n >= w.from && w.n < w.to, w.n == w.from+20 }

func (w *tiles) WritePackets(full, small *sink.Packet) error {
	w.n++
	if full != nil {
		w.full = append(w.full, *full)
	}
	if small != nil {
		w.small = append(w.small, *small)
	}
	return nil
}

// The small rendition exists while somebody watches it and not a picture longer,
// has at most half of the pictures, and keeps their time.
func TestSmallPicturesAreMadeOnlyForThoseWhoWatch(t *testing.T) {
	begin := time.Now().Truncate(time.Millisecond)
	r := newRig(aFace, func(i int) (frame.Size, frame.Meta, bool) {
		at := time.Duration(i) * 40 * time.Millisecond
		return frame.Size{W: 160, H: 120}, frame.Meta{PTS: at, Captured: begin.Add(at), Arrived: begin.Add(at)}, i < 100
	})
	var made []*encode.Stream
	w := &tiles{from: 30, to: 70}
	outlet := &liveOutlet{
		shared: encode.New(encode.Config{}), live: nobodyWatches{}, tiles: w, log: zerolog.Nop(), stats: &cameraStats{},
		newSmall: func() *encode.Stream {
			s := encode.New(encode.Config{Fit: frame.Size{W: 80, H: 60}})
			made = append(made, s)
			return s
		},
	}
	p := &pipeline{
		id: "cam", src: r.src, redact: redact.DefaultConfig(), may: redact.Nobody{}, out: outlet, stats: outlet.stats,
		looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now},
	}
	require.NoError(t, p.run(t.Context()))
	require.Nil(t, outlet.small, "the encoder has gone with its last viewer")
	require.Len(t, made, 1)
	require.NoError(t, outlet.close())
	require.Len(t, w.full, 100)
	require.InDelta(t, 20, len(w.small), 2)
	at := map[time.Duration]bool{}
	for _, f := range w.full {
		require.Equal(t, frame.Size{W: 160, H: 120}, f.Size)
		at[f.PTS] = true
	}
	require.True(t, w.small[0].Key, "it begins with a key picture")
	require.Equal(t, w.full[30].PTS, w.small[0].PTS)
	keys := 0
	for _, s := range w.small {
		require.Equal(t, frame.Size{W: 80, H: 60}, s.Size)
		require.True(t, at[s.PTS], "both have one time line")
		if s.Key {
			keys++
		}
	}
	require.Equal(t, 2, keys, "the first, and the one that was asked for")
}

// While all viewers watch small tiles, or nobody watches, the full stream is not
// encoded. Who wants it then gets a key picture with the very next one.
func TestTheFullStreamIsMadeOnlyForThoseWhoWantIt(t *testing.T) {
	begin := time.Now().Truncate(time.Millisecond)
	play := func(t *testing.T, w *tiles, record sink.PacketSink) *liveOutlet {
		t.Helper()
		r := newRig(aFace, func(i int) (frame.Size, frame.Meta, bool) {
			at := time.Duration(i) * 40 * time.Millisecond
			return frame.Size{W: 160, H: 120}, frame.Meta{PTS: at, Captured: begin.Add(at), Arrived: begin.Add(at)}, i < 100
		})
		outlet := &liveOutlet{
			shared: encode.New(encode.Config{}), live: nobodyWatches{}, tiles: w, record: record, log: zerolog.Nop(),
			stats:    &cameraStats{},
			newOne:   func() *encode.Stream { return encode.New(encode.Config{}) },
			newSmall: func() *encode.Stream { return encode.New(encode.Config{Fit: frame.Size{W: 80, H: 60}}) },
		}
		p := &pipeline{
			id: "cam", src: r.src, redact: redact.DefaultConfig(), may: redact.Nobody{}, out: outlet, stats: outlet.stats,
			looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now},
		}
		require.NoError(t, p.run(t.Context()))
		return outlet
	}
	between := func(from, to int) func(int) bool { return func(n int) bool { return n >= from && n < to } }

	t.Run("with small tiles only", func(t *testing.T) {
		w := &tiles{to: 100, large: between(40, 60)}
		outlet := play(t, w, nil)
		require.EqualValues(t, 20, outlet.shared.Stats().Frames, "encoded for those who want it, and for nobody else")
		require.Len(t, w.full, 20)
		require.True(t, w.full[0].Key, "it begins with a key picture")
		require.Equal(t, 40*40*time.Millisecond, w.full[0].PTS, "the time line went on")
		require.Greater(t, len(w.small), 40, "small tiles missed nothing")
		for i, s := range w.small[1:] {
			require.Greater(t, s.PTS, w.small[i].PTS)
		}
		require.NoError(t, outlet.close())
	})
	t.Run("with nobody", func(t *testing.T) {
		w := &tiles{large: between(0, 0)}
		outlet := play(t, w, nil)
		require.Zero(t, outlet.shared.Stats().Frames)
		require.NoError(t, outlet.close())
	})
	t.Run("with a recorder", func(t *testing.T) {
		kept := &nullSink{}
		w := &tiles{large: between(0, 0)}
		outlet := play(t, w, kept)
		require.EqualValues(t, 100, outlet.shared.Stats().Frames, "the recorder takes every picture")
		require.NotZero(t, kept.bytes)
		require.NoError(t, outlet.close())
	})
}

// reads lets everything be read.
type reads struct{}

func (reads) RecordRead(context.Context, actor.Read) error { return nil }

// What was exported verifies as what was recorded does, with the same command.
func TestExportedClipsVerify(t *testing.T) {
	r := recordSegments(t)
	dir := strings.TrimSuffix(r.paths[0], r.list[0].Path)
	rec, err := record.Open(t.Context(), record.Config{Dir: dir, Segment: 2 * time.Second, Queue: 10, Limits: record.Limits{MinFree: -1}})
	require.NoError(t, err)
	defer rec.Close() //nolint:errcheck // nothing was written
	key, err := signingKey(r.keys, "edge")
	require.NoError(t, err)
	told := 0
	m := notes.New(notes.Config{
		Access: reads{}, Clips: clips{rec}, Key: key, KeyID: receipt.KeyID(key.Public().(ed25519.PublicKey)), Log: zerolog.Nop(),
		Record: func(context.Context, event.Event) error { told++; return nil },
	})
	door := chi.NewRouter()
	door.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(actor.With(r.Context(), actor.Actor{ID: "ann", Roles: []actor.Role{actor.Operator}, Strong: true})))
		})
	})
	m.Register(humachi.New(door, huma.DefaultConfig("test", "1")))
	ask := func(method, path, body string) []byte {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, req)
		require.Less(t, w.Code, 300, w.Body.String())
		return w.Body.Bytes()
	}
	body, err := json.Marshal(map[string]any{
		"camera": "cam", "from": r.list[0].Start, "to": r.list[1].End, "purpose": "incident",
	})
	require.NoError(t, err)
	var e notes.Export
	require.NoError(t, json.Unmarshal(ask("POST", "/v1/exports", string(body)), &e))
	require.Equal(t, 2, e.Clips)
	zipped := ask("GET", "/v1/exports/"+e.ID, "")
	require.Equal(t, 1, told)

	out := t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	require.NoError(t, err)
	for _, f := range z.File {
		require.Equal(t, filepath.Base(f.Name), f.Name)
		src, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(src)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(out, f.Name), b, 0o600))
	}
	segments, err := filepath.Glob(filepath.Join(out, "*.mp4"))
	require.NoError(t, err)
	require.Len(t, segments, 2)
	for _, pub := range []string{filepath.Join(r.keys, "edge.pub"), filepath.Join(out, "edge.pub")} {
		require.NoError(t, VerifySegments(t.Context(), VerifySegmentOptions{Files: segments, Key: pub, Stdout: io.Discard}))
	}
	raw, err := os.ReadFile(segments[0])
	require.NoError(t, err)
	var said bytes.Buffer
	require.NoError(t, VerifySegments(t.Context(), VerifySegmentOptions{Files: segments, Key: filepath.Join(out, "edge.pub"), Stdout: &said}))
	require.Equal(t, 2, strings.Count(said.String(), "exported by ann at "), said.String())
	require.Contains(t, said.String(), e.ID)
	// Whoever changes the mark, or cuts part of it off, is found out; without all
	// of it the file is again as it was recorded.
	one := []string{segments[0]}
	for i, tt := range []struct {
		change func([]byte) []byte
		fault  string
	}{
		{func(b []byte) []byte { return bytes.Replace(b, []byte(`by\":\"ann`), []byte(`by\":\"eve`), 1) }, faultMark},
		{func(b []byte) []byte { return b[:len(b)-1] }, faultAltered},
		{func(b []byte) []byte { return b[:bytes.Index(b, []byte("uuid"+receipt.MarkType))-4] }, ""},
	} {
		changed := tt.change(bytes.Clone(raw))
		require.NotEqual(t, raw, changed, i)
		require.NoError(t, os.WriteFile(segments[0], changed, 0o600))
		said.Reset()
		err := VerifySegments(t.Context(), VerifySegmentOptions{Files: one, Key: filepath.Join(out, "edge.pub"), Stdout: &said})
		require.Equal(t, tt.fault != "", errors.Is(err, errSegments), "%d: %s", i, said.String())
		require.Contains(t, said.String(), tt.fault)
		require.NotContains(t, said.String(), "exported by", i)
	}
	raw[len(raw)/2] ^= 1
	require.NoError(t, os.WriteFile(segments[0], raw, 0o600))
	require.ErrorIs(t, VerifySegments(t.Context(), VerifySegmentOptions{
		Files: segments, Key: filepath.Join(out, "edge.pub"), Stdout: io.Discard,
	}), errSegments)
}
