package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bystander/internal/app"
	"bystander/internal/config"
)

// configFlag is shared by the commands that work on an installation.
type configFlag struct {
	Config string `short:"c" env:"BYSTANDER_CONFIG" placeholder:"FILE" help:"Configuration file. Without one, defaults and BYSTANDER_… variables hold."`
	Data   string `placeholder:"DIR" help:"Folder of the installation's stores, over the configuration's; data/demo is the demonstration's."`
}

func (f configFlag) load() (config.Config, error) { return f.as("") }

// as loads the configuration for a role; empty takes the configuration's.
func (f configFlag) as(role string) (config.Config, error) {
	env := os.Environ()
	if role != "" {
		env = append(env, "BYSTANDER_ROLE="+role)
	}
	if f.Data != "" {
		env = append(env, "BYSTANDER_DATA="+f.Data)
	}
	c, err := config.Load(f.Config, env)
	if err != nil {
		return c, fmt.Errorf("%w:\n%w", app.ErrUsage, err)
	}
	return c, nil
}

type demoCmd struct {
	Input    string        `placeholder:"FILE|rtsp://…" help:"What the camera plays; a file in a loop, or a real camera's address. Without it, two sample clips, or Debian's vtest.avi."`
	Listen   string        `default:"127.0.0.1:8080" help:"Address of the web page."`
	Headless bool          `help:"No web page; the last line printed is one JSON object."`
	For      time.Duration `help:"Stop after this long; 0 runs until interrupted."`
	Data     string        `default:"data/demo" placeholder:"DIR" help:"Where recordings and events are kept."`
	Verbose  bool          `short:"v" help:"Log everything."`
}

