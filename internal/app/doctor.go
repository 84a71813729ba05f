package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
	"bystander/internal/doctor"
	"bystander/policy"
)

// level is how grave a finding is.
type level string

const (
	fine level = "ok"
	warn level = "warning"
	bad  level = "failure"
)

// finding is one thing that the doctor looked at.
type finding struct {
	Name  string `json:"name"`
	Level level  `json:"level"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

// errSick reports that a check failed.
var errSick = errors.New("doctor: something needs attention")

// whys say why the findings of the checks below matter, by name.
var whys = map[string]string{
	"models":   "without a detector everybody is masked; without a matcher nobody is compared",
	"face":     "without it everybody is masked, whole pictures at a time",
	"person":   "people whose face is not seen are covered by motion alone",
	"canary":   "a detector that misses this face misses others: everybody is masked",
	"disk":     "without room nothing is recorded, and events wait in memory",
	"clock":    "leases live for ten seconds, and times in the log are evidence",
	"port":     "nobody reaches the program's pages",
	"site":     "nobody is compared without a site",
	"zone":     "nobody is compared in this zone",
	"store":    "events wait on their way to where auditors ask",
	"versions": "a part of another version may not understand this one",
}

// told is a finding with its reason.
func (f finding) told() doctor.Finding {
	out := doctor.Finding{Name: f.Name, Level: doctor.Level(f.Level), Text: f.Text, Fix: f.Fix}
	if f.Level == fine {
		return out
	}
	name, _, _ := strings.Cut(f.Name, " ")
	out.Why = whys[name]
	switch {
	case name == "camera":
		out.Why = "nothing is seen there, nor recorded"
	case out.Why == "":
		out.Why = "the program does less than it is set up to do"
	}
	return out
}

// Doctor looks at this machine and this installation, running or not, and says
// of each finding why it matters and what to do. It fails when something must be
// mended.
func Doctor(ctx context.Context, cfg config.Config, asJSON bool, out io.Writer) error {
	var all []doctor.Finding
	live, running := checkRunning(ctx, cfg)
	checks := []func(context.Context, config.Config) []finding{checkModels, checkDisk, checkClock, checkSite, checkStore}
	if !running { // else the port is taken, and the cameras are watched, by the program itself
		checks = append(checks, checkPort, checkCameras)
	}
	for _, check := range checks {
		for _, f := range check(ctx, cfg) {
			all = append(all, f.told())
		}
	}
	all = append(all, checkInstallation(ctx, cfg)...)
	all = append(all, live...)
	sick := doctor.Sick(all)
	if asJSON {
		if err := json.NewEncoder(out).Encode(all); err != nil {
			return err
		}
	} else {
		tellFindings(out, all)
	}
	if sick {
		return errSick
	}
	return nil
}

func tellFindings(out io.Writer, all []doctor.Finding) {
	marks := map[doctor.Level]string{doctor.Fine: "ok  ", doctor.Warn: "warn", doctor.Bad: "FAIL"}
	for _, f := range all {
		fmt.Fprintf(out, "%s  %-10s  %s\n", marks[f.Level], f.Name, f.Text)
		if f.Why != "" {
			fmt.Fprintf(out, "      %-10s  for %s\n", "", f.Why)
		}
		if f.Fix != "" {
			fmt.Fprintf(out, "      %-10s  → %s\n", "", f.Fix)
		}
	}
}

func checkModels(ctx context.Context, cfg config.Config) []finding {
	e, err := openEyes(ctx, cfg, 1, zerolog.Nop())
	if err != nil {
		return []finding{{"models", bad, err.Error(), "run: bystander models pull"}}
	}
	defer e.close() //nolint:errcheck // nothing depends on it
	var out []finding
	for _, m := range e.models {
		if m.Loaded {
			out = append(out, finding{m.Role, fine, fmt.Sprintf("%s runs on %s", m.Name, m.Provider), ""})
		} else {
			out = append(out, finding{m.Role, warn, m.Err, "run: bystander models pull"})
		}
	}
	for _, n := range e.notes {
		out = append(out, finding{"models", warn, n.Text, ""})
	}
	if e.faces != nil && !e.trusted.Load() {
		out = append(out, finding{"canary", bad, "the face detector misses a face that it must see", "run: bystander models pull; then check the execution provider (detect.provider: cpu)"})
	} else if e.faces != nil {
		out = append(out, finding{"canary", fine, "the face detector sees what it must", ""})
	}
	return out
}

func checkDisk(_ context.Context, cfg config.Config) []finding {
	dir := cfg.Data
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return []finding{{"disk", bad, fmt.Sprintf("%s: %v", dir, err), "set data: to a folder that can be written"}}
	}
	free := int64(st.Bavail) * st.Bsize
	f := finding{"disk", fine, fmt.Sprintf("%.1f GB free under %s", float64(free)/1e9, cfg.Data), ""}
	switch {
	case unix.Access(dir, unix.W_OK) != nil:
		f.Level, f.Text, f.Fix = bad, dir+" cannot be written", "set data: to a folder that can be written"
	case free < 1<<30:
		f.Level, f.Fix = bad, "make room: recordings and events need at least 1 GB"
	case cfg.Record.Enabled && free < int64(cfg.Record.MaxBytes):
		f.Level, f.Fix = warn, "less than record.max_bytes is free; lower it, or make room"
	}
	return []finding{f}
}

func checkClock(context.Context, config.Config) []finding {
	if !clockSynced() {
		return []finding{{"clock", warn, "is not synchronised: times in the log are worth little as evidence", "run a time service such as chrony"}}
	}
	return []finding{{"clock", fine, "synchronised", ""}}
}

// clockSynced asks the kernel whether a time service keeps the clock.
func clockSynced() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR
}

func checkPort(ctx context.Context, cfg config.Config) []finding {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.Listen)
	if err != nil {
		return []finding{{"port", warn, fmt.Sprintf("%s: %v", cfg.Server.Listen, err), "stop the program that has it, or set server.listen"}}
	}
	if err := ln.Close(); err != nil {
		return []finding{{"port", warn, err.Error(), ""}}
	}
	return []finding{{"port", fine, cfg.Server.Listen + " is free", ""}}
}

func checkSite(ctx context.Context, cfg config.Config) []finding {
	if cfg.Site == "" {
		return checkLivingSite(ctx, cfg)
	}
	site, err := policy.LoadSite(cfg.Site)
	if err != nil {
		return []finding{{"site", bad, err.Error(), "mend the lines named"}}
	}
	out := []finding{{"site", fine, cfg.Site, ""}}
	if site.Sample {
		out[0] = finding{"site", warn, cfg.Site + " is a sample", "replace what is made up before you use it on the public"}
	}
	now := time.Now()
	for _, z := range site.Zones {
		if z.Kind != policy.ZoneRecognition {
			continue
		}
		for _, r := range site.ZoneReadiness(z, now).Reasons {
			out = append(out, finding{"zone", warn, z.ID + ": " + r.Text, r.String()})
		}
	}
	return out
}

// cameraPatience is how long the doctor waits for a camera's first picture.
const cameraPatience = 8 * time.Second

func checkCameras(ctx context.Context, cfg config.Config) []finding {
	var out []finding
	for _, c := range cfg.Cameras {
		if c.Driver != "whip" {
			out = append(out, checkCamera(ctx, c))
		}
	}
	return out
}

func checkCamera(ctx context.Context, c config.Camera) finding {
	name := "camera " + c.ID
	spec, err := specOf(c)
	if err != nil {
		return finding{name, bad, err.Error(), ""}
	}
	ctx, cancel := context.WithTimeout(ctx, cameraPatience)
	defer cancel()
	src, err := ingestworker.Start(ctx, spec, ingestworker.Options{Log: zerolog.Nop()})
	if err != nil {
		return finding{name, bad, err.Error(), ""}
	}
	defer src.Close() //nolint:errcheck // only a test connection
	raw, err := src.Next(ctx)
	h := src.Health()
	if err != nil {
		why := h.Err
		if why == "" {
			why = "no picture within " + cameraPatience.String()
		}
		return finding{name, bad, why, fixes[ingest.Code(h.ErrCode)]}
	}
	size := raw.Size()
	raw.Release()
	return finding{name, fine, fmt.Sprintf("%s, %v", h.Codec, size), ""}
}

// fixes are what to try first for each kind of trouble with a camera.
var fixes = map[ingest.Code]string{
	ingest.CodeUnreachable:      "check address, cable and firewall; try the address in another player",
	ingest.CodeUnauthorized:     "check user and password in cameras[].url",
	ingest.CodeNotFound:         "check the path in cameras[].url against the camera's manual",
	ingest.CodeUnsupportedCodec: "set the camera to H.264 or H.265",
	ingest.CodeTimeout:          "try transport: tcp; check the network for loss",
}
