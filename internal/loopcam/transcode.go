package loopcam

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bystander/internal/av"
	"bystander/internal/frame"
)

// recipe names the way of coding; a change of it makes cached files useless.
const recipe = "h264 veryfast crf20 key1s"

// probePackets is how far a file is looked into for missing time stamps.
const probePackets = 64

// prepare returns the path of a file that can be sent as it is: cfg.File
// itself, or one made of it.
func prepare(ctx context.Context, cfg Config) (string, error) {
	d, err := av.OpenFile(cfg.File)
	if err != nil {
		return "", fmt.Errorf("loopcam: %w", err)
	}
	defer d.Close()
	if cfg.Every <= 1 && sendable(d, cfg.Size) {
		return cfg.File, nil
	}
	path, err := cachePath(cfg)
	if err != nil {
		return "", err
	}
	if known, err := av.OpenFile(path); err == nil {
		known.Close()
		return path, nil
	}
	if err := d.Rewind(); err != nil {
		return "", fmt.Errorf("loopcam: %w", err)
	}
	if err := transcode(ctx, d, cfg, path); err != nil {
		return "", err
	}
	return path, nil
}

// sendable tells whether the file's own packets will do: a codec that RTP
// carries here, upright, in the right size, and with presentation times.
func sendable(d *av.Demuxer, want frame.Size) bool {
	i := d.Info()
	if i.Codec != av.CodecH264 && i.Codec != av.CodecH265 {
		return false
	}
	if i.Rotation != 0 || i.Mirrored || (want != (frame.Size{}) && want != i.Size) {
		return false
	}
	if n, err := newNALUs(i.Codec, i.Extradata); err != nil || n.set(kindSPS) == nil {
		return false
	}
	for range probePackets {
		p, err := d.ReadPacket()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if p.PTS == av.NoPTS || p.DTS == av.NoPTS {
			return false
		}
	}
	return true
}

// cachePath names the file that is made of cfg.File as it is now.
func cachePath(cfg Config) (string, error) {
	abs, err := filepath.Abs(cfg.File)
	if err != nil {
		return "", fmt.Errorf("loopcam: %w", err)
	}
	st, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("loopcam: %w", err)
	}
	dir := cfg.CacheDir
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("loopcam: %w: name a folder for the cache", err)
		}
		dir = filepath.Join(dir, "bystander", "loopcam")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("loopcam: cache: %w", err)
	}
	what := fmt.Appendf(nil, "%s|%d|%d|%v|%s", abs, st.Size(), st.ModTime().UnixNano(), cfg.Size, recipe)
	if cfg.Every > 1 {
		what = fmt.Appendf(what, "|every %d", cfg.Every)
	}
	key := sha256.Sum256(what)
	return filepath.Join(dir, hex.EncodeToString(key[:12])+".mp4"), nil
}

// transcode writes d as H.264 to path, scaled when cfg says so.
func transcode(ctx context.Context, d *av.Demuxer, cfg Config, path string) error {
	info := d.Info()
	dec, err := av.NewDecoder(av.DecoderConfig{Params: d.Params(), Threads: 2})
	if err != nil {
		return fmt.Errorf("loopcam: decode %s: %w", cfg.File, err)
	}
	defer dec.Close()
	t := &transcoder{cfg: cfg, info: info, dec: dec, path: path, size: cfg.Size, last: av.NoPTS}
	if t.size == (frame.Size{}) {
		// 4:2:0 of odd sides would not be playable everywhere.
		t.size = frame.Size{W: info.Size.W &^ 1, H: info.Size.H &^ 1}
	}
	err = t.run(ctx, d)
	if t.enc != nil {
		t.enc.Close()
	}
	if t.mux != nil {
		if err != nil {
			return errors.Join(err, t.mux.Abort())
		}
		if err := t.mux.Close(); err != nil {
			return fmt.Errorf("loopcam: %w", err)
		}
	}
	return err
}

type transcoder struct {
	cfg  Config
	info av.Info
	dec  *av.Decoder
	enc  *av.Encoder
	mux  *av.Muxer
	path string
	size frame.Size
	buf  frame.Planes // the decoded picture
	out  frame.Planes // the scaled one
	sc   scaler
	last int64
	in   int64 // pictures decoded
	n    int64 // and coded
}

