package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/internal/testkit/clickhouse"
	"bystander/internal/testkit/kafka"
	"bystander/internal/testkit/postgres"
	"bystander/policy"
)

// shipped runs what deploy/ ships as processes of this machine: no engine for
// containers runs where this is developed. Paths become folders of the test's own,
// and addresses those of its servers; the rest is run as it stands.
type shipped struct {
	t    *testing.T
	dir  string
	real []string // pairs for a replacer: as shipped, here
}

func newShipped(t *testing.T) *shipped {
	t.Helper()
	return &shipped{t: t, dir: t.TempDir()}
}

func (s *shipped) path(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}

func (s *shipped) write(path, text string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
}

// replacer puts longer names before their own beginnings.
func (s *shipped) replacer(more ...string) *strings.Replacer {
	all := append(slices.Clone(more), s.real...)
	var pairs [][2]string
	for i := 0; i < len(all); i += 2 {
		pairs = append(pairs, [2]string{all[i], all[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	var out []string
	for _, p := range pairs {
		out = append(out, p[0], p[1])
	}
	return strings.NewReplacer(out...)
}

// task is one command of what is shipped.
type task struct {
	s    *shipped
	name string
	args []string
	env  []string
	web  string // where it answers
	cmd  *exec.Cmd
}

func (c *task) command(ctx context.Context) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(c.s.t, err)
	cmd := exec.CommandContext(ctx, exe, c.args...)
	cmd.Dir = c.s.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + c.s.dir}, c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// once runs it to its end, which has to be a good one.
func (c *task) once() string {
	c.s.t.Helper()
	out, err := c.command(c.s.t.Context()).CombinedOutput()
	require.NoError(c.s.t, err, "%s %v: %s", c.name, c.args, out)
	return string(out)
}

// start runs it beside the test, until the test ends.
func (c *task) start() {
	c.s.t.Helper()
	log, err := os.Create(c.s.path(c.name + ".log"))
	require.NoError(c.s.t, err)
	c.cmd = c.command(context.Background())
	c.cmd.Stdout, c.cmd.Stderr = log, log
	require.NoError(c.s.t, c.cmd.Start())
	c.s.t.Cleanup(func() {
		require.NoError(c.s.t, c.cmd.Process.Signal(syscall.SIGTERM))
		err := c.cmd.Wait()
		if c.s.t.Failed() {
			b, _ := os.ReadFile(log.Name())
			c.s.t.Logf("%s (%v):\n%s", c.name, err, b[max(0, len(b)-4000):])
		}
		require.NoError(c.s.t, log.Close())
	})
}

func (c *task) get(path string) (int, string) {
	req, err := http.NewRequestWithContext(c.s.t.Context(), http.MethodGet, "http://"+c.web+path, http.NoBody)
	require.NoError(c.s.t, err)
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(c.s.t, err)
	return res.StatusCode, string(b)
}

// waits until it answers so.
func (c *task) waits(path, want string) {
	c.s.t.Helper()
	var last string
	require.Eventually(c.s.t, func() bool {
		code, body := c.get(path)
		last = body
		return code == http.StatusOK && strings.Contains(body, want)
	}, 2*time.Minute, 100*time.Millisecond, "%s answers %s with %q", c.name, path, want)
	_ = last
}

// composeFile is what is read of deploy/compose/full.yml.
type composeFile struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		Volumes     []struct{ Type, Source, Target string }
		Secrets     []string
	}
	Secrets map[string]struct{ File string }
}

// read reads the file, and resolves what its services name.
func (s *shipped) read(file string) (c composeFile) {
	s.t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(s.t, err)
	require.NoError(s.t, yaml.UnmarshalWithOptions(b, &c, yaml.AllowDuplicateMapKey())) // over what is merged
	return c
}

// own lists the services that run the program.
func (c *composeFile) own() (names []string) {
	for n, v := range c.Services {
		if strings.HasPrefix(v.Image, "${BYSTANDER_IMAGE") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

var fallback = regexp.MustCompile(`^\$\{[A-Z_]+:-(.*)\}$`)

// service makes a task of a service: its volumes are folders, its settings a copy
// with the places of here in it.
func (s *shipped) service(c *composeFile, name string, more ...string) *task {
	s.t.Helper()
	v, ok := c.Services[name]
	require.True(s.t, ok, name)
	out := &task{s: s, name: name, web: fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(s.t))}
	pairs := append([]string{"0.0.0.0:8080", out.web, "0.0.0.0:9090", out.web, "/tmp/data", s.path(name, "data")}, more...)
	for _, n := range v.Secrets {
		pairs = append(pairs, "/run/secrets/"+n, s.path(c.Secrets[n].File))
	}
	settings := map[string]string{}
	for _, m := range v.Volumes {
		switch src := fallback.ReplaceAllString(m.Source, "$1"); {
		case m.Type == "volume":
			require.NoError(s.t, os.MkdirAll(s.path("volumes", m.Source), 0o700))
			pairs = append(pairs, m.Target, s.path("volumes", m.Source))
		case strings.HasSuffix(src, ".yml"):
			settings[m.Target] = src
			pairs = append(pairs, m.Target, s.path(name, src))
		default:
			require.NoError(s.t, os.MkdirAll(s.path(src), 0o700))
			pairs = append(pairs, m.Target, s.path(src))
		}
	}
	r := s.replacer(pairs...)
	for _, src := range settings {
		b, err := os.ReadFile(filepath.Join(testkit.Root(s.t), "deploy", "compose", src))
		require.NoError(s.t, err)
		s.write(s.path(name, src), r.Replace(string(b)))
	}
	for _, a := range v.Command {
		out.args = append(out.args, r.Replace(a))
	}
	for k, x := range v.Environment {
		out.env = append(out.env, k+"="+r.Replace(fallback.ReplaceAllString(x, "$1")))
	}
	return out
}

// film is a camera that plays a drawn crowd.
func film(t *testing.T) *loopcam.Camera {
	t.Helper()
	clip := filepath.Join(t.TempDir(), "crowd.mp4")
	crowd := testkit.Crowd{Size: frame.Size{W: 320, H: 180}, Frames: 25, FPS: 5, Walkers: []testkit.Walker{
		func(n int) geom.Box { return geom.BoxAt(40+float32(n)*4, 60, 30, 40) },
	}}
	require.NoError(t, crowd.WriteTo(clip))
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: clip, Path: "stage"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	return cam
}

// TestTheFullSetRuns starts every service of ours of the full set with the settings
// and commands that are shipped: two controls with one store and one authority, an
// edge that joins by an invitation, writers. An event of the edge reaches the store.
//
// proves: A-56
func TestTheFullSetRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers and seven processes")
	}
	s := newShipped(t)
	broker, db, store := kafka.Start(t, kafka.Options{}), postgres.Start(t, postgres.Options{}), clickhouse.StartEngine(t, clickhouse.Options{})
	u := db.URL()
	port := regexp.MustCompile(`:(\d+)/`).FindStringSubmatch(u)
	require.NotNil(t, port, u)
	s.real = []string{
		"kafka:9092", broker.Addr(), "clickhouse:8123", store.Addr(),
		"    user: bystander\n    password_file: /run/secrets/clickhouse_password\n", "", // the test's has no users
		"?host=/run/postgresql", "?host=" + db.Dir() + "&port=" + port[1],
		"  site: site ", "  site: " + policy.SampleSiteID + " ",
		"cameras: [] ", fmt.Sprintf("cameras: [{id: stage, url: %q}] ", film(t).URL()),
		"log: {format: json}\n", "log: {format: json}\ncapacity: {ladder: false}\nredact: {check_every: 0}\n",
		"_port: 8189", fmt.Sprintf("_port: %d", testkit.FreePort(t)),
	}
	c := s.read(filepath.Join(testkit.Root(t), "deploy", "compose", "full.yml"))
	peers := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	second := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	s.write(s.path("secrets", "postgres-password"), "four words nobody guesses\n")

	// As docs/install.md says: the keys once, then up.
	(&task{s: s, name: "keys", args: []string{"control", "keys", "make", s.path("secrets", "control-keys")}}).once()
	ran := []string{}
	service := func(name string, more ...string) *task {
		ran = append(ran, name)
		return s.service(&c, name, more...)
	}
	for _, name := range []string{"authority", "keys-1", "keys-2"} {
		x := service(name)
		x.once()
		require.Regexp(t, "keeps it|0 keys taken", x.once(), "before each start")
	}
	one := service("control-1", "0.0.0.0:8443", peers)
	common := s.site(one)
	one.start()
	one.waits("/healthz", "")
	two := service("control-2", "0.0.0.0:8443", second)
	two.start()
	two.waits("/healthz", "")
	s.sameKeys(common)

	// Let in at one control, by the name that both have; the other knows, too.
	invite := func(id, at string) {
		said := (&task{s: s, name: "invite", env: one.env, args: []string{"edge", "invite", "--id", id, "--scene", policy.SampleScene("stage"), "--url", "https://" + at, "--json"}}).once()
		require.True(t, json.Valid([]byte(said)), said)
		s.write(s.path("secrets", "edge-invitation"), said)
	}
	invite("other", second)
	(&task{s: s, name: "other", args: []string{"edge", "join", "--invitation", s.path("secrets", "edge-invitation"), "--dir", s.path("other")}}).once()
	invite("edge-1", peers)
	join := service("join")
	require.Contains(t, join.once(), "joined as edge/edge-1")
	require.Contains(t, join.once(), "joined already")
	edge := service("edge", "control:8443", peers)
	edge.start()
	edge.waits("/readyz", `"ok":true`)
	edge.waits("/metrics", "bystander_policy_lease_valid 1")

	for name, volume := range map[string]string{"edge-1": "edge", "control-1": "control-1", "control-2": "control-2"} {
		b, err := os.ReadFile(s.path("volumes", volume, "keys", "edge.pub"))
		require.NoError(t, err)
		s.write(s.path("edges", name+".pub"), string(b))
	}
	service("migrate").once()
	for range 2 {
		w := service("writer")
		w.name = fmt.Sprintf("writer-%s", w.web)
		w.start()
		w.waits("/healthz", "ok")
	}
	require.Eventually(t, func() bool {
		n, err := store.TryExec(t.Context(), "SELECT count() FROM bystander.events WHERE chain_id = 'edge-1'")
		return err == nil && strings.TrimSpace(n) != "0"
	}, 2*time.Minute, 200*time.Millisecond, "an event of the edge reaches the store")
	slices.Sort(ran)
	require.Equal(t, c.own(), slices.Compact(ran), "every service was run")
}

