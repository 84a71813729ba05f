package schema

import _ "embed" // for the schema

// event is never changed; Event gives copies.
//
//go:embed event-v1.schema.json
var event []byte

// Event returns the JSON Schema of events on the bus, version 1. It is made from
// internal/event, whose tests keep the file up to date.
func Event() []byte { return append([]byte(nil), event...) }
