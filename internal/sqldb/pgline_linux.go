package sqldb

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout bounds how long what was sent may stay without a receipt.
func userTimeout(fd int, d time.Duration) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())))
}
