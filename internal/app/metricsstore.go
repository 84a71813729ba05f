package app

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// storeAsked is how long a scrape waits for the control's store.
const storeAsked = 2 * time.Second

// storeMetrics tells whether the control's store answers, and which duties this
// replica does: of several one does each, and none would be as bad as two.
type storeMetrics struct{ duties *prometheus.GaugeVec }

func newStoreMetrics(e *edge) *storeMetrics {
	m := &storeMetrics{duties: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bystander_duty_leads", Help: "1 while this replica does the duty.",
	}, []string{"duty"})}
	reachable := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "bystander_store_reachable", Help: "1 while the control's store answers.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), storeAsked)
		defer cancel()
		return oneIf(e.signIn == nil || e.signIn.tokens.DB().R.PingContext(ctx) == nil)
	})
	if err := e.reg.Register(reachable); err != nil {
		e.log.Debug().Err(err).Msg("told already") // by an earlier duty
	}
	var again prometheus.AlreadyRegisteredError
	if err := e.reg.Register(m.duties); errors.As(err, &again) {
		if v, ok := again.ExistingCollector.(*prometheus.GaugeVec); ok {
			m.duties = v
		}
	}
	return m
}

// during marks the duty as done here while run runs.
func (m *storeMetrics) during(duty string, run func(context.Context)) func(context.Context) {
	g := m.duties.WithLabelValues(duty)
	g.Set(0)
	return func(ctx context.Context) {
		g.Set(1)
		defer g.Set(0)
		run(ctx)
	}
}
