package loopcam

import (
	"bytes"
	"testing"

	"bystander/internal/av"
)

// Tested from within: parameter sets and units come out of files of any origin.

func FuzzNALUs(f *testing.F) {
	avcC := []byte{1, 66, 0, 30, 0xff, 0xe1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 3}
	f.Add(false, avcC, []byte{0, 0, 0, 2, 0x65, 1})
	f.Add(false, []byte{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2}, []byte{0, 0, 0, 1, 0x65, 1})
	f.Add(true, append(append([]byte{1}, make([]byte, 20)...), 3, 1, 33, 0, 1, 0, 2, 0x42, 1), []byte{0, 0, 0, 2, 0x26, 1})
	f.Fuzz(func(t *testing.T, hevc bool, extra, data []byte) {
		codec := av.CodecH264
		if hevc {
			codec = av.CodecH265
		}
		n, err := newNALUs(codec, extra)
		if err != nil {
			return
		}
		units, err := n.split(data, true)
		if err != nil {
			return
		}
		total := 0
		for _, u := range units {
			total += len(u)
		}
		if total > len(data)+len(extra) {
			t.Fatalf("%d bytes out of %d", total, len(data)+len(extra))
		}
	})
}

func TestAVCC(t *testing.T) {
	n, err := newNALUs(av.CodecH264, []byte{1, 66, 0, 30, 0xff, 0xe1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 3})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(n.set(kindSPS), []byte{0x67, 1, 2}) || !bytes.Equal(n.set(kindPPS), []byte{0x68, 3}) {
		t.Errorf("sets %x", n.sets)
	}
	units, err := n.split([]byte{0, 0, 0, 2, 0x65, 9}, true)
	if err != nil || len(units) != 3 || units[2][1] != 9 {
		t.Errorf("%x, %v", units, err)
	}
	if units, err = n.split([]byte{0, 0, 0, 2, 0x41, 9}, false); err != nil || len(units) != 1 {
		t.Errorf("%x, %v", units, err)
	}
	if _, err = n.split([]byte{0, 0, 1, 0, 0x41, 9}, false); err == nil {
		t.Error("a unit longer than its picture was accepted")
	}
}
