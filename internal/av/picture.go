package av

// #include "av.h"
import "C"

import (
	"fmt"

	"bystander/internal/frame"
)

// Picture is a view of a decoder's current picture, upright: a container's or
// a stream's rotation and mirroring are applied.
type Picture struct{ d *Decoder }

// Size is the upright size in luma pixels, after cropping.
func (p *Picture) Size() frame.Size {
	return frame.Size{W: int(p.d.info.w), H: int(p.d.info.h)}
}

// PTS is the presentation time in ticks of the packets. Where a packet had none
// it is libav's best guess, else the last picture's time and its duration, else
// NoPTS.
func (p *Picture) PTS() int64 { return int64(p.d.info.pts) }

// Colour describes the samples that CopyTo gives. Full range stays full
// range; RGB becomes limited YUV by BT.709 from 720 rows on, else BT.601.
func (p *Picture) Colour() frame.Colour { return colourOf(p.d.info.colour) }

// Aspect is the sample aspect ratio of the upright picture; invalid means
// square.
func (p *Picture) Aspect() frame.Rational {
	return rationalOf(C.AVRational{num: C.int(p.d.info.sar_num), den: C.int(p.d.info.sar_den)})
}

// Key tells whether the picture was coded by itself.
func (p *Picture) Key() bool { return p.d.info.key != 0 }

// Damaged tells that the decoder knows parts of the picture to be wrong or
// made up, or that it met errors since the picture before. With more than one
// thread some codecs' errors go unnoticed.
func (p *Picture) Damaged() bool { return p.d.info.damaged != 0 }

// CopyTo writes the picture as planar YUV 4:2:0, eight bits, into dst, which
// must have Size. Eight-bit 4:2:0 is copied as it is; other formats are
// converted without a change of range. It fails with ErrPlanes when dst does
// not fit and ErrUnsupported for a pixel format that libav cannot read.
func (p *Picture) CopyTo(dst frame.Planes) error {
	if p.d.c == nil {
		return ErrClosed
	}
	if dst.Size != p.Size() {
		return fmt.Errorf("%w: picture is %v, planes are %v", ErrPlanes, p.Size(), dst.Size)
	}
	if err := checkPlanes(dst); err != nil {
		return err
	}
	rc := C.by_dec_copy(p.d.c, bytePtr(dst.Y), bytePtr(dst.U), bytePtr(dst.V),
		C.int(dst.StrideY), C.int(dst.StrideC))
	return decodeError("convert picture", rc)
}
