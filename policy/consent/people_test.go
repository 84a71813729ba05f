package consent_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// child begins the enrolment of somebody under 14.
func (d *desk) child(turns time.Time) (consent.Session, error) {
	return d.StartSession(d.t.Context(), consent.Start{
		Channel: policy.ChannelKiosk, Scenes: []string{scene}, Zones: []string{zone}, Under14: policy.Yes, Turns14: turns, By: "officer",
	})
}

func (d *desk) admitChildren() {
	d.t.Helper()
	d.site.Scenes[0].Children = true
	_, err := d.SetGuardianChannel(d.t.Context(), consent.GuardianChannel{Scene: scene, Desk: "main desk", Procedure: "household register", Actor: "dpo"})
	require.NoError(d.t, err)
}

// proves: A-08, B-47, C-13
func TestChildrenNeedAGuardian(t *testing.T) {
	d := newDesk(t)
	turns := noon.AddDate(1, 0, 0)
	_, err := d.child(turns)
	refused(t, err, consent.Unmet, "CHILDREN_NOT_ADMITTED") // off by default
	d.site.Scenes[0].Children = true
	_, err = d.child(turns)
	refused(t, err, consent.Unmet, "GUARDIAN_CHANNEL_MISSING")
	refused(t, d.GuardianChannel(t.Context(), d.site.Scenes[0]), consent.Unmet, "GUARDIAN_CHANNEL_MISSING")
	d.admitChildren()
	require.NoError(t, d.GuardianChannel(t.Context(), d.site.Scenes[0]))
	for _, bad := range []time.Time{{}, noon, noon.AddDate(15, 0, 0)} {
		_, err = d.child(bad)
		refused(t, err, consent.Malformed, "TURNS_14")
	}
	s, err := d.child(turns)
	require.NoError(t, err)
	g := d.given(s.Enrollee, policy.PurposeMatch)
	_, err = d.Give(t.Context(), g)
	refused(t, err, consent.Unmet, "GUARDIAN_REQUIRED")
	g.Guardian = "made-up"
	_, err = d.Give(t.Context(), g)
	refused(t, err, consent.Unmet, "GUARDIAN_REQUIRED")
	guardian := consent.Guardian{Enrollee: s.Enrollee, Relation: "mother", Method: "household_register", Proof: digest("page 3"), Actor: "officer"}
	for code, bad := range map[string]func(*consent.Guardian){
		"RELATION":      func(g *consent.Guardian) { g.Relation = "friend" },
		"PROOF_METHOD":  func(g *consent.Guardian) { g.Method = "word of mouth" },
		"PROOF_MISSING": func(g *consent.Guardian) { g.Proof = event.Digest{} },
	} {
		x := guardian
		bad(&x)
		_, err = d.VerifyGuardian(t.Context(), x)
		refused(t, err, consent.Malformed, code)
	}
	guardian, err = d.VerifyGuardian(t.Context(), guardian)
	require.NoError(t, err)
	g.Guardian = guardian.ID
	c := d.give(g)
	require.Equal(t, guardian.ID, c.Guardian)
	require.True(t, d.eligible(s.Enrollee))
	ev := d.kinds(event.KindConsentChange)
	require.Equal(t, "yes", ev[len(ev)-1].Detail["guardian"])
	require.Equal(t, "yes", ev[len(ev)-1].Detail["under14"])

	other, err := d.child(turns)
	require.NoError(t, err)
	stolen := d.given(other.Enrollee, policy.PurposeMatch)
	stolen.Guardian = guardian.ID
	_, err = d.Give(t.Context(), stolen)
	refused(t, err, consent.Unmet, "GUARDIAN_REQUIRED") // somebody else's

	_, err = d.EndGuardian(t.Context(), guardian.ID, "officer")
	require.NoError(t, err)
	require.False(t, d.eligible(s.Enrollee), "when the guardian's power ends, so does the comparing")
	_, err = d.EndGuardian(t.Context(), guardian.ID, "officer")
	require.NoError(t, err)
	all, err := d.Guardians(t.Context(), s.Enrollee)
	require.NoError(t, err)
	require.Len(t, all, 2)
	adult := d.given(d.person().Enrollee, policy.PurposeMatch)
	adult.Guardian = guardian.ID
	_, err = d.Give(t.Context(), adult)
	refused(t, err, consent.Malformed, "NOT_UNDER_14")
}

