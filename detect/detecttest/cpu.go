package detecttest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// CPU begins to count the process's CPU time; the function returned reports it
// per iteration. On a shared machine it tells more than the wall clock.
func CPU(b *testing.B) (report func()) {
	b.Helper()
	spent := func() float64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	start := spent()
	return func() { b.ReportMetric((spent()-start)/float64(b.N), "cpu-ms/op") }
}
