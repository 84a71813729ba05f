package testkit

import (
	"testing"

	"golang.org/x/sys/unix"
)

// RefusingPort returns a TCP port of 127.0.0.1 that refuses connections until the
// test ends: a socket holds it that does not listen, so that nobody else can.
func RefusingPort(t testing.TB) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in, ok := at.(*unix.SockaddrInet4)
	if !ok {
		t.Fatalf("a socket at %T", at)
	}
	return in.Port
}
