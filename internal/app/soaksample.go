package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// soakColumns are what each sample holds. Delay, leaks, drops and full masks are
// of the cameras that stay; leaks are faces that the independent judge found, by
// a thousand pictures that it looked at.
var soakColumns = []string{
	"seconds", "main_rss_mib", "workers_rss_mib", "main_files", "worker_files", "workers", "goroutines", "heap_mib",
	"delay_p50_ms", "delay_p95_ms", "leaks_per_1000", "pictures_per_s", "drops_per_min", "full_masks_per_min",
	"connected", "cores", "load",
}

// soakTotals are sums at the end, of all cameras.
var soakTotals = []struct{ name, text string }{
	{"bystander_redact_frames_total", "pictures that left"},
	{"bystander_redact_full_mask_frames_total", "of them masked as a whole"},
	{"bystander_ingest_dropped_frames_total", "pictures dropped"},
	{"bystander_ingest_corrupt_total", "damaged packets or pictures left out"},
	{"bystander_ingest_reconnects_total", "connections made anew"},
	{"bystander_ingest_worker_restarts_total", "workers replaced"},
	{"bystander_selfcheck_checks_total", "redacted pictures judged"},
	{"bystander_selfcheck_hits_total", "faces found in them"},
}

// soaked is the program that is watched.
type soaked struct {
	cmd    *exec.Cmd
	log    *os.File
	url    string
	steady []string
	done   chan struct{}
	err    error // valid once done is closed

	last   map[string]float64 // totals at the last sample
	before soakCounts
	cpu    float64 // seconds of the program and its workers, at the last sample
	at     time.Time
}

// soakCounts are the steady cameras' counters.
type soakCounts struct{ pictures, drops, full, checks, hits float64 }

func (p *soaked) wait() {
	p.err = p.cmd.Wait()
	close(p.done)
}

// stop ends the program in good order, and hard after a while.
func (p *soaked) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		return errors.Join(errors.New("soak: the program had to be killed"), p.log.Close())
	}
	if p.err != nil {
		p.err = fmt.Errorf("soak: the program ended with %w; see %s", p.err, p.log.Name())
	}
	return errors.Join(p.err, p.log.Close())
}

// sample looks at the program once.
func (p *soaked) sample(ctx context.Context, since time.Duration) ([]float64, error) {
	m, err := p.scrape(ctx)
	if err != nil {
		return nil, err
	}
	pid := p.cmd.Process.Pid
	main, err := procFigures(pid)
	if err != nil {
		return nil, err
	}
	var workers procFigure
	count := 0
	cpu := main.cpu + main.childCPU
	for _, c := range children(pid) {
		f, err := procFigures(c)
		if err != nil {
			continue // it has ended since
		}
		count++
		cpu += f.cpu
		workers.rss, workers.files = workers.rss+f.rss, max(workers.files, f.files)
	}
	c := soakCounts{
		pictures: m.sum("bystander_redact_frames_total", p.steady), drops: m.sum("bystander_ingest_dropped_frames_total", p.steady),
		full:   m.sum("bystander_redact_full_mask_frames_total", p.steady),
		checks: m.sum("bystander_selfcheck_checks_total", p.steady), hits: m.sum("bystander_selfcheck_hits_total", p.steady),
	}
	now := time.Now()
	span := now.Sub(p.at).Seconds()
	if p.at.IsZero() {
		span = math.NaN()
	}
	p50, p95 := m.delays(p.steady)
	row := []float64{
		since.Seconds(), main.rss, workers.rss, main.files, workers.files, float64(count),
		m.get("go_goroutines"), m.get("go_memstats_heap_inuse_bytes") / (1 << 20), p50, p95,
		1000 * (c.hits - p.before.hits) / (c.checks - p.before.checks), // NaN where nothing was judged
		(c.pictures - p.before.pictures) / span, 60 * (c.drops - p.before.drops) / span, 60 * (c.full - p.before.full) / span,
		m.sum("bystander_ingest_connected", nil), (cpu - p.cpu) / span, loadAverage(),
	}
	p.before, p.cpu, p.at = c, cpu, now
	p.last = map[string]float64{}
	for _, t := range soakTotals {
		p.last[t.name] = m.sum(t.name, nil)
	}
	return row, nil
}

// scraped are lines of /metrics: the name with its labels, and the value.
type scraped map[string]float64

func (p *soaked) scrape(ctx context.Context) (scraped, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	r, err := http.DefaultClient.Do(req) //nolint:gosec // our own program on this machine
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	defer r.Body.Close() //nolint:errcheck // only read
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("soak: /metrics answered %s", r.Status)
	}
	return parseMetrics(r.Body)
}

// parseMetrics reads the text format of Prometheus as far as this program writes
// it: no time stamps, no spaces in labels.
func parseMetrics(r io.Reader) (scraped, error) {
	m := scraped{}
	in := bufio.NewScanner(r)
	for in.Scan() {
		name, value, ok := strings.Cut(in.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	return m, in.Err()
}

func (m scraped) get(name string) float64 {
	if v, ok := m[name]; ok {
		return v
	}
	return math.NaN()
}

// sum adds a figure up over cameras; over all when none is named.
func (m scraped) sum(name string, cameras []string) (sum float64) {
	if cameras == nil {
		for k, v := range m {
			if strings.HasPrefix(k, name+"{") {
				sum += v
			}
		}
		return sum
	}
	for _, c := range cameras {
		sum += m[fmt.Sprintf("%s{camera=%q}", name, c)]
	}
	return sum
}

// delays are medians over cameras, in milliseconds.
func (m scraped) delays(cameras []string) (p50, p95 float64) {
	var a, b []float64
	for _, c := range cameras {
		for q, to := range map[string]*[]float64{"0.5": &a, "0.95": &b} {
			if v, ok := m[fmt.Sprintf("bystander_pipeline_delay_seconds{camera=%q,quantile=%q}", c, q)]; ok && v > 0 {
				*to = append(*to, 1000*v)
			}
		}
	}
	if len(a) == 0 || len(b) == 0 {
		return math.NaN(), math.NaN()
	}
	return median(a), median(b)
}

// procFigure is what the kernel tells of a process.
type procFigure struct {
	rss           float64 // MiB
	files         float64
	cpu, childCPU float64 // seconds
}

// clockTicks a second are what /proc counts processor time in (USER_HZ, which
// Linux shows as 100 on every architecture).
const clockTicks = 100

func procFigures(pid int) (f procFigure, err error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return f, fmt.Errorf("soak: %w", err)
	}
	f.files = float64(len(files))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return f, fmt.Errorf("soak: %w", err)
	}
	// The name in brackets may hold anything; what follows are numbers.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 22 {
		return f, fmt.Errorf("soak: /proc/%d/stat has %d fields", pid, len(fields))
	}
	num := func(i int) float64 {
		v, _ := strconv.ParseFloat(fields[i], 64) //nolint:errcheck // the kernel writes numbers
		return v
	}
	f.cpu, f.childCPU = (num(11)+num(12))/clockTicks, (num(13)+num(14))/clockTicks
	f.rss = num(21) * float64(os.Getpagesize()) / (1 << 20)
	return f, nil
}

// children are the process's own children.
func children(pid int) []int {
	var out []int
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		b, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// loadAverage is the machine's over the last minute, for whoever reads the
// samples: drops and delay depend on it.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return math.NaN()
	}
	f, _, _ := strings.Cut(string(b), " ")
	v, err := strconv.ParseFloat(f, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
