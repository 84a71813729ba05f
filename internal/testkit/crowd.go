package testkit

import (
	"math"
	"path/filepath"
	"testing"

	"bystander/detect/canary"
	"bystander/internal/av"
	"bystander/internal/frame"
	"bystander/internal/geom"
)

// Walker is one drawn person of a made-up crowd, at a picture number.
type Walker func(picture int) geom.Box

// Crowd is a made-up recording: drawn faces on a still background.
type Crowd struct {
	Size    frame.Size
	Frames  int
	FPS     int
	Walkers []Walker
}

// StreetCrowd is a crowd of six who walk to and fro at different sizes.
func StreetCrowd(frames int) Crowd {
	c := Crowd{Size: frame.Size{W: 1280, H: 720}, Frames: frames, FPS: 25}
	for i := range 6 {
		c.Walkers = append(c.Walkers, func(n int) geom.Box {
			h := float32(60 + 22*i)
			span := float32(1280 + 2*h)
			x := float32(n)*(2+float32(i)*0.7) + float32(i)*233
			x = float32(math.Mod(float64(x), float64(span))) - h
			if i%2 == 1 {
				x = 1280 - x
			}
			sway := 6 * float32(math.Sin(float64(n)/7+float64(i)))
			return geom.BoxAt(x, 250+float32(i)*48+sway, h*0.76, h)
		})
	}
	return c
}

// Write draws the crowd into an H.264 recording and returns its path.
func (c Crowd) Write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crowd.mp4")
	if err := c.WriteTo(path); err != nil {
		t.Fatalf("testkit: draw a crowd: %v", err)
	}
	return path
}

// WriteTo is Write to a path of the caller's choice.
func (c Crowd) WriteTo(path string) error {
	rate := frame.Rational{Num: c.FPS, Den: 1}
	base := frame.Rational{Num: 1, Den: c.FPS}
	enc, err := av.NewEncoder(av.EncoderConfig{Size: c.Size, TimeBase: base, FrameRate: rate, CRF: 18, KeyInterval: c.FPS, GlobalHeader: true})
	if err != nil {
		return err
	}
	defer enc.Close()
	mux, err := av.Create(path, av.MuxerConfig{Codec: av.CodecH264, Extradata: enc.Extradata(), Size: c.Size, TimeBase: base, FrameRate: rate})
	if err != nil {
		return err
	}
	p := frame.PlanesOver(make([]byte, c.Size.Bytes()), c.Size)
	for n := range c.Frames {
		c.draw(p, n)
		packets, err := enc.Encode(p, int64(n), false)
		if err != nil {
			_ = mux.Abort()
			return err
		}
		for _, pk := range packets {
			pk.Duration = 1
			if err := mux.WritePacket(pk); err != nil {
				_ = mux.Abort()
				return err
			}
		}
	}
	return mux.Close()
}

// draw paints a street at dusk: sky, wall with windows, pavement, people.
func (c Crowd) draw(p frame.Planes, n int) {
	horizon := p.H * 45 / 100
	for y := range p.H {
		for x := range p.W {
			p.Y[y*p.StrideY+x] = street(x, y, p.W, horizon)
		}
	}
	for i := range p.U {
		y := i / p.StrideC * 2
		p.U[i], p.V[i] = 132, 124
		if y < horizon {
			p.U[i], p.V[i] = 138, 120
		}
	}
	for _, w := range c.Walkers {
		body(p, w(n))
		canary.Draw(p, w(n))
	}
}

func street(x, y, w, horizon int) byte {
	switch {
	case y >= horizon: // paving stones
		v := 96 + (y-horizon)/8
		if (y-horizon)%48 < 2 || (x+y/3)%90 < 2 {
			v -= 14
		}
		return byte(min(v, 160))
	case y > 40 && (x/8)%20 > 3 && (x/8)%20 < 15 && (y/6)%18 > 4: // windows
		return byte(60 + 30*((x/160+y/108)%2))
	}
	return byte(116 + 24*x/w)
}

// body draws shoulders and trunk beneath a face.
func body(p frame.Planes, face geom.Box) {
	c := face.Centre()
	trunk := geom.Box{X0: c.X - face.W()*1.1, Y0: face.Y1 + face.H()*0.1, X1: c.X + face.W()*1.1, Y1: face.Y1 + face.H()*3.2}
	b := trunk.Clip(p.W, p.H)
	shade := byte(50 + int(face.H())%60)
	for y := int(b.Y0); y < int(b.Y1); y++ {
		// Shoulders are round.
		in := max(0, face.W()*0.5-(float32(y)-trunk.Y0))
		for x := int(max(b.X0, trunk.X0+in)); x < int(min(b.X1, trunk.X1-in)); x++ {
			p.Y[y*p.StrideY+x] = shade
		}
	}
}
