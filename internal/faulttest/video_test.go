package faulttest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/internal/testkit/clickhouse"
	"bystander/internal/testkit/kafka"
	sinkch "bystander/sink/clickhouse"
	"bystander/sink/spool"
)

// TestVideoGoesOnWithoutTheBus runs the real program, an edge with a camera and a
// viewer and a writer beside it, and takes the bus away for as long as
// FAULT_VIDEO says: first the broker as a whole, then the room on its disk.
// Pictures go on reaching the viewer, none is masked as a whole because of it,
// events wait, and afterwards each is in the store once.
//
// BYSTANDER names the binary; bin/bystander when it is not set.
//
// proves: A-20
func TestVideoGoesOnWithoutTheBus(t *testing.T) {
	s := os.Getenv("FAULT_VIDEO")
	if s == "" {
		t.Skip("set FAULT_VIDEO to a time such as 10m, or run make outage")
	}
	during, err := time.ParseDuration(s)
	require.NoError(t, err)
	v := newVideoWorld(t)
	for _, o := range []struct {
		what string
		away func() (back func())
	}{
		{"the broker away", func() func() {
			v.broker.Kill()
			return v.broker.Restart
		}},
		{"no room on the broker's disk", func() func() {
			free := v.small.fill("broker")
			return func() {
				free()
				v.broker.Restart() // it ends when it cannot write; see faults
			}
		}},
	} {
		t.Run(strings.ReplaceAll(o.what, " ", "-"), func(t *testing.T) {
			if strings.Contains(o.what, "room") && v.small.small["broker"] == "" {
				t.Skip("needs root, to mount a small file system")
			}
			v.outage(t, o.what, during, o.away)
		})
	}
	v.whole()
}

// videoWorld is one machine with a camera, a broker, a writer and a store, each
// a process of its own.
type videoWorld struct {
	t      *testing.T
	dir    string
	small  *world // for its small file systems alone
	broker *kafka.Broker
	ch     *clickhouse.Server
	store  *sinkch.Store
	edge   *program
	writer *program
	url    string
	view   *pictureCount
}

const small = "small" // the camera's id

func newVideoWorld(t *testing.T) *videoWorld {
	t.Helper()
	v := &videoWorld{t: t, dir: t.TempDir()}
	v.small = &world{t: t, dir: v.dir, small: map[string]string{}}
	v.small.mountSmall("broker", 1<<30)
	v.broker = kafka.Start(t, kafka.Options{Dir: v.small.small["broker"]})
	v.ch = clickhouse.StartEngine(t, clickhouse.Options{})
	conn, err := sinkch.Dial(sinkch.Config{Addrs: []string{v.ch.Addr()}, HTTP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	variant := sinkch.Variant{Database: v.ch.Database()}
	_, err = sinkch.Migrate(t.Context(), conn, variant)
	require.NoError(t, err)
	v.store, err = sinkch.Open(t.Context(), conn, sinkch.Options{Variant: variant})
	require.NoError(t, err)

	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: smallClip(t), Path: small})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	data := filepath.Join(v.dir, "edge")
	v.edge = startProgram(t, v.dir, "run", fmt.Sprintf(`
data: %s
server: {listen: "127.0.0.1:0", sign_in: loopback}
log: {format: json}
record: {segment: 2s, max_bytes: 500MB}
models: {mirrors: [%q], offline: true}
cameras: [{id: %s, url: %q}]
events: {edge: edge-0, kafka: {brokers: [%q], topic_prefix: video}, topics: {partitions: 2, replication: 1}}
`, data, filepath.Join(testkit.Shared(t), "models"), small, cam.URL(), v.broker.Addr()))
	v.url = v.edge.find(`"url":"([^"]+)"`)
	keys := filepath.Join(v.dir, "edges")
	require.NoError(t, os.Mkdir(keys, 0o700))
	pub, err := os.ReadFile(filepath.Join(data, "keys", "edge.pub"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(keys, "edge-0.pub"), pub, 0o600))
	v.writer = startProgram(t, v.dir, "writer", fmt.Sprintf(`
data: %s
log: {format: json}
events:
  kafka: {brokers: [%q], topic_prefix: video}
  topics: {partitions: 2, replication: 1}
  clickhouse: {addrs: [%q], http: true, database: %s}
writer: {edges: %s}
`, filepath.Join(v.dir, "writer"), v.broker.Addr(), v.ch.Addr(), v.ch.Database(), keys))
	v.view = watch(t, v.url, small)
	v.soon("pictures that are not masked as a whole, and events in the store", 2*time.Minute, func() bool {
		full := v.metric("bystander_redact_full_mask_frames_total")
		begun := v.view.total()
		time.Sleep(3 * time.Second)
		return v.view.total() > begun && v.metric("bystander_redact_full_mask_frames_total") == full && v.stored() > 0
	})
	return v
}

