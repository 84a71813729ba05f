package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// usage is what a process has used and holds.
type usage struct {
	cpu    time.Duration
	memory uint64 // resident, bytes
}

// clockTicks a second are what /proc counts processor time in (USER_HZ, which
// Linux keeps at 100 for programs).
const clockTicks = 100

func usageOf(pid int) (u usage) {
	at := "/proc/" + strconv.Itoa(pid)
	b, err := os.ReadFile(at + "/stat")
	if err != nil {
		return u
	}
	text := string(b)
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // from the state on, the third field
	if len(f) < 22 {
		return u
	}
	num := func(i int) int64 { n, _ := strconv.ParseInt(f[i-3], 10, 64); return n } //nolint:errcheck // the kernel writes numbers
	u.cpu = time.Duration(num(14)+num(15)) * time.Second / clockTicks
	u.memory = uint64(num(24)) * uint64(os.Getpagesize()) //nolint:gosec // not negative
	return u
}

// quantile of durations, which it sorts; 0 of none.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

// probeEvery is how often an event is followed to its row.
const probeEvery = 500 * time.Millisecond

// askEvery is how often a probe asks for its row: the grain of what it measures.
const askEvery = 200 * time.Millisecond

// mostProbes are under way at a time; more would measure themselves.
const mostProbes = 8

// prober records events and asks the store for each until it is there.
type prober struct {
	conn     driver.Conn
	database string

	mu     sync.Mutex
	took   []time.Duration
	lost   int // not there before the end
	failed error
}

// run probes edges until ctx ends.
func (p *prober) run(ctx context.Context, edges []*edge) {
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	var under sync.WaitGroup
	room := make(chan struct{}, mostProbes)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
			select {
			case room <- struct{}{}:
			default:
				continue // so late that no more are needed to tell
			}
			e := edges[rand.IntN(len(edges))] //nolint:gosec // a choice, no secret
			under.Go(func() {
				defer func() { <-room }()
				p.probe(ctx, e)
			})
		}
	}
	under.Wait()
}

func (p *prober) probe(ctx context.Context, e *edge) {
	begun := time.Now()
	evs, err := e.journal.Record(ctx, event.Event{Kind: event.KindZoneMinute, SiteID: "sample", CameraID: e.name + "-cam-00", Detail: map[string]string{"pictures": "1500"}})
	if err == nil {
		e.asked.Add(1)
		e.made.Add(1)
		err = p.await(ctx, e.name, evs[0].Seq)
	}
	took := time.Since(begun)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.took = append(p.took, took)
	case ctx.Err() != nil:
		if took > time.Second { // one that had just begun tells nothing
			p.took = append(p.took, took)
			p.lost++
		}
	default:
		p.failed = errors.Join(p.failed, err)
	}
}

// await asks for the row until it is there.
func (p *prober) await(ctx context.Context, chain string, seq uint64) error {
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		var n uint64
		if err := p.conn.QueryRow(ctx, "SELECT count() FROM "+p.database+".events WHERE chain_id = ? AND seq = ?", chain, seq).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}
