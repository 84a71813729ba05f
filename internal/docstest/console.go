package docstest

import (
	"fmt"
	"regexp"
	"strings"
)

// Step is one command of a block and what the page shows of its output, nil when
// it shows nothing.
type Step struct {
	Line    int
	Command string
	Shown   []string
	Ends    int
}

// Steps are the commands of a block, in order. A block of the language sh is one
// step, as its commands may share quotes and loops.
func (b Block) Steps() []Step {
	if b.Lang == "sh" {
		return []Step{{Line: b.Line, Command: b.Text, Ends: b.Ends}}
	}
	var out []Step
	more := false
	for i, line := range strings.Split(strings.TrimSuffix(b.Text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "$ "):
			out = append(out, Step{Line: b.Line + i, Command: line[2:] + "\n", Shown: []string{}})
		case len(out) == 0:
			out = append(out, Step{Line: b.Line + i, Shown: []string{line}})
		case more:
			out[len(out)-1].Command += strings.TrimPrefix(line, "> ") + "\n"
		default:
			out[len(out)-1].Shown = append(out[len(out)-1].Shown, line)
		}
		more = strings.HasSuffix(line, `\`)
	}
	if len(out) > 0 {
		out[len(out)-1].Ends = b.Ends
	}
	return out
}

// Differs says how printed differs from what the page shows, or is empty. In what
// is shown "…" stands for anything within a line, and alone on a line for any
// lines. Spaces count as one.
func Differs(shown []string, printed string) string {
	lines := []string{}
	for line := range strings.Lines(printed) {
		if line = squeeze(line); line != "" {
			lines = append(lines, line)
		}
	}
	at, skip := 0, false
	for _, want := range shown {
		want = squeeze(want)
		if want == "" {
			continue
		}
		if want == "…" {
			skip = true
			continue
		}
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$")
		found := at
		for found < len(lines) && !re.MatchString(lines[found]) {
			found++
		}
		if found == len(lines) || found > at && !skip {
			got := "nothing"
			if at < len(lines) {
				got = fmt.Sprintf("%q", lines[at])
			}
			return fmt.Sprintf("the page shows %q, printed is %s", want, got)
		}
		at, skip = found+1, false
	}
	if at < len(lines) && !skip {
		return fmt.Sprintf("printed is also %q, which the page does not show", lines[at])
	}
	return ""
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
