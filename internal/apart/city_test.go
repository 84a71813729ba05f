package apart

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"bystander/internal/backends"
	"bystander/internal/event"
	"bystander/internal/loopcam"
	"bystander/internal/sqldb"
	"bystander/internal/testkit"
	"bystander/internal/testkit/postgres"
	"bystander/policy"
	"bystander/policy/sitestore"
	sinkch "bystander/sink/clickhouse"
)

// What the machines have in common.
const (
	controlAddr = "10.77.100.1" // of all controls
	peersPort   = "8443"
	storeDB     = "bystander"
)

// plan says which programs a city is made of, by role: a binary for each machine.
type plan struct {
	controls, edges, writers []string
	shared                   bool // controls share a PostgreSQL server
}

// city is a house on many machines: controls behind one address, edges with a
// camera each on which the same performer is seen, Kafka, writers and ClickHouse.
type city struct {
	t        *testing.T
	dir      string
	net      *network
	controls []*node
	edges    []*node
	writers  []*node
	broker   *machine
	columns  *machine // of ClickHouse
	database *machine // of PostgreSQL; nil without
	pg       pgAccess
	clip     string // that the cameras play
	events   string // Kafka's part of the configuration
	conn     driver.Conn
	store    *sinkch.Store
	pubs     string // folder of the edges' public keys
	front    *front
	verified map[string]event.Head
}

// pgAccess is how the test itself reaches PostgreSQL.
type pgAccess struct{ url, ca, password string }

func newCity(t *testing.T, p plan) *city {
	t.Helper()
	c := &city{t: t, dir: t.TempDir(), net: newNetwork(t), verified: map[string]event.Head{}}
	c.rehearsal()
	c.startStores(p.shared)
	c.startControls(p.controls)
	c.bring()
	c.startEdges(p.edges)
	c.startWriters(p.writers)
	return c
}

func (c *city) path(names ...string) string {
	return filepath.Join(append([]string{c.dir}, names...)...)
}

// startStores starts what others made: Kafka, ClickHouse, and PostgreSQL.
func (c *city) startStores(shared bool) {
	t := c.t
	t.Helper()
	c.broker, c.columns = c.net.machine("kafka"), c.net.machine("clickhouse")
	c.broker.runServer(t, "kafka")
	engine := c.columns.runServer(t, "engine")
	c.columns.serveAs(t, "8123", engine)
	c.events = fmt.Sprintf("kafka: {brokers: [\"%s:%d\"], topic_prefix: city}, topics: {replication: 1, partitions: 4}, clickhouse: {addrs: [\"%s:8123\"], http: true, database: %s}",
		c.broker.addr, kafkaPort, c.columns.addr, storeDB)
	var err error
	c.conn, err = sinkch.Dial(sinkch.Config{Addrs: []string{c.columns.here(t, engine)}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.conn.Close()) })
	v := sinkch.Variant{Database: storeDB}
	_, err = sinkch.Migrate(t.Context(), c.conn, v)
	require.NoError(t, err)
	c.store, err = sinkch.Open(t.Context(), c.conn, sinkch.Options{Variant: v})
	require.NoError(t, err)
	if shared {
		c.startPostgres()
	}
}

func (c *city) startPostgres() {
	t := c.t
	t.Helper()
	c.database = c.net.machine("postgres")
	ca, err := backends.NewAuthority("city")
	require.NoError(t, err)
	id, err := ca.Issue(c.database.addr, true)
	require.NoError(t, err)
	file := func(name string, b []byte) string {
		require.NoError(t, os.WriteFile(c.path(name), b, 0o600))
		return c.path(name)
	}
	const password = "between-the-controls"
	o := postgres.Options{TLSCert: file("db.crt", id.CertPEM), TLSKey: file("db.key", id.KeyPEM), Password: password}
	var server *postgres.Server
	c.net.in(c.database.ns, func() { server = postgres.Start(t, o) })
	require.NotNil(t, server)
	_, local, ok := strings.Cut(server.URL(), "@")
	require.True(t, ok, server.URL())
	local, _, _ = strings.Cut(local, "/")
	c.database.serveAs(t, "5432", local)
	c.pg = pgAccess{"postgres://bystander@%s/bystander?sslrootcert=" + file("db-ca.pem", ca.CertPEM), c.database.here(t, local), file("db-password", []byte(password))}
}

