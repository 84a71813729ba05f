package encode_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/stretchr/testify/require"

	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/sink/encode"
)

// sealer is the test process's own: package redact is not linked in here.
var sealer = frame.TakeSealer()

// source makes redacted pictures whose content moves.
type source struct {
	t    testing.TB
	pool *frame.Pool
	n    int
}

func newSource(t testing.TB) *source {
	s := &source{t: t, pool: frame.NewPool(4)}
	t.Cleanup(func() {
		require.Zero(t, s.pool.Lent(), "a picture was not given back")
		s.pool.Close()
	})
	return s
}

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func (s *source) next(size frame.Size, m frame.Meta, full bool) *frame.Redacted {
	r, err := s.pool.Get(size)
	require.NoError(s.t, err)
	p := r.Planes()
	for y := range p.H {
		row := p.Y[y*p.StrideY : y*p.StrideY+p.W]
		for x := range row {
			row[x] = byte(x + 3*y + 7*s.n)
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = 100, byte(100+s.n)
	}
	s.n++
	r.Meta = m
	return sealer.Seal(r, full)
}

var vga = frame.Size{W: 320, H: 240}

func meta(i int, epoch uint32) frame.Meta {
	pts := time.Duration(i) * 40 * time.Millisecond
	return frame.Meta{Seq: uint64(i), Epoch: epoch, PTS: pts, Captured: start.Add(pts), Arrived: start.Add(pts)}
}

func TestStreamThatLibavDecodes(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{FrameRate: frame.Rational{Num: 25, Den: 1}})
	defer s.Close()
	dec, err := av.NewDecoder(av.DecoderConfig{Codec: av.CodecH264})
	require.NoError(t, err)
	defer dec.Close()
	last, decoded := time.Duration(-1), 0
	var keys []int
	for i := range 120 {
		f := src.next(vga, meta(i, 0), i == 7)
		p, err := s.Encode(f)
		f.Release()
		require.NoError(t, err)
		require.Greater(t, p.PTS, last)
		require.Equal(t, time.Duration(i)*40*time.Millisecond, p.PTS)
		require.Equal(t, start.Add(p.PTS), p.Captured)
		require.Equal(t, uint64(i), p.Seq)
		require.Equal(t, i == 7, p.FullMask)
		require.Equal(t, vga, p.Size)
		last = p.PTS
		require.NoError(t, dec.Send(av.Packet{Data: p.Data, PTS: int64(i), Key: p.Key}))
		for {
			pic, err := dec.Receive()
			if errors.Is(err, av.ErrAgain) {
				break
			}
			require.NoError(t, err)
			require.Equal(t, vga, pic.Size())
			decoded++
		}
		var au h264.AnnexB
		require.NoError(t, au.Unmarshal(p.Data))
		require.Equal(t, p.Key, h264.IsRandomAccess(au))
		if p.Key {
			keys = append(keys, i)
			require.True(t, has(au, h264.NALUTypeSPS) && has(au, h264.NALUTypePPS), "a key picture stands alone")
		}
	}
	require.NoError(t, dec.Drain())
	for {
		if _, err := dec.Receive(); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		decoded++
	}
	require.Equal(t, 120, decoded)
	require.Equal(t, []int{0, 50, 100}, keys, "a key picture every two seconds")
	require.Equal(t, uint64(1), s.Stats().Encoders)
}

func has(au h264.AnnexB, kind h264.NALUType) bool {
	for _, u := range au {
		if h264.NALUType(u[0]&0x1f) == kind {
			return true
		}
	}
	return false
}

func TestKeyRequestsCoalesce(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{})
	defer s.Close()
	var keys []int
	for i := range 20 {
		if i == 5 || i == 12 {
			for range 10 {
				s.RequestKey()
			}
		}
		f := src.next(vga, meta(i, 0), false)
		p, err := s.Encode(f)
		f.Release()
		require.NoError(t, err)
		if p.Key {
			keys = append(keys, i)
		}
	}
	require.Equal(t, []int{0, 5, 12}, keys)
}

