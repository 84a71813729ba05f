package shm_test

import (
	"errors"
	"os"
	"testing"

	"bystander/ingest/internal/shm"
	"bystander/internal/frame"
)

func TestPicturesCrossBetweenMappings(t *testing.T) {
	size := frame.Size{W: 33, H: 17}
	f, err := shm.Create(3, size.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := shm.Map(f, 3, size.Bytes(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := shm.Map(f, 3, size.Bytes(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 3 {
		p, err := w.Planes(i, size)
		if err != nil {
			t.Fatal(err)
		}
		p.Y[0], p.U[1], p.V[len(p.V)-1] = byte(i+1), byte(i+10), byte(i+100)
	}
	for i := range 3 {
		p, err := r.Planes(i, size)
		if err != nil {
			t.Fatal(err)
		}
		if p.Y[0] != byte(i+1) || p.U[1] != byte(i+10) || p.V[len(p.V)-1] != byte(i+100) {
			t.Errorf("slot %d differs", i)
		}
	}
}

func TestNobodyCanResizeTheFile(t *testing.T) {
	f, err := shm.Create(2, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Truncate(4096) == nil || f.Truncate(1<<20) == nil {
		t.Error("a sealed file changed its size")
	}
}

func TestUnfitRequestsAreRefused(t *testing.T) {
	f, err := shm.Create(2, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := shm.Map(f, 2, 4096, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		slot int
		size frame.Size
		want error
	}{
		{-1, frame.Size{W: 8, H: 8}, shm.ErrSlot},
		{2, frame.Size{W: 8, H: 8}, shm.ErrSlot},
		{1, frame.Size{W: 64, H: 64}, shm.ErrSlot},
		{0, frame.Size{W: 0, H: 8}, frame.ErrSize},
		{0, frame.Size{W: 1 << 31, H: 1 << 31}, frame.ErrSize},
	} {
		if _, err := s.Planes(c.slot, c.size); !errors.Is(err, c.want) {
			t.Errorf("slot %d size %v: %v", c.slot, c.size, err)
		}
	}
	if _, err := shm.Map(f, 3, 4096, false); err == nil {
		t.Error("mapped more than there is")
	}
	plain, err := os.CreateTemp(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := shm.Map(plain, 1, 4096, false); err == nil {
		t.Error("mapped a file that is not sealed")
	}
}