// proves: A-08
func TestAtFourteenTheConsentWaitsForTheirOwn(t *testing.T) {
	d := newDesk(t)
	d.admitChildren()
	turns := time.Date(2027, 6, 10, 0, 0, 0, 0, time.UTC)
	s, err := d.child(turns)
	require.NoError(t, err)
	gu, err := d.VerifyGuardian(t.Context(), consent.Guardian{Enrollee: s.Enrollee, Relation: "father", Method: "identity_document", Proof: digest("x"), Actor: "officer"})
	require.NoError(t, err)
	d.keeper.templates[s.Enrollee] = true
	g := d.given(s.Enrollee, policy.PurposeMatch)
	g.Guardian = gu.ID
	c := d.give(g)
	d.now = turns.Add(-time.Second)
	require.NoError(t, d.Tick(t.Context()))
	require.True(t, d.eligible(s.Enrollee))
	d.now = turns
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, policy.ConsentReconfirm, d.state(c.ID))
	require.False(t, d.eligible(s.Enrollee))
	msgs, err := d.Messages(t.Context(), s.Enrollee)
	require.NoError(t, err)
	require.Equal(t, consent.MessageReconfirm, msgs[0].Kind)
	_, err = d.Renew(t.Context(), c.ID, gu.ID, d.given(s.Enrollee).Evidence, time.Time{})
	refused(t, err, consent.Malformed, "NOT_UNDER_14") // the guardian acts no more
	n, err := d.Renew(t.Context(), c.ID, "", d.given(s.Enrollee).Evidence, time.Time{})
	require.NoError(t, err)
	require.Empty(t, n.Guardian)
	require.True(t, d.eligible(s.Enrollee))
	h, err := d.store.EnrolleeHistory(t.Context(), s.Enrollee)
	require.NoError(t, err)
	last := h[len(h)-1]
	require.Equal(t, policy.No, last.Under14)
	require.Zero(t, last.Turns14, "the day is not kept longer than needed")
}

// proves: B-49
func TestImportWithoutEvidence(t *testing.T) {
	d := newDesk(t)
	row := func(person string, change func(*consent.ImportRow)) consent.ImportRow {
		g := d.given("", policy.PurposeMatch)
		g.Evidence.Document, g.Evidence.At = digest("sheet "+person), noon.Add(-day)
		r := consent.ImportRow{Person: person, Given: g, Under14: policy.No}
		if change != nil {
			change(&r)
		}
		return r
	}
	rep, err := d.ImportRows(t.Context(), "officer", []consent.ImportRow{
		row("a", nil),
		row("b", func(r *consent.ImportRow) { r.Given.Evidence.Document = event.Digest{} }),
		row("a", func(r *consent.ImportRow) { r.Given.Purposes = []policy.Purpose{policy.PurposeAppearLive} }),
		row("c", func(r *consent.ImportRow) { r.Given.Evidence.Basis = "" }),
		row("d", func(r *consent.ImportRow) { r.Under14 = policy.Yes }),
		row("e", func(r *consent.ImportRow) { r.Given.Purposes = policy.Purposes() }),
		row("f", func(r *consent.ImportRow) { r.Given.Evidence.At = time.Time{} }),
		row("a", nil),
		row("g", func(r *consent.ImportRow) { r.Given.Evidence.At = noon.Add(day) }),
	})
	require.NoError(t, err)
	var got []string
	for i, r := range rep.Rows {
		require.Equal(t, i+1, r.Row)
		line := strconv.Itoa(r.Status)
		if len(r.Reasons) > 0 {
			line += " " + r.Reasons[0].Code
		}
		got = append(got, line)
	}
	require.Equal(t, []string{
		"201", "422 EVIDENCE_MISSING", "201", "422 BASIS_MISSING", "422 GUARDIAN_REQUIRED", "422 BUNDLED", "422 EVIDENCE_MISSING",
		"409 CONSENT_EXISTS", "422 ACT_IN_FUTURE",
	}, got)
	require.Equal(t, 2, rep.Accepted)
	people, err := d.store.Enrollees(t.Context())
	require.NoError(t, err)
	require.Len(t, people, 1, "nothing of a bad row is stored")
	require.Equal(t, rep.Rows[0].Enrollee, rep.Rows[2].Enrollee)
	c, err := d.store.Consent(t.Context(), rep.Rows[0].Consent)
	require.NoError(t, err)
	require.Equal(t, digest("sheet a"), c.Act.Evidence)
	require.Equal(t, noon.Add(-day), c.Act.At)
	again, err := d.Import(t.Context(), rep.ID)
	require.NoError(t, err)
	require.Equal(t, rep, again)
	_, err = d.ImportRows(t.Context(), "officer", nil)
	refused(t, err, consent.Malformed, "IMPORT_SIZE")
}

