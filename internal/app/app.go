// Package app joins the stages: it is the only place that knows all of them.
package app

import (
	"errors"

	"golang.org/x/sys/unix"

	"bystander/ingest"
	"bystander/ingest/child"
	"bystander/ingest/driver"
	filedriver "bystander/ingest/file"
	"bystander/ingest/rtsp"
	"bystander/ingest/vdk"
	"bystander/ingest/whip"
)

// Version is set by the linker.
var Version = "dev"

// ErrUsage marks wrong usage or configuration; the program exits with 2.
var ErrUsage = errors.New("wrong usage or configuration")

// Worker runs this process as a camera's worker and returns its exit status. It
// must be called before anything else has been read or started.
func Worker() int {
	return child.Main(driver.Set{
		ingest.DriverFile: filedriver.New,
		ingest.DriverRTSP: rtsp.New,
		ingest.DriverVDK:  vdk.New,
		ingest.DriverWHIP: whip.New,
	})
}

// NoCoreDumps keeps this process's memory, which holds raw pictures, from being
// written to disk by a crash, and from being read by others of the same user. The
// limit alone would not do: where a crash is handed to a program (a core_pattern
// that begins with "|"), the kernel does not ask for it.
func NoCoreDumps() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
