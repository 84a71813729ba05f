package consent_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// checkSchema validates a document with a library that knows nothing of ours,
// formats (uuid, date-time) included.
func checkSchema(t *testing.T, path string, doc []byte) error {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("receipt.json", schema))
	s, err := c.Compile("receipt.json")
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	require.NoError(t, err)
	return s.Validate(v)
}