// proves: C-11
func TestFilingAtTheLimit(t *testing.T) {
	d := newDesk(t, func(c *consent.Config) { c.Limit = 5 })
	state := func() consent.Census {
		t.Helper()
		require.NoError(t, d.Tick(t.Context()))
		c, err := d.Census(t.Context())
		require.NoError(t, err)
		return c
	}
	require.Equal(t, "below", state().State)
	var people []policy.Consent
	for range 4 {
		people = append(people, d.enrolled())
	}
	require.Equal(t, "warning", state().State, "80 %")
	people = append(people, d.enrolled())
	c := state()
	require.Equal(t, "due", c.State)
	require.Equal(t, 5, c.Enrolled)
	// Monday 1 March 2027 and thirty working days.
	require.Equal(t, time.Date(2027, 4, 12, 23, 59, 59, 999e6, time.UTC), c.Task.DueAt)
	d.person() // still allowed
	d.now = c.Task.DueAt.Add(time.Millisecond)
	require.Equal(t, "overdue", state().State)
	_, err := d.StartSession(t.Context(), consent.Start{Channel: policy.ChannelKiosk, Scenes: []string{scene}, Zones: []string{zone}, Under14: policy.No, By: "k"})
	refused(t, err, consent.Unmet, "FILING_OVERDUE")
	row := d.given("", policy.PurposeMatch)
	row.Evidence.Document, row.Evidence.At = digest("s"), noon
	rep, err := d.ImportRows(t.Context(), "officer", []consent.ImportRow{{Person: "p", Given: row, Under14: policy.No}})
	require.NoError(t, err)
	require.Equal(t, "FILING_OVERDUE", rep.Rows[0].Reasons[0].Code, "no way round")
	_, err = d.Filed(t.Context(), "", "dpo")
	refused(t, err, consent.Malformed, "REFERENCE_MISSING")
	_, err = d.Filed(t.Context(), "CAC-7", "dpo")
	require.NoError(t, err)
	require.Equal(t, "filed", state().State)
	_, err = d.Filed(t.Context(), "CAC-8", "dpo")
	refused(t, err, consent.Unmet, "NOTHING_DUE")
	d.enrolled()
	var seen []string
	for _, e := range d.kinds(event.KindCensus) {
		require.Equal(t, "5", e.Detail["limit"])
		seen = append(seen, e.Detail["enrolled"])
	}
	require.Equal(t, []string{"0", "4", "5", "5", "5", "5"}[:len(seen)], seen)
	require.GreaterOrEqual(t, len(seen), 5)
	_, err = d.Withdraw(t.Context(), people[0].ID, "k")
	require.NoError(t, err)
	got, err := d.Census(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, got.Enrolled, "who withdrew is not counted")
}

// proves: A-22
func TestStaleTemplatesAreTold(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	d.keeper.stale = []string{c.Enrollee}
	for range 2 {
		require.NoError(t, d.Tick(t.Context()))
	}
	msgs, err := d.Messages(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Len(t, msgs, 1)
	require.Equal(t, consent.MessageStale, msgs[0].Kind)
	all, err := d.Census(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, all.Stale, "whoever runs the house is told how many have to come")
	d.keeper.stale = nil // they enrolled again
	all, err = d.Census(t.Context())
	require.NoError(t, err)
	require.Zero(t, all.Stale)
}

// proves: B-07, B-25, B-40
func TestSessionOrder(t *testing.T) {
	d := newDesk(t)
	s := d.person()
	_, err := d.Ready(t.Context(), s.ID, false)
	refused(t, err, consent.Unmet, "CONSENT_FIRST")
	proof := consent.Proof{Method: "identity_document", InPerson: true, Officer: "officer"}
	_, err = d.Prove(t.Context(), s.ID, proof)
	refused(t, err, consent.Unmet, "CONSENT_FIRST")
	d.give(d.given(s.Enrollee, policy.PurposeAppearLive))
	_, err = d.Ready(t.Context(), s.ID, false)
	refused(t, err, consent.Unmet, "CONSENT_FIRST") // of another purpose
	d.give(d.given(s.Enrollee, policy.PurposeMatch))
	_, err = d.Ready(t.Context(), s.ID, false)
	refused(t, err, consent.Unmet, "PROOF_FIRST")
	_, err = d.Prove(t.Context(), s.ID, consent.Proof{Method: "gut feeling"})
	refused(t, err, consent.Malformed, "PROOF_METHOD")
	_, err = d.Prove(t.Context(), s.ID, proof)
	require.NoError(t, err)
	_, err = d.Ready(t.Context(), s.ID, true)
	refused(t, err, consent.Unmet, "IN_PERSON_CHECK")
	x, err := d.Ready(t.Context(), s.ID, false)
	require.NoError(t, err)
	require.Equal(t, "officer", x.Proof.Officer)
	require.Equal(t, noon, x.Proof.At)
	proof.Compared = true
	_, err = d.Prove(t.Context(), s.ID, proof)
	require.NoError(t, err)
	_, err = d.Ready(t.Context(), s.ID, true)
	require.NoError(t, err)
	d.now = noon.Add(time.Hour)
	_, err = d.Ready(t.Context(), s.ID, false)
	refused(t, err, consent.Unmet, "SESSION_OVER")
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, []string{s.Enrollee}, d.keeper.erased, "an enrolment that was not finished leaves nothing")
	_, err = d.Session(t.Context(), "nothing")
	refused(t, err, consent.Unknown, "SESSION_UNKNOWN")
}

