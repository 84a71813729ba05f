package api

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// pages are the web application's addresses. Each owns everything below, which
// its own router tells apart.
var pages = []string{
	"/live", "/publish", "/zones", "/audit", "/consent", "/kiosk", "/me", "/office", "/admin",
	"/account", "/signin", "/setup",
}

// cameraPages may ask a browser for a camera: where it becomes one, and where
// people enrol. They are documents of their own, since the permission is given to
// a document.
var cameraPages = []string{"/publish", "/consent", "/kiosk"}

// devicePages are opened on devices that strangers use, and documents that nobody
// signs in to read.
var devicePages = []string{"/kiosk", "/publish", "/z", "/privacy"}

// accountPages may have a browser make a passkey.
var accountPages = []string{"/signin", "/setup", "/account"}

// below reports whether an address is one of the roots or lies below it.
func below(path string, roots []string) bool {
	for _, root := range roots {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}

// webFiles serves the built web application. Files are read once: they are
// embedded and small.
type webFiles struct {
	index []byte
	files fs.FS
}

// notBuilt is the plain page for a program without the web application.
const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Bystander</title>
<h1>The web application is not built into this program</h1>
<p>Run <code>make web</code> and build again. The interface itself works:
<a href="/v1/cameras">/v1/cameras</a>, <a href="/v1/status">/v1/status</a>,
<a href="/openapi.json">/openapi.json</a>.</p></html>
`

func newWebFiles(files fs.FS) (*webFiles, error) {
	if files == nil {
		return &webFiles{}, nil
	}
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		return &webFiles{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("index.html: %w", err)
	}
	return &webFiles{index: index, files: files}, nil
}

func (f *webFiles) mount(r chi.Router, a *API) {
	page := func(w http.ResponseWriter, r *http.Request) { f.page(w, r) }
	r.Get("/", page)
	r.Get("/*", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case below(r.URL.Path, pages):
			f.page(w, r)
		case !f.file(w, r):
			a.notFound(w, r)
		}
	})
}

func (f *webFiles) page(w http.ResponseWriter, r *http.Request) {
	body, status := f.index, http.StatusOK
	if body == nil {
		body, status = []byte(notBuilt), http.StatusNotFound
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that left needs no answer
	}
}

// file serves one built file; it reports false when there is none.
func (f *webFiles) file(w http.ResponseWriter, r *http.Request) bool {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if f.files == nil || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	info, err := fs.Stat(f.files, name)
	if err != nil || info.IsDir() {
		return false
	}
	b, err := fs.ReadFile(f.files, name)
	if err != nil {
		return false
	}
	if strings.HasPrefix(name, "assets/") {
		// The build puts a hash of the content into the name.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
	return true
}
