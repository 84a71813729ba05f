package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/peer/line"
	"bystander/sink/live"
)

// askedBy is a control that answers as the test says, and notes what it is told.
type askedBy struct {
	mu      sync.Mutex
	next    line.CallsAnswer
	err     error
	taken   error // of answers
	asked   []line.CallsRequest
	answers []line.AnswerRequest
	deaf    bool // answers do not reach it
	closed  int  // how often connections were let go
	trust   string
}

func (a *askedBy) Calls(ctx context.Context, r line.CallsRequest) (line.CallsAnswer, error) {
	select {
	case <-time.After(line.HoldTime):
	case <-ctx.Done():
		return line.CallsAnswer{}, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r)
	out := a.next
	a.next.Calls = nil // each is handed out once
	return out, a.err
}

func (a *askedBy) Answer(ctx context.Context, r line.AnswerRequest) error {
	if a.deaf {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second):
			return errors.New("no answer")
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = append(a.answers, r)
	return a.taken
}

func (a *askedBy) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed++
}

func (a *askedBy) believes() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trust
}

func (a *askedBy) says(out line.CallsAnswer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out.TermMS = 10_000
	a.next, a.err = out, err
}

// screens is a hub without pictures.
type screens struct {
	mu   sync.Mutex
	open map[string]live.Rendition // by camera and session
}

func (s *screens) OfferAs(_ context.Context, camera, offer string, r live.Rendition) (string, string, error) {
	if camera != "stage" {
		return "", "", live.ErrUnknownCamera
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[camera+" "+offer] = r
	return offer, "answer to " + offer, nil
}

func (s *screens) Has(camera, session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[camera+" "+session]
	return ok
}

func (s *screens) Resize(camera, session string, to live.Rendition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[camera+" "+session] = to
	return nil
}

func (s *screens) End(camera, session string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, camera+" "+session)
	return nil
}

func (s *screens) shows(session string) (size live.Rendition, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, ok = s.open["stage "+session]
	return size, ok
}

// called runs an edge's end against a control that the test plays.
func called(t *testing.T, f func(a *askedBy, s *screens)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, s := &askedBy{}, &screens{open: map[string]live.Rendition{}}
		a.says(line.CallsAnswer{}, nil)
		c := &callee{
			line: a, hub: s, log: zerolog.Nop(), slots: make(chan struct{}, callsAtOnce), views: map[string]shownView{},
			cameras: func(context.Context) ([]line.CameraState, error) { return []line.CameraState{{ID: "stage"}}, nil },
			still:   func(context.Context, string) ([]byte, error) { return []byte("jpeg"), nil },
			trust:   a.believes,
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.run(ctx) }()
		f(a, s)
		cancel()
		ended := time.Now()
		<-done
		require.Less(t, time.Since(ended), time.Second, "nothing that is under way holds the end up")
		require.Empty(t, s.open, "no view outlives the program")
	})
}

const aRound = line.HoldTime + callsRest + time.Millisecond

// rest lets d pass, and everybody do what is due by then.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func begins(a *askedBy, views ...line.View) {
	out := line.CallsAnswer{Views: views}
	for _, v := range views {
		out.Calls = append(out.Calls, line.Call{ID: v.ID, Kind: line.KindView, Camera: "stage", Size: v.Size, Offer: v.ID})
	}
	a.says(out, nil)
	rest(aRound)
}

func TestAnEdgeShowsWhatItsControlNames(t *testing.T) {
	called(t, func(a *askedBy, s *screens) {
		begins(a, line.View{ID: "v1", Size: "small"}, line.View{ID: "v2"})
		size, ok := s.shows("v1")
		require.True(t, ok)
		require.Equal(t, live.Small, size)
		require.Len(t, a.answers, 2)
		require.Equal(t, 201, a.answers[0].Status)
		require.True(t, strings.HasPrefix(a.answers[0].SDP, "answer to v"))
		rest(aRound)
		require.ElementsMatch(t, []string{"v1", "v2"}, a.asked[len(a.asked)-1].Views)

		a.says(line.CallsAnswer{Views: []line.View{{ID: "v1"}}}, nil)
		rest(aRound)
		size, ok = s.shows("v1")
		require.True(t, ok)
		require.Equal(t, live.Full, size)
		_, ok = s.shows("v2")
		require.False(t, ok, "a view that is not named ends")

		require.NoError(t, s.End("stage", "v1"))
		rest(2 * aRound)
		require.Empty(t, a.asked[len(a.asked)-1].Views, "one that ended here is told of no more")
	})
}

