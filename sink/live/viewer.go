package live

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	reportEvery = time.Second     // between RTCP sender reports
	askAgain    = 2 * time.Second // for the key picture that a viewer still waits for
	stuckAfter  = 5 * time.Second // of waiting for one write; then the viewer is dropped
)

// viewer is one session. Three goroutines serve it: live waits for its end and
// cleans up, write sends pictures, read takes its RTCP. done is closed when all
// are gone.
type viewer struct {
	id     string
	stream *Stream
	pc     *webrtc.PeerConnection
	track  *track
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	queue  chan *unit
	joined atomic.Bool // connected: it may be sent to

	// under the stream's lock
	has, want Rendition
	waiting   bool      // for a key picture
	asked     time.Time // when a key picture was last asked for

	busySince atomic.Int64 // when the write in progress began, Unix ns; 0 when idle
	reported  time.Time    // last sender report; the writer's own
}

func newViewer(s *Stream, pc *webrtc.PeerConnection, t *track, r Rendition) *viewer {
	v := &viewer{
		has: r, want: r,
		id: rand.Text(), stream: s, pc: pc, track: t, waiting: true,
		done: make(chan struct{}), queue: make(chan *unit, s.hub.cfg.Queue),
	}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

// offer queues u if the viewer can use it, never blocking, and reports whether
// it needs a key picture asked for. The stream's lock is held.
func (v *viewer) offer(u *unit, now time.Time) (wantKey bool) {
	if !v.joined.Load() {
		return false
	}
	if since := v.busySince.Load(); since != 0 && now.UnixNano()-since > int64(stuckAfter) {
		v.cancel()
		return false
	}
	if v.waiting && !u.key {
		v.stream.count.dropped.Add(1)
		// Only a viewer who has caught up can use a key picture; asking for a
		// stuck one would burden everybody else's stream.
		if len(v.queue) > 0 || now.Sub(v.asked) < askAgain {
			return false
		}
		v.asked = now
		return true
	}
	u.retain()
	select {
	case v.queue <- u:
		v.waiting = false
	default:
		u.release()
		v.stream.count.dropped.Add(1)
		v.waiting = true
		v.asked = time.Time{}
	}
	return false
}

// start lets the session run. The hub has registered the viewer before.
func (v *viewer) start(sender *webrtc.RTPSender) {
	connected := make(chan struct{})
	var once sync.Once
	v.pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		switch st {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			v.cancel()
		default: // on the way, or silent for a moment: ICE decides later
		}
	})
	var wg sync.WaitGroup
	wg.Go(v.write)
	wg.Go(func() { v.read(sender) })
	go func() { // the hub's Close and the stream's Close wait for it
		defer v.stream.hub.leave()
		defer close(v.done)
		v.live(connected)
		v.stream.remove(v)
		_ = v.pc.GracefulClose() // its errors tell only that the peer has gone already
		wg.Wait()
		v.drain()
	}()
}

// live waits for the session's end.
func (v *viewer) live(connected <-chan struct{}) {
	t := time.NewTimer(v.stream.hub.cfg.ConnectTimeout)
	defer t.Stop()
	select {
	case <-t.C:
		v.cancel()
		return
	case <-v.ctx.Done():
		return
	case <-connected:
	}
	v.joined.Store(true)
	v.wantKey()
	<-v.ctx.Done()
}

func (v *viewer) write() {
	for {
		select {
		case <-v.ctx.Done():
			return
		case u := <-v.queue:
			now := time.Now()
			v.busySince.Store(now.UnixNano())
			v.send(u, now)
			v.busySince.Store(0)
			u.release()
		}
	}
}

func (v *viewer) send(u *unit, now time.Time) {
	n, packets, err := v.track.write(u)
	v.stream.count.bytes.Add(uint64(n))         //nolint:gosec // never negative
	v.stream.count.packets.Add(uint64(packets)) //nolint:gosec // never negative
	if err != nil {
		return // the connection is going; its state handler ends the session
	}
	v.stream.count.frames.Add(1)
	if now.Sub(v.reported) >= reportEvery && !u.captured.IsZero() {
		v.reported = now
		_ = v.pc.WriteRTCP([]rtcp.Packet{v.track.report(u)}) // the next one will do
	}
}

// read takes the viewer's RTCP: a lost picture (PLI, FIR) calls for a new key
// picture. It ends with the connection.
func (v *viewer) read(sender *webrtc.RTPSender) {
	buf := make([]byte, 1500)
	for {
		n, _, err := sender.Read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				v.wantKey()
			}
		}
	}
}

// wantKey asks for a key picture of what the viewer shows.
func (v *viewer) wantKey() {
	v.stream.mu.Lock()
	defer v.stream.mu.Unlock()
	v.stream.wantKey(v.has, time.Now())
}

func (v *viewer) drain() {
	for {
		select {
		case u := <-v.queue:
			u.release()
		default:
			return
		}
	}
}

// ntp is t as a 64-bit NTP time stamp (RFC 5905, era of 1900).
func ntp(t time.Time) uint64 {
	const eraOffset = 2208988800                               // seconds from 1900 to 1970
	sec := uint64(t.Unix() + eraOffset)                        //nolint:gosec // after 1900
	frac := uint64(t.Nanosecond()) << 32 / uint64(time.Second) //nolint:gosec // below 10⁹
	return sec<<32 | frac
}

func random32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}
