// Package backends starts the real servers that Bystander talks to, on this
// machine alone: Apache Kafka in KRaft mode, the ClickHouse engine behind a
// small HTTP server, and Debian's clickhouse-server. Tests use it through
// internal/testkit, a person through `make up`. It holds nothing that the
// product itself needs.
package backends

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// Versions of what is installed. They are pinned with their hashes in
// scripts/.
const (
	KafkaVersion  = "3.9.1"
	ChDBVersion   = "26.7.3-stable.1" // the engine in npm's chdb 3.4.0
	ServerVersion = "18.16.1"         // Debian 12's clickhouse-server
)

// install is what puts missing servers into the cache.
const install = "scripts/setup.sh --test"

// Errors of this package.
var (
	// ErrMissing means that a server is not installed. The text says how to.
	ErrMissing = errors.New("not installed")
	// ErrStart means that a server ended or did not answer in time.
	ErrStart = errors.New("did not start")
)

// CacheDir returns the folder that setup.sh installs into.
func CacheDir() (string, error) {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("backends: no cache folder: %w", err)
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "bystander"), nil
}

// cached returns the path of an installed file, or ErrMissing.
func cached(what string, elem ...string) (string, error) {
	dir, err := CacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("backends: %s: %w: run %s", what, ErrMissing, install)
	}
	return path, nil
}

// freePort returns a TCP port of this machine that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local
	if err != nil {
		return 0, fmt.Errorf("backends: no free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// freePorts fills those of the ports that are 0.
func freePorts(ports ...*int) error {
	for _, p := range ports {
		if *p != 0 {
			continue
		}
		var err error
		if *p, err = freePort(); err != nil {
			return err
		}
	}
	return nil
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
