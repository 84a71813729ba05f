package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExitStatus: 1 tells that something does not fit, 2 that nothing could be
// asked.
func TestExitStatus(t *testing.T) {
	dir := t.TempDir()
	pub, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(pub)
	require.NoError(t, err)
	key, file := filepath.Join(dir, "edge.pub"), filepath.Join(dir, "segment.mp4")
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(file, []byte("no receipt beside it"), 0o600))
	require.Equal(t, 1, run([]string{"verify-segment", "--key", key, file}))
	require.Equal(t, 2, run([]string{"verify-segment", "--key", key + "x", file}))
	require.Equal(t, 2, run([]string{"verify-segment"}))
	require.Equal(t, 0, run([]string{"version"}))
}
