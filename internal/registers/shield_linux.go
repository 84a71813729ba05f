package registers

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Shield runs f on one thread that takes no signals meanwhile, and clears its
// vector registers before it takes any again. It costs about a microsecond. A
// collector or profiler that wants the thread waits for f to call a function or
// to end, so f should be short where it does not.
func Shield(f func()) {
	runtime.LockOSThread() // or the scheduler leaves this thread for another as it is
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	held := unix.PthreadSigmask(unix.SIG_BLOCK, &asynchronous, &before) == nil
	defer func() {
		Clear()
		if held {
			_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) // it was valid when it was read
		}
	}()
	f()
}

// asynchronous are all signals but those by which a thread is told of its own
// fault, which end the process where they cannot be delivered.
var asynchronous = func() (s unix.Sigset_t) {
	for i := range s.Val {
		s.Val[i] = ^s.Val[i]
	}
	bits := uint(8 * unix.SizeofPtr)
	for _, sig := range []unix.Signal{
		unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGSYS,
	} {
		n := uint(sig) - 1
		s.Val[n/bits] &^= 1 << (n % bits)
	}
	return s
}()
