package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"bystander/internal/config"
	"bystander/internal/observe"
	"bystander/internal/trace"
	"bystander/sink/writer"
)

// observing is what an edge measures and follows.
type observing struct {
	timing *observe.Timing
	traces *trace.Tracer // nil unless configured
	events *eventPath
}

// openObserving comes before everything that is measured, and ends after it.
func (e *edge) openObserving(ctx context.Context) (err error) {
	if e.obs.timing, err = observe.NewTiming(e.reg); err != nil {
		return err
	}
	took, err := observe.NewEvents(e.reg)
	if err != nil {
		return err
	}
	traces, end, err := openTraces(ctx, e.cfg, "bystander-edge", e.reg, e.log)
	if err != nil {
		return err
	}
	e.closing(end)
	e.obs.traces = traces
	e.obs.events = newEventPath(chainID(e.cfg.Events.Edge), took, traces)
	return nil
}

// tracesEnd bounds how long the end waits for a collector.
const tracesEnd = 3 * time.Second

// openTraces opens the way to the collector that is configured; without one there
// is no tracer, and end does nothing.
func openTraces(ctx context.Context, cfg config.Config, service string, reg prometheus.Registerer, log zerolog.Logger) (_ *trace.Tracer, end func() error, err error) {
	c := cfg.Observe.Traces
	if c.Endpoint == "" {
		return nil, func() error { return nil }, nil
	}
	o := trace.Options{
		Endpoint: c.Endpoint, Sample: c.Sample, Service: service, Instance: chainID(cfg.Events.Edge), Version: Version, Registry: reg,
	}
	if c.TLS.On() {
		if o.TLS, err = clientTLS(c.TLS); err != nil {
			return nil, nil, fmt.Errorf("%w: observe.traces.tls: %w", ErrUsage, err)
		}
	}
	log = log.With().Str("component", "traces").Logger()
	o.OnError = func(err error) { log.Warn().Err(err).Msg("spans were not sent, and are lost") }
	t, err := trace.Open(ctx, o)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: observe.traces: %w", ErrUsage, err)
	}
	return t, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesEnd)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			log.Warn().Err(err).Msg("the last spans were not sent")
		}
		return nil
	}, nil
}

// storedSpans tells of events that a writer has stored; nil where nobody follows.
func storedSpans(t *trace.Tracer) func(writer.Followed) {
	if t == nil {
		return nil
	}
	return func(f writer.Followed) {
		of, ok := trace.ParseParent([]byte(f.Parent))
		if !ok {
			return
		}
		t.Span(of, trace.EventCheck, f.Read, f.Begun, trace.Partition(f.Partition))
		t.Span(of, trace.EventStore, f.Begun, f.Stored, trace.Batch(f.Batch))
	}
}
