package masthead_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/masthead"
)

func render(t *testing.T, h masthead.Head) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, masthead.Parse("page", `<html{{template "theme" .}}>{{template "masthead" .}}</html>`).Execute(&b, h))
	return b.String()
}

func TestTheHeadLeadsOnInTheSameLanguageAndTheme(t *testing.T) {
	s := render(t, masthead.Head{Name: "Hall <Ltd>", Lang: "en", Theme: "dark", Path: "/privacy"})
	for _, want := range []string{
		`<html data-theme="dark">`, "Hall &lt;Ltd&gt;",
		`href="/me?lang=en&amp;theme=dark"`, `href="/me/request?lang=en&amp;theme=dark"`,
		`href="/privacy?lang=en&amp;theme=dark" aria-current="page"`,
		`href="/privacy?lang=zh-CN&amp;theme=dark" hreflang="zh-CN" lang="zh-CN"`,
		`href="/privacy?lang=en&amp;theme=light"`, // the next theme
	} {
		require.Contains(t, s, want)
	}
	s = render(t, masthead.Head{Lang: "zh-CN", Path: "/z/door"})
	require.Contains(t, s, "<html>", "the reader's system decides")
	require.Contains(t, s, "Bystander")
	require.Contains(t, s, `href="/z/door?lang=zh-CN&amp;theme=dark"`)
	require.Contains(t, s, `href="/z/door?lang=en"`)
	require.NotContains(t, s, "aria-current")
	for _, staff := range []string{`"/"`, "/live", "/zones", "/signin", "/admin"} {
		require.NotContains(t, s, staff, "no way to the staff's pages")
	}
}

func TestAKiosksHeadLeadsNowhereElse(t *testing.T) {
	s := render(t, masthead.Head{Name: "Hall", Lang: "en", Theme: "light", Path: "/privacy", Kiosk: true, Back: "Back"})
	require.NotContains(t, s, `href="/me`)
	require.Contains(t, s, `<a class="back" href="/kiosk">Back</a>`)
	require.Contains(t, s, "/privacy?from=kiosk&amp;lang=zh-CN&amp;theme=light")
	require.Contains(t, s, `href="/privacy?from=kiosk&amp;lang=en"`, "after light comes the system's")
}

func TestItsStyleStandsAlone(t *testing.T) {
	require.NotContains(t, masthead.Style, "@import")
	require.NotContains(t, masthead.Style, "url(")
}
