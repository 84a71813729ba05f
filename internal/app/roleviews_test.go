package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"bystander/api"
	"bystander/api/actor"
	"bystander/api/peer/line"
	"bystander/audit/access"
	"bystander/internal/loopcam"
	"bystander/internal/pki"
	"bystander/internal/testkit"
	"bystander/internal/testkit/kafka"
)

// spectator is somebody with a browser's session at the control.
type spectator struct {
	t            *testing.T
	at           *station
	cookie, csrf string
	bearer       string
}

const watchersWord = "a horse walks past nine lamps"

// signsIn signs an account of the test in.
func signsIn(t *testing.T, at *station, id string) *spectator {
	t.Helper()
	p := &spectator{t: t, at: at}
	res, body := p.do(http.MethodPost, "/v1/session", "application/json", fmt.Sprintf(`{"id":%q,"password":%q}`, id, watchersWord))
	require.Equal(t, 200, res.StatusCode, string(body))
	for _, c := range res.Cookies() {
		p.cookie = c.Name + "=" + c.Value
	}
	var said struct{ CSRF string }
	require.NoError(t, json.Unmarshal(body, &said))
	require.NotEmpty(t, p.cookie)
	p.csrf = said.CSRF
	return p
}

func (p *spectator) do(method, path, media, body string) (*http.Response, []byte) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+p.at.listen+path, strings.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", media)
	for name, v := range map[string]string{"Cookie": p.cookie, "X-Bystander-CSRF": p.csrf, "Authorization": p.bearer} {
		if v != "" {
			req.Header.Set(name, v)
		}
	}
	res, err := (&http.Client{Timeout: 60 * time.Second}).Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return res, b
}

// refused asks for a view that is not given.
func (p *spectator) refused(status int, code, camera, offer string) {
	p.t.Helper()
	res, body := p.do(http.MethodPost, "/whep/"+camera, "application/sdp", offer)
	require.Equal(p.t, status, res.StatusCode, string(body))
	require.Equal(p.t, "application/problem+json", res.Header.Get("Content-Type"))
	require.Contains(p.t, string(body), `"code":"`+code+`"`)
}

// camera is one camera of the wall; none where it is not there.
func (p *spectator) camera(id string) (out api.Camera) {
	p.t.Helper()
	res, body := p.do(http.MethodGet, "/v1/cameras", "", "")
	require.Equal(p.t, 200, res.StatusCode, string(body))
	var list struct{ Cameras []api.Camera }
	require.NoError(p.t, json.Unmarshal(body, &list))
	for _, c := range list.Cameras {
		if c.ID == id {
			return c
		}
	}
	return out
}

// watching is a live view with pictures.
type watching struct {
	session string
	answer  string
	packets atomic.Int64
	over    chan struct{} // closed when the stream is
}

// offered makes what a viewer offers.
func offered(t *testing.T) (*webrtc.PeerConnection, string) {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	m := &webrtc.MediaEngine{}
	require.NoError(t, m.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = pc.GracefulClose() })
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	require.NoError(t, err)
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	require.NoError(t, pc.SetLocalDescription(offer))
	return pc, offer.SDP
}

// watch opens a view and waits for pictures.
func (p *spectator) watch(camera string) *watching {
	p.t.Helper()
	pc, offer := offered(p.t)
	v := &watching{over: make(chan struct{})}
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer close(v.over)
		for {
			if _, _, err := tr.ReadRTP(); err != nil {
				return
			}
			v.packets.Add(1)
		}
	})
	res, body := p.do(http.MethodPost, "/whep/"+camera+"?size=small", "application/sdp", offer)
	require.Equal(p.t, 201, res.StatusCode, string(body))
	v.session, v.answer = res.Header.Get("Location"), string(body)
	require.NoError(p.t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: v.answer}))
	p.at.eventually("pictures of "+camera, func() bool { return v.packets.Load() > 30 })
	return v
}

// ends waits for the end of a view.
func (v *watching) ends(t *testing.T, why string) {
	t.Helper()
	begun := time.Now()
	select {
	case <-v.over:
		t.Logf("%s: the stream was over after %v", why, time.Since(begun).Round(time.Millisecond))
	case <-time.After(90 * time.Second):
		t.Fatalf("%s: the stream goes on", why)
	}
}

