package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"bystander/ingest"
	"bystander/ingest/child"
	"bystander/ingest/driver"
	"bystander/ingest/drivers"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
)

// TestMain lets the test program be a worker, a good one or an evil one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "without-landlock" {
		os.Exit(withoutLandlock(os.Args[2]))
	}
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "card-prober":
			os.Exit(probeCard())
		case "dies-with-card":
			os.Exit(diesWithCard())
		case "prober":
			os.Exit(probe())
		case worker.Subcommand:
			set := drivers.All()
			set["answering"] = func() driver.Driver { return answering{} }
			os.Exit(child.Main(set))
		case "evil":
			os.Exit(evil())
		}
	}
	goleak.VerifyTestMain(m)
}

// answering is a driver that only negotiates.
type answering struct{}

func (answering) Run(ctx context.Context, _ driver.Config, _ driver.Out) error {
	<-ctx.Done()
	return ctx.Err()
}

func (answering) Negotiate(_ context.Context, offer string) (string, error) {
	if offer == "bad" {
		return "", ingest.Errorf(ingest.CodeUnsupportedCodec, "no codec in common")
	}
	return "answer to " + offer, nil
}

var size = frame.Size{W: 320, H: 180}

func looped(t *testing.T) ingest.Spec {
	path := sourcetest.Video(t, "a.mp4", size, 25, 2, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	return ingest.Spec{ID: "cam", Driver: ingest.DriverFile, URL: path, Live: true, Loop: true, Pace: true}
}

func quick() worker.Options {
	return worker.Options{
		BackoffMin: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond, StopGrace: 500 * time.Millisecond,
		HangAfter: 1500 * time.Millisecond,
	}
}

func open(t *testing.T, spec ingest.Spec, opt worker.Options) *worker.Source {
	t.Helper()
	return sourcetest.Camera{Spec: spec, Options: opt}.Start(t)
}

func TestAHangingWorkerIsReplacedAndOthersGoOn(t *testing.T) {
	spec := looped(t)
	other := spec
	other.ID = "other"
	b := open(t, other, quick())
	sourcetest.Next(t, b).Release()
	before := sourcetest.Workers(t)
	a := open(t, spec, quick())
	r := sourcetest.Next(t, a)
	epoch, seq := r.Epoch, r.Seq
	r.Release()
	for _, pid := range sourcetest.Workers(t) {
		if pid != before[0] {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
	}
	for {
		r := sourcetest.Next(t, a)
		e, s := r.Epoch, r.Seq
		r.Release()
		if s <= seq {
			t.Errorf("sequence %d after %d", s, seq)
		}
		seq = s
		if e != epoch {
			break
		}
	}
	if h := a.Health(); h.Restarts != 1 {
		t.Errorf("health %+v", h)
	}
	if h := b.Health(); h.Restarts != 0 || h.State != ingest.StateConnected {
		t.Errorf("the other camera: %+v", h)
	}
}

func TestEvilWorkersAreEnded(t *testing.T) {
	for mode, want := range map[string]string{
		"silent":       "gave no sign of life",
		"flood":        "pictures a second",
		"chatter":      "messages a second",
		"garbage":      "broke the protocol",
		"bad slot":     "broke the protocol",
		"unknown type": "broke the protocol",
		"huge text":    "broke the protocol",
		"vague":        "broke the protocol",
		"exit":         "ended with status 7",
		"crash":        "signal",
		"stall":        "brought no picture",
	} {
		t.Run(mode, func(t *testing.T) {
			opt := quick()
			opt.Command = []string{os.Args[0], "evil"}
			opt.MaxFPS = 50
			opt.StallAfter = 700 * time.Millisecond
			s := open(t, ingest.Spec{ID: "evil", Driver: ingest.DriverRTSP, URL: "rtsp://h/" + strings.ReplaceAll(mode, " ", "-"), Live: true}, opt)
			sourcetest.Await(t, "the end of an evil worker", func() bool {
				r, err := nextWithin(s, time.Millisecond)
				if err == nil {
					r.Release()
				}
				h := s.Health()
				return h.Restarts > 0 && h.ErrCode == string(ingest.CodeWorkerDied) && strings.Contains(h.Err, want)
			})
		})
	}
}

func nextWithin(s ingest.Source, d time.Duration) (*frame.Raw, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.Next(ctx)
}

// TestLiesAreRefused: pictures that do not fit, and numbers that run backwards,
// are counted and left out, and the good pictures among them come through.
func TestLiesAreRefused(t *testing.T) {
	opt := quick()
	opt.Command = []string{os.Args[0], "evil"}
	opt.MaxPixels = 640 * 360
	s := open(t, ingest.Spec{ID: "evil", Driver: ingest.DriverRTSP, URL: "rtsp://h/lies", Live: true}, opt)
	var order sourcetest.Order
	for range 2 {
		r := sourcetest.Next(t, s)
		order.Check(t, r.Meta)
		if r.Size() != size {
			t.Errorf("size %v", r.Size())
		}
		r.Release()
	}
	if h := s.Health(); h.Corrupt != 4 || h.Restarts != 0 {
		t.Errorf("health %+v", h)
	}
}

func TestWhatWasJudgedCannotChange(t *testing.T) {
	opt := quick()
	opt.Command = []string{os.Args[0], "evil"}
	s := open(t, ingest.Spec{ID: "evil", Driver: ingest.DriverRTSP, URL: "rtsp://h/rewrite", Live: true}, opt)
	r := sourcetest.Next(t, s)
	before := append([]byte(nil), r.Planes().Y...)
	next := sourcetest.Next(t, s) // sent after the worker has written over its slots
	if !bytes.Equal(before, r.Planes().Y) || before[0] != 1 {
		t.Error("the worker reached a picture that was handed over")
	}
	r.Release()
	next.Release()
}

func TestLiveDropsTheOldest(t *testing.T) {
	opt := quick()
	opt.Queue = 2
	s := open(t, looped(t), opt)
	r := sourcetest.Next(t, s)
	first := r.Seq
	r.Release()
	sourcetest.Await(t, "drops", func() bool { return s.Health().Dropped >= 10 })
	r = sourcetest.Next(t, s)
	if r.Seq < first+8 {
		t.Errorf("picture %d was kept for a consumer that had seen %d", r.Seq, first)
	}
	r.Release()
}

func TestALiveCameraGoesOnWhenAllMemoryIsLentOut(t *testing.T) {
	opt := quick()
	opt.Queue, opt.Frames = 2, 3
	s := open(t, looped(t), opt)
	held := []*frame.Raw{sourcetest.Next(t, s), sourcetest.Next(t, s), sourcetest.Next(t, s)}
	sourcetest.Await(t, "drops", func() bool { return s.Health().Dropped >= 5 })
	last := held[2].Seq
	for _, r := range held {
		r.Release()
	}
	r := sourcetest.Next(t, s)
	if r.Seq <= last {
		t.Errorf("picture %d after %d", r.Seq, last)
	}
	r.Release()
}

func TestNegotiationTravels(t *testing.T) {
	s := open(t, ingest.Spec{ID: "x", Driver: "answering", Live: true}, quick())
	sourcetest.Await(t, "the driver", func() bool { return s.Health().State == ingest.StateConnecting })
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			offer := fmt.Sprint("offer ", i, strings.Repeat("x", i*10000))
			for {
				got, err := s.Negotiate(t.Context(), offer)
				if ingest.CodeOf(err, "") == ingest.CodeUnreachable {
					continue // the driver's Run has not begun yet
				}
				if err != nil || got != "answer to "+offer {
					t.Errorf("got %.40q, %v", got, err)
				}
				return
			}
		})
	}
	wg.Wait()
	if _, err := s.Negotiate(t.Context(), "bad"); ingest.CodeOf(err, "") != ingest.CodeUnsupportedCodec {
		t.Errorf("a refusal became %v", err)
	}
	if _, err := s.Negotiate(t.Context(), strings.Repeat("x", 1<<20)); ingest.CodeOf(err, "") != ingest.CodeConfig {
		t.Errorf("a huge offer: %v", err)
	}
}

