package trace

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	otel "go.opentelemetry.io/otel/trace"
)

// TestTheLastDoor: a part of the program that makes spans past our own types, with
// whatever it likes, cannot send a word of it.
func TestTheLastDoor(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	g := &guard{to: kept, tell: func(err error) { t.Error(err) }}
	p := sdk.NewTracerProvider(sdk.WithSyncer(g), sdk.WithResource(resource.NewSchemaless(
		attribute.String("host.name", "annas-laptop"), attribute.String(keyService, "bystander-edge"))))
	_, other := p.Tracer("x").Start(context.Background(), "before")
	_, span := p.Tracer("x").Start(context.Background(), "GET /v1/enrollees/anna", otel.WithLinks(
		otel.Link{SpanContext: other.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("why", "anna")}}))
	span.SetAttributes(
		attribute.String("enduser.id", "anna"), attribute.String("subject_ref", "00ff"), attribute.Float64("score", 0.91), attribute.String("event_id", "0190…"),
		attribute.String(keyCamera, "anna's door"), attribute.StringSlice(keyChain, []string{"anna"}), attribute.Int(keyBatch, 3),
	)
	span.AddEvent("anna came in", otel.WithAttributes(attribute.String("name", "anna")))
	span.SetStatus(codes.Error, "anna was not found")
	span.End()
	require.Len(t, kept.GetSpans(), 1)
	s := kept.GetSpans()[0]
	require.Equal(t, "other", s.Name)
	require.Equal(t, []attribute.KeyValue{attribute.Int(keyBatch, 3)}, s.Attributes)
	require.Empty(t, s.Events)
	require.Equal(t, sdk.Status{Code: codes.Error}, s.Status)
	require.Len(t, s.Links, 1)
	require.Empty(t, s.Links[0].Attributes)
	require.Equal(t, []attribute.KeyValue{attribute.String(keyService, "bystander-edge")}, s.Resource.Attributes())
	require.EqualValues(t, 6+1+1+1+1+1, g.refused.Load(), "attributes, name, span event, link, status, resource")
	require.NoError(t, p.Shutdown(context.Background()))
}

// TestTheListIsAboutThings: who lengthens it must think about people.
func TestTheListIsAboutThings(t *testing.T) {
	require.Equal(t, []attribute.Key{
		"bystander.camera", "bystander.picture", "bystander.epoch", "bystander.chain", "bystander.batch", "bystander.partition",
		"service.name", "service.instance.id", "service.version",
	}, Keys())
}
