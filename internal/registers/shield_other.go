//go:build !linux

package registers

import "runtime"

// Shield runs f on one thread and clears its vector registers afterwards. Signals
// are not held back here.
func Shield(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer Clear()
	f()
}