// An operator signs in at the control and watches a camera that runs on an edge:
// the same rights, records and ends as for a camera of the control's own.
// proves: B-63
func TestLiveViewsOfEdges(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three processes and plays a stream")
	}
	broker := kafka.Start(t, kafka.Options{})
	bus := fmt.Sprintf("events: {edge: main, kafka: {brokers: [%q], topic_prefix: views}, topics: {replication: 1}}\nrecord: {enabled: false}\nredact: {check_every: 0}\ncapacity: {ladder: false}\n", broker.Addr())
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca")
	require.NoError(t, CAInit(CAOptions{Dir: ca, Stdout: io.Discard}))
	s := &separate{t: t}
	s.control = newProcess(t, "control", bus+fmt.Sprintf("role: control\ndata: %s/control\npeers: {listen: %q, ca: %s}\n", dir, freeListen(t), ca))
	s.cfg = s.control.config()
	s.site()
	require.NoError(t, UserAdd(t.Context(), s.cfg, UserOptions{ID: "olga", Roles: []string{string(actor.Operator)}, Password: strings.NewReader(watchersWord), Stdout: io.Discard}))
	auditor := &spectator{t: t, at: s.control, bearer: "Bearer " + newToken(t, s.cfg, TokenOptions{ID: "audra", Roles: []string{string(actor.Auditor)}, Expires: "24h"})}
	s.control.start()
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: filepath.Join(testkit.Shared(t), "data", "videos", "stage.mp4"), Path: "stage", Every: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	udp := freeUDP(t)
	s.a = newProcess(t, "edge-a", bus+s.joins("a", dir, "stage")+fmt.Sprintf(
		"live: {addresses: [127.0.0.1], udp_port: %d}\ndata: %s/a\ncameras: [{id: stage, name: Stage, url: %q}]\n", udp, dir, cam.URL()))
	s.a.start()

	olga := signsIn(t, s.control, "olga")
	on := func() bool {
		c := olga.camera("stage")
		return c.State == "connected" && c.Mask.State == "masked" && c.FPS > 0
	}
	s.control.eventually("the wall shows the edge's camera", on)
	c := olga.camera("stage")
	require.Equal(t, []string{"a", "Stage"}, []string{c.Edge, c.Name})
	require.NotEmpty(t, c.Zones)
	v := olga.watch("stage")
	require.Contains(t, v.answer, fmt.Sprintf("127.0.0.1 %d typ host", udp), "pictures come straight from the edge")
	s.control.eventually("it is counted", func() bool { return olga.camera("stage").Viewers == 1 })
	res, _ := olga.do(http.MethodPatch, v.session+"?size=full", "", "")
	require.Equal(t, 204, res.StatusCode)

	_, offer := offered(t)
	auditor.refused(403, "ROLE", "stage", offer)
	olga.refused(404, "NO_CAMERA", "nowhere", offer)
	olga.refused(413, "OFFER_TOO_LARGE", "stage", strings.Repeat("x", line.MaxSDP+1))
	olga.refused(400, "EDGE_REFUSED", "stage", "no SDP")
	forged := *olga
	forged.csrf = "guess"
	forged.refused(403, "CSRF", "stage", offer)
	s.slowEdge(dir, olga, offer)

	still := s.still(olga)
	require.True(t, bytes.HasPrefix(still, []byte("\xff\xd8\xff")), "a JPEG")

	res, _ = olga.do(http.MethodDelete, v.session, "", "")
	require.Equal(t, 200, res.StatusCode)
	v.ends(t, "closed by the operator")
	v = olga.watch("stage")
	s.program(v)
	res, _ = olga.do(http.MethodDelete, "/v1/session", "", "")
	require.Less(t, res.StatusCode, 300)
	v.ends(t, "after she signed out")

	olga = signsIn(t, s.control, "olga")
	v = olga.watch("stage")
	s.control.kill()
	s.control.start()
	v.ends(t, "the control began anew")
	s.control.eventually("the wall shows it again, to the same session", on)
	olga.watch("stage")
	s.a.kill()
	killed := time.Now()
	s.control.eventually("that it is gone is shown", func() bool { return olga.camera("stage").ErrCode == codeEdgeAway })
	require.Less(t, time.Since(killed), 30*time.Second)
	require.WithinDuration(t, killed, olga.camera("stage").Since, 10*time.Second)
	olga.refused(503, "EDGE_AWAY", "stage", offer)
	s.a.start()
	s.control.eventually("it is back", on)
	v = olga.watch("stage")
	require.NoError(t, EdgeRevoke(t.Context(), s.cfg, "a", "test", io.Discard))
	v.ends(t, "the edge was revoked")
	s.control.eventually("its cameras are gone", func() bool { return olga.camera("stage").ID == "" })
	olga.refused(404, "NO_CAMERA", "stage", offer)
	s.views()
}

