package app

import (
	"github.com/prometheus/client_golang/prometheus"
)

// loadMetrics tells what cameras cost, where they stand on the ladder, and how
// the models' devices do. No label says anything about a person.
type loadMetrics struct {
	e *edge

	rung, thinned, cores, spent   *prometheus.Desc
	busy, used, most              *prometheus.Desc
	provider, up, losses, waiting *prometheus.Desc
	requests, runs, late, failed  *prometheus.Desc
	filled, waited, ran           *prometheus.Desc
}

func newLoadMetrics(e *edge) *loadMetrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bystander_"+name, help, labels, nil)
	}
	device := []string{"role", "device"}
	return &loadMetrics{
		e:        e,
		rung:     d("capacity_rung", "Where the camera stands on the ladder of quality; 0 is full.", "camera"),
		thinned:  d("capacity_thinned_frames_total", "Pictures left out on lower rungs.", "camera"),
		cores:    d("capacity_camera_cores", "Processor cores that the camera takes.", "camera"),
		spent:    d("capacity_stage_seconds_total", "Processor time that a stage took for the camera, without its worker.", "camera", "stage"),
		busy:     d("capacity_machine_busy_ratio", "Part of the machine's processor time in use, whoever uses it."),
		used:     d("capacity_cameras_cores", "Cores that all cameras take at full quality."),
		most:     d("capacity_room_cores", "Cores that there are for cameras."),
		provider: d("detect_provider_info", "The execution provider that a model was loaded on, and why none before it; always 1.", "role", "provider", "reason"),
		up:       d("detect_device_up", "1 while the device runs the model.", device...),
		losses:   d("detect_device_losses_total", "Times that the device was lost.", device...),
		waiting:  d("detect_queue_requests", "Pictures that wait for the device now.", device...),
		requests: d("detect_requests_total", "Pictures that the device answered.", device...),
		runs:     d("detect_runs_total", "Runs of the model.", device...),
		late:     d("detect_late_total", "Pictures that were not answered in time, and covered.", device...),
		failed:   d("detect_failed_total", "Pictures answered with an error, and covered.", device...),
		filled:   d("detect_padding_total", "Places in runs that no picture took.", device...),
		waited:   d("detect_wait_seconds_total", "Time that pictures waited for their run.", device...),
		ran:      d("detect_run_seconds_total", "Time that runs took.", device...),
	}
}

// Describe implements prometheus.Collector.
func (m *loadMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.rung, m.thinned, m.cores, m.spent, m.busy, m.used, m.most, m.provider, m.up, m.losses,
		m.waiting, m.requests, m.runs, m.late, m.failed, m.filled, m.waited, m.ran,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *loadMetrics) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := m.e.steer
	s.mu.Lock()
	for id, r := range s.by {
		gauge(m.rung, float64(r.rung.Load()), id)
		counter(m.thinned, float64(r.thin.Load()), id)
		gauge(m.cores, r.cores, id)
		for i := range stages {
			counter(m.spent, r.clock.total(i).Seconds(), id, stageNames[i])
		}
	}
	gauge(m.busy, s.busy)
	s.mu.Unlock()
	used, most := s.room.Sum()
	gauge(m.used, used)
	gauge(m.most, most)
	for _, g := range m.e.eyes.running() {
		c := g.Choice()
		gauge(m.provider, 1, g.role, string(c.Provider), c.String())
		for _, d := range g.Devices() {
			gauge(m.up, oneIf(d.Up), g.role, d.Device)
			counter(m.losses, float64(d.Losses), g.role, d.Device)
			gauge(m.waiting, float64(d.Stats.Waiting), g.role, d.Device)
			counter(m.requests, float64(d.Stats.Requests), g.role, d.Device)
			counter(m.runs, float64(d.Stats.Runs), g.role, d.Device)
			counter(m.late, float64(d.Stats.Late), g.role, d.Device)
			counter(m.failed, float64(d.Stats.Failed), g.role, d.Device)
			counter(m.filled, float64(d.Stats.Filled), g.role, d.Device)
			counter(m.waited, d.Stats.Waited.Seconds(), g.role, d.Device)
			counter(m.ran, d.Stats.Running.Seconds(), g.role, d.Device)
		}
	}
}
