package main

import (
	"encoding/json"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
)

// bill is a list as the two programs write them.
func bill(t *testing.T, names ...string) []byte {
	t.Helper()
	components := []map[string]string{}
	for _, n := range names {
		name, version, _ := cutLast(n, "@")
		group, short, ok := cutLast(name, "/")
		c := map[string]string{"type": "library", "name": name, "version": version}
		if ok && strings.HasPrefix(name, "@") { // npm's scopes
			c["group"], c["name"] = group, short
		}
		components = append(components, c)
	}
	b, err := json.Marshal(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1", "components": components,
		"metadata": map[string]any{"timestamp": "2026-01-01T00:00:00Z"},
	})
	require.NoError(t, err)
	return b
}

// TestBillsNameEveryPart takes the parts from this program's own modules and from
// the web application's lock file, and leaves one out.
//
// proves: A-15, B-27
func TestBillsNameEveryPart(t *testing.T) {
	packages, err := packagesOf(filepath.Join(testkit.Root(t), "web", "package-lock.json"))
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	info, err := debug.ParseBuildInfo("path\tx\nmod\tx\t(devel)\t\ndep\texample.org/a\tv1.2.0\th1:x=\n" +
		"dep\texample.org/b\tv0.1.0\n=>\texample.org/fork/b\tv0.1.1\th1:y=\n")
	require.NoError(t, err)
	modules := modulesIn(info)
	require.Equal(t, []string{"example.org/a@v1.2.0", "example.org/fork/b@v0.1.1"}, modules)
	notices := map[string]string{"example.org/a v1.2.0": "MIT", "example.org/fork/b v0.1.1": "Apache-2.0"}
	own, err := programBill(info, notices)
	require.NoError(t, err)
	require.NoError(t, lists(own, modules))
	require.Contains(t, string(own), "Apache-2.0")
	delete(notices, "example.org/fork/b v0.1.1")
	_, err = programBill(info, notices)
	require.ErrorContains(t, err, "example.org/fork/b", "a part without a licence is not passed over")
	_, err = programBill(&debug.BuildInfo{}, notices)
	require.ErrorContains(t, err, "does not say")
	for _, must := range [][]string{packages, modules} {
		require.NoError(t, lists(bill(t, must...), must))
		err := lists(bill(t, must[1:]...), must)
		require.ErrorContains(t, err, must[0])
		name, _, _ := cutLast(must[0], "@")
		err = lists(bill(t, append([]string{name + "@0.0.0-other"}, must[1:]...)...), must)
		require.ErrorContains(t, err, must[0], "another version is another part")
	}
}

// TestABillIsTheSameEachTime: neither the clock nor chance is in it.
func TestABillIsTheSameEachTime(t *testing.T) {
	at, err := epoch("1760000000")
	require.NoError(t, err)
	more := []part{{"library", "x@1", "x", "1", []licence{{"MIT"}}, "required"}}
	a, err := finish(bill(t, "a@1", "@s/b@2"), more, at)
	require.NoError(t, err)
	b, err := finish(bill(t, "a@1", "@s/b@2"), more, at)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
	require.NotContains(t, string(a), "serialNumber")
	require.Contains(t, string(a), at.Format(time.RFC3339))
	require.NoError(t, lists(a, []string{"a@1", "@s/b@2", "x@1"}))
	for text, want := range map[string]string{
		"": "no JSON", `{"bomFormat":"SPDX"}`: "no CycloneDX", `{"bomFormat":"CycloneDX","components":[]}`: "lists nothing",
	} {
		_, err := finish([]byte(text), nil, at)
		require.ErrorContains(t, err, want)
	}
	_, err = epoch("")
	require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
}
