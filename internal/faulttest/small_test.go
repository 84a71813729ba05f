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

	sinkch "bystander/sink/clickhouse"
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

// mend does by hand what an operator has to after ClickHouse ran out of room: a
// merge that was under way may leave a part whose files are empty, and no insert
// fails for it. Such parts are dropped. Tables that are derived from the events
// are filled again by the product's own statements; the events themselves show
// as gaps, which the writers ask the edges for when they begin. It returns how
// many parts were dropped.
func (w *world) mend() int {
	w.t.Helper()
	db := w.ch.Database()
	steps, err := sinkch.Steps(sinkch.Variant{Database: db})
	require.NoError(w.t, err)
	dropped := 0
	for _, table := range strings.Fields(w.ch.Exec("SELECT name FROM system.tables WHERE engine LIKE '%MergeTree' AND database = '" + db + "'")) {
		bad := 0
		parts := w.ch.Exec(fmt.Sprintf("SELECT name FROM system.parts WHERE active AND database = '%s' AND table = '%s'", db, table))
		for _, part := range strings.Fields(parts) {
			out, err := w.ch.TryExec(w.t.Context(), fmt.Sprintf("CHECK TABLE %s.%s PART '%s'", db, table, part))
			if f := strings.Split(out, "\t"); err == nil && len(f) > 1 && f[1] == "1" {
				continue
			}
			w.t.Logf("ClickHouse left part %s of %s broken: %s %v", part, table, out, err)
			w.ch.Exec(fmt.Sprintf("ALTER TABLE %s.%s DROP PART '%s'", db, table, part))
			bad++
		}
		if bad == 0 {
			continue
		}
		dropped += bad
		for _, s := range steps {
			for _, sql := range s.Statements {
				if strings.HasPrefix(sql, "INSERT INTO `"+db+"`.`"+table+"`") {
					w.ch.Exec(sql)
				}
			}
		}
		if table == "events" || table == "skeleton" {
			for _, c := range w.writers {
				c.kill()
				c.start()
			}
		}
	}
	return dropped
}
