// Package masthead is the head of the pages that everybody may read without an
// account: who runs the house, the ways to the privacy notice and to one's own
// data, language and theme. The pages have no script, so that each of these is a
// link.
package masthead

import (
	"html/template"
	"net/url"
)

// Head is what one page's head shows.
type Head struct {
	Name  string // who runs the house; empty while there is no site
	Lang  string // "en" or "zh-CN"
	Theme string // "dark", "light", or empty for the reader's system
	Path  string // this page's address
	// Kiosk leaves out the ways that lead away from a device that strangers share.
	Kiosk bool
	// Back is what the way back to the kiosk is called.
	Back string
}

// Words are the head's words in one language.
type Words struct {
	Pages, Privacy, Me, Ask, Other, OtherLang, Change string

	Themes map[string]string
}

var all = map[string]Words{
	"en": {
		Pages: "Pages", Privacy: "Privacy notice", Me: "My data", Ask: "Ask or object",
		Other: "中文", OtherLang: "zh-CN", Change: "Change the theme. Now:",
		Themes: map[string]string{"": "as the system", "dark": "dark", "light": "light"},
	},
	"zh-CN": {
		Pages: "页面", Privacy: "隐私政策", Me: "我的数据", Ask: "查询与异议",
		Other: "English", OtherLang: "en", Change: "切换主题，当前为：",
		Themes: map[string]string{"": "跟随系统", "dark": "深色", "light": "浅色"},
	},
}

// W returns the words of the page's language.
func (h Head) W() Words { return all[h.Lang] }

// To is another page in the same language and theme.
func (h Head) To(path string) string { return h.at(path, h.Lang, h.Theme) }

// Other is this page in the other language.
func (h Head) Other() string { return h.at(h.Path, all[h.Lang].OtherLang, h.Theme) }

// Next is this page in the next theme: the system's, dark, light, and round again.
func (h Head) Next() string {
	return h.at(h.Path, h.Lang, map[string]string{"": "dark", "dark": "light"}[h.Theme])
}

func (h Head) at(path, lang, theme string) string {
	q := url.Values{"lang": {lang}}
	if theme != "" {
		q.Set("theme", theme)
	}
	if h.Kiosk && path == h.Path {
		q.Set("from", "kiosk")
	}
	return path + "?" + q.Encode()
}

// Parse returns the named template of a page, which may use {{template "masthead"
// HEAD}} and {{template "theme" HEAD}}; the latter is an attribute of the root.
func Parse(name, page string) *template.Template {
	return template.Must(template.Must(template.New(name).Parse(head)).Parse(page))
}

const head = `{{define "theme"}}{{with .Theme}} data-theme="{{.}}"{{end}}{{end}}` +
	`{{define "masthead"}}<header class="mast">
<p class="who"><img src="/mark.svg" alt="" width="28" height="28"><span>{{or .Name "Bystander"}}</span></p>
{{if .Kiosk}}<p><a class="back" href="/kiosk">{{.Back}}</a></p>
{{else}}<nav class="ways-in" aria-label="{{.W.Pages}}">{{$h := .}}
{{range $path, $name := .Ways}}<a href="{{$h.To $path}}"{{if eq $path $h.Path}} aria-current="page"{{end}}>{{$name}}</a>
{{end}}</nav>{{end}}
<p class="tools"><a href="{{.Other}}" hreflang="{{.W.OtherLang}}" lang="{{.W.OtherLang}}">{{.W.Other}}</a>
<a href="{{.Next}}" aria-label="{{.W.Change}} {{index .W.Themes .Theme}}" title="{{.W.Change}} {{index .W.Themes .Theme}}"><span aria-hidden="true">◐</span></a></p>
</header>{{end}}`

// Ways are the pages for everybody, by address.
func (h Head) Ways() map[string]string {
	w := h.W()
	return map[string]string{"/privacy": w.Privacy, "/me": w.Me, "/me/request": w.Ask}
}

// Style is the head's part of a page's style sheet. It takes the page's colours:
// --line, --raised, --link, --text.
const Style = `:root[data-theme="dark"] { color-scheme: dark; }
:root[data-theme="light"] { color-scheme: light; }
.mast { display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 1rem; max-width: none; margin: 0; padding: 0.6rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--raised); font-size: 0.9375rem; line-height: 1.4; }
.mast p { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.5rem; margin: 0; }
.mast a { display: inline-flex; align-items: center; justify-content: center; min-width: 2.75rem; min-height: 2.75rem; padding: 0.3rem 0.7rem; border: 0; border-radius: 0.6rem; color: var(--text); text-decoration: none; white-space: nowrap; }
.mast a:hover { text-decoration: underline; text-underline-offset: 0.2em; }
.mast a[aria-current] { color: var(--link); font-weight: 650; }
.mast a:focus-visible { outline: 3px solid var(--link); outline-offset: -3px; }
.mast .who { gap: 0.6rem; min-width: 0; font-weight: 650; overflow-wrap: anywhere; flex-wrap: nowrap; }
.mast .who img { flex: none; border-radius: 8px; }
.mast .back { font-weight: 650; }
.ways-in { display: flex; flex-wrap: wrap; margin-inline-start: auto; }
.mast .tools { flex-wrap: nowrap; }
@media (width < 46rem) { .mast .who { flex: 1; } .mast .tools { order: 1; } .ways-in { order: 2; flex: 0 0 100%; margin-inline: -0.7rem; } }
@media print { .mast { display: none; } }
`
