package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
)

// stubborn refuses the first attempts.
type stubborn struct {
	refuse int
	err    error
	got    []event.Event
	closed bool
}

func (s *stubborn) Record(_ context.Context, es ...event.Event) ([]event.Event, error) {
	if s.refuse > 0 {
		s.refuse--
		return nil, s.err
	}
	s.got = append(s.got, es...)
	return es, nil
}

func (s *stubborn) Close() error { s.closed = true; return nil }

func TestLedgerKeepsEventsUntilTheDiskTakesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{refuse: 7, err: errors.New("no space left on device")}
		l := newLedger(j, zerolog.Nop())
		for range 20 {
			l.emit(event.Event{Kind: event.KindCameraHealth})
		}
		time.Sleep(time.Minute) // fake time
		synctest.Wait()
		require.Len(t, j.got, 20)
		require.NoError(t, l.close())
	})
}

func TestLedgerLeavesOutOnlyTheInvalid(t *testing.T) {
	j := &stubborn{refuse: 1, err: event.ErrInvalid}
	l := newLedger(j, zerolog.Nop())
	l.emit(event.Event{Kind: "bad"})
	l.emit(event.Event{Kind: event.KindUseEnd})
	require.NoError(t, l.close())
	require.True(t, j.closed)
	require.Len(t, j.got, 1)
	require.Equal(t, event.KindUseEnd, j.got[0].Kind)
	l.emit(event.Event{Kind: event.KindUseEnd}) // told, not stored, not a panic
	require.NoError(t, l.close())
}

func TestLedgerEndsThoughTheDiskRefuses(t *testing.T) {
	j := &stubborn{refuse: 1 << 30, err: errors.New("no space left on device")}
	l := newLedger(j, zerolog.Nop())
	l.emit(event.Event{Kind: event.KindUseEnd})
	require.NoError(t, l.close())
	require.Empty(t, j.got)
}

// A disk that stays full holds up neither those who emit at the end nor close.
func TestLedgerEndsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{refuse: 1 << 30, err: errors.New("no space left on device")}
		l := newLedger(j, zerolog.Nop())
		var emitted sync.WaitGroup
		for range ledgerQueue + 50 { // more than the queue takes
			emitted.Go(func() { l.emit(event.Event{Kind: event.KindCameraHealth}) })
		}
		time.Sleep(time.Hour) // fake time
		synctest.Wait()
		require.Len(t, l.in, ledgerQueue)
		l.hurry()
		emitted.Wait()
		require.NoError(t, l.close())
		require.True(t, j.closed)
	})
}

func TestLedgerClosesWhileSomebodyWaitsToEmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{refuse: 1 << 30, err: errors.New("no space left on device")}
		l := newLedger(j, zerolog.Nop())
		var emitted sync.WaitGroup
		for range ledgerQueue + 50 {
			emitted.Go(func() { l.emit(event.Event{Kind: event.KindCameraHealth}) })
		}
		synctest.Wait()
		require.NoError(t, l.close())
		emitted.Wait()
	})
}
