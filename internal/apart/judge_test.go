package apart

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/sink/spool"
)

// bound is within what a decision, or the loss of a control, reaches every picture.
const bound = 10 * time.Second

// looking is what asking all edges may take on a busy machine, after which
// something is seen that has happened before.
const looking = time.Second

const (
	clearMetric   = "bystander_redact_clear_faces_total"
	picturesOut   = "bystander_redact_frames_total"
	templatesHere = "bystander_match_lent_templates"
	leaseHere     = "bystander_policy_lease_valid"
)

// shown waits until the performer is shown clear on each of the edges.
func (c *city) shown(edges ...*node) {
	c.t.Helper()
	for _, e := range edges {
		was := e.metric(clearMetric)
		e.within(2*patience, "the performer is shown clear", func() bool { return was >= 0 && e.metric(clearMetric) > was })
	}
}

// lawful waits until the edges have lease and templates, without which nobody can
// be clear.
func (c *city) lawful(edges ...*node) {
	c.t.Helper()
	for _, e := range edges {
		e.eventually("it has lease and templates", func() bool { return e.metric(leaseHere) == 1 && e.metric(templatesHere) > 0 })
	}
}

// able is lawful, and waits a while longer for somebody to be clear. A machine that is too busy to look
// every 300 ms shows nobody clear, lawful or not; it is then judged by leases and
// templates, and the log says so.
func (c *city) able(edges ...*node) {
	c.t.Helper()
	c.lawful(edges...)
	was := make([]float64, len(edges))
	for i, e := range edges {
		was[i] = e.metric(clearMetric)
	}
	left := slices.Clone(edges)
	for begun := time.Now(); len(left) > 0 && time.Since(begun) < 10*time.Second; {
		left = slices.DeleteFunc(left, func(e *node) bool { return e.metric(clearMetric) > was[slices.Index(edges, e)] })
		<-time.After(100 * time.Millisecond)
	}
	for _, e := range left {
		c.t.Logf("%s: the machine is too busy to show anybody clear just now; judged by lease and templates", e.name)
	}
}

// seen is what was seen of an edge after a change was made. Cutting a link takes
// some commands, and withdrawing one: time counts from their end.
type seen struct {
	clear    time.Duration // when a clear picture was counted last; 0 for never
	gone     time.Duration // when its templates were gone
	pictures float64       // that left all the while
}

// masks makes a change while the performer may be clear on the edges, and looks at
// them until well after the bound. On each the last clear picture comes within it,
// the templates go, and pictures go on.
func (c *city) masks(what string, change func(), edges ...*node) {
	c.t.Helper()
	c.able(edges...)
	out := make([]seen, len(edges))
	count, pictures := make([]float64, len(edges)), make([]float64, len(edges))
	begun := time.Now()
	change()
	made := time.Now()
	for i, e := range edges {
		count[i], pictures[i] = e.metric(clearMetric), e.metric(picturesOut)
	}
	for time.Since(made) < bound+2*looking {
		for i, e := range edges {
			at := time.Since(made)
			if now := e.metric(clearMetric); now > count[i] {
				out[i].clear, count[i] = at, now
			}
			if n := e.metric(templatesHere); n > 0 {
				out[i].gone = 0
			} else if n == 0 && out[i].gone == 0 {
				out[i].gone = at
			}
		}
		<-time.After(20 * time.Millisecond)
	}
	for i, e := range edges {
		out[i].pictures = e.metric(picturesOut) - pictures[i]
		c.t.Logf("%s (which took %v): %s: last clear picture after %v, templates gone after %v, %.0f pictures meanwhile",
			what, made.Sub(begun).Round(10*time.Millisecond), e.name, out[i].clear.Round(10*time.Millisecond), out[i].gone.Round(10*time.Millisecond), out[i].pictures)
	}
	for i, e := range edges {
		require.LessOrEqual(c.t, out[i].clear, bound+looking, "%s: %s: somebody was clear too long", what, e.name)
		require.NotZero(c.t, out[i].gone, "%s: %s keeps its templates", what, e.name)
		require.LessOrEqual(c.t, out[i].gone, bound+looking, "%s: %s kept its templates too long", what, e.name)
		require.Greater(c.t, out[i].pictures, 5.0, "%s: %s sends pictures", what, e.name)
	}
}

