package worker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/ingest"
	"bystander/ingest/child"
	"bystander/ingest/driver"
	"bystander/ingest/file"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/internal/testkit"
)

const patience = 20 * time.Second

// devices is a folder of device files beside a clip: of a card, and of a disk.
func devices(t *testing.T, clip string) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(clip), "cards")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia0x", "sda"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "nvidia7"), 0o700))
	return dir
}

func TestCardFiles(t *testing.T) {
	dir := devices(t, folder(t))
	var want []string
	for _, name := range []string{"nvidia-uvm", "nvidia-uvm-tools", "nvidia0", "nvidia12", "nvidiactl"} {
		want = append(want, filepath.Join(dir, name))
	}
	require.Equal(t, want, worker.CardFiles(dir))
	require.Empty(t, worker.CardFiles(filepath.Join(dir, "none")))
	require.NoError(t, os.Remove(filepath.Join(dir, "nvidia0")))
	require.NoError(t, os.Remove(filepath.Join(dir, "nvidia12")))
	require.Empty(t, worker.CardFiles(dir), "the driver is there, and no card")
}

// Without a card's files a worker needs what it always did; with them, these and what
// the driver reads, and nothing else.
func TestACardWidensNothingElse(t *testing.T) {
	cards := worker.CardFiles(devices(t, folder(t)))
	for _, spec := range []ingest.Spec{
		{Driver: ingest.DriverFile, URL: "/srv/a.mp4"},
		{Driver: ingest.DriverRTSP, URL: "rtsp://192.0.2.1:8554/x", Live: true},
		{Driver: ingest.DriverWHIP, Live: true},
	} {
		plain := worker.NeedsOf([]string{os.Args[0]}, spec, nil)
		require.Empty(t, plain.Card)
		for _, path := range plain.Read {
			require.False(t, strings.HasPrefix(path, "/proc") || strings.HasPrefix(path, "/dev/nvidia"), path)
			require.NotContains(t, worker.CardReads, path)
		}
		with := worker.NeedsOf([]string{os.Args[0]}, spec, cards)
		require.Equal(t, cards, with.Card)
		with.Card = nil
		with.Read = slices.DeleteFunc(with.Read, func(p string) bool { return slices.Contains(worker.CardReads, p) })
		require.Equal(t, plain, with)
	}
}

// cardProber is a prober that also tries the device files beside its clip, and what
// a card's driver does.
type cardProber struct{}

func probeCard() int {
	return child.Main(driver.Set{ingest.DriverFile: func() driver.Driver { return cardProber{} }})
}

func (cardProber) Run(_ context.Context, cfg driver.Config, _ driver.Out) error {
	p := probing{}
	p.files(cfg)
	p.processes()
	dir := filepath.Join(filepath.Dir(cfg.URL), "cards")
	write := func(what, path string) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		p.note(what, err)
		_ = f.Close()
	}
	write("card", filepath.Join(dir, "nvidia0"))
	write("screen", filepath.Join(dir, "nvidia-modeset"))
	write("disk", filepath.Join(dir, "sda"))
	write("name-thread", fmt.Sprintf("/proc/self/task/%d/comm", unix.Gettid()))
	write("score", "/proc/self/oom_score_adj")
	write("score-edge", fmt.Sprintf("/proc/%d/oom_score_adj", os.Getppid()))
	_, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", os.Getppid()))
	p.note("look-edge", err)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	p.note("tcp", err)
	_ = unix.Close(fd)
	p.local()
	return ingest.Permanentf(ingest.CodeConfig, "%s", strings.Join(p.told, " "))
}

// local makes a local socket, as CUDA does, and a file in memory.
func (p *probing) local() {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	p.note("local", err)
	if err == nil {
		err = errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@bystander-test-%d", os.Getpid())}), unix.Listen(fd, 4))
		p.note("listen", err)
		_, _, err = unix.Accept(fd)
		p.note("accept", err)
		_ = unix.Close(fd)
	}
	var l unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_FSIZE, &l)
	p.told = append(p.told, fmt.Sprintf("file=%d", l.Max))
	if l.Max > 0 { // a file of more than may be ends the process
		fd, err = unix.MemfdCreate("test", 0)
		if err == nil {
			err = unix.Ftruncate(fd, 1<<20)
		}
		p.note("memory-file", err)
	}
	_ = unix.Getrlimit(unix.RLIMIT_DATA, &l)
	p.told = append(p.told, fmt.Sprintf("data=%t", l.Max != unix.RLIM_INFINITY))
}