func TestSpecsAreChecked(t *testing.T) {
	for name, spec := range map[string]ingest.Spec{
		"no id":         {Driver: ingest.DriverFile, URL: "x"},
		"no driver":     {ID: "x", URL: "x"},
		"no file":       {ID: "x", Driver: ingest.DriverFile},
		"not live":      {ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp://h/x"},
		"wrong scheme":  {ID: "x", Driver: ingest.DriverRTSP, URL: "http://u:secret@h/x", Live: true},
		"raw password":  {ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp://u:secret%zz@h/x", Live: true},
		"no host":       {ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp:///x", Live: true},
		"transport":     {ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp://h/x", Transport: "carrier pigeon", Live: true},
		"vdk over udp":  {ID: "x", Driver: ingest.DriverVDK, URL: "rtsp://h/x", Transport: "udp", Live: true},
		"long address":  {ID: "x", Driver: ingest.DriverRTSP, URL: "rtsp://h/" + strings.Repeat("x", 5000), Live: true},
		"whip not live": {ID: "x", Driver: ingest.DriverWHIP},
	} {
		_, err := worker.Start(t.Context(), spec, worker.Options{})
		if ingest.CodeOf(err, "") != ingest.CodeConfig {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is shown: %v", name, err)
		}
	}
}

func TestUnknownDriverFailsForGood(t *testing.T) {
	s := open(t, ingest.Spec{ID: "x", Driver: "telepathy", Live: true}, quick())
	_, err := nextWithin(s, 20*time.Second)
	if ingest.CodeOf(err, "") != ingest.CodeConfig || s.Health().State != ingest.StateFailed {
		t.Errorf("%v, %+v", err, s.Health())
	}
}

// TestTheWorkerIsConfined reads what the kernel says of a running worker.
func TestTheWorkerIsConfined(t *testing.T) {
	spec := looped(t)
	secret := filepath.Base(spec.URL)
	t.Setenv("BYSTANDER_TEST_SECRET", "hunter2")
	s := open(t, spec, quick())
	sourcetest.Next(t, s).Release()
	pid := fmt.Sprint(sourcetest.Workers(t)[0])
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("/proc", pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if env := read("environ"); strings.Contains(env, "hunter2") || strings.Contains(env, "PATH=") {
		t.Errorf("environment %q", env)
	}
	if args := read("cmdline"); strings.Contains(args, secret) {
		t.Errorf("arguments %q", args)
	}
	if st := read("status"); !strings.Contains(st, "NoNewPrivs:\t1") {
		t.Error("may gain privileges")
	}
	limits := read("limits")
	for _, want := range []string{"Max core file size        0  ", "Max file size             0  "} {
		if !strings.Contains(limits, want) {
			t.Errorf("no %q in\n%s", want, limits)
		}
	}
	if strings.Contains(limits, "Max address space         unlimited") {
		t.Error("memory without end")
	}
	pgid, err := syscall.Getpgid(sourcetest.Workers(t)[0])
	if err != nil || fmt.Sprint(pgid) != pid {
		t.Errorf("process group %d of worker %s, %v", pgid, pid, err)
	}
}

func TestTheLogHasNoCredentials(t *testing.T) {
	var log lockedBuffer
	opt := quick()
	opt.Command = []string{os.Args[0], "evil"}
	opt.Log = zerolog.New(&log)
	s := open(t, ingest.Spec{ID: "evil", Driver: ingest.DriverRTSP, URL: "rtsp://me:hunter2%21@h/noisy", Live: true}, opt)
	sourcetest.Await(t, "the worker's lines", func() bool { return strings.Contains(log.String(), "lines") && s.Health().Restarts > 0 })
	text := log.String()
	if strings.Contains(text, "hunter2") || strings.Contains(text, "me:") {
		t.Errorf("credentials in the log: %.2000s", text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 1000 {
			t.Errorf("line of %d bytes", len(line))
		}
	}
	if n := strings.Count(text, "spam"); n == 0 || n > 400 {
		t.Errorf("%d of 5000 lines were kept", n)
	}
}

func TestCancellingTheContextStopsTheWorker(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := worker.Start(ctx, looped(t), quick())
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Next(t, s).Release()
	cancel()
	for {
		r, err := s.Next(t.Context())
		if err == nil {
			r.Release()
			continue
		}
		if !errors.Is(err, ingest.ErrClosed) {
			t.Errorf("got %v", err)
		}
		break
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left := sourcetest.Workers(t); len(left) != 0 {
		t.Errorf("workers %v are left", left)
	}
}

// TestNothingGrowsWithThePicture checks the steady state: pictures cross without
// allocations that grow with their size.
func TestNothingGrowsWithThePicture(t *testing.T) {
	path := sourcetest.Video(t, "a.mp4", frame.Size{W: 1280, H: 720}, 25, 12, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	s := open(t, ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: path}, quick())
	for range 50 {
		sourcetest.Next(t, s).Release()
	}
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	n := 0
	for ; n < 200; n++ {
		r, err := s.Next(t.Context())
		if err != nil {
			break
		}
		r.Release()
	}
	runtime.ReadMemStats(&b)
	per := (b.TotalAlloc - a.TotalAlloc) / uint64(n)
	t.Logf("%d bytes in %d allocations a picture", per, (b.Mallocs-a.Mallocs)/uint64(n))
	if n < 200 || per > 4096 {
		t.Errorf("%d pictures, %d bytes a picture", n, per)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
