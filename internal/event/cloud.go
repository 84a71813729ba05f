package event

import "net/url"

// The CloudEvents 1.0 attributes of an event on the bus. In Kafka's binary mode
// each is a header; the value is the JSON form alone. There is no subject: what
// CloudEvents means by it would invite a person's reference into a header.
const (
	SchemaVersion = 1
	SpecVersion   = "1.0"              // of CloudEvents
	ContentType   = "application/json" // of the value
	// DataSchema names the schema that the value keeps to; it is the $id of
	// schema/event-v1.schema.json.
	DataSchema = "urn:bystander:schema:event:v1"
)

// CloudType is the attribute "type" of events of kind k.
func CloudType(k Kind) string { return "bystander." + string(k) + ".v1" }

// CloudSource is the attribute "source" of a chain's events, a URI reference.
// Together with the id it is unique, as CloudEvents demands.
func CloudSource(chain string) string { return "/bystander/chain/" + url.PathEscape(chain) }
