package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/kafkax"
	"bystander/internal/observe"
	"bystander/internal/testkit"
	chserver "bystander/internal/testkit/clickhouse"
	"bystander/internal/testkit/kafka"
	"bystander/internal/trace"
	"bystander/redact"
)

// spans is a collector's OTLP door, and what came through it, by trace.
type spans struct {
	*httptest.Server
	mu  sync.Mutex
	by  map[string][]*wire.Span
	raw bytes.Buffer // everything, as it came
}

func collectSpans(t *testing.T) *spans {
	t.Helper()
	c := &spans{by: map[string][]*wire.Span{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q collector.ExportTraceServiceRequest
		b, err := io.ReadAll(r.Body)
		if err != nil || proto.Unmarshal(b, &q) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(b)
		for _, rs := range q.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					id := hex.EncodeToString(s.TraceId)
					c.by[id] = append(c.by[id], s)
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// with returns the spans of a trace that has all of these, by name; nil when
// there is none yet.
func (c *spans) with(names ...string) (id string, by map[string]*wire.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, list := range c.by {
		by := map[string]*wire.Span{}
		for _, s := range list {
			by[s.Name] = s
		}
		if !slices.ContainsFunc(names, func(n string) bool { return by[n] == nil }) {
			return id, by
		}
	}
	return "", nil
}

// has reports whether anything came of a trace.
func (c *spans) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.by[id]) > 0
}

var pictureStages = []string{"decode", "handover", "wait_look", "look", "wait_cover", "hold", "cover", "wait_encode", "encode", "deliver"}

// TestFromPacketToStoredRow follows a picture of a real file through a real worker,
// the pipeline, the spool, Kafka and a writer into ClickHouse, as a collector sees
// it; and finds the same trace beside the metrics.
func TestFromPacketToStoredRow(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a broker and a ClickHouse engine")
	}
	to := collectSpans(t)
	broker := kafka.Start(t, kafka.Options{})
	store := chserver.StartEngine(t, chserver.Options{})
	cfg := followConfig(t, "edge-7", kafkax.Config{Brokers: []string{broker.Addr()}, TopicPrefix: "traced"})
	cfg.Observe.Traces = config.Traces{Endpoint: to.URL, Sample: 1}
	cfg.Models.Offline, cfg.Server.Listen = true, "127.0.0.1:0"
	clip := testkit.Crowd{Size: frame.Size{W: 320, H: 180}, Frames: 50, FPS: 10}.Write(t)
	cfg.Cameras = []config.Camera{{ID: "door", Name: "Door", Driver: "file", URL: config.Secret(clip)}}
	url := servedEdge(t, cfg)
	wurl := tracedWriter(t, cfg, store)

	var id string
	var by map[string]*wire.Span
	want := append(slices.Clone(pictureStages), "picture", "event", "event.wait", "event.log", "event.spool", "event.keep", "event.send", "event.check", "event.store")
	require.Eventually(t, func() bool { id, by = to.with(want...); return by != nil }, 2*time.Minute, 50*time.Millisecond, "a whole trace")
	requireWhole(t, by)

	text := metricsOf(t, url)
	require.Contains(t, text, "# EOF", "the OpenMetrics form")
	of := regexp.MustCompile(`bystander_stage_duration_seconds_bucket\{camera="door",stage="look",le="[^"]+"\} \d+ # \{trace_id="([0-9a-f]{32})"\}`).FindStringSubmatch(text)
	require.NotNil(t, of, "an exemplar leads to a trace")
	require.Eventually(t, func() bool { return to.has(of[1]) }, time.Minute, 50*time.Millisecond, "and the trace comes")
	for _, stage := range pictureStages {
		require.Regexp(t, `(?m)^bystander_stage_budget_seconds\{camera="door",stage="`+stage+`"\} `, text)
	}
	for _, queue := range []string{"look", "cover", "hold", "encode", "viewers"} {
		for _, what := range []string{"pictures", "limit_pictures", "oldest_seconds", "dropped_total"} {
			require.Contains(t, text, `bystander_queue_`+what+`{camera="door",queue="`+queue+`"}`)
		}
	}
	require.Regexp(t, `bystander_event_stage_duration_seconds_count\{stage="send"\} [1-9]`, text)
	require.Regexp(t, `bystander_kafka_sent_events_total [1-9]`, text)
	require.Contains(t, text, "bystander_trace_attributes_refused_total 0", "nothing tried to leave that may not")
	require.Regexp(t, `bystander_writer_event_delay_seconds_count [1-9]`, metricsOf(t, wurl))
	rows, err := strconv.Atoi(strings.TrimSpace(store.Exec("SELECT count() FROM " + store.Database() + ".events")))
	require.NoError(t, err)
	require.Positive(t, rows)
	requireNoPerson(t, to)
	t.Logf("trace %s: %d spans; the row was stored %v after the picture's last byte", id, len(by),
		time.Duration(by["event.store"].EndTimeUnixNano-by["decode"].StartTimeUnixNano)) //nolint:gosec // after 1970
}

