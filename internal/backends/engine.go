package backends

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// EngineOptions say which ClickHouse engine to start. Dir and Binary are needed.
type EngineOptions struct {
	Dir    string // private: settings, data and log
	Binary string // of internal/tools/chengine: see BuildEngine
	Port   int    // of the HTTP interface; 0 chooses a free one
	Mode   Mode
}

// Engine is the ClickHouse engine of libchdb.so behind an HTTP server, a
// process of its own.
type Engine struct {
	*Process
	port int
}

// BuildEngine builds the engine's server from the sources below root into
// root/build and returns its path. It is quick when nothing has changed.
func BuildEngine(ctx context.Context, root string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("backends: %w", err)
	}
	dir := filepath.Join(root, "build", "backends")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("backends: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("backends: %w", err)
	}
	defer lock.Close() // gives the lock up
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("backends: lock %s: %w", dir, err)
	}
	binary := filepath.Join(dir, "chengine")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./internal/tools/chengine")
	cmd.Dir = root
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("backends: build chengine: %w\n%s", err, &errs)
	}
	return binary, nil
}

// StartEngine starts an engine and returns once it answers. Starting again in
// the same folder goes on with the same data.
func StartEngine(ctx context.Context, o EngineOptions) (*Engine, error) {
	lib, err := cached("the ClickHouse engine "+ChDBVersion, "chdb-"+ChDBVersion, "libchdb.so")
	if err != nil {
		return nil, err
	}
	e := &Engine{port: o.Port}
	if err := freePorts(&e.port); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("backends: engine: %w", err)
	}
	e.Process = &Process{
		name: "clickhouse engine", mode: o.Mode, dir: o.Dir, log: filepath.Join(o.Dir, "clickhouse.log"), ready: e.answers,
		args: []string{o.Binary, "-library", lib, "-dir", o.Dir, "-listen", e.Addr()},
	}
	if err := e.Start(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// Addr is the address of the HTTP interface.
func (e *Engine) Addr() string { return local(e.port) }

// DSN is clickhouse-go's name for a database of the engine.
func (e *Engine) DSN(database string) string { return "http://" + e.Addr() + "/" + database }

func (e *Engine) answers(ctx context.Context) error {
	_, err := e.Exec(ctx, "SELECT 1")
	return err
}

// Exec runs a statement and returns its answer as tab-separated lines.
func (e *Engine) Exec(ctx context.Context, sql string) (string, error) {
	return execHTTP(ctx, e.Addr(), sql)
}

func execHTTP(ctx context.Context, addr, sql string) (string, error) {
	u := url.URL{Scheme: "http", Host: addr, Path: "/"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(sql))
	if err != nil {
		return "", fmt.Errorf("backends: %w", err)
	}
	// No connection outlives the call.
	t := &http.Transport{DisableKeepAlives: true}
	defer t.CloseIdleConnections()
	r, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return "", fmt.Errorf("backends: %w", err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	text := strings.TrimSuffix(string(b), "\n")
	if err == nil && r.StatusCode != http.StatusOK {
		err = errors.New(text)
	}
	if err != nil {
		return "", fmt.Errorf("backends: clickhouse: %w", err)
	}
	return text, nil
}
