package worker

import (
	"debug/elf"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bystander/ingest"
	"bystander/ingest/internal/confine"
)

// Available says what this kernel can hold workers to, changing nothing.
func Available() (ingest.Confinement, error) {
	s, err := confine.Available()
	return ingest.Confinement(s), err
}

// libraries are the folders out of which the dynamic loader takes what the
// program is linked with. Reading them tells nobody anything about a person.
var libraries = []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"}

// names are what the C library and Go read to find a host by its name, and to
// check a camera's certificate.
var names = []string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/pki/tls/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
}

// always are what every program reads as it starts: the machine's processors,
// its time zone.
var always = []string{
	"/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom",
}

// portDNS serves answers that are too long for UDP.
const portDNS = 53

// needsOf is what the worker of a camera may still do. No worker may read /proc
// or any file of this installation but the one that it plays, or write anything;
// but for a card that decodes, whose device files are given.
func needsOf(command []string, spec ingest.Spec, card []string) confine.Needs {
	n := confine.Needs{
		Exec:    append([]string{command[0]}, loader(command[0])...),
		Read:    append(append([]string{}, libraries...), always...),
		Discard: []string{"/dev/null"},
	}
	n.Read = append(n.Read, mapped()...)
	for _, dir := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		if filepath.IsAbs(dir) {
			n.Read = append(n.Read, dir)
		}
	}
	if len(card) > 0 {
		n.Card = card
		n.Read = append(n.Read, cardReads...)
	}
	if spec.Driver == ingest.DriverFile {
		n.Read = append(n.Read, spec.URL)
		return n
	}
	n.Sockets = true
	if spec.Driver != ingest.DriverWHIP { // publishers come by UDP
		n.Read = append(n.Read, names...)
		n.Ports = append(portsOf(spec.URL), portDNS)
	}
	return n
}

// mapped are the libraries of this very process, wherever the distribution keeps
// them: a worker is the same program.
func mapped() []string {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil // the usual folders have to do
	}
	var out []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		_, path, ok := strings.Cut(line, " /")
		path = "/" + strings.TrimSuffix(path, "\n")
		if ok && !seen[path] && strings.Contains(filepath.Base(path), ".so") {
			seen[path] = true
			out = append(out, path)
		}
	}
	return out
}

// portsOf are the TCP ports of a camera's address: its own, or what the drivers
// take where it names none.
func portsOf(address string) []uint16 {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return nil
		}
		return []uint16{uint16(n)}
	}
	if u.Scheme == "rtsps" {
		return []uint16{322, 554}
	}
	return []uint16{554}
}

// loader is the program that the kernel starts in order to start a dynamically
// linked one; none for others.
func loader(program string) []string {
	f, err := elf.Open(program)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // only read
	s := f.Section(".interp")
	if s == nil {
		return nil
	}
	b, err := s.Data()
	if err != nil {
		return nil
	}
	return []string{strings.TrimRight(string(b), "\x00")}
}

// limitMemory bounds how far the worker's memory may grow. It is called once the
// worker has started and before it has read anything from outside: the runtime
// reserves much and the libraries bring theirs, so that only growth can be limited.
//
// What is counted is address space. A card's driver reserves many times the
// machine's memory of that and takes none, so with a card what may be written and
// belongs to the process alone is counted instead.
func (p *process) limitMemory(growth uint64) error {
	pid := p.cmd.Process.Pid
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return fmt.Errorf("ingest: the worker's size: %w", err)
	}
	limit, field := unix.RLIMIT_AS, 0
	if len(p.needs.Card) > 0 {
		limit, field = unix.RLIMIT_DATA, 5
	}
	sizes := strings.Fields(string(b))
	if len(sizes) <= field {
		return fmt.Errorf("ingest: the worker's size: /proc says %q", b)
	}
	pages, err := strconv.ParseUint(sizes[field], 10, 64)
	if err != nil {
		return fmt.Errorf("ingest: the worker's size: %w", err)
	}
	var old unix.Rlimit
	if err := unix.Prlimit(pid, limit, nil, &old); err != nil {
		return fmt.Errorf("ingest: limit the worker's memory: %w", err)
	}
	v := min(pages*uint64(os.Getpagesize())+growth, old.Max)
	if err := unix.Prlimit(pid, limit, &unix.Rlimit{Cur: v, Max: v}, nil); err != nil {
		return fmt.Errorf("ingest: limit the worker's memory: %w", err)
	}
	return nil
}
