package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/logx"
	"bystander/internal/loopcam"
	"bystander/redact"
	"bystander/sink"
	"bystander/sink/encode"
)

// Floor and pipeline take turns, short clips more often, until about enough
// pictures were measured; the medians count, since machines are shared and noisy.
const leastRounds, mostRounds, enoughPictures = 5, 15, 1500

// SpeedOptions say what is measured.
type SpeedOptions struct {
	In             string
	Streams        int
	For            time.Duration
	Size           string
	Hold           int // pictures held back
	JSON           bool
	Stdout, Stderr io.Writer
}

// speedReport is what was measured. CPU time is of this process and its camera
// workers together, their start included.
type speedReport struct {
	In          string             `json:"in"`
	Size        frame.Size         `json:"size"`
	Frames      uint64             `json:"frames"` // a round
	Rounds      int                `json:"rounds"`
	Cores       int                `json:"cores"`
	FPS         float64            `json:"fps"`               // median, end to end, all stages at work
	FloorFPS    float64            `json:"floor_fps"`         // median, plain decoding and encoding alone
	Ratio       float64            `json:"floor_ratio"`       // median of the rounds' ratios
	WholeRatio  float64            `json:"floor_ratio_whole"` // of whole rounds, filling and emptying included
	OwnFloorFPS float64            `json:"own_floor_fps"`     // median, decoding and our own way of encoding alone
	OwnRatio    float64            `json:"own_floor_ratio"`
	CPUMillis   float64            `json:"cpu_ms_per_frame"`
	FloorCPU    float64            `json:"floor_cpu_ms_per_frame"`
	ByStage     map[string]float64 `json:"cpu_ms_per_frame_by_stage"` // of this process
	Allocs      float64            `json:"allocs_per_frame"`
	AllocBytes  float64            `json:"alloc_bytes_per_frame"`
	PeakMiB     float64            `json:"peak_rss_mib"` // of this process
	LooksEvery  float64            `json:"pictures_per_look"`
	MaskedArea  float64            `json:"masked_area"`
	FullMask    uint64             `json:"full_mask_frames"`
	LiveStreams *liveReport        `json:"live,omitempty"`
}

// liveReport is how many live streams held.
type liveReport struct {
	Streams  int     `json:"streams"`
	Seconds  float64 `json:"seconds"`
	FPS      float64 `json:"fps_each"`
	Dropped  uint64  `json:"dropped"`
	FullMask uint64  `json:"full_mask_frames"`
	Hold     int     `json:"hold"`         // pictures
	DelayP50 float64 `json:"delay_p50_ms"` // from arrival to handing on, hold and encoding included
	DelayP95 float64 `json:"delay_p95_ms"`
	CPU      float64 `json:"cpu_cores_used"` // workers and simulated camera included
}

// EvalSpeed measures the pipeline beside its floor: the same decoding and
// encoding with nothing in between, in the same run.
func EvalSpeed(ctx context.Context, o SpeedOptions) error {
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	if o.In == "" {
		if o.In, err = speedClip(); err != nil {
			return err
		}
	}
	size, err := parseSize(o.Size)
	if err != nil {
		return err
	}
	if !exists(o.In) {
		return fmt.Errorf("%w: --in: no such file: %s", ErrUsage, o.In)
	}
	cam, file, err := scaled(ctx, o, size, log)
	if err != nil {
		return err
	}
	defer cam.Close() //nolint:errcheck // the simulated camera
	cfg := config.Default()
	if cfg.Redact.Hold = o.Hold; o.Hold < 0 || o.Hold > 50 {
		return fmt.Errorf("%w: --hold: %d is outside 0 to 50", ErrUsage, o.Hold)
	}
	eyes, err := openEyes(ctx, cfg, 2, log)
	if err != nil {
		return err
	}
	defer eyes.close() //nolint:errcheck // nothing depends on it at the end
	m := &speedMeter{o: o, cfg: cfg, eyes: eyes, log: log, file: file}
	rep, err := m.offline(ctx)
	if err != nil {
		return err
	}
	if o.Streams > 0 {
		if rep.LiveStreams, err = m.live(ctx, cam); err != nil {
			return err
		}
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(rep)
	}
	return rep.print(o.Stdout)
}

func speedClip() (string, error) {
	if dir := sharedDir(); dir != "" && exists(filepath.Join(dir, "data", "videos", "arcade.mp4")) {
		return filepath.Join(dir, "data", "videos", "arcade.mp4"), nil
	}
	return findVtest()
}

