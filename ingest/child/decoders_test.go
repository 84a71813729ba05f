package child

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/internal/shm"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// The way from a card to software and back is tested from within, as no machine is
// sure to have a card: a decoder of libav stands for it and fails when told.

var errCard = errors.New("the card has gone")

// card decodes until its unit or its picture of a number comes.
type card struct {
	decoder
	*cardPlan
}

type cardPlan struct {
	failSend, failReceive int // count from 1; 0 never
	sent, received        int
	opened                int
}

func (c card) Coder() av.Coder { return av.Coder{Name: "h264_cuvid"} }

func (c card) Send(p av.Packet) error {
	if c.sent++; c.sent == c.failSend {
		return errCard
	}
	return c.decoder.Send(p)
}

func (c card) Receive() (*av.Picture, error) {
	p, err := c.decoder.Receive()
	if err == nil {
		if c.received++; c.received == c.failReceive {
			return nil, errCard
		}
	}
	return p, err
}

const (
	testUnits = 40
	testGroup = 10 // units from one key unit to the next
)

// rig is a worker without an edge: what it would tell is read from the other end.
type rig struct {
	d    *decoding
	edge *wire.Conn
	now  time.Time
}

func newRig(t *testing.T, hw av.Hardware, plan *cardPlan) *rig {
	t.Helper()
	ours, theirs, err := wire.Pair()
	require.NoError(t, err)
	conn, err := wire.NewConn(theirs)
	require.NoError(t, err)
	edge, err := wire.NewConn(ours)
	require.NoError(t, err)
	mem, err := shm.Create(wire.MaxSlots, 1<<16)
	require.NoError(t, err)
	slots, err := shm.Map(mem, wire.MaxSlots, 1<<16, true)
	require.NoError(t, err)
	require.NoError(t, mem.Close())
	t.Cleanup(func() {
		require.NoError(t, errors.Join(conn.Close(), edge.Close(), slots.Close()))
	})
	w := newWorker(conn, slots, wire.Start{ID: "cam", Driver: "rtsp", Live: true, Stall: time.Minute, Hardware: string(hw)}, nil, zerolog.New(os.Stderr))
	r := &rig{d: newDecoding(context.Background(), w), edge: edge, now: time.Unix(1e9, 0)}
	software := w.decoders.make
	w.decoders.now = func() time.Time { return r.now }
	w.decoders.make = func(cfg av.DecoderConfig) (decoder, error) {
		allowed := cfg.Hardware
		cfg.Hardware = av.HardwareNone
		d, err := software(cfg)
		if err != nil || allowed == av.HardwareNone {
			return d, err
		}
		plan.opened++
		return card{d, plan}, nil
	}
	p := driver.Params{Codec: av.CodecH264, TimeBase: frame.Rational{Num: 1, Den: 25}}
	dec, err := w.decoders.open(p)
	require.NoError(t, err)
	r.d.open(p, dec)
	t.Cleanup(r.d.close)
	return r
}

// told is what the edge would have heard: who decodes, in order, and the time stamps
// of the pictures.
func (r *rig) told(t *testing.T) (states []wire.State, pictures []int64) {
	t.Helper()
	require.NoError(t, r.edge.SetReceiveDeadline(time.Now().Add(100*time.Millisecond)))
	for {
		typ, body, err := r.edge.Receive()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return states, pictures
		}
		require.NoError(t, err)
		switch typ {
		case wire.TypeState:
			s, err := wire.ParseState(body)
			require.NoError(t, err)
			states = append(states, s)
		case wire.TypeFrame:
			f, err := wire.ParseFrame(body, wire.MaxSlots)
			require.NoError(t, err)
			require.EqualValues(t, 1, f.Epoch, "one stream, whoever decodes")
			pictures = append(pictures, f.Ticks)
		default:
			t.Fatalf("message of type %d", typ)
		}
	}
}

// stream is a made-up picture that moves, coded with a key unit every testGroup.
func stream(t *testing.T) (out []driver.Unit) {
	t.Helper()
	size := frame.Size{W: 128, H: 96}
	x, err := av.NewEncoder(av.EncoderConfig{
		Size: size, TimeBase: frame.Rational{Num: 1, Den: 25}, Profile: "baseline", CRF: 24,
	})
	require.NoError(t, err)
	defer x.Close()
	planes := frame.PlanesOver(make([]byte, size.Bytes()), size)
	for i := range testUnits {
		for k := range planes.Y {
			planes.Y[k] = byte(k + 3*i)
		}
		packets, err := x.Encode(planes, int64(i), i%testGroup == 0)
		require.NoError(t, err)
		for _, p := range packets {
			require.Equal(t, len(out)%testGroup == 0, p.Key)
			out = append(out, driver.Unit{Data: append([]byte(nil), p.Data...), PTS: p.PTS, DTS: p.DTS, Key: p.Key, Arrived: time.Now()})
		}
	}
	require.Len(t, out, testUnits)
	return out
}

