package apart

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// network is one namespace for each machine, and one in the middle that forwards
// between them, as a site's router does. Links are cut there: packets of a cut
// link vanish without a word, as with a cable that is pulled somewhere on the way.
type network struct {
	t      *testing.T
	prefix string // of the namespaces' names; it carries this process's number
	router string
	hosts  int
	cuts   int
}

// machine is one namespace with its address.
type machine struct {
	net  *network
	name string
	ns   string
	addr string // IPv4
}

const namePrefix = "bys"

var ours = regexp.MustCompile(`^` + namePrefix + `(\d+)-`)

// newNetwork makes the middle. Where namespaces cannot be made the test fails: it
// was asked for.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("network namespaces need root: run make apart as root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Fatal("the program ip is missing: run scripts/setup.sh --test, or apt-get install iproute2")
	}
	n := &network{t: t, prefix: namePrefix + strconv.Itoa(os.Getpid()) + "-"}
	n.sweep()
	if out, err := ip("netns", "add", n.prefix+"probe"); err != nil {
		t.Fatalf("this kernel or container gives no network namespaces, which this test cannot do without: %v\n%s", err, out)
	}
	n.must("netns", "del", n.prefix+"probe")
	t.Cleanup(n.remove)
	n.router = n.namespace("router")
	n.in(n.router, func() {
		for name, v := range map[string]string{"ip_forward": "1", "conf/all/rp_filter": "0", "conf/default/rp_filter": "0"} {
			require.NoError(t, os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(v), 0o600))
		}
	})
	return n
}

func ip(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

func (n *network) must(args ...string) {
	n.t.Helper()
	if out, err := ip(args...); err != nil {
		n.t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (n *network) namespace(name string) string {
	n.t.Helper()
	ns := n.prefix + name
	n.must("netns", "add", ns)
	n.must("-n", ns, "link", "set", "lo", "up")
	return ns
}

// machine makes a namespace with a link to the middle.
func (n *network) machine(name string) *machine {
	n.t.Helper()
	n.hosts++
	subnet := fmt.Sprintf("10.77.%d", n.hosts)
	m := &machine{net: n, name: name, ns: n.namespace(name), addr: subnet + ".2"}
	port := "to-" + name
	n.must("link", "add", port, "netns", n.router, "type", "veth", "peer", "name", "eth0", "netns", m.ns)
	n.must("-n", n.router, "addr", "add", subnet+".1/24", "dev", port)
	n.must("-n", n.router, "link", "set", port, "up")
	n.must("-n", m.ns, "addr", "add", m.addr+"/24", "dev", "eth0")
	n.must("-n", m.ns, "link", "set", "eth0", "up")
	n.must("-n", m.ns, "route", "add", "default", "via", subnet+".1")
	return m
}

// alias gives machines an address that they have in common; toward tells the
// middle which of them it leads to.
func (n *network) alias(addr string, machines ...*machine) {
	n.t.Helper()
	for _, m := range machines {
		n.must("-n", m.ns, "addr", "add", addr+"/32", "dev", "lo")
	}
}

func (n *network) toward(addr string, m *machine) error {
	out, err := ip("-n", n.router, "route", "replace", addr+"/32", "via", m.addr)
	if err != nil {
		return fmt.Errorf("route to %s: %w\n%s", m.name, err, out)
	}
	return nil
}

// cut lets nothing pass between an address and any of the others, in either
// direction, until heal is called.
func (n *network) cut(a string, others ...string) (heal func()) {
	n.t.Helper()
	n.cuts++
	place := strconv.Itoa(1000 + n.cuts) // of the rules; each cut has its own
	for _, b := range others {
		for _, way := range [][2]string{{a, b}, {b, a}} {
			n.must("-n", n.router, "rule", "add", "pref", place, "from", way[0], "to", way[1], "blackhole")
		}
	}
	return func() {
		n.t.Helper()
		for range 2 * len(others) {
			n.must("-n", n.router, "rule", "del", "pref", place)
		}
	}
}

// remove ends what still runs in the namespaces, and removes them.
func (n *network) remove() {
	list, err := ip("netns", "list")
	if err != nil {
		n.t.Errorf("ip netns list: %v", err)
	}
	for line := range strings.Lines(list) {
		if ns, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(ns, n.prefix) {
			discard(n.t, ns)
		}
	}
}

// sweep removes what dead runs left behind.
func (n *network) sweep() {
	list, err := ip("netns", "list")
	if err != nil {
		n.t.Fatalf("ip netns list: %v\n%s", err, list)
	}
	for line := range strings.Lines(list) {
		ns, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		m := ours.FindStringSubmatch(ns)
		if m == nil {
			continue
		}
		if pid, err := strconv.Atoi(m[1]); err == nil && syscall.Kill(pid, 0) != nil {
			n.t.Logf("%s is left of a run that died; removing it", ns)
			discard(n.t, ns)
		}
	}
}

func discard(t *testing.T, ns string) {
	pids, err := ip("netns", "pids", ns)
	if err != nil {
		t.Errorf("ip netns pids %s: %v\n%s", ns, err, pids)
	}
	for f := range strings.FieldsSeq(pids) {
		if pid, err := strconv.Atoi(f); err == nil && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	}
	if out, err := ip("netns", "del", ns); err != nil {
		t.Errorf("ip netns del %s: %v\n%s", ns, err, out)
	}
}

// in runs f on a thread of a namespace. Sockets that f opens, and processes that
// it starts, belong there for good.
func (n *network) in(ns string, f func()) {
	n.t.Helper()
	require.NoError(n.t, within(ns, f))
}

func within(ns string, f func()) error {
	var wg sync.WaitGroup
	var err error
	wg.Go(func() { // on a goroutine of its own, since a thread that cannot return must end
		runtime.LockOSThread()
		home, e := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		if e != nil {
			err = e
			return
		}
		defer home.Close()
		there, e := os.Open(filepath.Join("/run/netns", ns))
		if e != nil {
			err = e
			runtime.UnlockOSThread()
			return
		}
		defer there.Close()
		if e := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); e != nil {
			err = fmt.Errorf("setns %s: %w", ns, e)
			runtime.UnlockOSThread()
			return
		}
		f()
		if e := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); e != nil {
			err = fmt.Errorf("setns back from %s: %w", ns, e)
			return
		}
		runtime.UnlockOSThread()
	})
	wg.Wait()
	return err
}

// dial connects from within the machine. The address must be an IP address: names
// are looked up on other threads.
func (m *machine) dial(ctx context.Context, network, addr string) (c net.Conn, err error) {
	if e := within(m.ns, func() { c, err = (&net.Dialer{}).DialContext(ctx, network, addr) }); e != nil {
		return nil, e
	}
	return c, err
}

// command is a command that runs on the machine. The program's own variables are
// the test's there, and no part of a configuration.
func (m *machine) command(bin string, args ...string) *exec.Cmd {
	cmd := exec.Command("ip", append([]string{"netns", "exec", m.ns, bin}, args...)...) //nolint:gosec,noctx // ended by who starts it
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "BYSTANDER_") })
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
