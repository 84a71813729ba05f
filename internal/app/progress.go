package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// progress draws one line that tells how far a long job is: on a terminal as a
// bar in place, elsewhere as a line every few seconds.
type progress struct {
	w        io.Writer
	what     string
	terminal bool
	begun    time.Time
	drawn    time.Time
	width    int
}

func newProgress(w io.Writer, what string) *progress {
	p := &progress{w: w, what: what, begun: time.Now()}
	if f, ok := w.(*os.File); ok {
		_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		p.terminal = err == nil
	}
	return p
}

// update draws the state: done of total (0 for unknown) pictures.
func (p *progress) update(done, total int64) {
	every := 5 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(p.drawn) < every {
		return
	}
	p.drawn = now
	p.draw(p.line(done, total, now))
}

func (p *progress) line(done, total int64, now time.Time) string {
	rate := float64(done) / max(now.Sub(p.begun).Seconds(), 1e-3)
	if total <= 0 || done > total {
		return fmt.Sprintf("%s  %d pictures  %.0f/s", p.what, done, rate)
	}
	part := float64(done) / float64(total)
	left := time.Duration(float64(total-done) / max(rate, 1e-3) * float64(time.Second))
	const cells = 24
	full := int(part * cells)
	return fmt.Sprintf("%s  %s%s %3.0f %%  %.0f/s  %s left", p.what,
		strings.Repeat("█", full), strings.Repeat("░", cells-full), part*100, rate, left.Round(time.Second))
}

func (p *progress) draw(line string) {
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	pad := max(p.width-len([]rune(line)), 0)
	p.width = len([]rune(line))
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", pad))
}

// close ends the line.
func (p *progress) close() {
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
	}
}
