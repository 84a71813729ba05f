package consent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// Each channel's own way to say yes, and the evidence that it leaves.
//
// proves
func TestChannels(t *testing.T) {
	for ch, widget := range map[policy.Channel]string{
		policy.ChannelWeb: "checkbox", policy.ChannelKiosk: "slide", policy.ChannelPaper: "signature", policy.ChannelO2O: "slide",
	} {
		t.Run(string(ch), func(t *testing.T) {
			d := newDesk(t)
			g := d.given(d.person().Enrollee, policy.PurposeMatch)
			g.Evidence.Channel, g.Evidence.Widget = ch, widget
			want := policy.ConsentGiven
			if ch == policy.ChannelO2O {
				want = policy.ConsentPending
			}
			c := d.give(g)
			require.Equal(t, want, c.State)
			require.Equal(t, policy.Act{
				Channel: ch, At: noon, NoticeHash: d.site.Notices[0].Hash, RecordedBy: "kiosk-1", Basis: "separate consent",
				Written: ch == policy.ChannelPaper, Widget: widget, Language: "en",
			}, c.Act)
			require.Equal(t, want == policy.ConsentGiven, d.eligible(c.Enrollee))
			for _, other := range []string{"", "preselected", "scroll", "signature", "checkbox"} {
				if other == widget || ch != policy.ChannelPaper && other == "checkbox" {
					continue
				}
				g.Enrollee, g.Evidence.Widget = d.person().Enrollee, other
				_, err := d.Give(t.Context(), g)
				refused(t, err, consent.Malformed, "WIDGET_UNKNOWN")
			}
			e := d.kinds(event.KindConsentChange)
			last := e[len(e)-1]
			require.Equal(t, c.Ref(), last.ConsentRef)
			require.Equal(t, c.Version, last.ConsentVersion)
			require.Equal(t, policy.SampleNotice, last.NoticeVersion)
			require.Equal(t, scene, last.SceneID)
			require.Equal(t, map[string]string{
				"purpose": "match", "state": string(c.State), "from": map[bool]string{true: "", false: "pending"}[ch == policy.ChannelO2O],
				"under14": "no", "guardian": "no", "expires": noon.Add(365 * day).Format(time.RFC3339), "scenes": scene, "zones": zone, "channel": string(ch),
			}, last.Detail)
			require.Equal(t, "sample", last.SiteID)
		})
	}
}

