package zones

import "html/template"

// pageData is what the page shows.
type pageData struct {
	PublicZone
	W    pageWords
	Lang string
}

// pageWords are the page's own words in one language. What a sign says is shown
// as the site wrote it.
type pageWords struct {
	Title, Active, Inactive, Controller, Contact, Purpose, Function, Mode, Retention, Records, NotRecords,
	Rights, Alternative, Notice, NoticeSince, Inspected, Until, Sample, Everybody, Privacy, Other, OtherLang string
	Purposes, Modes map[string]string
}

var words = map[string]pageWords{
	"en": {
		Title:    "Cameras and face recognition in this zone",
		Active:   "Faces of people who enrolled and agreed are recognised here now.",
		Inactive: "Face recognition is switched off here now.",
		Everybody: "Everybody else is made unrecognisable before a picture is shown or stored. " +
			"Passing a sign is not consent: whoever did not enrol is not recognised.",
		Controller: "Who answers for it", Contact: "How to reach them", Purpose: "Why", Function: "What it does",
		Mode: "How", Retention: "What is kept, and for how long",
		Records:    "Pictures are recorded. On recordings everybody is masked who did not agree in writing to be shown.",
		NotRecords: "Pictures are not recorded.", Rights: "Your rights, and how to withdraw",
		Alternative: "The way through without face recognition", Notice: "Full notice", NoticeSince: "in force since",
		Inspected: "Signs last inspected", Until: "valid until",
		Sample:  "This is a demonstration: what it says about place and people is made up.",
		Privacy: "Privacy notice: who answers, what is kept, your rights",
		Other:   "简体中文", OtherLang: "zh-CN",
		Purposes: map[string]string{
			"access_control": "Letting in those who enrolled", "public_security": "Public security",
			"event_participation": "Taking part in an event", "demonstration": "Demonstration",
		},
		Modes: map[string]string{
			"zone":  "While recognition is on, any face in this zone is measured, compared only with those who agreed to this zone, and the measurement forgotten at once.",
			"claim": "Only after a card, code or phone was shown, the face is compared with that one person.",
		},
	},
	"zh-CN": {
		Title:      "本区域的摄像与人脸识别",
		Active:     "目前，本区域正在识别已登记并同意的人员。",
		Inactive:   "目前，本区域的人脸识别已关闭。",
		Everybody:  "其他人的影像在显示或存储之前均已处理为无法辨认。经过提示标识不等于同意：未登记的人不会被识别。",
		Controller: "个人信息处理者", Contact: "联系方式", Purpose: "处理目的", Function: "功能",
		Mode: "处理方式", Retention: "保存内容与期限",
		Records:    "画面会被录制。未书面同意出镜的人在录像中均被遮蔽。",
		NotRecords: "画面不会被录制。", Rights: "您的权利与撤回方式",
		Alternative: "不使用人脸识别的通行方式", Notice: "完整告知书", NoticeSince: "生效日期",
		Inspected: "提示标识最近一次检查", Until: "有效期至",
		Sample:  "这是演示站点：其中的场所与人员信息均为虚构。",
		Privacy: "隐私政策：由谁负责、保存哪些信息、您的权利",
		Other:   "English", OtherLang: "en",
		Purposes: map[string]string{
			"access_control": "已登记人员的出入管理", "public_security": "维护公共安全",
			"event_participation": "活动参与", "demonstration": "演示",
		},
		Modes: map[string]string{
			"zone":  "识别开启时，会提取进入本区域的人脸特征，仅与同意在本区域识别的人员比对，比对后立即删除。",
			"claim": "仅在出示卡片、二维码或手机后，与该人员一人进行比对。",
		},
	},
}

// zoneTemplate is a plain page: headings, a list of terms, links; no script, no
// picture, readable by a screen reader and in large print.
var zoneTemplate = template.Must(template.New("zone").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.W.Title}}: {{.ID}}</title>
<link rel="stylesheet" href="/z.css">
</head>
<body>
<main>
<p><a href="/z/{{.ID}}?lang={{.W.OtherLang}}" hreflang="{{.W.OtherLang}}" lang="{{.W.OtherLang}}">{{.W.Other}}</a></p>
<h1>{{.W.Title}}</h1>
{{if .Sample}}<p class="note">{{.W.Sample}}</p>{{end}}
<p><strong>{{if .Active}}{{.W.Active}}{{else}}{{.W.Inactive}}{{end}}</strong></p>
<p>{{.W.Everybody}}</p>
<dl>
<dt>{{.W.Controller}}</dt><dd>{{.Controller}}</dd>
<dt>{{.W.Contact}}</dt><dd>{{.Contact}}</dd>
<dt>{{.W.Purpose}}</dt><dd>{{index .W.Purposes .Purpose}}</dd>
{{with .Function}}<dt>{{$.W.Function}}</dt><dd>{{.}}</dd>{{end}}
<dt>{{.W.Mode}}</dt><dd>{{index .W.Modes .Mode}}</dd>
<dt>{{.W.Retention}}</dt>{{with .Retention}}<dd>{{.}}</dd>{{end}}<dd>{{if .Records}}{{.W.Records}}{{else}}{{.W.NotRecords}}{{end}}</dd>
{{with .Alternative}}<dt>{{$.W.Alternative}}</dt><dd>{{.}}</dd>{{end}}
{{with .Rights}}<dt>{{$.W.Rights}}</dt><dd><a href="{{.}}">{{.}}</a></dd>{{end}}
{{with .Notice}}<dt>{{$.W.Notice}}</dt><dd>{{.Version}}, {{$.W.NoticeSince}} <time datetime="{{.Since.Format "2006-01-02"}}">{{.Since.Format "2006-01-02"}}</time>{{with index .Links $.Lang}} <a href="{{.}}">{{.}}</a>{{end}}</dd>{{end}}
{{if .Inspected}}<dt>{{.W.Inspected}}</dt><dd><time datetime="{{.Inspected.Format "2006-01-02"}}">{{.Inspected.Format "2006-01-02"}}</time>, {{.W.Until}} <time datetime="{{.InspectedTo.Format "2006-01-02"}}">{{.InspectedTo.Format "2006-01-02"}}</time></dd>{{end}}
</dl>
<p><a href="/privacy?lang={{.Lang}}">{{.W.Privacy}}</a></p>
</main>
</body>
</html>
`))

const zoneStyle = `:root { color-scheme: light dark; }
body { margin: 0; font: 1.125rem/1.6 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
dt { font-weight: 600; margin-top: 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
a { text-underline-offset: 0.15em; }
a:focus-visible { outline: 3px solid; outline-offset: 3px; }
.note { border-inline-start: 4px solid; padding-inline-start: 0.75rem; }
`
