package zones

// pageWords are the page's own words in one language. What a sign says is shown
// as the site wrote it.
type pageWords struct {
	Title, Zone, Sample, Privacy string

	Active, ActiveText, Inactive, InactiveText, Promise, Everybody string

	Done, Says, Records, NotRecords, Counts, Not string
	NotLines                                     []string

	Choice, Alternative, AlternativeText, Withdraw, WithdrawText, Ask, AskText, Rights string

	Facts, Controller, Contact, Purpose, Retention, Since, Notice, Inspected, Until string

	Purposes, Modes map[string]string
}

var words = map[string]pageWords{
	"en": {
		Title: "Cameras and face recognition here", Zone: "Zone",
		Sample:  "This is a demonstration: what it says about place and people is made up.",
		Privacy: "The whole privacy notice: who answers, what is kept, your rights",

		Active:       "Face recognition is on here now",
		ActiveText:   "Faces of people who enrolled and agreed to this zone are recognised.",
		Inactive:     "Face recognition is switched off here now",
		InactiveText: "Nobody is recognised, and everybody is masked.",
		Promise:      "The system sees only the people who said yes. Everybody else is made unrecognisable.",
		Everybody: "That happens before a picture is shown, stored or sent. " +
			"Passing a sign is not consent: whoever did not enrol is not recognised.",

		Done: "What is done", Says: "As the sign says: ",
		Records:    "Pictures are recorded. On recordings everybody is masked who did not agree in writing to be shown.",
		NotRecords: "Pictures are not recorded.",
		Counts:     "People are counted by zone and minute, without anything that leads to a person; counts below five are left out.",
		Not:        "What is not done",
		NotLines: []string{
			"Nobody is looked for, and nobody is followed from camera to camera.",
			"Age, sex, mood or health are not guessed.",
			"No sound is recorded.",
			"Face data of those who agreed stay on the site’s own device. They are not sold or shared.",
		},

		Choice:          "Your rights and your choice",
		Alternative:     "The way through without face recognition",
		AlternativeText: "The service is the same, and it costs nothing more.",
		Withdraw:        "Withdraw your consent",
		WithdrawText:    "One step, at any time, with the code on your receipt: you are masked within seconds. Also at the kiosk and at the desk.",
		Ask:             "Object, or ask what is kept of you",
		AskText:         "Free of charge, without an account. You can have data shown, corrected or erased, and complain.",
		Rights:          "The site’s own page about your rights",

		Facts:      "Who answers, why, and for how long",
		Controller: "Who answers for it", Contact: "How to reach them", Purpose: "Purpose",
		Retention: "How long it is kept", Since: "In force since", Notice: "Full notice",
		Inspected: "Signs last inspected", Until: "valid until",
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
		Title: "本区域的摄像与人脸识别", Zone: "区域",
		Sample:  "这是演示站点：其中的场所与人员信息均为虚构。",
		Privacy: "完整的隐私政策：由谁负责、保存哪些信息、您的权利",

		Active:       "本区域目前正在进行人脸识别",
		ActiveText:   "仅识别已登记并同意在本区域识别的人员。",
		Inactive:     "本区域的人脸识别目前已关闭",
		InactiveText: "不识别任何人，所有人的影像均被遮蔽。",
		Promise:      "系统只看见同意的人，其他人一律无法辨认。",
		Everybody:    "影像在显示、存储或传输之前即完成遮蔽。经过提示标识不等于同意：未登记的人不会被识别。",

		Done: "会做什么", Says: "标识所示功能：",
		Records:    "画面会被录制。未书面同意出镜的人在录像中均被遮蔽。",
		NotRecords: "画面不会被录制。",
		Counts:     "按区域和分钟统计人数，不含任何可指向个人的信息；少于五人的不予显示。",
		Not:        "不会做什么",
		NotLines: []string{
			"不搜寻任何人，不跨摄像头追踪任何人。",
			"不推断年龄、性别、情绪或健康状况。",
			"不录制声音。",
			"同意者的人脸信息仅保存于本场所自己的设备，不出售，不向他人提供。",
		},

		Choice:          "您的选择与权利",
		Alternative:     "不使用人脸识别的通行方式",
		AlternativeText: "服务相同，不另收费。",
		Withdraw:        "撤回同意",
		WithdrawText:    "凭回执上的代码，随时一步撤回，数秒之内影像即被遮蔽；也可在自助终端或服务台办理。",
		Ask:             "反对处理，或查询您的个人信息",
		AskText:         "免费，无须账号。您可以请求查阅、更正、删除，也可以投诉。",
		Rights:          "本场所关于个人权利的页面",

		Facts:      "由谁负责、目的与期限",
		Controller: "个人信息处理者", Contact: "联系方式", Purpose: "处理目的",
		Retention: "保存期限", Since: "生效日期", Notice: "完整告知书",
		Inspected: "提示标识最近一次巡检", Until: "有效期至",
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
