package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/apitest"
)

// wire is what a reader of the stream has received.
type wire struct {
	mu     sync.Mutex
	header http.Header
	status int
	text   strings.Builder
	fail   bool
}

func (w *wire) Header() http.Header { return w.header }
func (w *wire) WriteHeader(s int)   { w.status = s }
func (w *wire) Flush()              {}
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail {
		return 0, errors.New("gone")
	}
	return w.text.Write(p)
}

// take returns what came since the last call.
func (w *wire) take() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.text.String()
	w.text.Reset()
	return s
}

type message struct{ event, id, data string }

func messages(t *testing.T, text string) []message {
	t.Helper()
	var out []message
	for block := range strings.SplitSeq(text, "\n\n") {
		var m message
		for line := range strings.SplitSeq(block, "\n") {
			k, v, _ := strings.Cut(line, ": ")
			switch k {
			case "event":
				m.event = v
			case "id":
				m.id = v
			case "data":
				m.data = v
				assert.True(t, json.Valid([]byte(v)), v)
			}
		}
		if m.event != "" {
			out = append(out, m)
		}
	}
	return out
}

// listen opens a stream within a synctest bubble; stop ends it and waits.
func listen(t *testing.T, h house, target string, header ...string) (w *wire, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	path, query, _ := strings.Cut(target, "?")
	r := newRequest(path, query).WithContext(ctx)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w = &wire{header: http.Header{}}
	done := make(chan struct{})
	go func() { defer close(done); h.api.ServeHTTP(w, r) }()
	return w, func() { cancel(); <-done }
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		c := camera("door")
		h.SetCamera(c)
		h.Append(api.Event{Kind: "use_start", Camera: "door"})
		w, stop := listen(t, h, "/v1/stream")
		defer stop()

		first := w.take()
		assert.Equal(t, "text/event-stream", w.header.Get("Content-Type"))
		assert.Contains(t, first, "retry: 2000")
		ms := messages(t, first)
		require.Len(t, ms, 2)
		assert.Equal(t, "camera", ms[0].event)
		assert.Empty(t, ms[0].id, "only events move the reader's place")
		assert.Equal(t, "status", ms[1].event)

		// An event is sent at once, not at the tick.
		h.Append(api.Event{Kind: "camera_health", Camera: "door"})
		ms = messages(t, w.take())
		require.Len(t, ms, 1)
		assert.Equal(t, message{"event", "2", ms[0].data}, ms[0])

		// Many changes of a camera within a second become one message.
		for i := range 10 {
			c.Faces = i
			h.SetCamera(c)
		}
		assert.Empty(t, w.take())
		<-time.After(time.Second)
		ms = messages(t, w.take())
		require.Len(t, ms, 1)
		assert.Contains(t, ms[0].data, `"faces":9`)

		// A camera comes and goes; the reader learns of both.
		h.SetCamera(api.Camera{ID: "yard", Name: "Yard", State: "starting"})
		<-time.After(time.Second)
		ms = messages(t, w.take())
		require.Len(t, ms, 1)
		assert.Contains(t, ms[0].data, `"id":"yard"`)
		h.RemoveCamera("yard")
		<-time.After(time.Second)
		ms = messages(t, w.take())
		require.Len(t, ms, 1)
		assert.Equal(t, message{"camera_gone", "", `{"id":"yard"}`}, ms[0])

		// Silence is filled by heartbeats.
		<-time.After(16 * time.Second)
		assert.Equal(t, ": still here\n\n", w.take())
	})
}

func TestStreamTakesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 5 {
			h.Append(api.Event{Kind: "camera_health", Camera: "door"})
		}
		h.Append(api.Event{Kind: "camera_health", Camera: "hall"})
		ids := func(target string, header ...string) string {
			w, stop := listen(t, h, target, header...)
			defer stop()
			var s []string
			for _, m := range messages(t, w.take()) {
				if m.event != "status" {
					s = append(s, m.event+m.id)
				}
			}
			return strings.Join(s, " ")
		}
		assert.Empty(t, ids("/v1/stream"))
		assert.Equal(t, "event5 event6", ids("/v1/stream?after=4"))
		assert.Equal(t, "event6", ids("/v1/stream?after=1", "Last-Event-ID", "5"))
		assert.Equal(t, "event5", ids("/v1/stream?after=4&camera=door"))
		assert.Equal(t, "reset6", ids("/v1/stream?after=77"), "a place the log never held")
		h.Forget(3)
		assert.Equal(t, "reset6", ids("/v1/stream", "Last-Event-ID", "2"), "a place the log holds no longer")
		for range 1200 {
			h.Append(api.Event{Kind: "camera_health", Camera: "door"})
		}
		got := ids("/v1/stream?after=5")
		assert.True(t, strings.HasSuffix(got, "reset1206"), "a reader far behind starts anew")
		assert.Equal(t, 1000, strings.Count(got, "event"))
	})
}

func TestStreamRecordsAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		w, stop := listen(t, h, "/v1/stream")
		defer stop()
		w.take()
		h.Append(api.Event{Kind: "camera_health", Camera: "door"})
		w.take()
		assert.Empty(t, h.Accesses())
		h.Append(api.Event{Kind: "match", Camera: "door", SubjectRef: ref})
		assert.Contains(t, w.take(), ref)
		acc := h.Accesses()
		require.Len(t, acc, 1)
		assert.Equal(t, api.AccessEventStream, acc[0].Action)
		assert.Equal(t, []string{ref}, acc[0].Subjects)

		h.FailAccess(apitest.ErrMadeUp)
		h.Append(api.Event{Kind: "match", Camera: "door", SubjectRef: ref})
		text := w.take()
		assert.NotContains(t, text, ref)
		ms := messages(t, text)
		require.Len(t, ms, 1)
		assert.Equal(t, "problem", ms[0].event)
		assert.NotContains(t, text, "secret")
	})
}

func TestStreamBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var stops []func()
		for range api.MaxStreams {
			w, stop := listen(t, h, "/v1/stream")
			w.take()
			stops = append(stops, stop)
		}
		res := h.do(t, "GET", "/v1/stream")
		problem(t, res, 503)
		stops[0]()
		w, stop := listen(t, h, "/v1/stream")
		assert.NotEmpty(t, w.take(), "a free place is given away again")
		stops[0] = stop

		h.api.End() // every stream ends without its reader's doing
		synctest.Wait()
		problem(t, h.do(t, "GET", "/v1/stream"), 503)
		for _, s := range stops {
			s()
		}
	})
}

func TestStreamLetsDeadReaderGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		w, stop := listen(t, h, "/v1/stream")
		w.take()
		w.mu.Lock()
		w.fail = true
		w.mu.Unlock()
		h.Append(api.Event{Kind: "camera_health"})
		synctest.Wait()
		stop()
		assert.NotContains(t, h.log.String(), "stream failed")
	})
}
