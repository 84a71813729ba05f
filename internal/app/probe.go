package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// probeTimeout ends a probe that a hostile file has caught.
const probeTimeout = 20 * time.Second

// probeInfo is what is told of a recording before it is read.
type probeInfo struct {
	Codec    string         `json:"codec"`
	Width    int            `json:"width"`
	Height   int            `json:"height"`
	Frames   int64          `json:"frames"` // 0 when unknown
	Rate     frame.Rational `json:"rate"`
	HasAudio bool           `json:"has_audio"`
}

// ProbeSubcommand is the hidden argument with which the program looks at a
// file's headers and nothing else.
const ProbeSubcommand = "probe"

// probe asks a child process about a file: strangers' bytes are not parsed
// beside keys and galleries.
func probe(ctx context.Context, path string) (probeInfo, error) {
	var info probeInfo
	exe, err := os.Executable()
	if err != nil {
		return info, fmt.Errorf("probe: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, ProbeSubcommand, path)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if said := strings.TrimSpace(strings.TrimPrefix(errs.String(), "bystander: ")); said != "" {
			return info, errors.New(said)
		}
		return info, fmt.Errorf("probe %s: %w", path, err)
	}
	if err := json.Unmarshal(out.Bytes(), &info); err != nil {
		return info, fmt.Errorf("probe %s: %w", path, err)
	}
	return info, nil
}

// Probe writes what a file's headers say as JSON.
func Probe(path string, w io.Writer) error {
	d, err := av.OpenFile(path)
	if err != nil {
		return err
	}
	defer d.Close()
	i := d.Info()
	rate := i.AvgRate
	if !rate.Valid() {
		rate = i.RealRate
	}
	return json.NewEncoder(w).Encode(probeInfo{
		Codec: string(i.Codec), Width: i.Size.W, Height: i.Size.H,
		Frames: i.Frames, Rate: rate, HasAudio: i.HasAudio,
	})
}
