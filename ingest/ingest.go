// Package ingest brings camera pictures into the house. Each camera has a
// worker: a child process of the same binary that speaks the protocol, decodes
// and writes pictures into shared memory. The worker holds no keys and no
// gallery; if it dies, hangs or floods, it alone is restarted.
//
// This file is the side that the pipeline sees.
package ingest

import (
	"context"
	"fmt"
	"time"

	"bystander/internal/frame"
)

// Driver names a way of reaching a camera.
type Driver string

// The drivers; each passes the suite in sourcetest.
const (
	DriverRTSP Driver = "rtsp" // gortsplib: TCP, UDP, H.264, H.265
	DriverVDK  Driver = "vdk"  // deepch/vdk rtspv2: H.264 over TCP
	DriverWHIP Driver = "whip" // pion: the camera publishes to us
	DriverFile Driver = "file"
)

// Spec says how to reach one camera.
type Spec struct {
	ID     string
	Driver Driver
	// URL is an rtsp:// address, which may hold credentials, or a file path.
	// It travels to the worker over its control socket, never in arguments or
	// environment, and is logged only through Redact.
	URL       string
	Transport string // "tcp" (default) or "udp"; rtsp only
	// Live paces by arrival and drops what nobody takes in time. Otherwise
	// every picture is delivered, however long the consumer takes.
	Live bool
	// Loop plays a file again at its end, as a new epoch.
	Loop bool
	// Pace delivers a file at its own speed. Live file cameras set it.
	Pace bool
	// Turn is by how many degrees every picture is turned clockwise: 0, 90, 180
	// or 270. Pictures come to the consumer as they stand upright.
	Turn int
}

// Queued is a Source that tells of pictures which come faster than they are taken.
type Queued interface {
	// Waiting is how many pictures have come and wait for Next.
	Waiting() int
	// Late is signalled when a picture comes while nobody waits for it in Next.
	Late() <-chan struct{}
}

// State is how far a camera has got.
type State string

// The states of a camera.
const (
	StateStarting   State = "starting"   // the worker is being started
	StateConnecting State = "connecting" // reaching the camera
	StateConnected  State = "connected"  // pictures arrive
	StateRetrying   State = "retrying"   // waiting before the next attempt
	StateEnded      State = "ended"      // a file is over
	StateFailed     State = "failed"     // cannot work as configured
	StateClosed     State = "closed"
)

// Health is a snapshot for people and metrics.
type Health struct {
	State     State
	Since     time.Time
	Err       string // last trouble in plain words with the way out; no credentials
	ErrCode   string // stable, e.g. UNREACHABLE, UNAUTHORIZED, NOT_A_VIDEO, TIMEOUT, DECODE
	Codec     string
	Decoder   string // DecoderSoftware, or libav's name of a card's decoder; empty where no card is asked for, or nobody knows yet
	NoCard    string // why the card that is asked for does not decode; empty while it does
	Size      frame.Size
	FPS       float64 // measured over the last seconds
	Frames    uint64  // pictures delivered to the pipeline
	Dropped   uint64  // pictures decoded but not taken in time
	Corrupt   uint64  // packets or pictures the decoder refused
	Reconnect uint64
	Restarts  uint64 // of the worker
	NextTry   time.Time
	Clock     frame.Clock
	Waiting   int           // pictures that wait to be taken
	Room      int           // how many may wait
	Oldest    time.Duration // since when the oldest of them does
	Confined  *Confinement  // what the kernel holds the worker to; nil until one has started
}

// DecoderSoftware is the Decoder of a camera that libav itself decodes although a
// card was asked for.
const DecoderSoftware = "software"

// Confinement is what the kernel holds a camera's worker to besides limits of
// its resources; what this kernel does not have is missing.
type Confinement struct {
	// Landlock is the version of the kernel's Landlock that is in force: 0 for
	// none; from 1 on files are out of reach, from 4 on TCP but for the camera's
	// port, from 6 on signals and abstract sockets.
	Landlock int
	// Seccomp tells that system calls are filtered.
	Seccomp bool
}

// Words for how far a worker is held.
const (
	HeldFully  = "full"    // files, connections and system calls
	HeldPartly = "partial" // some of these
	HeldNot    = "none"    // by limits of its resources alone
)

// holdsConnections is the version of Landlock that holds TCP as well as files.
const holdsConnections = 4

// Held says in a word how far the kernel holds the worker; it is empty until one
// has started.
func (h Health) Held() string {
	switch c := h.Confined; {
	case c == nil:
		return ""
	case c.Landlock >= holdsConnections && c.Seccomp:
		return HeldFully
	case c.Landlock > 0 || c.Seccomp:
		return HeldPartly
	}
	return HeldNot
}

// String says in words what is in force.
func (c Confinement) String() string {
	what := "no Landlock"
	if c.Landlock > 0 {
		what = fmt.Sprintf("Landlock %d", c.Landlock)
	}
	if c.Seccomp {
		return what + ", system calls filtered"
	}
	return what + ", system calls not filtered"
}

// Source is one camera as the pipeline sees it.
type Source interface {
	// Next waits for the next picture and hands it over. It fails with io.EOF
	// when a file has ended, with a permanent error when the camera cannot
	// work as configured, and with ctx's error. Loss of a live camera is no
	// error: Next waits, and the next picture carries a new epoch.
	Next(ctx context.Context) (*frame.Raw, error)
	Health() Health
	// Negotiate answers a WebRTC offer (SDP) from a publishing camera; it
	// fails with ErrNotSupported for other drivers.
	Negotiate(ctx context.Context, offer string) (answer string, err error)
	// Close stops the worker and waits for it.
	Close() error
}
