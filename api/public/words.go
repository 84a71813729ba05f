package public

import (
	"fmt"

	"bystander/rights"
)

// class is one line of the table of keeping: for a class of the rules, or, with
// none, what ends with something else than days.
type class struct{ Class, Name, Until string }

// text holds the page's own words in one language. What the site says of itself
// is shown as the site wrote it.
type text struct {
	Title, Updated, Sample, Contents, NoSite, Back string

	Short      string
	ShortLines []string

	Who, Controller, Contact string

	What, Zones, Notice, Since, NoNotice, Elsewhere, Method, Kinds, Necessity, Impact, Extras, FullNotice string

	Everybody string
	Passers   []string

	Kept, KeptLead, KeptWhat, KeptLong string

	Rights, RightsLead                      string
	RightsList                              []string
	Ways, WayMe, WayAsk, WayDesk, WayAppeal string
	TermWorking, TermMonth                  string

	Alternative, AlternativeLead string

	Complain, ComplainLead string

	Third, ThirdLead, Name, Version, Provider, ThirdPurpose, Data, Role, Terms string

	Security      string
	SecurityLines []string
	Children      string
	ChildrenText  string
	Cookies       string
	CookiesText   string

	DaysFormat, YearsFormat string

	Purposes, Modes, Authorities, Roles map[string]string
	Classes                             []class
}

// term says how soon a request is answered.
func (t text) term(r rights.Term) string {
	if r.WorkingDays > 0 {
		return fmt.Sprintf(t.TermWorking, r.WorkingDays)
	}
	return t.TermMonth
}

func (t text) days(n int) string {
	if n >= 2*365 && n%365 == 0 {
		return fmt.Sprintf(t.YearsFormat, n/365)
	}
	return fmt.Sprintf(t.DaysFormat, n)
}

var words = map[string]text{"en": english, "zh-CN": chinese}

