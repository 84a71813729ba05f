package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
)

var update = flag.Bool("update", false, "write the published schema anew")

const published = "../../schema/event-v1.schema.json"

// TestPublishedSchema: the file that others rely on is the one that the code
// gives. After a change of the fields: go test ./internal/event -update
func TestPublishedSchema(t *testing.T) {
	want, err := event.JSONSchema()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(published, want, 0o644))
	}
	got, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go test ./internal/event -update")
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(published)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(event.DataSchema, doc))
	s, err := c.Compile(event.DataSchema)
	require.NoError(t, err)
	return s
}

func valid(s *jsonschema.Schema, text []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestEveryKindIsValid by a validator that is no code of ours.
func TestEveryKindIsValid(t *testing.T) {
	s := compiled(t)
	for _, e := range samples() {
		b, err := e.AppendJSON(nil)
		require.NoError(t, err)
		require.NoError(t, valid(s, b), "%s: %s", e.Kind, b)
	}
	// Whatever else the chain seals is valid too.
	c := chain(t, event.Head{})
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		e.ID, e.ChainID, e.Seq = "", "", 0
		e.Kind = rapid.SampledFrom(event.Kinds()).Draw(t, "kind")
		e.TSQuality, e.GateMode = event.TSSynced, rapid.SampledFrom([]string{"", "zone", "claim"}).Draw(t, "mode")
		require.NoError(t, c.Seal(&e))
		b, err := e.AppendJSON(nil)
		require.NoError(t, err)
		require.NoError(t, valid(s, b), "%s", b)
	})
}

func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	e := samples()[2]
	b, err := e.AppendJSON(nil)
	require.NoError(t, err)
	require.NoError(t, valid(s, b))
	for name, change := range map[string]func(m map[string]any){
		"unknown field":    func(m map[string]any) { m["template"] = "AAAA" },
		"no signature":     func(m map[string]any) { delete(m, "node_sig") },
		"no salt":          func(m map[string]any) { delete(m, "salt") },
		"unknown kind":     func(m map[string]any) { m["kind"] = "search" },
		"random UUID":      func(m map[string]any) { m["event_id"] = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
		"number zero":      func(m map[string]any) { m["seq"] = 0 },
		"local time":       func(m map[string]any) { m["ts"] = "2026-05-17T12:00:00+02:00" },
		"upper-case hash":  func(m map[string]any) { m["row_hash"] = strings.ToUpper(m["row_hash"].(string)) },
		"short signature":  func(m map[string]any) { m["node_sig"] = "AAAA" },
		"negative version": func(m map[string]any) { m["zone_version"] = -1 },
		"list in detail":   func(m map[string]any) { m["detail"] = map[string]any{"a": []any{1}} },
		"score as text":    func(m map[string]any) { m["score"] = "0.7" },
	} {
		t.Run(name, func(t *testing.T) {
			var m map[string]any
			require.NoError(t, json.Unmarshal(b, &m))
			change(m)
			bad, err := json.Marshal(m)
			require.NoError(t, err)
			require.Error(t, valid(s, bad))
		})
	}
}
