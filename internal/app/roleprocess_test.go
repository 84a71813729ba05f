package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
)

// RoleSubcommand lets the test binary stand in for "bystander run".
const RoleSubcommand = "role-process"

// RoleProcess is "bystander run" with a configuration file; it returns the exit
// status.
func RoleProcess(path string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := NoCoreDumps()
	if err == nil {
		var cfg config.Config
		if cfg, err = config.Load(path, nil); err == nil {
			err = Run(ctx, cfg, io.Discard, os.Stderr)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// station is one of the house's processes, from the test's side.
type station struct {
	t      *testing.T
	name   string
	file   string // its configuration
	listen string // of its health and metrics
	cmd    *exec.Cmd
	ended  chan struct{}
}

// newProcess writes a configuration; the process starts with start.
func newProcess(t *testing.T, name, yaml string) *station {
	t.Helper()
	p := &station{t: t, name: name, file: filepath.Join(t.TempDir(), name+".yml"), listen: freeListen(t)}
	yaml = "server: {listen: \"" + p.listen + "\"}\nlog: {format: json, level: info}\n" + yaml
	require.NoError(t, os.WriteFile(p.file, []byte(yaml), 0o600))
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			b, err := os.ReadFile(p.log())
			lines := strings.Split(strings.TrimSpace(string(b)), "\n")
			t.Logf("%s (%v):\n%s", name, err, strings.Join(lines[max(0, len(lines)-25):], "\n"))
		}
	})
	return p
}

// freeListen is an address on loopback that nobody listens at.
func freeListen(t *testing.T) string {
	t.Helper()
	addr, err := freeAddr(t.Context())
	require.NoError(t, err)
	return addr
}

func (p *station) log() string { return p.file + ".log" }

func (p *station) config() config.Config {
	p.t.Helper()
	cfg, err := config.Load(p.file, nil)
	require.NoError(p.t, err)
	return cfg
}

// start starts the process and waits until it answers.
func (p *station) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer log.Close()
	p.cmd = exec.Command(os.Args[0], RoleSubcommand, p.file) //nolint:gosec,noctx // this very binary
	p.cmd.Stderr, p.cmd.Stdout = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, p.cmd.Start())
	p.ended = make(chan struct{})
	go func() { defer close(p.ended); _ = p.cmd.Wait() }() // waited for by kill
	require.Eventually(p.t, func() bool {
		select {
		case <-p.ended:
			return true
		default:
		}
		code, _ := p.get("/healthz")
		return code == http.StatusOK
	}, stationPatience, 50*time.Millisecond, "%s answers", p.name)
	select {
	case <-p.ended:
		b, _ := os.ReadFile(p.log())
		p.t.Fatalf("%s ended: %s", p.name, b)
	default:
	}
}

// kill ends the process as a crash would.
func (p *station) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.cmd = nil
}

func (p *station) get(path string) (int, string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+p.listen+path, http.NoBody)
	require.NoError(p.t, err)
	client := &http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(req)
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

// metric reads one number; −1 while the process does not tell it.
func (p *station) metric(name string) float64 {
	_, body := p.get("/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `(?:\{[^}]*\})? (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	require.NoError(p.t, err)
	return v
}

// stationPatience is longer than the longest alarm that a broker's start may bring
// about (replayQuiet).
const stationPatience = 4 * time.Minute

// eventually waits for what a process does by itself, however busy the machine.
func (p *station) eventually(what string, f func() bool) {
	p.t.Helper()
	require.Eventually(p.t, f, stationPatience, 50*time.Millisecond, "%s: %s", p.name, what)
}

// says runs what a command does and returns what it printed.
func says(t *testing.T, f func(out io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f(&b))
	return b.String()
}
