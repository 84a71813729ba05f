package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/docstest"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/policy"
)

// stage is what the pages' worlds share: a recording of a drawn crowd, a camera
// that plays it, and the program under its name.
type stage struct {
	clip   string // short, for what looks at every picture
	camera *loopcam.Camera
	tools  string // folder with bystander
	shared string
	house  machine // on which an installation runs
	log    string  // of that
}

func newStage(t *testing.T) *stage {
	t.Helper()
	for _, tool := range []string{"bash", "curl", "jq", "openssl"} {
		_, err := exec.LookPath(tool)
		require.NoError(t, err, "the pages use it; install it (scripts/setup.sh --test)")
	}
	s := &stage{clip: filepath.Join(t.TempDir(), "short.mp4"), tools: t.TempDir(), shared: testkit.Shared(t)}
	crowd := testkit.Crowd{Size: frame.Size{W: 640, H: 360}, Frames: 6, FPS: 5, Walkers: []testkit.Walker{
		func(n int) geom.Box { return geom.BoxAt(80+float32(n)*8, 150, 46, 60) },
	}}
	require.NoError(t, crowd.WriteTo(s.clip))
	crowd.Frames = 25
	played := filepath.Join(t.TempDir(), "crowd.mp4")
	require.NoError(t, crowd.WriteTo(played))
	var err error
	s.camera, err = loopcam.Start(t.Context(), loopcam.Config{File: played, Path: "stream1", User: "user", Password: "password"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.camera.Close()) })
	exe, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.tools, "bystander"), []byte(strings.NewReplacer("PROGRAM", exe, "TEST", strconv.Itoa(os.Getpid())).Replace(program)), 0o700)) //nolint:gosec // it is to be run
	s.start(t)
	return s
}

// program stands in the path as bystander. What runs until it is stopped runs
// beside the page from when it is ready, and ends with the page.
const program = `#!/bin/bash
if [ "$1" = enrol ]; then
	'PROGRAM' "$@" | tee enrolled
	grep -oE '[0-9a-f]{8}-[0-9a-f-]{27}' enrolled | head -1 > ENROLLEE
	exit "${PIPESTATUS[0]}"
fi
[ "$1" = run ] || exec 'PROGRAM' "$@"
'PROGRAM' "$@" >run.log 2>&1 </dev/null &
pid=$!
echo $pid >>pids
(while kill -0 TEST && kill -0 $pid; do sleep 1; done; kill $pid) >/dev/null 2>&1 </dev/null & # a killed test leaves nothing
while kill -0 $pid 2>/dev/null; do
	grep -q 'ready.*url=' run.log && exit 0
	sleep 0.1
done
cat run.log >&2
exit 1
`

// running are the pages that take a running installation for granted, whose
// configuration is /etc/bystander/bystander.yml. They share one; the others have
// a machine of their own on which nothing runs yet.
var running = map[string]bool{
	"docs/api.md": true, "docs/audit.md": true, "docs/backup.md": true, "docs/drills.md": true, "docs/go-live.md": true,
	"docs/privacy.md": true, "docs/runbook.md": true, "docs/upgrade.md": true,
}

// machine is what stands for a machine: its folders and the address of its web side.
type machine struct{ etc, data, addr string }

func newMachine(t *testing.T) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{filepath.Join(dir, "etc"), filepath.Join(dir, "var"), fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))}
	for _, d := range []string{m.etc, m.data} {
		require.NoError(t, os.Mkdir(d, 0o700))
	}
	return m
}

// world is a page's folder, with others in it that stand for the machine's.
func (s *stage) world(dir string, m machine) docstest.World {
	return docstest.World{
		Dir: dir,
		Env: []string{
			"PATH=" + s.tools + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C.UTF-8", "NO_COLOR=1",
			"TMPDIR=" + dir, "BYSTANDER_SHARED=" + s.shared, "BYSTANDER_SERVER_LISTEN=" + m.addr, "BYSTANDER_EVENTS_EDGE=edge-1",
		},
		Real: strings.NewReplacer(
			"rtsp://user:password@192.168.1.20:554/stream1", s.address("user:password@"),
			"rtsp://192.168.1.20:554/stream1", s.address(""),
			"127.0.0.1:8080", m.addr,
			"/etc/bystander", m.etc, "/var/lib/bystander", m.data, "/mnt/", filepath.Join(dir, "mnt")+"/",
			"ENROLLEE", "$(cat ENROLLEE)",
		),
	}
}

// start brings the shared installation up.
func (s *stage) start(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	s.house = newMachine(t)
	w := s.world(dir, s.house)
	cfg := w.Real.Replace(`data: /var/lib/bystander
cameras: [{id: entrance, name: Entrance, url: "rtsp://user:password@192.168.1.20:554/stream1"}]
record: {segment: 2s, max_bytes: 64MiB}
merkle: {every: 1s}
`)
	require.NoError(t, os.WriteFile(filepath.Join(s.house.etc, "bystander.yml"), []byte(cfg), 0o600))
	t.Cleanup(func() { end(t, dir) })
	s.do(t, w, "run", "-c", filepath.Join(s.house.etc, "bystander.yml"))
	s.log = filepath.Join(dir, "run.log")
	settle(t, s.house)
}