// proves: A-12
func TestOneActOnePurpose(t *testing.T) {
	d := newDesk(t)
	id := d.person().Enrollee
	_, err := d.Give(t.Context(), d.given(id, policy.PurposeMatch, policy.PurposeAppearLive))
	refused(t, err, consent.Malformed, "BUNDLED")
	_, err = d.Give(t.Context(), d.given(id, "match,appear_live"))
	refused(t, err, consent.Malformed, "PURPOSE_UNKNOWN")
	_, err = d.Give(t.Context(), d.given(id))
	refused(t, err, consent.Malformed, "PURPOSE_MISSING")
	all, err := d.store.Consents(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	d.give(d.given(id, policy.PurposeMatch))
	d.give(d.given(id, policy.PurposeAppearLive))
}

// proves: C-01
func TestActWithoutBasisOrNotice(t *testing.T) {
	d := newDesk(t)
	id := d.person().Enrollee
	for code, do := range map[string]func(*consent.Given){
		"BASIS_MISSING":       func(g *consent.Given) { g.Evidence.Basis = " " },
		"NOTICE_HASH_MISSING": func(g *consent.Given) { g.Evidence.NoticeHash = event.Digest{} },
		"CHANNEL_UNKNOWN":     func(g *consent.Given) { g.Evidence.Channel = "telepathy" },
		"RECORDED_BY_MISSING": func(g *consent.Given) { g.Evidence.By = "" },
		"SCOPE_MISSING":       func(g *consent.Given) { g.Zones = nil },
		"SCENE_UNKNOWN":       func(g *consent.Given) { g.Scenes = []string{"elsewhere"} },
		"ZONE_UNKNOWN":        func(g *consent.Given) { g.Zones = []string{"far-zone"} },
		"TERM_OVER":           func(g *consent.Given) { g.Expires = noon },
		"TERM_TOO_LONG":       func(g *consent.Given) { g.Expires = noon.Add(3*365*day + 1) },
	} {
		g := d.given(id, policy.PurposeMatch)
		do(&g)
		_, err := d.Give(t.Context(), g)
		refused(t, err, consent.Malformed, code)
	}
	g := d.given(id, policy.PurposeMatch)
	g.Evidence.NoticeHash = digest("an older text")
	_, err := d.Give(t.Context(), g)
	refused(t, err, consent.Unmet, "NOTICE_CHANGED")
	g = d.given("nobody", policy.PurposeMatch)
	_, err = d.Give(t.Context(), g)
	refused(t, err, consent.Unknown, "ENROLLEE_UNKNOWN")
	d.give(d.given(id, policy.PurposeMatch))
	_, err = d.Give(t.Context(), d.given(id, policy.PurposeMatch))
	refused(t, err, consent.Unmet, "CONSENT_EXISTS")
}

// A consent that waits for its second act waits for good: no job and no passing
// of time turns it into a yes.
//
// proves
func TestPendingNeverBecomesActiveByItself(t *testing.T) {
	d := newDesk(t)
	s, err := d.StartSession(t.Context(), consent.Start{Channel: policy.ChannelO2O, Scenes: []string{scene}, Zones: []string{zone}, Under14: policy.No, By: "web"})
	require.NoError(t, err)
	d.keeper.templates[s.Enrollee] = true // even so
	g := d.given(s.Enrollee, policy.PurposeMatch)
	g.Evidence.Channel = policy.ChannelO2O
	c := d.give(g)
	for range 30 {
		d.now = d.now.Add(day)
		require.NoError(t, d.Tick(t.Context()))
		require.Equal(t, policy.ConsentPending, d.state(c.ID))
		require.False(t, d.eligible(c.Enrollee))
	}
	n, err := d.Confirm(t.Context(), c.ID, d.given(s.Enrollee).Evidence)
	require.NoError(t, err)
	require.Equal(t, policy.ConsentGiven, n.State)
	require.Equal(t, policy.ChannelO2O, n.Act.Channel)
	require.True(t, d.eligible(c.Enrollee))
	_, err = d.Confirm(t.Context(), c.ID, d.given(s.Enrollee).Evidence)
	refused(t, err, consent.Unmet, "CONSENT_STATE")
}

// A kiosk shows and ends what was agreed to online, by a code and nothing else.
//
// proves
func TestKioskShowsAndWithdrawsOnlineConsent(t *testing.T) {
	d := newDesk(t)
	g := d.given(d.person().Enrollee, policy.PurposeMatch)
	g.Evidence.Channel = policy.ChannelO2O
	o, err := d.Give(t.Context(), g)
	require.NoError(t, err)
	require.Len(t, o.Code, 16)
	who, err := d.ByCode(t.Context(), " "+o.Code)
	require.NoError(t, err)
	require.Equal(t, g.Enrollee, who)
	_, err = d.ByCode(t.Context(), "ABCDEFGHJKLMNPQR")
	refused(t, err, consent.Unknown, "CODE_UNKNOWN")
	c, err := d.Withdraw(t.Context(), o.Consent.ID, "kiosk-2")
	require.NoError(t, err)
	require.Equal(t, policy.ConsentWithdrawn, c.State)
	d.now = d.now.Add(31 * day)
	_, err = d.ByCode(t.Context(), o.Code)
	refused(t, err, consent.Unknown, "CODE_UNKNOWN")
}

// Saying no takes one call, as saying yes does; saying it twice changes nothing.
//
// proves: A-38
func TestWithdrawalIsOneStepAndIdempotent(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	live := d.give(d.given(c.Enrollee, policy.PurposeAppearLive))
	require.True(t, d.eligible(c.Enrollee))
	first, err := d.Withdraw(t.Context(), c.ID, "kiosk-1")
	require.NoError(t, err)
	require.Equal(t, policy.ConsentWithdrawn, first.State)
	require.False(t, d.eligible(c.Enrollee))
	require.Equal(t, []string{c.Enrollee}, d.keeper.erased, "keys, template and name are destroyed")
	require.Equal(t, policy.ConsentWithdrawn, d.state(live.ID), "without recognition nothing can be shown either")
	events := len(d.events)
	again, err := d.Withdraw(t.Context(), c.ID, "kiosk-1")
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, d.events, events)
	e, err := d.store.Enrollee(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Equal(t, policy.EnrolleeCanceled, e.Status)
	_, err = d.Give(t.Context(), d.given(c.Enrollee, policy.PurposeMatch))
	refused(t, err, consent.Unmet, "ENROL_AGAIN")
	_, err = d.Withdraw(t.Context(), "nobody", "kiosk-1")
	refused(t, err, consent.Unknown, "CONSENT_UNKNOWN")
}

// A withdrawal holds even where the destruction fails, which is tried again.
func TestErasureIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	d.keeper.err = errBusy
	w, err := d.Withdraw(t.Context(), c.ID, "kiosk-1")
	require.NoError(t, err)
	require.Equal(t, policy.ConsentWithdrawn, w.State)
	require.False(t, d.eligible(c.Enrollee))
	require.Len(t, d.errs, 1)
	require.Error(t, d.Tick(t.Context()))
	d.keeper.err, d.errs = nil, nil
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, []string{c.Enrollee}, d.keeper.erased)
	require.NoError(t, d.Tick(t.Context()))
	require.Len(t, d.keeper.erased, 1, "once it is done it is done")
}

