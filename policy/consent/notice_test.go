package consent_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// proves: A-02, B-62
func TestNoticeTakesEffectAfterSevenDays(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	n, err := d.AddNotice(t.Context(), "ann", draft("v1"))
	require.NoError(t, err)
	require.Equal(t, "draft", n.State)
	_, err = d.PublishNotice(t.Context(), "ann", "v1", 1, time.Time{})
	refused(t, err, consent.Forbidden, "SAME_PERSON")
	n, err = d.PublishNotice(t.Context(), "bob", "v1", 1, time.Time{})
	require.NoError(t, err)
	require.Equal(t, noon.Add(7*day), n.EffectiveFrom)
	for range 3 {
		require.NoError(t, d.Tick(t.Context()))
	}
	msgs, err := d.Messages(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Len(t, msgs, 1, "one message, however often the jobs run")
	require.Equal(t, consent.MessageNotice, msgs[0].Kind)
	require.Equal(t, "v1", msgs[0].Object)
	require.NoError(t, d.MarkRead(t.Context(), c.Enrollee, msgs[0].ID))
	refused(t, d.MarkRead(t.Context(), "somebody else", msgs[0].ID), consent.Unknown, "MESSAGE_UNKNOWN")
	ev := d.kinds(event.KindNoticeChange)
	require.Len(t, ev, 2)
	en := draft("v1").Texts["en"]
	require.Equal(t, "published", ev[1].Detail["state"])
	require.Equal(t, noon.Add(7*day).Format(time.RFC3339), ev[1].Detail["effective_from"])
	require.Equal(t, en.Hash().String(), ev[1].Detail["hash_en"])
	require.Equal(t, "v1", ev[1].NoticeVersion)
	_, err = d.PublishNotice(t.Context(), "bob", "v1", 1, time.Time{})
	refused(t, err, consent.Unmet, "NOTICE_PUBLISHED")
	_, err = d.PublishNotice(t.Context(), "bob", "v9", 1, time.Time{})
	refused(t, err, consent.Unknown, "NOTICE_UNKNOWN")
}

// A material change takes recognition away until the person has said yes again.
//
// proves: B-02, C-01
func TestMaterialChangeAsksAgain(t *testing.T) {
	d := newDesk(t)
	c := d.enrolled()
	_, err := d.AddNotice(t.Context(), "ann", draft("v1"))
	require.NoError(t, err)
	when := noon.Add(3 * day)
	_, err = d.PublishNotice(t.Context(), "bob", "v1", 1, when)
	require.NoError(t, err)
	d.now = when.Add(-time.Minute)
	require.NoError(t, d.Tick(t.Context()))
	require.True(t, d.eligible(c.Enrollee), "until it is in force the old one holds")
	d.now = when
	require.False(t, d.eligible(c.Enrollee), "the gate does not wait for the job")
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, policy.ConsentReconfirm, d.state(c.ID))
	require.False(t, d.eligible(c.Enrollee))

	old := d.given(c.Enrollee).Evidence
	old.NoticeHash = d.site.Notices[0].Hash
	_, err = d.Renew(t.Context(), c.ID, "", old, time.Time{})
	refused(t, err, consent.Unmet, "NOTICE_CHANGED")
	e := d.given(c.Enrollee).Evidence
	e.Language = ""
	_, err = d.Renew(t.Context(), c.ID, "", e, time.Time{})
	refused(t, err, consent.Malformed, "LANGUAGE")
	e.Language = "zh-CN"
	n, err := d.Renew(t.Context(), c.ID, "", e, time.Time{})
	require.NoError(t, err)
	require.Equal(t, policy.ConsentGiven, n.State)
	require.Equal(t, "v1", n.NoticeVersion)
	zh := draft("v1").Texts["zh-CN"]
	require.Equal(t, zh.Hash(), n.Act.TextHash)
	require.True(t, d.eligible(c.Enrollee))
	h, err := d.store.ConsentHistory(t.Context(), c.ID)
	require.NoError(t, err)
	require.Len(t, h, 4, "pending, active, reconfirm, active: nothing is overwritten")
	require.Equal(t, policy.SampleNotice, h[1].NoticeVersion)
}

