// Package confine holds a camera's worker to what it needs, by means that the
// kernel enforces: Landlock for files, TCP connections and signals, and a filter
// of system calls (seccomp).
//
// Both are put on one thread of the edge just before it starts the worker. A
// process inherits them from the thread that starts it, so the worker is held
// from its first instruction on, in all of its threads, and the edge knows what
// is in force without asking the worker. That is why go-landlock is not used: it
// confines every thread of the calling process, here the edge itself.
package confine

import (
	"errors"
	"fmt"
)

// Needs is what a worker may still do.
type Needs struct {
	// Exec are the files that may be started: the program, and the loader that
	// its kind of binary needs.
	Exec []string
	// Read are files and folders that may be read; what does not exist is left
	// out. Nothing can be written but Discard and Card.
	Read []string
	// Discard are devices that may be read and written, such as /dev/null.
	Discard []string
	// Card are a card's device files, which may be read, written and controlled
	// (ioctl). Where there are any, system calls that the card's driver makes as it
	// starts are let through as well: see filterCalls. Nearly always empty.
	Card []string
	// Ports are the TCP ports that may be connected to, on any host.
	Ports []uint16
	// Sockets lets it open sockets at all. It never can wait for connections.
	Sockets bool
}

// State is what is in force.
type State struct {
	// Landlock is the version of the kernel's Landlock interface that is used: 0
	// for none, 1 for files alone, 4 and more also for TCP, 6 and more also for
	// signals and abstract sockets.
	Landlock int
	// Seccomp tells that system calls are filtered.
	Seccomp bool
}

// Thread confines the calling thread and every process that it starts from now
// on, as far as this kernel can, and says how far that is. The caller has locked
// its goroutine to the thread, has forbidden new privileges, and never unlocks
// it. An error means that the kernel knows the means and refused it; then the
// thread must not be used.
func Thread(n Needs) (State, error) {
	var s State
	abi, err := landlockABI()
	if err != nil {
		return s, err
	}
	if abi > 0 {
		if err := landlock(abi, n); err != nil {
			return s, fmt.Errorf("confine: landlock: %w", err)
		}
		s.Landlock = abi
	}
	switch err := filterCalls(n); {
	case err == nil:
		s.Seccomp = true
	case !errors.Is(err, errNoSeccomp):
		return s, fmt.Errorf("confine: system calls: %w", err)
	}
	return s, nil
}

// Available says what this kernel could put in force, changing nothing.
func Available() (State, error) {
	abi, err := landlockABI()
	return State{Landlock: abi, Seccomp: canFilter()}, err
}
