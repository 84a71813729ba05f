package trace_test

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"bystander/internal/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a collector's OTLP door.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*collector.ExportTraceServiceRequest
	status   int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		body, err := io.ReadAll(q.Body)
		var m collector.ExportTraceServiceRequest
		if err != nil || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &m) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if r.status == http.StatusOK {
			r.requests = append(r.requests, &m)
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) spans() map[string]*wire.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]*wire.Span{}
	for _, q := range r.requests {
		for _, rs := range q.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					out[s.Name] = s
				}
			}
		}
	}
	return out
}

func open(t *testing.T, o trace.Options) *trace.Tracer {
	t.Helper()
	o.Service, o.Instance, o.Version, o.Flush = "bystander-edge", "edge-1", "v1", 10*time.Millisecond
	tr, err := trace.Open(t.Context(), o)
	require.NoError(t, err)
	return tr
}

func TestAPictureIsFollowedToTheCollector(t *testing.T) {
	to := newReceiver(t)
	tr := open(t, trace.Options{Endpoint: to.URL, Sample: 1})
	at := time.Unix(1_700_000_000, 123_456_789)
	r := tr.Begin()
	require.True(t, r.Followed())
	tr.Span(r, "look", at.Add(time.Millisecond), at.Add(3*time.Millisecond), trace.Camera("door"))
	e := tr.Reserve(r)
	tr.Span(e, trace.EventLog, at.Add(4*time.Millisecond), at.Add(5*time.Millisecond))
	tr.Fill(e, r, trace.Event, at.Add(3*time.Millisecond), at.Add(5*time.Millisecond), trace.Chain("edge-1"))
	tr.Root(r, trace.Picture, at, at.Add(9*time.Millisecond), trace.Number(7, 2)...)
	require.NoError(t, tr.Close(context.Background()))

	s := to.spans()
	require.Len(t, s, 4)
	picture, look, event, log := s["picture"], s["look"], s["event"], s["event.log"]
	require.Empty(t, picture.ParentSpanId)
	require.Equal(t, r.TraceID(), hex.EncodeToString(picture.TraceId))
	for _, x := range s {
		require.Equal(t, picture.TraceId, x.TraceId)
	}
	require.Equal(t, picture.SpanId, look.ParentSpanId)
	require.Equal(t, picture.SpanId, event.ParentSpanId)
	require.Equal(t, event.SpanId, log.ParentSpanId)
	require.Equal(t, uint64(at.UnixNano()), picture.StartTimeUnixNano) //nolint:gosec // after 1970
	require.Equal(t, uint64(9*time.Millisecond), picture.EndTimeUnixNano-picture.StartTimeUnixNano)
	require.Equal(t, "bystander.camera", look.Attributes[0].Key)
	require.Equal(t, "door", look.Attributes[0].Value.GetStringValue())
	require.Equal(t, int64(7), picture.Attributes[0].Value.GetIntValue())
	res := to.requests[0].ResourceSpans[0].Resource.Attributes
	require.Len(t, res, 3)
	require.Equal(t, "edge-1", res[0].Value.GetStringValue())
}

// TestATextThatIsNoIDDoesNotLeave: even through the functions that make
// attributes.
func TestATextThatIsNoIDDoesNotLeave(t *testing.T) {
	to := newReceiver(t)
	reg := prometheus.NewRegistry()
	tr := open(t, trace.Options{Endpoint: to.URL, Sample: 1, Registry: reg})
	tr.Root(tr.Begin(), "Zerafina Quillhaven", time.Now(), time.Now(), trace.Camera("Zerafina Quillhaven"), trace.Chain("a@b.example"))
	require.NoError(t, tr.Close(context.Background()))
	s := to.spans()
	require.Contains(t, s, "other")
	require.Empty(t, s["other"].Attributes)
	b, err := proto.Marshal(to.requests[0])
	require.NoError(t, err)
	require.NotContains(t, string(b), "Quillhaven")
	require.NotContains(t, string(b), "example")
	families, err := reg.Gather()
	require.NoError(t, err)
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetCounter().GetValue()
	}
	require.Equal(t, map[string]float64{
		"bystander_trace_spans_sent_total": 1, "bystander_trace_spans_lost_total": 0, "bystander_trace_attributes_refused_total": 3,
	}, got)
}

