package public

import "bystander/api/masthead"

var document = masthead.Parse("privacy", `<!doctype html>
<html lang="{{.Lang}}"{{template "theme" .Head}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{{if .Head.Kiosk}}<meta http-equiv="refresh" content="180;url=/kiosk">
{{end}}<title>{{.W.Title}}{{with .House.Controller}}: {{.}}{{end}}</title>
<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/privacy.css">
</head>
<body>
{{template "masthead" .Head}}
<main>
<h1>{{.W.Title}}</h1>
{{if not .Updated.IsZero}}<p class="quiet">{{.W.Updated}} <time datetime="{{.Updated.Format "2006-01-02"}}">{{.Date .Updated}}</time></p>{{end}}
{{if .House.Sample}}<p class="note">{{.W.Sample}}</p>{{end}}
<nav aria-label="{{.W.Contents}}"><ul>
<li><a href="#who">{{.W.Who}}</a></li><li><a href="#what">{{.W.What}}</a></li><li><a href="#kept">{{.W.Kept}}</a></li>
<li><a href="#rights">{{.W.Rights}}</a></li><li><a href="#alternative">{{.W.Alternative}}</a></li>
<li><a href="#complain">{{.W.Complain}}</a></li><li><a href="#third">{{.W.Third}}</a></li>
</ul></nav>

<section aria-labelledby="short"><h2 id="short">{{.W.Short}}</h2>
<ul>{{range .W.ShortLines}}<li>{{.}}</li>{{end}}</ul></section>

<section aria-labelledby="who"><h2 id="who">{{.W.Who}}</h2>
{{if .House.Controller}}<dl><dt>{{.W.Controller}}</dt><dd>{{.House.Controller}}</dd><dt>{{.W.Contact}}</dt><dd>{{.House.Contact}}</dd></dl>
{{else}}<p>{{.W.NoSite}}</p>{{end}}</section>

<section aria-labelledby="what"><h2 id="what">{{.W.What}}</h2>
{{range .Scenes}}<article><h3>{{.Purpose}} <small>{{.Scene}}</small></h3>
<p>{{.Mode}}</p>
<dl><dt>{{$.W.Zones}}</dt><dd>{{range .Zones}}<a href="{{$.Head.To (print "/z/" .Zone)}}">{{.Zone}}</a> {{end}}</dd>
{{if .Has}}<dt>{{$.W.Notice}}</dt><dd>{{.Version}} · {{$.W.Since}} <time datetime="{{.Since.Format "2006-01-02"}}">{{$.Date .Since}}</time></dd>
<dt>{{$.W.Kinds}}</dt><dd>{{range .Text.Kinds}}<p>{{.Function}}</p><ul>{{range .Data}}<li>{{.}}</li>{{end}}</ul>{{end}}</dd></dl>
<details><summary>{{$.W.FullNotice}}: {{.Text.Title}}</summary>
<dl><dt>{{$.W.Controller}}</dt><dd>{{.Text.Controller}}</dd><dt>{{$.W.Contact}}</dt><dd>{{.Text.Contact}}</dd>
<dt>{{$.W.What}}</dt><dd>{{.Text.Purpose}}</dd><dt>{{$.W.Method}}</dt><dd>{{.Text.Method}}</dd>
<dt>{{$.W.Kept}}</dt><dd>{{.Text.Retention}}</dd><dt>{{$.W.Necessity}}</dt><dd>{{.Text.Necessity}}</dd>
<dt>{{$.W.Impact}}</dt><dd>{{.Text.Impact}}</dd><dt>{{$.W.Rights}}</dt><dd>{{.Text.Rights}} {{.Text.Withdrawal}}</dd>
<dt>{{$.W.Alternative}}</dt><dd>{{.Text.Alternative}}</dd>{{with .Text.Extras}}<dt>{{$.W.Extras}}</dt><dd>{{.}}</dd>{{end}}</dl></details>
{{else if .Version}}<dt>{{$.W.Notice}}</dt><dd>{{.Version}} · {{$.W.Elsewhere}}</dd></dl>
{{else}}</dl><p>{{$.W.NoNotice}}</p>{{end}}</article>
{{else}}<p>{{.W.NoSite}}</p>{{end}}
<h3>{{.W.Everybody}}</h3><ul>{{range .W.Passers}}<li>{{.}}</li>{{end}}</ul>
<h3>{{.W.Children}}</h3><p>{{.W.ChildrenText}}</p>
<h3>{{.W.Security}}</h3><ul>{{range .W.SecurityLines}}<li>{{.}}</li>{{end}}</ul>
</section>

<section aria-labelledby="kept"><h2 id="kept">{{.W.Kept}}</h2>
<p>{{.W.KeptLead}}</p>
<div class="scroll" role="region" aria-label="{{.W.KeptWhat}}, {{.W.KeptLong}}" tabindex="0"><table><thead><tr><th scope="col">{{.W.KeptWhat}}</th><th scope="col">{{.W.KeptLong}}</th></tr></thead>
<tbody>{{range .Rules}}<tr><td>{{.Name}}</td><td>{{.Until}}</td></tr>
{{end}}</tbody></table></div></section>

<section aria-labelledby="rights"><h2 id="rights">{{.W.Rights}}</h2>
<p>{{.W.RightsLead}}</p><ul>{{range .W.RightsList}}<li>{{.}}</li>{{end}}</ul>
<h3>{{.W.Ways}}</h3>
<ul class="ways"><li><a href="{{.Head.To "/me"}}">{{.W.WayMe}}</a></li><li><a href="{{.Head.To "/me/request"}}">{{.W.WayAsk}}</a></li><li>{{.W.WayDesk}}</li></ul>
<p>{{.Term}} {{.W.WayAppeal}}</p></section>

<section aria-labelledby="alternative"><h2 id="alternative">{{.W.Alternative}}</h2>
<p>{{.W.AlternativeLead}}</p>
<dl>{{range .Scenes}}{{range .Zones}}<dt>{{.Zone}}</dt><dd>{{.Description}}</dd>{{end}}{{end}}</dl></section>

<section aria-labelledby="complain"><h2 id="complain">{{.W.Complain}}</h2>
<p>{{.W.ComplainLead}} {{.Authority}}</p></section>

<section aria-labelledby="third"><h2 id="third">{{.W.Third}}</h2>
<p>{{.W.ThirdLead}}</p>
<div class="scroll" role="region" aria-label="{{.W.Name}}, {{.W.Provider}}, {{.W.Data}}" tabindex="0"><table><thead><tr><th scope="col">{{.W.Name}}</th><th scope="col">{{.W.Version}}</th><th scope="col">{{.W.Provider}}</th><th scope="col">{{.W.ThirdPurpose}}</th><th scope="col">{{.W.Data}}</th><th scope="col">{{.W.Method}}</th><th scope="col">{{.W.Role}}</th></tr></thead>
<tbody>{{range .Components}}<tr><td><a href="{{.Policy}}" rel="noreferrer">{{.Name}}</a></td><td>{{.Version}}</td><td>{{.Provider}}</td><td>{{.Purpose}}</td><td>{{range $i, $d := .Data}}{{if $i}}<br>{{end}}{{$d}}{{end}}</td><td>{{.Method}}</td><td>{{index $.W.Roles .Role}}</td></tr>
{{end}}</tbody></table></div></section>

<section aria-labelledby="cookies"><h2 id="cookies">{{.W.Cookies}}</h2><p>{{.W.CookiesText}}</p></section>
</main>
</body>
</html>
`)