// Better words for the same content change nobody's consent; other content does
// not pass as better words.
func TestEditorialRevision(t *testing.T) {
	d := newDesk(t)
	_, err := d.AddNotice(t.Context(), "ann", draft("v1"))
	require.NoError(t, err)
	_, err = d.AddNotice(t.Context(), "ann", draft("v1"))
	refused(t, err, consent.Unmet, "NOTICE_DRAFT_WAITS")
	first, err := d.PublishNotice(t.Context(), "bob", "v1", 1, noon)
	require.NoError(t, err)
	c := d.enrolled()
	require.Equal(t, "v1", c.NoticeVersion)

	for field, change := range map[string]func(*consent.Text){
		"en.kinds":       func(x *consent.Text) { x.Kinds[0].Data = append(x.Kinds[0].Data, "your gait") },
		"en.retention":   func(x *consent.Text) { x.Retention = "for ever" },
		"en.purpose":     func(x *consent.Text) { x.Purpose = "marketing" },
		"en.controller":  func(x *consent.Text) { x.Controller = "another company" },
		"en.necessity":   func(x *consent.Text) { x.Necessity = "because" },
		"en.alternative": func(x *consent.Text) { x.Alternative = "none" },
	} {
		n := draft("v1")
		x := n.Texts["en"]
		change(&x)
		n.Texts["en"] = x
		_, err = d.AddNotice(t.Context(), "ann", n)
		require.Equal(t, field, refused(t, err, consent.Unmet, "NOTICE_MATERIAL").Reasons[0].Object)
	}
	better := draft("v1")
	x := better.Texts["en"]
	x.Method = "The same in plainer words."
	better.Texts["en"] = x
	n, err := d.AddNotice(t.Context(), "ann", better)
	require.NoError(t, err)
	require.Equal(t, 2, n.Revision)
	d.now = noon.Add(time.Hour)
	n, err = d.PublishNotice(t.Context(), "bob", "v1", 2, time.Time{})
	require.NoError(t, err)
	require.Equal(t, first.Hash, n.Hash, "consents rest on the version")
	require.NotEqual(t, first.TextHashes["en"], n.TextHashes["en"])
	require.NoError(t, d.Tick(t.Context()))
	require.Equal(t, policy.ConsentGiven, d.state(c.ID))
	require.True(t, d.eligible(c.Enrollee))
	msgs, err := d.Messages(t.Context(), c.Enrollee)
	require.NoError(t, err)
	require.Empty(t, msgs)
	cur, err := d.Current(t.Context(), scene)
	require.NoError(t, err)
	require.Equal(t, 2, cur.Notice.Revision, "who reads now reads the better words")
}

// proves: B-03, B-04
func TestDraftIsRefusedWithAllFaults(t *testing.T) {
	d := newDesk(t)
	bad := draft("v1")
	x := bad.Texts["en"]
	x.Contact, x.Kinds[0].Data[0] = "", "your name etc."
	bad.Texts["en"] = x
	_, err := d.AddNotice(t.Context(), "ann", bad)
	require.Len(t, refused(t, err, consent.Malformed, "NOTICE_FIELD_EMPTY").Reasons, 2)
	bad = draft("../v1")
	_, err = d.AddNotice(t.Context(), "ann", bad)
	refused(t, err, consent.Malformed, "NOTICE_VERSION")
	bad = draft(policy.SampleNotice)
	_, err = d.AddNotice(t.Context(), "ann", bad)
	refused(t, err, consent.Unmet, "NOTICE_EXISTS")
	bad = draft("v1")
	bad.Scenes = []string{"elsewhere"}
	_, err = d.AddNotice(t.Context(), "ann", bad)
	refused(t, err, consent.Malformed, "SCENE_UNKNOWN")
	bad = draft("v1")
	bad.Supersedes = "v0"
	_, err = d.AddNotice(t.Context(), "ann", bad)
	refused(t, err, consent.Malformed, "NOTICE_UNKNOWN")
	n, err := d.AddNotice(t.Context(), "ann", draft("v1"))
	require.NoError(t, err)
	require.NotEmpty(t, n.Components, "the table of third parties comes from the register")
	_, err = d.PublishNotice(t.Context(), "bob", "v1", 1, noon.Add(-day))
	refused(t, err, consent.Malformed, "EFFECTIVE_PAST")
}

