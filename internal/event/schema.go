package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// descriptions says what each field is, for the published schema: one a line,
// its name first.
const descriptions = `
event_id        UUID version 7; the same event always has the same one.
ts              When it happened, UTC, whole milliseconds.
ts_quality      How far ts can be trusted.
kind            What is recorded.
site_id         The site.
camera_id       The camera; empty when no camera has part in it.
scene_id        The scene, which names purpose and assessment.
zone_id         The zone.
zone_version    Version of the zone as it stood then.
sign_set_hash   SHA-256 of the signs that stood at the zone's entrances.
inspection_id   The inspection that found them there.
policy_version  Version of the policy snapshot in force.
notice_version  Version of the notice in force.
assessment_id   The impact assessment that the scene rests on.
gate_mode       Mode of the gate.
gate_bits       Value of every condition of the gate, a bit each; docs/events.md lists them.
subject_ref     Pseudonym: HMAC of scene and day under a key of the person's own.
consent_ref     Pseudonym of the consent relied on.
consent_version Version of that consent.
gallery_root    Merkle root of the reference database searched.
gallery_size    How many people it held.
template_ref    Pseudonym of the template compared with; never the template.
model_digest    SHA-256 of the model that compared.
score           Similarity.
threshold       The threshold in force.
margin          Lead over the second best.
quality         Quality of the face's picture.
pad             Outcome of the check for presentation attacks.
ref_event       The event that this one answers.
reviewer_ref    Pseudonym of the member of staff.
verdict         What that person decided.
receipt_id      The redaction receipt of the recorded segment.
payload_enc     AES-256-GCM ciphertext under the person's own key.
dek_id          Which key; destroying it erases payload_enc and unlinks the pseudonyms.
salt            16 random bytes, against guessing what is hashed.
detail          What this kind says besides, by key; nothing about a person.
chain_id        The chain: one for each edge, one for the control side.
seq             Number on the chain, from 1 without a gap.
prev_hash       row_hash of the event before; absent in the first.
row_hash        SHA-256 over domain, prev_hash and the canonical form of all other fields.
node_sig        Ed25519 over row_hash by the chain's key.
`

// describe returns a field's line of descriptions, "" when it has none.
func describe(name string) string {
	for line := range strings.Lines(descriptions) {
		if n, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok && n == name {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// JSONSchema returns the JSON Schema (draft 2020-12) of an event's JSON form as
// it is published in schema/event-v1.schema.json, made from Fields.
func JSONSchema() ([]byte, error) {
	props := make([]string, 0, len(table()))
	required := []string{}
	for _, f := range table() {
		p, err := property(f)
		if err != nil {
			return nil, err
		}
		props = append(props, fmt.Sprintf("%q: %s", f.Name, p))
		if f.Always || f.Name == "salt" || f.Name == "row_hash" || f.Name == "node_sig" {
			required = append(required, f.Name)
		}
	}
	req, err := json.Marshal(required)
	if err != nil {
		return nil, fmt.Errorf("event: schema: %w", err)
	}
	text := fmt.Sprintf(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id": %q,
		"title": "Bystander event, version %d",
		"description": "One event of the match log as it stands on the bus: the value of a Kafka record whose headers are CloudEvents %s attributes. x-class is the data class of a field (L1 open, L2 internal, L3 personal: pseudonyms, scores and ciphertext); class L4 (templates, pictures, names) never leaves an edge. x-canonical is the type mark in the canonical form that row_hash covers; see docs/events.md.",
		"type": "object",
		"additionalProperties": false,
		"required": %s,
		"properties": {%s}
	}`, DataSchema, SchemaVersion, SpecVersion, req, strings.Join(props, ","))
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		return nil, fmt.Errorf("event: schema: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

// member is one keyword of a property, in the order written.
type member struct {
	key   string
	value any
}

func property(f Field) (string, error) {
	text := describe(f.Name)
	if text == "" {
		return "", fmt.Errorf("event: schema: %s has no description", f.Name)
	}
	ms := append([]member{{"description", text}}, shape(f)...)
	ms = append(ms, member{"x-class", f.Class}, member{"x-canonical", string(rune(f.Type))})
	var b strings.Builder
	for i, m := range ms {
		v, err := json.Marshal(m.value)
		if err != nil {
			return "", fmt.Errorf("event: schema: %s: %w", f.Name, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q: %s", m.key, v)
	}
	return "{" + b.String() + "}", nil
}

// shape returns what the values of a field look like.
func shape(f Field) []member {
	const plain = `^[^\x00]*$` // text holds no zero byte
	switch f.Name {
	case "event_id":
		return []member{{"type", "string"}, {"pattern", "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}}
	case "kind":
		return []member{{"type", "string"}, {"enum", Kinds()}}
	case "ts_quality":
		return []member{{"type", "string"}, {"enum", []TSQuality{TSSynced, TSUnsynced, TSCamera}}}
	case "gate_mode":
		return []member{{"type", "string"}, {"enum", []string{"zone", "claim"}}}
	case "seq":
		return []member{{"type", "integer"}, {"minimum", 1}, {"maximum", uint64(math.MaxUint64)}}
	case "chain_id":
		return []member{{"type", "string"}, {"minLength", 1}, {"pattern", plain}}
	case "salt":
		return []member{{"type", "string"}, {"contentEncoding", "base64"}, {"pattern", "^[A-Za-z0-9+/]{22}==$"}}
	case "node_sig":
		return []member{{"type", "string"}, {"contentEncoding", "base64"}, {"pattern", "^[A-Za-z0-9+/]{86}==$"}}
	}
	switch f.Type {
	case TypeTime:
		return []member{{"type", "string"}, {"format", "date-time"}, {"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z$`}}
	case TypeUint:
		most := uint64(math.MaxUint64)
		if f.Bits == 32 {
			most = math.MaxUint32
		}
		return []member{{"type", "integer"}, {"minimum", 0}, {"maximum", most}}
	case TypeFloat:
		return []member{{"type", "number"}}
	case TypeDigest:
		return []member{{"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}}
	case TypeBytes:
		return []member{{"type", "string"}, {"contentEncoding", "base64"}, {"pattern", "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}}
	case TypeMap:
		return []member{{"type", "object"}, {"additionalProperties", map[string]string{"type": "string", "pattern": plain}}}
	default:
		return []member{{"type", "string"}, {"pattern", plain}}
	}
}