// The photograph stays only with an authorisation of its own, in writing, for
// thirty days at most.
//
// proves: A-28, B-20
func TestRawImageOnlyInWriting(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	_, err := d.MayKeepPhoto(t.Context(), c.Enrollee)
	refused(t, err, consent.Forbidden, "RAW_IMAGE_UNAUTHORISED")
	g := d.given(c.Enrollee, policy.PurposeRawImage)
	_, err = d.Give(t.Context(), g)
	refused(t, err, consent.Forbidden, "WRITTEN_AUTHORISATION")
	g.Evidence.Written = true
	g.Expires = noon.Add(31 * day)
	_, err = d.Give(t.Context(), g)
	refused(t, err, consent.Malformed, "TERM_TOO_LONG")
	g.Expires = time.Time{}
	raw := d.give(g)
	require.Equal(t, noon.Add(30*day), raw.ExpiresAt)
	_, err = d.MayKeepPhoto(t.Context(), c.Enrollee)
	require.NoError(t, err)
	d.keeper.photos[c.Enrollee] = true
	d.now = noon.Add(30 * day)
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, policy.ConsentExpired, d.state(raw.ID))
	require.Empty(t, d.keeper.photos, "the photograph goes with the authorisation")
	require.Equal(t, policy.ConsentGiven, d.state(c.ID))
	rec := d.given(c.Enrollee, policy.PurposeAppearRecorded)
	_, err = d.Give(t.Context(), rec)
	refused(t, err, consent.Forbidden, "WRITTEN_AUTHORISATION")
}

// proves: C-26
func TestIllinoisAsksForARelease(t *testing.T) {
	d := newDesk(t)
	d.site.Profile = "us-il"
	g := d.given(d.person().Enrollee, policy.PurposeMatch)
	_, err := d.Give(t.Context(), g)
	refused(t, err, consent.Unmet, "RELEASE_MISSING")
	g.Evidence.Written = true
	c := d.give(g)
	require.True(t, d.eligible(c.Enrollee))
	g = d.given(d.person().Enrollee, policy.PurposeMatch)
	g.Evidence.Channel, g.Evidence.Widget = policy.ChannelPaper, "signature"
	d.give(g)
}

// proves: A-48, C-26
func TestExpiryErasesUnasked(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	d.now = noon.Add(365*day - time.Millisecond)
	require.NoError(t, d.Tick(t.Context()))
	require.True(t, d.eligible(c.Enrollee))
	msgs, err := d.Messages(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Len(t, msgs, 1, "they are told that it ends")
	require.Equal(t, consent.MessageExpiring, msgs[0].Kind)
	d.now = noon.Add(365 * day)
	require.False(t, d.eligible(c.Enrollee), "the gate does not wait for the job")
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, policy.ConsentExpired, d.state(c.ID))
	require.Equal(t, []string{c.Enrollee}, d.keeper.erased)
}

// Whatever is done in whatever order, nothing but an act makes a consent active,
// what has ended stays ended, and every version has its receipt and its event.
//
// proves: A-03, C-32
func TestConsentHistoriesHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		id := d.person().Enrollee
		d.keeper.templates[id] = true
		var ids []string
		acts := 0
		steps := rapid.SliceOfN(rapid.IntRange(0, 6), 3, 14).Draw(rt, "steps")
		for _, step := range steps {
			var err error
			var o consent.Outcome
			switch step {
			case 0, 1:
				g := d.given(id, rapid.SampledFrom(policy.Purposes()[:2]).Draw(rt, "purpose"))
				if step == 1 {
					g.Evidence.Channel = policy.ChannelO2O
				}
				if o, err = d.Give(t.Context(), g); err == nil {
					ids = append(ids, o.Consent.ID)
					if step == 0 {
						acts++
					}
				}
			case 2, 3:
				if len(ids) == 0 {
					continue
				}
				which := rapid.SampledFrom(ids).Draw(rt, "which")
				if step == 2 {
					_, err = d.Withdraw(t.Context(), which, "x")
				} else if _, err = d.Confirm(t.Context(), which, d.given(id).Evidence); err == nil {
					acts++
				}
			case 4:
				d.now = d.now.Add(rapid.SampledFrom([]time.Duration{day, 200 * day}).Draw(rt, "days"))
			case 5:
				if len(ids) > 0 {
					if _, err = d.Renew(t.Context(), rapid.SampledFrom(ids).Draw(rt, "renew"), "", d.given(id).Evidence, time.Time{}); err == nil {
						acts++
					}
				}
			case 6:
				require.NoError(t, d.Tick(t.Context()))
			}
			var no *consent.Refusal
			if err != nil && !asRefusal(err, &no) {
				rt.Fatal(err)
			}
		}
		made, versions := 0, 0
		for _, c := range ids {
			h, err := d.store.ConsentHistory(t.Context(), c)
			require.NoError(t, err)
			for i, v := range h {
				versions++
				r, err := d.Receipt(t.Context(), c, v.Version)
				require.NoError(t, err)
				_, err = consent.Verify([]byte(r.JWS), keys(d))
				require.NoError(t, err)
				if v.State == policy.ConsentGiven {
					made++
				}
				if i > 0 {
					require.False(t, h[i-1].State.Terminal())
				}
			}
		}
		require.Equal(t, acts, made, "as many times active as there were acts")
		require.Len(t, d.kinds(event.KindConsentChange), versions)
	})
}
