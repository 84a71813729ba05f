package apart

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program is the binary under test. These tests take minutes, and root; make apart
// asks for them.
func program(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("BYSTANDER_APART")
	if bin == "" {
		t.Skip("takes minutes, and root for network namespaces: make apart runs it")
	}
	_, err := os.Stat(bin)
	require.NoError(t, err, "BYSTANDER_APART names the program")
	return bin
}

func times(bin string, n int) (out []string) {
	for range n {
		out = append(out, bin)
	}
	return out
}

// Three edges, two controls, two writers, Kafka, ClickHouse and PostgreSQL, each
// on a machine of its own. Links are cut and machines killed one after the other;
// whatever happens, nobody is clear who withdrew, or for whom nobody vouches, and
// every event arrives once.
// proves: INV-3, INV-4, INV-10, B-63
func TestCity(t *testing.T) {
	bin := program(t)
	begun := time.Now()
	c := newCity(t, plan{controls: times(bin, 2), edges: times(bin, 3), writers: times(bin, 2), shared: true})
	t.Logf("the city stands after %v", time.Since(begun).Round(time.Second))
	c.heard(c.controls[0], c.edges...)
	for _, e := range c.edges {
		e.eventually("it sends pictures", func() bool { return e.metric(picturesOut) > 10 })
		require.Zero(t, e.metric(clearMetric), "nobody has agreed yet")
	}
	who := c.enrol(c.controls[0])
	c.able(c.edges...)
	c.complete("at first")

	c.edgeWithoutControl()
	c.edgeWithoutBus()
	who = c.withdrawnWhileCut(who)
	who = c.controlKilled(who)
	c.databaseAway(who)
	c.writerKilled()
	c.storeAway()
	c.edgeRevoked()

	c.shown(c.edges[:2]...) // else nothing was shown at all
	for _, e := range c.edges {
		t.Logf("%s: %.0f pictures in all, on %.0f of them the performer was clear", e.name, e.metric(picturesOut), e.metric(clearMetric))
		e.stop()
	}
	c.complete("at the end")
}

// edgeWithoutControl: the bus goes on, the line to the controls does not.
func (c *city) edgeWithoutControl() {
	c.t.Helper()
	cut, others := c.edges[0], c.edges[1:]
	var heal func()
	c.masks("edge cut from control", func() { heal = c.net.cut(cut.addr, controlAddr, c.controls[0].addr, c.controls[1].addr) }, cut)
	c.lawful(others...)
	c.stays(cut, 3*time.Second)
	heal()
	begun := time.Now()
	c.lawful(cut)
	c.t.Logf("edge cut from control: lease and templates back %v after the link was back", time.Since(begun).Round(100*time.Millisecond))
	c.complete("edge cut from control")
}

// edgeWithoutBus: neither leases come nor events go.
func (c *city) edgeWithoutBus() {
	t := c.t
	t.Helper()
	cut := c.edges[1]
	var heal func()
	c.masks("edge cut from Kafka", func() { heal = c.net.cut(cut.addr, c.broker.addr) }, cut)
	at := c.head(cut)
	cut.eventually("it goes on recording", func() bool { return c.head(cut) > at })
	have, err := c.store.Complete(t.Context(), cut.name)
	require.NoError(t, err)
	require.Less(t, have.Last, c.head(cut), "its events wait on its own disk")
	t.Logf("edge cut from Kafka: %d events wait", c.head(cut)-have.Last)
	heal()
	begun := time.Now()
	c.complete("edge cut from Kafka")
	c.lawful(cut)
	t.Logf("edge cut from Kafka: lease and templates back %v after the link was back", time.Since(begun).Round(100*time.Millisecond))
}

