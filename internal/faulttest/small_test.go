package faulttest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/stretchr/testify/require"
)

// mountSmall makes a file system of that size in memory, for what must run out
// of room. Only root can; without, the faults that need it say so.
func (w *world) mountSmall(name string, size int64) {
	w.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	sweepMounts()
	dir := filepath.Join(w.dir, "small-"+name)
	require.NoError(w.t, os.Mkdir(dir, 0o700))
	if err := syscall.Mount(mountPrefix+strconv.Itoa(os.Getpid()), dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		w.t.Logf("no small file system: %v", err) // a container without the right to mount
		return
	}
	w.small[name] = dir
	w.t.Cleanup(func() { require.NoError(w.t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

const mountPrefix = "bystander-faults-"

// sweepMounts removes what a killed test left mounted.
func sweepMounts() {
	b, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return // no such system
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 || !strings.HasPrefix(f[0], mountPrefix) {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimPrefix(f[0], mountPrefix))
		if err == nil && syscall.Kill(pid, 0) != nil {
			_ = syscall.Unmount(f[1], syscall.MNT_DETACH) // another test may be faster
		}
	}
}

// fill takes all the room that is left, while others write too, until the
// returned function is called.
func (w *world) fill(name string) (free func()) {
	w.t.Helper()
	path := filepath.Join(w.small[name], "ballast")
	f, err := os.Create(path)
	require.NoError(w.t, err)
	const page = 4 << 10
	for at, step := int64(0), int64(64<<20); step >= page; {
		switch err := syscall.Fallocate(int(f.Fd()), 0, at, step); {
		case err == nil:
			at += step
		case errors.Is(err, syscall.ENOSPC):
			step /= 2
		default:
			require.NoError(w.t, err)
		}
	}
	require.NoError(w.t, f.Close())
	return func() { require.NoError(w.t, os.Remove(path)) }
}
