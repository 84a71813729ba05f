package faulttest

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// pictureCount is a WHEP viewer that counts the pictures which reach it.
type pictureCount struct {
	mu   sync.Mutex
	n    uint64
	last time.Time
	gap  time.Duration // the longest between two pictures
}

// watch views a camera until the test ends.
func watch(t *testing.T, url, camera string) *pictureCount {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	m := &webrtc.MediaEngine{}
	require.NoError(t, m.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	c, read := &pictureCount{last: time.Now()}, make(chan struct{})
	began := make(chan struct{})
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		close(began)
		defer close(read)
		for {
			p, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			if p.Marker {
				c.add(time.Now())
			}
		}
	})
	t.Cleanup(func() {
		require.NoError(t, pc.GracefulClose())
		select {
		case <-began:
			<-read
		default:
		}
	})
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	require.NoError(t, err)
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-gathered
	req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/whep/"+camera, strings.NewReader(pc.LocalDescription().SDP))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/sdp")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", answer)
	require.NoError(t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}))
	return c
}

func (c *pictureCount) add(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.gap = max(c.gap, now.Sub(c.last))
	c.last = now
}

func (c *pictureCount) total() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// widest is the longest time without a picture since it was last asked, up to now.
func (c *pictureCount) widest() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	gap := max(c.gap, time.Since(c.last))
	c.gap = 0
	return gap
}