func parseSize(s string) (frame.Size, error) {
	if s == "native" || s == "" {
		return frame.Size{}, nil
	}
	w, h, ok := strings.Cut(strings.ToLower(s), "x")
	x, errX := strconv.Atoi(w)
	y, errY := strconv.Atoi(h)
	size := frame.Size{W: x, H: y}
	if !ok || errX != nil || errY != nil || size.Check() != nil || x%2 != 0 || y%2 != 0 {
		return size, fmt.Errorf("%w: --size: %q should be like 1280x720, with even sides, or native", ErrUsage, s)
	}
	return size, nil
}

// scaled starts a camera that plays the clip at the size asked for, and tells
// which file it plays.
func scaled(ctx context.Context, o SpeedOptions, size frame.Size, log zerolog.Logger) (*loopcam.Camera, string, error) {
	bar := newProgress(o.Stderr, "scaling "+filepath.Base(o.In))
	defer bar.close()
	cam, err := loopcam.Start(ctx, loopcam.Config{File: o.In, Size: size, Log: log, Progress: bar.update})
	if err != nil {
		return nil, "", err
	}
	return cam, cam.File(), nil
}

// speedMeter runs the measurements.
type speedMeter struct {
	o    SpeedOptions
	cfg  config.Config
	eyes *eyes
	log  zerolog.Logger
	file string
}

// nullSink takes packets and counts their bytes.
type nullSink struct{ bytes int }

func (n *nullSink) WritePacket(p *sink.Packet) error { n.bytes += len(p.Data); return nil }
func (n *nullSink) Close() error                     { return nil }

// round is one pass over the file.
type round struct {
	size   frame.Size
	frames uint64
	rate   float64 // pictures a second while all stages had work
	took   time.Duration
	cpu    time.Duration
	allocs float64 // a picture, in steady state
	bytes  float64
	stats  counts
}

// whole is the rate over the whole round: a clip of four seconds spends a tenth
// of them in filling and emptying what is held back, which a stream does once.
func (r round) whole() float64 { return float64(r.frames) / r.took.Seconds() }

func (m *speedMeter) offline(ctx context.Context) (*speedReport, error) {
	clock := &stopwatch{}
	var ours, floor, ratios, wholes, ownFloor, ownRatios []float64
	var last, base round
	var size frame.Size
	bar := newProgress(m.o.Stderr, "measuring")
	defer bar.close()
	rounds := leastRounds
	for i := 0; i <= rounds; i++ { // the first warms up
		bar.update(int64(i), int64(rounds+1))
		f, err := m.pass(ctx, nil, plainFloor)
		if err != nil {
			return nil, err
		}
		own, err := m.pass(ctx, nil, ownFloorWay)
		if err != nil {
			return nil, err
		}
		if i == 1 {
			clock = &stopwatch{}
		}
		p, err := m.pass(ctx, clock, throughAll)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			rounds = min(max(enoughPictures/int(max(p.frames, 1)), leastRounds), mostRounds)
			continue
		}
		ours, floor = append(ours, p.rate), append(floor, f.rate)
		ratios, wholes = append(ratios, p.rate/f.rate), append(wholes, p.whole()/f.whole())
		ownFloor, ownRatios = append(ownFloor, own.rate), append(ownRatios, p.rate/own.rate)
		last, base, size = p, f, p.size
	}
	n := float64(last.frames)
	rep := &speedReport{
		In: filepath.Base(m.o.In), Size: size, Frames: last.frames, Rounds: rounds, Cores: runtime.NumCPU(),
		FPS: median(ours), FloorFPS: median(floor), Ratio: median(ratios), WholeRatio: median(wholes),
		OwnFloorFPS: median(ownFloor), OwnRatio: median(ownRatios),
		CPUMillis: millis(last.cpu) / n, FloorCPU: millis(base.cpu) / n,
		Allocs: last.allocs, AllocBytes: last.bytes, PeakMiB: peakRSS(),
		LooksEvery: n / max(float64(last.stats.Looks), 1), MaskedArea: last.stats.Area / n, FullMask: last.stats.Full,
		ByStage: map[string]float64{},
	}
	for s := range stages {
		rep.ByStage[stageNames[s]] = millis(clock.total(s)) / (n * float64(rounds))
	}
	return rep, nil
}

