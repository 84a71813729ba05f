package apart

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A house is upgraded one machine after the other, so that for a while two
// releases that follow each other work together, in either direction: edges of one
// join a control of the other, are lent templates, mask in time, and what they
// record is carried by writers of either.
// proves: B-63
func TestMixedVersions(t *testing.T) {
	bin := program(t)
	old := os.Getenv("BYSTANDER_OLD")
	require.NotEmpty(t, old, "BYSTANDER_OLD names the program of the release before; make apart builds it")
	_, err := os.Stat(old)
	require.NoError(t, err)
	for _, m := range []struct {
		name string
		plan
	}{
		{"new control", plan{controls: []string{bin}, edges: []string{old, bin}, writers: []string{old}}},
		{"old control", plan{controls: []string{old}, edges: []string{bin, old}, writers: []string{bin}}},
	} {
		t.Run(m.name, func(t *testing.T) { mixed(t, newCity(t, m.plan), old) })
	}
}

func mixed(t *testing.T, c *city, old string) {
	control := c.controls[0]
	c.heard(control, c.edges...)
	who := c.enrol(control)
	c.able(c.edges...)
	c.complete("at first")
	c.masks("withdrawn", func() { control.must(control.withConfig("withdraw", who)...) }, c.edges...)
	c.enrol(control)
	c.lawful(c.edges...)

	// An edge of the release before is upgraded on its machine, with its data.
	for _, e := range c.edges {
		if e.bin == old {
			e.stop()
			e.bin = program(t)
			e.start()
		}
	}
	c.lawful(c.edges...)
	c.heard(control, c.edges...)
	c.complete("an edge upgraded")

	// Then the control, and the writers.
	for _, p := range append(c.controls, c.writers...) {
		if p.bin == old {
			p.stop()
			p.bin = program(t)
			p.start()
		}
	}
	c.heard(control, c.edges...)
	c.lawful(c.edges...)
	c.masks("control killed", control.kill, c.edges...)
	for _, e := range c.edges {
		e.stop()
	}
	c.complete("at the end")
}
