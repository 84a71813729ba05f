package track_test

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"bystander/detect"
	"bystander/detect/track"
	"bystander/internal/geom"
)

// FuzzTracker plays arbitrary looks and checks what must hold whatever comes:
// boxes are finite, ids are never used twice and end exactly once, partners
// exist, generations never go back, and the number of tracks is bounded.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	seed := make([]byte, 0, 400)
	for i := range 40 {
		seed = append(seed, 2, byte(40+i), 100, 20, 30, 200, 3, byte(120-i), 100, 20, 30)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 16
		tr := track.New(track.Options{Size: picture, Most: most})
		c := checker{t: t, live: map[uint64]uint32{}, dead: map[uint64]bool{}, most: 2 * most}
		var faces []detect.Face
		var persons []detect.Person
		at := time.Duration(0)
		for len(data) >= 6 {
			op := data[0]
			b, score := boxOf(data[1:5], op)
			data = data[6:]
			switch op % 8 {
			case 0, 1, 2:
				faces = append(faces, detect.Face{Box: b, Score: score})
			case 3:
				persons = append(persons, detect.Person{Box: b, Score: score})
			case 4:
				at += time.Duration(op) * time.Millisecond
				c.check(tr.Update(at, faces, persons))
				faces, persons = nil, nil
			case 5:
				at += time.Duration(int(op)-60) * time.Millisecond
				c.check(tr.UpdateFaces(at, faces))
				faces = nil
			case 6:
				c.check(tr.UpdatePersons(at, persons))
				persons = nil
			case 7:
				c.check(tr.Predict(at + time.Duration(int8(op))*10*time.Millisecond))
				tr.Resolve(uint64(op/8), 0)
			}
		}
		if r := tr.Reset(picture); len(r.Lost) != len(c.live) || len(r.Tracks) != 0 {
			t.Errorf("reset loses %d of %d tracks", len(r.Lost), len(c.live))
		}
	})
}

func boxOf(b []byte, op byte) (geom.Box, float32) {
	if op > 250 {
		bits := binary.LittleEndian.Uint32(b)
		v := math.Float32frombits(bits)
		return geom.Box{X0: v, Y0: -v, X1: v * 2, Y1: v}, v
	}
	x, y := float32(b[0])*5, float32(b[1])*3
	return geom.Box{X0: x, Y0: y, X1: x + float32(b[2]), Y1: y + float32(b[3])}, float32(op) / 255
}

type checker struct {
	t    *testing.T
	live map[uint64]uint32 // id to generation
	dead map[uint64]bool
	most int
}

func (c *checker) check(r track.Result) {
	for _, id := range r.Lost {
		if _, ok := c.live[id]; !ok && c.dead[id] {
			c.t.Errorf("track %d is lost twice", id)
		}
		delete(c.live, id)
		c.dead[id] = true
	}
	if len(r.Tracks) > c.most {
		c.t.Errorf("%d tracks", len(r.Tracks))
	}
	now := map[uint64]bool{}
	for _, k := range r.Tracks {
		if c.dead[k.ID] || now[k.ID] {
			c.t.Errorf("id %d is used twice", k.ID)
		}
		now[k.ID] = true
		if !k.Box.Finite() || k.Box.Empty() {
			c.t.Errorf("track %d has box %v", k.ID, k.Box)
		}
		if g, ok := c.live[k.ID]; ok && k.Generation < g {
			c.t.Errorf("track %d: generation %d after %d", k.ID, k.Generation, g)
		}
		if k.Ambiguous && !k.Doubt {
			c.t.Errorf("track %d is ambiguous without doubt", k.ID)
		}
		c.live[k.ID] = k.Generation
	}
	for _, k := range r.Tracks {
		if k.Partner != 0 && !now[k.Partner] {
			c.t.Errorf("track %d has a partner %d that is gone", k.ID, k.Partner)
		}
	}
	for id := range c.live {
		if !now[id] {
			c.t.Errorf("track %d vanished without being lost", id)
			delete(c.live, id)
		}
	}
}
