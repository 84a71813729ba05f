// Package trace follows a few pictures, and the events that they lead to, from
// the packet to the stored row, and sends what it saw to an OpenTelemetry
// collector. It is off unless somebody configures it.
//
// A span tells of things alone: which stage, which camera, when, how long. What
// it may say is a short list (Names, Keys), held twice: by the types that spans
// are made with, and by a last door before anything leaves. Which event a span
// is of is not among it. See docs/adr/0014.
package trace

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

// ErrConfig reports options that cannot work.
var ErrConfig = errors.New("trace: wrong configuration")

// Options say where spans go. Endpoint is needed.
type Options struct {
	Endpoint string  // of a collector's OTLP over HTTP, such as https://collector:4318
	Sample   float64 // which part of the pictures is followed, 0 to 1
	TLS      *tls.Config
	// Service, Instance and Version name the program in the trace store.
	Service, Instance, Version string
	// Flush is the longest time that a span waits to be sent; 2 s. What cannot be
	// sent is dropped: nothing waits for a collector.
	Flush   time.Duration
	OnError func(error) // of each failed sending; nil for nobody
	// Registry gets the tracer's own counters; nil for none.
	Registry prometheus.Registerer

	exporter sdk.SpanExporter // of tests, in the collector's place
}

const (
	maxQueued  = 4096 // spans that wait to be sent; more are dropped
	sendWithin = 10 * time.Second
)

// Tracer makes spans. A nil Tracer follows nothing. It is safe for concurrent
// use.
type Tracer struct {
	sample   float64
	provider *sdk.TracerProvider
	tracer   otel.Tracer
	guard    *guard
}

// Open returns a tracer that sends to o.Endpoint. It does not ask whether anybody
// is there. The caller must Close it. It fails with ErrConfig.
func Open(ctx context.Context, o Options) (*Tracer, error) {
	if o.Sample < 0 || o.Sample > 1 || o.Sample != o.Sample {
		return nil, fmt.Errorf("%w: sample: %v is not a part between 0 and 1", ErrConfig, o.Sample)
	}
	if o.Flush <= 0 {
		o.Flush = 2 * time.Second
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	to := o.exporter
	if to == nil {
		var err error
		if to, err = newSender(o.Endpoint, o.TLS); err != nil {
			return nil, err
		}
	}
	t := &Tracer{sample: o.Sample, guard: &guard{to: to, tell: o.OnError}}
	if o.Registry != nil {
		if err := o.Registry.Register(t); err != nil {
			return nil, errors.Join(fmt.Errorf("trace: %w", err), to.Shutdown(ctx))
		}
	}
	t.provider = sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()), // Begin has decided
		sdk.WithIDGenerator(given{}),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String(keyService, o.Service), attribute.String(keyInstance, o.Instance), attribute.String(keyVersion, o.Version))),
		sdk.WithBatcher(t.guard, sdk.WithBatchTimeout(o.Flush), sdk.WithMaxQueueSize(maxQueued), sdk.WithExportTimeout(sendWithin)),
	)
	t.tracer = t.provider.Tracer("bystander")
	return t, nil
}

// Close sends what waits, as far as ctx lets it, and ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("trace: close: %w", err)
	}
	return nil
}

// Begin decides by chance whether something is followed from now on, and names
// it. It does not allocate where it is not.
func (t *Tracer) Begin() Ref {
	if t == nil || t.sample < 1 && rand.Float64() >= t.sample { //nolint:gosec // a choice, no secret
		return Ref{}
	}
	return newRef()
}

// Root tells of the whole that Begin began, once it is over; spans of its parts
// may have been told before.
//
//nolint:contextcheck // what is told has ended; its context carries ids alone
func (t *Tracer) Root(r Ref, name Name, from, to time.Time, attrs ...Attr) {
	if t == nil || !r.Followed() {
		return
	}
	t.tell(context.WithValue(context.Background(), refKey{}, r), name, from, to, attrs)
}

// Reserve names a part of parent that Fill will tell of, so that what follows
// from the part can be told before.
func (t *Tracer) Reserve(parent Ref) Ref {
	if t == nil || !parent.Followed() {
		return Ref{}
	}
	return parent.child()
}

// Fill tells of the part that Reserve named.
//
//nolint:contextcheck // what is told has ended; its context carries ids alone
func (t *Tracer) Fill(r, parent Ref, name Name, from, to time.Time, attrs ...Attr) {
	if t == nil || !r.Followed() || !parent.Followed() {
		return
	}
	ctx := otel.ContextWithSpanContext(context.Background(), otel.NewSpanContext(otel.SpanContextConfig{
		TraceID: parent.ID, SpanID: parent.Span, TraceFlags: otel.FlagsSampled,
	}))
	t.tell(context.WithValue(ctx, refKey{}, r), name, from, to, attrs)
}

// Span tells of a part that lasted from from to to. A parent that is not followed
// has none.
func (t *Tracer) Span(parent Ref, name Name, from, to time.Time, attrs ...Attr) {
	t.Fill(t.Reserve(parent), parent, name, from, to, attrs...)
}

func (t *Tracer) tell(ctx context.Context, name Name, from, to time.Time, attrs []Attr) {
	kvs := make([]attribute.KeyValue, len(attrs))
	for i, a := range attrs {
		kvs[i] = a.kv
	}
	_, span := t.tracer.Start(ctx, string(name), otel.WithTimestamp(from), otel.WithAttributes(kvs...))
	span.End(otel.WithTimestamp(to))
}

type refKey struct{}

// given is an id generator that gives each span the id that was chosen for it.
type given struct{}

// NewIDs implements sdk.IDGenerator.
func (given) NewIDs(ctx context.Context) (otel.TraceID, otel.SpanID) {
	r, ok := ctx.Value(refKey{}).(Ref)
	if !ok {
		r = newRef()
	}
	return r.ID, r.Span
}

// NewSpanID implements sdk.IDGenerator.
func (g given) NewSpanID(ctx context.Context, _ otel.TraceID) otel.SpanID {
	_, s := g.NewIDs(ctx)
	return s
}

var (
	sentDesc    = prometheus.NewDesc("bystander_trace_spans_sent_total", "Spans that the collector took.", nil, nil)
	lostDesc    = prometheus.NewDesc("bystander_trace_spans_lost_total", "Spans that the collector did not take.", nil, nil)
	refusedDesc = prometheus.NewDesc("bystander_trace_attributes_refused_total", "Attributes and names of spans that are not on the list and were left out; more than 0 is a fault of the program.", nil, nil)
)

// Describe implements prometheus.Collector.
func (t *Tracer) Describe(ch chan<- *prometheus.Desc) {
	ch <- sentDesc
	ch <- lostDesc
	ch <- refusedDesc
}

// Collect implements prometheus.Collector.
func (t *Tracer) Collect(ch chan<- prometheus.Metric) {
	for d, v := range map[*prometheus.Desc]uint64{sentDesc: t.guard.sent.Load(), lostDesc: t.guard.lost.Load(), refusedDesc: t.guard.refused.Load()} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
}
