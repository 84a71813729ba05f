package apart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a process may take for what it does by itself, on a busy
// machine. What has a bound of its own is held to that.
const patience = 3 * time.Minute

// healthAddr is where each process answers probes, on its own machine alone.
const healthAddr = "127.0.0.1:8080"

// node is the program on a machine.
type node struct {
	*machine
	t     *testing.T
	bin   string
	args  []string
	file  string // its configuration
	data  string // its folder
	cmd   *exec.Cmd
	ended chan struct{}
	http  *http.Client
}

// newNode writes the configuration; start starts the program.
func newNode(t *testing.T, m *machine, dir, bin, yaml string, args ...string) *node {
	t.Helper()
	p := &node{machine: m, t: t, bin: bin, file: filepath.Join(dir, m.name+".yml"), data: filepath.Join(dir, m.name)}
	p.args = append(args, "-c", p.file)
	p.http = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: m.dial, DisableKeepAlives: true}}
	yaml = "log: {format: json, level: info}\ndata: " + p.data + "\n" + yaml
	require.NoError(t, os.WriteFile(p.file, []byte(yaml), 0o600))
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", m.name, p.logTail(25))
		}
	})
	return p
}

func (p *node) log() string { return p.file + ".log" }

func (p *node) logTail(n int) string {
	b, err := os.ReadFile(p.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// start starts the program and waits until it answers.
func (p *node) start() {
	p.t.Helper()
	p.launch()
	p.eventually("it answers", func() bool { return p.answers() || p.gone() })
	if p.gone() {
		p.t.Fatalf("%s ended: %s", p.name, p.logTail(10))
	}
}

func (p *node) launch() {
	p.t.Helper()
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer log.Close()
	p.cmd = p.command(p.bin, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	require.NoError(p.t, p.cmd.Start())
	ended := make(chan struct{})
	p.ended = ended
	go func(cmd *exec.Cmd) { defer close(ended); _ = cmd.Wait() }(p.cmd) // waited for by kill and stop
}

func (p *node) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *node) answers() bool {
	code, _ := p.get("/healthz")
	return code == http.StatusOK
}

// kill ends the program as a crash would.
func (p *node) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.cmd = nil
}

// stop ends the program in good order.
func (p *node) stop() {
	p.t.Helper()
	require.NotNil(p.t, p.cmd, p.name)
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
		require.Zero(p.t, p.cmd.ProcessState.ExitCode(), "%s ends in good order: %s", p.name, p.logTail(5))
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	p.cmd = nil
}

func (p *node) get(path string) (int, string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+healthAddr+path, http.NoBody)
	require.NoError(p.t, err)
	res, err := p.http.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

// metric sums a metric's series; −1 while the process tells none.
func (p *node) metric(name string) float64 {
	_, body := p.get("/metrics")
	found := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(name)+`(?:\{[^}]*\})? ([^\s#]+)`).FindAllStringSubmatch(body, -1)
	if found == nil {
		return -1
	}
	sum := 0.0
	for _, m := range found {
		v, err := strconv.ParseFloat(m[1], 64)
		require.NoError(p.t, err)
		sum += v
	}
	return sum
}

func (p *node) eventually(what string, f func() bool) {
	p.t.Helper()
	p.within(patience, what, f)
}

func (p *node) within(limit time.Duration, what string, f func() bool) {
	p.t.Helper()
	for begun := time.Now(); !f(); {
		if time.Since(begun) > limit {
			p.t.Fatalf("%s: %s: not within %v", p.name, what, limit)
		}
		<-time.After(100 * time.Millisecond)
	}
}

// tell runs a command of the program on this machine, as an operator would there.
func (p *node) tell(args ...string) (string, error) { return p.tellAs(p.bin, args...) }

func (p *node) tellAs(bin string, args ...string) (string, error) {
	cmd := p.command(bin, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	limit := time.AfterFunc(patience, func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	})
	defer limit.Stop()
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(fmt.Errorf("on %s: bystander %s: %w", p.name, strings.Join(args, " "), err), errors.New(errs.String()))
	}
	return string(out), err
}

func (p *node) must(args ...string) string {
	p.t.Helper()
	out, err := p.tell(args...)
	require.NoError(p.t, err)
	return out
}

// withConfig is a command with this machine's configuration.
func (p *node) withConfig(args ...string) []string { return append(args, "-c", p.file) }