// TestTimeGoesOn checks new epochs and sizes: the encoder begins anew with a
// key picture, and the stream's time follows this machine's clock, never back.
func TestTimeGoesOn(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{})
	defer s.Close()
	send := func(size frame.Size, m frame.Meta) (time.Duration, bool) {
		f := src.next(size, m, false)
		defer f.Release()
		p, err := s.Encode(f)
		require.NoError(t, err)
		require.Equal(t, size, p.Size)
		return p.PTS, p.Key
	}
	for i := range 5 {
		send(vga, meta(i, 0))
	}
	again := meta(0, 1) // the camera came back 3 s later, its time at 0
	again.Arrived = start.Add(160*time.Millisecond + 3*time.Second)
	pts, key := send(vga, again)
	require.True(t, key)
	require.Equal(t, 3160*time.Millisecond, pts)

	odd := meta(1, 2) // the machine's clock was set back
	odd.Arrived = start.Add(-time.Hour)
	pts, key = send(frame.Size{W: 160, H: 120}, odd)
	require.True(t, key)
	require.Equal(t, 3200*time.Millisecond, pts, "one step on")

	next := meta(2, 2)
	pts, key = send(frame.Size{W: 160, H: 120}, next)
	require.False(t, key)
	require.Equal(t, 3240*time.Millisecond, pts)

	back := meta(0, 2) // against the contract: time went back within an epoch
	pts, key = send(frame.Size{W: 160, H: 120}, back)
	require.True(t, key)
	require.Greater(t, pts, 3240*time.Millisecond)
	require.Equal(t, uint64(4), s.Stats().Encoders)
}

// TestSkippedPicturesTakeTheirTime: what nobody wants costs no encoder, keeps the
// time line, across a camera's return too, and is followed by a key picture.
func TestSkippedPicturesTakeTheirTime(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{})
	defer s.Close()
	at := func(i int) time.Duration { return time.Duration(i) * 40 * time.Millisecond }
	skip := func(m frame.Meta) time.Duration {
		f := src.next(vga, m, false)
		defer f.Release()
		return s.Skip(f)
	}
	send := func(i int, epoch uint32) (time.Duration, bool) {
		f := src.next(vga, meta(i, epoch), false)
		defer f.Release()
		p, err := s.Encode(f)
		require.NoError(t, err)
		return p.PTS, p.Key
	}
	require.Equal(t, at(0), skip(meta(0, 0)))
	require.Zero(t, s.Stats().Encoders, "none was made for a picture that nobody wants")
	require.Equal(t, at(1), skip(meta(1, 0)))
	s.RequestKey() // by whoever comes now
	pts, key := send(2, 0)
	require.Equal(t, at(2), pts)
	require.True(t, key)
	pts, key = send(3, 0)
	require.Equal(t, at(3), pts)
	require.False(t, key, "one key picture is enough")
	require.Equal(t, at(4), skip(meta(4, 0)))
	again := meta(0, 1) // the camera came back 3 s later, its time at 0
	again.Arrived = start.Add(at(4) + 3*time.Second)
	require.Equal(t, at(4)+3*time.Second, skip(again))
	pts, key = send(1, 1)
	require.Equal(t, at(5)+3*time.Second, pts)
	require.True(t, key)
	require.EqualValues(t, 2, s.Stats().Encoders)
	require.EqualValues(t, 3, s.Stats().Frames)
}

// TestSameParametersAfterReconnect: a camera that comes back alike gives the
// same parameter sets, so that the recorder can go on in its file.
func TestSameParametersAfterReconnect(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{FrameRate: frame.Rational{Num: 25, Den: 1}})
	defer s.Close()
	var sps [][]byte
	for epoch := range uint32(2) {
		f := src.next(vga, meta(int(epoch), epoch), false)
		p, err := s.Encode(f)
		f.Release()
		require.NoError(t, err)
		var au h264.AnnexB
		require.NoError(t, au.Unmarshal(p.Data))
		for _, u := range au {
			if k := h264.NALUType(u[0] & 0x1f); k == h264.NALUTypeSPS || k == h264.NALUTypePPS {
				sps = append(sps, append([]byte(nil), u...))
			}
		}
	}
	require.Len(t, sps, 4)
	require.Equal(t, sps[:2], sps[2:])
}

