package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"bystander/api/actor"
)

// How often it is asked whether those who began live views may still watch, and how
// long all answers together may take: whoever was not vouched for by then watches no
// more, as when the store that knows is cut off.
const (
	viewEvery  = 2 * time.Second
	viewLimit  = 10 * time.Second
	forgetEach = 30 // looks between two at which views are over
	maxViews   = 4096
)

// views remembers who began which live view, so that it ends with their session or
// their token, of which an Actor has the digest alone. The handler below shows cameras
// of this machine or of edges, and speaks WHEP: DELETE ends a view, and PATCH with
// candidates tells whether there is one.
type views struct {
	next  http.Handler
	valid func(ctx context.Context, who actor.Actor) bool

	mu sync.Mutex
	by map[string]actor.Actor // by the view's address
}

// ServeHTTP implements http.Handler.
func (v *views) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := actor.From(r.Context())
	if who.Session == "" {
		v.next.ServeHTTP(w, r)
		return
	}
	if r.Method == http.MethodPost && v.full() {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many live views are open; close others", http.StatusServiceUnavailable)
		return
	}
	ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
	v.next.ServeHTTP(ww, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch at := ww.Header().Get("Location"); {
	case r.Method == http.MethodPost && ww.Status() == http.StatusCreated && at != "":
		v.by[at] = who
	case r.Method == http.MethodDelete && over(ww.Status()):
		delete(v.by, r.URL.Path)
	}
}

// over reports whether a DELETE's answer says that there is no view any more.
func over(status int) bool {
	return status < http.StatusMultipleChoices || status == http.StatusNotFound
}

// full reports whether no further view can be kept in mind.
func (v *views) full() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.by) >= maxViews
}

// run ends views whose watchers are let in no more, until ctx ends.
func (v *views) run(ctx context.Context) {
	t := time.NewTicker(viewEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			v.sweep(ctx, n%forgetEach == 0)
		}
	}
}

func (v *views) sweep(ctx context.Context, forget bool) {
	v.mu.Lock()
	list := make(map[string]actor.Actor, len(v.by))
	for at, who := range v.by {
		list[at] = who
	}
	v.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, viewLimit)
	defer cancel()
	still := map[string]bool{}
	for at, who := range list {
		ok, asked := still[who.Session]
		if !asked {
			ok = v.valid(asking, who)
			still[who.Session] = ok
		}
		if ctx.Err() != nil {
			return
		}
		if ok && (!forget || v.there(ctx, at)) {
			continue
		}
		if !ok && !over(v.ask(ctx, http.MethodDelete, at)) {
			continue // it is tried again
		}
		v.mu.Lock()
		delete(v.by, at)
		v.mu.Unlock()
	}
}

func (v *views) there(ctx context.Context, at string) bool {
	return v.ask(ctx, http.MethodPatch, at) != http.StatusNotFound
}

// ask sends the handler below a request of our own and returns its status.
func (v *views) ask(ctx context.Context, method, at string) int {
	r, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(""))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/trickle-ice-sdpfrag")
	w := &discard{header: http.Header{}}
	v.next.ServeHTTP(w, r)
	return w.status
}

// discard takes an answer that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
