// Package child is the inside of a camera's worker process: it gives up what it
// does not need, takes its orders from the control socket, runs one driver,
// decodes, and leaves pictures in shared memory. It holds no keys and no
// gallery, and whatever a camera sends can hurt nothing but this process.
package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/rs/zerolog"

	"bystander/ingest"
	"bystander/ingest/driver"
	_ "bystander/ingest/internal/confine/own" // before main
	"bystander/ingest/internal/shm"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
)

const (
	controlFD = 3
	pictureFD = 4
)

// Main runs a worker to its end and returns the exit status. The program's main
// calls it, before anything else has been read or started, when it was started
// with the argument worker.Subcommand.
func Main(drivers driver.Set) int {
	log := newLog(os.Stderr)
	if err := run(drivers, log); err != nil {
		log.Error().Msg(ingest.PlainText(err.Error(), wire.MaxText))
		return 1
	}
	return 0
}

func run(drivers driver.Set, log zerolog.Logger) error {
	control := os.NewFile(controlFD, "control")
	pictures := os.NewFile(pictureFD, "pictures")
	conn, err := wire.NewConn(control)
	if err != nil {
		return fmt.Errorf("%w (a worker is started by the program itself, not by hand)", err)
	}
	defer conn.Close() //nolint:errcheck // the process ends
	if err := harden(); err != nil {
		return err
	}
	if err := conn.Send(wire.Hello{}); err != nil {
		return err
	}
	start, err := receiveStart(conn)
	if err != nil {
		return err
	}
	if err := limitFiles(start.Card); err != nil {
		return err
	}
	if err := hide(); err != nil {
		return err
	}
	slots, err := shm.Map(pictures, int(start.Slots), int(start.SlotSize), true)
	if err != nil {
		return err
	}
	_ = pictures.Close()
	make, ok := drivers[ingest.Driver(start.Driver)]
	if !ok {
		return conn.Send(wire.State{
			Phase: wire.PhaseFailed, Code: string(ingest.CodeConfig),
			Text: ingest.PlainText(fmt.Sprintf("camera %q: driver %q is unknown; use rtsp, vdk, whip or file",
				start.ID, start.Driver), wire.MaxText),
		})
	}
	w := newWorker(conn, slots, start, make(), log)
	err = w.run()
	// The slots are unmapped with the process: the decoder may still hold a view.
	return err
}

func receiveStart(conn *wire.Conn) (wire.Start, error) {
	typ, body, err := conn.Receive()
	if err != nil {
		return wire.Start{}, fmt.Errorf("worker: wait for orders: %w", err)
	}
	if typ != wire.TypeStart {
		return wire.Start{}, fmt.Errorf("worker: first message has type %d", typ)
	}
	return wire.ParseStart(body)
}

// worker is the state of the process.
type worker struct {
	conn  *wire.Conn
	slots *shm.Slots
	free  chan uint16 // slots that may be written
	spec  wire.Start
	drv   driver.Driver
	log   zerolog.Logger
	codec string
	seq   uint64 // pictures decoded and good
	epoch uint32
	line  timeline

	decoders                                      *decoders
	units, pictures, dropped, corrupt, reconnects atomic.Uint64

	offers offers
}

func newWorker(conn *wire.Conn, slots *shm.Slots, spec wire.Start, drv driver.Driver, log zerolog.Logger) *worker {
	w := &worker{
		conn: conn, slots: slots, spec: spec, drv: drv, log: log,
		free: make(chan uint16, slots.Len()),
		line: timeline{live: spec.Live},
	}
	w.decoders = newDecoders(w.name(), spec.Live, av.Hardware(spec.Hardware))
	for i := range slots.Len() {
		w.free <- uint16(i)
	}
	return w
}

var errStopped = errors.New("worker: stopped")

// run serves the camera until the edge says stop or goes away, the file has
// ended, or trying again cannot help.
func (w *worker) run() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	received := make(chan struct{})
	go func() { // ends with the process: the edge closes the socket
		defer close(received)
		cancel(w.receive(ctx))
	}()
	beating := make(chan struct{})
	go func() { // waited for below
		defer close(beating)
		w.beat(ctx)
	}()
	last, err := w.attempts(ctx)
	cancel(err)
	<-beating
	w.offers.wait()
	if last.Phase != 0 {
		w.sendBeat() // the totals, before the edge hears that all is over
		if err := w.conn.Send(last); err != nil {
			return err
		}
		// The edge closes the socket when it has taken everything.
		<-received
	}
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// receive follows the edge's messages.
func (w *worker) receive(ctx context.Context) error {
	for {
		typ, body, err := w.conn.Receive()
		if err != nil {
			return errStopped // the edge has gone or closed the socket
		}
		switch typ {
		case wire.TypeStop:
			return errStopped
		case wire.TypeRelease:
			m, err := wire.ParseRelease(body, w.slots.Len())
			if err != nil {
				return err
			}
			select {
			case w.free <- m.Slot:
			default:
				return fmt.Errorf("worker: slot %d came back twice", m.Slot)
			}
		case wire.TypeOffer:
			m, err := wire.ParseOffer(body)
			if err != nil {
				return err
			}
			w.offer(ctx, m)
		default:
			return fmt.Errorf("worker: message of type %d", typ)
		}
	}
}
