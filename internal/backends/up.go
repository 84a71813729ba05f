package backends

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// UpOptions say what a person's servers are.
type UpOptions struct {
	Root           string // of the checkout, to build the engine's server from
	Dir            string // of data, logs and the list of what runs
	KafkaPort      int    // 9092 by default
	ClickHousePort int    // of HTTP, 8123 by default
}

// running is one server that Up has started, told from another process with the
// same number by its start.
type running struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // in the kernel's ticks since it began
	Addr  string `json:"addr"`
}

const stateFile = "running.json"

// Up starts those of the broker and the engine that do not run yet, waits until
// they answer and says how to use them. They run on until Down.
func Up(ctx context.Context, o UpOptions, out io.Writer) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("backends: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("backends: %w", err)
	}
	state, err := readState(dir)
	if err != nil {
		return err
	}
	start := map[string]func() (pid int, addr string, err error){
		"kafka": func() (int, string, error) {
			k, err := StartKafka(ctx, KafkaOptions{Dir: filepath.Join(dir, "kafka"), Port: o.KafkaPort, Mode: Detached})
			if err != nil {
				return 0, "", err
			}
			return k.PID(), k.Addr(), nil
		},
		"clickhouse": func() (int, string, error) {
			binary, err := BuildEngine(ctx, o.Root)
			if err != nil {
				return 0, "", err
			}
			e, err := StartEngine(ctx, EngineOptions{
				Dir: filepath.Join(dir, "clickhouse"), Binary: binary, Port: o.ClickHousePort, Mode: Detached,
			})
			if err != nil {
				return 0, "", err
			}
			return e.PID(), e.Addr(), nil
		},
	}
	ports := map[string]int{"kafka": o.KafkaPort, "clickhouse": o.ClickHousePort}
	for _, name := range []string{"kafka", "clickhouse"} {
		if r, ok := state[name]; ok && r.alive() {
			fmt.Fprintf(out, "%-10s runs already on %s (process %d)\n", name, r.Addr, r.PID)
			continue
		}
		if err := portFree(name, ports[name]); err != nil {
			return err
		}
		begun := time.Now()
		r := running{}
		if r.PID, r.Addr, err = start[name](); err != nil {
			return err
		}
		if r.Start, err = startOf(r.PID); err != nil {
			return err
		}
		state[name] = r
		if err := writeState(dir, state); err != nil {
			return err
		}
		fmt.Fprintf(out, "%-10s ready on %s after %v (process %d, log %s)\n", name, r.Addr,
			time.Since(begun).Round(10*time.Millisecond), r.PID, filepath.Join(dir, name, name+".log"))
	}
	k, c := state["kafka"].Addr, state["clickhouse"].Addr
	fmt.Fprintf(out, "\nTry:  kcat -b %s -L\n      curl 'http://%s/?query=SELECT+version()'\nStop: make down\n", k, c)
	return nil
}

func portFree(name string, port int) error {
	if port == 0 {
		return nil
	}
	l, err := net.Listen("tcp", local(port)) //nolint:noctx // local
	if err != nil {
		return fmt.Errorf("backends: %s: port %d is taken (%w): choose another with make up %s_PORT=…", name, port, err, strings.ToUpper(name))
	}
	return l.Close()
}

// Down ends exactly what Up has started and still runs. Their data stays.
func Down(dir string, out io.Writer) error {
	state, err := readState(dir)
	if err != nil {
		return err
	}
	var failed error
	for _, name := range []string{"clickhouse", "kafka"} {
		r, ok := state[name]
		if !ok || !r.alive() {
			fmt.Fprintf(out, "%-10s does not run\n", name)
			continue
		}
		if err := r.end(30 * time.Second); err != nil {
			failed = errors.Join(failed, fmt.Errorf("backends: end %s (process %d): %w", name, r.PID, err))
			continue
		}
		fmt.Fprintf(out, "%-10s ended (process %d)\n", name, r.PID)
	}
	if failed != nil {
		return failed
	}
	if err := os.Remove(filepath.Join(dir, stateFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backends: %w", err)
	}
	return nil
}

// alive reports whether that very process runs.
func (r running) alive() bool {
	start, err := startOf(r.PID)
	return err == nil && start == r.Start
}

// end asks the process to end, and kills it when it has not within patience.
func (r running) end(patience time.Duration) error {
	err := syscall.Kill(r.PID, syscall.SIGTERM)
	for until := time.Now().Add(patience); r.alive(); {
		if time.Now().After(until) {
			err = syscall.Kill(r.PID, syscall.SIGKILL)
			until = until.Add(patience)
		}
		<-time.After(pollEvery)
	}
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// startOf returns when a process began; it fails when there is none, or only its
// end to be waited for.
func startOf(pid int) (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("backends: %w", err)
	}
	// The second field is the program's name in parentheses, with any bytes.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const state, start = 0, 19 // counted from the third
	if len(f) <= start || f[state] == "Z" {
		return 0, fmt.Errorf("backends: process %d: %w", pid, os.ErrProcessDone)
	}
	return strconv.ParseUint(f[start], 10, 64)
}

func readState(dir string) (map[string]running, error) {
	state := map[string]running{}
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return state, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &state)
	}
	if err != nil {
		return nil, fmt.Errorf("backends: read what runs: %w", err)
	}
	return state, nil
}

func writeState(dir string, state map[string]running) error {
	b, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return fmt.Errorf("backends: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("backends: %w", err)
	}
	return nil
}
