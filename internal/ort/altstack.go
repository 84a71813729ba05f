package ort

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stack is the kernel's stack_t of 64-bit machines.
type stack struct {
	sp    uintptr
	flags int32
	_     int32
	size  uintptr
}

// keepSignalStack runs f on a thread that takes signals on the same stack
// afterwards as before.
//
// OpenVINO's plugin for processors gives the thread that loads it a signal stack
// of its own, and unmaps it when the plugin goes, on whatever thread that is. The
// next signal that the first thread is sent, Go's own among them, would then end
// the process. While f runs the thread takes no signals, since that stack is
// smaller than Go's.
func keepSignalStack(f func() error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &all, &before); err != nil {
		return fmt.Errorf("ort: hold signals back: %w", err)
	}
	defer func() {
		if e := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); e != nil && err == nil {
			err = fmt.Errorf("ort: let signals in again: %w", e)
		}
	}()
	var was stack
	if _, _, e := unix.Syscall(unix.SYS_SIGALTSTACK, 0, uintptr(unsafe.Pointer(&was)), 0); e != 0 {
		return fmt.Errorf("ort: read the signal stack: %w", e)
	}
	err = f()
	if _, _, e := unix.Syscall(unix.SYS_SIGALTSTACK, uintptr(unsafe.Pointer(&was)), 0, 0); e != 0 && err == nil {
		err = fmt.Errorf("ort: give the signal stack back: %w", e)
	}
	return err
}
