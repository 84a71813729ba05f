package onnx_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/ort"
	"bystander/internal/testkit"
	"bystander/internal/testkit/memscan"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/onnx"
	"bystander/policy"
)

// The heap test has two processes. The child judges strangers and then holds
// still; it never knows what is looked for. The parent embeds the same faces and
// looks for every embedding, in every form that one takes on its way, in the
// child's whole memory and in its heap dump.
const (
	envHeapChild = "BYSTANDER_HEAP_CHILD"
	envHeapDump  = "BYSTANDER_HEAP_DUMP"
	// How many faces may share a run, and whether OpenVINO computes them.
	envHeapBatch    = "BYSTANDER_HEAP_BATCH"
	envHeapOpenVINO = "BYSTANDER_HEAP_OPENVINO"
	strangers       = 1000
)

// strangerFiles are the first pictures of lfw-dev's people with few of them.
func strangerFiles(t *testing.T, n int) []string {
	t.Helper()
	people, err := filepath.Glob(filepath.Join(testkit.Shared(t), "data", "faces", "lfw-dev", "*"))
	require.NoError(t, err)
	var out []string
	for _, p := range people {
		files, err := filepath.Glob(filepath.Join(p, "*.jpg"))
		require.NoError(t, err)
		if len(files) < 10 {
			out = append(out, files...)
		}
	}
	require.GreaterOrEqual(t, len(out), n)
	return out[:n]
}

// heapSceneKey is known to both processes, so that the parent can tell what a
// probe looks like in the form of the scene.
func heapSceneKey() []byte { k := sha256.Sum256([]byte("the scene of the heap test")); return k[:] }

// oneTemplate is a gallery of one made-up enrollee, whom nobody resembles.
type oneTemplate struct{}

func (oneTemplate) SceneKey(context.Context, string) ([]byte, error) { return heapSceneKey(), nil }

func (oneTemplate) Each(_ context.Context, _, _ string, f func(match.StoredTemplate) error) error {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, match.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	var p match.Probe
	if err := p.Set(v); err != nil {
		return err
	}
	prot, err := match.NewProtector(heapSceneKey())
	if err != nil {
		return err
	}
	b, err := prot.Seal(&p)
	if err != nil {
		return err
	}
	return f(match.StoredTemplate{Enrollee: "enrollee", Ref: event.Digest{1}, Blob: b, SubjectKey: make([]byte, match.SubjectKeyBytes)})
}

// fixedLease is a policy in force, renewed by hand.
type fixedLease struct{ held policy.Held }

func (l *fixedLease) Current() (policy.Held, error) { return l.held, nil }

func (l *fixedLease) at(now time.Time) {
	l.held.Now = now
	l.held.Lease.Issued, l.held.Lease.Expires = now, now.Add(policy.MaxLease)
}

func newFixedLease(t *testing.T) *fixedLease {
	t.Helper()
	site := policy.SampleSite(epoch, policy.SampleCamera{ID: "cam", PlaceType: "hall", Match: true})
	n := site.Notices[0]
	snap := policy.Compile(site,
		[]policy.Enrollee{{ID: "enrollee", Version: 1, Under14: policy.No, Status: policy.EnrolleeActive}},
		[]policy.Consent{{
			ID: "c", Version: 2, Enrollee: "enrollee", Purpose: policy.PurposeMatch,
			Scenes: []string{policy.SampleScene("cam")}, Zones: []string{policy.SampleZone("cam")},
			NoticeVersion: n.Version, ExpiresAt: epoch.Add(24 * time.Hour), State: policy.ConsentGiven,
			Act: policy.Act{Channel: policy.ChannelKiosk, At: epoch, NoticeHash: n.Hash, RecordedBy: "d", Basis: "c", Written: true},
		}}, epoch)
	snap.Version = 1
	l := &fixedLease{held: policy.Held{Snapshot: snap}}
	l.held.Lease.Serial = 1
	l.at(epoch)
	return l
}

