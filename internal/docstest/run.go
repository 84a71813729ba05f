package docstest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// World is where a page's commands run.
type World struct {
	Dir string   // working folder; a folder "out" below it takes what is printed
	Env []string // the whole environment
	// Real puts what is here in place of the names that the page uses, such as
	// addresses and folders outside of Dir.
	Real *strings.Replacer
}

// Failure is a command that did not do what its page says.
type Failure struct {
	Page string
	Line int
	Text string // what went wrong, and what was printed
}

func (f *Failure) Error() string { return fmt.Sprintf("%s:%d: %s", f.Page, f.Line, f.Text) }

// Run runs the commands of a page in one shell, in order, up to the first that
// fails, and compares what each printed with what the page shows. Variables and
// functions live on from block to block. It returns a *Failure for a page that
// does not hold.
func Run(ctx context.Context, p *Page, w World) error {
	steps := p.steps()
	if len(steps) == 0 {
		return nil
	}
	out := filepath.Join(w.Dir, "out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		return fmt.Errorf("docstest: %w", err)
	}
	script := filepath.Join(out, "page.sh")
	if err := os.WriteFile(script, []byte(w.script(steps, out)), 0o600); err != nil {
		return fmt.Errorf("docstest: %w", err)
	}
	cmd := exec.CommandContext(ctx, "bash", script)
	cmd.Dir, cmd.Env = w.Dir, w.Env
	// When the time is up, what the shell waits for ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("docstest: %s: %w", p.Name, err)
	}
	for i, s := range steps {
		printed, rerr := os.ReadFile(filepath.Join(out, fmt.Sprint(i)))
		if errors.Is(rerr, os.ErrNotExist) {
			return &Failure{p.Name, s.Line, fmt.Sprintf("the command was not reached: %v\n%s", err, said)}
		}
		if rerr != nil {
			return fmt.Errorf("docstest: %w", rerr)
		}
		_, serr := os.Stat(filepath.Join(out, fmt.Sprint(i, ".done")))
		if serr != nil {
			return &Failure{p.Name, s.Line, fmt.Sprintf("the command ended otherwise than with %d (%v, %v):\n%s%s", s.Ends, err, ctx.Err(), printed, said)}
		}
		if s.Shown != nil {
			if d := Differs(real(w.Real, s.Shown), string(printed)); d != "" {
				return &Failure{p.Name, s.Line, fmt.Sprintf("%s; all of it:\n%s", d, printed)}
			}
		}
	}
	if err != nil {
		return fmt.Errorf("docstest: %s: %w: %s", p.Name, err, said)
	}
	return nil
}

func real(r *strings.Replacer, lines []string) []string {
	out := make([]string, len(lines))
	for i := range lines {
		out[i] = r.Replace(lines[i])
	}
	return out
}

// steps are all commands of a page that are to be run.
func (p *Page) steps() []Step {
	var out []Step
	for _, b := range p.Blocks {
		if (b.Lang == "sh" || b.Lang == "console") && b.Not == "" {
			out = append(out, b.Steps()...)
		}
	}
	return out
}

// Runs reports whether a page has anything to be run.
func (p *Page) Runs() bool { return len(p.steps()) > 0 }

// script is one shell script for all steps. Each prints into a file of its own,
// and leaves another when it ended as the page says.
func (w World) script(steps []Step, out string) string {
	var b strings.Builder
	b.WriteString("set -eo pipefail\n")
	for i, s := range steps {
		text := w.Real.Replace(s.Command)
		at := filepath.Join(out, fmt.Sprint(i))
		if s.Ends == 0 {
			fmt.Fprintf(&b, "{\n%s} >'%s' 2>&1\n", text, at)
		} else {
			fmt.Fprintf(&b, "set +e\n(\nset -e\n%s) >'%s' 2>&1\n[ $? = %d ] || exit 1\nset -e\n", text, at, s.Ends)
		}
		fmt.Fprintf(&b, ": >'%s.done'\n", at)
	}
	return b.String()
}