// smallClip is a clip of people at 320×180 and five pictures a second.
func smallClip(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "small.mp4")
	said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", filepath.Join(testkit.Shared(t), "data", "videos", "arcade.mp4"),
		"-vf", "scale=320:180,fps=5,format=yuv420p", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-bf", "0", out).CombinedOutput()
	require.NoError(t, err, "%s", said)
	return out
}

// outage takes the bus away and looks each second at what the viewer gets.
func (v *videoWorld) outage(t *testing.T, what string, during time.Duration, away func() func()) {
	was := v.t
	v.t, v.small.t = t, t
	defer func() { v.t, v.small.t = was, was }()
	full, withheld := v.metric("bystander_redact_full_mask_frames_total"), v.metric("bystander_redact_withheld_frames_total")
	first, seen := v.spooled(), v.view.total()
	v.view.widest()
	back := away()
	begun := time.Now()
	early, late, calm := uint64(0), uint64(0), true
	for time.Since(begun) < during {
		time.Sleep(time.Second)
		calm = calm && quiet()
		if rss := residentOf(t, v.edge.cmd.Process.Pid); time.Since(begun) < during/2 {
			early = max(early, rss)
		} else {
			late = max(late, rss)
		}
	}
	shown, gap := v.view.total()-seen, v.view.widest()
	full, withheld = v.metric("bystander_redact_full_mask_frames_total")-full, v.metric("bystander_redact_withheld_frames_total")-withheld
	waiting := v.spooled() - v.stored()
	recorded := v.spooled() - first
	ended, again := time.Now(), time.Now()
	back()
	want := v.spooled()
	v.soon("the store catches up", settleWithin, func() bool { return v.stored() >= want })
	caught, reasons := time.Since(again), v.reasons(begun, ended)
	t.Logf("%s for %v: %d pictures reached the viewer (%.2f a second), longest pause %v; %d masked as a whole (%s), %d withheld; %d events recorded, %d of them waiting at the end, all in the store %v after the bus came back; memory of the edge %d MiB in the first half, %d in the second; load of the machine %s",
		what, during, shown, float64(shown)/during.Seconds(), gap.Round(time.Millisecond), uint64(full), strings.Join(reasons, ", "), uint64(withheld), recorded, waiting,
		caught.Round(100*time.Millisecond), early>>20, late>>20, loadAverage())
	require.Less(t, gap, 5*time.Second, "the picture stood still")
	if calm {
		require.GreaterOrEqual(t, float64(shown), 5*during.Seconds()*0.9, "the viewer got fewer pictures than the camera gave")
		require.Zero(t, full, "pictures were masked as a whole")
	} else {
		// Where other programs take the machine, a detector is late now and then, bus
		// or no bus: then only the reasons are judged.
		t.Log("the machine was busy: how many pictures came, and how many were masked as a whole, is judged roughly")
		require.GreaterOrEqual(t, float64(shown), 5*during.Seconds()*0.7, "the viewer got fewer pictures than the camera gave")
		require.Subset(t, []string{"DETECTOR_LATE"}, reasons)
	}
	require.Zero(t, withheld, "pictures were withheld")
	require.Greater(t, float64(waiting), during.Seconds()/4, "events did not wait")
	require.LessOrEqual(t, late, early+32<<20, "memory grows while events wait")
}

// quiet reports whether the machine has processors to spare.
func quiet() bool {
	one, _, _ := strings.Cut(loadAverage(), " ")
	n, err := strconv.ParseFloat(one, 64)
	return err == nil && n < 2*float64(runtime.NumCPU())
}

// reasons are the codes under which the edge masked whole pictures between two
// moments, as the log tells.
func (v *videoWorld) reasons(from, to time.Time) []string {
	return strings.Fields(v.ch.Exec(fmt.Sprintf("SELECT DISTINCT code FROM %s.camera_health FINAL WHERE state = 'full_mask' AND ts BETWEEN fromUnixTimestamp64Milli(toInt64(%d)) AND fromUnixTimestamp64Milli(toInt64(%d))",
		v.ch.Database(), from.UnixMilli(), to.UnixMilli())))
}

