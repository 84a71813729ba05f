// Package testkit holds what several packages' tests need.
package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Shared returns the folder of evaluation data and models: BYSTANDER_SHARED,
// else ../shared beside the checkout. It fails the test when there is none, so
// that a missing folder is never mistaken for a pass.
func Shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BYSTANDER_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "models")); err != nil {
		t.Fatalf("evaluation data not found: %v (set BYSTANDER_SHARED to the folder that holds models/ and data/)", err)
	}
	return dir
}

// Root returns the root of the checkout.
func Root(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("testkit: cannot tell where the sources are")
	}
	return filepath.Join(filepath.Dir(file), "..", "..")
}
