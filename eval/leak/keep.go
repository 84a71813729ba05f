package leak

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// scanVersion changes with what Scan finds.
const scanVersion = 2

// KeptName is where the judge's view of an original is kept: named by the
// recording's content and the judge's model.
func KeptName(dir, original, judge string) (string, error) {
	f, err := os.Open(original)
	if err != nil {
		return "", fmt.Errorf("leak: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	fmt.Fprintf(h, "%d %s\n", scanVersion, judge)
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("leak: %s: %w", original, err)
	}
	return filepath.Join(dir, hex.EncodeToString(h.Sum(nil)[:12])+".json"), nil
}

// LoadSeen reads what Save wrote.
func LoadSeen(path string) (*Seen, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("leak: %w", err)
	}
	s := &Seen{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("leak: %s: %w", path, err)
	}
	return s, nil
}

// Save keeps the judge's view for later runs; it holds places, no pixels.
func (s *Seen) Save(path string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("leak: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("leak: %w", err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return fmt.Errorf("leak: %w", err)
	}
	return nil
}
