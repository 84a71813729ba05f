// Package apitest holds an in-memory backend for the tests of api and for
// working on the web application without cameras. Everything in it is made up.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bystander/api"
)

// Fake answers every interface of api.Backend from memory. Its methods are
// safe for concurrent use.
type Fake struct {
	mu         sync.Mutex
	cameras    []api.Camera
	status     api.Status
	events     []api.Event // oldest first; the cursor is the index plus one
	forgotten  int         // events before this one are no longer held
	changed    chan struct{}
	recordings []api.Recording
	videos     map[string][]byte
	gone       map[string]bool
	accesses   []api.Access
	accessErr  error
	readErr    error
	checks     []api.Check
}

// NewFake returns a backend with nothing in it.
func NewFake() *Fake {
	return &Fake{changed: make(chan struct{}), videos: map[string][]byte{}, gone: map[string]bool{}}
}

// Backend returns f as every part of a backend.
func (f *Fake) Backend() api.Backend {
	return api.Backend{Cameras: f, Site: f, Events: f, Recordings: f, Access: f, Health: f}
}

// SetCamera adds or replaces a camera.
func (f *Fake) SetCamera(c api.Camera) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.cameras {
		if f.cameras[i].ID == c.ID {
			f.cameras[i] = c
			return
		}
	}
	f.cameras = append(f.cameras, c)
	slices.SortFunc(f.cameras, func(a, b api.Camera) int { return strings.Compare(a.ID, b.ID) })
}

// RemoveCamera takes a camera away.
func (f *Fake) RemoveCamera(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cameras = slices.DeleteFunc(f.cameras, func(c api.Camera) bool { return c.ID == id })
}

// SetStatus replaces the status.
func (f *Fake) SetStatus(s api.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = s
}

// SetChecks replaces the health checks.
func (f *Fake) SetChecks(c ...api.Check) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checks = c
}

// FailAccess makes the access recorder fail with err, or work for nil.
func (f *Fake) FailAccess(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accessErr = err
}

// FailReads makes every read fail with err, or work for nil.
func (f *Fake) FailReads(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readErr = err
}

// Accesses returns the access records so far.
func (f *Fake) Accesses() []api.Access {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.accesses)
}

// Append adds events and gives them their cursors and sequence numbers.
func (f *Fake) Append(events ...api.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		n := len(f.events) + 1
		e.Cursor = api.Cursor(strconv.Itoa(n))
		e.Seq = uint64(n)
		if e.ID == "" {
			e.ID = fmt.Sprintf("01980000-0000-7000-8000-%012d", n)
		}
		if e.Subject == "" {
			e.Subject = api.Pseudonym(e.SubjectRef)
		}
		f.events = append(f.events, e)
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

// Forget drops the oldest n events, as retention does.
func (f *Fake) Forget(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgotten = n
}

// AddRecording adds a recording and its video.
func (f *Fake) AddRecording(r api.Recording, video []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recordings = append(f.recordings, r)
	f.videos[r.ID] = video
}

// Expire marks a recording as removed by age.
func (f *Fake) Expire(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[id] = true
}

// Cameras implements api.Cameras.
func (f *Fake) Cameras(context.Context) ([]api.Camera, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.cameras), f.readErr
}

// Camera implements api.Cameras.
func (f *Fake) Camera(_ context.Context, id string) (api.Camera, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.cameras {
		if c.ID == id {
			return c, f.readErr
		}
	}
	return api.Camera{}, fmt.Errorf("camera %q: %w", id, api.ErrNotFound)
}

// Status implements api.Site.
func (f *Fake) Status(context.Context) (api.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status, f.readErr
}

// Events implements api.Events.
func (f *Fake) Events(_ context.Context, q api.EventQuery) ([]api.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readErr != nil {
		return nil, f.readErr
	}
	end := len(f.events)
	if q.Before != "" {
		n, err := strconv.Atoi(string(q.Before))
		if err != nil || n < 1 || n > len(f.events)+1 {
			return nil, api.ErrCursor
		}
		end = n - 1
	}
	var out []api.Event
	for i := end - 1; i >= f.forgotten && len(out) < q.Limit; i-- {
		e := f.events[i]
		if selects(q, e) {
			out = append(out, e)
		}
	}
	return out, nil
}

func selects(q api.EventQuery, e api.Event) bool {
	return (q.Camera == "" || e.Camera == q.Camera) && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind)) &&
		(q.From.IsZero() || !e.TS.Before(q.From)) && (q.To.IsZero() || e.TS.Before(q.To)) &&
		(!q.Person || e.SubjectRef != "")
}

// EventsAfter implements api.Events.
func (f *Fake) EventsAfter(_ context.Context, after api.Cursor, limit int) ([]api.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readErr != nil {
		return nil, f.readErr
	}
	n, err := strconv.Atoi(string(after))
	if err != nil || n < f.forgotten || n > len(f.events) {
		return nil, api.ErrCursor
	}
	return slices.Clone(f.events[n:min(n+limit, len(f.events))]), nil
}

// NewestCursor implements api.Events.
func (f *Fake) NewestCursor(context.Context) (api.Cursor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return api.Cursor(strconv.Itoa(len(f.events))), f.readErr
}

// Changed implements api.Events.
func (f *Fake) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Recordings implements api.Recordings.
func (f *Fake) Recordings(_ context.Context, q api.RecordingQuery) ([]api.Recording, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readErr != nil {
		return nil, f.readErr
	}
	var out []api.Recording
	for _, r := range f.recordings {
		switch {
		case f.gone[r.ID], q.Camera != "" && r.Camera != q.Camera:
		case !q.From.IsZero() && !r.To.After(q.From), !q.To.IsZero() && !r.From.Before(q.To):
		default:
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b api.Recording) int { return b.From.Compare(a.From) })
	return out[:min(len(out), q.Limit)], nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

var _ io.ReadSeekCloser = memoryFile{}

// OpenRecording implements api.Recordings.
func (f *Fake) OpenRecording(_ context.Context, id string) (api.RecordingFile, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone[id] {
		return api.RecordingFile{}, api.ErrGone
	}
	for _, r := range f.recordings {
		if r.ID == id {
			return api.RecordingFile{
				ReadSeekCloser: memoryFile{bytes.NewReader(f.videos[id])},
				Camera:         r.Camera, Name: id + ".mp4", ModTime: r.To, Complete: r.Complete,
			}, f.readErr
		}
	}
	return api.RecordingFile{}, api.ErrNotFound
}

// RecordAccess implements api.AccessRecorder.
func (f *Fake) RecordAccess(_ context.Context, a api.Access) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.accessErr != nil {
		return f.accessErr
	}
	f.accesses = append(f.accesses, a)
	return nil
}

// Health implements api.Health.
func (f *Fake) Health(context.Context) []api.Check {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.checks)
}

// ErrMadeUp is an unexpected error for tests; its text must never reach a
// client.
var ErrMadeUp = errors.New("/var/lib/secret/path: made up")

// At is a fixed time for tests.
func At() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }
