package child

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/internal/backoff"
	"bystander/ingest/internal/wire"
)

// attempts runs the driver again and again. It returns the last word for the
// edge, or an error: why there is none.
func (w *worker) attempts(ctx context.Context) (wire.State, error) {
	failures := 0
	for first := true; ; first = false {
		if !first {
			w.reconnects.Add(1)
		}
		if err := w.send(wire.State{Phase: wire.PhaseConnecting}); err != nil {
			return wire.State{}, err
		}
		got, err := w.attempt(ctx)
		if ctx.Err() != nil {
			return wire.State{}, context.Cause(ctx)
		}
		if got > 0 {
			failures = 0
		}
		trouble := w.judge(err, got)
		switch {
		case trouble == nil && w.spec.Loop:
			w.reconnects.Add(^uint64(0)) // the next turn is no reconnection
			continue
		case trouble == nil:
			return wire.State{Phase: wire.PhaseEnded}, nil
		case trouble.Permanent:
			return state(wire.PhaseFailed, trouble), nil
		}
		wait := backoff.Wait(failures, w.spec.BackoffMin, w.spec.BackoffMax)
		failures++
		st := state(wire.PhaseRetrying, trouble)
		st.NextTry = time.Now().Add(wait)
		if err := w.send(st); err != nil {
			return wire.State{}, err
		}
		if !sleep(ctx, wait) {
			return wire.State{}, context.Cause(ctx)
		}
	}
}

// attempt runs the driver once and returns how many pictures it brought.
func (w *worker) attempt(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before := w.seq
	out := newOutput(ctx, cancel, w)
	w.offers.open(ctx, w.drv)
	err := w.drv.Run(ctx, driver.Config{
		Spec: ingest.Spec{
			ID: w.spec.ID, Driver: ingest.Driver(w.spec.Driver), URL: w.spec.URL, Transport: w.spec.Transport,
			Live: w.spec.Live, Loop: w.spec.Loop, Pace: w.spec.Pace,
		},
		Log: w.log, ReadTimeout: w.spec.ReadTimeout,
	}, out)
	w.offers.close()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause // what the decoder found wrong outweighs how the driver ended
	}
	if derr := out.close(err == nil || isTruncated(err)); derr != nil && err == nil {
		err = derr
	}
	return w.seq - before, err
}

// name is how people know the camera: its file, or its id.
func (w *worker) name() string {
	if w.spec.Driver == string(ingest.DriverFile) {
		return w.spec.URL
	}
	return fmt.Sprintf("camera %q", w.spec.ID)
}

func isTruncated(err error) bool { return ingest.CodeOf(err, "") == ingest.CodeTruncated }

// judge turns the end of an attempt into trouble, or nil at the end of a file.
func (w *worker) judge(err error, got uint64) *ingest.Error {
	file := w.spec.Driver == string(ingest.DriverFile)
	if err == nil || (file && w.spec.Loop && isTruncated(err) && got > 0) {
		switch {
		case file && got == 0:
			return ingest.Permanentf(ingest.CodeDecode,
				"%s: not one picture in it could be decoded; check that it plays elsewhere", w.spec.URL)
		case file:
			return nil
		}
		return ingest.Errorf(ingest.CodeLost, "camera %q: the connection ended; it is made again", w.spec.ID)
	}
	var trouble *ingest.Error
	if !errors.As(err, &trouble) {
		trouble = ingest.Errorf(ingest.CodeLost, "camera %q: the connection was lost: %v", w.spec.ID, err)
	}
	t := *trouble
	switch {
	case !w.spec.Live:
		t.Permanent = true
	case !file && t.Code != ingest.CodeConfig:
		t.Permanent = false // what is wrong with a camera may be put right while we wait
	}
	return &t
}

func state(p wire.Phase, e *ingest.Error) wire.State {
	return wire.State{Phase: p, Code: string(e.Code), Text: ingest.PlainText(e.Text, wire.MaxText)}
}

func (w *worker) send(m wire.Message) error {
	if err := w.conn.Send(m); err != nil {
		return errStopped
	}
	return nil
}

// beat shows the edge that the process lives.
func (w *worker) beat(ctx context.Context) {
	tick := time.NewTicker(w.spec.Beat)
	defer tick.Stop()
	for {
		w.sendBeat()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (w *worker) sendBeat() {
	_ = w.conn.Send(wire.Beat{
		Units: w.units.Load(), Pictures: w.pictures.Load(), Dropped: w.dropped.Load(),
		Corrupt: w.corrupt.Load(), Reconnect: w.reconnects.Load(),
	}) // when the edge is gone, the receiver sees it
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var errNoNegotiation = fmt.Errorf("worker: %w", ingest.ErrNotSupported)
