package av_test

import (
	"errors"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// quantised opens an encoder by quantiser. `make setup` installs the header that
// building one needs, so that its absence is a fault here.
func quantised(t *testing.T, cfg av.EncoderConfig) *av.Quantised {
	t.Helper()
	x, err := av.NewQuantised(cfg)
	if err != nil {
		t.Fatalf("%v (libx264-dev of libav's own x264 is needed: make setup)", err)
	}
	t.Cleanup(x.Close)
	return x
}

func live(s frame.Size) av.EncoderConfig {
	return av.EncoderConfig{
		Size: s, TimeBase: frame.Rational{Num: 1, Den: 90000}, FrameRate: frame.Rational{Num: 25, Den: 1},
		CRF: 24, Profile: "baseline",
	}
}

// Each picture is coded with the quantiser asked for, from the finest to the
// coarsest, key pictures come when asked for alone, and libav decodes it all.
func TestQuantiserOfEachPicture(t *testing.T) {
	s := frame.Size{W: 320, H: 240}
	x := quantised(t, live(s))
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	bits := map[int]int{}
	for i, q := range []int{0, 0, 12, 12, 24, 24, 36, 36, 51, 51} {
		src, key := scene(s, i), i == 0 || i == 6
		out, err := x.Encode(src, int64(i)*3600, key, q)
		if err != nil || len(out) != 1 {
			t.Fatalf("picture %d: %d packets, %v", i, len(out), err)
		}
		if out[0].Key != key || out[0].PTS != int64(i)*3600 {
			t.Fatalf("picture %d: key %v at %d", i, out[0].Key, out[0].PTS)
		}
		bits[q] = len(out[0].Data) // of the later one, which is no key picture but for 36
		if err := d.Send(out[0]); err != nil {
			t.Fatal(err)
		}
		got, _ := receive(t, d)
		if len(got) != 1 {
			t.Fatalf("picture %d: %d pictures decoded", i, len(got))
		}
		// A step of the quantiser is 2^((q-4)/6) wide, and errs by half of itself at most.
		if p, least := psnr(src, got[0].planes), 52-0.95*float64(q); p < least {
			t.Errorf("quantiser %d: %.1f dB, want %.1f", q, p, least)
		}
	}
	for _, q := range []int{12, 24, 36, 51} {
		if finer := bits[max(q-12, 0)]; bits[q] >= finer && q != 51 {
			t.Errorf("quantiser %d takes %d bytes, a finer one %d", q, bits[q], finer)
		}
	}
}

// What a viewer's decoder is told of colour and shape is what the other encoder
// tells.
func TestQuantisedTellsColourAndShape(t *testing.T) {
	s := frame.Size{W: 320, H: 240}
	cfg := live(s)
	cfg.Colour = frame.Colour{FullRange: true, Primaries: 1, Transfer: 13, Matrix: 6}
	cfg.Aspect = frame.Rational{Num: 4, Den: 3}
	x := quantised(t, cfg)
	y, err := av.NewEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	a, err := x.Encode(scene(s, 0), 0, true, 20)
	if err != nil {
		t.Fatal(err)
	}
	b, err := y.Encode(scene(s, 0), 0, true)
	if err != nil {
		t.Fatal(err)
	}
	p, q := decoded(t, a[0]), decoded(t, b[0])
	if p.colour != cfg.Colour || p.colour != q.colour || p.aspect != cfg.Aspect || p.aspect != q.aspect {
		t.Errorf("%+v %v, the other encoder %+v %v", p.colour, p.aspect, q.colour, q.aspect)
	}
}

func decoded(t *testing.T, p av.Packet) picture {
	t.Helper()
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Send(p); err != nil {
		t.Fatal(err)
	}
	got, _ := receive(t, d)
	if len(got) != 1 {
		t.Fatalf("%d pictures decoded", len(got))
	}
	return got[0]
}

func TestQuantisedRefuses(t *testing.T) {
	s := frame.Size{W: 64, H: 64}
	for name, change := range map[string]func(*av.EncoderConfig){
		"odd side":      func(c *av.EncoderConfig) { c.Size.W = 63 },
		"another codec": func(c *av.EncoderConfig) { c.Codec = av.CodecVP8 },
		"lossless":      func(c *av.EncoderConfig) { c.Lossless = true },
		"hardware":      func(c *av.EncoderConfig) { c.Hardware = av.HardwareAuto },
		"global header": func(c *av.EncoderConfig) { c.GlobalHeader = true },
	} {
		cfg := live(s)
		change(&cfg)
		if x, err := av.NewQuantised(cfg); !errors.Is(err, av.ErrUnsupported) {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
	cfg := live(s)
	cfg.Preset = "swift"
	if _, err := av.NewQuantised(cfg); !errors.Is(err, av.ErrConfig) {
		t.Errorf("preset: %v", err)
	}
	x := quantised(t, live(s))
	if _, err := x.Encode(scene(s, 0), 0, true, 52); !errors.Is(err, av.ErrConfig) {
		t.Errorf("quantiser 52: %v", err)
	}
	if _, err := x.Encode(scene(frame.Size{W: 66, H: 64}, 0), 0, true, 20); !errors.Is(err, av.ErrPlanes) {
		t.Errorf("other size: %v", err)
	}
	x.Close()
	if _, err := x.Encode(scene(s, 0), 0, true, 20); !errors.Is(err, av.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	x.Close()
}

// Neither encoding nor opening again and again takes more and more.
func TestQuantisedKeepsNothing(t *testing.T) {
	s := frame.Size{W: 640, H: 360}
	x, src, n := quantised(t, live(s)), scene(s, 1), int64(0)
	if got := testing.AllocsPerRun(50, func() {
		n++
		if _, err := x.Encode(src, n*3600, false, 26); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations a picture", got)
	}
	once := func() {
		x := quantised(t, live(s))
		if _, err := x.Encode(src, 0, true, 26); err != nil {
			t.Fatal(err)
		}
		x.Close()
	}
	for range 15 {
		once()
	}
	mem := resident(t)
	for range 60 {
		once()
	}
	if grown := resident(t) - mem; grown > 25<<20 {
		t.Errorf("%d bytes more after 60 rounds", grown)
	}
}
