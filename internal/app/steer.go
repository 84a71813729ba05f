package app

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bystander/api"
	"bystander/ingest"
	"bystander/internal/capacity"
	"bystander/internal/config"
	"bystander/internal/frame"
)

// steering keeps the cameras within what the machine can carry: it admits them,
// bounds their memory, measures what each costs, and lets them step down and up
// the ladder of quality.
type steering struct {
	cfg   config.Config
	room  *capacity.Room
	units capacity.Units // for cameras that were not measured yet
	known error          // why units cannot be read

	mu   sync.Mutex
	by   map[string]*ride
	busy float64 // part of the machine's processor time, of the last second
}

// ride is one camera under way. It is the source that the camera's look side
// takes pictures from; its atomics are what others may read and set meanwhile.
type ride struct {
	ingest.Source
	id    string
	clock *stopwatch
	rung  atomic.Int32
	thin  atomic.Uint64 // pictures left out
	leave func()

	// Of the goroutine that looks.
	looker *looker
	detect config.Detect
	hold   int
	most   int64
	size   frame.Size
	epoch  uint32
	stood  int32 // the rung that cadence stands for
	due    time.Duration

	// Of the goroutine that steers.
	spent   time.Duration
	dropped uint64
	cores   float64
	seconds int // under way on this rung
	why     string
}

var rungs = capacity.Rungs()

func newSteering(cfg config.Config) *steering {
	cores := cfg.Capacity.Cores
	if cores == 0 {
		cores = float64(runtime.NumCPU())
	}
	least := 1.0
	if cfg.Capacity.Ladder {
		least = rungs[len(rungs)-1].Cost
	}
	s := &steering{cfg: cfg, room: capacity.NewRoom(cores, least), by: map[string]*ride{}}
	s.units, s.known = capacity.Shipped()
	return s
}

// take admits a camera and gives it its own way to the detectors. It fails with
// capacity.ErrNoRoom.
func (s *steering) take(e *eyes, c *camera, l *looker) error {
	if s.known != nil {
		return s.known
	}
	id := c.cfg.ID
	s.drop(id)
	// Nobody knows a camera's size before it is reached. It counts as a small
	// one until it was measured, so that only what is hopeless is refused.
	small := capacity.Demand{
		Profile: capacity.Profiles()[0], Width: 640, Height: 360, FPS: 10,
		FaceEvery: s.cfg.Detect.FaceEvery, PersonEvery: s.cfg.Detect.PersonEvery,
	}
	if err := s.room.Admit(id, small.CameraCost(s.units).Sum()/1000); err != nil {
		return fmt.Errorf("camera %s: %w", id, err)
	}
	clock := &stopwatch{}
	mine, leave, err := e.of(id, s.cfg.Detect.Patience, clock)
	if err != nil {
		s.room.Leave(id)
		return fmt.Errorf("camera %s: %w", id, err)
	}
	if c.who != nil && mine.embedder != nil {
		if err := c.who.judge.Through(mine.embedder); err != nil {
			leave()
			s.room.Leave(id)
			return fmt.Errorf("camera %s: %w", id, err)
		}
	}
	r := &ride{
		Source: c.src, id: id, clock: clock, leave: leave, looker: l, detect: l.cadence,
		hold: s.cfg.Redact.Hold, most: int64(s.cfg.Capacity.CameraMemory),
	}
	l.eyes, l.clock = mine, clock
	c.pipe.src, c.pipe.clock, c.out.clock = r, clock, clock
	c.out.fit = r.fit
	s.mu.Lock()
	s.by[id] = r
	s.mu.Unlock()
	return nil
}

// drop forgets a camera that is gone.
func (s *steering) drop(id string) {
	s.mu.Lock()
	r := s.by[id]
	delete(s.by, id)
	s.mu.Unlock()
	if r != nil {
		r.leave()
		s.room.Leave(id)
	}
}

// Next implements ingest.Source: it bounds the camera's memory, thins pictures
// out on lower rungs, and sets the cadence of looks. What it lets through is
// looked at, held and covered as ever.
func (r *ride) Next(ctx context.Context) (*frame.Raw, error) {
	for {
		raw, err := r.Source.Next(ctx)
		if err != nil {
			return nil, err
		}
		if size := raw.Size(); size != r.size {
			if err := capacity.FitMemory(size.W, size.H, r.hold, r.most); err != nil {
				raw.Release()
				return nil, fmt.Errorf("camera %s: %w", r.id, err)
			}
			r.size = size
		}
		if at := r.rung.Load(); at != r.stood {
			r.stood, r.due = at, raw.PTS
			r.looker.cadence.PersonEvery = rungs[at].PersonEvery(r.detect.PersonEvery, r.Health().FPS)
		}
		if r.wanted(raw) {
			return raw, nil
		}
		raw.Release()
		r.thin.Add(1)
	}
}

// Waiting and Late implement ingest.Queued.
func (r *ride) Waiting() int {
	if q, ok := r.Source.(ingest.Queued); ok {
		return q.Waiting()
	}
	return 0
}

func (r *ride) Late() <-chan struct{} {
	if q, ok := r.Source.(ingest.Queued); ok {
		return q.Late()
	}
	return nil
}

