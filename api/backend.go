package api

import (
	"context"
	"io"
	"time"
)

// Backend is what the house answers from. Every field is required.
// Implementations are safe for concurrent use and return promptly: they read
// snapshots and indexes, and never wait for a camera.
type Backend struct {
	Cameras    Cameras
	Site       Site
	Events     Events
	Recordings Recordings
	Access     AccessRecorder
	Health     Health
}

// Cameras tells how the cameras are.
type Cameras interface {
	// Cameras returns every configured camera, ordered by id. The stream calls
	// it once a second per reader, so it must be cheap.
	Cameras(ctx context.Context) ([]Camera, error)
	// Camera returns one camera, or ErrNotFound.
	Camera(ctx context.Context, id string) (Camera, error)
}

// Site tells what the installation as a whole is and can do.
type Site interface {
	Status(ctx context.Context) (Status, error)
}

// Events reads the match log.
type Events interface {
	// Events returns the newest events first. It never returns more than
	// q.Limit of them.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// EventsAfter returns at most limit events that follow the cursor, oldest
	// first. A cursor that the log no longer holds or never held gives
	// ErrCursor.
	EventsAfter(ctx context.Context, after Cursor, limit int) ([]Event, error)
	// NewestCursor is the newest event's cursor, and CursorStart for an empty
	// log. EventsAfter takes both.
	NewestCursor(ctx context.Context) (Cursor, error)
	// Changed returns a channel that is closed once an event is appended after
	// the call. The caller asks again for the next one.
	Changed() <-chan struct{}
}

// Cursor is an event's place in the log: at most 128 of A–Z a–z 0–9 . _ : -
// Its content is the store's own business; later events sort later there.
type Cursor string

// CursorStart stands before the first event.
const CursorStart Cursor = "0"

// EventQuery selects events. Zero fields select everything.
type EventQuery struct {
	Camera string
	Kinds  []string
	From   time.Time // at or after
	To     time.Time // before
	Person bool      // with a pseudonym
	Before Cursor    // events older than this one
	Limit  int       // 1 to MaxEvents
}

// Recordings reads what was recorded, which is redacted.
type Recordings interface {
	// Recordings returns the newest recordings first.
	Recordings(ctx context.Context, q RecordingQuery) ([]Recording, error)
	// OpenRecording opens a recording's video, or fails with ErrNotFound, or
	// with ErrGone when its time of keeping is over. The caller closes it.
	OpenRecording(ctx context.Context, id string) (RecordingFile, error)
}

// RecordingQuery selects recordings. Zero fields select everything.
type RecordingQuery struct {
	Camera   string
	From, To time.Time // overlapping this time; either may be zero
	Limit    int       // 1 to MaxRecordings
}

// RecordingFile is a recording's video, a fragmented MP4 (H.264).
type RecordingFile struct {
	io.ReadSeekCloser
	Camera  string
	Name    string // for saving, such as "entrance-2026-01-31T12-00-00Z.mp4"
	ModTime time.Time
	// Complete is false while the recorder still writes to it; such a file is
	// not cached.
	Complete bool
}

// AccessRecorder keeps the access log. A read that may show a person is
// recorded before it is answered; when that fails there is no answer.
type AccessRecorder interface {
	// RecordAccess returns once the record is durable.
	RecordAccess(ctx context.Context, a Access) error
}

// Access is one row of the access log: who looked at what, when and why.
type Access struct {
	Time      time.Time
	RequestID string
	Actor     string // the account's id; "local" for whoever sits at this machine
	Role      string // the account's roles, by commas
	Purpose   string // "monitoring"
	Action    AccessAction
	Camera    string   // empty when not about one camera
	Object    string   // a recording's id
	QueryHash string   // SHA-256 in hex of the canonical query
	Subjects  []string // subject_ref of every person in the answer, sorted, each once
	Events    int      // events in the answer
}

// AccessAction is what was read.
type AccessAction string

// The actions that leave an access record.
const (
	AccessEvents      AccessAction = "events.read"
	AccessEventStream AccessAction = "events.stream"
	AccessRecording   AccessAction = "recording.read"
	AccessLive        AccessAction = "live.view"
)

// Health tells whether the house works.
type Health interface {
	// Health returns every check that was made. /healthz fails when one that
	// is Live fails, /readyz when any fails.
	Health(ctx context.Context) []Check
}

// Check is one part's health.
type Check struct {
	Name  string `json:"name" doc:"The part, such as 'store' or 'camera:entrance'"`
	OK    bool   `json:"ok"`
	Cause string `json:"cause,omitempty" doc:"Why it fails, in plain words; never a credential"`
	// Live marks what only a restart of the program can mend.
	Live bool `json:"live" doc:"Whether a failure makes the process unhealthy rather than not ready"`
}
