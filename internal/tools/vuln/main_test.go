package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	npmClean = `{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"vulnerabilities":{"high":0,"total":0},"dependencies":{"prod":41,"total":41}}}`
	npmHoles = `{"auditReportVersion":2,"vulnerabilities":{"left-pad":{"severity":"high","range":"<1.3.0"}},
		"metadata":{"vulnerabilities":{"high":1,"total":1},"dependencies":{"prod":41,"total":41}}}`
	npmAway = `{"message":"request to https://registry.example/-/npm/v1/security/audits/quick failed","error":{"summary":"","detail":""}}`
)

// TestAnAbsentDatabaseIsNoPass: what each program says when its database is
// there, is not, or answers something else.
//
// proves: B-62
func TestAnAbsentDatabaseIsNoPass(t *testing.T) {
	for name, c := range map[string]struct {
		got  answer
		want verdict
	}{
		"go clean":             {ofGo(result{"No vulnerabilities found.\n", "", 0}), clean},
		"go holes":             {ofGo(result{"Vulnerability #1: GO-2026-0001\n", "", 3}), holes},
		"go away":              {ofGo(result{"", "govulncheck: fetching vulnerabilities: Get \"https://vuln.go.dev/index/modules.json.gz\": dial tcp: no such host", 1}), unasked},
		"go silent":            {ofGo(result{"", "", 0}), unasked},
		"go does not build":    {ofGo(result{"", "govulncheck: loading packages: there are errors", 1}), unasked},
		"go not there":         {ofGo(result{"", "exec: \"govulncheck\": not found", -1}), unasked},
		"npm clean":            {ofNPM("npm", result{npmClean, "", 0}), clean},
		"npm holes":            {ofNPM("npm", result{npmHoles, "", 1}), holes},
		"npm below the level":  {ofNPM("npm", result{npmHoles, "", 0}), clean},
		"npm away":             {ofNPM("npm", result{npmAway, "npm ERR! audit endpoint returned an error", 1}), unasked},
		"npm empty":            {ofNPM("npm", result{"{}", "", 0}), unasked},
		"npm nothing":          {ofNPM("npm", result{"", "", 0}), unasked},
		"npm counted nothing":  {ofNPM("npm", result{strings.ReplaceAll(npmClean, "41", "0"), "", 0}), unasked},
		"npm ended oddly":      {ofNPM("npm", result{npmClean, "", 7}), unasked},
		"npm page of a portal": {ofNPM("npm", result{"<html>Sign in</html>", "", 0}), unasked},
	} {
		require.Equal(t, c.want, c.got.is, name)
		var out strings.Builder
		err := tell(&out, []answer{c.got})
		if c.want == clean {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, errNotClean, name)
		require.Contains(t, out.String(), words[c.want], name)
	}
	require.ErrorIs(t, tell(&strings.Builder{}, []answer{{is: clean}, {is: unasked}}), errNotClean, "one is enough")
}

// TestAProgramThatIsMissingIsNoPass runs a real command.
func TestAProgramThatIsMissingIsNoPass(t *testing.T) {
	r := command(t.Context(), "", "no-such-program-of-this-name")
	require.Equal(t, -1, r.status)
	require.Equal(t, unasked, ofGo(r).is)
	require.Equal(t, unasked, ofGo(command(t.Context(), "", "false")).is)
	require.Equal(t, unasked, ofGo(command(t.Context(), "", "true")).is)
}
