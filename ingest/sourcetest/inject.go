package sourcetest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Injector is a relay before an RTSP camera over TCP that slips packets of its
// own between the camera's.
type Injector struct {
	URL string

	mu   sync.Mutex
	list [][]byte
	sent int
}

// NewInjector starts a relay to the camera at the given host:port and path.
// Every few of the camera's packets, one of payloads follows as an RTP payload
// of the same stream, each of them once.
func NewInjector(t *testing.T, addr, path string, payloads [][]byte) *Injector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	in := &Injector{URL: fmt.Sprintf("rtsp://%s/%s", l.Addr(), path), list: payloads}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", addr) //nolint:noctx // local
			if err != nil {
				_ = a.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, a, b)
			mu.Unlock()
			wg.Go(func() {
				_, _ = io.Copy(b, a)
				_ = b.Close()
			})
			wg.Go(func() {
				in.relay(a, bufio.NewReaderSize(b, 64<<10))
				_ = a.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return in
}

// Add appends payloads to be sent.
func (in *Injector) Add(payloads ...[]byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.list = append(in.list, payloads...)
}

// Left is how many payloads were not sent yet.
func (in *Injector) Left() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.list) - in.sent
}

const everyNth = 3

// relay passes on responses and interleaved packets (RFC 2326, 10.12).
func (in *Injector) relay(dst io.Writer, src *bufio.Reader) {
	for n := 1; ; n++ {
		b, err := src.Peek(4)
		if err != nil {
			return
		}
		if b[0] != '$' {
			if relayResponse(dst, src) != nil {
				return
			}
			continue
		}
		packet := make([]byte, 4+int(binary.BigEndian.Uint16(b[2:])))
		if _, err := io.ReadFull(src, packet); err != nil {
			return
		}
		if _, err := dst.Write(packet); err != nil {
			return
		}
		if packet[1] == 0 && len(packet) >= 16 && n%everyNth == 0 {
			if in.slip(dst, packet[4:16]) != nil {
				return
			}
		}
	}
}

// slip writes the next payload behind a copy of the camera's RTP header.
func (in *Injector) slip(dst io.Writer, header []byte) error {
	in.mu.Lock()
	if in.sent == len(in.list) {
		in.mu.Unlock()
		return nil
	}
	payload := in.list[in.sent]
	in.sent++
	in.mu.Unlock()
	packet := append([]byte{'$', 0, 0, 0}, header...)
	packet = append(packet, payload...)
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)-4))
	_, err := dst.Write(packet)
	return err
}

func relayResponse(dst io.Writer, src *bufio.Reader) error {
	length := 0
	for {
		line, err := src.ReadString('\n')
		if err != nil {
			return err
		}
		if _, err := io.WriteString(dst, line); err != nil {
			return err
		}
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, "content-length") {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return err
			}
		}
		if strings.TrimSpace(line) == "" {
			_, err := io.CopyN(dst, src, int64(length))
			return err
		}
	}
}

// HostileH264 are RTP payloads that no H.264 camera should send.
func HostileH264() [][]byte {
	list := [][]byte{
		{28}, // FU-A of one byte
		{28, 0x80},
		{28, 0x00},
		{28, 0xc5},
		{28, 0x45}, // FU-A without content
		{24},
		{24, 0, 0},
		{24, 0xff, 0xff, 1},
		{24, 0, 1}, // STAP-A that promises more than it has
		{25},
		{26, 1},
		{27, 2},
		{29, 0x80},
		{30},
		{31},
		{0}, // types that are not allowed
		{7},
		{8},
		{7, 0xff},
		{8, 0xff, 0xff},
		{0x67, 0x42},
		{0x68}, // stumps of parameter sets
		{5},
		{0x65},
		{0x65, 0xff, 0xff, 0xff},
		{1},
		{0x41, 0}, // stumps of slices
		{0, 0, 0, 1},
		{0, 0, 0, 1, 0, 0, 0, 1},
		{0, 0, 1, 0x67},
		{},
	}
	x := uint32(1)
	for n := range 40 { // noise, the same in every run
		b := make([]byte, 1+n*7)
		for i := range b {
			x = x*1664525 + 1013904223
			b[i] = byte(x >> 24)
		}
		list = append(list, b)
	}
	return list
}
