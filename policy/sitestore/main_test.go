package sitestore_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain keeps the walks short where nobody asks for more: every step is on
// the disk before it returns.
func TestMain(m *testing.M) {
	asked := slices.ContainsFunc(os.Args, func(a string) bool { return strings.Contains(a, "rapid.checks") })
	if !asked {
		_ = flag.Set("rapid.checks", "30")
	}
	os.Exit(m.Run())
}