// TestHeapChild is the child: it judges every stranger as a camera would.
func TestHeapChild(t *testing.T) {
	if os.Getenv(envHeapChild) == "" {
		t.Skip("run by TestNoEmbeddingOfAStrangerStays")
	}
	n, err := strconv.Atoi(os.Getenv(envHeapChild))
	require.NoError(t, err)
	files := strangerFiles(t, n)
	e := heapEmbedder(t) // first: it chooses the library
	d := newDetector(t, 320)
	shelf := match.NewShelf()
	g, err := match.LoadGallery(t.Context(), oneTemplate{}, policy.SampleScene("cam"), e.Info().Digest)
	require.NoError(t, err)
	shelf.Put(g)
	var embeds, compares countAll
	calm := rain()
	// As many cameras as may share a run.
	var wg sync.WaitGroup
	cameras := max(heapBatch(), 1)
	for c := range cameras {
		lease := newFixedLease(t)
		v := e.View(fmt.Sprint("cam", c), 0)
		j, err := match.NewJudge(match.JudgeConfig{
			Camera: "cam", Leases: lease, Shelf: shelf, Embedder: v, Calibration: match.Calibration0095(),
			Rules: match.DefaultRules(), Counters: match.Counters{Embeddings: &embeds, Comparisons: &compares},
		})
		require.NoError(t, err)
		wg.Go(func() {
			defer v.Close()
			for i := c; i < len(files); i += cameras {
				judgeFile(t, j, d, lease, i, files[i])
			}
		})
	}
	wg.Wait()
	calm()
	awaitWipe(t, e)
	st := e.Devices()[0].Stats
	fmt.Printf("judged %d %d in %d runs\n", embeds.n.Load(), compares.n.Load(), st.Runs)
	in := bufio.NewReader(os.Stdin)
	_, _ = in.ReadString('\n') // the parent looks now
	dump, err := os.Create(os.Getenv(envHeapDump))
	require.NoError(t, err)
	debug.WriteHeapDump(dump.Fd())
	require.NoError(t, dump.Close())
	// The positive control: one face's embedding is left lying about.
	planted := plant(t, d, e, files[0])
	fmt.Println("planted")
	_, _ = in.ReadString('\n')
	runtime.KeepAlive(planted)
	shelf.Close()
}

// rain has the collector stop every goroutine now and then, wherever it is, until
// calm is called: what it interrupts has its registers written to memory, where
// they lie until the next time.
func rain() (calm func()) {
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !over.Load() {
			runtime.GC()
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
	})
	return func() { over.Store(true); wg.Wait() }
}

// countAll counts for several judges.
type countAll struct{ n atomic.Int64 }

func (c *countAll) Add(v float64) { c.n.Add(int64(v)) }

// heapBatch is how many faces the child may embed in one run.
func heapBatch() int {
	n, _ := strconv.Atoi(os.Getenv(envHeapBatch)) // 0 without
	return n
}

