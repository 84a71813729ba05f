package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"bystander/api"
	"bystander/internal/config"
)

// OpenAPI returns the description of the whole HTTP interface, every module
// included, as a running installation serves it at /openapi.json.
func OpenAPI(ctx context.Context) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "bystander-openapi-*")
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := config.Default()
	cfg.Data, cfg.Keys, cfg.Events.Edge = dir, filepath.Join(dir, "keys"), "openapi"
	cfg.Verify.Enabled, cfg.Record.Enabled = true, false
	e, err := openEdge(ctx, cfg, zerolog.Nop())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	if e.desks.verify == nil {
		return nil, errors.New("openapi: the face models are missing, and with them the 1:1 interface; run: bystander models pull")
	}
	e.asDemo() // its one route is described, too
	_, modules := e.signIn.modules()
	a, err := api.New(api.Config{Version: "1", Log: zerolog.Nop(), Modules: append(modules, e.modules()...)}, e.backend()) //nolint:contextcheck // requests bring their own
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/openapi.json", nil)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	req.Host = "127.0.0.1"
	w := &page{header: http.Header{}, status: http.StatusOK}
	a.ServeHTTP(w, req)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("openapi: %s", w.body.String())
	}
	return w.body.Bytes(), nil
}

// page keeps one answer.
type page struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
func (p *page) WriteHeader(status int)      { p.status = status }
