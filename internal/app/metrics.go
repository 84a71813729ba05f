package app

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"bystander/ingest"
)

// metric is one number that each camera tells; NaN is not told, as long as it is
// not known.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(c *camera, h ingest.Health, n counts) float64
}

func counterOf(name, help string, read func(*camera, ingest.Health, counts) float64) metric {
	return metric{prometheus.NewDesc("bystander_"+name, help, []string{"camera"}, nil), prometheus.CounterValue, read}
}

func gaugeOf(name, help string, read func(*camera, ingest.Health, counts) float64) metric {
	return metric{prometheus.NewDesc("bystander_"+name, help, []string{"camera"}, nil), prometheus.GaugeValue, read}
}

// cameraMetrics reads the cameras' counters when they are scraped. No label
// says anything about a person.
type cameraMetrics struct {
	e       *edge
	metrics []metric
	delay   *prometheus.Desc
	stored  *prometheus.Desc
}

func newCameraMetrics(e *edge) *cameraMetrics {
	m := &cameraMetrics{
		e: e,
		delay: prometheus.NewDesc("bystander_pipeline_delay_seconds",
			"Time from a picture's arrival to its redacted form, over the newest pictures.", []string{"camera", "quantile"}, nil),
		stored: prometheus.NewDesc("bystander_events_spooled_total", "Events made durable since the start.", nil, nil),
		metrics: []metric{
			gaugeOf("ingest_connected", "1 while pictures arrive.", func(_ *camera, h ingest.Health, _ counts) float64 {
				return oneIf(h.State == ingest.StateConnected)
			}),
			counterOf("ingest_frames_total", "Pictures taken from the camera.", func(_ *camera, h ingest.Health, _ counts) float64 { return float64(h.Frames) }),
			counterOf("ingest_dropped_frames_total", "Pictures that nobody took in time.", func(_ *camera, h ingest.Health, _ counts) float64 { return float64(h.Dropped) }),
			counterOf("ingest_corrupt_total", "Packets or pictures that could not be decoded.", func(_ *camera, h ingest.Health, _ counts) float64 { return float64(h.Corrupt) }),
			counterOf("ingest_reconnects_total", "Connections made anew.", func(_ *camera, h ingest.Health, _ counts) float64 { return float64(h.Reconnect) }),
			counterOf("ingest_worker_restarts_total", "Restarts of the camera's worker.", func(_ *camera, h ingest.Health, _ counts) float64 { return float64(h.Restarts) }),
			gaugeOf("ingest_worker_landlock", "Version of the kernel's Landlock that holds the camera's worker; 0 for none.", func(_ *camera, h ingest.Health, _ counts) float64 {
				if h.Confined == nil {
					return math.NaN()
				}
				return float64(h.Confined.Landlock)
			}),
			gaugeOf("ingest_worker_seccomp", "1 while the system calls of the camera's worker are filtered.", func(_ *camera, h ingest.Health, _ counts) float64 {
				if h.Confined == nil {
					return math.NaN()
				}
				return oneIf(h.Confined.Seccomp)
			}),
			counterOf("detect_looks_total", "Pictures that a detector looked at.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Looks) }),
			counterOf("detect_tracks_total", "Face tracks begun.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Tracks) }),
			counterOf("redact_frames_total", "Pictures that left, redacted.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Out) }),
			counterOf("redact_full_mask_frames_total", "Pictures that left fully masked.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Full) }),
			counterOf("redact_withheld_frames_total", "Pictures that could not be covered and never left.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Lost) }),
			counterOf("redact_masked_faces_total", "Faces masked, counted on each picture.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Masked) }),
			counterOf("redact_clear_faces_total", "Faces shown under a consent, counted on each picture.", func(_ *camera, _ ingest.Health, n counts) float64 { return float64(n.Clear) }),
			counterOf("redact_masked_area_pictures_total", "Masked area, in whole pictures.", func(_ *camera, _ ingest.Health, n counts) float64 { return n.Area }),
			counterOf("encode_errors_total", "Pictures that could not be encoded or handed on.", func(c *camera, _ ingest.Health, _ counts) float64 { return float64(c.out.failures.Load()) }),
			counterOf("selfcheck_checks_total", "Redacted pictures that the independent judge looked at.", func(c *camera, _ ingest.Health, _ counts) float64 { return float64(c.check.counted().Checks) }),
			counterOf("selfcheck_hits_total", "Faces that the judge found there and that nobody's consent explains.", func(c *camera, _ ingest.Health, _ counts) float64 { return float64(c.check.counted().Hits) }),
			gaugeOf("live_viewers", "Viewers now.", func(c *camera, _ ingest.Health, _ counts) float64 {
				return float64(c.view.Stats().Viewers)
			}),
		},
	}
	return m
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe implements prometheus.Collector.
func (m *cameraMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, x := range m.metrics {
		ch <- x.desc
	}
	ch <- m.delay
	ch <- m.stored
}

// Collect implements prometheus.Collector.
func (m *cameraMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.e.fleet.all() {
		id := c.cfg.ID
		h, n := c.src.Health(), c.stats.totals()
		for _, x := range m.metrics {
			if v := x.read(c, h, n); !math.IsNaN(v) {
				ch <- prometheus.MustNewConstMetric(x.desc, x.kind, v, id)
			}
		}
		for i, q := range c.stats.delays.quantiles(0.5, 0.95) {
			ch <- prometheus.MustNewConstMetric(m.delay, prometheus.GaugeValue, q.Seconds(), id, []string{"0.5", "0.95"}[i])
		}
	}
	ch <- prometheus.MustNewConstMetric(m.stored, prometheus.CounterValue, float64(m.e.ledger.stored.Load()))
}

func (e *edge) registerMetrics() {
	e.reg.MustRegister(newCameraMetrics(e), newLoadMetrics(e), newStateMetrics(e), newQueueMetrics(e), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
