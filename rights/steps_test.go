package rights_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/rights"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

func officer(reason string) rights.Decision {
	return rights.Decision{By: "officer-1", At: noon, Reason: reason}
}

func received(t rights.Type) rights.Request {
	return rights.Request{ID: "r", Version: 1, Type: t, State: rights.Received, Received: noon, Deadline: rights.TermOf("eu").Due(noon)}
}

// proves: A-54
func TestNothingIsDoneForSomebodyUnverified(t *testing.T) {
	for _, typ := range rights.Types() {
		_, err := received(typ).Begin(officer("begin"))
		require.ErrorIs(t, err, rights.ErrUnverified, typ)
		var r *rights.Refusal
		require.ErrorAs(t, err, &r)
		require.Equal(t, "IDENTITY_UNVERIFIED", r.Code)
		_, err = received(typ).Fulfil("done", nil, officer("done"))
		require.ErrorIs(t, err, rights.ErrState, typ)
	}
}

// proves: A-49
func TestDeletionWaitsForEverySystem(t *testing.T) {
	r := inProgress(t, rights.Erase)
	tasks := []rights.Task{{Connector: "hr"}, {Connector: "access"}, {Connector: "gate"}}
	_, err := r.Fulfil("erased", tasks, officer(""))
	require.ErrorIs(t, err, rights.ErrOpenTasks)
	tasks[0] = tasks[0].Acknowledge("hr", noon)
	tasks[2], err = tasks[2].Except("it holds no personal data at all", "officer-2")
	require.NoError(t, err)
	_, err = r.Fulfil("erased", tasks, officer(""))
	var f *rights.Refusal
	require.ErrorAs(t, err, &f)
	require.Equal(t, []string{"access"}, f.Open)
	tasks[1] = tasks[1].Acknowledge("access", noon)
	done, err := r.Fulfil("erased", tasks, officer(""))
	require.NoError(t, err)
	require.Equal(t, rights.Fulfilled, done.State)
	_, err = tasks[1].Except("no", "officer-2")
	require.ErrorIs(t, err, rights.ErrInvalid, "an exception without a reason")
}

func inProgress(t *testing.T, typ rights.Type) rights.Request {
	t.Helper()
	r, err := received(typ).Verify("e-1", rights.InPerson, officer("passport"))
	require.NoError(t, err)
	r, err = r.Begin(officer("begin"))
	require.NoError(t, err)
	return r
}

// proves: B-17, C-04
func TestRefusalNeedsGroundTextAndAppeal(t *testing.T) {
	full := rights.Refusing{Ground: rights.Repetitive, Text: "answered last week", Appeal: "appeals@example.org"}
	tests := []struct {
		change func(*rights.Refusing)
		code   string
	}{
		{func(f *rights.Refusing) { f.Ground = "" }, rights.CodeGround},
		{func(f *rights.Refusing) { f.Ground = "BUSY" }, rights.CodeGround},
		{func(f *rights.Refusing) { f.Text = " " }, rights.CodeField},
		{func(f *rights.Refusing) { f.Appeal = "" }, rights.CodeField},
		{func(f *rights.Refusing) { f.Ground = rights.Impractical }, rights.CodeEvidence},
		{func(f *rights.Refusing) { f.Ground = rights.Unidentified }, rights.CodeState},
	}
	r := inProgress(t, rights.Erase)
	for _, tt := range tests {
		f := full
		tt.change(&f)
		_, err := r.Refuse(f, officer(""))
		var no *rights.Refusal
		require.ErrorAs(t, err, &no)
		require.Equal(t, tt.code, no.Code)
	}
	out, err := r.Refuse(rights.Refusing{
		Ground: rights.Impractical, Text: "only in backups", Appeal: "a", Evidence: "certificate 12",
	}, officer(""))
	require.NoError(t, err)
	require.Equal(t, rights.Refused, out.State)

	// Somebody else decides the appeal.
	out, err = out.AppealTo("the backups can be changed", rights.TermOf("eu"), rights.Decision{By: "person", At: noon.Add(time.Hour)})
	require.NoError(t, err)
	_, err = out.Refuse(full, officer("again"))
	require.ErrorIs(t, err, rights.ErrForbidden)
	_, err = out.Refuse(full, rights.Decision{By: "officer-2", At: noon})
	require.NoError(t, err)
}

