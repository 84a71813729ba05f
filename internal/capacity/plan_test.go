package capacity_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/capacity"
)

// round is a table of round numbers.
func round(t *testing.T) capacity.Units {
	t.Helper()
	u, err := capacity.Shipped()
	require.NoError(t, err)
	return u.With("round", "a machine of the test's own", "made up", map[string]float64{
		capacity.Decode: 2, capacity.Guard: 1, capacity.Cover: 1, capacity.Encode: 4, // a megapixel
		capacity.Faces: 10, capacity.Persons: 20, capacity.Follow: 1, // a look
		capacity.Other: 1, capacity.EventCPU: 1, capacity.ViewerCPU: 10,
		capacity.StreamBits: 0.1, capacity.CameraBits: 0.2,
		capacity.EventKafka: 1000, capacity.EventStore: 500, capacity.StoreRate: 10_000, capacity.BrokerRate: 1000,
		capacity.Memory: 1, capacity.ProgramBytes: 100, capacity.GPULooks: 1000,
	})
}

func demand() capacity.Demand {
	return capacity.Demand{
		Cameras: 100, Width: 1000, Height: 1000, FPS: 20, Events: 1, RetentionDays: 100, RecordingDays: 10, KafkaDays: 10,
		Replicas: 2, Viewers: 10, CoresPerNode: 10, Fill: 0.5, FaceEvery: 2, PersonEvery: 4, Hold: 8, NodeDisk: 1,
		Profile: capacity.Profile{Name: "round", Looks: 1, Bits: 1, Events: 9},
	}
}

// Every sum by hand.
func TestKnownSums(t *testing.T) {
	p, err := capacity.Make(demand(), round(t))
	require.NoError(t, err)
	// 20 megapixels a second: 40 + 20 + 20 + 80. Ten looks for faces, five for
	// people, and fifteen follow: 100 + 100 + 15. 20 pictures and an event: 21.
	require.InDelta(t, 396, p.Get("camera cpu"), 1e-9)
	require.InDelta(t, math.Ceil((39.6+0.1)/0.5), p.Get("edge cores"), 1e-9) // 80
	require.InDelta(t, 9, p.Get("edge machines"), 1e-9)                      // 12 cameras in 5 cores
	require.Zero(t, p.Get("gpus"))
	require.InDelta(t, (100*42*1.5e6+9*100e6)/1e9, p.Get("edge memory"), 1e-9)
	require.InDelta(t, 100*20e6*0.2/1e9, p.Get("camera network"), 1e-9)
	require.InDelta(t, 10*20e6*0.1/1e9, p.Get("viewer network"), 1e-9)
	require.InDelta(t, 100*250_000*86_400*10/1e12, p.Get("recording disk"), 1e-9)
	require.InDelta(t, 100, p.Get("events"), 1e-9)
	require.InDelta(t, 100*8000*2/1e9, p.Get("bus network"), 1e-12)
	require.InDelta(t, 3, p.Get("kafka partitions"), 1e-9)
	require.InDelta(t, 100*1000*86_400*10*2/1e12, p.Get("kafka disk"), 1e-9)
	require.InDelta(t, 2*2*100*500*86_400*100/1e12, p.Get("clickhouse disk"), 1e-9) // 1.728 TB
	require.InDelta(t, 2, p.Get("clickhouse nodes"), 1e-9)
	require.True(t, math.IsNaN(p.Get("nothing")))
	for _, l := range p.Lines {
		require.False(t, l.Estimate, l.Name)
		require.NotEmpty(t, l.From)
	}

	d := demand()
	d.Cameras, d.Events, d.GPU = 10_000, 10, true
	p, err = capacity.Make(d, round(t))
	require.NoError(t, err)
	require.InDelta(t, 300, p.Get("gpus"), 1e-9) // 150,000 looks at 500
	require.InDelta(t, 40+20+20+80+215.0/5+30, p.Get("camera cpu"), 1e-9)
	require.InDelta(t, 200, p.Get("kafka partitions"), 1e-9)
	require.InDelta(t, 1728, p.Get("clickhouse disk"), 1e-9)
	require.InDelta(t, 2*864, p.Get("clickhouse nodes"), 1e-9)
	require.NotEmpty(t, p.Notes, "no GPU was measured")
}

// More of anything never takes less.
func TestMoreTakesMore(t *testing.T) {
	u := round(t)
	rapid.Check(t, func(t *rapid.T) {
		d := demand()
		d.Cameras = rapid.IntRange(1, 5000).Draw(t, "cameras")
		d.Profile = rapid.SampledFrom(capacity.Profiles()).Draw(t, "profile")
		d.GPU, d.Events = rapid.Bool().Draw(t, "gpu"), 0
		more := d
		switch rapid.SampledFrom([]string{"cameras", "size", "fps", "days", "events"}).Draw(t, "what") {
		case "cameras":
			more.Cameras *= 2
		case "size":
			more.Width, more.Height = 1920, 1080
		case "fps":
			more.FPS = 30
		case "days":
			more.RetentionDays, more.KafkaDays, more.RecordingDays = 200, 20, 20
		case "events":
			more.Events = 10
		}
		a, err := capacity.Make(d, u)
		require.NoError(t, err)
		b, err := capacity.Make(more, u)
		require.NoError(t, err)
		for _, l := range a.Lines {
			require.GreaterOrEqual(t, b.Get(l.Name)+1e-9, l.Value, l.Name)
		}
	})
}

func TestDemandsAreChecked(t *testing.T) {
	for flag, spoil := range map[string]func(*capacity.Demand){
		"--cameras":           func(d *capacity.Demand) { d.Cameras = 10_001 },
		"--width":             func(d *capacity.Demand) { d.Width = 0 },
		"--fps":               func(d *capacity.Demand) { d.FPS = math.NaN() },
		"--fill":              func(d *capacity.Demand) { d.Fill = 1 },
		"--replicas":          func(d *capacity.Demand) { d.Replicas = 0 },
		"--events-per-second": func(d *capacity.Demand) { d.Events = -1 },
	} {
		d := demand()
		spoil(&d)
		_, err := capacity.Make(d, round(t))
		require.ErrorIs(t, err, capacity.ErrDemand)
		require.ErrorContains(t, err, flag)
	}
	_, err := capacity.ProfileNamed("party")
	require.ErrorIs(t, err, capacity.ErrDemand)
	require.ErrorContains(t, err, "quiet, street, crowd")
	d := demand()
	d.CoresPerNode, d.Width, d.Height = 1, 7680, 4320
	p, err := capacity.Make(d, round(t))
	require.NoError(t, err)
	require.Contains(t, p.Notes[0], "One camera takes")
	require.GreaterOrEqual(t, p.Get("edge machines"), p.Get("edge cores"))
}

// The table that comes with the program is whole, and each figure says where it
// is from.
func TestShippedUnits(t *testing.T) {
	u, err := capacity.Shipped()
	require.NoError(t, err)
	require.NotEmpty(t, u.Version)
	require.NotEmpty(t, u.Machine)
	for _, x := range u.Units {
		require.NotEmpty(t, x.How, x.Name)
		require.NotEmpty(t, x.Per, x.Name)
		if x.Measured {
			require.Contains(t, x.How, "bystander ", "%s names no command", x.Name)
		}
	}
	require.False(t, u.Measured(capacity.GPULooks))
	b, err := u.YAML()
	require.NoError(t, err)
	again, err := capacity.ParseUnits("again", b)
	require.NoError(t, err)
	require.Equal(t, u, again)
	for fault, text := range map[string]string{
		`"nonsense" is not known`: strings.Replace(string(b), "name: guard", "name: nonsense", 1),
		`"guard" is missing`:      strings.Replace(string(b), "name: guard", "name: nonsense", 1),
		`"decode" is given twice`: strings.Replace(string(b), "name: guard", "name: decode", 1),
		"should be above 0":       strings.Replace(string(b), "value: 0.58", "value: -1", 1),
	} {
		_, err := capacity.ParseUnits("file", []byte(text))
		require.ErrorIs(t, err, capacity.ErrUnits)
		require.ErrorContains(t, err, fault)
	}
}

func FuzzParseUnits(f *testing.F) {
	u, err := capacity.Shipped()
	if err != nil {
		f.Fatal(err)
	}
	b, err := u.YAML()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("units: [{name: decode, value: .nan}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := capacity.ParseUnits("fuzz", b)
		if err != nil {
			return
		}
		for _, x := range u.Units {
			if !(x.Value > 0) {
				t.Errorf("%s: %v was taken", x.Name, x.Value)
			}
		}
	})
}