// whole stops edge and writer in good order, and compares what the edge gave out
// with what the store holds.
func (v *videoWorld) whole() {
	t := v.t
	v.edge.stop()
	sp, err := spool.Open(filepath.Join(v.dir, "edge", "spool"), spool.Options{})
	require.NoError(t, err)
	head := sp.Head()
	require.NoError(t, sp.Close())
	v.soon("the store has the last event", settleWithin, func() bool { return v.stored() >= head.Seq })
	v.writer.stop()
	db := v.ch.Database()
	f := strings.Fields(v.ch.Exec("SELECT count(), uniqExact(seq), max(seq) FROM " + db + ".events FINAL"))
	require.Equal(t, []string{strconv.FormatUint(head.Seq, 10), strconv.FormatUint(head.Seq, 10), strconv.FormatUint(head.Seq, 10)}, f, "rows, numbers and the last one")
	b, err := os.ReadFile(filepath.Join(v.dir, "edge", "keys", "edge.pub"))
	require.NoError(t, err)
	block, _ := pem.Decode(b)
	require.NotNil(t, block)
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	var at event.Head
	for at.Seq < head.Seq {
		evs, err := v.store.Chain(t.Context(), "edge-0", at.Seq+1, 10_000)
		require.NoError(t, err)
		require.NotEmpty(t, evs)
		for i := range evs {
			require.NoError(t, event.Verify(at, &evs[i], pub.(ed25519.PublicKey)))
			at = event.HeadOf(&evs[i])
		}
	}
	require.Equal(t, head, at, "the store's chain ends as the edge's does")
	t.Logf("%d events in all: 0 lost, 0 doubled, the chain verifies", head.Seq)
}

// stored is how many different numbers the store holds; 0 when it cannot say.
func (v *videoWorld) stored() uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(v.ch.Exec("SELECT uniqExact(seq) FROM "+v.ch.Database()+".events")), 10, 64)
	require.NoError(v.t, err)
	return n
}

// spooled is how many events the edge has made durable.
func (v *videoWorld) spooled() uint64 { return uint64(v.metric("bystander_events_spooled_total")) }

// metric reads one of the edge's own figures.
func (v *videoWorld) metric(name string) float64 {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), "GET", v.url+"/metrics", http.NoBody)
	require.NoError(v.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(v.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	m := regexp.MustCompile(`(?m)^` + name + `(?:\{[^}]*\})? (\S+)$`).FindSubmatch(b)
	require.NotNil(v.t, m, "%s tells no %s: %d: %.2000s", req.URL, name, res.StatusCode, b)
	n, err := strconv.ParseFloat(string(m[1]), 64)
	require.NoError(v.t, err)
	return n
}

func (v *videoWorld) soon(what string, patience time.Duration, is func() bool) {
	v.t.Helper()
	require.Eventually(v.t, is, patience, 100*time.Millisecond, what)
}

// program is one process of the real binary.
type program struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex
	said bytes.Buffer
}

// startProgram starts a command of the binary with a configuration.
func startProgram(t *testing.T, dir, command, config string) *program {
	t.Helper()
	binary := os.Getenv("BYSTANDER")
	if binary == "" {
		binary = filepath.Join(testkit.Root(t), "bin", "bystander")
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("the program is missing: %v; run make build, or name it in BYSTANDER", err)
	}
	path := filepath.Join(dir, command+".yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	p := &program{t: t, name: command, done: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), binary, command, "--config", path) //nolint:gosec // the program under test
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	read := make(chan struct{})
	go func() { // ends with the program's standard error, waited for below
		defer close(read)
		for in := bufio.NewScanner(log); in.Scan(); {
			p.mu.Lock()
			p.said.Write(append(in.Bytes(), '\n'))
			p.mu.Unlock()
		}
	}()
	go func() { <-read; p.done <- p.cmd.Wait() }() // taken by stop or the cleanup
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			<-p.done
		}
		if t.Failed() {
			t.Logf("%s said: %s", command, p.tail())
		}
	})
	return p
}

func (p *program) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.said.Bytes()
	return string(b[max(0, len(b)-6000):])
}

// find waits until the program's log matches and returns the first group.
func (p *program) find(pattern string) (found string) {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	require.Eventually(p.t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		m := re.FindSubmatch(p.said.Bytes())
		if m != nil {
			found = string(m[1])
		}
		return m != nil
	}, 90*time.Second, 50*time.Millisecond, "%s does not say %s", p.name, pattern)
	return found
}

// stop ends the program as an operator does; it must end in good order.
func (p *program) stop() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		require.NoError(p.t, err, "%s: %s", p.name, p.tail())
	case <-time.After(time.Minute):
		p.t.Fatalf("%s does not stop: %s", p.name, p.tail())
	}
}