var english = text{
	Title: "Privacy notice", Updated: "Newest part in force since", Contents: "On this page",
	Sample: "This is a demonstration: what it says about place and people is made up.",
	NoSite: "No place has been set up yet. Everybody is masked, and nobody is recognised.",
	Back:   "Back to the kiosk",
	Short:  "In short",
	ShortLines: []string{
		"Cameras here recognise nobody but people who enrolled and said yes.",
		"Everybody else is made unrecognisable before a single picture is shown, stored or sent.",
		"Passing a sign is not consent. Saying no costs nothing and changes nothing about the service.",
		"Whoever said yes can take it back at any time, in one step, and is masked within seconds.",
	},
	Who: "Who answers for it", Controller: "Controller", Contact: "How to reach them",
	What: "What is processed, and why", Zones: "Zones", Notice: "Notice", Since: "in force since",
	NoNotice:  "No notice is in force: nobody can agree to this yet, and nobody is recognised.",
	Elsewhere: "The site keeps the full text elsewhere; ask the contact above.",
	Method:    "How", Kinds: "Kinds of data", Necessity: "Why it is necessary", Impact: "What it may mean for you", Extras: "What the law here adds", FullNotice: "The whole notice",
	Everybody: "If you did not enrol",
	Passers: []string{
		"Your picture exists in the memory of the camera’s device for less than a second, until you have been masked. It is not stored and not sent.",
		"People are counted by zone and minute; counts below five are left out. No identifier leads from one count to another, or to you.",
		"Where recognition is on, a face in the zone is measured to be compared with the people who agreed to that zone; the measurement is forgotten at once. On recordings you are masked.",
	},
	Kept: "How long it is kept", KeptLead: "These times are the program’s own rules. They are applied every day by themselves.",
	KeptWhat: "What", KeptLong: "How long",
	Rights: "Your rights", RightsLead: "You can ask, free of charge, to",
	RightsList: []string{
		"see what is kept of you, and have a copy of it or have it sent to somebody else",
		"have something corrected or added",
		"have everything erased, and your access closed",
		"withdraw each consent, at any time, without giving a reason",
		"have the use of your data restricted, or object to recognition",
		"have a decision explained, and made by a person instead of a program",
		"have something kept confidential; next of kin can ask for somebody who died",
	},
	Ways:        "How to use them",
	WayMe:       "With the code on your receipt: your own page",
	WayAsk:      "Without account or receipt: the form for everybody",
	WayDesk:     "In person: at the desk or the kiosk, or through the contact above",
	WayAppeal:   "If a request is refused you are told the ground and where to turn; an appeal is decided by somebody else.",
	TermMonth:   "We make sure who asks before anything is said, and answer within one month.",
	TermWorking: "We make sure who asks before anything is said, and answer within %d working days.",
	Alternative: "The way without recognition", AlternativeLead: "Every zone has a way through that needs no face. The service is the same, and it costs nothing more.",
	Complain: "Complaints", ComplainLead: "You can complain to the supervisory authority at any time:",
	Third: "Components by others", ThirdLead: "All of them run on the controller’s own devices. Where the role is “none”, the provider only supplied software and receives nothing.",
	Name: "Name", Version: "Version", Provider: "Provider", ThirdPurpose: "Purpose", Data: "Data", Role: "Role", Terms: "Terms",
	Security: "How it is protected",
	SecurityLines: []string{
		"Templates are encrypted under a key of each person’s own, kept apart from names, on the site’s own device; they never leave it.",
		"Destroying that key makes every copy unreadable, in backups too.",
		"Each time somebody looks at data about a person it is recorded first; an outsider can check that the log is whole.",
	},
	Children: "Children", ChildrenText: "Nobody under 14 is recognised unless a guardian, verified by an officer, agreed for them. On the day on which they turn 14 they are asked themselves.",
	Cookies: "Cookies and this page", CookiesText: "This page sets no cookie and runs no script. Signing in sets one cookie, which ends with the session. Nothing is loaded from elsewhere.",
	DaysFormat: "%d days", YearsFormat: "%d years",
	Purposes: map[string]string{
		"access_control": "Letting in those who enrolled", "public_security": "Public security",
		"event_participation": "Taking part in an event", "demonstration": "Demonstration",
	},
	Modes: map[string]string{
		"zone":  "Faces in the marked zone are compared with those who agreed to that zone, and with nobody else.",
		"claim": "Only after a card, code or telephone was shown, the face is compared with that one person.",
	},
	Authorities: map[string]string{
		"cn":      "the cyberspace administration (网信办) or the public security authority of your place",
		"eu":      "the data protection authority of the member state in which you live, work or were recorded",
		"us-il":   "the Illinois Attorney General",
		"default": "the data protection authority of your place",
	},
	Roles: map[string]string{"none": "none", "processor": "processor", "controller": "controller"},
	Classes: []class{
		{"", "Photograph of the enrolment", "Discarded once the template is made; with written authorisation 30 days at most"},
		{"", "Template of the face, name and keys", "Until the consent to recognition is withdrawn or ends"},
		{"", "Pictures of people who did not enrol", "Masked in memory; not stored"},
		{"match events", "Recognitions, under a pseudonym that changes daily", ""},
		{"redacted recordings", "Recordings with everybody masked who did not agree in writing", ""},
		{"hourly counts", "Counts of people by zone, without identifiers", ""},
		{"consent receipts", "Consent receipts, without name or picture", ""},
		{"enrolment sessions", "Who enrolled somebody, and how they were identified", ""},
		{"questions asked", "That somebody was asked and declined (a hash)", ""},
		{"messages", "Messages to enrolled people", ""},
		{"guardians", "Guardians of children, without name", "Until the enrolment is erased"},
		{"pick-up codes", "Codes on receipts, as a hash", "Until the code ends, and one day more"},
		{"rights requests", "Requests about data, and their answers", ""},
		{"contact of who asked", "How to reach who asked, encrypted", ""},
		{"access log", "Who looked at data about people", ""},
		{"imports", "Reports of consents taken over from paper", ""},
		{"operators' notes", "Notes of operators on what the cameras saw", ""},
	},
}

