package record

import (
	"bytes"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4"

	"bystander/internal/frame"
)

const trackID = 1

var startCode = []byte{0, 0, 1}

// nextNAL returns the first NAL unit of an Annex B access unit and what comes
// behind it; a nil unit means that there is none.
func nextNAL(b []byte) (unit, rest []byte) {
	i := bytes.Index(b, startCode)
	if i < 0 {
		return nil, nil
	}
	b = b[i+3:]
	end := bytes.Index(b, startCode)
	if end < 0 {
		end = len(b)
	}
	// A unit never ends in a zero byte: those belong to the next start code.
	unit, rest = bytes.TrimRight(b[:end], "\x00"), b[end:]
	if len(unit) == 0 && len(rest) > 0 {
		return nextNAL(rest)
	}
	if len(unit) == 0 {
		return nil, nil
	}
	return unit, rest
}

// params are a stream's parameter sets.
type params struct{ sps, pps []byte }

func (p params) equal(q params) bool { return bytes.Equal(p.sps, q.sps) && bytes.Equal(p.pps, q.pps) }

// paramsOf finds the parameter sets of an access unit, which share its memory.
func paramsOf(au []byte) (params, bool) {
	var p params
	for u, rest := nextNAL(au); u != nil; u, rest = nextNAL(rest) {
		switch h264.NALUType(u[0] & 0x1f) {
		case h264.NALUTypeSPS:
			p.sps = u
		case h264.NALUTypePPS:
			p.pps = u
		case h264.NALUTypeIDR, h264.NALUTypeNonIDR:
			return p, p.sps != nil && p.pps != nil // parameter sets come first
		}
	}
	return p, p.sps != nil && p.pps != nil
}

// appendSample appends an access unit as an MP4 sample: units after their
// lengths, without parameter sets and delimiters, which the header holds.
func appendSample(dst, au []byte) []byte {
	for u, rest := nextNAL(au); u != nil; u, rest = nextNAL(rest) {
		switch h264.NALUType(u[0] & 0x1f) {
		case h264.NALUTypeSPS, h264.NALUTypePPS, h264.NALUTypeAccessUnitDelimiter:
			continue
		}
		dst = be.AppendUint32(dst, uint32(len(u)))
		dst = append(dst, u...)
	}
	return dst
}

// sizeOf returns the picture size that a sequence parameter set declares.
func sizeOf(sps []byte) (frame.Size, error) {
	var s h264.SPS
	if err := s.Unmarshal(sps); err != nil {
		return frame.Size{}, fmt.Errorf("record: parameter set: %w", err)
	}
	return frame.Size{W: s.Width(), H: s.Height()}, nil
}

// header makes ftyp and moov, and returns where in it the duration of the whole
// movie stands (mehd, 8 bytes), which is 0 until the file is finished.
func makeHeader(p params) (b []byte, duration int, err error) {
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{
		ID: trackID, TimeScale: timescale,
		Codec: &mp4.CodecH264{SPS: p.sps, PPS: p.pps},
	}}}
	var w seekablebuffer.Buffer
	if err := init.Marshal(&w); err != nil {
		return nil, 0, fmt.Errorf("record: header: %w", err)
	}
	return addMehd(w.Bytes())
}

// addMehd puts a movie extends header at the front of moov's mvex.
func addMehd(b []byte) ([]byte, int, error) {
	moov, err := findBox(b, 0, len(b), "moov")
	if err != nil {
		return nil, 0, err
	}
	mvex, err := findBox(b, moov+8, moov+int(be.Uint32(b[moov:])), "mvex")
	if err != nil {
		return nil, 0, err
	}
	mehd, at := openFullBox(nil, "mehd", 1, 0)
	mehd = be.AppendUint64(mehd, 0)
	closeBox(mehd, at)
	out := append([]byte(nil), b[:mvex+8]...)
	out = append(out, mehd...)
	out = append(out, b[mvex+8:]...)
	for _, box := range []int{moov, mvex} {
		be.PutUint32(out[box:], be.Uint32(out[box:])+uint32(len(mehd)))
	}
	return out, mvex + 8 + 12, nil
}

// findBox returns where the box of a kind begins among the boxes of b[at:end].
func findBox(b []byte, at, end int, kind string) (int, error) {
	end = min(end, len(b))
	for at >= 0 && at+8 <= end {
		n := int(be.Uint32(b[at:]))
		if n < 8 || n > end-at {
			break
		}
		if string(b[at+4:at+8]) == kind {
			return at, nil
		}
		at += n
	}
	return 0, fmt.Errorf("%w: no %s box", errTorn, kind)
}
