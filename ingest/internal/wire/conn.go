package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Pair returns the two ends of a control channel as files, close-on-exec.
func Pair() (a, b *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("wire: socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control"), nil
}

// Conn sends and receives messages. One goroutine may receive; any may send.
type Conn struct {
	c   *net.UnixConn
	in  []byte
	mu  sync.Mutex
	out []byte
}

// NewConn takes one end of a Pair and closes f.
func NewConn(f *os.File) (*Conn, error) {
	c, err := net.FileConn(f)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("wire: control socket: %w", err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		_ = c.Close()
		return nil, fmt.Errorf("wire: the control socket is a %T", c)
	}
	// One byte more than the longest message, so that a longer one is seen to
	// be too long instead of being cut.
	return &Conn{c: u, in: make([]byte, MaxMessage+1), out: make([]byte, 0, 1024)}, nil
}

// Receive waits for the next message. The body is valid until the next call. It
// fails with io.EOF when the other side has gone, os.ErrDeadlineExceeded, or
// ErrMalformed.
func (c *Conn) Receive() (Type, []byte, error) {
	n, err := c.c.Read(c.in)
	if err != nil {
		if errors.Is(err, syscall.ECONNRESET) {
			err = io.EOF
		}
		return 0, nil, err
	}
	return Split(c.in[:n])
}

// SetReceiveDeadline bounds the next Receive; the zero time lifts the bound.
func (c *Conn) SetReceiveDeadline(t time.Time) error { return c.c.SetReadDeadline(t) }

// Send sends m, waiting at most until the deadline set by SetSendDeadline.
func (c *Conn) Send(m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, err := Append(c.out[:0], m)
	if err != nil {
		return err
	}
	return c.write(b)
}

// SendFrame is Send for frames, without allocating.
func (c *Conn) SendFrame(m *Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := append(c.out[:0], magic, version, byte(TypeFrame), 0, 0, 0, 0, 0)
	b = m.AppendBody(b)
	b[4] = byte(len(b) - headerSize) // a frame's body is shorter than 256 bytes
	return c.write(b)
}

// SendRelease is Send for releases, without allocating.
func (c *Conn) SendRelease(slot uint16) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := append(c.out[:0], magic, version, byte(TypeRelease), 0, 2, 0, 0, 0, byte(slot), byte(slot>>8))
	return c.write(b)
}

func (c *Conn) write(b []byte) error {
	if cap(b) <= 4096 {
		c.out = b[:0]
	}
	if _, err := c.c.Write(b); err != nil {
		return fmt.Errorf("wire: send: %w", err)
	}
	return nil
}

// SetSendDeadline bounds the sends that follow; the zero time lifts the bound.
func (c *Conn) SetSendDeadline(t time.Time) error { return c.c.SetWriteDeadline(t) }

// Close closes the socket; the other side receives io.EOF.
func (c *Conn) Close() error { return c.c.Close() }