// What another part of the program, or another process, changed gets its
// receipts and events all the same.
func TestSettleFollowsOtherWriters(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	before := len(d.kinds(event.KindConsentChange))
	w, err := c.Become(policy.ConsentWithdrawn, noon, "another way")
	require.NoError(t, err)
	require.NoError(t, d.store.PutConsents(t.Context(), w))
	require.NoError(t, d.Settle(t.Context()))
	require.NoError(t, d.Settle(t.Context()))
	require.Len(t, d.kinds(event.KindConsentChange), before+1)
	r, err := d.Receipt(t.Context(), c.ID, 0)
	require.NoError(t, err)
	require.Equal(t, w.Version, r.Version)
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, []string{c.Enrollee}, d.keeper.erased)
}

// Events wait for a process that has a ledger, and none is lost or doubled.
func TestEventsWaitForALedger(t *testing.T) {
	var emit func(event.Event)
	d := newDesk(t, func(c *consent.Config) { emit, c.Emit = c.Emit, nil })
	c := d.enrolled()
	require.Empty(t, d.events)
	signer, err := consent.NewSigner(testKey)
	require.NoError(t, err)
	other, err := consent.New(consent.Config{
		DB: d.db, Records: d.store, Signer: signer, Keeper: d.keeper, Emit: emit,
		Site: func(context.Context) (*policy.Site, error) { return d.site, nil }, Now: func() time.Time { return d.now },
	})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, other.Settle(t.Context()))
	}
	require.Len(t, d.kinds(event.KindConsentChange), 2)
	require.Equal(t, c.Ref(), d.events[1].ConsentRef)
}

func TestForgetLeavesNothing(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	o := d.given(c.Enrollee, policy.PurposeAppearLive)
	o.Evidence.Channel = policy.ChannelO2O
	d.give(o)
	d.keeper.stale = []string{c.Enrollee}
	_, err := d.Prompt(t.Context(), c.Enrollee, scene, nil, policy.ChannelKiosk)
	require.NoError(t, err)
	require.NoError(t, d.Tick(t.Context()))
	who, err := d.db.Persons(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{c.Enrollee}, who)
	n, err := d.db.Forget(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Greater(t, n, int64(8))
	n, err = d.db.Forget(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Zero(t, n, "again is harmless")
	var tables []string // all of them: none is made without a rule
	for _, r := range d.db.Rules() {
		if r.Table != "events" {
			tables = append(tables, r.Table)
		}
	}
	require.Greater(t, len(tables), 10)
	for _, table := range tables {
		if table == "notices" || table == "notice_acts" || table == "tasks" || table == "guardian_channels" {
			continue
		}
		var n int
		require.NoError(t, d.db.R.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s`, table)).Scan(&n))
		require.Zero(t, n, table)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ran := make(chan struct{}, 8)
	d := newDesk(t, func(c *consent.Config) {
		c.Every = time.Millisecond
		site := c.Site
		c.Site = func(ctx context.Context) (*policy.Site, error) {
			select {
			case ran <- struct{}{}:
			default:
			}
			return site(ctx)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	<-ran // the census emits, and asks for the site
	cancel()
	<-done
}
