package match

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bystander/internal/event"
	"bystander/internal/registers"
	"bystander/internal/testkit/memscan"
	"bystander/match/search"
)

const envRegisters = "BYSTANDER_REGISTERS_CHILD"

// drawnRaw is an embedding as the model would give it; both processes draw the
// same.
func drawnRaw() []float32 {
	r, v := rand.New(rand.NewPCG(3, 4)), make([]float32, Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// TestRegistersChild searches for one probe all the time while signals rain on
// its thread, is left off at any moment, wipes, and holds still.
func TestRegistersChild(t *testing.T) {
	if os.Getenv(envRegisters) == "" {
		t.Skip("run by TestNoPieceOfAProbeStaysInTheRegisters")
	}
	prot, err := NewProtector(make([]byte, SceneKeyBytes))
	require.NoError(t, err)
	g := &Gallery{prot: prot, entries: []entry{{"somebody", event.Digest{1}}}}
	g.mem, err = newLocked(search.Bytes(1))
	require.NoError(t, err)
	defer g.mem.free()
	g.index, err = search.New(g.mem.b, 1)
	require.NoError(t, err)
	g.index.Row(0)[7] = 1
	g.index.Seal(0)
	g.groups = groupsOf(g.entries)

	p, room := new(Probe), new(scratch)
	require.NoError(t, p.Set(drawnRaw()))
	runtime.LockOSThread()
	rain := startRain()
	for rain.falls() {
		g.search(p, g.spans([]string{"somebody"}, nil), room)
	}
	rain.wait()
	p.Wipe()
	registers.Flush()
	fmt.Println("searched")
	in := bufio.NewReader(os.Stdin)
	_, _ = in.ReadString('\n') // the parent looks now
	require.NoError(t, p.Set(drawnRaw()))
	fmt.Println("planted")
	_, _ = in.ReadString('\n')
	runtime.KeepAlive(p)
}

// rain sends signals to one thread and runs the collector, for a while.
type rain struct {
	over atomic.Bool
	done chan struct{}
}

func startRain() *rain {
	r, pid, tid := &rain{done: make(chan struct{})}, unix.Getpid(), unix.Gettid()
	go func() { // waited for by wait
		defer close(r.done)
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			for range 100 {
				_ = unix.Tgkill(pid, tid, unix.SIGURG)
			}
			runtime.GC()
		}
		_ = unix.Tgkill(pid, tid, unix.SIGURG)
		r.over.Store(true)
	}()
	return r
}

func (r *rain) falls() bool { return !r.over.Load() }
func (r *rain) wait()       { <-r.done }

// TestNoPieceOfAProbeStaysInTheRegisters looks from outside for any four values
// of a probe, in every form that a search gives it, after signals had its thread
// write its registers to memory at any moment.
//
// proves: A-27
func TestNoPieceOfAProbeStaysInTheRegisters(t *testing.T) {
	needles := memscan.New()
	var p Probe
	require.NoError(t, p.Set(drawnRaw()))
	prot, err := NewProtector(make([]byte, SceneKeyBytes))
	require.NoError(t, err)
	scene, err := prot.Seal(&p)
	require.NoError(t, err)
	unit := p.v
	for i := 0; i < Dim; i += 4 {
		require.NoError(t, needles.Add("unit", floatBytes(unit[i:i+4])))
		require.NoError(t, needles.Add("scene", scene[4*i:4*i+16]))
	}

	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRegistersChild$")
	cmd.Env = append(os.Environ(), envRegisters+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	out := bufio.NewReader(pipe)
	says := func(want string) {
		t.Helper()
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want+"\n", line)
	}
	says("searched")
	hits, size, err := needles.Process(cmd.Process.Pid)
	require.NoError(t, err)
	require.Empty(t, hits)
	t.Logf("looked through %d MB", size>>20)
	_, err = io.WriteString(in, "\n")
	require.NoError(t, err)
	says("planted")
	hits, _, err = needles.Process(cmd.Process.Pid)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(hits), Dim/4, "what was planted is not found: the test would find nothing")
	require.NoError(t, in.Close())
	_, _ = io.Copy(io.Discard, out)
	require.NoError(t, cmd.Wait())
}

func floatBytes(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
