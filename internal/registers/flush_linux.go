package registers

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Flush has every thread of the process take a signal that means nothing, so that
// what an earlier one caught a thread with, and wrote into the frame on its signal
// stack, is overwritten by what the thread holds now. The signal is the one by
// which Go's scheduler interrupts, chosen for being harmless when nobody waits for
// it. It is cheap: a microsecond a thread.
func Flush() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // without /proc there is nobody to name
	}
	pid := unix.Getpid()
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Tgkill(pid, tid, unix.SIGURG) // a thread that has ended holds nothing
		}
	}
}
