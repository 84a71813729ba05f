package confine

import (
	"errors"
	"fmt"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// errNoSeccomp reports a kernel, or a sandbox around this program, that lets
// nobody filter system calls.
var errNoSeccomp = errors.New("confine: system calls cannot be filtered here")

// denied are the system calls that no worker makes and that have served to
// break out of a process, or to look into another. They fail with EPERM.
var denied = []string{
	// into other processes
	"ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
	// the kernel's larger interfaces
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"add_key", "request_key", "keyctl",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
	// mounts and name spaces
	"mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
	"unshare", "setns", "open_by_handle_at", "swapon", "swapoff", "quotactl", "acct",
	// the machine's clock and name
	"settimeofday", "clock_settime", "sethostname", "setdomainname",
	// nobody connects to a worker
	"listen", "accept", "accept4",
}

// execs are the system calls that start another program.
var execs = []string{"execve", "execveat"}

func canFilter() bool { return seccomp.Supported() }

// filterCalls puts the filter on the calling thread; its processes inherit it.
// A denied call fails with EPERM, so that a library which only tries one goes on.
//
// With a card, what CUDA's driver does as it starts is let through: it makes a
// local socket under a name of its own, for other processes of the same program to
// find it, and listens. Nobody gets in, since accept stays denied, and with it TCP
// connections, which listen would otherwise let wait. ioctl and mmap, by which the
// driver works, and memfd_create are denied to nobody. All this is from its
// documented behaviour and from reports of others: it was never run on a card.
func filterCalls(n Needs) error {
	group := seccomp.SyscallGroup{Action: deny, Names: slices.Clone(denied)}
	card := len(n.Card) > 0
	if card {
		group.Names = slices.DeleteFunc(group.Names, func(name string) bool { return name == "listen" })
	}
	switch {
	case !n.Sockets && card: // only local ones
		group.NamesWithCondtions = []seccomp.NameWithConditions{{
			Name:       "socket",
			Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.NotEqual, Value: unix.AF_UNIX}},
		}}
	case !n.Sockets:
		group.Names = append(group.Names, "socket")
	}
	return load(group, 0)
}

// NoMorePrograms forbids every thread of the calling process to start another
// program, for good. It reports whether that is in force.
func NoMorePrograms() (bool, error) {
	switch err := load(seccomp.SyscallGroup{Action: deny, Names: execs}, seccomp.FilterFlagTSync); {
	case err == nil:
		return true, nil
	case errors.Is(err, errNoSeccomp):
		return false, nil
	default:
		return false, fmt.Errorf("confine: no more programs: %w", err)
	}
}

// deny fails a call with EPERM.
const deny = seccomp.ActionErrno | seccomp.Action(unix.EPERM)

func load(group seccomp.SyscallGroup, flag seccomp.FilterFlag) error {
	if !canFilter() {
		return errNoSeccomp
	}
	return seccomp.LoadFilter(seccomp.Filter{
		Flag:   flag,
		Policy: seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{group}},
	})
}