// program watches by bearer token until that is revoked; who watches besides goes on.
func (s *separate) program(besides *watching) {
	s.t.Helper()
	p := &spectator{t: s.t, at: s.control, bearer: "Bearer " + newToken(s.t, s.cfg, TokenOptions{ID: "pat", Roles: []string{string(actor.Operator)}})}
	v := p.watch("stage")
	require.NoError(s.t, TokenRevoke(s.t.Context(), s.cfg, "pat", io.Discard))
	v.ends(s.t, "the token was revoked")
	before := besides.packets.Load()
	s.control.eventually("the operator's pictures go on", func() bool { return besides.packets.Load() > before+30 })
}

func freeUDP(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// slowEdge joins an edge that says it has a camera of its own, and another edge's,
// and answers nothing.
func (s *separate) slowEdge(dir string, olga *spectator, offer string) {
	s.t.Helper()
	s.joins("slow", dir, "door")
	require.NoError(s.t, EdgeCameras(s.t.Context(), s.cfg, "slow", []string{"gate"}, io.Discard))
	m, err := pki.OpenMember(filepath.Join(dir, "slow", "keys", "peer"), "", nil)
	require.NoError(s.t, err)
	url := s.cfg.Peers.Listen
	c := line.NewClient("https://"+url, m.Dialer(pki.Control))
	defer c.Close()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, err := c.Calls(ctx, line.CallsRequest{Cameras: []line.CameraState{
				{ID: "gate", State: "connected", Mask: "masked"}, {ID: "stage", State: "connected", Mask: "masked"},
			}})
			if err != nil && ctx.Err() == nil {
				s.t.Error(err)
				return
			}
		}
	}()
	defer func() { cancel(); <-done }()
	s.control.eventually("the slow edge's camera is there", func() bool { return olga.camera("gate").State == "connected" })
	olga.refused(504, "EDGE_SLOW", "gate", offer)
	shown := olga.camera("stage")
	require.Equal(s.t, []string{"a", ""}, []string{shown.Edge, shown.ErrCode}, "it takes no camera away that it may not serve")
}

// still asks for a picture to draw zones on, as the owner's workplace does.
func (s *separate) still(olga *spectator) []byte {
	s.t.Helper()
	owner := *olga
	owner.cookie, owner.csrf = "", ""
	owner.bearer = "Bearer " + newToken(s.t, s.cfg, TokenOptions{ID: "otto", Roles: []string{string(actor.VenueOwner)}, Expires: "24h"})
	var got []byte
	s.control.eventually("a picture on which nobody is clear", func() bool {
		res, body := owner.do(http.MethodGet, "/v1/cameras/stage/still", "", "")
		got = body
		return res.StatusCode == 200
	})
	return got
}

// views: each view is on the access log, under the name of who watched; nothing
// of it was written at the edge.
func (s *separate) views() {
	s.t.Helper()
	s.control.kill()
	log, err := access.Open(s.t.Context(), filepath.Join(s.cfg.Data, "access.db"), access.Options{})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, log.Close()) }()
	rows, err := log.Rows(s.t.Context(), access.Query{Limit: 100})
	require.NoError(s.t, err)
	seen := map[string]int{}
	for _, r := range rows {
		if r.Action == string(api.AccessLive) {
			seen[r.Actor]++
		}
	}
	require.GreaterOrEqual(s.t, seen["olga"], 5, rows)
	require.Zero(s.t, seen["audra"], "who is refused saw nothing")
}
