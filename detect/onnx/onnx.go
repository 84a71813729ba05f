// Package onnx finds faces with YuNet and RFB-640 and persons with YOLOX, all run
// by ONNX Runtime. Pictures are scaled from YUV straight into the model's input.
package onnx

import (
	"errors"
	"fmt"
	"math"
	"time"

	"bystander/detect"
	"bystander/internal/frame"
	"bystander/internal/geom"
	"bystander/internal/ort"
)

// Model is a model file whose hash was checked.
type Model struct {
	Name   string // as in the manifest
	Data   []byte
	SHA256 string // hex
}

// ErrModel reports a model whose inputs or outputs are not those of the
// detector that was asked to run it.
var ErrModel = errors.New("detect/onnx: model does not fit the detector")

// ErrPicture reports a picture that has no pixels or planes shorter than its
// size says.
var ErrPicture = errors.New("detect/onnx: unusable picture")

// Options are common to all detectors. The zero value gives the defaults.
type Options struct {
	// Provider says where the model runs; empty means auto.
	Provider ort.Provider
	// Parallel is how many pictures may be looked at at once; 0 means 1.
	// Further callers wait.
	Parallel int
	// Long is the longer side of the model's input, a multiple of 32; 0 means
	// 640 for YuNet and 416 for YOLOX. The other side follows the picture's
	// shape. A larger input finds what is smaller and costs time with its
	// square. A model of fixed input ignores it.
	Long int
	// Score is the least score reported. 0 means 0.3 for faces and 0.1 for
	// persons: low ones feed the second stage of the tracker, which alone
	// decides what starts a track.
	Score float32
	// IoU is the most that two boxes reported may overlap; 0 means 0.3 for
	// faces and 0.5 for persons.
	IoU float32

	// Batch is how many cameras' pictures one run of the model takes at most; 0
	// means 1 on a processor and 8 on a GPU. A graph that cannot be freed of its
	// batch of 1 takes them one after the other.
	Batch int
	// Wait is how long a picture waits for others to share a run; 0 means not at
	// all on a processor and 2 ms on a GPU.
	Wait time.Duration
	// Devices are the GPUs to use, counted from 0; empty means all.
	Devices []int
	// Half lets TensorRT compute in 16 bits.
	Half bool
	// Whole runs the model's graph as it is in the file, on a processor as well.
	// The numbers are the same but for rounding, and take a tenth longer.
	Whole bool
	// Changed is told when a device is lost (why) or serves again (nil).
	Changed func(device string, err error)
}

// View is how a detector looks for one camera.
type View struct {
	// Camera names whose pictures they are; requests of cameras are served
	// fairly. Empty shares the place of the detector it is made from.
	Camera string
	// Patience is how long a look may take before it fails with an error that is
	// a context.DeadlineExceeded; 0 as long as it takes. It goes with Camera.
	Patience time.Duration
	// Long and Score are those of Options; 0 keeps them.
	Long  int
	Score float32
}

// fit is the place of the picture in the model's input.
type fit struct {
	netW, netH int     // of the input
	w, h       int     // part of it that the picture covers, from the top left
	sx, sy     float32 // picture pixels per input pixel
}

func (f fit) toPicture(b geom.Box) geom.Box {
	return geom.Box{X0: b.X0 * f.sx, Y0: b.Y0 * f.sy, X1: b.X1 * f.sx, Y1: b.Y1 * f.sy}
}

// place scales a picture to lie in netW×netH with its shape kept, enlarging it
// at most maxUp times.
func place(s frame.Size, netW, netH int, maxUp float32) fit {
	r := min(float32(netW)/float32(s.W), float32(netH)/float32(s.H), maxUp)
	f := fit{netW: netW, netH: netH}
	f.w = min(max(int(float32(s.W)*r+0.5), 1), netW)
	f.h = min(max(int(float32(s.H)*r+0.5), 1), netH)
	f.sx = float32(s.W) / float32(f.w)
	f.sy = float32(s.H) / float32(f.h)
	return f
}

// fitIn chooses the input for a picture: its shape, the longer side long, sides
// rounded up to multiples of 32. Small pictures are enlarged at most twice.
func fitIn(s, fixed frame.Size, long int) fit {
	if fixed.W > 0 {
		return place(s, fixed.W, fixed.H, 2)
	}
	r := min(float32(long)/float32(max(s.W, s.H)), 2)
	up := func(n int) int {
		side := int(math.Ceil(float64(float32(n)*r)/32-1e-4)) * 32
		return min(max(side, 32), long)
	}
	return place(s, up(s.W), up(s.H), 2)
}

func checkLong(long int) error {
	if long < 32 || long > 4096 || long%32 != 0 {
		return fmt.Errorf("input side %d is not a multiple of 32 from 32 to 4096", long)
	}
	return nil
}

func check(p frame.Planes) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrPicture, err)
	}
	c := p.Chroma()
	if p.StrideY < p.W || p.StrideC < c.W ||
		len(p.Y) < (p.H-1)*p.StrideY+p.W ||
		min(len(p.U), len(p.V)) < (c.H-1)*p.StrideC+c.W {
		return fmt.Errorf("%w: planes shorter than %v", ErrPicture, p.Size)
	}
	return nil
}

// wrap makes a fault of the model's output the contract's own.
func wrap(what string, err error) error {
	if errors.Is(err, ort.ErrNotFinite) {
		return fmt.Errorf("%s: %w: %w", what, detect.ErrNotFinite, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
