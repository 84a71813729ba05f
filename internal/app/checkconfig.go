package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bystander/internal/config"
	"bystander/match"
	"bystander/policy"
)

// CheckConfig checks a configuration file and the site file that it names, and
// tells what keeps its zones and scenes from being live.
func CheckConfig(_ context.Context, path string, env []string, out io.Writer) error {
	cfg, err := config.Load(path, env)
	err = errors.Join(err, checkShared(cfg))
	var site *policy.Site
	if cfg.Site != "" {
		var serr error
		site, serr = policy.LoadSite(cfg.Site)
		if serr == nil {
			serr = match.CheckThresholds(site, match.Calibration0095(), match.DefaultRules(), nil)
		}
		err = errors.Join(err, serr)
	}
	if err != nil {
		return fmt.Errorf("%w:\n%w", ErrUsage, err)
	}
	fmt.Fprintf(out, "%s: good; %d cameras\n", path, len(cfg.Cameras))
	if site == nil {
		fmt.Fprintln(out, "no site file: nothing is compared and everybody is masked")
		return nil
	}
	fmt.Fprintf(out, "%s: good\n", cfg.Site)
	if site.Sample {
		fmt.Fprintln(out, "  it is a sample; do not use it on the public")
	}
	now := time.Now()
	for _, sc := range site.Scenes {
		tell(out, "scene "+sc.ID, site.SceneReadiness(sc, now).Reasons)
	}
	for _, z := range site.Zones {
		if z.Kind == policy.ZoneRecognition {
			tell(out, "zone "+z.ID, site.ZoneReadiness(z, now).Reasons)
		}
	}
	return nil
}

func tell(out io.Writer, what string, reasons []policy.Reason) {
	if len(reasons) == 0 {
		fmt.Fprintf(out, "  %s: ready\n", what)
		return
	}
	fmt.Fprintf(out, "  %s: nobody is recognised here, because\n", what)
	for _, r := range reasons {
		fmt.Fprintf(out, "    %s: %s\n", r, r.Text)
	}
}
