package calls_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bystander/api/peer/calls"
	"bystander/api/peer/line"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is a description of video that is sent only.
const answer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=sendonly\r\n"

func reports(ids ...string) []line.CameraState {
	var out []line.CameraState
	for _, id := range ids {
		out = append(out, line.CameraState{ID: id, State: "connected", Mask: "masked"})
	}
	return out
}

// obliging is an edge that answers every call, and says which views run, until ctx
// ends.
type obliging struct {
	b       *calls.Board
	id      string
	cameras []string
	reply   func(line.Call) line.AnswerRequest
	told    [][]line.View // what each answer named
	running []string
}

func (o *obliging) poll(ctx context.Context) error {
	a, err := o.b.Poll(ctx, o.id, line.CallsRequest{Cameras: reports(o.cameras...), Views: o.running})
	if err != nil {
		return err
	}
	o.told = append(o.told, a.Views)
	may := map[string]bool{}
	for _, v := range a.Views {
		may[v.ID] = true
	}
	var still []string
	for _, id := range o.running {
		if may[id] {
			still = append(still, id)
		}
	}
	o.running = still
	for _, c := range a.Calls {
		r := o.reply(c)
		r.Call = c.ID
		if o.b.Answer(o.id, r) == nil && r.Status == 201 {
			o.running = append(o.running, c.ID)
		}
	}
	return nil
}

// works polls until the returned function is called, which waits.
func (o *obliging) works() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for o.poll(ctx) == nil { //nolint:revive // until ctx ends
		}
	}()
	return func() { cancel(); <-done }
}

func yes(line.Call) line.AnswerRequest { return line.AnswerRequest{Status: 201, SDP: answer} }

func TestAViewLastsWhileItIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: yes}
		stop := hall.works()
		synctest.Wait()
		begun := time.Now()
		id, sdp, err := b.Open(t.Context(), "stage", "small", "offer")
		require.NoError(t, err)
		require.Equal(t, answer, sdp)
		require.Less(t, time.Since(begun), time.Second, "an edge that waits hears of it at once")
		require.True(t, b.Has("stage", id))
		require.False(t, b.Has("door", id), "a view belongs to its camera")
		require.Error(t, b.End("door", id))
		time.Sleep(3 * line.HoldTime)
		require.Equal(t, 1, b.Views())
		require.NoError(t, b.Resize("stage", id, ""))
		time.Sleep(time.Millisecond)
		require.NoError(t, b.End("stage", id))
		time.Sleep(time.Millisecond)
		stop()
		require.ErrorIs(t, b.End("stage", id), calls.ErrView)
		n := len(hall.told)
		require.Equal(t, []line.View{{ID: id}}, hall.told[n-2], "the other size")
		require.Empty(t, hall.told[n-1], "and the end, told at once")
		require.Equal(t, []line.View{{ID: id, Size: "small"}}, hall.told[n-3])
	})
}

func TestAViewThatEndedAtTheEdgeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: yes}
		stop := hall.works()
		synctest.Wait()
		id, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err)
		time.Sleep(line.HoldTime)
		stop()
		require.True(t, b.Has("stage", id))
		hall.running = nil
		stop = hall.works()
		time.Sleep(line.HoldTime)
		require.False(t, b.Has("stage", id))
		stop()
	})
}

// An edge whose yes is not the one of a view, and that never says that it runs,
// keeps no place.
func TestAViewThatIsNeverReportedIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: func(line.Call) line.AnswerRequest {
			return line.AnswerRequest{Status: 200, SDP: answer}
		}}
		stop := hall.works()
		defer stop()
		synctest.Wait()
		_, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err)
		require.Equal(t, 1, b.Views())
		time.Sleep(calls.Term + 2*line.HoldTime)
		require.Zero(t, b.Views())
	})
}

// A view of a camera that its edge names no more, or may serve no more, is over.
func TestAViewEndsWithItsCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage", "door"}, reply: yes}
		stop := hall.works()
		synctest.Wait()
		stage, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err)
		door, _, err := b.Open(t.Context(), "door", "", "offer")
		require.NoError(t, err)
		time.Sleep(line.HoldTime)
		stop()
		hall.cameras = []string{"door"}
		stop = hall.works()
		time.Sleep(line.HoldTime)
		stop()
		require.False(t, b.Has("stage", stage))
		require.True(t, b.Has("door", door))
		require.Equal(t, []string{door}, hall.running)
	})
}

