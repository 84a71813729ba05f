package child

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const defaultMemory = 3 << 30

// harden gives up what a worker never needs, before it reads any byte from
// outside: core dumps and being looked into by others, writing files, more than
// a few descriptors, and memory without end. New privileges were already ruled
// out by the thread that started it.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("worker: forbid dumps: %w", err)
	}
	size, err := addressSpace()
	if err != nil {
		return err
	}
	for _, l := range []struct {
		what  string
		res   int
		limit uint64
	}{
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"file sizes", unix.RLIMIT_FSIZE, 0},
		{"open files", unix.RLIMIT_NOFILE, 256},
		{"address space", unix.RLIMIT_AS, size + memoryLimit()},
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

// memoryLimit is how far the address space may grow; the edge says so in the
// environment since it must hold before anything is read.
func memoryLimit() uint64 {
	n, err := strconv.ParseUint(os.Getenv("BYSTANDER_WORKER_MEMORY"), 10, 64)
	if err != nil || n == 0 || n > 1<<44 {
		return defaultMemory
	}
	return n
}

// addressSpace is what the process has mapped so far: Go's runtime reserves
// much of it and the libraries bring theirs, so only growth can be limited.
func addressSpace() (uint64, error) {
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("worker: own size: %w", err)
	}
	line, err := bufio.NewReader(f).ReadString('\n')
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	first, _, _ := strings.Cut(line, " ")
	pages, perr := strconv.ParseUint(first, 10, 64)
	if err = errors.Join(err, perr); err != nil {
		return 0, fmt.Errorf("worker: own size: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