// TestWhatACardOpens lets an enemy's code run in workers that may and may not use a
// card, beside device files that look like one.
func TestWhatACardOpens(t *testing.T) {
	abi := landlockHere(t)
	for name, c := range map[string]struct {
		hw    av.Hardware
		cards bool
		open  bool
	}{
		"none, and a card":         {av.HardwareNone, true, false},
		"auto, and none there":     {av.HardwareAuto, false, false},
		"nvidia, and none there":   {av.HardwareNVIDIA, false, false},
		"auto, and a card":         {av.HardwareAuto, true, true},
		"nvidia, and a card there": {av.HardwareNVIDIA, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			clip := folder(t)
			dir := devices(t, clip)
			opt := quick()
			opt.Command = []string{os.Args[0], "card-prober"}
			opt.Hardware, opt.Devices = c.hw, filepath.Dir(clip)
			if c.cards {
				opt.Devices = dir
			}
			_, err := nextWithin(open(t, ingest.Spec{ID: "f", Driver: ingest.DriverFile, URL: clip}, opt), patience)
			require.Equal(t, ingest.CodeConfig, ingest.CodeOf(err, ""), "%v", err)
			got := told(err.Error())
			want := map[string]string{
				"exec": "EPERM", "ptrace": "EPERM", "unshare": "EPERM", "dumpable": "0,<nil>", "core": "0/0", "own": "ok",
				"udp": "", "tcp": "EPERM", "local": "EPERM", "listen": "", "accept": "", "file": "0", "memory": "true", "data": "false",
			}
			if c.open {
				want["local"], want["listen"], want["accept"] = "ok", "ok", "EPERM"
				want["file"], want["memory-file"], want["memory"], want["data"] = "67108864", "ok", "false", "true"
			}
			if abi > 0 {
				for _, what := range []string{
					"key", "passwd", "proc", "name", "write", "make", "mkdir", "remove", "list", "screen", "disk",
					"score", "score-edge", "look-edge", "card", "name-thread",
				} {
					want[what] = "EACCES"
				}
				if c.open {
					want["card"], want["name-thread"] = "ok", "ok"
				}
			}
			check(t, got, want)
		})
	}
}

// TestACardThatIsNotThere decodes a real clip with and without asking for a card:
// the same pictures come, and it is said once who decoded and why not the card.
func TestACardThatIsNotThere(t *testing.T) {
	clip := filepath.Join(testkit.Shared(t), "data", "videos", "small", smallClip(t))
	var want [][]byte
	for _, hw := range []av.Hardware{av.HardwareNone, av.HardwareAuto, av.HardwareNVIDIA} {
		var log lockedBuffer
		opt := quick()
		opt.Hardware, opt.Log, opt.Devices = hw, zerolog.New(&log), t.TempDir()
		s := open(t, ingest.Spec{ID: "clip", Driver: ingest.DriverFile, URL: clip}, opt)
		got := pictures(t, s)
		if want == nil {
			want = got
			require.NotEmpty(t, want)
		}
		require.Len(t, got, len(want), "%q", hw)
		for i := range got {
			require.True(t, bytes.Equal(want[i], got[i]), "%q: picture %d differs", hw, i)
		}
		h := s.Health()
		require.Equal(t, ingest.StateEnded, h.State)
		require.Zero(t, h.Corrupt+h.Dropped)
		if hw != av.HardwareNVIDIA {
			require.Empty(t, h.Decoder+h.NoCard, "nothing is asked, nothing is said")
			require.NotContains(t, log.String(), "decode.hardware")
			continue
		}
		require.Equal(t, ingest.DecoderSoftware, h.Decoder)
		require.Contains(t, h.NoCard, "not h264_cuvid: ")
		require.Equal(t, 1, strings.Count(log.String(), "decode.hardware"), log.String())
	}
}

func smallClip(t *testing.T) string {
	t.Helper()
	clips, err := filepath.Glob(filepath.Join(testkit.Shared(t), "data", "videos", "small", "*.mp4"))
	require.NoError(t, err)
	require.NotEmpty(t, clips, "no small clip in the shared data")
	return filepath.Base(clips[0])
}

// pictures are the sums of all pictures up to the end of the file.
func pictures(t *testing.T, s ingest.Source) (out [][]byte) {
	t.Helper()
	for {
		r, err := nextWithin(s, patience)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, sum(r.Planes()))
		r.Release()
	}
}

func sum(p frame.Planes) []byte {
	h := sha256.New()
	c := p.Chroma()
	for y := range p.H {
		h.Write(p.Y[y*p.StrideY:][:p.W])
	}
	for y := range c.H {
		h.Write(p.U[y*p.StrideC:][:c.W])
		h.Write(p.V[y*p.StrideC:][:c.W])
	}
	return h.Sum(nil)
}

// diesWithCard is a worker whose driver ends the process wherever a card is open to
// it, as a card's own driver might.
func diesWithCard() int {
	return child.Main(driver.Set{ingest.DriverFile: func() driver.Driver { return dying{file.New()} }})
}

type dying struct{ driver.Driver }

func (d dying) Run(ctx context.Context, cfg driver.Config, out driver.Out) error {
	if f, err := os.OpenFile(filepath.Join(filepath.Dir(cfg.URL), "cards", "nvidia0"), os.O_RDWR, 0); err == nil {
		_ = f.Close()
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	}
	return d.Driver.Run(ctx, cfg, out)
}

// A worker that dies with a card is started again without one, and it is said why.
func TestAWorkerThatDiedWithACardGoesOnWithout(t *testing.T) {
	if landlockHere(t) == 0 {
		t.Skip("without Landlock the device files are open to every worker")
	}
	spec := looped(t)
	opt := quick()
	opt.Command = []string{os.Args[0], "dies-with-card"}
	opt.Hardware, opt.Devices = av.HardwareAuto, devices(t, spec.URL)
	s := open(t, spec, opt)
	sourcetest.Next(t, s).Release()
	h := s.Health()
	require.EqualValues(t, 1, h.Restarts)
	require.Equal(t, ingest.DecoderSoftware, h.Decoder)
	require.Contains(t, h.NoCard, "died while a card was allowed")
	require.Contains(t, h.NoCard, "signal 9")
}