// set makes the world of a page.
func (s *stage) set(t *testing.T, p *docstest.Page) docstest.World {
	t.Helper()
	dir, m := t.TempDir(), s.house
	for _, d := range []string{"bin", "data", "mnt/backups", "mnt/vault"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o700))
	}
	if !running[p.Name] {
		m = newMachine(t)
	}
	w := s.world(dir, m)
	t.Cleanup(func() { end(t, dir) })
	s.furnish(t, p, w, m)
	return w
}

// address is the camera's, as whoever signs in gives it.
func (s *stage) address(who string) string {
	_, rest, _ := strings.Cut(s.camera.URL(), "://")
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	return "rtsp://" + who + rest
}

func (s *stage) do(t *testing.T, w docstest.World, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.tools, "bystander"), args...)
	cmd.Dir, cmd.Env = w.Dir, w.Env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// furnish lays out the files that pages take for granted.
func (s *stage) furnish(t *testing.T, p *docstest.Page, w docstest.World, m machine) {
	t.Helper()
	put := func(name string, b []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(w.Dir, name), b, 0o600))
	}
	lead := func(name, to string) { require.NoError(t, os.Symlink(to, filepath.Join(w.Dir, name))) }
	for _, b := range p.Blocks {
		if b.Lang != "yaml" || !strings.HasPrefix(b.Text, "# bystander.yml\n") {
			continue
		}
		cfg := []byte(w.Real.Replace(b.Text))
		put("bystander.yml", cfg)
		require.NoError(t, os.WriteFile(filepath.Join(m.etc, "bystander.yml"), cfg, 0o600))
		break
	}
	if !exists(filepath.Join(m.etc, "bystander.yml")) {
		require.NoError(t, os.WriteFile(filepath.Join(m.etc, "bystander.yml"), []byte("data: "+m.data+"\n"), 0o600))
	}
	if !exists(filepath.Join(w.Dir, "bystander.yml")) {
		lead("bystander.yml", filepath.Join(m.etc, "bystander.yml"))
	}
	lead("data/demo", s.house.data)
	site, err := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "entrance", PlaceType: "lobby", Match: true}).YAML()
	require.NoError(t, err)
	put("site.yml", site)
	put("password.txt", []byte("four words nobody guesses\n"))
	door := drawDoor(t)
	put("camera.png", door)
	put("north.png", door)
	for _, name := range []string{"party.mp4", "street.mp4", "trial.mp4"} {
		lead(name, s.clip)
	}
	faces := filepath.Join(s.shared, "data", "faces")
	lead("ana.jpg", filepath.Join(faces, "stage-stills", "lin-manuel-miranda.png"))
	require.NoError(t, os.Mkdir(filepath.Join(w.Dir, "pictures"), 0o700))
	for _, who := range []string{"Albert_Costa", "Ali_Naimi", "Amanda_Bynes"} {
		require.NoError(t, os.CopyFS(filepath.Join(w.Dir, "pictures", who), os.DirFS(filepath.Join(faces, "lfw-dev", who))))
	}
	lead("bin/bystander", filepath.Join(s.tools, "bystander"))
}

// drawDoor is a drawn photograph of an entrance, without anybody.
func drawDoor(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			c := color.RGBA{uint8(90 + x/8), uint8(100 + y/8), 120, 255}
			if x > 110 && x < 210 && y > 40 {
				c = color.RGBA{60, 45, 30, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// settle waits until the program that was started has signed its log and finished
// a recording.
func settle(t *testing.T, m machine) {
	t.Helper()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+m.addr+"/v1/audit/checkpoint", http.NoBody)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		require.NoError(t, res.Body.Close())
		receipts, err := filepath.Glob(filepath.Join(m.data, "recordings", "*", "*", "*.receipt.json"))
		return err == nil && res.StatusCode == http.StatusOK && len(receipts) > 0
	}, 2*time.Minute, 100*time.Millisecond, "the program does not come to work")
}

// end stops what a page left running, and waits for it.
func end(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "pids"))
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	for _, line := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(line)
		require.NoError(t, err)
		_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended
		if !assert.Eventually(t, func() bool { return !alive(pid) }, time.Minute, 50*time.Millisecond, "the program does not end") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// alive reports whether a process runs; one that nobody has waited for does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(state, "Z")
}

// tell shows the program's own log of a page that failed.
func (s *stage) tell(t *testing.T, dir string) {
	t.Helper()
	for _, file := range []string{filepath.Join(dir, "run.log"), s.log} {
		if b, err := os.ReadFile(file); err == nil {
			t.Logf("the program said:\n%s", b[max(0, len(b)-4000):])
			return
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
