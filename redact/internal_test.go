package redact

import (
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/internal/geom"
)

// BenchmarkPlan is the union alone: twenty tracks, between two looks.
func BenchmarkPlan(b *testing.B) {
	cfg := DefaultConfig()
	s := newStretch(cfg, Ablation{})
	pool := frame.NewPool(cfg.Hold + 1)
	defer pool.Close()
	for i := range 7 {
		raw, err := pool.Get(frame.Size{W: 1280, H: 720})
		if err != nil {
			b.Fatal(err)
		}
		raw.PTS = time.Duration(i) * 40 * time.Millisecond
		if i == 0 {
			s.reset(raw)
		}
		g := Sighting{}
		if i%3 == 0 {
			g = Sighting{Faces: true, Persons: true, Guard: true}
			for k := range 10 {
				x := float32(100*k + 5*i)
				g.Targets = append(g.Targets,
					Target{Track: uint64(k), Box: geom.BoxAt(x, 300, 40, 50), Score: 0.9},
					Target{Track: uint64(k), Kind: TargetPerson, Box: geom.BoxAt(x, 450, 120, 360)})
				g.Moving = append(g.Moving, geom.BoxAt(x, 450, 110, 330))
			}
		}
		s.add(raw, g, Nobody{})
	}
	p := plan{cfg: cfg}
	b.ReportAllocs()
	for b.Loop() {
		p.build(s.tracks, 160*time.Millisecond, s.bounds())
		p.moving = s.movement(s.at(4), p.moving[:0])
		p.maskMoving(1280, 720)
		p.decide(Nobody{}, s, 4, 160*time.Millisecond)
	}
	b.StopTimer()
	for s.count > 0 {
		e, _ := s.take()
		e.raw.Release()
	}
}
