package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"bystander/internal/config"
	"bystander/internal/logx"
	"bystander/internal/loopcam"
	"bystander/policy"
)

// DemoOptions say what the demonstration shows.
type DemoOptions struct {
	Input          string // file, rtsp address, or empty for the sample clips
	Listen         string
	Headless       bool
	For            time.Duration
	Data           string
	Verbose        bool
	Stdout, Stderr io.Writer
}

// demo is one run of the demonstration.
type demo struct {
	o       DemoOptions
	log     zerolog.Logger
	cams    []*loopcam.Camera
	cfg     config.Config
	persona persona
}

// persona is the enrolled performer of the sample clip.
type persona struct{ camera, name, photo string }

// Demo runs everything on this machine: a loopback camera, the pipeline, the
// stores, and the web page unless headless.
func Demo(ctx context.Context, o DemoOptions) error {
	level := "warn"
	if o.Verbose {
		level = "debug"
	}
	log, err := logx.New(o.Stderr, level, "console")
	if err != nil {
		return err
	}
	d := &demo{o: o, log: log, cfg: config.Default()}
	d.cfg.Data, d.cfg.Server.Listen = o.Data, o.Listen
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For+time.Hour) // the run itself counts from its start
		defer cancel()
	}
	defer d.closeCameras()
	if err := d.chooseInput(ctx); err != nil {
		return err
	}
	site, err := d.sampleSite()
	if err != nil {
		return err
	}
	return d.run(ctx, site)
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.o.Stderr, "==> "+format+"\n", args...)
}

func (d *demo) closeCameras() {
	for _, c := range d.cams {
		if err := c.Close(); err != nil {
			d.log.Debug().Err(err).Msg("closing the loopback camera")
		}
	}
}

// chooseInput sets the cameras up: the user's own, the two sample clips, or
// what the distribution has.
func (d *demo) chooseInput(ctx context.Context) error {
	in := d.o.Input
	switch {
	case strings.HasPrefix(in, "rtsp://") || strings.HasPrefix(in, "rtsps://"):
		d.addCamera("camera", "Camera", in)
		return nil
	case in != "":
		if _, err := os.Stat(in); err != nil {
			return fmt.Errorf("%w: --input: %w", ErrUsage, err)
		}
		return d.play(ctx, "camera", filepath.Base(in), in)
	}
	shared := sharedDir()
	arcade := filepath.Join(shared, "data", "videos", "arcade.mp4")
	stage := filepath.Join(shared, "data", "videos", "stage.mp4")
	if shared != "" && exists(arcade) && exists(stage) {
		if err := d.play(ctx, "arcade", "Arcade", arcade); err != nil {
			return err
		}
		d.persona = persona{"stage", "Sample performer", filepath.Join(shared, "data", "faces", "stage-stills", "lin-manuel-miranda.png")}
		return d.play(ctx, "stage", "Stage", stage)
	}
	vtest, err := findVtest()
	if err != nil {
		return err
	}
	return d.play(ctx, "camera", "Pedestrians", vtest)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// vtestPlaces are where the distribution puts its sample of pedestrians.
var vtestPlaces = []string{
	"/usr/share/doc/opencv-doc/examples/data/vtest.avi",
	"/usr/share/opencv4/samples/data/vtest.avi",
	"/usr/share/doc/opencv-doc/examples/cpp/vtest.avi",
}

func findVtest() (string, error) {
	for _, p := range vtestPlaces {
		if exists(p) {
			return p, nil
		}
	}
	return "", errors.New("no sample recording on this machine: name one with --input, or install opencv-doc")
}

// sharedDir is the folder of evaluation data: BYSTANDER_SHARED, else ../shared
// beside the checkout; empty when there is none.
func sharedDir() string {
	if dir := os.Getenv("BYSTANDER_SHARED"); dir != "" {
		return dir
	}
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			if !exists(filepath.Join(dir, "go.mod")) {
				continue
			}
			if s := filepath.Join(filepath.Dir(dir), "shared"); exists(filepath.Join(s, "data")) {
				return s
			}
		}
	}
	return ""
}

// play starts a loopback camera that plays the file in a loop.
func (d *demo) play(ctx context.Context, id, name, file string) error {
	var bar *progress
	cam, err := loopcam.Start(ctx, loopcam.Config{
		File: file, Path: id, Log: d.log,
		Progress: func(done, total int64) {
			if bar == nil {
				bar = newProgress(d.o.Stderr, "==> preparing "+filepath.Base(file))
			}
			bar.update(done, total)
		},
	})
	if bar != nil {
		bar.close()
	}
	if err != nil {
		return err
	}
	d.cams = append(d.cams, cam)
	d.addCamera(id, name, cam.URL())
	d.say("camera %q plays %s in a loop at %s", id, file, cam.URL())
	return nil
}

