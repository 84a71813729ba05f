// Package schema holds the JSON Schemas that others check this program's
// documents with.
package schema

import _ "embed" // for the schemas

// consentReceipt is never changed; ConsentReceipt gives copies.
//
//go:embed consent-receipt-v1.schema.json
var consentReceipt []byte

// ConsentReceipt returns the JSON Schema of consent receipts, version 1.
func ConsentReceipt() []byte { return append([]byte(nil), consentReceipt...) }
