package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"bystander/ingest"
	ingestworker "bystander/ingest/worker"
	"bystander/internal/config"
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

// Doctor looks at this machine and this installation and names a fix for each
// finding. It fails when a check does.
func Doctor(ctx context.Context, cfg config.Config, asJSON bool, out io.Writer) error {
	var all []finding
	for _, check := range []func(context.Context, config.Config) []finding{
		checkModels, checkMemory, checkDisk, checkClock, checkPort, checkKeys, checkSite, checkCameras,
	} {
		all = append(all, check(ctx, cfg)...)
	}
	sick := false
	for _, f := range all {
		sick = sick || f.Level == bad
	}
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

func tellFindings(out io.Writer, all []finding) {
	marks := map[level]string{fine: "ok  ", warn: "warn", bad: "FAIL"}
	for _, f := range all {
		fmt.Fprintf(out, "%s  %-10s  %s\n", marks[f.Level], f.Name, f.Text)
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

func checkMemory(context.Context, config.Config) []finding {
	var out []finding
	if b, err := os.ReadFile("/proc/swaps"); err == nil && strings.Count(string(b), "\n") > 1 {
		out = append(out, finding{"swap", warn, "swap is on: raw pictures could be written to disk", "swapoff -a, or use encrypted swap"})
	} else {
		out = append(out, finding{"swap", fine, "off", ""})
	}
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err == nil && l.Cur != 0 {
		out = append(out, finding{"core dumps", bad, "are on for this process", "report this: the program turns them off as it starts"})
	} else {
		out = append(out, finding{"core dumps", fine, "off for this program", ""})
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
		return []finding{{"port", warn, fmt.Sprintf("%s: %v", cfg.Server.Listen, err), "stop the program that has it, or set server.listen (fine if Bystander itself is running)"}}
	}
	if err := ln.Close(); err != nil {
		return []finding{{"port", warn, err.Error(), ""}}
	}
	return []finding{{"port", fine, cfg.Server.Listen + " is free", ""}}
}

func checkKeys(_ context.Context, cfg config.Config) []finding {
	if !exists(cfg.Keys) {
		return []finding{{"keys", fine, "none yet; they are made at the first start in " + cfg.Keys, ""}}
	}
	files, err := filepath.Glob(filepath.Join(cfg.Keys, "*"))
	if err != nil {
		return []finding{{"keys", bad, err.Error(), ""}}
	}
	for _, f := range files {
		info, err := os.Stat(f)
		public := strings.HasSuffix(f, ".pub") || strings.HasSuffix(f, ".vkey")
		if err == nil && !public && info.Mode().Perm()&0o077 != 0 {
			return []finding{{"keys", bad, f + " can be read by others", "chmod 600 " + f}}
		}
	}
	return []finding{{"keys", fine, fmt.Sprintf("%d files in %s, closed to others; keep a backup apart from the data", len(files), cfg.Keys), ""}}
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
