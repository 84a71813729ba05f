//go:build !linux

package registers

// Flush has nothing to offer here.
func Flush() {}