// proves, B-08, B-11, B-12
func TestOfferAndRefusal(t *testing.T) {
	d := newDesk(t)
	const party = "a-random-visitor"
	o, err := d.Prompt(t.Context(), party, scene, nil, policy.ChannelWeb)
	require.NoError(t, err)
	require.Len(t, o.Choices, 3)
	for _, c := range o.Choices {
		require.False(t, c.Selected, "nothing is chosen beforehand")
		require.False(t, c.Required)
		require.Equal(t, o.Choices[0].Style, c.Style)
	}
	alt, err := d.Decline(t.Context(), o.Prompt, nil)
	require.NoError(t, err)
	require.True(t, alt.EqualService)
	require.Equal(t, []consent.WayOfZone{{Zone: zone, Kind: "staffed", Description: d.site.Zones[0].Alternative.Description}}, alt.Zones)

	d.now = noon.Add(time.Hour)
	_, err = d.Prompt(t.Context(), party, scene, nil, policy.ChannelWeb)
	require.Equal(t, 30*day-time.Hour, refused(t, err, consent.TooSoon, "ASKED_ALREADY").After)
	_, err = d.Decline(t.Context(), o.Prompt, nil)
	require.NoError(t, err)
	_, err = d.Prompt(t.Context(), party, scene, nil, policy.ChannelWeb)
	require.Equal(t, 30*day-time.Hour, refused(t, err, consent.TooSoon, "ASKED_ALREADY").After, "declining again does not move the end")
	_, err = d.Prompt(t.Context(), party, "far-scene", nil, policy.ChannelWeb)
	require.NoError(t, err, "another scene is another question")
	_, err = d.Prompt(t.Context(), "somebody-else", scene, nil, policy.ChannelWeb)
	require.NoError(t, err)
	c := d.give(d.given(d.person().Enrollee, policy.PurposeMatch))
	require.Equal(t, policy.ConsentGiven, c.State, "who comes forward is not held up")
	d.now = noon.Add(30 * day)
	_, err = d.Prompt(t.Context(), party, scene, nil, policy.ChannelWeb)
	require.NoError(t, err)
	_, err = d.Decline(t.Context(), "nothing", nil)
	refused(t, err, consent.Unknown, "PROMPT_UNKNOWN")
	_, err = d.Prompt(t.Context(), "short", scene, nil, policy.ChannelWeb)
	refused(t, err, consent.Malformed, "PARTY")
}

// Declining one purpose leaves the others to be asked for.
//
// proves: B-11
func TestOptionalPurposesAreDeclinedAlone(t *testing.T) {
	d := newDesk(t)
	const party = "a-random-visitor"
	o, err := d.Prompt(t.Context(), party, scene, nil, policy.ChannelKiosk)
	require.NoError(t, err)
	_, err = d.Decline(t.Context(), o.Prompt, []policy.Purpose{policy.PurposeAppearLive, policy.PurposeAppearRecorded})
	require.NoError(t, err)
	_, err = d.Prompt(t.Context(), party, scene, []policy.Purpose{policy.PurposeMatch}, policy.ChannelKiosk)
	require.NoError(t, err)
	_, err = d.Prompt(t.Context(), party, scene, []policy.Purpose{policy.PurposeAppearLive}, policy.ChannelKiosk)
	refused(t, err, consent.TooSoon, "ASKED_ALREADY")
	c := d.enrolled()
	require.True(t, d.eligible(c.Enrollee), "recognition alone is enough")
}

// proves: A-41
func TestIntervalHasAFloor(t *testing.T) {
	d := newDesk(t)
	signer := func(c *consent.Config) { c.RePrompt = 48*time.Hour - 1 }
	cfg := consent.Config{DB: d.db, Records: d.store, Keeper: d.keeper, Site: func(context.Context) (*policy.Site, error) { return d.site, nil }}
	cfg.Signer, _ = consent.NewSigner(testKey)
	signer(&cfg)
	_, err := consent.New(cfg)
	require.ErrorContains(t, err, "48h")
	cfg.RePrompt = 48 * time.Hour
	_, err = consent.New(cfg)
	require.NoError(t, err)
	cfg.Signer = nil
	_, err = consent.New(cfg)
	require.Error(t, err)
	require.NotErrorIs(t, err, consent.ErrKey)
}