// requireWhole checks that a trace's spans hang together, and follow each other.
func requireWhole(t *testing.T, by map[string]*wire.Span) {
	t.Helper()
	picture, happened := by["picture"], by["event"]
	require.Empty(t, picture.ParentSpanId)
	require.Equal(t, picture.SpanId, happened.ParentSpanId)
	var before *wire.Span
	for _, name := range pictureStages {
		s := by[name]
		require.Equal(t, picture.SpanId, s.ParentSpanId, name)
		require.GreaterOrEqual(t, s.EndTimeUnixNano, s.StartTimeUnixNano, name)
		if before != nil {
			// No gap and no overlap, but for the clock of another process.
			require.InDelta(t, float64(before.EndTimeUnixNano), float64(s.StartTimeUnixNano), float64(time.Millisecond), name)
		}
		before = s
	}
	require.Equal(t, by["decode"].StartTimeUnixNano, picture.StartTimeUnixNano)
	require.GreaterOrEqual(t, picture.EndTimeUnixNano, before.EndTimeUnixNano)
	require.GreaterOrEqual(t, happened.StartTimeUnixNano, before.StartTimeUnixNano, "the event follows from the picture")
	last := happened.StartTimeUnixNano
	for _, name := range []string{"event.wait", "event.log", "event.spool", "event.send", "event.check", "event.store"} {
		s := by[name]
		require.Equal(t, happened.SpanId, s.ParentSpanId, name)
		require.GreaterOrEqual(t, s.StartTimeUnixNano, last, name)
		require.GreaterOrEqual(t, s.EndTimeUnixNano, s.StartTimeUnixNano, name)
		last = s.StartTimeUnixNano
	}
}

// requireNoPerson reads everything that left for the collector.
func requireNoPerson(t *testing.T, to *spans) {
	t.Helper()
	to.mu.Lock()
	defer to.mu.Unlock()
	var keys []string
	for _, list := range to.by {
		for _, s := range list {
			require.Contains(t, trace.Names(), trace.Name(s.Name))
			require.Empty(t, s.Events)
			for _, a := range s.Attributes {
				keys = append(keys, a.Key)
			}
		}
	}
	slices.Sort(keys)
	require.Equal(t, []string{"bystander.batch", "bystander.camera", "bystander.chain", "bystander.epoch", "bystander.partition", "bystander.picture"}, slices.Compact(keys))
	for _, word := range []string{"use_start", "camera_health", "zone_minute", "subject", "score"} {
		require.NotContains(t, to.raw.String(), word, "not even what kind of event it was")
	}
}

// servedEdge runs an edge with its interface until the test ends, and returns its
// address.
func servedEdge(t *testing.T, cfg config.Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	if err != nil {
		cancel()
	}
	require.NoError(t, err)
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- e.serve(ctx, func(url string) { ready <- url }) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, e.close())
	})
	select {
	case url := <-ready:
		return url
	case err := <-done:
		done <- err
		t.Fatalf("the edge ended: %v", err)
		return ""
	}
}

// tracedWriter runs the writer's role until the test ends, and returns the address
// of its metrics.
func tracedWriter(t *testing.T, edge config.Config, store *chserver.Server) string {
	t.Helper()
	cfg := followConfig(t, "writer-1", edge.Events.Kafka)
	cfg.Observe = edge.Observe
	cfg.Events.ClickHouse = config.ClickHouse{Addrs: []string{store.Addr()}, HTTP: true, Database: store.Database()}
	cfg.Writer.Edges, cfg.Writer.Listen = t.TempDir(), "127.0.0.1:"+strconv.Itoa(testkit.FreePort(t))
	pub, err := os.ReadFile(filepath.Join(edge.Keys, "edge.pub"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Writer.Edges, edge.Events.Edge+".pub"), pub, 0o600))
	require.NoError(t, ClickHouseMigrate(t.Context(), cfg, io.Discard))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Writer(ctx, cfg, io.Discard) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return "http://" + cfg.Writer.Listen
}

// metricsOf reads /metrics as a Prometheus that wants exemplars does.
func metricsOf(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, cmp.Or(err, res.Body.Close()))
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", b)
	return string(b)
}

// TestMeasuringAPictureDoesNotAllocate, unless somebody follows it.
func TestMeasuringAPictureDoesNotAllocate(t *testing.T) {
	timing, err := observe.NewTiming(nil)
	require.NoError(t, err)
	var off *trace.Tracer
	p := newPassage("door", 8, timing, off)
	raw := &frame.Raw{}
	out := redact.Out{}
	clock := &stopwatch{took: timing.Camera("door")}
	require.Zero(t, testing.AllocsPerRun(200, func() {
		now := time.Now()
		raw.Meta = frame.Meta{Camera: "door", Arrived: now, Passage: frame.Passage{Handed: now, Taken: now}}
		p.came(&raw.Meta)
		clock.start(stageGuard).stop()
		p.looked(&raw.Meta)
		p.covering(&raw.Meta)
		out.Meta = raw.Meta
		p.covered(&out, time.Now())
		from := p.delivering(&out.Meta)
		from = p.encoded(&out.Meta, from)
		p.delivered(&out.Meta, from)
	}))
}

// TestNothingIsMeasuredWhereNobodyAsks: redacting a file has no metrics.
func TestNothingIsMeasuredWhereNobodyAsks(t *testing.T) {
	var p *passage
	var m frame.Meta
	p.came(&m)
	p.looked(&m)
	p.covering(&m)
	p.covered(&redact.Out{}, time.Now())
	p.withheld()
	p.delivered(&m, p.encoded(&m, p.delivering(&m)))
	require.Zero(t, m)
	var e *eventPath
	x := e.came(event.Event{SiteID: "x"}, trace.Ref{})
	e.begins(&x)
	e.logged(&x)
	e.moved(observe.EventKeep, trace.EventKeep)(nil, time.Now(), time.Now())
	require.Empty(t, e.parent(nil, "x"))
	require.Equal(t, event.Event{SiteID: "x"}, x.Event)
}
