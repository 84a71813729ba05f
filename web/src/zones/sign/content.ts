// What a sign must say, prefilled from what the site already knows. Both
// languages say the same; the owner reads and corrects them.
import type { SignText, Venue } from "../data";
import type { SignKind } from "../draw/items";

/** The fields that every sign needs; `notice_link` only where the law asks for a second layer. */
export const fields = [
  "controller",
  "contact",
  "purpose",
  "function",
  "retention",
  "rights_link",
  "alternative",
  "notice_link",
] as const;
export type Field = (typeof fields)[number];
export const languages = ["en", "zh-CN"] as const;
export type SignLang = (typeof languages)[number];

/** Which fields a text lacks, as the server will say. */
export function lacking(text: SignText | undefined, profile: string | undefined): Field[] {
  return fields.filter((f) => (f !== "notice_link" || profile === "eu") && !text?.[f]?.trim());
}

/** Where a zone's notice is read; what the QR code on its signs holds. */
export const noticeURL = (zone: string, origin = publicOrigin()): string => `${origin}/z/${zone}`;

const originKey = "public-address";

/** The address under which visitors reach this installation: as the owner said on this device, else this page's. */
export function publicOrigin(): string {
  try {
    return localStorage.getItem(originKey) || location.origin;
  } catch {
    return location.origin; // storage is switched off
  }
}

/** Keeps the address; false when it is none. An empty one takes this page's again. */
export function keepOrigin(typed: string): boolean {
  const text = typed.trim().replace(/\/+$/, "");
  if (text !== "" && !/^https?:\/\/[^\s/?#]+$/.test(text)) return false;
  try {
    if (text === "") localStorage.removeItem(originKey);
    else localStorage.setItem(originKey, text);
  } catch {
    // Storage is switched off: this page's address holds.
  }
  return true;
}

/** Whether only this very machine reaches an address. */
export function loopback(origin: string): boolean {
  const host = URL.canParse(origin) ? new URL(origin).hostname : "";
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

const purposes = {
  access_control: ["Letting in people who enrolled", "已登记人员的出入管理"],
  public_security: ["Public security", "维护公共安全"],
  event_participation: ["Taking part in an event", "活动参与"],
  demonstration: ["Demonstration", "演示"],
} as const;

const functions = {
  monitoring: [
    "Video cameras. People are made unrecognisable before a picture is shown or stored.",
    "视频监控。画面在显示或存储之前，人员影像均已处理为无法辨认。",
  ],
  zone: [
    "Video cameras with face recognition. Faces are compared only with people who agreed; everybody else is made unrecognisable.",
    "带人脸识别的视频监控。仅与已同意的人员比对，其他人的影像均处理为无法辨认。",
  ],
  claim: [
    "Video cameras with face recognition. A face is compared with one person only, after their card, code or telephone was shown; everybody else is made unrecognisable.",
    "带人脸识别的视频监控。仅在出示卡片、二维码或手机后与该人员一人比对，其他人的影像均处理为无法辨认。",
  ],
} as const;

/** The text of a new sign in both languages. Nothing that is unknown is made up: the server then says what is missing. */
export function prefilled(
  kind: SignKind,
  zone: string,
  v: Venue,
  origin?: string,
): { text?: SignText; translations?: Record<string, SignText> } {
  if (kind === "floor_marking") return {};
  const z = v.zones.find((x) => x.id === zone);
  const scene = v.scenes.find((s) => s.id === z?.scene);
  const link = noticeURL(zone, origin);
  const say = (lang: 0 | 1): SignText => ({
    controller: v.site?.name ?? "",
    contact: v.site?.contact ?? "",
    purpose: scene ? purposes[scene.purpose][lang] : "",
    function: functions[kind === "monitoring" ? "monitoring" : (scene?.mode ?? "zone")][lang],
    retention: retention(scene?.records ?? false, lang),
    rights_link: link,
    alternative: alternative(z?.alternative, lang),
    notice_link: link,
  });
  return { text: say(0), translations: { "zh-CN": say(1) } };
}

function retention(records: boolean, lang: 0 | 1): string {
  if (records)
    return [
      "Recordings with people masked are kept for a limited time; faces of people who did not agree are never stored. Periods: see the notice.",
      "遮蔽后的录像仅保存有限时间；未同意人员的人脸从不存储。具体期限见告知书。",
    ][lang] as string;
  return [
    "No pictures are kept. Faces of people who did not agree are never stored.",
    "不保存画面。未同意人员的人脸从不存储。",
  ][lang] as string;
}

function alternative(a: { kind: string; description: string } | undefined, lang: 0 | 1): string {
  if (!a?.description) return "";
  const kind = { staffed: "人工核验", card: "刷卡", password: "密码" }[a.kind] ?? "";
  return lang === 0 || !kind ? a.description : `${kind}（${a.description}）`;
}
