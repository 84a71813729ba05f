package live_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"bystander/sink"
	"bystander/sink/live"
)

// tape keeps what a viewer was sent, one entry a picture: its time stamp, and
// its last byte, which names picture and rendition.
type tape struct{ got chan [2]uint32 }

func (w *tape) WriteRTP(h *rtp.Header, p []byte) (int, error) {
	w.got <- [2]uint32{h.Timestamp, uint32(p[len(p)-1])}
	return len(p), nil
}
func (*tape) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (w *tape) take(t *testing.T, n int) (marks []byte, stamps []uint32) {
	t.Helper()
	for range n {
		select {
		case p := <-w.got:
			marks, stamps = append(marks, byte(p[1])), append(stamps, p[0])
		case <-time.After(10 * time.Second):
			t.Fatalf("%d of %d pictures within 10 s", len(marks), n)
		}
	}
	return marks, stamps
}

func access(i int, key bool, mark byte) *sink.Packet {
	kind := byte(1)
	if key {
		kind = 5
	}
	return &sink.Packet{Data: []byte{0, 0, 0, 1, 0x60 | kind, 0x80, mark}, PTS: time.Duration(i) * 40 * time.Millisecond, Key: key}
}

// A viewer changes over at a key picture of what it wants, in one stream whose
// time stamps never repeat and never go back, and misses no picture in between.
func TestRenditionsChangeOverWithoutAGap(t *testing.T) {
	hub := newHub(t, live.Config{})
	s := hub.Stream("gate")
	w := &tape{got: make(chan [2]uint32, 64)}
	remove, _, resize := live.AddWriterAs(s, w, live.Full)
	watched, _ := s.Small()
	require.False(t, watched, "nobody watches it small")

	var all []uint32
	show := func(i int, fullKey, smallKey bool, want byte) {
		t.Helper()
		var small *sink.Packet
		if watched, _ := s.Small(); watched {
			small = access(i, smallKey, 's')
		}
		require.NoError(t, s.WritePackets(access(i, fullKey, 'F'), small))
		marks, stamps := w.take(t, 1)
		require.Equal(t, string(want), string(marks), "picture %d", i)
		all = append(all, stamps...)
	}
	show(0, true, false, 'F')
	show(1, false, false, 'F')
	resize(live.Small)
	watched, key := s.Small()
	require.True(t, watched)
	require.True(t, key, "it begins with a key picture")
	show(2, false, false, 'F') // still the large one
	show(3, false, true, 's')
	_, key = s.Small()
	require.False(t, key, "asked once")
	show(4, true, false, 's') // a key picture of the other is none of its business
	resize(live.Full)
	show(5, false, false, 's')
	show(6, true, false, 'F')
	watched, _ = s.Small()
	require.False(t, watched, "the last one has gone back")
	show(7, false, false, 'F')
	require.True(t, slices.IsSortedFunc(all, func(a, b uint32) int { return int(int32(a - b)) }))
	require.Len(t, slices.Compact(all), 8, "each picture once")
	remove()
}

func TestTheSmallRenditionEndsWithItsLastViewer(t *testing.T) {
	s := newHub(t, live.Config{}).Stream("gate")
	var removes []func()
	for range 3 {
		remove, _, _ := live.AddWriterAs(s, &tape{got: make(chan [2]uint32, 64)}, live.Small)
		removes = append(removes, remove)
	}
	for _, remove := range removes {
		watched, _ := s.Small()
		require.True(t, watched)
		remove()
	}
	watched, _ := s.Small()
	require.False(t, watched)
}

// The full rendition is wanted by those who show it and by those on the way to
// it, and by nobody else; pictures without it reach small tiles.
func TestTheFullRenditionIsWantedOrNot(t *testing.T) {
	s := newHub(t, live.Config{}).Stream("gate")
	require.False(t, s.Full(), "nobody watches")
	w := &tape{got: make(chan [2]uint32, 64)}
	remove, _, resize := live.AddWriterAs(s, w, live.Small)
	require.False(t, s.Full(), "a small tile does not want it")
	require.NoError(t, s.WritePackets(nil, access(0, true, 's')))
	require.NoError(t, s.WritePackets(nil, nil))
	resize(live.Full)
	require.True(t, s.Full(), "on the way to it")
	require.NoError(t, s.WritePackets(access(2, true, 'F'), access(2, false, 's')))
	resize(live.Small)
	require.True(t, s.Full(), "until the small one's next key picture")
	require.NoError(t, s.WritePackets(access(3, false, 'F'), access(3, true, 's')))
	require.False(t, s.Full())
	marks, _ := w.take(t, 3)
	require.Equal(t, "sFs", string(marks))
	remove()
	remove, _ = live.AddWriter(s, &tape{got: make(chan [2]uint32, 64)})
	require.True(t, s.Full())
	remove()
	require.False(t, s.Full(), "the last one has gone")
}

// A picture that the small rendition leaves out is nothing for its viewers.
func TestTheSmallRenditionMayHaveFewerPictures(t *testing.T) {
	s := newHub(t, live.Config{}).Stream("gate")
	w := &tape{got: make(chan [2]uint32, 64)}
	remove, _, _ := live.AddWriterAs(s, w, live.Small)
	defer remove()
	for i := range 6 {
		var small *sink.Packet
		if i%2 == 0 {
			small = access(i, i == 0, byte('0'+i))
		}
		require.NoError(t, s.WritePackets(access(i, i == 0, 'F'), small))
	}
	marks, _ := w.take(t, 3)
	require.Equal(t, "024", string(marks))
}

func TestResizeOfAnUnknownSession(t *testing.T) {
	hub := newHub(t, live.Config{})
	require.ErrorIs(t, hub.Resize("gate", "x", live.Small), live.ErrUnknownSession)
	hub.Stream("gate")
	require.ErrorIs(t, hub.Resize("gate", "x", live.Small), live.ErrUnknownSession)
	require.Equal(t, live.Small, live.RenditionOf("small"))
	require.Equal(t, live.Full, live.RenditionOf("enormous"))
}
