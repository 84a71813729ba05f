// The words of the retention report in Chinese, under those that the server gives:
// its rules are written beside the tables that they keep. What is not here is shown
// as the server says it.

const zh: Readonly<Record<string, string>> = {
  "access log": "访问日志",
  accounts: "账号",
  "sign-ins": "登录",
  cameras: "摄像头",
  "pick-up codes": "取件代码",
  "contact of who asked": "请求人联系方式",
  "disposal records": "处置记录",
  "hourly counts": "小时统计",
  "events on their way": "传送中的事件",
  "answers to repeat": "重复请求的应答",
  imports: "导入",
  "operators' notes": "值守备注",
  messages: "消息",
  "questions asked": "已提出的询问",
  "consent receipts": "同意回执",
  "rights requests": "权利请求",
  "disposal reports": "处置报告",
  "chain skeleton": "链骨架",
  "B-55, C-17: at least 6 months; 3 years with the log it guards":
    "B-55、C-17：至少 6 个月；随其所保护的日志保存 3 年",
  "B-55, B-63: who could do what, as long as the access log tells who did":
    "B-55、B-63：谁有何种权限，与访问日志同期保存",
  "B-63: back-off after failures": "B-63：登录失败后的退避",
  "A-15, B-63: who added and removed which camera; its address goes at once":
    "A-15、B-63：谁添加、移除了哪个摄像头；地址立即删除",
  "an online consent is shown at a kiosk (A-47)": "线上同意在自助终端出示（A-47）",
  "as long as the request, unless erased before": "与请求同期保存，提前删除的除外",
  "B-15: an id answers that it was disposed of": "B-15：凭编号可查已处置",
  "operations: year on year": "运行管理：逐年对比",
  "until the ledger has them": "直至写入日志",
  "a repeated request gets the same answer": "重复的请求得到相同应答",
  "B-49: proof of lawful source": "B-49：来源合法的证明",
  "B-63: how an account came to be": "B-63：账号由来",
  "handling of incidents; longer only as part of an incident's own record":
    "处理事件所需；仅作为事件记录的一部分时保存更久",
  "proof that a change was told": "变更已告知的证明",
  "A-41: no second question before the interval is over": "A-41：间隔期满之前不再次询问",
  "PIPL 56, GDPR 7(1): proof of consent": "《个人信息保护法》第五十六条、GDPR 第 7(1) 条：同意的证明",
  "C-05, C-20: evidence of how requests were served, three years": "C-05、C-20：请求办理情况的证据，保存三年",
  "B-55: who learnt whose name, and who let them; as long as the access log":
    "B-55：谁得知谁的姓名、由谁批准；与访问日志同期保存",
  "evidence of disposal (INV-16)": "处置的证据（INV-16）",
  "B-55: sign-ins, for its owner to review": "B-55：供账号本人查看的登录记录",
  "requirements 4.4: skeleton 3 years": "要求 4.4：骨架保存 3 年",
  "as the requests": "与请求相同",
};

/** A class of data or the ground for keeping it, in the reader's language. */
export function ruleText(text: string, lang: string): string {
  return lang === "zh-CN" ? (zh[text] ?? text) : text;
}
