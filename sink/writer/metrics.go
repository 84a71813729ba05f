package writer

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what a writer tells. Labels are chains, partitions and reasons:
// bounded, and nothing about a person.
type metrics struct {
	w        *Writer
	stored   prometheus.Counter
	parked   *prometheus.CounterVec
	failures prometheus.Counter
	resets   prometheus.Counter
	broken   prometheus.Counter
	asked    prometheus.Counter
	repairs  prometheus.Counter
	answers  *prometheus.CounterVec
	inserts  prometheus.Histogram
	delay    prometheus.Histogram
	lag      *prometheus.GaugeVec

	up, last, missing, explained, pending, oldest *prometheus.Desc
}

func newMetrics(w *Writer, reg prometheus.Registerer) (*metrics, error) {
	name := func(s string) string { return "bystander_writer_" + s }
	counter := func(n, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name(n), Help: help})
	}
	m := &metrics{
		w:        w,
		stored:   counter("stored_events_total", "Events that the store has taken, duplicates included."),
		parked:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("parked_records_total"), Help: "Records put aside, by reason."}, []string{"reason"}),
		failures: counter("failures_total", "Attempts on the store or the bus that failed and are repeated."),
		resets:   counter("offset_resets_total", "Times that the bus no longer had the place to read on from."),
		broken:   counter("broken_links_total", "Signed events that do not follow the chain's last one: a forked history."),
		asked:    counter("replay_requests_total", "Requests for events that are missing."),
		repairs:  counter("store_repairs_total", "Times that the store was repaired after it ran out of room or could not read its data."),
		answers:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("replay_answers_total"), Help: "Answers of edges, by status; head: their word of how far the bus has taken their chain."}, []string{"status"}),
		inserts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name("insert_seconds"), Help: "Time to store a batch, repeats included.", Buckets: prometheus.ExponentialBuckets(0.01, 2, 14),
		}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name("event_delay_seconds"), Help: "Time from an event to its row, by the edge's clock and the writer's.", Buckets: prometheus.ExponentialBuckets(0.05, 2, 18),
		}),
		lag:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("lag_records"), Help: "Records on the bus that are not yet read or stored."}, []string{"partition"}),
		up:        prometheus.NewDesc(name("healthy"), "1 while store and bus answer.", nil, nil),
		last:      prometheus.NewDesc(name("chain_last_seq"), "Highest number stored.", []string{"chain"}, nil),
		pending:   prometheus.NewDesc(name("pending_events"), "Events that were read and are not stored.", nil, nil),
		oldest:    prometheus.NewDesc(name("pending_seconds"), "Since when the oldest of these was read.", nil, nil),
		missing:   prometheus.NewDesc(name("chain_missing_events"), "Numbers below it that are missing and not explained.", []string{"chain"}, nil),
		explained: prometheus.NewDesc(name("chain_explained_events"), "Numbers that the edge cannot send again, and has said why.", []string{"chain"}, nil),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m, m.stored, m.parked, m.failures, m.resets, m.broken, m.asked, m.repairs, m.answers, m.inserts, m.delay, m.lag} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("writer: metrics: %w", err)
		}
	}
	return m, nil
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.up, m.last, m.missing, m.explained, m.pending, m.oldest} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	up := 1.0
	if m.w.Status().Err != nil {
		up = 0
	}
	out <- prometheus.MustNewConstMetric(m.up, prometheus.GaugeValue, up)
	pending, oldest := m.w.pending()
	out <- prometheus.MustNewConstMetric(m.pending, prometheus.GaugeValue, float64(pending))
	out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, oldest.Seconds())
	for _, c := range m.w.Chains() {
		for d, v := range map[*prometheus.Desc]uint64{m.last: c.Last, m.missing: c.Missing, m.explained: c.Explained} {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), c.Chain)
		}
	}
}