func numbers(from, to int) (out []int64) {
	for i := from; i < to; i++ {
		out = append(out, int64(i))
	}
	return out
}

func TestAFailingCardGivesWay(t *testing.T) {
	units := stream(t)
	for name, c := range map[string]struct {
		plan  cardPlan
		shown []int64
	}{
		"works":                                {cardPlan{}, numbers(0, testUnits)},
		"fails as it gets its first unit":      {cardPlan{failSend: 1}, numbers(0, testUnits)},
		"fails at its first picture":           {cardPlan{failReceive: 1}, numbers(0, testUnits)},
		"fails at a key unit":                  {cardPlan{failSend: 1 + 2*testGroup}, numbers(0, testUnits)},
		"fails between them, until the next":   {cardPlan{failSend: 16}, append(numbers(0, 15), numbers(20, testUnits)...)},
		"fails at a picture, until the next":   {cardPlan{failReceive: 13}, append(numbers(0, 12), numbers(20, testUnits)...)},
		"fails at the last unit, which is old": {cardPlan{failSend: testUnits}, numbers(0, testUnits-1)},
	} {
		t.Run(name, func(t *testing.T) {
			plan := c.plan
			fails := plan.failSend+plan.failReceive > 0
			r := newRig(t, av.HardwareAuto, &plan)
			for _, u := range units {
				require.NoError(t, r.d.unit(u))
			}
			states, pictures := r.told(t)
			require.Equal(t, c.shown, pictures)
			require.Equal(t, 1, plan.opened, "the card rests")
			last := states[len(states)-1]
			if !fails || plan.failSend == testUnits {
				require.Equal(t, wire.State{Phase: wire.PhaseConnected, Codec: "h264", Decoder: "h264_cuvid"}, last)
				return
			}
			require.Equal(t, wire.State{
				Phase: wire.PhaseConnected, Codec: "h264", Decoder: ingest.DecoderSoftware,
				NoCard: "h264_cuvid failed at a picture: the card has gone",
			}, last)
		})
	}
}

// A card that has rested takes over at a key unit, within the same stream.
func TestARestedCardTakesOver(t *testing.T) {
	plan := cardPlan{failSend: 5}
	r := newRig(t, av.HardwareNVIDIA, &plan)
	for i, u := range stream(t) {
		if i == 23 {
			r.now = r.now.Add(cardRest)
		}
		require.NoError(t, r.d.unit(u))
	}
	states, pictures := r.told(t)
	require.Equal(t, append(numbers(0, 4), numbers(10, testUnits)...), pictures)
	var by []string
	for _, s := range states {
		by = append(by, s.Decoder)
	}
	require.Equal(t, []string{"h264_cuvid", ingest.DecoderSoftware, "h264_cuvid"}, by)
	require.Empty(t, states[2].NoCard)
	require.Equal(t, 2, plan.opened)
}

// Where no card is allowed nothing is asked and nothing said.
func TestWithoutHardwareNothingIsSaid(t *testing.T) {
	plan := cardPlan{failSend: 1}
	r := newRig(t, av.HardwareNone, &plan)
	for _, u := range stream(t) {
		require.NoError(t, r.d.unit(u))
	}
	states, pictures := r.told(t)
	require.Equal(t, numbers(0, testUnits), pictures)
	require.Equal(t, []wire.State{{Phase: wire.PhaseConnected, Codec: "h264"}}, states)
	require.Zero(t, plan.opened)
}

// A stream without key units, which a decoder has to find its own way into, is not
// left out for ever.
func TestWithoutKeyUnitsSoftwareFindsItsStart(t *testing.T) {
	plan := cardPlan{failSend: 5}
	r := newRig(t, av.HardwareAuto, &plan)
	sent := func() uint64 { return testUnits - r.d.w.dropped.Load() }
	for i, u := range stream(t) {
		if i == 15 {
			r.now = r.now.Add(keyPatience)
		}
		u.Key = false
		require.NoError(t, r.d.unit(u))
	}
	require.EqualValues(t, testUnits-11, sent(), "units 4 to 14 are left out")
	_, pictures := r.told(t)
	require.Equal(t, numbers(0, 4), pictures[:4])
	require.EqualValues(t, testUnits-1, pictures[len(pictures)-1])
}

// A played file's parameters belong to the driver's goroutine: it is played anew.
func TestAPlayedFileIsPlayedAnew(t *testing.T) {
	plan := cardPlan{failSend: 3}
	r := newRig(t, av.HardwareAuto, &plan)
	r.d.params.File = &av.Params{}
	units := stream(t)
	require.NoError(t, r.d.unit(units[0]))
	require.NoError(t, r.d.unit(units[1]))
	err := r.d.unit(units[2])
	require.Equal(t, ingest.CodeDecode, ingest.CodeOf(err, ""))
	require.True(t, r.d.w.decoders.resting())
}
