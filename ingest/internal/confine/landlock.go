package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The versions of Landlock's interface, from which on each right is known
// (landlock(7)). Rights of later versions than the last are left alone.
const (
	abiRefer    = 2
	abiTruncate = 3
	abiNet      = 4
	abiIoctl    = 5
	abiScope    = 6
)

// ruleNetPort is LANDLOCK_RULE_NET_PORT of linux/landlock.h, and portAttr its
// argument.
const ruleNetPort = 2

type portAttr struct {
	access uint64
	port   uint64
}

// onFiles are the rights that a single file can be given; the others are a
// folder's.
const onFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
	unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV

// landlockABI asks the kernel for the version of its Landlock; 0 for none. A
// filter of system calls around this program may deny the question, which is as
// good as none.
func landlockABI() (int, error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		return int(v), nil
	case unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM:
		return 0, nil
	}
	return 0, fmt.Errorf("confine: ask for landlock: %w", errno)
}

// handled are the rights that the thread gives up unless a rule gives them back:
// all that version abi knows.
func handled(abi int) unix.LandlockRulesetAttr {
	// The first version has the rights up to MAKE_SYM.
	a := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1}
	if abi >= abiRefer {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= abiTruncate {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= abiNet {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= abiIoctl {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= abiScope {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		if signalsWithinProcess() {
			a.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
		}
	}
	return a
}

// signalsWithinProcess tells that the kernel lets a confined thread signal the
// others of its process (erratum 2 is fixed), as Go's runtime does between the
// edge's threads.
func signalsWithinProcess() bool {
	errata, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA)
	return errno == 0 && errata&(1<<1) != 0
}

// landlock puts the rules on the calling thread.
func landlock(abi int, n Needs) error {
	if len(n.Card) > 0 {
		n.Card = append(slices.Clone(n.Card), "/proc") // until the process puts on CardRules
	}
	rules, err := newRules(abi, n)
	if err != nil {
		return err
	}
	defer unix.Close(rules) //nolint:errcheck // the thread has taken them over, or fails
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); errno != 0 {
		return fmt.Errorf("restrict: %w", errno)
	}
	return nil
}

// CardRules are the rules of a worker with a card, for it to put on itself as it
// starts: see package own. The caller closes the file, which is nil where there is
// no card, or no Landlock.
func CardRules(n Needs) (*os.File, error) {
	if len(n.Card) == 0 {
		return nil, nil //nolint:nilnil // as the comment says
	}
	abi, err := landlockABI()
	if err != nil || abi == 0 {
		return nil, err
	}
	rules, err := newRules(abi, n)
	if err != nil {
		return nil, fmt.Errorf("confine: landlock: %w", err)
	}
	return os.NewFile(uintptr(rules), "rules"), nil
}

// newRules makes a descriptor of the rules, which the caller closes.
func newRules(abi int, n Needs) (rules int, err error) {
	attr := handled(abi)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0) //nolint:gosec // the kernel's own interface
	if errno != 0 {
		return -1, fmt.Errorf("new rules: %w", errno)
	}
	rules = int(fd)
	defer func() {
		if err != nil {
			_ = unix.Close(rules)
		}
	}()
	for _, r := range []struct {
		paths  []string
		access uint64
	}{
		{n.Exec, unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE},
		{n.Read, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR},
		{n.Discard, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE},
		{n.Card, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
	} {
		for _, p := range r.paths {
			if err := allowPath(rules, p, r.access&attr.Handled_access_fs); err != nil {
				return rules, err
			}
		}
	}
	if abi >= abiNet {
		for _, p := range n.Ports {
			a := portAttr{access: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port: uint64(p)}
			if err := addRule(rules, ruleNetPort, unsafe.Pointer(&a)); err != nil { //nolint:gosec // as above
				return rules, fmt.Errorf("port %d: %w", p, err)
			}
		}
	}
	return rules, nil
}

// allowPath gives the rights back for a file, or for all below a folder. What
// is not there needs no rule.
func allowPath(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= onFiles
	}
	a := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}             //nolint:gosec // a descriptor
	if err := addRule(rules, unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&a)); err != nil { //nolint:gosec // as above
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func addRule(rules int, kind uintptr, attr unsafe.Pointer) error {
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), kind, uintptr(attr), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