// startControls starts the controls, behind one address.
func (c *city) startControls(bins []string) {
	t := c.t
	t.Helper()
	ca := c.path("ca")
	for i, bin := range bins {
		m := c.net.machine(fmt.Sprintf("control-%d", i+1))
		yaml := fmt.Sprintf("role: control\nserver: {listen: %q}\nevents: {edge: %s, %s}\npeers: {listen: \"0.0.0.0:%s\", ca: %s}\n", healthAddr, m.name, c.events, peersPort, ca)
		if c.database != nil {
			yaml += fmt.Sprintf("store: {postgres: %q, password_file: %s}\n", fmt.Sprintf(c.pg.url, c.database.addr+":5432"), c.pg.password)
		}
		c.controls = append(c.controls, newNode(t, m, c.dir, bin, yaml, "run"))
	}
	first := c.controls[0]
	first.must("ca", "init", "--dir", ca)
	if c.database != nil {
		first.must("control", "keys", "make", c.path("keys"))
		for _, p := range c.controls {
			p.must(p.withConfig("control", "keys", "take", c.path("keys"))...)
		}
	}
	c.site(first)
	machines := make([]*machine, len(c.controls))
	for i, p := range c.controls {
		machines[i] = p.machine
		p.start()
	}
	c.net.alias(controlAddr, machines...)
	c.front = newFront(t, c.net, c.controls)
}

// cameras are the names of the edges' cameras.
func cameras() []string { return []string{"stage-1", "stage-2", "stage-3"} }

// site brings a sample site into force.
func (c *city) site(first *node) {
	t := c.t
	t.Helper()
	ctx, by := t.Context(), sitestore.By{Actor: "anna", Reason: "test"}
	place := filepath.Join(first.data, "site.db")
	if c.database != nil {
		place = sqldb.Place(fmt.Sprintf(c.pg.url, c.pg.ca), "bystander_site", c.pg.password)
	} else {
		require.NoError(t, os.MkdirAll(first.data, 0o700))
	}
	ops, err := sitestore.Open(ctx, place, sitestore.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, ops.Close()) }()
	var list []policy.SampleCamera
	for _, id := range cameras() {
		list = append(list, policy.SampleCamera{ID: id, PlaceType: "stage", Match: true})
	}
	require.NoError(t, ops.Import(ctx, by, policy.SampleSite(time.Now(), list...), sitestore.AsItStands))
	photo, err := ops.AddPhoto(ctx, by, []byte("jpeg"), 0)
	require.NoError(t, err)
	for _, id := range cameras() {
		_, err = ops.PutCamera(ctx, by, id, sitestore.CameraSpec{PlaceType: "stage", Checklist: sitestore.Checklist{
			ID: "paper", SignedBy: "anna", Photos: []string{photo.ID}, Installer: "ivo", Acknowledged: time.Now(),
		}})
		require.NoError(t, err)
	}
}

// bring makes the topics, and the folder of keys that the writers believe.
func (c *city) bring() {
	c.t.Helper()
	first := c.controls[0]
	first.must(first.withConfig("bus", "topics", "ensure")...)
	c.pubs = c.path("pubs")
	require.NoError(c.t, os.MkdirAll(c.pubs, 0o700))
	for _, p := range c.controls {
		c.believe(p)
	}
}

// believe does what an operator does for a new edge: its public key goes to the
// writers.
func (c *city) believe(p *node) {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.data, "keys", "edge.pub"))
	require.NoError(c.t, err)
	require.NoError(c.t, os.WriteFile(filepath.Join(c.pubs, p.name+".pub"), b, 0o600))
}

func (c *city) startEdges(bins []string) {
	c.t.Helper()
	for i, bin := range bins {
		c.edges = append(c.edges, c.edge(i, bin))
		c.believe(c.edges[i])
	}
}