func (c *demoCmd) Run(ctx context.Context) error {
	return app.Demo(ctx, app.DemoOptions{
		Input: c.Input, Listen: c.Listen, Headless: c.Headless, For: c.For, Data: c.Data,
		Verbose: c.Verbose, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type runCmd struct {
	configFlag
	Role string `enum:",all,edge,control" default:"" help:"What this process does, over the configuration's: everything, cameras (edge), or policy, people and pages (control)."`
}

func (c *runCmd) Run(ctx context.Context) error {
	cfg, err := c.as(c.Role)
	if err != nil {
		return err
	}
	return app.Run(ctx, cfg, os.Stdout, os.Stderr)
}

type redactCmd struct {
	In       string   `required:"" placeholder:"FILE" help:"The recording; anything that libav reads."`
	Out      string   `required:"" placeholder:"FILE" help:"The redacted recording: .mp4, .mov, .mkv (H.264) or .webm (VP8). Audio is never copied."`
	Style    string   `default:"frost" enum:"frost,solid,mosaic" help:"How masks look: ${enum}. None depends on what it hides."`
	Coverage string   `default:"head" enum:"head,person" help:"What masks cover: ${enum}."`
	Keep     []string `placeholder:"NAME=PHOTO" sep:"none" help:"Leave this person clear. By giving it you vouch that they agreed to be shown. May be repeated."`
	Quality  int      `default:"20" help:"Encoder quality, 10 (best) to 40 (smallest)."`
	Force    bool     `short:"f" help:"Overwrite the output file."`
	JSON     bool     `help:"Print the summary as one JSON object; progress goes to standard error."`
	Quiet    bool     `short:"q" help:"No progress bar."`
}

func (c *redactCmd) Run(ctx context.Context) error {
	return app.RedactFile(ctx, app.RedactOptions{
		In: c.In, Out: c.Out, Style: c.Style, Coverage: c.Coverage, Keep: c.Keep,
		Quality: c.Quality, Force: c.Force, JSON: c.JSON, Quiet: c.Quiet,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type enrolCmd struct {
	configFlag
	Name    string   `required:"" help:"The person's name; kept in the identity vault, apart from the template."`
	Photo   string   `required:"" placeholder:"FILE" help:"A photograph with exactly one face. It is not kept."`
	Consent []string `required:"" enum:"match,appear_live,appear_recorded" help:"What they agreed to, each for itself: ${enum}."`
	Scene   []string `help:"Scenes they agreed to; default all of the site file."`
	Zone    []string `help:"Recognition zones they agreed to; default all of those scenes."`
	Channel string   `default:"paper" enum:"web,kiosk,paper,o2o" help:"How the consent was given: ${enum}."`
	Under14 bool     `help:"The person is under 14: refused, since a guardian's verified consent is needed first."`
}

func (c *enrolCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Enrol(ctx, cfg, app.EnrolOptions{
		Name: c.Name, Photo: c.Photo, Consent: c.Consent, Scenes: c.Scene, Zones: c.Zone,
		Channel: c.Channel, Under14: c.Under14, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type withdrawCmd struct {
	configFlag
	Enrollee string `arg:"" help:"The enrollee's id, as printed by enrol."`
}

func (c *withdrawCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Withdraw(ctx, cfg, c.Enrollee, os.Stdout)
}

type evalCmd struct {
	Match   evalMatchCmd   `cmd:"" help:"How well faces are told apart: pairs, closed set, FNIR at FPIR on an open set, with 95 % bounds."`
	PAD     evalPADCmd     `cmd:"" name:"pad" help:"How well prints and screens are told from living people: APCER for each attack species, and BPCER, with 95 % bounds."`
	Leak    evalLeakCmd    `cmd:"" help:"What still shows in a redacted recording, of this program or any other, judged by a detector of its own."`
	Speed   evalSpeedCmd   `cmd:"" help:"Frames a second, CPU time by stage, delay, memory, and the ratio to plain decoding and encoding in the same run."`
	Compare evalCompareCmd `cmd:"" help:"The same recordings through this program and through the plain per-frame way: speed and leak side by side in one run."`
	Soak    evalSoakCmd    `cmd:"" help:"Run eight small cameras for a long time, some flapping and one hostile, and judge whether memory, handles, delay and leaks stay flat."`
}

type evalLeakCmd struct {
	Original string `placeholder:"FILE" help:"The recording before redaction."`
	Redacted string `placeholder:"FILE" help:"The recording after redaction, by whichever tool."`
	Own      bool   `name:"run" help:"Redact the original on the spot with this program's own stages and judge that."`
	Live     bool   `help:"With --run: with the settings of a live camera."`
	Ablate   bool   `help:"With --run: also with each part of the union of masks switched off in turn."`
	Baseline bool   `help:"Judge the usual way beside it: a face detector in each picture, box blur."`
	Truth    string `placeholder:"DIR" help:"Judge labelled stills instead: a folder with images/ and annotations/ (VOC XML). They are redacted on the spot unless --redacted names a folder of redacted pictures."`
	Quick    bool   `help:"Leave out re-detection and re-identification."`
	Seen     string `placeholder:"DIR" help:"Keep what the judge finds in originals here, and use it again. Places only, no pixels."`
	HTML     string `name:"html" placeholder:"FILE" help:"Write a page with the worst pictures, as thumbnails with every face blotted out."`
	JSON     bool   `help:"Print one JSON object."`
}

func (c *evalLeakCmd) Run(ctx context.Context) error {
	return app.EvalLeak(ctx, app.LeakOptions{
		Original: c.Original, Redacted: c.Redacted, Truth: c.Truth, HTML: c.HTML, Seen: c.Seen,
		Run: c.Own, Live: c.Live, Ablate: c.Ablate, Baseline: c.Baseline, Quick: c.Quick, JSON: c.JSON,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type evalSpeedCmd struct {
	In      string        `placeholder:"FILE" help:"Recording to play; default the sample clip, scaled to 1280x720."`
	Streams int           `help:"Also hold this many live streams of it, each at its own speed."`
	For     time.Duration `default:"20s" help:"How long to run the live streams."`
	Size    string        `default:"1280x720" help:"Scale the recording to this size first; 'native' leaves it."`
	Hold    int           `default:"8" help:"Pictures held back, as redact.hold in the configuration."`
	JSON    bool          `help:"Print one JSON object."`
}

func (c *evalSpeedCmd) Run(ctx context.Context) error {
	return app.EvalSpeed(ctx, app.SpeedOptions{
		In: c.In, Streams: c.Streams, For: c.For, Size: c.Size, Hold: c.Hold, JSON: c.JSON,
		Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type evalCompareCmd struct {
	In    []string `arg:"" optional:"" placeholder:"FILE" help:"Recordings; default the sample clips."`
	Out   string   `placeholder:"DIR" help:"Keep both redacted recordings of each here. Those of the plain way may show faces."`
	Seen  string   `placeholder:"DIR" help:"Keep what the judge finds in originals here, and use it again. Places only, no pixels."`
	Quick bool     `help:"Leave out re-detection and re-identification."`
	JSON  bool     `help:"Print one JSON object."`
}

func (c *evalCompareCmd) Run(ctx context.Context) error {
	return app.Compare(ctx, app.CompareOptions{
		In: c.In, Out: c.Out, Seen: c.Seen, Quick: c.Quick, JSON: c.JSON, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type evalSoakCmd struct {
	For   time.Duration `default:"1h" help:"How long."`
	Every time.Duration `default:"10s" help:"Time between samples."`
	Data  string        `default:"out/soak" placeholder:"DIR" help:"Where samples.csv, the configuration and the program's own data go."`
	Judge string        `placeholder:"FILE" help:"Judge these samples of an earlier run instead."`
	JSON  bool          `help:"Print one JSON object."`
}

func (c *evalSoakCmd) Run(ctx context.Context) error {
	return app.Soak(ctx, app.SoakOptions{
		For: c.For, Every: c.Every, Data: c.Data, Judge: c.Judge, JSON: c.JSON, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

type verifySegmentCmd struct {
	configFlag
	Files []string `arg:"" placeholder:"FILE" help:"Recorded segments, each with its receipt beside it."`
	Key   string   `placeholder:"FILE" help:"The edge's public key; default keys/edge.pub of the installation."`
	JSON  bool     `help:"Print one JSON object for each file."`
}

func (c *verifySegmentCmd) Run(ctx context.Context) error {
	key := c.Key
	if key == "" {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		key = filepath.Join(cfg.Keys, "edge.pub")
	}
	return app.VerifySegments(ctx, app.VerifySegmentOptions{Files: c.Files, Key: key, JSON: c.JSON, Stdout: os.Stdout})
}

type modelsCmd struct {
	List modelsListCmd `cmd:"" help:"Which models there are, what for, under which licence, and which are here."`
	Pull modelsPullCmd `cmd:"" help:"Fetch models into the local cache and check them."`
}

type modelsListCmd struct{ configFlag }

func (c *modelsListCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ModelsList(ctx, cfg, os.Stdout)
}

type modelsPullCmd struct {
	configFlag
	Names []string `arg:"" optional:"" help:"Models to fetch; default all."`
}

func (c *modelsPullCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.ModelsPull(ctx, cfg, c.Names, os.Stdout, os.Stderr)
}

type doctorCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

func (c *doctorCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.Doctor(ctx, cfg, c.JSON, os.Stdout)
}

type checkConfigCmd struct {
	File string `arg:"" help:"The configuration file."`
}

func (c *checkConfigCmd) Run(ctx context.Context) error {
	return app.CheckConfig(ctx, c.File, os.Environ(), os.Stdout)
}

type probeCmd struct {
	File string `arg:""`
}

func (c *probeCmd) Run() error { return app.Probe(c.File, os.Stdout) }

type versionCmd struct{}

func (c *versionCmd) Run() error {
	fmt.Println(app.Version)
	return nil
}
