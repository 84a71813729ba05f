package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"bystander/policy"
)

// report is what all steps showed.
type report struct {
	Cores   int     `json:"cores"`
	Rate    float64 `json:"events_per_second_and_camera"`
	PerEdge int     `json:"cameras_per_edge"`
	Hold    string  `json:"hold"`
	Steps   []step  `json:"steps"`
}

// part is what one part used in a step.
type part struct {
	Cores float64 `json:"cores"`
	MiB   float64 `json:"memory_mib"`
}

// step is what a house of some size showed.
type step struct {
	Cameras int `json:"cameras"`
	Edges   int `json:"edges"`
	People  int `json:"people"`

	// Events a second: that were to come, were signed and on the disk, were taken
	// by the bus, and were stored.
	Asked   float64 `json:"asked"`
	Made    float64 `json:"made"`
	Sent    float64 `json:"sent"`
	Reached float64 `json:"reached"`
	// What waits at the end, and how much more than at the beginning.
	Spooled        int64 `json:"in_spools"`
	OnBus          int64 `json:"on_bus"`
	spooled, onBus int64
	Parked         uint64 `json:"parked"`

	Inserting float64       `json:"inserting"` // part of the time in which the writer waited for the store, to write or to ask
	Batch     float64       `json:"batch"`     // events of an insert
	Probes    int           `json:"probes"`
	Late      int           `json:"late"` // of these, not there at the end
	Median    time.Duration `json:"event_to_query_median_ns"`
	P99       time.Duration `json:"event_to_query_p99_ns"`

	Checked  time.Duration `json:"site_check_ns"`    // of a site with so many cameras
	Lease    time.Duration `json:"lease_cpu_ns"`     // processor time: compile and sign, every two seconds
	Snapshot int           `json:"snapshot_bytes"`   // as JSON
	Spread   time.Duration `json:"spread_ns"`        // from a change until every follower has it
	Age      time.Duration `json:"lease_age_p99_ns"` // when it is taken
	lapsed   int
	looks    int
	seconds  float64 // measured

	Parts map[string]part `json:"parts"`
	Bends []string        `json:"bends"`
}

// The bounds beyond which a part is said to bend.
const (
	enough    = 0.95 // of what was asked
	growing   = 0.05 // of what was made, left lying at one place
	busy      = 0.9  // of processors, or of the time for inserts
	tooLate   = 10 * time.Second
	leaseTime = time.Second // processor time of a lease, of which one is due every two
)

// judge names what bends, whatever lies nearest to the source first.
func (s *step) judge(cores int) {
	bend := func(format string, args ...any) { s.Bends = append(s.Bends, fmt.Sprintf(format, args...)) }
	total, largest := 0.0, ""
	for name, p := range s.Parts {
		total += p.Cores
		if largest == "" || p.Cores > s.Parts[largest].Cores {
			largest = name
		}
	}
	made := s.Made * s.seconds
	if s.Made < enough*s.Asked {
		bend("edges: %.0f of %.0f events a second were signed and synced", s.Made, s.Asked)
	}
	if float64(s.spooled) > growing*made {
		bend("bus: the spools grew by %d events", s.spooled)
	}
	if float64(s.onBus) > growing*made {
		if s.Inserting > busy {
			bend("store: the bus grew by %d events, and the writer waited for the store %.0f %% of the time", s.onBus, 100*s.Inserting)
		} else {
			bend("writer: the bus grew by %d events, while it waited for the store %.0f %% of the time only", s.onBus, 100*s.Inserting)
		}
	}
	if s.P99 > tooLate {
		bend("delay: one event in a hundred took %v and more to its query", s.P99.Round(time.Millisecond))
	}
	if s.Parked > 0 {
		bend("writer: %d records were parked", s.Parked)
	}
	if s.Lease > leaseTime {
		bend("control: a lease takes %v of a processor, and one is due every 2s", s.Lease.Round(time.Millisecond))
	}
	if s.Age > policy.MaxLease/2 {
		bend("policy: leases are %v old when edges take them, of %v", s.Age.Round(time.Millisecond), policy.MaxLease)
	}
	if s.lapsed > 0 {
		bend("policy: edges were without a lease %.1f %% of the time, and masked everybody", 100*float64(s.lapsed)/float64(s.looks))
	}
	if total > busy*float64(cores) {
		bend("machine: %.1f of %d cores are used, most by %s; on machines of their own the parts go further", total, cores, largest)
	}
}

// print writes the report for people.
func (r report) print(out io.Writer) error {
	fmt.Fprintf(out, "%v events a second of each camera, %d cameras an edge, each step measured for %s, all on one machine of %d cores\n\n", r.Rate, r.PerEdge, r.Hold, r.Cores)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, of func(s *step) string) {
		fmt.Fprintf(w, "%s\t", name)
		for i := range r.Steps {
			fmt.Fprintf(w, "%s\t", of(&r.Steps[i]))
		}
		fmt.Fprintln(w)
	}
	ms := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
	row("cameras", func(s *step) string { return fmt.Sprint(s.Cameras) })
	row("edges", func(s *step) string { return fmt.Sprint(s.Edges) })
	row("events/s asked", func(s *step) string { return fmt.Sprintf("%.0f", s.Asked) })
	row("signed and synced", func(s *step) string { return fmt.Sprintf("%.0f", s.Made) })
	row("taken by the bus", func(s *step) string { return fmt.Sprintf("%.0f", s.Sent) })
	row("stored", func(s *step) string { return fmt.Sprintf("%.0f", s.Reached) })
	row("wait in spools", func(s *step) string { return fmt.Sprint(s.Spooled) })
	row("wait on the bus", func(s *step) string { return fmt.Sprint(s.OnBus) })
	row("events an insert", func(s *step) string { return fmt.Sprintf("%.0f", s.Batch) })
	row("time waiting for the store", func(s *step) string { return fmt.Sprintf("%.0f %%", 100*s.Inserting) })
	row("event to query, median", func(s *step) string { return ms(s.Median) })
	row("99th percentile", func(s *step) string { return ms(s.P99) })
	row("snapshot", func(s *step) string { return fmt.Sprintf("%.1f MiB", float64(s.Snapshot)/(1<<20)) })
	row("compile and sign, CPU", func(s *step) string { return ms(s.Lease) })
	row("check of the site", func(s *step) string { return ms(s.Checked) })
	row("change reaches all", func(s *step) string { return ms(s.Spread) })
	row("age of leases, p99", func(s *step) string {
		if s.Age == 0 {
			return "none came"
		}
		return ms(s.Age)
	})
	for _, name := range slices.Sorted(maps.Keys(r.Steps[0].Parts)) {
		row(name, func(s *step) string {
			return fmt.Sprintf("%.2f cores, %.0f MiB", s.Parts[name].Cores, s.Parts[name].MiB)
		})
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", r.first())
	for _, s := range r.Steps {
		for _, b := range s.Bends {
			fmt.Fprintf(out, "  %d cameras: %s\n", s.Cameras, b)
		}
	}
	return nil
}

// first says where it bends first.
func (r report) first() string {
	for _, s := range r.Steps {
		if len(s.Bends) > 0 {
			return fmt.Sprintf("It bends first at %d cameras: %s.", s.Cameras, s.Bends[0])
		}
	}
	return fmt.Sprintf("It does not bend up to %d cameras.", r.Steps[len(r.Steps)-1].Cameras)
}