func TestACollectorThatRefusesHoldsNothingUp(t *testing.T) {
	to := newReceiver(t)
	to.status = http.StatusServiceUnavailable
	told := make(chan error, 16)
	tr := open(t, trace.Options{Endpoint: to.URL, Sample: 1, OnError: func(err error) { told <- err }})
	tr.Root(tr.Begin(), trace.Picture, time.Now(), time.Now())
	require.NoError(t, tr.Close(context.Background()))
	require.ErrorContains(t, <-told, "503")
	require.Empty(t, to.spans())
}

func TestWhatIsNotFollowedCostsNothing(t *testing.T) {
	to := newReceiver(t)
	never := open(t, trace.Options{Endpoint: to.URL, Sample: 0})
	for name, tr := range map[string]*trace.Tracer{"off": nil, "never": never} {
		at := time.Now()
		require.Zero(t, testing.AllocsPerRun(100, func() {
			r := tr.Begin()
			if r.Followed() {
				t.Error("followed")
			}
			tr.Span(r, "look", at, at)
			tr.Fill(tr.Reserve(r), r, trace.Event, at, at)
			tr.Root(r, trace.Picture, at, at)
		}), name)
		require.NoError(t, tr.Close(context.Background()))
	}
	require.Empty(t, to.spans())
}

func TestThePartThatIsFollowed(t *testing.T) {
	to := newReceiver(t)
	tr := open(t, trace.Options{Endpoint: to.URL, Sample: 0.25})
	n := 0
	for range 10_000 {
		if tr.Begin().Followed() {
			n++
		}
	}
	require.InDelta(t, 2500, n, 300) // seven times the standard deviation
	require.NoError(t, tr.Close(context.Background()))
}

func TestWrongOptions(t *testing.T) {
	for name, o := range map[string]trace.Options{
		"no address": {Sample: 1}, "no scheme": {Endpoint: "collector:4318"}, "too much": {Endpoint: "http://c", Sample: 1.5}, "too little": {Endpoint: "http://c", Sample: -1},
	} {
		_, err := trace.Open(t.Context(), o)
		require.ErrorIs(t, err, trace.ErrConfig, name)
	}
}

func TestTraceParent(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	r, ok := trace.ParseParent([]byte(good))
	require.True(t, ok)
	require.Equal(t, good, string(r.AppendParent(nil)))
	require.Equal(t, "x", string(trace.Ref{}.AppendParent([]byte("x"))))
	for name, bad := range map[string]string{
		"empty": "", "short": good[:54], "long": good + "-x", "another version": "01" + good[2:], "not followed": good[:54] + "0",
		"capitals": strings.ToUpper(good), "no trace": "00-" + strings.Repeat("0", 32) + good[35:], "no span": good[:36] + strings.Repeat("0", 16) + "-01",
		"no hex": strings.Replace(good, "4bf9", "4bg9", 1), "dashes": strings.Replace(good, "-00f0", "_00f0", 1),
	} {
		_, ok := trace.ParseParent([]byte(bad))
		require.False(t, ok, name)
	}
}

func FuzzParseParent(f *testing.F) {
	f.Add([]byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
	f.Add([]byte("00-00000000000000000000000000000000-0000000000000000-00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := trace.ParseParent(b)
		if ok != r.Followed() {
			t.Fatalf("%q: %v, %v", b, ok, r)
		}
		if ok {
			if again, ok := trace.ParseParent(r.AppendParent(nil)); !ok || again != r {
				t.Fatalf("%q: %v became %v", b, r, again)
			}
		}
	})
}

// TestOnlySoManyAreRemembered, the newest of them.
func TestOnlySoManyAreRemembered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 8).Draw(t, "most")
		f := trace.NewFollowed(most)
		var order []string
		for range rapid.IntRange(0, 40).Draw(t, "puts") {
			id := rapid.StringMatching(`[a-p]`).Draw(t, "id")
			f.Put(id, trace.Mark{Ref: trace.Ref{ID: [16]byte{1}, Span: [8]byte{id[0]}}})
			known := false
			for _, o := range order {
				known = known || o == id
			}
			if !known {
				order = append(order, id)
				order = order[max(0, len(order)-most):]
			}
		}
		for c := byte('a'); c <= 'p'; c++ {
			want := false
			for _, o := range order {
				want = want || o == string(c)
			}
			m, ok := f.Get(string(c))
			require.Equal(t, want, ok)
			require.Equal(t, ok, len(f.AppendParent(nil, string(c))) > 0)
			require.Equal(t, ok, m.Ref.Followed())
		}
	})
	(*trace.Followed)(nil).Put("x", trace.Mark{})
	require.Empty(t, (*trace.Followed)(nil).AppendParent(nil, "x"))
}