func (t *transcoder) run(ctx context.Context, d *av.Demuxer) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := d.ReadPacket()
		if err != nil {
			if t.n > 0 || errors.Is(err, io.EOF) {
				break // a recording that is cut short plays as far as it goes
			}
			return fmt.Errorf("loopcam: %w", err)
		}
		if err := t.dec.Send(p); err != nil && !errors.Is(err, av.ErrCorrupt) {
			return fmt.Errorf("loopcam: decode %s: %w", t.cfg.File, err)
		}
		if err := t.receive(); err != nil {
			return err
		}
	}
	if err := t.dec.Drain(); err != nil {
		return fmt.Errorf("loopcam: decode %s: %w", t.cfg.File, err)
	}
	if err := t.receive(); err != nil {
		return err
	}
	if t.enc == nil {
		return fmt.Errorf("loopcam: no picture of %s could be decoded", t.cfg.File)
	}
	packets, err := t.enc.Flush()
	if err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	return t.write(packets)
}

func (t *transcoder) receive() error {
	for {
		pic, err := t.dec.Receive()
		switch {
		case errors.Is(err, av.ErrAgain), errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, av.ErrCorrupt):
			continue
		case err != nil:
			return fmt.Errorf("loopcam: decode %s: %w", t.cfg.File, err)
		}
		if err := t.picture(pic); err != nil {
			return err
		}
	}
}

func (t *transcoder) picture(pic *av.Picture) error {
	t.in++
	if t.cfg.Every > 1 && (t.in-1)%int64(t.cfg.Every) != 0 {
		return nil
	}
	if err := t.open(pic); err != nil {
		return err
	}
	if t.buf.Size != pic.Size() {
		t.buf = frame.PlanesOver(make([]byte, pic.Size().Bytes()), pic.Size())
	}
	if err := pic.CopyTo(t.buf); err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	if err := t.sc.scale(t.out, t.buf); err != nil {
		return err
	}
	pts := pic.PTS()
	if pts == av.NoPTS || (t.last != av.NoPTS && pts <= t.last) {
		pts = t.last + t.step()
		if t.last == av.NoPTS {
			pts = 0
		}
	}
	t.last = pts
	packets, err := t.enc.Encode(t.out, pts, false)
	if err != nil {
		return fmt.Errorf("loopcam: encode: %w", err)
	}
	t.n++
	if t.cfg.Progress != nil {
		t.cfg.Progress(t.n, t.info.Frames)
	}
	return t.write(packets)
}

func (t *transcoder) fps() float64 {
	f := t.info.AvgRate.Float()
	if f <= 0 || f > 1000 {
		return 25
	}
	return f / float64(max(t.cfg.Every, 1))
}

// rate is the coded file's.
func (t *transcoder) rate() frame.Rational {
	r := t.info.AvgRate
	r.Den *= max(t.cfg.Every, 1)
	return r
}

func (t *transcoder) step() int64 {
	return max(1, int64(1/(t.fps()*t.info.TimeBase.Float())+0.5))
}

// open makes the encoder and the file with the first picture, which knows its
// colours.
func (t *transcoder) open(pic *av.Picture) error {
	if t.enc != nil {
		return nil
	}
	var err error
	t.enc, err = av.NewEncoder(av.EncoderConfig{
		Size: t.size, TimeBase: t.info.TimeBase, FrameRate: t.rate(),
		CRF: 20, Preset: "veryfast", KeyInterval: max(1, int(t.fps())), Threads: 2,
		GlobalHeader: true, Colour: pic.Colour(),
	})
	if err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	t.mux, err = av.Create(t.path, av.MuxerConfig{
		Codec: av.CodecH264, Extradata: t.enc.Extradata(), Size: t.size,
		TimeBase: t.info.TimeBase, FrameRate: t.rate(), Colour: pic.Colour(),
	})
	if err != nil {
		return fmt.Errorf("loopcam: %w", err)
	}
	t.out = frame.PlanesOver(make([]byte, t.size.Bytes()), t.size)
	return nil
}

func (t *transcoder) write(packets []av.Packet) error {
	for _, p := range packets {
		if p.Duration == 0 {
			p.Duration = t.step()
		}
		if err := t.mux.WritePacket(p); err != nil {
			return fmt.Errorf("loopcam: %w", err)
		}
	}
	return nil
}
