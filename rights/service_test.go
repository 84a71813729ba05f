package rights_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/rights"
)

// house notes what it was asked to do.
type house struct {
	mu   sync.Mutex
	did  []string
	fail error
}

func (h *house) note(what, who string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return h.fail
	}
	h.did = append(h.did, what+" "+who)
	return nil
}

func (h *house) Known(_ context.Context, e string) (bool, error) { return e != "nobody", nil }

func (h *house) Withdraw(_ context.Context, e, _ string) error { return h.note("withdraw", e) }
func (h *house) Restrict(_ context.Context, e, _ string) error { return h.note("restrict", e) }
func (h *house) Object(_ context.Context, e, _ string) error   { return h.note("object", e) }

func (h *house) Erase(_ context.Context, e, _ string) (string, error) {
	return "certificate-1", h.note("erase", e)
}

// desk is a service with a clock that the test moves.
type desk struct {
	*rights.Service
	db      *rights.DB
	house   *house
	now     time.Time
	events  []event.Event
	trouble map[string]string
}

func newDesk(t *testing.T, connectors ...rights.Connector) *desk {
	t.Helper()
	db, err := rights.OpenDB(t.Context(), sqldbtest.Place(t, filepath.Join(t.TempDir(), "rights.db")))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	seal, err := aead.New(h)
	require.NoError(t, err)
	d := &desk{db: db, house: &house{}, now: noon, trouble: map[string]string{}}
	d.Service, err = rights.New(rights.Config{
		DB: db, House: d.house, Sealer: seal, Connectors: connectors, Profile: func() string { return "eu" },
		Now:  func() time.Time { return d.now },
		Emit: func(e event.Event) { d.events = append(d.events, e) },
		OnTrouble: func(what string, err error) {
			if delete(d.trouble, what); err != nil {
				d.trouble[what] = err.Error()
			}
		},
	})
	require.NoError(t, err)
	return d
}

func (d *desk) submit(t *testing.T, typ rights.Type) string {
	t.Helper()
	r, err := d.Submit(t.Context(), rights.Submission{Type: typ, Text: "please", Language: "en", Contact: "ana@example.org"})
	require.NoError(t, err)
	return r.RequestID
}

func (d *desk) begun(t *testing.T, typ rights.Type) string {
	t.Helper()
	id := d.submit(t, typ)
	_, err := d.Verify(t.Context(), id, "e-1", rights.InPerson, "officer-1", "passport seen")
	require.NoError(t, err)
	_, err = d.Begin(t.Context(), id, "officer-1")
	require.NoError(t, err)
	return id
}

// What stops processing happens when the work begins, whatever else is open.
//
// proves: B-13, A-38, C-04
func TestEachTypeDoesItsPartAtOnce(t *testing.T) {
	want := map[rights.Type]string{
		rights.Withdraw: "withdraw e-1", rights.Erase: "withdraw e-1", rights.CancelAccount: "withdraw e-1",
		rights.Restrict: "restrict e-1", rights.Object: "object e-1", rights.RefuseAutomated: "object e-1",
	}
	for _, typ := range rights.Types() {
		if typ == rights.DeceasedKin {
			continue
		}
		d := newDesk(t)
		id := d.begun(t, typ)
		require.Equal(t, want[typ], strings.Join(d.house.did, ","), typ)
		done, err := d.Fulfil(t.Context(), id, "done as asked", "officer-1")
		require.NoError(t, err, typ)
		require.Equal(t, rights.Fulfilled, done.State)
		require.Equal(t, typ == rights.Erase || typ == rights.CancelAccount, strings.Contains(done.Outcome, "certificate-1"), typ)
	}
	// The next of kin.
	d := newDesk(t)
	id := d.submit(t, rights.DeceasedKin)
	_, err := d.Verify(t.Context(), id, "e-1", rights.InPerson, "officer-1", "")
	require.ErrorIs(t, err, rights.ErrInvalid, "kinship has to be shown")
	_, err = d.Verify(t.Context(), id, "e-1", rights.ByKin, "officer-1", "death certificate seen")
	require.NoError(t, err)
	_, err = d.Begin(t.Context(), id, "officer-1")
	require.NoError(t, err)
	require.Equal(t, []string{"withdraw e-1"}, d.house.did)
}

