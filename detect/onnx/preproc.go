package onnx

import (
	"fmt"
	"slices"
	"sync"

	"bystander/internal/frame"
	"bystander/internal/yuv"
)

// scalers lends resizers, each with its tables made for one picture size, so
// that cameras of several sizes can share a detector without making tables
// anew for each picture.
type scalers struct {
	mu   sync.Mutex
	free []*scaler // least recently used first
}

type scaler struct {
	size frame.Size
	r    yuv.Resizer
}

// mostScalers bounds the sizes kept.
const mostScalers = 16

func (s *scalers) get(size frame.Size) *scaler {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := -1
	for j := len(s.free) - 1; j >= 0 && i < 0; j-- {
		if s.free[j].size == size {
			i = j
		}
	}
	if i < 0 && len(s.free) >= mostScalers {
		i = 0
	}
	if i < 0 {
		return &scaler{size: size}
	}
	c := s.free[i]
	s.free = slices.Delete(s.free, i, i+1)
	c.size = size
	return c
}

func (s *scalers) put(c *scaler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, c)
}

// planar scales a picture into the top left of a model's input, as three planes,
// and fills the rest. rows is the height of the picture that p is all or a part
// of.
func (s *scalers) planar(dst []float32, p frame.Planes, rows int, f fit, in input) error {
	c := s.get(p.Size)
	defer s.put(c)
	// The contract carries no colour description; the usual one for the size
	// is taken, which moves no detection that matters.
	err := c.r.Do(dst, p, frame.Colour{Matrix: yuv.UsualMatrix(rows)}, yuv.Planar{
		Canvas: frame.Size{W: f.netW, H: f.netH}, Size: frame.Size{W: f.w, H: f.h},
		Order: in.order, Norm: in.norm, Fill: in.fill,
	})
	if err != nil {
		return fmt.Errorf("detect/onnx: scale: %w", err)
	}
	return nil
}