func TestViewsEndWithoutTheControl(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		last time.Duration // how long views go on at most
	}{
		"away":    {errors.New("no route to host"), 10 * time.Second},
		"revoked": {&line.Refusal{Status: 403, Code: line.CodeRevoked}, aRound},
		"cloned":  {&line.Refusal{Status: 409, Code: line.CodeTwice}, aRound},
	} {
		t.Run(name, func(t *testing.T) {
			called(t, func(a *askedBy, s *screens) {
				begins(a, line.View{ID: "v1"})
				a.says(line.CallsAnswer{}, tt.err)
				if tt.last > aRound {
					rest(aRound)
					_, ok := s.shows("v1")
					require.True(t, ok, "a moment's silence ends nothing")
				}
				rest(tt.last)
				_, ok := s.shows("v1")
				require.False(t, ok)
			})
		})
	}
}

func TestWhatNobodyWaitsForIsNotShown(t *testing.T) {
	called(t, func(a *askedBy, s *screens) {
		a.taken = &line.Refusal{Status: 410, Code: line.CodeOver}
		begins(a, line.View{ID: "late"})
		_, ok := s.shows("late")
		require.False(t, ok)
	})
}

func TestCallsThatCannotBeMet(t *testing.T) {
	called(t, func(a *askedBy, _ *screens) {
		a.says(line.CallsAnswer{Calls: []line.Call{
			{ID: "1", Kind: line.KindView, Camera: "nowhere"}, {ID: "2", Kind: "dance"}, {ID: "3", Kind: line.KindStill, Camera: "stage"},
		}}, nil)
		rest(aRound)
		got := map[string]int{}
		for _, r := range a.answers {
			got[r.Call] = r.Status
		}
		require.Equal(t, map[string]int{"1": http.StatusNotFound, "2": http.StatusNotImplemented, "3": http.StatusOK}, got)
	})
}

// A control that was revoked is not asked on the connection that it had.
func TestRevocationsHoldForTheConnectionThatIs(t *testing.T) {
	called(t, func(a *askedBy, _ *screens) {
		rest(10 * aRound)
		require.Zero(t, a.closed)
		a.mu.Lock()
		a.trust = "another"
		a.mu.Unlock()
		rest(10 * aRound)
		require.Equal(t, 1, a.closed)
	})
}

// An answer that the control does not take is given up at the program's end.
func TestTheEndDoesNotWaitForAnswers(t *testing.T) {
	called(t, func(a *askedBy, _ *screens) {
		begins(a, line.View{ID: "v1"})
		a.deaf = true
		a.says(line.CallsAnswer{Views: []line.View{{ID: "v1"}}, Calls: []line.Call{{ID: "1", Kind: line.KindStill, Camera: "stage"}}}, nil)
		rest(aRound)
	})
}

// A view is known by one id: a call that comes twice leaves none behind that
// nobody could end.
func TestACallThatComesTwice(t *testing.T) {
	called(t, func(a *askedBy, s *screens) {
		for _, offer := range []string{"first", "second"} {
			a.says(line.CallsAnswer{Views: []line.View{{ID: "v1"}}, Calls: []line.Call{{ID: "v1", Kind: line.KindView, Camera: "stage", Offer: offer}}}, nil)
			rest(aRound)
		}
		_, ok := s.shows("first")
		require.False(t, ok)
		_, ok = s.shows("second")
		require.True(t, ok)
	})
}