// proves
func TestErasureComesAfterEverybodyElse(t *testing.T) {
	d := newDesk(t, rights.Manual{ID: "paper files"}, rights.Manual{ID: "turnstiles"})
	id := d.begun(t, rights.Erase)
	d.Turn(t.Context())
	_, err := d.Fulfil(t.Context(), id, "erased", "officer-1")
	require.ErrorIs(t, err, rights.ErrOpenTasks)
	require.NotContains(t, d.house.did, "erase e-1")
	tasks, err := d.db.Tasks(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, tasks, 2)
	require.False(t, tasks[0].Due.IsZero())
	_, err = d.AcknowledgeTask(t.Context(), tasks[0].ID, "clerk-7")
	require.NoError(t, err)
	_, err = d.ExceptTask(t.Context(), tasks[1].ID, "the system was taken down last year", "officer-2")
	require.NoError(t, err)
	_, err = d.Fulfil(t.Context(), id, "erased", "officer-1")
	require.NoError(t, err)
	require.Contains(t, d.house.did, "erase e-1")

	// Nothing of the person is left with the request.
	r, err := d.db.Get(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, r.Enrollee)
	require.Empty(t, r.Text)
	_, err = d.Contact(t.Context(), id)
	require.ErrorIs(t, err, rights.ErrNotFound)
	b, err := json.Marshal(d.events)
	require.NoError(t, err)
	require.NotContains(t, string(b), "e-1", "the log never says who")
}

// A house that cannot erase leaves the request open, to be tried again.
func TestAFailedErasureIsNotFulfilled(t *testing.T) {
	d := newDesk(t)
	id := d.begun(t, rights.Erase)
	d.house.fail = errors.New("store is down")
	_, err := d.Fulfil(t.Context(), id, "erased", "officer-1")
	require.ErrorContains(t, err, "store is down")
	r, err := d.db.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, rights.InProgress, r.State)
	d.house.fail = nil
	_, err = d.Fulfil(t.Context(), id, "erased", "officer-1")
	require.NoError(t, err)
}

// proves: A-49
func TestWebhooksAreTriedUntilTheyAnswer(t *testing.T) {
	var seen []string
	answers := []int{http.StatusServiceUnavailable, http.StatusAccepted}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, string(b)+r.Header.Get("X-Bystander-Signature"))
		w.WriteHeader(answers[min(len(seen), len(answers))-1])
	}))
	defer srv.Close()
	hook := rights.Webhook{
		ID: "hr", URL: srv.URL, Secret: make([]byte, 32), Client: &http.Client{Timeout: 5 * time.Second},
		Now: func() time.Time { return noon },
	}
	require.NoError(t, hook.Check())
	d := newDesk(t, hook)
	id := d.begun(t, rights.Withdraw)
	d.Turn(t.Context())
	require.Len(t, seen, 1)
	require.Contains(t, d.trouble, "rights:tasks")
	d.Turn(t.Context())
	require.Len(t, seen, 1, "not before its time")
	d.now = d.now.Add(time.Minute)
	d.Turn(t.Context())
	require.Len(t, seen, 2)
	require.Contains(t, seen[1], `"action":"withdraw"`)
	require.Contains(t, seen[1], "t=1769774400,v1=")
	d.now = d.now.Add(time.Hour)
	d.Turn(t.Context())
	require.Len(t, seen, 2, "accepted: the acknowledgement follows")
	_, err := d.Fulfil(t.Context(), id, "withdrawn", "officer-1")
	require.ErrorIs(t, err, rights.ErrOpenTasks)
	tasks, err := d.db.Tasks(t.Context(), id)
	require.NoError(t, err)
	_, err = d.AcknowledgeTask(t.Context(), tasks[0].ID, "hr")
	require.NoError(t, err)
	_, err = d.Fulfil(t.Context(), id, "withdrawn", "officer-1")
	require.NoError(t, err)

	require.Error(t, rights.Webhook{ID: "x", Client: http.DefaultClient, Secret: make([]byte, 32)}.Check(), "no timeout")
	require.Error(t, rights.Webhook{ID: "x", Client: hook.Client, Secret: []byte("short")}.Check())
}

