// Package worker runs the edge's side of a camera: it starts the camera's
// worker process, watches it, takes its pictures out of shared memory, and
// starts it again when it dies, hangs or floods. Nothing that comes out of a
// worker is believed unchecked.
package worker

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/rs/zerolog"

	"bystander/ingest"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// Subcommand is the hidden argument with which the program runs as a worker.
const Subcommand = "worker"

// Options are the settings of one source; the zero value of each field means
// its default.
type Options struct {
	// Command starts a worker; by default this same program with the argument
	// Subcommand. It must call child.Main. It never holds a credential.
	Command []string
	// Log names the camera already; only the worker's messages are added.
	Log zerolog.Logger

	// Frames bounds the pictures lent out at a time, those in the queue
	// included; 48. It must exceed what the pipeline holds on to. Memory is
	// taken only as it is needed.
	Frames int
	// Queue bounds the pictures that wait for Next; 8, a third of a second at 25 a
	// second, so that a machine that stands still for a moment costs delay and no
	// pictures.
	Queue int
	// Slots bounds the pictures in shared memory; 4.
	Slots int
	// MaxPixels bounds a picture's area; frame.MaxPixels.
	MaxPixels int
	// KeepDamaged also delivers pictures that the decoder could only patch up.
	// By default they are counted and left out, up to the next clean one.
	KeepDamaged bool

	// Hardware lets a card decode. Its driver then runs in the worker, which is held
	// less closely. With av.HardwareAuto one is asked only where its device files are.
	Hardware av.Hardware
	// Devices is the folder of device files; /dev.
	Devices string

	ReadTimeout time.Duration // silence that ends a connection; 10 s
	HangAfter   time.Duration // silence of the worker itself that ends it; 5 s
	StallAfter  time.Duration // connected without a picture: worker is ended; 30 s
	BackoffMin  time.Duration // first wait before trying again; 500 ms
	BackoffMax  time.Duration // longest wait; 30 s
	StopGrace   time.Duration // from asking a worker to stop to ending it; 2 s

	// MaxFPS bounds the pictures a second of a live camera, with a burst of
	// four seconds' worth; a worker that sends more is ended. 300.
	MaxFPS int
	// MemoryLimit is how far a worker's address space may grow beyond what it
	// has at its start, in bytes; 3 GiB. Slots are not counted.
	MemoryLimit uint64
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("ingest: find the program to run as worker: %w", err)
		}
		o.Command = []string{exe, Subcommand}
	}
	setInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	setDur := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	setInt(&o.Queue, 8)
	setInt(&o.Slots, 4)
	o.Slots = min(o.Slots, wire.MaxSlots)
	setInt(&o.Frames, 48)
	o.Frames = max(o.Frames, o.Queue+1)
	setInt(&o.MaxPixels, frame.MaxPixels)
	o.MaxPixels = min(o.MaxPixels, frame.MaxPixels)
	setDur(&o.ReadTimeout, 10*time.Second)
	setDur(&o.HangAfter, 5*time.Second)
	setDur(&o.StallAfter, 30*time.Second)
	setDur(&o.BackoffMin, 500*time.Millisecond)
	setDur(&o.BackoffMax, 30*time.Second)
	o.BackoffMax = max(o.BackoffMax, o.BackoffMin)
	setDur(&o.StopGrace, 2*time.Second)
	setInt(&o.MaxFPS, 300)
	if o.Devices == "" {
		o.Devices = "/dev"
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = 3 << 30
	}
	return o, nil
}

// slotBytes is the room of one slot. A picture of odd sides takes a little more
// than one and a half bytes a pixel.
func (o Options) slotBytes() int {
	return o.MaxPixels + 2*((o.MaxPixels+o.MaxPixels/2)/4+1) + 1<<15
}

// CheckSpec reports what makes no sense in s, as an *ingest.Error with
// CodeConfig.
func CheckSpec(s ingest.Spec) error {
	bad := func(format string, args ...any) error {
		return ingest.Permanentf(ingest.CodeConfig, "camera %q: %s", s.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case s.ID == "" || len(s.ID) > wire.MaxName:
		return bad("the id must have 1 to %d bytes", wire.MaxName)
	case s.Turn%90 != 0 || s.Turn < 0 || s.Turn > 270:
		return bad("pictures can be turned by 0, 90, 180 or 270 degrees, not by %d", s.Turn)
	case len(s.URL) > wire.MaxURL:
		return bad("the address is longer than %d bytes", wire.MaxURL)
	}
	switch s.Driver {
	case ingest.DriverRTSP, ingest.DriverVDK:
		if !s.Live {
			return bad("a network camera must be live; it cannot wait for its consumer")
		}
		return checkURL(s, bad)
	case ingest.DriverFile:
		if s.URL == "" {
			return bad("no file is named")
		}
	case ingest.DriverWHIP:
		if !s.Live {
			return bad("a publishing camera must be live; it cannot wait for its consumer")
		}
	default:
		if s.Driver == "" || len(s.Driver) > wire.MaxName {
			return bad("no driver is named; use rtsp, vdk, whip or file")
		}
	}
	return nil
}

func checkURL(s ingest.Spec, bad func(string, ...any) error) error {
	u, err := url.Parse(s.URL)
	// url.Parse's error quotes the address, credentials included.
	if err != nil || (u.Scheme != "rtsp" && u.Scheme != "rtsps") || u.Hostname() == "" {
		return bad("the address must look like rtsp://user:password@host:554/path, "+
			"with special characters in the password written as %%40 and so on; it is %s", ingest.Redact(s.URL))
	}
	switch s.Transport {
	case "", "tcp":
	case "udp":
		if s.Driver == ingest.DriverVDK {
			return bad("the vdk driver knows no UDP; use transport tcp or the rtsp driver")
		}
	default:
		return bad("transport %q is unknown; use tcp or udp", s.Transport)
	}
	return nil
}