// stays holds that nobody is clear on an edge for a while.
func (c *city) stays(masked *node, d time.Duration) {
	c.t.Helper()
	was := masked.metric(clearMetric)
	<-time.After(d)
	require.GreaterOrEqual(c.t, was, 0.0)
	require.InDelta(c.t, was, masked.metric(clearMetric), 0, "%s: nobody may be clear", masked.name)
}

// head is the last number that a process has put on its disk.
func (c *city) head(p *node) uint64 {
	c.t.Helper()
	in, err := spool.Inspect(filepath.Join(p.data, "spool"), nil)
	require.NoError(c.t, err)
	return in.Head.Seq
}

// logs are the processes that keep a chain of events.
func (c *city) logs() []*node { return slices.Concat(c.controls, c.edges) }

// complete waits until the store holds what every process has recorded until now,
// each number once, and verifies the chains so far.
func (c *city) complete(what string) {
	t := c.t
	t.Helper()
	want := map[string]uint64{}
	for _, p := range c.logs() {
		want[p.name] = c.head(p)
	}
	begun := time.Now()
	for _, chain := range slices.Sorted(maps.Keys(want)) {
		for {
			have, err := c.store.Complete(t.Context(), chain)
			if err == nil && have.Last >= want[chain] && len(have.Gaps) == 0 && have.Disposed == 0 {
				break
			}
			if time.Since(begun) > patience {
				t.Fatalf("%s: %s recorded %d events; after %v the store has %+v (%v)", what, chain, want[chain], patience, have, err)
			}
			<-time.After(200 * time.Millisecond)
		}
	}
	took := time.Since(begun)
	var sum uint64
	for chain, head := range want {
		c.once(what, chain, head)
		c.verify(chain, head)
		sum += head
	}
	t.Logf("%s: all %d events of %d chains are in the store, once each, and verified; the last came %v after we asked", what, sum, len(want), took.Round(100*time.Millisecond))
}

// once counts rows in plain SQL, not through the product.
func (c *city) once(what, chain string, head uint64) {
	c.t.Helper()
	var rows, distinct uint64
	err := c.conn.QueryRow(c.t.Context(), "SELECT count(), uniqExact(seq) FROM "+storeDB+".events FINAL WHERE chain_id = ? AND seq <= ?", chain, head).Scan(&rows, &distinct)
	require.NoError(c.t, err)
	require.Equal(c.t, head, distinct, "%s: %s: events are lost", what, chain)
	require.Equal(c.t, head, rows, "%s: %s: events are in the store twice", what, chain)
}

// verify checks links, hashes and signatures of a chain up to head.
func (c *city) verify(chain string, head uint64) {
	t := c.t
	t.Helper()
	pub := c.key(chain)
	at := c.verified[chain]
	for at.Seq < head {
		evs, err := c.store.Chain(t.Context(), chain, at.Seq+1, 10_000)
		require.NoError(t, err)
		require.NotEmpty(t, evs, "%s ends at %d in the store, at %d on its machine", chain, at.Seq, head)
		for i := range evs {
			require.NoError(t, event.Verify(at, &evs[i], pub), "%s does not verify", chain)
			at = event.HeadOf(&evs[i])
		}
	}
	c.verified[chain] = at
}

func (c *city) key(chain string) ed25519.PublicKey {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.pubs, chain+".pub"))
	require.NoError(c.t, err)
	block, _ := pem.Decode(b)
	require.NotNil(c.t, block)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(c.t, err)
	pub, ok := key.(ed25519.PublicKey)
	require.True(c.t, ok)
	return pub
}

// heard waits until a control has heard of the edges.
func (c *city) heard(control *node, edges ...*node) {
	c.t.Helper()
	control.eventually("it hears of the edges", func() bool {
		_, body := control.get("/readyz")
		return !slices.ContainsFunc(edges, func(e *node) bool {
			return !strings.Contains(body, fmt.Sprintf(`{"name":"edge:%s","ok":true`, e.name))
		})
	})
}