// proves: C-20
func TestDeadlines(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d.Add(24*time.Hour - time.Second)
	}
	at := func(s string) time.Time { return day(s).Add(-12 * time.Hour) }
	tests := []struct {
		profile  string
		received time.Time
		due      time.Time
	}{
		{"eu", at("2026-01-31"), day("2026-02-28")},
		{"eu", at("2028-01-31"), day("2028-02-29")},
		{"eu", at("2026-03-15"), day("2026-04-15")},
		{"eu", at("2026-12-10"), day("2027-01-10")},
		{"cn", at("2026-03-02"), day("2026-03-23")}, // a Monday: three weeks
		{"cn", at("2026-03-07"), day("2026-03-27")}, // a Saturday
		{"nowhere", at("2026-03-02"), day("2026-03-23")},
	}
	for _, tt := range tests {
		require.Equal(t, tt.due, rights.TermOf(tt.profile).Due(tt.received), tt.profile)
	}
}

// proves: C-20
func TestOneReasonedExtension(t *testing.T) {
	term := rights.TermOf("eu")
	r := inProgress(t, rights.Access)
	late := term.Latest(r.Deadline)
	_, err := r.Extend(late, term, officer(""))
	require.ErrorIs(t, err, rights.ErrInvalid, "without a reason")
	_, err = r.Extend(late.Add(time.Second), term, officer("many records"))
	require.ErrorIs(t, err, rights.ErrInvalid, "longer than two months")
	_, err = r.Extend(r.Deadline, term, officer("many records"))
	require.ErrorIs(t, err, rights.ErrInvalid, "no extension at all")
	r2, err := r.Extend(late, term, officer("many records"))
	require.NoError(t, err)
	require.Equal(t, late, r2.Deadline)
	_, err = r2.Extend(late.Add(time.Hour), term, officer("again"))
	require.ErrorIs(t, err, rights.ErrState, "only once")
	_, err = r.Extend(late, term, rights.Decision{By: "o", At: r.Deadline.Add(time.Second), Reason: "forgot"})
	require.ErrorIs(t, err, rights.ErrState, "too late")
}

// proves: B-13
func TestAutomatedDecisionsAreDecidedByPeople(t *testing.T) {
	r := inProgress(t, rights.RefuseAutomated)
	_, err := r.Fulfil("reviewed", nil, rights.Decision{By: "system", At: noon})
	require.ErrorIs(t, err, rights.ErrForbidden)
	_, err = r.Fulfil("reviewed", nil, officer(""))
	require.NoError(t, err)
}

// However steps are taken, nothing is fulfilled that was not verified before,
// versions rise by one, and an end is an end.
func TestNoWayRoundVerification(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := received(rapid.SampledFrom(rights.Types()).Draw(t, "type"))
		verified, now := false, noon
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Hour)
			d := rights.Decision{By: fmt.Sprint("officer-", rapid.IntRange(1, 2).Draw(t, "who")), At: now, Reason: "because"}
			var out rights.Request
			var err error
			switch rapid.IntRange(0, 5).Draw(t, fmt.Sprint("step", i)) {
			case 0:
				m := rapid.SampledFrom([]rights.Method{rights.InPerson, rights.ByCode, rights.ByKin}).Draw(t, "method")
				out, err = r.Verify("e-1", m, d)
				verified = verified || err == nil
			case 1:
				out, err = r.Begin(d)
			case 2:
				out, err = r.Fulfil("done", nil, d)
			case 3:
				out, err = r.Refuse(rights.Refusing{Ground: rights.Repetitive, Text: "x", Appeal: "y"}, d)
			case 4:
				out, err = r.AppealTo("no", rights.TermOf("cn"), d)
			case 5:
				out, err = r.Extend(r.Deadline.Add(24*time.Hour), rights.TermOf("eu"), d)
			}
			if err != nil {
				if out.Version != r.Version || out.State != r.State {
					t.Fatalf("a refused step changed the request: %+v", out)
				}
				continue
			}
			if out.Version != r.Version+1 || r.State == rights.Fulfilled {
				t.Fatalf("from %+v to %+v", r, out)
			}
			r = out
			if r.State == rights.Fulfilled && (!verified || r.VerifiedAt.IsZero()) {
				t.Fatalf("fulfilled without verification")
			}
		}
	})
}
