package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bystander/ingest"
	"bystander/internal/observe"
	"bystander/sink/record"
)

// queueMetrics tells of every queue between a camera and the store how much waits
// there, how much may, since when the oldest does, and what was given up; and
// what the stages before them may take. Labels are cameras, queues and stages.
type queueMetrics struct {
	e *edge

	depth, room, oldest, dropped *prometheus.Desc
	budget, whole                *prometheus.Desc
	logOldest                    *prometheus.Desc
	sent, bytes, requests        *prometheus.Desc
	parked, recorded, viewed     *prometheus.Desc
}

func newQueueMetrics(e *edge) *queueMetrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bystander_"+name, help, labels, nil)
	}
	return &queueMetrics{
		e:         e,
		depth:     d("queue_pictures", "Pictures that wait in a queue of the camera now.", "camera", "queue"),
		room:      d("queue_limit_pictures", "How many may wait there.", "camera", "queue"),
		oldest:    d("queue_oldest_seconds", "Since when the oldest of them waits.", "camera", "queue"),
		dropped:   d("queue_dropped_total", "Pictures that were given up there.", "camera", "queue"),
		budget:    d("stage_budget_seconds", "What a stage may take at the 95th percentile.", "camera", "stage"),
		whole:     d("picture_budget_seconds", "What the way from the last byte to viewers and recorder may take at the 95th percentile.", "camera"),
		logOldest: d("events_queue_oldest_seconds", "Since when the oldest event waits for the disk."),
		sent:      d("kafka_sent_events_total", "Events that the bus has taken."),
		bytes:     d("kafka_sent_bytes_total", "Bytes of these, before compression."),
		requests:  d("kafka_requests_total", "Requests that carried them."),
		parked:    d("kafka_parked_events_total", "Events that the bus can never take, put aside."),
		recorded:  d("record_packets_total", "Pictures written to recordings.", "camera"),
		viewed:    d("live_frames_total", "Pictures sent, counted for each viewer.", "camera"),
	}
}

// Describe implements prometheus.Collector.
func (m *queueMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.depth, m.room, m.oldest, m.dropped, m.budget, m.whole, m.logOldest, m.sent, m.bytes, m.requests, m.parked, m.recorded, m.viewed,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *queueMetrics) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for _, c := range m.e.fleet.all() {
		h := c.src.Health()
		m.camera(ch, c, h, now)
		m.budgets(ch, c, h)
	}
	if p := m.e.obs.events; p != nil {
		ch <- prometheus.MustNewConstMetric(m.logOldest, prometheus.GaugeValue, p.queue.State(now).Oldest.Seconds())
	}
	if b := m.e.bus; b != nil {
		st := b.sink.Stats()
		for d, v := range map[*prometheus.Desc]uint64{m.sent: st.Sent, m.bytes: st.Bytes, m.requests: st.Requests, m.parked: st.Parked} {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
		}
	}
}

func (m *queueMetrics) camera(ch chan<- prometheus.Metric, c *camera, h ingest.Health, now time.Time) {
	id := c.cfg.ID
	tell := func(queue string, s observe.QueueState) {
		ch <- prometheus.MustNewConstMetric(m.depth, prometheus.GaugeValue, float64(s.Depth), id, queue)
		ch <- prometheus.MustNewConstMetric(m.room, prometheus.GaugeValue, float64(s.Limit), id, queue)
		ch <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, s.Oldest.Seconds(), id, queue)
		ch <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(s.Dropped), id, queue)
	}
	tell("look", observe.QueueState{Depth: h.Waiting, Limit: h.Room, Oldest: h.Oldest, Dropped: h.Dropped})
	if p := c.pipe.passage; p != nil {
		tell("cover", p.toCover.State(now))
		tell("hold", p.held.State(now))
		tell("encode", p.toEncode.State(now))
	}
	v := c.view.Stats()
	tell("viewers", observe.QueueState{Depth: v.Queued, Limit: v.Room, Oldest: v.Oldest, Dropped: v.Dropped})
	ch <- prometheus.MustNewConstMetric(m.viewed, prometheus.CounterValue, float64(v.Frames), id)
	if s, ok := c.out.record.(*record.Stream); ok && s != nil {
		st := s.Stats()
		tell("record", st.Queue)
		ch <- prometheus.MustNewConstMetric(m.recorded, prometheus.CounterValue, float64(st.Packets), id)
	}
}

// budgets tells what the stages may take of a camera with its hold and rate.
func (m *queueMetrics) budgets(ch chan<- prometheus.Metric, c *camera, h ingest.Health) {
	var whole time.Duration
	for _, b := range observe.Budgets(c.hold, h.FPS) {
		ch <- prometheus.MustNewConstMetric(m.budget, prometheus.GaugeValue, b.Most.Seconds(), c.cfg.ID, b.Stage.String())
		if b.Stage != observe.Viewer {
			whole += b.Most
		}
	}
	ch <- prometheus.MustNewConstMetric(m.whole, prometheus.GaugeValue, whole.Seconds(), c.cfg.ID)
}