// pass plays the file once as fast as it goes, the given way.
func (m *speedMeter) pass(ctx context.Context, clock *stopwatch, by way) (round, error) {
	src, err := ingestworker.Start(ctx, ingest.Spec{ID: "speed", Driver: ingest.DriverFile, URL: m.file},
		ingestworker.Options{Log: m.log, Frames: framesNeeded(m.cfg.Redact.Hold)})
	if err != nil {
		return round{}, err
	}
	mine, leave, err := m.eyes.of("speed", 0, clock)
	if err != nil {
		return round{}, errors.Join(err, src.Close())
	}
	defer leave()
	var before, after runtime.MemStats
	atWork := &atWork{at: make([]time.Time, 0, 1<<14)}
	out := &liveOutlet{
		shared: encode.New(encode.Config{}), live: &nullSink{}, log: m.log, clock: clock,
	}
	defer out.close() //nolint:errcheck // nothing is kept
	p := &pipeline{
		id: "speed", src: src, redact: redactConfig(m.cfg.Redact), may: redact.Nobody{},
		out:   &settledOutlet{outlet: out, mem: &before, atWork: atWork},
		stats: &cameraStats{}, clock: clock,
		looker: &looker{eyes: mine, cadence: m.cfg.Detect, now: time.Now, clock: clock},
	}
	// The worker's own start is no part of either measure.
	first, err := src.Next(ctx)
	if err != nil {
		return round{}, errors.Join(err, src.Close())
	}
	size := first.Size()
	p.src = &headed{Source: src, head: first, atWork: atWork}
	// The worker's time shows once it has ended, which it may before Close.
	self, children, begun := cpuTime(unix.RUSAGE_SELF), cpuTime(unix.RUSAGE_CHILDREN), time.Now()
	if by == throughAll {
		err = p.run(ctx)
	} else {
		err = p.bare(ctx, &floorEncoder{own: by == ownFloorWay}, atWork.note)
	}
	r := round{size: size, took: time.Since(begun), cpu: cpuTime(unix.RUSAGE_SELF) - self, rate: atWork.rate()}
	runtime.ReadMemStats(&after)
	if err := errors.Join(err, src.Close()); err != nil {
		return r, err
	}
	r.cpu += cpuTime(unix.RUSAGE_CHILDREN) - children
	r.stats = p.stats.totals()
	r.frames = r.stats.Out
	if n := float64(r.frames) - settleAfter; n > 0 && by == throughAll {
		r.allocs, r.bytes = float64(after.Mallocs-before.Mallocs)/n, float64(after.TotalAlloc-before.TotalAlloc)/n
	}
	switch {
	case r.frames == 0:
		return r, fmt.Errorf("%s: no picture could be decoded", m.o.In)
	case r.rate == 0:
		return r, fmt.Errorf("%w: --in: %s has %d pictures; a rate needs %d", ErrUsage, m.o.In, r.frames, 2*settleAfter)
	}
	return r, nil
}

// atWork is the rate of a round between the moment when the stages have filled
// and the moment when the source has no more for them.
type atWork struct {
	at    []time.Time // each picture's end
	ended time.Time   // the source's
}

func (s *atWork) note() { s.at = append(s.at, time.Now()) }

// rate is 0 for a clip that ends before the stages have filled.
func (s *atWork) rate() float64 {
	n := sort.Search(len(s.at), func(i int) bool { return s.at[i].After(s.ended) }) - 1
	if n < settleAfter+settleAfter/2 {
		return 0
	}
	return float64(n-settleAfter) / s.at[n].Sub(s.at[settleAfter]).Seconds()
}

// settleAfter is how many pictures a stream takes to settle: buffers have grown
// and what is made once has been made.
const settleAfter = 40

// settledOutlet is an outlet that notes what had been allocated once a stream has
// settled.
type settledOutlet struct {
	outlet
	n      int
	mem    *runtime.MemStats
	atWork *atWork
}

func (s *settledOutlet) take(o redact.Out) error {
	if s.n++; s.n == settleAfter {
		runtime.ReadMemStats(s.mem)
	}
	err := s.outlet.take(o)
	s.atWork.note()
	return err
}

// headed gives back a picture that was taken already, then the rest, and notes
// when that ended.
type headed struct {
	ingest.Source
	head   *frame.Raw
	atWork *atWork
}

func (h *headed) Next(ctx context.Context) (*frame.Raw, error) {
	if r := h.head; r != nil {
		h.head = nil
		return r, nil
	}
	r, err := h.Source.Next(ctx)
	if err != nil {
		h.atWork.ended = time.Now()
	}
	return r, err
}

