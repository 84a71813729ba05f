package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/docstest"
	"bystander/internal/testkit"
	"bystander/internal/testkit/kafka"
	"bystander/policy"
)

// unit is what a systemd unit and its drop-ins run, in order: what comes before the
// program, and the program.
func (s *shipped) unit(env []string, files ...string) (before []*task, program *task) {
	s.t.Helper()
	r := s.replacer()
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(testkit.Root(s.t), "deploy", "systemd", f))
		require.NoError(s.t, err)
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch {
			case key == "ExecStartPre" && value == "":
				before = nil
			case key == "ExecStartPre" || key == "ExecStart":
				args := strings.Fields(r.Replace(value))
				require.Equal(s.t, "/usr/local/bin/bystander", args[0], f)
				x := &task{s: s, name: files[len(files)-1], args: args[1:], env: env}
				if key == "ExecStart" {
					program = x
				} else {
					before = append(before, x)
				}
			}
		}
	}
	return before, program
}

// yamlOf is the block of a page that begins so.
func yamlOf(t *testing.T, page, begins string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", page))
	require.NoError(t, err)
	p, err := docstest.Parse("docs/"+page, string(b))
	require.NoError(t, err)
	for _, x := range p.Blocks {
		if x.Lang == "yaml" && strings.HasPrefix(x.Text, begins) {
			return x.Text
		}
	}
	t.Fatalf("docs/%s has no block that begins with %q", page, begins)
	return ""
}

// TestTheUnitsRun runs what the units and their drop-ins run, with the settings of
// docs/apart.md: a control that makes its authority, an edge that joins it before
// its first start, and a writer.
//
// proves: A-56
func TestTheUnitsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a broker and three processes")
	}
	broker := kafka.Start(t, kafka.Options{})
	peers := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	// Three machines.
	house := func() (*shipped, string) {
		s := newShipped(t)
		web := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
		s.real = []string{
			"/etc/bystander/ca", s.path("ca", "authority"), "/var/lib/bystander-ca", s.path("ca"), "/etc/bystander", s.path("etc"), "/var/lib/bystander", s.path("var"),
			"${CREDENTIALS_DIRECTORY}", s.path("credentials"), "0.0.0.0:8443", peers, "https://control.example:8443", "https://" + peers,
			"{brokers: [\"kafka.example:9093\"], tls: {enabled: true}}", fmt.Sprintf("{brokers: [%q], topic_prefix: units}", broker.Addr()),
			"site: plaza", "site: " + policy.SampleSiteID, "networks: [10.20.0.0/16]", "networks: [127.0.0.0/8]",
		}
		return s, web
	}
	configure := func(s *shipped, web, text string) {
		text += "\ndata: /var/lib/bystander\nmodels: {offline: true}\nserver: {listen: \"" + web + "\"}\n"
		s.write(s.path("etc", "bystander.yml"), s.replacer().Replace(text))
	}
	run := func(s *shipped, web string, files ...string) *task {
		before, x := s.unit(nil, files...)
		require.NotEmpty(t, before)
		for _, b := range before {
			b.once()
		}
		x.web, x.name = web, strings.TrimSuffix(files[len(files)-1], filepath.Ext(files[len(files)-1]))
		x.start()
		return x
	}
	c, web := house()
	configure(c, web, yamlOf(t, "apart.md", "role: control"))
	c.write(c.path("site.yml"), sampleSite(t))
	(&task{s: c, name: "import", args: []string{"site", "import", "--reason", "a first site", "-c", c.path("etc", "bystander.yml"), c.path("site.yml")}}).once()
	control := run(c, web, "bystander.service", "bystander-control.conf")
	control.waits("/healthz", "")

	said := (&task{s: c, name: "invite", args: []string{"edge", "invite", "-c", c.path("etc", "bystander.yml"), "--id", "hall", "--scene", policy.SampleScene("stage"), "--url", "https://" + peers, "--json"}}).once()
	e, web := house()
	configure(e, web, yamlOf(t, "apart.md", "role: edge"))
	e.write(e.path("credentials", "invitation"), said)
	edge := run(e, web, "bystander.service", "bystander-edge.conf")
	edge.waits("/readyz", `"ok":true`)
	edge.waits("/metrics", "bystander_policy_lease_valid 1")
	before, _ := e.unit(nil, "bystander.service", "bystander-edge.conf")
	e.write(e.path("credentials", "invitation"), "{}") // as SetCredential stands in once the file is gone
	require.Contains(t, before[0].once(), "goes on with it")

	looked := func(s *shipped, want string) {
		out, _ := (&task{s: s, args: []string{"doctor", "-c", s.path("etc", "bystander.yml")}}).command(t.Context()).CombinedOutput() // it tells of this machine, too
		require.Contains(t, string(out), want)
		require.Contains(t, string(out), "kafka 3.9 or newer")
	}
	looked(e, "answers, each side with its certificate")
	looked(e, "clock of the control")
	looked(c, "2 certificates hold, each renewed in time")

	w, web := house()
	pub, err := os.ReadFile(e.path("var", "keys", "edge.pub"))
	require.NoError(t, err)
	w.write(w.path("edges", "hall.pub"), string(pub))
	configure(w, web, fmt.Sprintf("writer: {edges: %s, listen: %q}\nevents: {kafka: {brokers: [%q], topic_prefix: units}}\n", w.path("edges"), web, broker.Addr()))
	writer := run(w, web, "bystander-writer.service")
	writer.waits("/healthz", "ok")
}
