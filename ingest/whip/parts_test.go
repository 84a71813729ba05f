package whip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/whip"
)

// TestReorder shuffles, repeats and loses packets.
func TestReorder(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		name string
		push []uint16
		wait time.Duration // before everything is popped
		want []uint16
		lost int
		late int
	}{
		{"in order", []uint16{1, 2, 3}, 0, []uint16{1, 2, 3}, 0, 0},
		{"swapped", []uint16{10, 12, 11, 13}, 0, []uint16{10, 11, 12, 13}, 0, 0},
		{"over the wrap", []uint16{65534, 0, 65535, 1}, 0, []uint16{65534, 65535, 0, 1}, 0, 0},
		{"twice", []uint16{5, 6, 6, 5, 7}, 0, []uint16{5, 6, 7}, 0, 2},
		{"missing, waited for", []uint16{1, 2, 4, 5}, 0, []uint16{1, 2}, 0, 0},
		{"missing, given up", []uint16{1, 2, 4, 5}, time.Second, []uint16{1, 2, 4, 5}, 1, 0},
		{"two gaps", []uint16{1, 3, 6}, time.Second, []uint16{1, 3, 6}, 3, 0},
		{"far jump", []uint16{1, 2, 30000, 30001}, 0, []uint16{30000, 30001}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := whip.NewReorder()
			late := 0
			for _, seq := range c.push {
				if !r.Push(seq, binary.BigEndian.AppendUint16(nil, seq)) {
					late++
				}
			}
			var got []uint16
			lost := 0
			pop := func(at time.Time) {
				for {
					p, l := r.Pop(at)
					lost += l
					if p == nil {
						return
					}
					got = append(got, binary.BigEndian.Uint16(p))
				}
			}
			pop(now)
			for i := range 4 { // each gap is waited for anew
				pop(now.Add(c.wait * time.Duration(i+1)))
			}
			if !slices.Equal(got, c.want) || lost != c.lost || late != c.late {
				t.Errorf("got %v, %d lost, %d late; want %v, %d, %d", got, lost, late, c.want, c.lost, c.late)
			}
		})
	}
	r := whip.NewReorder()
	if r.Push(1, make([]byte, 2000)) {
		t.Error("a packet that is too long was taken")
	}
}

// FuzzReorder pushes any sequence: what comes out ascends between restarts, and
// nothing is kept for ever.
func FuzzReorder(f *testing.F) {
	f.Add([]byte{0, 1, 0, 3, 0, 2, 255, 255, 128, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := whip.NewReorder()
		now := time.Unix(0, 0)
		in, out := 0, 0
		for ; len(b) >= 2; b = b[2:] {
			if r.Push(binary.BigEndian.Uint16(b), b[:2]) {
				in++
			}
			now = now.Add(7 * time.Millisecond)
			for p, _ := r.Pop(now); p != nil; p, _ = r.Pop(now) {
				out++
			}
		}
		for range 1000 {
			now = now.Add(time.Second)
			for p, _ := r.Pop(now); p != nil; p, _ = r.Pop(now) {
				out++
			}
		}
		if r.Held() != 0 || out > in {
			t.Fatalf("%d in, %d out, %d held", in, out, r.Held())
		}
	})
}

type got struct {
	data string
	ts   uint32
	key  bool
}

type in struct {
	ts     uint32
	marker bool
	lost   bool
	data   string
}

