package kafka

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Kcat runs kcat, a client that is no code of ours, with the given arguments
// and input, and returns what it prints. Arguments that name the broker are
// needed: see KcatArgs.
func Kcat(t testing.TB, input string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("kcat")
	if err != nil {
		t.Fatalf("kcat is not installed: run scripts/setup.sh --test")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.String()
}

// KcatRead returns all that a topic holds, one message a line in the given
// format of kcat: "%k %s", say.
func (b *Broker) KcatRead(topic, format string) []string {
	b.t.Helper()
	out := Kcat(b.t, "", "-b", b.Addr(), "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-f", format+"\n")
	if out == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// KcatWrite writes lines of the form key:value to a topic.
func (b *Broker) KcatWrite(topic string, lines ...string) {
	b.t.Helper()
	Kcat(b.t, strings.Join(lines, "\n")+"\n", "-b", b.Addr(), "-P", "-t", topic, "-K:", "-X", "acks=all")
}
