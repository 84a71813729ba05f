package trace

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	res "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// sender sends spans as OTLP over HTTP in protobuf (opentelemetry.io/docs/specs/otlp).
// It is our own for two reasons: the library's exporter links the whole of gRPC
// into the program, and it takes addresses and headers from the environment, past
// the configuration. It sends once: what a collector does not take is dropped.
type sender struct {
	to   string
	http *http.Client
}

// newSender returns a sender to a collector's address. It fails with ErrConfig.
func newSender(endpoint string, t *tls.Config) (*sender, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: endpoint: should be an address such as https://collector:4318", ErrConfig)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	return &sender{to: u.String(), http: &http.Client{
		Timeout:       sendWithin,
		Transport:     &http.Transport{TLSClientConfig: t, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ExportSpans implements sdk.SpanExporter.
func (s *sender) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := proto.Marshal(request(spans))
	if err != nil {
		return fmt.Errorf("trace: encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("trace: send: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "bystander")
	answer, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("trace: the collector does not answer: %w", err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection serves again
	if cerr := answer.Body.Close(); err == nil {
		err = cerr
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("trace: the collector refuses spans: %s", answer.Status)
	}
	if err != nil {
		return fmt.Errorf("trace: the collector's answer: %w", err)
	}
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (s *sender) Shutdown(context.Context) error {
	s.http.CloseIdleConnections()
	return nil
}

// request puts spans, which are all of one program, into the form of the wire.
func request(spans []sdk.ReadOnlySpan) *collector.ExportTraceServiceRequest {
	scope := &wire.ScopeSpans{Scope: &common.InstrumentationScope{Name: spans[0].InstrumentationScope().Name}}
	for _, s := range spans {
		scope.Spans = append(scope.Spans, wireSpan(s))
	}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*wire.ResourceSpans{{
		Resource:   &res.Resource{Attributes: wireAttrs(spans[0].Resource().Attributes())},
		ScopeSpans: []*wire.ScopeSpans{scope},
	}}}
}

func wireSpan(s sdk.ReadOnlySpan) *wire.Span {
	sc := s.SpanContext()
	id, span := sc.TraceID(), sc.SpanID()
	out := &wire.Span{
		TraceId: id[:], SpanId: span[:], Name: s.Name(), Kind: wire.Span_SPAN_KIND_INTERNAL, Flags: uint32(sc.TraceFlags()),
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), //nolint:gosec // after 1970
		EndTimeUnixNano:   uint64(s.EndTime().UnixNano()),   //nolint:gosec // after 1970
		Attributes:        wireAttrs(s.Attributes()),
	}
	if p := s.Parent().SpanID(); p.IsValid() {
		out.ParentSpanId = p[:]
	}
	for _, l := range s.Links() {
		id, span := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		out.Links = append(out.Links, &wire.Span_Link{TraceId: id[:], SpanId: span[:]})
	}
	return out
}

// wireAttrs are those of the types that may leave; see allowed.
func wireAttrs(in []attribute.KeyValue) []*common.KeyValue {
	out := make([]*common.KeyValue, 0, len(in))
	for _, kv := range in {
		v := &common.AnyValue{}
		switch kv.Value.Type() {
		case attribute.INT64:
			v.Value = &common.AnyValue_IntValue{IntValue: kv.Value.AsInt64()}
		case attribute.STRING:
			v.Value = &common.AnyValue_StringValue{StringValue: kv.Value.AsString()}
		default:
			continue
		}
		out = append(out, &common.KeyValue{Key: string(kv.Key), Value: v})
	}
	return out
}
