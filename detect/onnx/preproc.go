package onnx

import (
	"fmt"

	"bystander/internal/frame"
)

// planarBGR scales a picture into the top left of a model's input, as three
// planes B, G, R of values 0–255, and fills the rest with pad.
func planarBGR(dst []float32, p frame.Planes, f fit, pad float32) error {
	n := f.netW * f.netH
	if len(dst) != 3*n {
		return fmt.Errorf("detect/onnx: input of %d values for 3×%d×%d", len(dst), f.netH, f.netW)
	}
	for y := range f.netH {
		row := [3][]float32{}
		for c := range row {
			row[c] = dst[c*n+y*f.netW : c*n+(y+1)*f.netW]
		}
		x0 := 0
		if y < f.h {
			x0 = f.w
			convertRow(row, p, f, y)
		}
		for x := x0; x < f.netW; x++ {
			row[0][x], row[1][x], row[2][x] = pad, pad, pad
		}
	}
	return nil
}

func convertRow(row [3][]float32, p frame.Planes, f fit, y int) {
	y0 := min(int(float32(y)*f.sy), p.H-1)
	y1 := min(max(int(float32(y+1)*f.sy), y0+1), p.H)
	cy := (y0 + y1 - 1) / 4 * p.StrideC
	for x := range f.w {
		x0 := min(int(float32(x)*f.sx), p.W-1)
		x1 := min(max(int(float32(x+1)*f.sx), x0+1), p.W)
		sum := 0
		for yy := y0; yy < y1; yy++ {
			for _, v := range p.Y[yy*p.StrideY+x0 : yy*p.StrideY+x1] {
				sum += int(v)
			}
		}
		cx := (x0 + x1 - 1) / 4
		l := 1.1644 * (float32(sum)/float32((y1-y0)*(x1-x0)) - 16)
		u, v := float32(p.U[cy+cx])-128, float32(p.V[cy+cx])-128
		row[0][x] = min(max(l+2.0172*u, 0), 255)
		row[1][x] = min(max(l-0.3918*u-0.813*v, 0), 255)
		row[2][x] = min(max(l+1.596*v, 0), 255)
	}
}