// broken is an encoder that misbehaves.
type broken struct {
	err  error
	out  []av.Packet
	open *int
}

func (b *broken) Encode(frame.Planes, int64, bool) ([]av.Packet, error) { return b.out, b.err }
func (b *broken) Size() frame.Size                                      { return vga }
func (b *broken) Close()                                                { *b.open-- }

func TestFailureStopsThenRebuilds(t *testing.T) {
	boom := errors.New("boom")
	for name, bad := range map[string]*broken{
		"error":             {err: boom},
		"nothing":           {},
		"two packets":       {out: []av.Packet{{Data: []byte{1}, Key: true}, {Data: []byte{2}}}},
		"empty packet":      {out: []av.Packet{{Key: true}}},
		"no key when asked": {out: []av.Packet{{Data: []byte{1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			src := newSource(t)
			now, open, made := start, 0, 0
			bad.open = &open
			s := encode.New(encode.Config{
				Now: func() time.Time { return now },
				New: func(c av.EncoderConfig) (encode.Encoder, error) {
					made++
					if made == 2 {
						return nil, boom
					}
					open++
					if made == 1 {
						return bad, nil
					}
					return &broken{out: []av.Packet{{Data: []byte{9}, Key: true}}, open: &open}, nil
				},
			})
			try := func(i int) error {
				f := src.next(vga, meta(i, 0), false)
				defer f.Release()
				p, err := s.Encode(f)
				require.Equal(t, err != nil, p == nil)
				return err
			}
			require.Error(t, try(0))
			require.Zero(t, open, "the encoder is gone at once")
			require.ErrorIs(t, try(1), encode.ErrStopped)
			now = now.Add(time.Second)
			require.ErrorIs(t, try(2), boom)
			require.ErrorIs(t, try(3), encode.ErrStopped)
			now = now.Add(time.Second)
			require.NoError(t, try(4))
			require.Equal(t, 1, open)
			require.NoError(t, s.Close())
			require.Zero(t, open)
			require.ErrorIs(t, try(5), encode.ErrClosed)
		})
	}
}

func TestMaxRate(t *testing.T) {
	fps := frame.Rational{Num: 25, Den: 1}
	require.Equal(t, 3_500_000, encode.MaxRate(frame.Size{W: 1280, H: 720}, fps))
	require.Equal(t, 3_500_000, encode.MaxRate(frame.Size{W: 1280, H: 720}, frame.Rational{}))
	require.Equal(t, 6_500_000, encode.MaxRate(frame.Size{W: 1920, H: 1080}, fps))
	require.Equal(t, 7_000_000, encode.MaxRate(frame.Size{W: 1280, H: 720}, frame.Rational{Num: 1000, Den: 1}))
	last := 0
	for _, w := range []int{64, 352, 640, 854, 1280, 1920, 2560, 4096} {
		r := encode.MaxRate(frame.Size{W: w, H: w * 9 / 16}, fps)
		require.GreaterOrEqual(t, r, last)
		last = r
	}
}

// TestLossless lets the tests of redaction compare samples.
func TestLossless(t *testing.T) {
	src := newSource(t)
	s := encode.New(encode.Config{Lossless: true})
	defer s.Close()
	f := src.next(vga, meta(0, 0), false)
	p, err := s.Encode(f)
	f.Release()
	require.NoError(t, err)
	require.NotEmpty(t, p.Data)
}

func BenchmarkEncode720p(b *testing.B) {
	size := frame.Size{W: 1280, H: 720}
	src := newSource(b)
	s := encode.New(encode.Config{FrameRate: frame.Rational{Num: 25, Den: 1}})
	defer s.Close()
	f := src.next(size, meta(0, 0), false)
	defer f.Release()
	// The same picture again and again would go back in time, so each gets its
	// own time by way of a new picture.
	b.ReportAllocs()
	i := 1
	for b.Loop() {
		g := src.next(size, meta(i, 0), false)
		i++
		if _, err := s.Encode(g); err != nil {
			b.Fatal(err)
		}
		g.Release()
	}
}
