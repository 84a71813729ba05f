package match

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

// String gives a rate as it is read aloud: value, bounds, count.
func (r Rate) String() string {
	if math.IsNaN(r.Value) {
		return "no trials"
	}
	return fmt.Sprintf("%s (95 %%: %s to %s; %d of %d)", percent(r.Value), percent(r.Low), percent(r.High), r.Errors, r.Trials)
}

func percent(v float64) string {
	switch {
	case v == 0 || v >= 0.1:
		return fmt.Sprintf("%.1f %%", 100*v)
	case v >= 0.001:
		return fmt.Sprintf("%.2f %%", 100*v)
	}
	return fmt.Sprintf("%.2g %%", 100*v)
}

// WriteText writes the report for people to read.
func (r *Report) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	p := func(format string, a ...any) { fmt.Fprintf(b, format+"\n", a...) }
	p("%s: %d pictures of %d people, model %.12s", r.Set, r.Pictures, r.People, r.Model)
	p("no face found: %v", r.NoFace)
	p("thresholds: %s", r.Calibration)
	if r.SameSet {
		p("  They were measured on this very set: see the crossed figures for people that a threshold was not fitted to.")
	}
	if k := r.Pairs; k != nil {
		p("\npairs, at %.3f", k.Threshold)
		p("  accuracy %.2f %%; wrong %v", 100*k.Accuracy, k.Wrong)
		p("  FMR  %v", k.FMR)
		p("  FNMR %v", k.FNMR)
	}
	if c := r.Closed; c != nil {
		p("\nclosed set, %d people", c.Enrolled)
		p("  not first        %v", c.Rank1)
		p("  not in the first five %v", c.Rank5)
	}
	if r.Open != nil {
		r.Open.text(p)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("eval match: %w", err)
	}
	return nil
}

func (o *Open) text(p func(string, ...any)) {
	p("\nopen set: %d enrolled people by %d templates (%d could not be), %d searches of them, %d searches of %d strangers",
		o.Enrolled, o.Templates, o.Failed, o.Probes, o.Searches, o.Strangers)
	for _, k := range o.Points {
		p("  FPIR %s", percent(k.FPIR))
		if k.Calibrated == nil {
			p("    calibrated: none; %s", k.Reason)
		} else {
			name := "calibrated"
			if k.Calibrated.Extrapolated {
				name = "calibrated, beyond the measured tail"
			}
			o.atText(p, name, *k.Calibrated)
		}
		o.atText(p, "with hindsight", k.Measured)
	}
	p("  what calibrated thresholds promise and what was measured, by gallery")
	for _, s := range o.Sizes {
		p("    %4d people, FPIR %s stated, τ %.3f: %v", s.People, percent(s.Stated), s.Threshold, s.FPIR)
	}
	p("  crossed: fitted to one half of the people, measured on the other")
	for _, c := range o.Cross {
		if c.Reason != "" {
			p("    FPIR %s stated: none; %s", percent(c.Stated), c.Reason)
			continue
		}
		p("    FPIR %s stated, %d people, τ up to %.3f: FPIR %v, FNIR %v", percent(c.Stated), c.Enrolled, c.Threshold, c.FPIR, c.FNIR)
	}
	if len(o.Strata) > 0 {
		p("  strata, at τ %.3f", o.Strata[0].Threshold)
	}
	for _, l := range o.Strata {
		p("    %s, %s: FNIR %v, FPIR %v", l.Label, l.Value, l.FNIR, l.FPIR)
	}
}

func (o *Open) atText(p func(string, ...any), name string, a At) {
	p("    %s, τ %.3f", name, a.Threshold)
	p("      FNIR %v, FPIR %v", a.FNIR, a.FPIR)
	p("      with a margin of %.2f: FNIR %v, FPIR %v", o.Margin, a.FNIRLive, a.FPIRLive)
	p("      taken for somebody else enrolled: %v, with the margin %v", a.Mistaken, a.MistakenLive)
}
