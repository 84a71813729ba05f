package resolve_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/resolve"
	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t *testing.T) (*resolve.Book, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
	b, err := resolve.Open(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "resolve.db")), resolve.Options{Now: c.now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b, c
}

func ask(t *testing.T, b *resolve.Book) resolve.Request {
	t.Helper()
	r, err := b.Ask(t.Context(), resolve.Request{Event: "e-1", Subject: event.Digest{1}, Purpose: "incident:12", AskedBy: "ann"})
	require.NoError(t, err)
	return r
}

// proves: B-55
func TestTwoPeopleAndOnce(t *testing.T) {
	b, c := open(t)
	r := ask(t, b)
	require.Equal(t, resolve.Waiting, r.State(c.at))
	_, err := b.Show(t.Context(), r.ID, "ann")
	require.ErrorIs(t, err, resolve.ErrState, "not before somebody approved")
	_, err = b.Decide(t.Context(), r.ID, "ann", true, "it is urgent")
	require.ErrorIs(t, err, resolve.ErrSamePerson)
	_, err = b.Decide(t.Context(), r.ID, "pia", true, " ")
	require.ErrorIs(t, err, resolve.ErrRequest, "a decision has a reason")
	got, err := b.Decide(t.Context(), r.ID, "pia", true, "the incident report asks for it")
	require.NoError(t, err)
	require.Equal(t, resolve.Approved, got.State(c.at))
	_, err = b.Decide(t.Context(), r.ID, "pat", false, "no")
	require.ErrorIs(t, err, resolve.ErrDecided)
	_, err = b.Show(t.Context(), r.ID, "pia")
	require.ErrorIs(t, err, resolve.ErrNotYours, "who approves does not learn the name")
	got, err = b.Show(t.Context(), r.ID, "ann")
	require.NoError(t, err)
	require.Equal(t, resolve.Shown, got.State(c.at))
	_, err = b.Show(t.Context(), r.ID, "ann")
	require.ErrorIs(t, err, resolve.ErrState, "once")
	kept, err := b.Get(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, got, kept)
}

func TestRefusedAndExpired(t *testing.T) {
	b, c := open(t)
	r := ask(t, b)
	refused, err := b.Decide(t.Context(), r.ID, "pia", false, "not needed")
	require.NoError(t, err)
	require.Equal(t, resolve.Refused, refused.State(c.at.Add(time.Hour*1000)))
	_, err = b.Show(t.Context(), r.ID, "ann")
	require.ErrorIs(t, err, resolve.ErrState)

	late := ask(t, b)
	c.at = c.at.Add(resolve.WaitFor)
	_, err = b.Decide(t.Context(), late.ID, "pia", true, "too late")
	require.ErrorIs(t, err, resolve.ErrState)

	unread := ask(t, b)
	_, err = b.Decide(t.Context(), unread.ID, "pia", true, "in time")
	require.NoError(t, err)
	c.at = c.at.Add(resolve.ReadFor)
	_, err = b.Show(t.Context(), unread.ID, "ann")
	require.ErrorIs(t, err, resolve.ErrState, "an approval does not wait for ever")
	_, err = b.Get(t.Context(), "nothing")
	require.ErrorIs(t, err, resolve.ErrNotFound)
}

func TestNobodyIsShownTwice(t *testing.T) {
	b, _ := open(t)
	r := ask(t, b)
	_, err := b.Decide(t.Context(), r.ID, "pia", true, "fine")
	require.NoError(t, err)
	var wg sync.WaitGroup
	shown := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			_, err := b.Show(t.Context(), r.ID, "ann")
			shown <- err
		})
	}
	wg.Wait()
	close(shown)
	n := 0
	for err := range shown {
		if err == nil {
			n++
		} else {
			require.ErrorIs(t, err, resolve.ErrState)
		}
	}
	require.Equal(t, 1, n)
}

func TestListAndRetention(t *testing.T) {
	b, c := open(t)
	ask(t, b)
	_, err := b.Ask(t.Context(), resolve.Request{Event: "e-2", Subject: event.Digest{2}, Purpose: "rights:3", AskedBy: "bob"})
	require.NoError(t, err)
	_, err = b.Ask(t.Context(), resolve.Request{Event: "e-2", Purpose: "rights:3", AskedBy: "bob"})
	require.ErrorIs(t, err, resolve.ErrRequest)
	all, err := b.List(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, all, 2)
	own, err := b.List(t.Context(), "bob")
	require.NoError(t, err)
	require.Len(t, own, 1)
	c.at = c.at.Add(3*365*24*time.Hour + time.Minute)
	out, err := b.Enforce(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, out[0].Disposed)
}