// site brings a sample site into the store before the first control starts, as an
// administrator would, and returns the keys that the controls have in common.
func (s *shipped) site(control *task) []string {
	s.t.Helper()
	common, err := filepath.Glob(s.path("volumes", "control-1", "keys", "*"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, common)
	s.write(s.path("site.yml"), sampleSite(s.t))
	(&task{s: s, name: "import", env: control.env, args: []string{"site", "import", "--reason", "a first site", s.path("site.yml")}}).once()
	for i := range common {
		common[i] = filepath.Base(common[i])
	}
	return common
}

// sameKeys: what both took before they started is still the same, and what they
// made at the start is each one's own.
func (s *shipped) sameKeys(common []string) {
	s.t.Helper()
	own := regexp.MustCompile(`^(edge\.(pem|pub)|log-.*|erasures\.db.*|peer|cameras\.key|clients\.key|backup)$`)
	for _, n := range []string{"control-1", "control-2"} {
		files, err := os.ReadDir(s.path("volumes", n, "keys"))
		require.NoError(s.t, err)
		for _, f := range files {
			if !slices.Contains(common, f.Name()) {
				require.Regexp(s.t, own, f.Name(), "%s made a key of its own that replicas must share (sharedKeyFiles)", n)
			}
		}
	}
	for _, f := range common {
		a, err := os.ReadFile(s.path("volumes", "control-1", "keys", f))
		require.NoError(s.t, err)
		b, err := os.ReadFile(s.path("volumes", "control-2", "keys", f))
		require.NoError(s.t, err)
		require.Equal(s.t, a, b, f)
	}
}

func sampleSite(t *testing.T) string {
	t.Helper()
	b, err := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "stage", PlaceType: "stage", Match: true}).YAML()
	require.NoError(t, err)
	return string(b)
}