// edge makes a machine with a camera, lets it join, and starts it.
func (c *city) edge(i int, bin string) *node {
	t := c.t
	t.Helper()
	name, id := fmt.Sprintf("edge-%d", i+1), cameras()[i]
	m := c.net.machine(name)
	var cam *loopcam.Camera
	var err error
	c.net.in(m.ns, func() {
		cam, err = loopcam.Start(t.Context(), loopcam.Config{File: c.clip, Path: id})
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	p := newNode(t, m, c.dir, bin, "")
	yaml, err := os.ReadFile(p.file)
	require.NoError(t, err)
	more := fmt.Sprintf("server: {listen: %q}\nevents: {%s}\nrecord: {enabled: false}\nredact: {check_every: 0}\ncapacity: {ladder: false}\ndetect: {face_long_side: 320}\ncameras: [{id: %s, url: %q}]\n",
		healthAddr, c.events, id, cam.URL()) + c.joins(p, policy.SampleScene(id))
	require.NoError(t, os.WriteFile(p.file, append(yaml, more...), 0o600))
	p.args = []string{"run", "-c", p.file}
	p.start()
	return p
}

// rehearsal makes what the cameras see: one shot of the performer, slowly and back
// again. All machines share what processors there are, so that there are no more
// pictures than it takes to show anybody clear: 300 ms apart they are all covered.
func (c *city) rehearsal() {
	c.t.Helper()
	c.clip = c.path("rehearsal.mp4")
	cmd := exec.CommandContext(c.t.Context(), "ffmpeg", "-v", "error", "-ss", "3.8", "-t", "3.4", "-i", filepath.Join(testkit.Shared(c.t), "data", "videos", "stage.mp4"),
		"-an", "-filter_complex", "[0:v]setpts=3*PTS,fps=5,split[a][b];[b]reverse[r];[a][r]concat=n=2:v=1",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p", c.clip)
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "%s", out)
}

// joins lets an edge in as an operator does, and returns what join says belongs
// into its configuration.
func (c *city) joins(p *node, scene string) (yaml string) {
	t := c.t
	t.Helper()
	control := c.controls[0]
	said := control.must(control.withConfig("edge", "invite", "--id", p.name, "--scene", scene, "--url", "https://"+controlAddr+":"+peersPort)...)
	flag := func(name string) string {
		m := regexp.MustCompile(`--` + name + ` (\S+)`).FindStringSubmatch(said)
		require.NotNil(t, m, said)
		return m[1]
	}
	said = p.must("edge", "join", "--control", flag("control"), "--ca-fingerprint", flag("ca-fingerprint"), "--token", flag("token"), "--dir", filepath.Join(p.data, "keys", "peer"))
	_, yaml, ok := strings.Cut(said, "events.kafka:\n\n")
	require.True(t, ok, said)
	return yaml
}

func (c *city) startWriters(bins []string) {
	c.t.Helper()
	for i, bin := range bins {
		m := c.net.machine(fmt.Sprintf("writer-%d", i+1))
		yaml := fmt.Sprintf("events: {edge: %s, %s}\nwriter: {edges: %s, listen: %q}\n", m.name, c.events, c.pubs, healthAddr)
		p := newNode(c.t, m, c.dir, bin, yaml, "writer")
		p.start()
		c.writers = append(c.writers, p)
	}
}

// enrol enrols the performer for every camera and returns their id.
func (c *city) enrol(at *node) (who string) {
	c.t.Helper()
	said := at.must(at.withConfig("enrol", "--name", "performer", "--channel", "paper", "--consent", "match,appear_live",
		"--photo", filepath.Join(testkit.Shared(c.t), "data", "faces", "stage-stills", "lin-manuel-miranda.png"))...)
	m := regexp.MustCompile(`enrolled (\S+)`).FindStringSubmatch(said)
	require.NotNil(c.t, m, said)
	return m[1]
}

// front leads the controls' address to one that answers, as a load balancer does.
type front struct {
	net      *network
	controls []*node
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu     sync.Mutex
	active int
	moved  time.Time
	err    error
}

// How often the front asks, and after how many silences it turns to another.
const (
	askEvery = 500 * time.Millisecond
	silences = 2
)

func newFront(t *testing.T, n *network, controls []*node) *front {
	t.Helper()
	f := &front{net: n, controls: controls}
	require.NoError(t, n.toward(controlAddr, controls[0].machine))
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	f.wg.Go(func() { f.watch(ctx) }) // waited for below
	t.Cleanup(func() {
		cancel()
		f.wg.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		require.NoError(t, f.err)
	})
	return f
}

func (f *front) watch(ctx context.Context) {
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for silent := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		at, _ := f.now()
		if f.controls[at].answers() {
			silent = 0
			continue
		}
		if silent++; silent < silences {
			continue
		}
		for i, p := range f.controls {
			if i != at && p.answers() {
				f.turn(i)
				silent = 0
				break
			}
		}
	}
}

func (f *front) turn(to int) {
	err := f.net.toward(controlAddr, f.controls[to].machine)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active, f.moved, f.err = to, time.Now(), err
}

// now is which control edges reach, and since when.
func (f *front) now() (active int, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.active, f.moved
}