// A control that began anew names no view: whatever runs at an edge ends.
func TestANewControlNamesNoView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hall := &obliging{b: calls.NewBoard(nil), id: "hall", cameras: []string{"stage"}, reply: yes, running: []string{"of-before"}}
		stop := hall.works()
		time.Sleep(line.HoldTime + time.Millisecond)
		stop()
		require.Empty(t, hall.running)
	})
}

func TestEdgesThatAreSlowGoneOrUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		_, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.ErrorIs(t, err, calls.ErrCamera)

		b.Heard("old", line.Health{Cameras: []line.Camera{{ID: "yard", State: "connected"}, {ID: "../yard"}}})
		_, _, err = b.Open(t.Context(), "yard", "", "offer")
		require.ErrorIs(t, err, calls.ErrOld)
		require.Len(t, b.Cameras(), 1)

		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan error, 1)
		go func() {
			_, err := b.Poll(ctx, "hall", line.CallsRequest{Cameras: reports("stage")})
			asked <- err
		}()
		synctest.Wait()
		require.False(t, b.Cameras()[0].Away)
		cancel()
		require.ErrorIs(t, <-asked, context.Canceled)
		require.True(t, b.Cameras()[0].Away, "a connection that breaks shows at once")
		since := b.Cameras()[0].Heard
		_, _, err = b.Open(t.Context(), "stage", "", "offer")
		require.ErrorIs(t, err, calls.ErrAway)

		deaf := &obliging{b: b, id: "hall", cameras: []string{"stage"}}
		require.NoError(t, deaf.poll(t.Context()))
		require.True(t, b.Cameras()[0].Heard.After(since))
		begun := time.Now()
		var late string
		slow := make(chan error, 1)
		go func() { _, _, err := b.Open(t.Context(), "stage", "", "offer"); slow <- err }()
		synctest.Wait()
		a, err := b.Poll(t.Context(), "hall", line.CallsRequest{Cameras: reports("stage")})
		require.NoError(t, err)
		late = a.Calls[0].ID
		require.False(t, b.Expect("door", late), "nobody else answers it")
		require.True(t, b.Expect("hall", late))
		require.False(t, b.Expect("hall", late), "one answer is read for each call")
		require.ErrorIs(t, b.Answer("door", line.AnswerRequest{Call: late, Status: 201, SDP: answer}), calls.ErrOver)
		require.ErrorIs(t, <-slow, calls.ErrSlow)
		require.Equal(t, 6*time.Second, time.Since(begun))
		require.ErrorIs(t, b.Answer("hall", line.AnswerRequest{Call: late, Status: 201, SDP: answer}), calls.ErrOver)
		require.Zero(t, b.Views())
		_, _, err = b.Open(t.Context(), "stage", "", "offer")
		require.ErrorIs(t, err, calls.ErrAway, "silent for five seconds")
	})
}

func TestACameraThatTwoEdgesHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		one := &obliging{b: b, id: "one", cameras: []string{"stage", "No Camera"}, reply: yes}
		two := &obliging{b: b, id: "two", cameras: []string{"stage"}, reply: yes}
		stop1, stop2 := one.works(), two.works()
		synctest.Wait()
		_, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.ErrorIs(t, err, calls.ErrTwice)
		got := b.Cameras()
		require.Len(t, got, 1, "a name that is no camera's is passed over")
		require.Equal(t, []string{"two"}, got[0].Twice)
		stop1()
		_, _, err = b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err, "who is gone gives way")
		require.Empty(t, b.Cameras()[0].Twice)
		require.Equal(t, "two", b.Cameras()[0].Edge)
		stop2()
	})
}

func TestEdgesThatAreLetGoAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: yes}
		stop := hall.works()
		synctest.Wait()
		id, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err)
		b.Keep([]string{"hall"})
		require.True(t, b.Has("stage", id))
		b.Keep(nil)
		require.Empty(t, b.Cameras())
		require.False(t, b.Has("stage", id))
		stop()

		hall = &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: yes}
		stop = hall.works()
		synctest.Wait()
		id, _, err = b.Open(t.Context(), "stage", "", "offer")
		require.NoError(t, err)
		stop()
		b.Keep([]string{"hall"})
		require.True(t, b.Has("stage", id), "it may be back in a moment")
		time.Sleep(calls.Term + time.Second)
		b.Keep([]string{"hall"})
		require.False(t, b.Has("stage", id), "the edge has ended it by now")
		require.True(t, b.Cameras()[0].Away)
	})
}

func TestOneEdgeAsksFromOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		first := make(chan error, 1)
		go func() { _, err := b.Poll(t.Context(), "hall", line.CallsRequest{}); first <- err }()
		synctest.Wait()
		_, err := b.Poll(t.Context(), "hall", line.CallsRequest{Cameras: reports("stage")})
		require.NoError(t, err)
		require.ErrorIs(t, <-first, calls.ErrTaken)
	})
}

func TestTooManyCallsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		deaf := &obliging{b: b, id: "hall", cameras: []string{"stage"}}
		require.NoError(t, deaf.poll(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 32)
		for range 16 {
			go func() { _, _, err := b.Open(ctx, "stage", "", "offer"); ended <- err }()
		}
		synctest.Wait()
		_, _, err := b.Open(ctx, "stage", "", "offer")
		require.ErrorIs(t, err, calls.ErrBusy)
		cancel()
		for range 16 {
			require.ErrorIs(t, <-ended, context.Canceled)
		}
		require.Zero(t, b.Views(), "who has gone leaves nothing behind")
	})
}

func TestAnswersThatCannotBePassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := calls.NewBoard(nil)
		var r line.AnswerRequest
		hall := &obliging{b: b, id: "hall", cameras: []string{"stage"}, reply: func(line.Call) line.AnswerRequest { return r }}
		stop := hall.works()
		defer stop()
		synctest.Wait()
		for _, sdp := range []string{
			"", "hello", strings.Replace(answer, "sendonly", "sendrecv", 1), strings.Replace(answer, "m=video 9", "m=video 0", 1),
			strings.Replace(answer, "m=video", "m=application", 1), answer + "a=sendrecv\r\n", answer + strings.Repeat("a=x\r\n", line.MaxSDP),
		} {
			r = line.AnswerRequest{Status: 201, SDP: sdp}
			_, _, err := b.Open(t.Context(), "stage", "", "offer")
			require.ErrorIs(t, err, calls.ErrAnswer, "%.60q", sdp)
			require.Zero(t, b.Views())
		}
		for _, status := range []int{99, 302, 401, 403, 999} {
			r = line.AnswerRequest{Status: status, SDP: answer, Text: "sign in at http://elsewhere.example"}
			_, _, err := b.Open(t.Context(), "stage", "", "offer")
			require.ErrorIs(t, err, calls.ErrAnswer, "%d is not an edge's to say", status)
			require.NotContains(t, calls.Explain(err).Detail, "elsewhere")
		}
		r = line.AnswerRequest{Status: 503, Text: strings.Repeat("x", 1<<20)}
		_, _, err := b.Open(t.Context(), "stage", "", "offer")
		require.LessOrEqual(t, len(calls.Explain(err).Detail), line.MaxText)
		r = line.AnswerRequest{Status: 406, Text: "no H.264"}
		_, _, err = b.Open(t.Context(), "stage", "", "offer")
		var no *calls.Refusal
		require.ErrorAs(t, err, &no)
		require.Equal(t, calls.Refusal{Status: 406, Text: "no H.264"}, *no)
		r = line.AnswerRequest{Status: 200, Still: []byte("<html>")}
		_, err = b.Still(t.Context(), "stage")
		require.ErrorIs(t, err, calls.ErrAnswer)
		r = line.AnswerRequest{Status: 200, Still: []byte("\xff\xd8\xff\xe0 a picture")}
		got, err := b.Still(t.Context(), "stage")
		require.NoError(t, err)
		require.Equal(t, r.Still, got)
	})
}