var chinese = text{
	Title: "隐私政策", Updated: "最新内容生效日期", Contents: "目录",
	Sample: "这是演示站点：其中的场所与人员信息均为虚构。",
	NoSite: "尚未设立场所。所有人的影像均被遮蔽，不识别任何人。",
	Back:   "返回自助终端",
	Short:  "概要",
	ShortLines: []string{
		"此处的摄像头只识别已登记并同意的人。",
		"其他任何人的影像，在显示、存储或传输之前均已处理为无法辨认。",
		"经过提示标识不等于同意。拒绝不收费，也不影响您获得服务。",
		"已同意的人可随时一步撤回，数秒之内其影像即被遮蔽。",
	},
	Who: "个人信息处理者", Controller: "名称", Contact: "联系方式",
	What: "处理哪些个人信息、目的为何", Zones: "区域", Notice: "告知书", Since: "生效日期",
	NoNotice:  "没有生效的告知书：目前无人可以作出同意，也不识别任何人。",
	Elsewhere: "全文由本场所另行保存，请通过上述联系方式索取。",
	Method:    "处理方式", Kinds: "个人信息种类", Necessity: "处理的必要性", Impact: "对个人权益的影响", Extras: "当地法律要求的其他事项", FullNotice: "告知书全文",
	Everybody: "如果您没有登记",
	Passers: []string{
		"您的影像仅在摄像头设备的内存中存在不到一秒，随即被遮蔽；不存储，不传输。",
		"按区域和分钟统计人数；少于五人的不予显示。不同统计之间、统计与您之间均无任何标识关联。",
		"识别开启时，会提取进入区域的人脸特征，仅与同意在该区域识别的人员比对，比对后立即删除。录像中您被遮蔽。",
	},
	Kept: "保存期限", KeptLead: "以下期限即本系统执行的规则，每日自动执行。",
	KeptWhat: "信息", KeptLong: "期限",
	Rights: "您的权利", RightsLead: "您可以免费请求：",
	RightsList: []string{
		"查阅、复制您的个人信息，或将其转移至您指定的处理者",
		"更正或补充",
		"删除全部个人信息，并注销",
		"随时撤回任何一项同意，无须说明理由",
		"限制处理，或反对识别",
		"要求对决定作出说明，并由人工作出决定",
		"要求保密；死者的近亲属可代为行使权利",
	},
	Ways:        "如何行使权利",
	WayMe:       "凭回执上的代码：您的个人页面",
	WayAsk:      "无账号、无回执：公开表单",
	WayDesk:     "当面：服务台或自助终端，或通过上述联系方式",
	WayAppeal:   "请求被拒绝的，我们告知理由和救济途径；申诉由他人作出决定。",
	TermMonth:   "我们先核验身份，并在一个月内答复。",
	TermWorking: "我们先核验身份，并在%d个工作日内答复。",
	Alternative: "不使用人脸识别的方式", AlternativeLead: "每个区域均设有无须人脸的通行方式，服务相同，不另收费。",
	Complain: "投诉", ComplainLead: "您可以随时向主管部门投诉、举报：",
	Third: "第三方组件", ThirdLead: "以下组件均在个人信息处理者自己的设备上运行。角色为“无”的，其提供者仅提供软件，不接收任何信息。",
	Name: "名称", Version: "版本", Provider: "提供者", ThirdPurpose: "用途", Data: "涉及的信息", Role: "角色", Terms: "条款",
	Security: "如何保护",
	SecurityLines: []string{
		"人脸模板以每个人专属的密钥加密，与姓名分开，保存于本场所自己的设备，从不离开该设备。",
		"销毁该密钥后，包括备份在内的所有副本均无法读取。",
		"任何人查阅个人信息之前均先行记录；外部人员可以验证日志是否完整。",
	},
	Children: "儿童", ChildrenText: "不满十四周岁的，未经工作人员核验的监护人同意，不予识别。年满十四周岁之日起，重新征求其本人同意。",
	Cookies: "Cookie 与本页面", CookiesText: "本页面不设置 Cookie，不运行脚本。登录时仅设置一个 Cookie，随会话结束而失效。不从其他网站加载任何内容。",
	DaysFormat: "%d日", YearsFormat: "%d年",
	Purposes: map[string]string{
		"access_control": "已登记人员的出入管理", "public_security": "维护公共安全",
		"event_participation": "活动参与", "demonstration": "演示",
	},
	Modes: map[string]string{
		"zone":  "在已设标识的区域内，仅与同意在该区域识别的人员比对。",
		"claim": "仅在出示卡片、代码或手机之后，与该人员一人进行比对。",
	},
	Authorities: map[string]string{
		"cn":      "您所在地的网信部门或公安机关",
		"eu":      "您居住地、工作地或被摄录地的欧盟成员国数据保护机构",
		"us-il":   "美国伊利诺伊州总检察长办公室",
		"default": "您所在地的个人信息保护主管部门",
	},
	Roles: map[string]string{"none": "无", "processor": "受托处理者", "controller": "个人信息处理者"},
	Classes: []class{
		{"", "登记照片", "模板生成后即删除；经书面授权的，最长30日"},
		{"", "人脸模板、姓名和密钥", "至撤回识别同意或同意期满为止"},
		{"", "未登记人员的影像", "在内存中遮蔽，不存储"},
		{"match events", "识别记录（使用每日更换的假名）", ""},
		{"redacted recordings", "录像（未书面同意的人均被遮蔽）", ""},
		{"hourly counts", "按区域统计的人数，不含标识", ""},
		{"consent receipts", "同意回执（不含姓名和图像）", ""},
		{"enrolment sessions", "登记的经办人员和身份核验方式", ""},
		{"questions asked", "曾征求同意及被拒绝的记录（哈希值）", ""},
		{"messages", "发给登记人员的消息", ""},
		{"guardians", "儿童的监护人（不含姓名）", "至登记信息删除为止"},
		{"pick-up codes", "回执代码（哈希值）", "至代码失效后一日"},
		{"rights requests", "个人提出的请求及答复", ""},
		{"contact of who asked", "请求人的联系方式（加密）", ""},
		{"access log", "查阅个人信息的记录", ""},
		{"imports", "纸质同意的导入报告", ""},
		{"operators' notes", "值守员对画面事件的备注", ""},
	},
}
