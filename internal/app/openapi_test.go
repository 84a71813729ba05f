package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/app"
	"bystander/internal/testkit"
)

var updateOpenAPI = flag.Bool("update-openapi", false, "write docs/openapi.json anew")

// The published description is what is served, and every route under /v1 says
// what it is for.
//
// proves: A-53
func TestThePublishedInterfaceIsTheServedOne(t *testing.T) {
	testkit.Shared(t) // the 1:1 interface needs the face models
	served, err := app.OpenAPI(t.Context())
	require.NoError(t, err)
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, served, "", "  "))
	path := filepath.Join(testkit.Root(t), "docs", "openapi.json")
	if *updateOpenAPI {
		require.NoError(t, os.WriteFile(path, append(pretty.Bytes(), '\n'), 0o600))
	}
	published, err := os.ReadFile(path)
	require.NoError(t, err)
	require.JSONEq(t, string(published), string(served), "run: go test ./internal/app -run PublishedInterface -update-openapi")

	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
		}
	}
	require.NoError(t, json.Unmarshal(served, &doc))
	require.Greater(t, len(doc.Paths), 120)
	ids := map[string]string{}
	for path, ops := range doc.Paths {
		require.True(t, strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/z/"), path)
		for method, op := range ops {
			require.NotEmpty(t, op.Summary, "%s %s", method, path)
			require.Empty(t, ids[op.OperationID], "%s is used twice: %s", op.OperationID, path)
			ids[op.OperationID] = path
		}
	}
}
