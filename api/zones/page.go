package zones

import (
	"strings"
	"time"

	"bystander/api/masthead"
)

// pageData is what the page shows.
type pageData struct {
	PublicZone
	W    pageWords
	Lang string
	Head masthead.Head
}

// Date writes a day as the reader's language does.
func (d pageData) Date(t time.Time) string {
	if d.Lang == "zh-CN" {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// Mail reports whether the contact is an address of mail and nothing else.
func (d pageData) Mail() bool {
	return strings.Count(d.Contact, "@") == 1 && !strings.ContainsAny(d.Contact, " ,;/：，；")
}

// zoneTemplate is a plain page for a telephone in somebody's hand: no script, a
// screen reader finds its headings, and it can be read in large print.
var zoneTemplate = masthead.Parse("zone", `<!doctype html>
<html lang="{{.Lang}}"{{template "theme" .Head}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.W.Title}} · {{.Controller}}</title>
<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/z.css">
</head>
<body>
{{template "masthead" .Head}}
<main>
{{if .Sample}}<p class="note">{{.W.Sample}}</p>{{end}}
<h1>{{.W.Title}}</h1>
<p class="quiet">{{.W.Zone}} {{.ID}}</p>
<p class="state{{if .Active}} on{{end}}"><strong>{{if .Active}}{{.W.Active}}{{else}}{{.W.Inactive}}{{end}}</strong>
<span>{{if .Active}}{{.W.ActiveText}}{{else}}{{.W.InactiveText}}{{end}}</span></p>
<p class="promise">{{.W.Promise}}</p>
<p>{{.W.Everybody}}</p>

<div class="pair">
<section aria-labelledby="done"><h2 id="done">{{.W.Done}}</h2>
<ul class="yes">
{{with .Function}}<li>{{$.W.Says}}<q>{{.}}</q></li>{{end}}
<li>{{index .W.Modes .Mode}}</li>
<li>{{if .Records}}{{.W.Records}}{{else}}{{.W.NotRecords}}{{end}}</li>
<li>{{.W.Counts}}</li>
</ul></section>
<section aria-labelledby="not"><h2 id="not">{{.W.Not}}</h2>
<ul class="no">{{range .W.NotLines}}<li>{{.}}</li>
{{end}}</ul></section>
</div>

<section aria-labelledby="choice"><h2 id="choice">{{.W.Choice}}</h2>
<dl class="ways">
{{with .Alternative}}<div><dt>{{$.W.Alternative}}</dt><dd>{{.}}</dd><dd class="quiet">{{$.W.AlternativeText}}</dd></div>{{end}}
<div><dt><a href="{{.Head.To "/me"}}">{{.W.Withdraw}}</a></dt><dd>{{.W.WithdrawText}}</dd></div>
<div><dt><a href="{{.Head.To "/me/request"}}">{{.W.Ask}}</a></dt><dd>{{.W.AskText}}</dd></div>
{{with .Rights}}<div><dt>{{$.W.Rights}}</dt><dd><a href="{{.}}">{{.}}</a></dd></div>{{end}}
</dl></section>

<section aria-labelledby="facts"><h2 id="facts">{{.W.Facts}}</h2>
<dl>
<div><dt>{{.W.Controller}}</dt><dd>{{.Controller}}</dd></div>
<div><dt>{{.W.Contact}}</dt><dd>{{if .Mail}}<a href="mailto:{{.Contact}}">{{.Contact}}</a>{{else}}{{.Contact}}{{end}}</dd></div>
<div><dt>{{.W.Purpose}}</dt><dd>{{index .W.Purposes .Purpose}}</dd></div>
{{with .Retention}}<div><dt>{{$.W.Retention}}</dt><dd>{{.}}</dd></div>{{end}}
{{with .Notice}}<div><dt>{{$.W.Since}}</dt><dd><time datetime="{{.Since.Format "2006-01-02"}}">{{$.Date .Since}}</time></dd>
<dd class="quiet">{{with index .Links $.Lang}}<a href="{{.}}">{{$.W.Notice}}</a>{{else}}{{$.W.Notice}}{{end}} {{.Version}}</dd></div>{{end}}
{{if .Inspected}}<div><dt>{{.W.Inspected}}</dt><dd><time datetime="{{.Inspected.Format "2006-01-02"}}">{{.Date .Inspected}}</time></dd>
<dd class="quiet">{{.W.Until}} <time datetime="{{.InspectedTo.Format "2006-01-02"}}">{{.Date .InspectedTo}}</time></dd></div>{{end}}
</dl></section>
</main>
<footer><p><a href="{{.Head.To "/privacy"}}">{{.W.Privacy}}</a></p></footer>
</body>
</html>
`)

const zoneStyle = `:root { color-scheme: light dark; --line: light-dark(#d3dae0, #2f3a45); --quiet: light-dark(#4f5d6b, #9aa8b7); --link: light-dark(#0b6b60, #5fd0bd); --ground: light-dark(#ffffff, #0f141a); --raised: light-dark(#f1f4f6, #171f27); --text: light-dark(#16202b, #e4eaf0); --stop: light-dark(#9b3a20, #f0a48c); }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--text); }
body { margin: 0; font: 1.0625rem/1.6 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main, footer { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-bottom: 2rem; }
h1 { margin: 1rem 0 0; font-size: 1.9rem; line-height: 1.2; text-wrap: balance; }
h1 + .quiet { margin-top: 0.25rem; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.6rem; font-size: 1.25rem; line-height: 1.3; }
section { margin-top: 2.25rem; }
p, ul, dl { margin: 0.6rem 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; border-radius: 0.2rem; }
.quiet { color: var(--quiet); font-size: 0.95rem; }
.note { padding: 0.6rem 0.9rem; border-inline-start: 4px solid #d08700; border-radius: 0 0.4rem 0.4rem 0; background: var(--raised); font-size: 0.95rem; }
.state { display: grid; gap: 0.1rem; margin: 1.25rem 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-inline-start: 5px solid var(--quiet); border-radius: 0.8rem; background: var(--raised); }
.state.on { border-inline-start-color: var(--link); }
.state strong { font-size: 1.125rem; }
.promise { margin: 1.5rem 0 0.4rem; font-size: 1.35rem; font-weight: 650; line-height: 1.35; text-wrap: balance; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 0 1.5rem; }
ul { padding: 0; list-style: none; }
li { position: relative; margin: 0.55rem 0; padding-inline-start: 1.75rem; }
li::before { position: absolute; inset-inline-start: 0; font-weight: 700; }
.yes li::before { content: "✓"; content: "✓" / ""; color: var(--link); }
.no li::before { content: "✕"; content: "✕" / ""; color: var(--stop); }
dl > div { padding: 0.7rem 0; border-top: 1px solid var(--line); }
dl > div:last-child { border-bottom: 1px solid var(--line); }
dt { font-weight: 650; }
dd { margin: 0; overflow-wrap: anywhere; }
.ways dt { font-size: 1.0625rem; }
.ways dt a { display: inline-block; padding: 0.35rem 0; }
footer { padding-top: 0.5rem; padding-bottom: 3rem; }
@media (width >= 40rem) { #facts + dl > div { display: grid; grid-template-columns: 14rem 1fr; column-gap: 1.5rem; } #facts + dl dd { grid-column: 2; } }
@media (width < 26rem) { h1 { font-size: 1.6rem; } .promise { font-size: 1.2rem; } }
@media print { header .lang { display: none; } body { font-size: 11pt; } section { break-inside: avoid; } }
`
