package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"bystander/eval/soak"
	"bystander/internal/logx"
)

// SoakOptions say how long the program is watched, and where its data lie.
type SoakOptions struct {
	For            time.Duration
	Every          time.Duration // between samples
	Data           string        // a folder; samples.csv and the program's own data go there
	Judge          string        // judge this file of samples instead of running
	JSON           bool
	Stdout, Stderr io.Writer
}

// soakReport is what a soak found.
type soakReport struct {
	Seconds  float64            `json:"seconds"`
	Samples  int                `json:"samples"`
	CSV      string             `json:"csv"`
	Flat     bool               `json:"flat"`
	Verdicts []soak.Verdict     `json:"verdicts"`
	Totals   map[string]float64 `json:"totals,omitempty"`
}

// errNotFlat is the outcome of a soak that found growth.
var errNotFlat = errors.New("soak: not flat; the table tells which figure grew, and the CSV how")

// soakBounds are how much each figure may grow over the judged two thirds of a
// run. Drops and full masks depend on what else the machine does: they are told
// and not judged.
var soakBounds = []soak.Bound{
	{Column: "main_rss_mib", Part: 0.05, Absolute: 8},
	{Column: "workers_rss_mib", Part: 0.05, Absolute: 8},
	{Column: "main_files", Absolute: 3},
	{Column: "worker_files", Absolute: 3},
	{Column: "goroutines", Absolute: 5},
	{Column: "delay_p95_ms", Part: 0.15, Absolute: 40},
	{Column: "leaks_per_1000", Absolute: 5, Mean: true},
}

// Soak runs this very program with eight small cameras, of which two come and
// go and one sends nonsense, samples it from outside, and judges whether its
// memory, file handles, goroutines, delay and leaks stayed flat.
func Soak(ctx context.Context, o SoakOptions) error {
	if o.Judge != "" {
		return o.judgeFile()
	}
	if o.Every < time.Second || o.For < 12*o.Every {
		return fmt.Errorf("%w: --for: %v is less than twelve samples, one every %v", ErrUsage, o.For, o.Every)
	}
	log, err := logx.New(o.Stderr, "error", "console")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return fmt.Errorf("%w: --data: %w", ErrUsage, err)
	}
	scene, err := startSoakScene(ctx, filepath.Join(o.Data, "clips"), log)
	if err != nil {
		return err
	}
	defer scene.close()
	p, err := o.start(ctx, scene)
	if err != nil {
		return err
	}
	series, err := o.sample(ctx, p, log)
	if err := errors.Join(err, p.stop()); err != nil {
		return err
	}
	return o.report(series, p.last)
}

func (o SoakOptions) csvPath() string { return filepath.Join(o.Data, "samples.csv") }

// start runs the program under test as its users do.
func (o SoakOptions) start(ctx context.Context, scene *soakScene) (*soaked, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.Data, "soak.yml")
	if err := os.WriteFile(path, scene.config(addr), 0o600); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	logs, err := os.Create(filepath.Join(o.Data, "run.log"))
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	cmd := exec.Command(exe, "run", "--config", path) //nolint:gosec,noctx // this program; stop ends it in good order
	cmd.Stdout, cmd.Stderr = logs, logs
	// An interrupt at the terminal is for the soak alone, which then stops it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("soak: %w", err), logs.Close())
	}
	p := &soaked{cmd: cmd, log: logs, url: "http://" + addr + "/metrics", steady: scene.steady, done: make(chan struct{})}
	go p.wait() // waited for by stop
	return p, nil
}

func freeAddr(ctx context.Context) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("soak: %w", err)
	}
	return ln.Addr().String(), ln.Close()
}

// sample takes samples until the time is over, ctx ends or the program does.
func (o SoakOptions) sample(ctx context.Context, p *soaked, log zerolog.Logger) (*soak.Series, error) {
	f, err := os.Create(o.csvPath())
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	defer f.Close() //nolint:errcheck // each line was written and checked
	w, err := soak.NewWriter(f, soakColumns)
	if err != nil {
		return nil, err
	}
	s := &soak.Series{Columns: soakColumns}
	bar := newProgress(o.Stderr, "soaking")
	defer bar.close()
	begun := time.Now()
	t := time.NewTicker(o.Every)
	defer t.Stop()
	for time.Since(begun) < o.For {
		select {
		case <-t.C:
		case <-p.done:
			return nil, fmt.Errorf("soak: the program ended by itself after %v: %w; see %s",
				time.Since(begun).Round(time.Second), p.err, p.log.Name())
		case <-ctx.Done():
			return s, nil // judged as far as it came
		}
		row, err := p.sample(ctx, time.Since(begun))
		if err != nil {
			log.Warn().Err(err).Msg("a sample is missing") // a busy machine answers late
			continue
		}
		if err := errors.Join(s.Add(row), w.Write(row)); err != nil {
			return nil, err
		}
		bar.update(int64(time.Since(begun).Seconds()), int64(o.For.Seconds()))
	}
	return s, nil
}

func (o SoakOptions) judgeFile() error {
	f, err := os.Open(o.Judge)
	if err != nil {
		return fmt.Errorf("%w: --judge: %w", ErrUsage, err)
	}
	defer f.Close() //nolint:errcheck // only read
	s, err := soak.Read(f)
	if err != nil {
		return err
	}
	o.Data = filepath.Dir(o.Judge)
	return o.report(s, nil)
}

func (o SoakOptions) report(s *soak.Series, totals map[string]float64) error {
	v, err := soak.Judge(s, soakBounds)
	if err != nil {
		return err
	}
	r := soakReport{
		Seconds: s.Rows[len(s.Rows)-1][0], Samples: len(s.Rows), CSV: o.csvPath(), Flat: true, Verdicts: v, Totals: totals,
	}
	if o.Judge != "" {
		r.CSV = o.Judge
	}
	for _, x := range v {
		r.Flat = r.Flat && x.Flat
	}
	if o.JSON {
		err = json.NewEncoder(o.Stdout).Encode(r)
	} else {
		err = r.print(o.Stdout)
	}
	if err == nil && !r.Flat {
		err = errNotFlat
	}
	return err
}

func (r soakReport) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d samples over %.0f s; judged from the first third on\n", r.Samples, r.Seconds)
	fmt.Fprintf(&b, "%-17s %10s %12s %12s %12s %10s %10s\n", "", "median", "first sixth", "last sixth", "an hour", "growth", "allowed")
	for _, v := range r.Verdicts {
		word := "flat"
		if !v.Flat {
			word = "GROWS"
		}
		fmt.Fprintf(&b, "%-17s %10.2f %12.2f %12.2f %+12.3f %10.2f %10.2f  %s\n",
			v.Column, v.Median, v.First, v.Last, v.SlopePerHour, v.Growth, v.Allowed, word)
	}
	for _, k := range soakTotals {
		if t, ok := r.Totals[k.name]; ok {
			fmt.Fprintf(&b, "%-44s %12.0f\n", k.text, t)
		}
	}
	fmt.Fprintf(&b, "samples: %s\n", r.CSV)
	_, err := io.WriteString(w, b.String())
	return err
}
