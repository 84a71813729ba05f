package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests by route, so that the labels stay bounded.
type metrics struct {
	took    *prometheus.HistogramVec
	streams prometheus.Gauge
	denied  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "bystander_api_request_duration_seconds",
			Help:    "Time to answer a request, by route, method and status.",
			Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10},
		}, []string{"route", "method", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bystander_api_streams", Help: "Readers of the event stream now.",
		}),
		denied: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bystander_api_access_record_failures_total",
			Help: "Requests refused because their access record could not be written.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.took), reg.Register(m.streams), reg.Register(m.denied))
}

func (m *metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT":
	default:
		method = "other" // a client may invent methods; labels stay bounded
	}
	m.took.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) accessFailed() { m.denied.Inc() }