// live holds live streams for a while, each with a worker of its own that reads
// the loopback camera.
func (m *speedMeter) live(ctx context.Context, cam *loopcam.Camera) (*liveReport, error) {
	dir, err := os.MkdirTemp("", "bystander-speed-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	cfg := m.cfg
	cfg.Data, cfg.Keys = dir, filepath.Join(dir, "keys")
	cfg.Events.Edge, cfg.Server.Listen = "speed", "127.0.0.1:0"
	cfg.Capacity.Ladder = false // at full quality, or dropped and counted
	for i := range m.o.Streams {
		cfg.Cameras = append(cfg.Cameras, config.Camera{
			ID: fmt.Sprintf("stream-%d", i+1), Driver: "rtsp", Transport: "tcp", URL: config.Secret(cam.URL()),
		})
	}
	cpu, opened := processTime(), time.Now()
	e, err := openEdge(ctx, cfg, m.log)
	if err != nil {
		return nil, err
	}
	// A second to connect; what is dropped until then is no measure.
	warm, cancel := context.WithTimeout(ctx, m.o.For+3*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); e.run(warm) }()
	bar := newProgress(m.o.Stderr, fmt.Sprintf("holding %d live streams", m.o.Streams))
	defer bar.close()
	if !waitFor(warm, 3*time.Second) {
		<-done
		return nil, errors.Join(ctx.Err(), e.close())
	}
	a, begun := e.summary(ctx), time.Now()
	for t := time.NewTicker(time.Second); warm.Err() == nil; {
		select {
		case <-t.C:
			bar.update(int64(time.Since(begun).Seconds()), int64(m.o.For.Seconds()))
		case <-warm.Done():
			t.Stop()
		}
	}
	b, took := e.summary(context.WithoutCancel(ctx)), time.Since(begun)
	<-done
	used, span := processTime()-cpu, time.Since(opened)
	if err := e.close(); err != nil {
		return nil, err
	}
	return &liveReport{
		Streams: m.o.Streams, Seconds: took.Seconds(), Hold: m.o.Hold,
		FPS:     float64(b.FramesOut-a.FramesOut) / took.Seconds() / float64(m.o.Streams),
		Dropped: b.DroppedFrames - a.DroppedFrames, FullMask: b.FullMaskFrames - a.FullMaskFrames,
		DelayP50: b.DelayP50, DelayP95: b.DelayP95, CPU: used.Seconds() / span.Seconds(),
	}, nil
}

func waitFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *speedReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %dx%d, %d pictures a round, median of %d rounds, %d cores\n", r.In, r.Size.W, r.Size.H, r.Frames, r.Rounds, r.Cores)
	fmt.Fprintf(w, "  end to end      %7.1f fps   %6.2f CPU-ms a picture\n", r.FPS, r.CPUMillis)
	fmt.Fprintf(w, "  floor           %7.1f fps   %6.2f CPU-ms a picture (decode and encode alone)\n", r.FloorFPS, r.FloorCPU)
	fmt.Fprintf(w, "  ratio           %7.2f       %.2f with filling and emptying what is held back\n", r.Ratio, r.WholeRatio)
	fmt.Fprintf(w, "  own floor       %7.1f fps   ratio %.2f (decoding, and encoding by quantiser as the pipeline does)\n", r.OwnFloorFPS, r.OwnRatio)
	for s := range stages {
		fmt.Fprintf(w, "    %-12s  %7.3f CPU-ms a picture\n", stageNames[s], r.ByStage[stageNames[s]])
	}
	fmt.Fprintf(w, "  allocations     %7.1f a picture, %.0f bytes\n", r.Allocs, r.AllocBytes)
	fmt.Fprintf(w, "  peak memory     %7.0f MiB\n", r.PeakMiB)
	fmt.Fprintf(w, "  a look every    %7.1f pictures; %.1f %% of the picture masked; %d full masks\n", r.LooksEvery, 100*r.MaskedArea, r.FullMask)
	if l := r.LiveStreams; l != nil {
		fmt.Fprintf(w, "  %d live streams  %7.1f fps each for %.0f s: %d dropped, %d full masks, delay p50 %.0f ms, p95 %.0f ms (a hold of %d pictures included), %.2f cores\n",
			l.Streams, l.FPS, l.Seconds, l.Dropped, l.FullMask, l.DelayP50, l.DelayP95, l.Hold, l.CPU)
	}
	return nil
}
