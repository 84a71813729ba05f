package app

import (
	"os"
	"runtime"
)

// MoreProcessors has Go run more goroutines at once than there are cores. Looking,
// covering and encoding take their time in C, and a goroutine in C keeps one of
// Go's processors until the runtime notices, which takes it up to ten
// milliseconds. With as many as there are cores, a picture that could go on waits
// for that although a core is free; the kernel shares out cores without such a
// delay. Whoever set GOMAXPROCS is obeyed.
func MoreProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(processorsFor(runtime.GOMAXPROCS(0)))
	}
}

// mostMore bounds how many are added: what they cost grows with their number, and
// with many cores one of them is free sooner.
const mostMore = 16

func processorsFor(cores int) int { return cores + min(3*cores, mostMore) }
