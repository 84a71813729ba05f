package rtsp_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
)

// sendsAway is a camera that answers every request for its description by
// sending the caller to another address.
type sendsAway struct {
	ln    net.Listener
	to    string
	dials atomic.Int32
	asked atomic.Int32
}

func startSendsAway(t *testing.T, to func(own string) string) *sendsAway {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &sendsAway{ln: ln, to: to(ln.Addr().String())}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.dials.Add(1)
			go c.serve(conn) // ends with the worker's connection
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return c
}

func (c *sendsAway) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		method, seq := "", ""
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			if method == "" {
				method, _, _ = strings.Cut(line, " ")
			}
			if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, "CSeq") {
				seq = strings.TrimSpace(v)
			}
		}
		answer := "RTSP/1.0 200 OK\r\nCSeq: " + seq + "\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"
		if method == "DESCRIBE" {
			c.asked.Add(1)
			answer = "RTSP/1.0 302 Moved\r\nCSeq: " + seq + "\r\nLocation: " + c.to + "\r\n\r\n"
		}
		if _, err := conn.Write([]byte(answer)); err != nil {
			return
		}
	}
}

// TestACameraCannotSendUsElsewhere: what a camera says does not make a worker
// speak to anybody else, and least of all with the camera's password. The other
// host listens at the same port, which the kernel would let the worker reach.
//
// proves: A-15
func TestACameraCannotSendUsElsewhere(t *testing.T) {
	var victim net.Listener
	cam := startSendsAway(t, func(own string) string {
		_, port, err := net.SplitHostPort(own)
		if err != nil {
			t.Fatal(err)
		}
		if victim, err = net.Listen("tcp", "127.0.0.2:"+port); err != nil {
			t.Fatal(err)
		}
		return "rtsp://127.0.0.2:" + port + "/inside"
	})
	var reached atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := victim.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = victim.Close(); <-done })
	s := sourcetest.Camera{
		Spec: ingest.Spec{
			ID: "liar", Driver: ingest.DriverRTSP, Live: true,
			URL: fmt.Sprintf("rtsp://me:hunter2@%s/cam", cam.ln.Addr()),
		},
		Options: quick(),
	}.Start(t)
	sourcetest.Await(t, "the refusal", func() bool { return strings.Contains(s.Health().Err, "another address") })
	sourcetest.Await(t, "two more attempts", func() bool { return cam.asked.Load() > 2 })
	if n := reached.Load(); n != 0 {
		t.Errorf("the other host was reached %d times", n)
	}
	if h := s.Health(); h.ErrCode != string(ingest.CodeUnreachable) || strings.Contains(h.Err, "hunter2") {
		t.Errorf("health %+v", h)
	}
}

// TestACameraCannotSendUsRoundInCircles: the library would follow for ever.
func TestACameraCannotSendUsRoundInCircles(t *testing.T) {
	cam := startSendsAway(t, func(own string) string { return "rtsp://" + own + "/again" })
	opt := quick()
	opt.BackoffMin, opt.BackoffMax = opt.ReadTimeout*100, opt.ReadTimeout*100 // one attempt
	s := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "liar", Driver: ingest.DriverRTSP, Live: true, URL: "rtsp://" + cam.ln.Addr().String() + "/cam"},
		Options: opt,
	}.Start(t)
	sourcetest.Await(t, "the refusal", func() bool { return strings.Contains(s.Health().Err, "another address") })
	if n := cam.dials.Load(); n < 2 || n > 5 {
		t.Errorf("%d connections in one attempt", n)
	}
}