// withdrawnWhileCut: one edge hears nothing on the line, another nothing on the
// bus, the third both.
func (c *city) withdrawnWhileCut(who string) (next string) {
	c.t.Helper()
	c.lawful(c.edges...)
	var heal []func()
	at := c.controls[1]
	c.masks("withdrawn while links are cut", func() {
		heal = append(heal, c.net.cut(c.edges[0].addr, controlAddr, c.controls[0].addr, c.controls[1].addr), c.net.cut(c.edges[1].addr, c.broker.addr))
		at.must(at.withConfig("withdraw", who)...)
	}, c.edges...)
	for _, f := range heal {
		f()
	}
	for _, e := range c.edges {
		c.stays(e, 2*time.Second)
	}
	next = c.enrol(at)
	c.lawful(c.edges...)
	c.complete("withdrawn while links are cut")
	return next
}

// controlKilled: the one that edges speak to dies, and while nobody has taken its
// place somebody withdraws at the other.
func (c *city) controlKilled(who string) (next string) {
	t := c.t
	t.Helper()
	active, _ := c.front.now()
	dead, other := c.controls[active], c.controls[1-active]
	var killed time.Time
	c.masks("active control killed, then withdrawn", func() {
		killed = time.Now()
		dead.kill()
		other.must(other.withConfig("withdraw", who)...)
	}, c.edges...)
	c.heard(other, c.edges...)
	now, since := c.front.now()
	require.Equal(t, 1-active, now)
	t.Logf("active control killed: the address led to the other after %v", since.Sub(killed).Round(10*time.Millisecond))
	next = c.enrol(other)
	c.lawful(c.edges...)
	dead.start()
	c.complete("active control killed")
	return next
}

// databaseAway: without PostgreSQL nothing can be decided, so nothing is lawful.
func (c *city) databaseAway(who string) {
	t := c.t
	t.Helper()
	var heal func()
	c.masks("PostgreSQL away", func() { heal = c.net.cut(c.database.addr, c.controls[0].addr, c.controls[1].addr) }, c.edges...)
	_, err := c.controls[0].tell(c.controls[0].withConfig("withdraw", who)...)
	require.Error(t, err, "a withdrawal that cannot be kept is refused")
	t.Logf("PostgreSQL away: a withdrawal is refused: %.300s", err)
	heal()
	begun := time.Now()
	c.lawful(c.edges...)
	t.Logf("PostgreSQL away: lease and templates back %v after the link was back", time.Since(begun).Round(100*time.Millisecond))
}

// writerKilled: the other takes over what it read.
func (c *city) writerKilled() {
	t := c.t
	t.Helper()
	dead := c.writers[0]
	begun := time.Now()
	dead.kill()
	c.complete("writer killed")
	t.Logf("writer killed: nothing of it was missing after %v", time.Since(begun).Round(100*time.Millisecond))
	dead.start()
	c.complete("writer back")
}

// storeAway: events wait on the bus.
func (c *city) storeAway() {
	t := c.t
	t.Helper()
	heal := c.net.cut(c.columns.addr, c.writers[0].addr, c.writers[1].addr)
	e := c.edges[0]
	at := c.head(e)
	<-time.After(15 * time.Second) // as long as the link is cut
	e.eventually("it goes on recording", func() bool { return c.head(e) > at })
	have, err := c.store.Complete(t.Context(), e.name)
	require.NoError(t, err)
	require.Less(t, have.Last, c.head(e), "its events wait on the bus")
	c.lawful(c.edges...)
	heal()
	begun := time.Now()
	c.complete("ClickHouse away")
	t.Logf("ClickHouse away: caught up %v after the link was back", time.Since(begun).Round(100*time.Millisecond))
}

// edgeRevoked: one is let go; the others notice nothing.
func (c *city) edgeRevoked() {
	c.t.Helper()
	gone, at := c.edges[2], c.controls[0]
	c.masks("edge revoked", func() { at.must(at.withConfig("edge", "revoke", gone.name, "--reason", "test")...) }, gone)
	c.lawful(c.edges[:2]...)
	c.stays(gone, 3*time.Second)
	c.complete("edge revoked")
}
