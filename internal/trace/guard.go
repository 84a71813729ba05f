package trace

import (
	"context"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// guard is the last door before spans leave the machine: whatever made a span,
// only names and attributes of the lists pass. It also keeps an exporter's
// trouble from the library's global error handler, which writes without bound.
type guard struct {
	to      sdk.SpanExporter
	tell    func(error)
	resDone atomic.Pointer[resource.Resource] // what was made of the provider's, which is one

	sent, lost, refused atomic.Uint64
}

// ExportSpans implements sdk.SpanExporter. It never fails: what cannot be sent is
// counted and told.
func (g *guard) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	out := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		out[i] = g.clean(s)
	}
	if err := g.to.ExportSpans(ctx, out); err != nil {
		g.lost.Add(uint64(len(spans)))
		g.tell(err)
		return nil
	}
	g.sent.Add(uint64(len(spans)))
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (g *guard) Shutdown(ctx context.Context) error { return g.to.Shutdown(ctx) }

// clean returns what of a span may leave. Span events, links' attributes and
// words about a status are free text and are left out whole.
func (g *guard) clean(s sdk.ReadOnlySpan) sdk.ReadOnlySpan {
	c := &clean{ReadOnlySpan: s, name: s.Name(), attrs: g.pass(s.Attributes())}
	if !slices.Contains(names, Name(c.name)) {
		c.name = "other"
		g.refused.Add(1)
	}
	g.refused.Add(uint64(len(s.Events())))
	for _, l := range s.Links() {
		g.refused.Add(uint64(len(l.Attributes)))
		c.links = append(c.links, sdk.Link{SpanContext: l.SpanContext})
	}
	if s.Status().Description != "" {
		g.refused.Add(1)
	}
	if c.res = g.resDone.Load(); c.res == nil {
		c.res = resource.NewSchemaless(g.pass(s.Resource().Attributes())...)
		g.resDone.Store(c.res)
	}
	return c
}

func (g *guard) pass(in []attribute.KeyValue) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, len(in))
	for _, kv := range in {
		if allowed(kv) {
			out = append(out, kv)
		} else {
			g.refused.Add(1)
		}
	}
	return out
}

// clean is a span without what may not leave.
type clean struct {
	sdk.ReadOnlySpan
	name  string
	attrs []attribute.KeyValue
	links []sdk.Link
	res   *resource.Resource
}

func (c *clean) Name() string                     { return c.name }
func (c *clean) Attributes() []attribute.KeyValue { return c.attrs }
func (c *clean) Events() []sdk.Event              { return nil }
func (c *clean) Links() []sdk.Link                { return c.links }
func (c *clean) Status() sdk.Status               { return sdk.Status{Code: c.ReadOnlySpan.Status().Code} }
func (c *clean) Resource() *resource.Resource     { return c.res }
