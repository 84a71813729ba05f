package app

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"bystander/internal/backup"
)

// stateMetrics tells what an operator acts on: alarms, queues, the policy's
// lease, disk, clock and backups, read when they are scraped. Labels are kinds
// of alarm, consumers of the spool and kinds of backup: few, and about no person.
type stateMetrics struct {
	e *edge

	build, alarms, queued, queueRoom, lag, waiting, spoolBytes, spoolFull,
	damaged, lease, canary, clock, free, backup *prometheus.Desc
}

func newStateMetrics(e *edge) *stateMetrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bystander_"+name, help, labels, nil)
	}
	return &stateMetrics{
		e:          e,
		build:      d("build_info", "1, with the program's version.", "version"),
		alarms:     d("alarms", "Alarms that are on now, by kind: what /healthz names.", "kind"),
		queued:     d("events_queued", "Events that wait for the disk."),
		queueRoom:  d("events_queue_limit", "How many may wait before whoever makes them waits, too."),
		lag:        d("spool_lag_events", "Events on the disk that a consumer has not taken.", "consumer"),
		waiting:    d("spool_waiting_seconds", "Age of the oldest of these.", "consumer"),
		spoolBytes: d("spool_size_bytes", "Size of the events on the disk."),
		spoolFull:  d("spool_refuses", "1 while new events are refused: the spool is full, or its disk."),
		damaged:    d("spool_damaged_events_total", "Events that were found unreadable since the start."),
		lease:      d("policy_lease_valid", "1 while a fresh policy is held; 0 masks everybody."),
		canary:     d("detect_canary_passed", "1 while the detector sees what it must; 0 masks everybody."),
		clock:      d("clock_synchronised", "1 while a time service keeps the clock."),
		free:       d("disk_free_bytes", "Room left where the data are."),
		backup:     d("backup_last_success_timestamp_seconds", "When the last backup of a kind was finished; 0 for never.", "kind"),
	}
}

// Describe implements prometheus.Collector.
func (m *stateMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.build, m.alarms, m.queued, m.queueRoom, m.lag, m.waiting, m.spoolBytes, m.spoolFull,
		m.damaged, m.lease, m.canary, m.clock, m.free, m.backup,
	} {
		ch <- d
	}
}

// alarmKinds are told also while they are off, so that a rule sees the change.
var alarmKinds = [...]string{"erasure", "kafka", "merkle", "record", "retention", "rights", "selfcheck", "spool"}

// Collect implements prometheus.Collector.
func (m *stateMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(m.build, 1, Version)
	kinds := map[string]int{}
	for _, k := range alarmKinds {
		kinds[k] = 0
	}
	for name := range m.e.alarms.list() {
		kind, _, _ := strings.Cut(name, ":")
		kinds[kind]++
	}
	for k, n := range kinds {
		gauge(m.alarms, float64(n), k)
	}
	gauge(m.queued, float64(len(m.e.ledger.in)))
	gauge(m.queueRoom, ledgerQueue)
	st := m.e.spool.Stats()
	for consumer, n := range st.Lag {
		gauge(m.lag, float64(n), consumer)
		gauge(m.waiting, st.Waiting[consumer].Seconds(), consumer)
	}
	gauge(m.spoolBytes, float64(st.Bytes))
	gauge(m.spoolFull, oneIf(st.Full || st.DiskErr))
	ch <- prometheus.MustNewConstMetric(m.damaged, prometheus.CounterValue, float64(st.Damaged))
	if h := m.e.law.holder.Load(); h != nil { // else there is no site, and nothing to hold
		_, err := h.Current()
		gauge(m.lease, oneIf(err == nil))
	}
	gauge(m.canary, oneIf(m.e.eyes.trusted.Load()))
	gauge(m.clock, oneIf(clockSynced()))
	var fs unix.Statfs_t
	if err := unix.Statfs(m.e.cfg.Data, &fs); err == nil {
		gauge(m.free, float64(fs.Bavail)*float64(fs.Bsize))
	}
	last := backup.LastRuns(m.e.cfg.Data)
	for _, kind := range []backup.Kind{backup.KindData, backup.KindKeys} {
		gauge(m.backup, unixOrZero(last[kind].At), string(kind))
	}
}

func unixOrZero(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