func (d *demo) addCamera(id, name, url string) {
	d.cfg.Cameras = append(d.cfg.Cameras, config.Camera{
		ID: id, Name: name, Driver: "rtsp", Transport: "tcp", URL: config.Secret(url),
	})
}

// sampleSite is the site that the demonstration begins with: the performer's
// camera has a live zone, any other has none yet.
func (d *demo) sampleSite() (*policy.Site, error) {
	d.cfg.Keys = filepath.Join(d.cfg.Data, "keys")
	d.cfg.Events.Edge = "demo"
	var cams []policy.SampleCamera
	for _, c := range d.cfg.Cameras {
		cams = append(cams, policy.SampleCamera{ID: c.ID, PlaceType: "arcade", Match: c.ID == d.persona.camera})
	}
	if err := d.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%w:\n%w", ErrUsage, err)
	}
	return policy.SampleSite(time.Now(), cams...), nil
}

// enrolPersona enrols the performer once; later runs find the enrolment.
func (d *demo) enrolPersona(ctx context.Context, e *edge) error {
	if d.persona.camera == "" {
		return nil
	}
	if _, ok := e.sample.Scene(policy.SampleScene(d.persona.camera)); !ok {
		return nil // a visitor made the site another one
	}
	have, err := e.law.people.Enrollees(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	if err := e.eyes.canEnrol(); err != nil {
		d.say("nobody is enrolled: %v", err)
		return nil
	}
	_, err = enrolWith(ctx, d.cfg, e.sample, e.eyes, EnrolOptions{
		Name: d.persona.name, Photo: d.persona.photo, Channel: string(policy.ChannelPaper),
		Consent: []string{string(policy.PurposeMatch), string(policy.PurposeAppearLive), string(policy.PurposeAppearRecorded)},
	})
	if err == nil {
		d.say("one performer of the stage clip is enrolled, with recorded sample consents")
	}
	return err
}

func (d *demo) run(ctx context.Context, site *policy.Site) error {
	e, err := openSampleEdge(ctx, d.cfg, d.log, site)
	if err != nil {
		return err
	}
	if err := d.enrolPersona(ctx, e); err != nil {
		return errors.Join(err, e.close())
	}
	e.asDemo()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if d.o.For > 0 {
		stop := time.AfterFunc(d.o.For, cancel)
		defer stop.Stop()
	}
	if d.o.Headless {
		d.say("running for %v; everybody who did not say yes is masked", d.o.For)
		e.run(ctx)
	} else if err := e.serve(ctx, func(url string) {
		d.say("open %s   (Ctrl-C stops)", url)
	}); err != nil {
		return errors.Join(err, e.close())
	}
	s := e.summary(context.WithoutCancel(ctx))
	if err := e.close(); err != nil {
		return err
	}
	if d.o.Headless {
		return json.NewEncoder(d.o.Stdout).Encode(s)
	}
	d.say("stopped: %d pictures in, %d out, %d events stored, recordings in %s", s.FramesIn, s.FramesOut, s.EventsStored, d.cfg.Data)
	return nil
}

// summary is what one run did, for programs.
type summary struct {
	FramesIn       uint64  `json:"frames_in"`
	FramesOut      uint64  `json:"frames_out"`
	Faces          uint64  `json:"faces"` // counted on each picture
	Tracks         uint64  `json:"tracks"`
	Masked         uint64  `json:"masked"`
	Clear          uint64  `json:"clear"`
	Matched        int     `json:"matched"` // people recognised under their consent
	EventsStored   int64   `json:"events_stored"`
	FullMaskFrames uint64  `json:"full_mask_frames"`
	DroppedFrames  uint64  `json:"dropped_frames"`
	DelayP50       float64 `json:"delay_p50_ms"`
	DelayP95       float64 `json:"delay_p95_ms"`
}

func (e *edge) summary(ctx context.Context) summary {
	var s summary
	for _, c := range e.fleet.all() {
		n, h := c.stats.totals(), c.src.Health()
		s.FramesIn += n.In
		s.FramesOut += n.Out
		s.Faces += n.Faces
		s.Tracks += n.Tracks
		s.Masked += n.Masked
		s.Clear += n.Clear
		s.FullMaskFrames += n.Full
		s.DroppedFrames += h.Dropped + n.Lost
		if c.who != nil {
			s.Matched += c.who.people()
		}
		q := c.stats.delays.quantiles(0.5, 0.95)
		s.DelayP50 = max(s.DelayP50, millis(q[0]))
		s.DelayP95 = max(s.DelayP95, millis(q[1]))
	}
	n, err := e.store.Count(ctx)
	if err != nil {
		e.log.Error().Err(err).Msg("counting the stored events")
	}
	s.EventsStored = n - e.before
	return s
}
