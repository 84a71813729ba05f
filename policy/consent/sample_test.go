package consent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/policy"
	"bystander/policy/consent"
)

// The notice that a made-up site names can be read like any other, and says of
// nothing that it is real.
func TestTheSampleHasItsNotice(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, consent.NameSample(d.site))
	c := d.enrolled() // before the register knows the text
	require.NoError(t, d.TakeSample(t.Context(), d.site))
	all, err := d.Notices(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	n, named := all[0], d.site.Notices[0]
	require.Equal(t, named.Version, n.Version)
	require.Equal(t, named.Hash, n.Hash)
	require.Equal(t, "published", n.State)
	require.True(t, named.EffectiveFrom.Equal(n.EffectiveFrom))
	require.NotEqual(t, n.Author, n.Approver)
	require.NotEmpty(t, n.Components)
	for _, l := range consent.Languages() {
		text := n.Texts[l]
		require.Contains(t, text.Controller, map[string]string{"en": "made up", "zh-CN": "虚构"}[l])
		require.Contains(t, text.Contact, "sample.invalid")
	}
	for _, sc := range d.site.Scenes {
		now, err := d.Current(t.Context(), sc.ID)
		require.NoError(t, err)
		require.NotNil(t, now.Notice, "its words are there to be read")
		require.Equal(t, named.Hash, now.Hash)
	}
	ev := d.kinds(event.KindNoticeChange)
	require.Len(t, ev, 1)
	require.Equal(t, policy.SampleNotice, ev[0].NoticeVersion)
	require.Equal(t, named.EffectiveFrom.Format(time.RFC3339), ev[0].Detail["effective_from"])

	require.NoError(t, d.TakeSample(t.Context(), d.site), "a second start changes nothing")
	over, err := d.Overlay(t.Context(), d.site)
	require.NoError(t, err)
	require.Equal(t, d.site.Scenes, over.Scenes)
	require.Equal(t, d.site.Notices, over.Notices)
	require.NoError(t, d.Tick(t.Context()))
	kept, err := d.store.Consent(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, policy.ConsentGiven, kept.State, "who agreed on it is not asked again")
	require.Len(t, d.kinds(event.KindNoticeChange), 1)
}

// A site that visitors changed, one of an earlier version and one that is no
// sample keep what they have.
func TestOnlyTheSamplesOwnNoticeIsTaken(t *testing.T) {
	for name, change := range map[string]func(*policy.Site){
		"real":           func(s *policy.Site) { s.Sample = false },
		"another text":   func(s *policy.Site) { s.Notices[0].Hash = digest("another") },
		"another scene":  func(s *policy.Site) { s.Scenes = s.Scenes[:1] },
		"no scene":       func(s *policy.Site) { s.Scenes = nil },
		"another notice": func(s *policy.Site) { s.Notices[0].Version = "mine" },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			require.NoError(t, consent.NameSample(d.site))
			change(d.site)
			require.NoError(t, d.TakeSample(t.Context(), d.site))
			all, err := d.Notices(t.Context())
			require.NoError(t, err)
			require.Empty(t, all)
		})
	}
}

func TestASampleWithoutScenesTellsOfNothing(t *testing.T) {
	site := policy.SampleSite(noon, policy.SampleCamera{ID: "cam", PlaceType: "hall"})
	require.NoError(t, consent.NameSample(site))
	require.Empty(t, site.Notices)
	require.NoError(t, site.Validate())
}

// The hash rests on the scenes, not on their order.
func TestTheSamplesHashIsOfItsText(t *testing.T) {
	of := func(cameras ...string) string {
		var list []policy.SampleCamera
		for _, c := range cameras {
			list = append(list, policy.SampleCamera{ID: c, PlaceType: "hall", Match: true})
		}
		site := policy.SampleSite(noon, list...)
		require.NoError(t, consent.NameSample(site))
		return site.Notices[0].Hash.String()
	}
	require.Equal(t, of("a", "b"), of("b", "a"))
	require.NotEqual(t, of("a"), of("b"))
}