// proves
func TestAnybodyMayAsk(t *testing.T) {
	d := newDesk(t)
	r, err := d.Submit(t.Context(), rights.Submission{Type: rights.Access, Language: "zh-CN", Contact: "13800000000"})
	require.NoError(t, err)
	require.Equal(t, noon, r.Received)
	contact, err := d.Contact(t.Context(), r.RequestID)
	require.NoError(t, err)
	require.Equal(t, "13800000000", contact)
	for name, in := range map[string]rights.Submission{
		"type":     {Type: "everything", Language: "en", Contact: "x"},
		"language": {Type: rights.Access, Language: "fr", Contact: "x"},
		"contact":  {Type: rights.Access, Language: "en"},
		"text":     {Type: rights.Access, Language: "en", Contact: "x", Text: strings.Repeat("x", 4001)},
	} {
		_, err := d.Submit(t.Context(), in)
		var no *rights.Refusal
		require.ErrorAs(t, err, &no, name)
		require.Equal(t, name, no.Field)
	}
}

// proves: B-14
func TestLateRequestsRaiseAnAlarm(t *testing.T) {
	d := newDesk(t)
	id := d.submit(t, rights.Access)
	d.now = noon.Add(25 * time.Hour)
	d.Turn(t.Context())
	require.Len(t, d.trouble, 1)
	require.Contains(t, d.trouble["rights:unacknowledged"], id)
	_, err := d.Acknowledge(t.Context(), id, "officer-1")
	require.NoError(t, err)
	d.Turn(t.Context())
	require.Empty(t, d.trouble, "acknowledged: the alarm is over")
	d.now = noon.AddDate(0, 2, 0)
	d.Turn(t.Context())
	require.Contains(t, d.trouble["rights:late"], id)
	_, err = d.Verify(t.Context(), id, "e-1", rights.InPerson, "officer-1", "")
	require.NoError(t, err)
	require.Equal(t, "yes", d.events[len(d.events)-1].Detail["late"])
}

// proves: B-15, B-45
func TestAnIDResolvesUntilDisposed(t *testing.T) {
	d := newDesk(t)
	done, open := d.begun(t, rights.Access), d.submit(t, rights.Access)
	_, err := d.Fulfil(t.Context(), done, "sent", "officer-1")
	require.NoError(t, err)
	h, err := d.db.History(t.Context(), done)
	require.NoError(t, err)
	require.Len(t, h, 4, "received, verified, begun, fulfilled")

	_, err = d.db.Enforce(t.Context(), noon.Add(rights.Keep+48*time.Hour))
	require.NoError(t, err)
	_, err = d.db.Get(t.Context(), done)
	require.ErrorIs(t, err, rights.ErrDisposed)
	_, err = d.db.Get(t.Context(), "018f0000-0000-7000-8000-000000000000")
	require.ErrorIs(t, err, rights.ErrNotFound)
	_, err = d.db.Get(t.Context(), open)
	require.NoError(t, err, "what is still held is served however old")
}

// Two officers at once: one of them has to read again.
func TestNobodyOverwritesAnother(t *testing.T) {
	d := newDesk(t)
	id := d.submit(t, rights.Access)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = d.Verify(t.Context(), id, "e-1", rights.InPerson, "officer-1", "") })
	}
	wg.Wait()
	ok := 0
	for _, err := range errs {
		if err == nil {
			ok++
		} else {
			require.True(t, errors.Is(err, rights.ErrVersion) || errors.Is(err, rights.ErrState), err)
		}
	}
	require.Equal(t, 1, ok)
}
