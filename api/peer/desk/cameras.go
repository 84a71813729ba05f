package desk

import (
	"maps"
	"slices"
	"time"

	"bystander/api/peer/book"
	"bystander/api/peer/line"
)

const (
	// beyondFor is for how long a camera that an edge may not serve is told of
	// after it was named last.
	beyondFor = 15 * time.Second
	// beyondEvery bounds how often the log tells of one edge's.
	beyondEvery = time.Minute
	// beyondTold bounds how many of them a line of the log names.
	beyondTold = 8
)

// beyond are cameras that an edge says it has, and that it may not serve.
type beyond struct {
	named   map[string]time.Time // when, last
	changed bool                 // since the log told of them
	told    time.Time
}

func (b *beyond) lately(now time.Time) []string {
	maps.DeleteFunc(b.named, func(_ string, at time.Time) bool { return now.Sub(at) > beyondFor })
	return slices.Sorted(maps.Keys(b.named))
}

// split tells an edge's own cameras from those that it may not serve.
func split[C any](e book.Edge, list []C, id func(C) string) (own []C, others []string) {
	for _, c := range list {
		if e.Cameras.Allow(id(c)) {
			own = append(own, c)
		} else {
			others = append(others, id(c))
		}
	}
	return own, others
}

// notTheirs keeps in mind which cameras an edge named without being allowed to, and
// tells the log.
func (d *Desk) notTheirs(e book.Edge, cameras []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.beyond[e.ID]
	if b == nil {
		if len(cameras) == 0 {
			return
		}
		b = &beyond{named: map[string]time.Time{}}
		d.beyond[e.ID] = b
	}
	now := d.cfg.Now()
	maps.DeleteFunc(b.named, func(id string, _ time.Time) bool { return e.Cameras.Allow(id) }) // by now
	b.lately(now)
	for _, c := range cameras {
		if _, known := b.named[c]; known || len(b.named) < line.MaxCameras {
			b.changed = b.changed || !known
			b.named[c] = now
		}
	}
	if !b.changed || now.Sub(b.told) < beyondEvery {
		return
	}
	b.changed, b.told = false, now
	all := b.lately(now)
	d.cfg.Log.Warn().Str("edge", e.ID).Strs("cameras", all[:min(len(all), beyondTold)]).Int("count", len(all)).Stringer("may_serve", e.Cameras).
		Msg("an edge says that it has cameras that it may not serve; they are not shown. If they are its own: bystander edge cameras " + e.ID + " --cameras …")
}

// scenesOf are the scenes whose templates an edge may have. One whose cameras are
// named has those of its own cameras alone.
func (d *Desk) scenesOf(e book.Edge) []string {
	if !e.Cameras.Limited() || len(e.Scenes) == 0 {
		return e.Scenes
	}
	return d.cfg.Loans.Within(e.Scenes, e.Cameras.Allow)
}
