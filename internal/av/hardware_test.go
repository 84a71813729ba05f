package av_test

import (
	"errors"
	"strings"
	"testing"

	"bystander/internal/av"
	"bystander/internal/frame"
)

func TestParseHardware(t *testing.T) {
	for in, want := range map[string]av.Hardware{"": av.HardwareNone, "none": av.HardwareNone, " NVIDIA": av.HardwareNVIDIA, "cuda": av.HardwareNVIDIA, "auto": av.HardwareAuto} {
		if h, err := av.ParseHardware(in); err != nil || h != want {
			t.Errorf("%q: %q, %v", in, h, err)
		}
	}
	if _, err := av.ParseHardware("abacus"); !errors.Is(err, av.ErrConfig) {
		t.Errorf("abacus: %v", err)
	}
}

// Hardware that is not there is passed over with its reason, and pictures come
// as they do without it; hardware that is there codes them.
func TestHardwareIsOptional(t *testing.T) {
	size := frame.Size{W: 256, H: 192}
	x, err := av.NewEncoder(av.EncoderConfig{Size: size, TimeBase: frame.Rational{Num: 1, Den: 25}, Profile: "baseline", CRF: 24, Hardware: av.HardwareAuto})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	told(t, "encoder", x.Coder(), "h264_nvenc")
	d, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264, LowDelay: true, Hardware: av.HardwareNVIDIA})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	told(t, "decoder", d.Coder(), "h264_cuvid")
	planes := frame.PlanesOver(make([]byte, size.Bytes()), size)
	got := 0
	for i := range 20 {
		for k := range planes.Y {
			planes.Y[k] = byte(k + i)
		}
		packets, err := x.Encode(planes, int64(i), i == 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			if err := d.Send(p); err != nil {
				t.Fatal(err)
			}
			for {
				pic, err := d.Receive()
				if errors.Is(err, av.ErrAgain) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if pic.Size() != size {
					t.Fatalf("%v", pic.Size())
				}
				got++
			}
		}
	}
	if got < 15 {
		t.Errorf("%d of 20 pictures came back", got)
	}
}

func told(t *testing.T, what string, c av.Coder, name string) {
	t.Helper()
	t.Logf("%s: %s", what, c)
	if c.Name == name {
		return
	}
	if c.Name != "" || len(c.Refused) != 1 || !strings.Contains(c.Refused[0], "not "+name+": ") || !strings.HasPrefix(c.String(), "software (") {
		t.Errorf("%s: %+v does not say why %s is not used", what, c, name)
	}
}

// What a card cannot do is not asked of it, and none is asked unless allowed.
func TestHardwareIsNotAskedInVain(t *testing.T) {
	for name, cfg := range map[string]av.EncoderConfig{
		"not allowed": {Size: frame.Size{W: 64, H: 64}},
		"odd":         {Size: frame.Size{W: 65, H: 64}, Hardware: av.HardwareAuto},
		"lossless":    {Size: frame.Size{W: 64, H: 64}, Lossless: true, Hardware: av.HardwareAuto},
		"VP8":         {Size: frame.Size{W: 64, H: 64}, Codec: av.CodecVP8, Hardware: av.HardwareAuto},
	} {
		cfg.TimeBase = frame.Rational{Num: 1, Den: 25}
		x, err := av.NewEncoder(cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c := x.Coder(); c.Name != "" || len(c.Refused) > 0 {
			t.Errorf("%s: %s", name, c)
		}
		x.Close()
	}
}
