package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"bystander/detect/liveness"
	"bystander/eval/pad"
	"bystander/internal/config"
	"bystander/internal/logx"
)

// PADOptions say what presentation-attack detection is tested on.
type PADOptions struct {
	BonaFide []string
	Attacks  []string // SPECIES=DIR
	Simulate bool
	Most     int
	JSON     bool
	Stdout   io.Writer
	Stderr   io.Writer
}

// EvalPAD measures APCER for each attack species and BPCER, of what is given.
func EvalPAD(ctx context.Context, o PADOptions) error {
	cfg := config.Default()
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	eyes, err := openEyes(ctx, cfg, 1, log)
	if err != nil {
		return err
	}
	defer eyes.close() //nolint:errcheck // nothing depends on it at the end
	if err := eyes.canEnrol(); err != nil {
		return err
	}
	live, err := openLiveness(ctx, cfg, log)
	if err != nil {
		return err
	}
	if live == nil {
		return errors.New("the liveness model is missing; run: bystander models pull")
	}
	defer live.Close() //nolint:errcheck // likewise
	attacks := map[string][]string{}
	for _, a := range o.Attacks {
		species, dir, ok := strings.Cut(a, "=")
		if !ok || species == "" || dir == "" {
			return fmt.Errorf("%w: --attack: %q should be SPECIES=DIR", ErrUsage, a)
		}
		attacks[species] = append(attacks[species], dir)
	}
	r, err := pad.Measure(ctx, photoDetector{eyes.faces}, live, pad.Options{
		BonaFide: o.BonaFide, Attacks: attacks, Simulate: o.Simulate, Most: o.Most, TooSmall: liveness.ErrFace,
	})
	if errors.Is(err, pad.ErrNothing) {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err != nil {
		return err
	}
	r.Model, r.SHA256 = live.Info().Name, live.Info().Digest
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(r)
	}
	return r.Write(o.Stdout)
}