const style = `:root { color-scheme: light dark; --line: light-dark(#c8d0d8, #35414d); --quiet: light-dark(#4f5d6b, #9aa8b7); --link: light-dark(#0b6b60, #5fd0bd); --ground: light-dark(#ffffff, #0f141a); --raised: light-dark(#f1f4f6, #171f27); --text: light-dark(#16202b, #e4eaf0); }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--text); scroll-padding-top: 1rem; }
body { margin: 0; font: 1.0625rem/1.65 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { max-width: 48rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-bottom: 4rem; }
h1 { margin: 1.5rem 0 0; font-size: 2rem; line-height: 1.2; }
h2 { margin: 2.75rem 0 0.6rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 1.35rem; line-height: 1.3; }
h3 { margin: 1.75rem 0 0.4rem; font-size: 1.0625rem; }
h3 small { margin-inline-start: 0.4rem; font-weight: 400; color: var(--quiet); }
p, ul, dl { margin: 0.5rem 0; }
ul { padding-inline-start: 1.3rem; }
li { margin: 0.3rem 0; }
dt { margin-top: 0.8rem; font-weight: 650; }
dd { margin: 0; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; }
main nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 1.25rem 0; padding: 0.9rem 1.1rem; list-style: none; border-radius: 0.8rem; background: var(--raised); }
main nav a { display: inline-block; min-height: 1.6rem; }
article { margin: 1rem 0; padding: 0.2rem 1.1rem 1rem; border: 1px solid var(--line); border-radius: 0.8rem; }
article h3 { margin-top: 0.9rem; }
details { margin-top: 1rem; padding: 0.6rem 0.9rem; border-radius: 0.6rem; background: var(--raised); }
summary { min-height: 1.75rem; font-weight: 650; cursor: pointer; }
.ways a { font-weight: 650; }
.quiet { color: var(--quiet); }
.note { padding: 0.6rem 0.9rem; border-inline-start: 4px solid #d08700; background: var(--raised); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.95rem; }
th, td { padding: 0.55rem 0.7rem; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; }
#third ~ .scroll table { min-width: 60rem; font-size: 0.875rem; }
@media (width < 32rem) { h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; } }
@media print { nav { display: none; } details { display: block; } body { font-size: 10pt; } .scroll { overflow: visible; } }
`
