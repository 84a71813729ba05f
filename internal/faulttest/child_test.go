package faulttest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The other processes of the tests are this binary, told by its environment
// which part to play. A child answers each line of its standard input with one
// line, and ends when its input does.
const (
	roleEnv   = "FAULTTEST_ROLE"
	configEnv = "FAULTTEST_CONFIG"
)

// roles are the parts that a child can play.
var roles = map[string]func(config []byte) error{"edge": edgeMain, "writer": writerMain}

// playRole runs a child; ok is false in the parent.
func playRole() (code int, ok bool) {
	run := roles[os.Getenv(roleEnv)]
	if run == nil {
		return 0, false
	}
	if err := run([]byte(os.Getenv(configEnv))); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Getenv(roleEnv), err)
		return 1, true
	}
	return 0, true
}

// answerLines serves the parent until it closes the child's input.
func answerLines(serve func(command string) (any, error)) error {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		v, err := serve(in.Text())
		reply := struct {
			Value any    `json:"value,omitempty"`
			Error string `json:"error,omitempty"`
		}{Value: v}
		if err != nil {
			reply.Error = err.Error()
		}
		b, err := json.Marshal(reply)
		if err != nil {
			return err
		}
		if _, err := os.Stdout.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return in.Err()
}

// child is a process from its parent's side.
type child struct {
	t    testing.TB
	name string
	role string
	dir  string // of its log
	cfg  any

	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

var errDead = errors.New("the child is dead")

// start starts the child if it does not run.
func (c *child) start() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		return
	}
	if err := c.launch(); err != nil {
		c.t.Fatalf("%s: %v", c.name, err)
	}
}

func (c *child) launch() error {
	cfg, err := json.Marshal(c.cfg)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+c.role, configEnv+"="+string(cfg))
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.cmd, c.in, c.out = cmd, in, bufio.NewReader(out)
	return nil
}

func (c *child) logPath() string { return filepath.Join(c.dir, c.name+".log") }

// kill ends the child as a crash would.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // "signal: killed"
	c.cmd = nil
}

// stop closes the child's input and waits until it has ended in good order.
func (c *child) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return nil
	}
	_ = c.in.Close()
	limit := time.AfterFunc(30*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer limit.Stop()
	err := c.cmd.Wait()
	c.cmd = nil
	return err
}

// ask sends a command and decodes the answer's value into v, if v is not nil.
func (c *child) ask(command string, v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return errDead
	}
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		return fmt.Errorf("%w: %w", errDead, err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%w: %w", errDead, err)
	}
	var reply struct {
		Value json.RawMessage
		Error string
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return fmt.Errorf("%s: %s: %w: %s", c.name, command, err, line)
	}
	if reply.Error != "" {
		return fmt.Errorf("%s: %s: %s", c.name, command, reply.Error)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(reply.Value, v)
}

// must is ask for a child that has to live.
func (c *child) must(command string, v any) {
	c.t.Helper()
	if err := c.ask(command, v); err != nil {
		c.t.Fatalf("%s: %s: %v\n%s", c.name, command, err, c.logTail())
	}
}

func (c *child) logTail() string {
	b, err := os.ReadFile(c.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return c.name + ":\n" + strings.Join(lines[max(0, len(lines)-15):], "\n")
}