// TestAssemble builds units from good, bad and missing payloads.
func TestAssemble(t *testing.T) {
	const sc = "\x00\x00\x00\x01"
	key := in{1, true, false, "\x65key"}
	keyUnit := got{sc + "\x65key", 1, true}
	vp8Key := in{1, true, false, "\x10\x00\x01\x00\x9d\x01\x2a"}
	vp8Unit := got{"\x00\x01\x00\x9d\x01\x2a", 1, true}
	for _, c := range []struct {
		name  string
		codec driver.Codec
		in    []in
		want  []got
		bad   int
	}{
		{"single", driver.H264, []in{key, {2, true, false, "\x41p"}}, []got{keyUnit, {sc + "\x41p", 2, false}}, 0},
		{"starts with a key unit", driver.H264, []in{{0, true, false, "\x41p"}, key}, []got{keyUnit}, 0},
		{
			"STAP-A", driver.H264,
			[]in{{1, false, false, "\x78\x00\x02\x67s\x00\x02\x68p"}, {1, true, false, "\x65k"}},
			[]got{{sc + "\x67s" + sc + "\x68p" + sc + "\x65k", 1, true}},
			0,
		},
		{"STAP-A, its length a lie", driver.H264, []in{{1, true, false, "\x78\x00\x09\x65s"}, key}, []got{keyUnit}, 1},
		{"STAP-A, empty", driver.H264, []in{{1, true, false, "\x78"}, key}, []got{keyUnit}, 1},
		{
			"FU-A", driver.H264,
			[]in{{1, false, false, "\x7c\x85a"}, {1, false, false, "\x7c\x05b"}, {1, true, false, "\x7c\x45c"}},
			[]got{{sc + "\x65abc", 1, true}},
			0,
		},
		{"FU-A of one byte", driver.H264, []in{{1, true, false, "\x7c"}, key}, []got{keyUnit}, 1},
		{"FU-A of two bytes", driver.H264, []in{{1, true, false, "\x7c\x85"}, key}, []got{keyUnit}, 1},
		{"FU-A without end", driver.H264, []in{{0, true, false, "\x7c\x85a"}, key}, []got{keyUnit}, 0},
		{"FU-A without start", driver.H264, []in{{0, true, false, "\x7c\x45a"}, key}, []got{keyUnit}, 1},
		{"FU-A cut short", driver.H264, []in{{0, false, false, "\x7c\x85a"}, {0, true, false, "\x41p"}, key}, []got{keyUnit}, 1},
		{"empty payload", driver.H264, []in{{0, true, false, ""}, key}, []got{keyUnit}, 1},
		{"reserved type", driver.H264, []in{{0, true, false, "\x7fxx"}, key}, []got{keyUnit}, 1},
		{"marker lost", driver.H264, []in{{1, false, false, "\x65key"}, {2, true, false, "\x41p"}}, []got{keyUnit, {sc + "\x41p", 2, false}}, 0},
		{
			"after a loss, up to the next key unit", driver.H264,
			[]in{key, {2, true, true, "\x41p"}, {3, true, false, "\x41q"}, {4, true, false, "\x65k"}},
			[]got{keyUnit, {sc + "\x65k", 4, true}},
			0,
		},
		{"key unit whose beginning may be lost", driver.H264, []in{{1, true, true, "\x65k"}}, nil, 0},
		{
			"parameter sets with a time of their own", driver.H264,
			[]in{{0, true, false, "\x67s"}, {1, true, false, "\x65k"}},
			[]got{{sc + "\x67s" + sc + "\x65k", 1, true}},
			0,
		},
		{"two slices", driver.H264, []in{{1, false, false, "\x65a"}, {1, true, false, "\x65b"}}, []got{{sc + "\x65a" + sc + "\x65b", 1, true}}, 0},
		{"VP8", driver.VP8, []in{vp8Key, {2, false, false, "\x10\x01a"}, {2, true, false, "\x00b"}}, []got{vp8Unit, {"\x01ab", 2, false}}, 0},
		{"VP8 without a beginning", driver.VP8, []in{{0, true, false, "\x00b"}, vp8Key}, []got{vp8Unit}, 1},
		{"VP8, descriptor cut short", driver.VP8, []in{{0, true, false, "\x90\x80"}, vp8Key}, []got{vp8Unit}, 1},
		{"VP8, descriptor alone", driver.VP8, []in{{0, true, false, "\x10"}, vp8Key}, []got{vp8Unit}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := whip.NewAssembler(c.codec)
			var units []got
			for _, p := range c.in {
				a.Add(p.ts, p.marker, []byte(p.data), p.lost, func(d []byte, ts uint32, key bool) {
					units = append(units, got{string(d), ts, key})
				})
			}
			if !slices.Equal(units, c.want) || a.Malformed() != c.bad {
				t.Errorf("got %+v, %d malformed; want %+v, %d", units, a.Malformed(), c.want, c.bad)
			}
		})
	}
}

