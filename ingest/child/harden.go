package child

import (
	"fmt"

	"golang.org/x/sys/unix"

	"bystander/ingest/internal/confine"
)

// harden gives up what a worker never needs, before it reads any byte from
// outside: starting programs, core dumps, and more than a few descriptors; and
// writing files as soon as it has its orders. New privileges were already ruled out,
// and files, connections and system calls taken away as far as the kernel can, by the
// thread that started it; the edge limits its memory before it gives the orders.
func harden() error {
	if _, err := confine.NoMorePrograms(); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	if err := limit("core dumps", unix.RLIMIT_CORE, 0); err != nil {
		return err
	}
	return limit("open files", unix.RLIMIT_NOFILE, 256)
}

// cardFiles is how large a file in memory a card's driver may make.
const cardFiles = 64 << 20

// limitFiles gives up writing files, before the camera sends a byte. With a card its
// driver may make files in memory (memfd), which fall under the same limit and would
// end the process; what has a name cannot be written all the same, by Landlock.
func limitFiles(card bool) error {
	if card {
		return limit("file sizes", unix.RLIMIT_FSIZE, cardFiles)
	}
	return limit("file sizes", unix.RLIMIT_FSIZE, 0)
}

func limit(what string, res int, most uint64) error {
	var old unix.Rlimit
	if err := unix.Getrlimit(res, &old); err != nil {
		return fmt.Errorf("worker: limit %s: %w", what, err)
	}
	v := min(most, old.Max)
	if err := unix.Setrlimit(res, &unix.Rlimit{Cur: v, Max: v}); err != nil {
		return fmt.Errorf("worker: limit %s: %w", what, err)
	}
	return nil
}

// hide keeps others of the same user from looking into this process. It comes
// after the orders, as the edge reads the process's size before it gives them,
// and some machines show nobody a hidden process at all (hidepid); until then
// there is nothing to look at.
func hide() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("worker: forbid dumps: %w", err)
	}
	return nil
}
