package ort_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"bystander/internal/ort"
)

const envSilent = "BYSTANDER_TEST_SILENT"

// TestSilentChild loads the library and runs a model, as the program does.
func TestSilentChild(t *testing.T) {
	if os.Getenv(envSilent) == "" {
		t.Skip("run by TestTheLibraryDoesNotCallHome")
	}
	session(t, "version-RFB-640.onnx", ort.SessionOptions{})
	time.Sleep(3 * time.Second) // its own clock, not ours: the client writes in the background
}

// The library's telemetry client shows by the files that it keeps; with the
// switch off it keeps none.
//
// proves: A-18, INV-17
func TestTheLibraryDoesNotCallHome(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp, home := t.TempDir(), t.TempDir()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), exe, "-test.run=^TestSilentChild$", "-test.v")
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TMPDIR=") && !strings.HasPrefix(kv, "ORT_DISABLE_TELEMETRY=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp, "XDG_STATE_HOME="+home, envSilent+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestSilentChild") {
		t.Fatalf("%v: %s", err, out)
	}
	for _, dir := range []string{tmp, home} {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			t.Errorf("the library left %s", f.Name())
		}
	}
}
