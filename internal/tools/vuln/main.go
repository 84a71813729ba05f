// Vuln asks the vulnerability databases about everything that is built into the
// program and its pages: govulncheck's about the Go code that is reached, npm's
// about the packages of the web application. A database that could not be asked
// is a failure like a hole that was found, and is told apart from it: silence
// must not pass for safety.
//
//	go run ./internal/tools/vuln -govulncheck PATH [-db file:///var/vulndb]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// verdict is what asking one database came to.
type verdict int

const (
	clean verdict = iota
	holes
	unasked
)

var words = map[verdict]string{
	clean: "nothing known", holes: "HOLES FOUND", unasked: "NOT ASKED: no answer could be had; this is no pass",
}

// answer is a verdict with what there is to say about it.
type answer struct {
	what   string
	is     verdict
	detail string
}

var errNotClean = errors.New("vuln: not every part is known to be free of holes")

func main() {
	tool := flag.String("govulncheck", "govulncheck", "the program to ask about Go code")
	db := flag.String("db", "", "address of Go's database; a copy may lie in a folder: file:///PATH")
	web := flag.String("web", "web", "the web application's folder")
	flag.Parse()
	ctx := context.Background()
	var args []string
	if *db != "" {
		args = append(args, "-db", *db)
	}
	answers := []answer{
		ofGo(command(ctx, "", *tool, append(args, "./...")...)),
		ofNPM("npm, what is shipped", command(ctx, *web, "npm", "audit", "--omit=dev", "--json")),
		ofNPM("npm, tools that build it, high and worse", command(ctx, *web, "npm", "audit", "--audit-level=high", "--json")),
	}
	if err := tell(os.Stdout, answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// result is how a command ended.
type result struct {
	out    string // standard output
	errs   string // standard error
	status int    // -1 when it could not be started
}

func command(ctx context.Context, dir, name string, args ...string) result {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // named by the Makefile
	cmd.Dir = dir
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return result{out.String(), errs.String(), 0}
	case errors.As(err, &exit):
		return result{out.String(), errs.String(), exit.ExitCode()}
	}
	return result{out.String(), err.Error(), -1}
}

// foundByGo is govulncheck's exit status when the code reaches a known hole.
const foundByGo = 3

// ofGo reads govulncheck's end. Whoever reaches the database gets either "No
// vulnerabilities found." or the list; whatever else it says is no answer.
func ofGo(r result) answer {
	a := answer{what: "Go"}
	switch {
	case r.status == 0 && strings.Contains(r.out, "No vulnerabilities found."),
		r.status == 0 && strings.Contains(r.out, "Your code is affected by 0 vulnerabilities"):
		a.is = clean
	case r.status == foundByGo:
		a.is, a.detail = holes, r.out
	default:
		a.is, a.detail = unasked, r.out+r.errs
	}
	return a
}

// npmReport is the part of "npm audit --json" that tells.
type npmReport struct {
	Version  int `json:"auditReportVersion"`
	Metadata *struct {
		Vulnerabilities map[string]int `json:"vulnerabilities"`
		Dependencies    map[string]int `json:"dependencies"`
	} `json:"metadata"`
	Vulnerabilities map[string]struct {
		Severity string `json:"severity"`
		Range    string `json:"range"`
	} `json:"vulnerabilities"`
}

// ofNPM reads npm's report. Registries without the audit endpoint answer with an
// error, or with nothing that is a report; either is no answer. npm's exit status
// says whether there are holes of the level asked for.
func ofNPM(what string, r result) answer {
	a := answer{what: what, is: unasked, detail: r.out + r.errs}
	var rep npmReport
	if json.Unmarshal([]byte(r.out), &rep) != nil || rep.Version == 0 || rep.Metadata == nil || rep.Metadata.Dependencies["total"] == 0 {
		return a
	}
	switch r.status {
	case 0:
		a.is, a.detail = clean, ""
	case 1:
		a.is, a.detail = holes, ""
		for name, v := range rep.Vulnerabilities {
			a.detail += fmt.Sprintf("%s %s: %s\n", name, v.Range, v.Severity)
		}
	}
	return a
}

// tell writes every answer, and fails unless all are clean.
func tell(out io.Writer, answers []answer) error {
	bad := false
	for _, a := range answers {
		fmt.Fprintf(out, "==> %s: %s\n", a.what, words[a.is])
		if a.is == clean {
			continue
		}
		bad = true
		for line := range strings.Lines(strings.TrimSpace(a.detail)) {
			fmt.Fprintf(out, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if bad {
		return errNotClean
	}
	return nil
}