// FuzzAssemble takes payloads of any kind: no panic, and what comes out begins
// with a key unit and is H.264 with start codes.
func FuzzAssemble(f *testing.F) {
	f.Add(false, []byte("\x02\x01\x7c\x05\x00\x7c\x85a\x04\x01\x7c\x05b\x05\x01\x7c\x45c"))
	f.Add(true, []byte("\x08\x01\x10\x00\x01\x00\x9d\x01\x2a"))
	f.Fuzz(func(t *testing.T, vp8 bool, b []byte) {
		codec := driver.H264
		if vp8 {
			codec = driver.VP8
		}
		a := whip.NewAssembler(codec)
		first := true
		for len(b) >= 2 { // length, flags, payload
			n, flags := min(int(b[0]), len(b)-2), b[1]
			payload := b[2 : 2+n]
			b = b[2+n:]
			lost := flags&2 != 0
			a.Add(uint32(flags>>3), flags&1 != 0, payload, lost, func(d []byte, _ uint32, key bool) {
				if len(d) == 0 || first && !key {
					t.Fatalf("first unit %x, key %v", d, key)
				}
				if !vp8 && !bytes.HasPrefix(d, []byte{0, 0, 0, 1}) {
					t.Fatalf("unit %x", d)
				}
				first = false
			})
			if lost && flags&1 == 0 && !a.WantKey() {
				t.Fatal("a loss went unnoticed")
			}
		}
	})
}

// TestClock extends time stamps and ties them to the wall clock.
func TestClock(t *testing.T) {
	ticks, broken := whip.Extend(4294967000, 4294967290, 100, 50, 3600, 3600+90000*11, 3600+90000*11+3000)
	if !slices.Equal(ticks, []int64{0, 290, 396, 346, 3896, 0, 3000}) ||
		!slices.Equal(broken, []bool{false, false, false, false, false, true, false}) {
		t.Errorf("%v %v", ticks, broken)
	}
	now := time.Unix(1_800_000_000, 0)
	ntp := uint64(now.Unix()+2208988800)<<32 | 1<<31
	if got, want := whip.WallOf(ntp, 90000, now, 0), now.Add(-500*time.Millisecond); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := whip.WallOf(ntp, 4294967295, now, 89999), now.Add(1500*time.Millisecond); !got.Equal(want) {
		t.Errorf("over the wrap: %v, want %v", got, want)
	}
	for _, n := range []uint64{0, 5 << 32, ntp + 90000<<32, rand.Uint64() >> 2} {
		if got := whip.WallOf(n, 0, now, 0); !got.IsZero() {
			t.Errorf("NTP time %d is no wall clock but gives %v", n, got)
		}
	}
}

// TestAddress reads and refuses camera addresses.
func TestAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"": true, "whip://": true, "whip://?addr=127.0.0.1&udp=8200-8210": true, "whip:///?addr=0.0.0.0&addr=::": true,
		"whip://?public=203.0.113.7": true, "whip://?udp=8200": true,
		"rtsp://1.2.3.4/": false, "whip://host": false, "whip://?udp=1-x": false, "whip://?udp=9-8": false, "whip://?udp=0": false,
		"whip://?addr=door": false, "whip://?public=0.0.0.0": false, "whip://?colour=red": false, "whip://?%zz": false,
		"whip://?udp=70000": false,
	} {
		err := whip.CheckNetwork(address)
		var e *ingest.Error
		if ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != ingest.CodeConfig || !e.Permanent) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestParameterSets reads sprop-parameter-sets.
func TestParameterSets(t *testing.T) {
	for offer, want := range map[string]string{
		"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0I=,aM4=;x=1\r\n": "\x00\x00\x00\x01\x67\x42\x00\x00\x00\x01\x68\xce",
		"a=fmtp:96 sprop-parameter-sets=Z0I=\r\n":                               "\x00\x00\x00\x01\x67\x42",
		"a=fmtp:96 sprop-parameter-sets=%%%\r\n":                                "", "": "", "sprop-parameter-sets=": "",
	} {
		if got := whip.ParameterSets(offer); string(got) != want {
			t.Errorf("%q: %x", offer, got)
		}
	}
}
