package worker_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"bystander/ingest/internal/shm"
	"bystander/ingest/internal/wire"
	"bystander/internal/frame"
)

// evil is a worker in the hands of an enemy: it speaks the protocol up to Start
// and then does what the address's path says.
func evil() int {
	raw, pictures := os.NewFile(3, "control"), os.NewFile(4, "pictures")
	// A second door to the socket, for bytes that no Conn would send.
	fd, err := syscall.Dup(3)
	if err != nil {
		return 1
	}
	conn, err := wire.NewConn(raw)
	if err != nil {
		return 1
	}
	if conn.Send(wire.Hello{}) != nil {
		return 1
	}
	_, body, err := conn.Receive()
	if err != nil {
		return 1
	}
	start, err := wire.ParseStart(body)
	if err != nil {
		return 1
	}
	slots, err := shm.Map(pictures, int(start.Slots), int(start.SlotSize), true)
	if err != nil {
		return 1
	}
	u, err := url.Parse(start.URL)
	if err != nil {
		return 1
	}
	e := villain{conn: conn, fd: fd, slots: slots, start: start}
	mode := strings.TrimPrefix(u.Path, "/")
	act, ok := map[string]func(){
		"silent": func() {}, "flood": e.flood, "chatter": e.chatter, "stall": e.stall,
		"garbage":      func() { e.raw([]byte("GET / HTTP/1.1\r\n\r\n")) },
		"unknown-type": func() { e.raw([]byte{0xB7, 1, 99, 0, 0, 0, 0, 0}) },
		"bad-slot":     func() { f := e.frame(0); f.Slot = 4; e.send(&f) },
		"huge-text":    func() { _ = conn.Send(wire.State{Phase: wire.PhaseConnecting, Text: strings.Repeat("x", 5000)}) },
		"vague":        func() { _ = conn.Send(wire.State{Phase: wire.PhaseRetrying}) },
		"exit":         func() { os.Exit(7) },
		"crash":        func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) },
		"lies":         e.lies, "rewrite": e.rewrite, "noisy": func() { e.noisy(start.URL) },
	}[mode]
	if !ok {
		return 2
	}
	act()
	for { // until it is ended, or the socket is closed
		if _, _, err := conn.Receive(); err != nil && mode != "silent" {
			return 0
		} else if err != nil {
			select {}
		}
	}
}

type villain struct {
	conn  *wire.Conn
	fd    int
	slots *shm.Slots
	start wire.Start
}

func (e *villain) raw(b []byte) { _, _ = syscall.Write(e.fd, b) }

func (e *villain) send(f *wire.Frame) { _ = e.conn.SendFrame(f) }

func (e *villain) frame(n int) wire.Frame {
	return wire.Frame{
		Slot: uint16(n % e.slots.Len()), Size: size, Seq: uint64(n), Epoch: 1, PTS: time.Duration(n) * time.Millisecond,
		Ticks: int64(n), Base: frame.Rational{Num: 1, Den: 1000}, Arrived: time.Now(),
	}
}

func (e *villain) flood() {
	for n := range 100000 {
		f := e.frame(n)
		if e.conn.SendFrame(&f) != nil {
			return
		}
	}
}

func (e *villain) chatter() {
	for range 100000 {
		if e.conn.Send(wire.Beat{}) != nil {
			return
		}
	}
}

// stall keeps beating and never brings a picture.
func (e *villain) stall() {
	_ = e.conn.Send(wire.State{Phase: wire.PhaseConnected})
	for e.conn.Send(wire.Beat{Units: uint64(time.Now().UnixNano())}) == nil {
		time.Sleep(50 * time.Millisecond)
	}
}

// lies sends two good pictures among four that must be refused.
func (e *villain) lies() {
	good := e.frame(10)
	e.send(&good)
	for _, spoil := range []func(*wire.Frame){
		func(f *wire.Frame) { f.Size = frame.Size{W: 1 << 30, H: 1 << 30} },
		func(f *wire.Frame) { f.Size = frame.Size{W: 4096, H: 2304} },
		func(f *wire.Frame) { f.PTS = good.PTS },
		func(f *wire.Frame) { f.Seq = 3 },
	} {
		f := e.frame(11)
		spoil(&f)
		e.send(&f)
	}
	last := e.frame(12)
	e.send(&last)
	e.live()
}

// rewrite sends a picture and writes over it once the edge has given it back.
func (e *villain) rewrite() {
	p, err := e.slots.Planes(0, size)
	if err != nil {
		return
	}
	fill(p.Y, 1)
	f := e.frame(0)
	e.send(&f)
	if _, _, err := e.conn.Receive(); err != nil { // the release
		return
	}
	fill(p.Y, 2)
	g := e.frame(4) // the same slot
	e.send(&g)
	e.live()
}

func (e *villain) live() {
	for e.conn.Send(wire.Beat{}) == nil {
		time.Sleep(100 * time.Millisecond)
	}
}

func (e *villain) noisy(address string) {
	fmt.Fprintln(os.Stderr, "dial", address)
	fmt.Fprintln(os.Stderr, "W password is hunter2! or hunter2%21")
	fmt.Fprintln(os.Stderr, strings.Repeat("long ", 100000))
	for range 5000 {
		fmt.Fprintln(os.Stderr, "I spam")
	}
	time.Sleep(1100 * time.Millisecond) // the limit lets lines through again
	fmt.Fprintln(os.Stderr, "I last words")
	os.Exit(1)
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
