package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink/encode"
)

var errCard = errors.New("the card has gone")

// cardEncoder fails when its card has gone.
type cardEncoder struct{ gone *bool }

func (cardEncoder) Close()           {}
func (cardEncoder) Size() frame.Size { return frame.Size{W: 64, H: 64} }

func (x cardEncoder) Encode(frame.Planes, int64, bool) ([]av.Packet, error) {
	if *x.gone {
		return nil, errCard
	}
	return nil, nil
}

// A card that fails at a picture gives way to software, is logged once, told of in
// health, and tried again when it has rested.
func TestAFailingEncoderGivesWay(t *testing.T) {
	var out bytes.Buffer
	now, gone, never := time.Unix(1e9, 0), false, false
	c := newCoders(av.HardwareAuto, zerolog.New(&out))
	c.now = func() time.Time { return now }
	c.open = func(cfg av.EncoderConfig) (encode.Encoder, av.Coder, error) {
		if cfg.Hardware == av.HardwareNone {
			return cardEncoder{&never}, av.Coder{}, nil
		}
		return cardEncoder{&gone}, av.Coder{Name: "h264_nvenc"}, nil
	}
	code := func() error {
		x, err := c.encoder(av.EncoderConfig{})
		require.NoError(t, err)
		_, err = x.Encode(frame.Planes{}, 0, false)
		return err
	}
	require.NoError(t, code())
	require.Empty(t, c.notices())
	gone = true
	require.ErrorIs(t, code(), errCard)
	for range 5 {
		require.NoError(t, code(), "software encodes meanwhile")
	}
	require.Contains(t, c.notices()[0].Text, "the card has gone")
	require.Equal(t, 1, strings.Count(out.String(), "the hardware encoder failed"))
	now = now.Add(coderRest)
	require.ErrorIs(t, code(), errCard, "it is tried again")
	gone = false
	now = now.Add(coderRest)
	require.NoError(t, code())
	require.Empty(t, c.notices())
}

// Hardware that cannot be opened here is passed over with its reason; where none
// is asked for nothing is said.
func TestEncodersWithoutHardware(t *testing.T) {
	cfg := av.EncoderConfig{Size: frame.Size{W: 64, H: 64}, TimeBase: frame.Rational{Num: 1, Den: 25}}
	for hw, told := range map[av.Hardware]bool{av.HardwareNone: false, av.HardwareNVIDIA: true} {
		var out bytes.Buffer
		c := newCoders(hw, zerolog.New(&out))
		for range 3 {
			x, err := c.encoder(cfg)
			require.NoError(t, err)
			if h, ok := x.(*hardEncoder); ok {
				t.Skipf("a card encodes here: %T", h)
			}
			x.Close()
		}
		if !told {
			require.Empty(t, c.notices())
			require.Empty(t, out.String())
			continue
		}
		require.Contains(t, c.notices()[0].Text, "not h264_nvenc: ")
		require.Equal(t, 1, strings.Count(out.String(), "encoder chosen"))
	}
}
