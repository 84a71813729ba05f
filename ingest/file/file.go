// Package file is the driver that plays a recording as if it were a camera, or
// reads it picture by picture.
package file

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/internal/av"
	"bystander/internal/frame"
)

// Driver implements driver.Driver for files. With Spec.Pace it delivers at the
// recording's own speed. Looping is the worker's business.
type Driver struct{}

// New returns the driver.
func New() driver.Driver { return &Driver{} }

// Run implements driver.Driver. It returns nil at the end of the file and an
// error with CodeTruncated where the file breaks off.
func (*Driver) Run(ctx context.Context, cfg driver.Config, out driver.Out) error {
	d, err := av.OpenFile(cfg.URL)
	if err != nil {
		return explain(cfg.URL, err)
	}
	defer d.Close()
	info := d.Info()
	if err := out.Video(driver.Params{
		Codec: info.Codec, File: d.Params(), TimeBase: info.TimeBase, Rate: rateOf(info),
	}); err != nil {
		return err
	}
	r := reader{
		path: cfg.URL, info: info, d: d, out: out, live: cfg.Live,
		pace: pacer{on: cfg.Pace, base: info.TimeBase.Float()},
	}
	return r.run(ctx)
}

func rateOf(i av.Info) frame.Rational {
	if i.AvgRate.Valid() {
		return i.AvgRate
	}
	return i.RealRate
}

type reader struct {
	path    string
	info    av.Info
	d       *av.Demuxer
	out     driver.Out
	pace    pacer
	live    bool
	packets int64
	end     int64 // latest end of a packet in ticks
	begin   int64
	damaged bool // the last packet was incomplete
}

func (r *reader) run(ctx context.Context) error {
	r.begin, r.end = av.NoPTS, av.NoPTS
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := r.d.ReadPacket()
		if errors.Is(err, io.EOF) {
			return r.checkEnd()
		}
		if err != nil {
			if errors.Is(err, av.ErrCorrupt) {
				return r.truncated()
			}
			return ingest.Errorf(ingest.CodeTruncated, "%s cannot be read to its end: %v", r.path, err)
		}
		r.note(p)
		if err := r.pace.wait(ctx, p); err != nil {
			return err
		}
		if err := r.out.Unit(unit(p)); err != nil {
			return err
		}
	}
}

func unit(p av.Packet) driver.Unit {
	return driver.Unit{
		Data: p.Data, PTS: p.PTS, DTS: p.DTS, Duration: p.Duration, Key: p.Key,
		Discard: p.Discard, Damaged: p.Damaged, Extra: p.Extradata,
	}
}

func (r *reader) note(p av.Packet) {
	r.packets++
	r.damaged = p.Damaged
	t := p.PTS
	if t == av.NoPTS {
		t = p.DTS
	}
	if t == av.NoPTS {
		return
	}
	if r.begin == av.NoPTS || t < r.begin {
		r.begin = t
	}
	r.end = max(r.end, t+p.Duration)
}

// checkEnd compares what was read with what the container promised. Only MP4
// counts its pictures, unless it is fragmented, and then each fragment says how
// long it is; elsewhere the duration has to serve, and containers are careless
// with it.
func (r *reader) checkEnd() error {
	if r.damaged {
		return r.truncated()
	}
	if strings.Contains(r.info.Format, "mov") {
		if r.info.Counted && r.packets < r.info.Frames && r.info.Frames-r.packets > r.info.Frames/50 {
			return r.truncated()
		}
		return nil
	}
	if r.info.Duration <= 0 || r.end == av.NoPTS {
		return nil
	}
	missing := time.Duration(float64(r.info.Duration-(r.end-r.begin)) * r.info.TimeBase.Float() * float64(time.Second))
	whole := time.Duration(float64(r.info.Duration) * r.info.TimeBase.Float() * float64(time.Second))
	if missing > time.Second && missing > whole/10 && strings.Contains(r.info.Format, "matroska") {
		return r.truncated()
	}
	return nil
}

func (r *reader) truncated() error {
	return ingest.Permanentf(ingest.CodeTruncated,
		"%s breaks off after %d pictures; it was not copied or recorded to its end: fetch it again, or repair it", r.path, r.packets)
}

// explain puts libav's view of a file into words; those of package av already
// name the file and the way out.
func explain(path string, err error) error {
	text := strings.TrimPrefix(err.Error(), "av: ")
	code := ingest.CodeNotAVideo
	switch {
	case errors.Is(err, av.ErrNotFound):
		code = ingest.CodeNotFound
	case errors.Is(err, av.ErrTruncated):
		code = ingest.CodeTruncated
	case errors.Is(err, av.ErrNoVideoStream):
		code = ingest.CodeNoVideo
	case errors.Is(err, av.ErrUnsupported), errors.Is(err, frame.ErrSize):
		code = ingest.CodeUnsupportedCodec
	}
	if !strings.Contains(text, path) {
		text = path + ": " + text
	}
	return &ingest.Error{Code: code, Text: text, Permanent: true, Err: err}
}

// pacer delays packets to their own time. The schedule is absolute, so delays
// do not add up.
type pacer struct {
	on    bool
	base  float64 // seconds a tick
	start time.Time
	first int64
	begun bool
	last  int64
}

// resync is the gap in the recording, either way, at which the schedule starts
// anew: nobody waits minutes for a jump in time stamps.
const resync = 10 * time.Second

func (c *pacer) wait(ctx context.Context, p av.Packet) error {
	t := p.DTS
	if t == av.NoPTS {
		t = p.PTS
	}
	if !c.on || t == av.NoPTS {
		return nil
	}
	gap := time.Duration(float64(t-c.last) * c.base * float64(time.Second))
	if !c.begun || gap > resync || gap < -resync {
		c.begun, c.start, c.first = true, time.Now(), t
	}
	c.last = t
	due := c.start.Add(time.Duration(float64(t-c.first) * c.base * float64(time.Second)))
	d := time.Until(due)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