// heapEmbedder is the child's, as the parent wants it.
func heapEmbedder(t *testing.T) *onnx.Embedder {
	t.Helper()
	n, half := heapBatch(), os.Getenv(envHeapOpenVINO) == "half"
	o := onnx.Options{Provider: ort.CPU, Parallel: 2}
	var rt *ort.Runtime
	if os.Getenv(envHeapOpenVINO) != "" {
		rt, o.Provider, o.Half = openVINO(t), ort.OpenVINO, half
	} else {
		var err error
		rt, err = ort.Open(ort.Options{})
		require.NoError(t, err)
	}
	o.Batch, o.Wait = n, 20*time.Millisecond
	b, i := loadModel(t, "reid-0095")
	e, err := onnx.Open(rt, onnx.Model{Name: i.Name, Data: b, SHA256: i.SHA256}, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// awaitWipe waits as long as the embedder lets the last face lie, without
// asking for it to be wiped.
func awaitWipe(t *testing.T, e *onnx.Embedder) {
	t.Helper()
	select {
	case <-time.After(3 * time.Second): // several times what it promises
	case <-t.Context().Done():
	}
	runtime.KeepAlive(e)
}

func judgeFile(t *testing.T, j *match.Judge, d detect.FaceDetector, lease *fixedLease, i int, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	p, err := enrol.ReadPhotoBytes(b)
	require.NoError(t, err)
	defer p.Wipe()
	face, ok, err := central(t.Context(), d, p)
	require.NoError(t, err)
	if !ok {
		return
	}
	pts := time.Duration(i) * time.Second
	lease.at(epoch.Add(pts))
	_, events, err := j.Judge(t.Context(), match.Look{
		Planes: p.Planes, Meta: frame.Meta{Camera: "cam", Seq: uint64(i), PTS: pts, Captured: epoch.Add(pts), Colour: p.Colour},
		Detected: true, Canary: true,
		Faces: []match.Face{{Track: uint64(i + 1), Box: face.Box, Landmarks: face.Landmarks, HasLandmarks: face.HasLandmarks, Score: face.Score, Seen: true}},
	})
	require.NoError(t, err)
	require.Empty(t, events, "a stranger was taken for the enrollee")
}

func plant(t *testing.T, d detect.FaceDetector, e match.Embedder, file string) *match.Probe {
	t.Helper()
	p := new(match.Probe)
	ok, err := embedFile(t.Context(), d, e, file, p)
	require.NoError(t, err)
	require.True(t, ok)
	return p
}

// forms are what an embedding looks like on its way: as the model gave it,
// scaled to length 1, in the form of the scene, and that in whole numbers.
func forms(t *testing.T, raw []float32) map[string][]byte {
	t.Helper()
	out := map[string][]byte{"raw": floatBytes(raw)}
	var n float64
	for _, x := range raw {
		n += float64(x) * float64(x)
	}
	k := float32(1 / math.Sqrt(n))
	unit := make([]float32, len(raw))
	for i, x := range raw {
		unit[i] = x * k
	}
	out["unit"] = floatBytes(unit)
	var p match.Probe
	require.NoError(t, p.Set(append([]float32{}, raw...)))
	prot, err := match.NewProtector(heapSceneKey())
	require.NoError(t, err)
	if out["scene"], err = prot.Seal(&p); err != nil {
		t.Fatal(err)
	}
	var most float64
	v := make([]float64, match.Dim)
	for i := range v {
		v[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(out["scene"][4*i:])))
		most = max(most, math.Abs(v[i]))
	}
	scale := float64(float32(most) / math.MaxInt16)
	for _, x := range v {
		out["whole"] = binary.LittleEndian.AppendUint16(out["whole"], uint16(int16(math.RoundToEven(x/scale))))
	}
	return out
}

func floatBytes(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// window is how much of an embedding is enough to be found: four values.
const window = 16

// known embeds every stranger and adds windows of every form, spread over its
// length, to the needles.
func known(t *testing.T, files []string, o ort.SessionOptions) (*memscan.Needles, int) {
	t.Helper()
	d := newDetector(t, 320)
	rt, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	model, _ := loadModel(t, "reid-0095")
	model, _, err = ort.Leaky(model)
	require.NoError(t, err)
	s, err := rt.NewSession(model, o)
	require.NoError(t, err)
	defer s.Close()
	needles, faces := memscan.New(), 0
	var chip match.Chip
	for i, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		p, err := enrol.ReadPhotoBytes(b)
		require.NoError(t, err)
		face, ok, err := central(t.Context(), d, p)
		require.NoError(t, err)
		if !ok {
			continue
		}
		faces++
		_, err = chip.Cut(p.Planes, p.Colour, face.Landmarks)
		require.NoError(t, err)
		bind, err := s.Acquire(t.Context(), 1, 3, match.ChipSide, match.ChipSide)
		require.NoError(t, err)
		copy(bind.Input(), chip.Planar())
		require.NoError(t, bind.Run(t.Context()))
		for form, v := range forms(t, append([]float32{}, bind.Output(0)...)) {
			for k := range 8 {
				at := k * (len(v) / 8)
				if err := needles.Add(fmt.Sprintf("%s of %d", form, i), v[at:at+window]); err != nil {
					t.Logf("%s of %d, at %d: %v", form, i, at, err)
				}
			}
		}
		bind.Release()
	}
	return needles, faces
}

// TestNoEmbeddingOfAStrangerStays is INV-2 from outside.
//
// proves: A-27
func TestNoEmbeddingOfAStrangerStays(t *testing.T) {
	n := strangers
	if testing.Short() {
		n = 50
	}
	nothingStays(t, n, ort.SessionOptions{Provider: ort.CPU})
}

// The same where faces of several cameras share runs.
//
// proves: A-27
func TestNoEmbeddingStaysOfSharedRuns(t *testing.T) {
	nothingStays(t, 60, ort.SessionOptions{Provider: ort.CPU}, envHeapBatch+"=4")
}

// nothingStays has a child judge n strangers and looks for them, whose embeddings
// it computes as the child does.
func nothingStays(t *testing.T, n int, o ort.SessionOptions, env ...string) {
	t.Helper()
	files := strangerFiles(t, n)
	dump := filepath.Join(t.TempDir(), "heap")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHeapChild$", "-test.v")
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("%s=%d", envHeapChild, n), envHeapDump+"="+dump), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	out := bufio.NewReader(pipe)
	needles, faces := known(t, files, o)
	var embedded, compared, runs int
	say(t, out, "judged %d %d in %d runs\n", &embedded, &compared, &runs)
	t.Logf("strangers with a face %d, embedded %d in %d runs, comparisons %d, needles %d", faces, embedded, runs, compared, needles.Len())
	require.Greater(t, embedded, faces*9/10, "hardly anybody was embedded: the test shows nothing")
	require.Equal(t, embedded, compared)

	hits, size, err := needles.Process(cmd.Process.Pid)
	require.NoError(t, err)
	t.Logf("looked through %d MB of the process", size>>20)
	require.Empty(t, hits)

	_, err = io.WriteString(in, "\n")
	require.NoError(t, err)
	say(t, out, "planted\n")
	f, err := os.Open(dump)
	require.NoError(t, err)
	defer f.Close()
	hits, size, err = needles.Stream(f)
	require.NoError(t, err)
	t.Logf("looked through a heap dump of %d MB", size>>20)
	require.Empty(t, hits)

	hits, _, err = needles.Process(cmd.Process.Pid)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(hits), 8, "what was planted is not found: the test would find nothing")
	for _, h := range hits {
		require.Contains(t, []string{"unit of 0", "raw of 0"}, h.Name)
	}
	_, err = io.WriteString(in, "\n")
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, out)
	require.NoError(t, cmd.Wait())
}

// say waits for the child's words among those of the test framework.
func say(t *testing.T, out *bufio.Reader, format string, args ...any) {
	t.Helper()
	for {
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		if n, err := fmt.Sscanf(line, format, args...); err == nil && n == len(args) && (n > 0 || line == format) {
			return
		}
	}
}
