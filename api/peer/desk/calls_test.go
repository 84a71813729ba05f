package desk_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/internal/pki"
)

const videoOnly = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=sendonly\r\n"

// An offer goes to the edge that has the camera, and to nobody else; the edge comes
// for it, and brings the answer.
func TestACallGoesToItsEdge(t *testing.T) {
	h := newHouse(t)
	hall, _ := h.joined("hall")
	door, _ := h.joined("door")
	ctx := t.Context()
	stage := line.CallsRequest{Cameras: []line.CameraState{{ID: "stage", State: "connected"}}}
	_, err := hall.Calls(ctx, stage)
	require.NoError(t, err)

	type opened struct {
		id, sdp string
		err     error
	}
	viewer := make(chan opened, 1)
	go func() {
		id, sdp, err := h.board.Open(ctx, "stage", "small", "offer")
		viewer <- opened{id, sdp, err}
	}()
	var got line.CallsAnswer
	require.Eventually(t, func() bool {
		got, err = hall.Calls(ctx, stage)
		return err != nil || len(got.Calls) > 0
	}, 20*time.Second, time.Millisecond)
	require.NoError(t, err)
	call := got.Calls[0]
	require.Equal(t, line.Call{ID: call.ID, Kind: line.KindView, Camera: "stage", Size: "small", Offer: "offer"}, call)
	require.Equal(t, []line.View{{ID: call.ID, Size: "small"}}, got.Views)
	refusal(t, door.Answer(ctx, line.AnswerRequest{Call: call.ID, Status: 201, SDP: videoOnly}), line.CodeOver)
	refusal(t, hall.Answer(ctx, line.AnswerRequest{Call: "other", Status: 201, SDP: videoOnly}), line.CodeOver)
	require.NoError(t, hall.Answer(ctx, line.AnswerRequest{Call: call.ID, Status: 201, SDP: videoOnly}))
	require.Equal(t, opened{call.ID, videoOnly, nil}, <-viewer)
	refusal(t, hall.Answer(ctx, line.AnswerRequest{Call: call.ID, Status: 201, SDP: videoOnly}), line.CodeOver)

	for _, who := range []string{"writer/w1", "control/other"} {
		c := line.NewClient(h.url, h.member(who).Dialer(pki.Control))
		_, err := c.Calls(ctx, stage)
		refusal(t, err, line.CodeRole)
		refusal(t, c.Answer(ctx, line.AnswerRequest{Call: call.ID}), line.CodeRole)
		c.Close()
	}
	_, err = h.ca.Revoke("edge/hall", "stolen")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := hall.Calls(ctx, stage)
		var no *line.Refusal
		return errors.As(err, &no) && no.Code == line.CodeRevoked
	}, 20*time.Second, 50*time.Millisecond, "on the connection that it had")
}

// One certificate speaks from one place.
func TestTwoThatAskWithOneCertificate(t *testing.T) {
	h := newHouse(t)
	hall, member := h.joined("hall")
	second := line.NewClient(h.url, member.Dialer(pki.Control))
	defer second.Close()
	first := make(chan error, 1)
	go func() {
		_, err := hall.Calls(t.Context(), line.CallsRequest{Cameras: []line.CameraState{{ID: "stage"}}})
		first <- err
	}()
	require.Eventually(t, func() bool { return len(h.board.Cameras()) == 1 }, 20*time.Second, time.Millisecond)
	_, err := second.Calls(t.Context(), line.CallsRequest{})
	require.NoError(t, err)
	select {
	case err := <-first:
		if err != nil {
			refusal(t, err, line.CodeTwice)
		} // else the machine was so slow that it had its answer
	case <-time.After(20 * time.Second):
		t.Fatal("the first one waits on")
	}
}

// An edge that is let go while it waits is told so, and not that somebody else has
// its certificate.
func TestAnEdgeIsLetGoWhileItWaits(t *testing.T) {
	h := newHouse(t)
	hall, _ := h.joined("hall")
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := hall.Calls(t.Context(), line.CallsRequest{Cameras: []line.CameraState{{ID: "stage"}}}); err != nil {
				ended <- err
				return
			}
		}
	}()
	require.Eventually(t, func() bool { return len(h.board.Cameras()) == 1 }, 20*time.Second, time.Millisecond)
	require.NoError(t, h.book.End(t.Context(), "hall"))
	h.board.Keep(nil)
	refusal(t, <-ended, line.CodeRevoked)
}

func TestReportsAreBounded(t *testing.T) {
	h := newHouse(t)
	m := h.member("edge/hall")
	h.invite("hall")
	c := line.NewClient(h.url, m.Dialer(pki.Control))
	defer c.Close()
	var many []line.CameraState
	for i := range line.MaxCameras + 9 {
		many = append(many, line.CameraState{ID: "c" + strings.Repeat("x", i%7), Name: strings.Repeat("名", 999)})
	}
	_, err := c.Calls(t.Context(), line.CallsRequest{Cameras: many})
	require.NoError(t, err)
	for _, got := range h.board.Cameras() {
		require.LessOrEqual(t, len(got.Name), line.MaxText)
	}
	tr := &http.Transport{DialTLSContext: m.Dialer(pki.Control)}
	defer tr.CloseIdleConnections()
	do := func(path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+path, strings.NewReader(body))
		require.NoError(t, err)
		res, err := (&http.Client{Transport: tr}).Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		var no line.Refusal
		require.NoError(t, json.NewDecoder(res.Body).Decode(&no))
		return res.StatusCode
	}
	require.Equal(t, 413, do(line.PathCalls, strings.Repeat(" ", line.MaxReport+1)))
	require.Equal(t, 422, do(line.PathCalls, "{"))
	require.Equal(t, 410, do(line.PathAnswer+"?call=x", strings.Repeat(" ", line.MaxReply+1)), "what nobody waits for is not read")
	require.ErrorIs(t, h.board.Answer("hall", line.AnswerRequest{Call: "x"}), calls.ErrOver)
}
