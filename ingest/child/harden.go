package child

import (
	"fmt"

	"golang.org/x/sys/unix"

	"bystander/ingest/internal/confine"
)

// harden gives up what a worker never needs, before it reads any byte from
// outside: starting programs, writing files, core dumps, and more than a few
// descriptors. New privileges were already ruled out, and files, connections and
// system calls taken away as far as the kernel can, by the thread that started
// it; the edge limits its memory before it gives the orders.
func harden() error {
	if _, err := confine.NoMorePrograms(); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	for _, l := range []struct {
		what  string
		res   int
		limit uint64
	}{
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"file sizes", unix.RLIMIT_FSIZE, 0},
		{"open files", unix.RLIMIT_NOFILE, 256},
	} {
		var old unix.Rlimit
		if err := unix.Getrlimit(l.res, &old); err != nil {
			return fmt.Errorf("worker: limit %s: %w", l.what, err)
		}
		v := min(l.limit, old.Max)
		if err := unix.Setrlimit(l.res, &unix.Rlimit{Cur: v, Max: v}); err != nil {
			return fmt.Errorf("worker: limit %s: %w", l.what, err)
		}
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