// wanted reports whether a picture is let through on the camera's rung. The first
// of an epoch always is.
func (r *ride) wanted(raw *frame.Raw) bool {
	most := rungs[r.stood].MostFPS
	if most == 0 || raw.Epoch != r.epoch {
		r.epoch, r.due = raw.Epoch, raw.PTS
		return true
	}
	every := time.Duration(float64(time.Second) / most)
	if raw.PTS < r.due {
		return false
	}
	r.due = max(r.due+every, raw.PTS-every)
	return true
}

// fit is the box for encoded pictures on the camera's rung.
func (r *ride) fit() frame.Size {
	side := rungs[r.rung.Load()].MostSide
	return frame.Size{W: side, H: side}
}

// run measures once a second and moves cameras on the ladder until ctx ends.
func (s *steering) run(ctx context.Context, e *edge) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	ladder := capacity.NewLadder()
	cpu, late := readMachine(), e.eyes.late()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now, n := readMachine(), e.eyes.late()
		load := s.measure(cpu.busy(now))
		load.Late, cpu, late = n-late, now, n
		if !s.cfg.Capacity.Ladder {
			continue
		}
		if step := ladder.Tick(load); step != nil {
			s.move(step)
			e.log.Warn().Str("component", "capacity").Str("camera", step.Camera).
				Str("from", rungs[step.From].Name).Str("to", rungs[step.To].Name).Msg(step.Reason)
		}
	}
}

// measuredAfter is how many seconds a camera's cost is watched before it counts.
const measuredAfter = 10

// measure takes a second's load of every camera.
func (s *steering) measure(busy float64) capacity.Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = busy
	load := capacity.Load{Busy: busy}
	for id, r := range s.by {
		h, spent := r.Health(), r.clock.sum()
		used := (spent - r.spent).Seconds() + s.decoding(h)
		if r.spent == 0 {
			used = 0
		}
		r.spent = spent
		r.cores += (used - r.cores) / 8 // a mean over about eight seconds
		if r.seconds++; r.seconds > measuredAfter && h.State == ingest.StateConnected {
			s.room.Measured(id, r.cores/rungs[r.rung.Load()].Cost)
		}
		dropped := h.Dropped - min(r.dropped, h.Dropped)
		if r.dropped = h.Dropped; r.seconds <= 3 {
			dropped = 0 // until a camera is under way
		}
		load.Cameras = append(load.Cameras, capacity.CameraLoad{ID: id, Cores: r.cores, Dropped: dropped})
	}
	return load
}

// decoding is what the camera's worker takes, in cores, by the table: a worker
// is a process of its own that may come and go.
func (s *steering) decoding(h ingest.Health) float64 {
	if h.State != ingest.StateConnected || math.IsNaN(h.FPS) {
		return 0
	}
	return float64(h.Size.W) * float64(h.Size.H) / 1e6 * h.FPS * s.units.Of(capacity.Decode) / 1000
}

func (s *steering) move(step *capacity.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.by[step.Camera]; r != nil {
		r.seconds, r.why = 0, step.Reason
		r.rung.Store(int32(step.To)) //nolint:gosec // a handful of rungs
	}
}

// quality is a camera's rung for the page.
func (s *steering) quality(id string) api.Quality {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.by[id]
	if r == nil {
		return api.Quality{Rung: rungs[0].Name}
	}
	at := r.rung.Load()
	q := api.Quality{Rung: rungs[at].Name, Cores: math.Round(r.cores*1000) / 1000, Thinned: r.thin.Load()}
	if at > 0 {
		q.Reason = r.why
	}
	return q
}

// notices tell of cameras at reduced quality.
func (s *steering) notices() []api.Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	var low []string
	for id, r := range s.by {
		if at := r.rung.Load(); at > 0 {
			low = append(low, id+" ("+rungs[at].Name+")")
		}
	}
	if len(low) == 0 {
		return nil
	}
	slices.Sort(low)
	return []api.Notice{{
		Level: "warning", Code: api.NoticeLadder,
		Text: "The machine cannot keep up; these cameras run at reduced quality, and are covered as ever: " + strings.Join(low, ", ") + ".",
	}}
}

// late is how many requests detectors did not answer in time.
func (e *eyes) late() (n uint64) {
	for _, g := range e.running() {
		for _, d := range g.Devices() {
			n += d.Stats.Late
		}
	}
	return n
}

// sum is the processor time of all stages.
func (w *stopwatch) sum() (d time.Duration) {
	for i := range stages {
		d += w.total(i)
	}
	return d
}

// machine is a reading of the processors' time, in ticks.
type machine struct{ idle, all float64 }

func readMachine() (m machine) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return m
	}
	defer f.Close() //nolint:errcheck // read only
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return m
	}
	for i, v := range strings.Fields(line) {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || i > 8 { // guests are counted as users already
			continue
		}
		m.all += n
		if i == 4 || i == 5 { // idle, and waiting for the disk
			m.idle += n
		}
	}
	return m
}

// busy is the part of the time between two readings that was used.
func (m machine) busy(now machine) float64 {
	if now.all <= m.all {
		return 0
	}
	return 1 - (now.idle-m.idle)/(now.all-m.all)
}
