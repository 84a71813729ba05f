package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"bystander/internal/capacity"
	"bystander/internal/config"
)

// PlanOptions say what is planned.
type PlanOptions struct {
	Demand         capacity.Demand
	Profile        string
	Units          string // file of unit costs; empty for those shipped
	Measure        string // file to write this machine's own to; empty for none
	JSON           bool
	Stdout, Stderr io.Writer
}

// Plan prints what a deployment takes.
func Plan(ctx context.Context, o PlanOptions) error {
	d := o.Demand
	var err error
	if d.Profile, err = capacity.ProfileNamed(o.Profile); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	// A deployment runs with the settings that hold where nothing else is said.
	cfg := config.Default()
	d.FaceEvery, d.PersonEvery, d.Hold = cfg.Detect.FaceEvery, cfg.Detect.PersonEvery, cfg.Redact.Hold
	if err := d.Check(); err != nil {
		return fmt.Errorf("%w:\n%w", ErrUsage, err)
	}
	units, err := planUnits(ctx, o)
	if err != nil {
		return err
	}
	p, err := capacity.Make(d, units)
	if err != nil {
		return fmt.Errorf("%w:\n%w", ErrUsage, err)
	}
	if o.JSON {
		return json.NewEncoder(o.Stdout).Encode(struct {
			capacity.Plan
			Table capacity.Units `json:"units"`
		}{p, units})
	}
	return printPlan(o.Stdout, p, units)
}

func planUnits(ctx context.Context, o PlanOptions) (capacity.Units, error) {
	units, err := capacity.Shipped()
	if o.Units != "" {
		b, rerr := os.ReadFile(o.Units)
		if rerr != nil {
			return units, fmt.Errorf("%w: --units: %w", ErrUsage, rerr)
		}
		units, err = capacity.ParseUnits(o.Units, b)
	}
	if err != nil || o.Measure == "" {
		return units, err
	}
	if units, err = measureUnits(ctx, units, o.Stderr); err != nil {
		return units, err
	}
	b, err := units.YAML()
	if err != nil {
		return units, err
	}
	if err := os.WriteFile(o.Measure, b, 0o644); err != nil { //nolint:gosec // nothing secret
		return units, fmt.Errorf("--measure: %w", err)
	}
	return units, nil
}

func printPlan(out io.Writer, p capacity.Plan, u capacity.Units) error {
	d := p.Demand
	fmt.Fprintf(out, "%d cameras of %d×%d at %v a second, %s (%s)\n", d.Cameras, d.Width, d.Height, d.FPS, d.Profile.Name, d.Profile.Help)
	fmt.Fprintf(out, "unit costs of %s, measured on: %s\n\n", u.Version, u.Machine)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	estimates := false
	for _, l := range p.Lines {
		mark := ""
		if l.Estimate {
			mark, estimates = "~", true
		}
		fmt.Fprintf(w, "%s\t%s%s %s\t%s\n", l.Name, mark, figure(l.Value), l.Unit, l.From)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if estimates {
		fmt.Fprintln(out, "\n~ rests on an estimate, at least in part:")
		for _, x := range u.Units {
			if !x.Measured && (d.GPU || x.Name != capacity.GPULooks) {
				fmt.Fprintf(out, "  %s: %s %s; %s\n", x.Name, figure(x.Value), x.Per, x.How)
			}
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintf(out, "\n%s\n", n)
	}
	return nil
}

// figure prints three significant digits, and whole numbers as they are.
func figure(v float64) string {
	if v == float64(int64(v)) {
		return strconv.FormatInt(int64(v), 10)
	}
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
