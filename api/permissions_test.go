package api_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/internal/testkit"
)

var updatePermissions = flag.Bool("update-permissions", false, "write docs/permissions.md anew")

// proves: B-30
func TestThePublishedPermissionsAreThoseOfTheHeader(t *testing.T) {
	path := filepath.Join(testkit.Root(t), "docs", "permissions.md")
	if *updatePermissions {
		require.NoError(t, os.WriteFile(path, []byte(api.PermissionsDocument()), 0o644)) //nolint:gosec // a document
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, api.PermissionsDocument(), string(b), "run: go test ./api -run Permissions -update-permissions")

	h := newHouse(t)
	for _, page := range []string{"/", "/live", "/audit/questions", "/consent", "/kiosk", "/publish", "/account", "/signin", "/z/hall", "/privacy"} {
		header := h.do(t, "GET", page).Header.Get("Permissions-Policy")
		said := map[string]bool{}
		for part := range strings.SplitSeq(header, ", ") {
			feature, to, ok := strings.Cut(part, "=")
			require.True(t, ok, part)
			require.NotContains(t, said, feature, "said twice")
			said[feature] = to == "(self)"
		}
		list := api.Permissions()
		require.Len(t, said, len(list), page)
		for _, p := range list {
			require.Equal(t, p.Allowed(page), said[p.Feature], "%s %s", page, p.Feature)
			if p.Allowed(page) {
				require.NotEmpty(t, p.When, p.Feature)
				require.NotEmpty(t, p.Why, p.Feature)
			}
		}
		require.Equal(t, page == "/consent" || page == "/kiosk" || page == "/publish", said["camera"], page)
		require.False(t, said["microphone"])
	}
}
