import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { useTexts } from "../../i18n/texts";
import { Button } from "../../kit/button";
import { Gone } from "../../kit/failure";
import { TextField } from "../../kit/fields";
import { Loaded } from "../../kit/loaded";
import { type Sign, type SignText, useVenue, type Venue } from "../data";
import { Pick } from "../pages/pick";
import { signTexts } from "../texts/sign";
import {
  type fields,
  keepOrigin,
  lacking,
  languages,
  loopback,
  noticeURL,
  publicOrigin,
  type SignLang,
} from "./content";
import { QR } from "./qr";
import "./print.css";

type Lang = SignLang | "both";
type Form = "landscape" | "portrait";

export function PrintPage() {
  const { id = "" } = useParams();
  const s = useTexts(signTexts);
  const venue = useVenue();
  return (
    <div className="desk zones print-page">
      <Loaded query={venue} rows={6} page>
        {(v) => {
          const sign = v.signs.find((x) => x.id === id);
          return sign ? <Print sign={sign} venue={v} /> : <Gone title={s("gone", { id })} to="/zones" />;
        }}
      </Loaded>
    </div>
  );
}

function Print({ sign, venue }: { sign: Sign; venue: Venue }) {
  const s = useTexts(signTexts);
  const [lang, setLang] = useState<Lang>("both");
  const [form, setForm] = useState<Form>("landscape");
  const [address, setAddress] = useState(publicOrigin);
  const [wrong, setWrong] = useState(false);
  usePageForm(form);
  const shown = lang === "both" ? languages : [lang];
  const text = (l: SignLang): SignText => (l === "en" ? sign.text : sign.translations?.[l]) ?? {};
  const sheet = useRef<HTMLDivElement>(null);
  const fits = useFit(sheet, `${lang} ${form} ${sign.version} ${address}`);
  const incomplete = shown.filter((l) => lacking(text(l), venue.site?.profile).length > 0);
  return (
    <>
      <div className="print-tools">
        <h1>{s("print.title", { id: sign.id })}</h1>
        <div className="actions">
          <Pick
            label={s("print.lang")}
            value={lang}
            onPick={(v) => setLang(v as Lang)}
            options={[
              ["both", s("print.both")],
              ["zh-CN", s("lang.zh-CN")],
              ["en", s("lang.en")],
            ]}
          />
          <Pick
            label={s("print.form")}
            value={form}
            onPick={(v) => setForm(v as Form)}
            options={[
              ["landscape", s("print.landscape")],
              ["portrait", s("print.portrait")],
            ]}
          />
          <Button tone="primary" onPress={() => window.print()}>
            {s("print.do")}
          </Button>
          <Link to={`/zones/sign/${sign.id}`}>{s("print.back")}</Link>
        </div>
        <TextField
          type="url"
          mono
          label={s("print.address")}
          hint={s("print.address.hint")}
          error={wrong ? s("print.address.bad") : undefined}
          value={address}
          onChange={(v) => {
            setAddress(v);
            setWrong(!keepOrigin(v));
          }}
        />
        {loopback(publicOrigin()) ? (
          <div className="note warn">
            <div>{s("print.loopback")}</div>
          </div>
        ) : null}
        {incomplete.length > 0 ? (
          <div className="note bad">
            <div>{s("print.lacking", { lang: incomplete.map((l) => s(`lang.${l}`)).join(", ") })}</div>
          </div>
        ) : null}
        {fits ? null : (
          <div className="note bad">
            <div>{s("print.long")}</div>
          </div>
        )}
        <p className="muted">
          {s("print.how")} {s("print.hang")}
        </p>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow screen it scrolls within itself */}
      <section className="sheet-frame" aria-label={s("print.name")} tabIndex={0}>
        <div ref={sheet} className={`sheet ${form} ${lang === "both" ? "two" : "one"} ${sign.kind}`}>
          <header>
            <Pictogram kind={sign.kind} />
            <div>
              {shown
                .toSorted((a) => (a === "zh-CN" ? -1 : 1))
                .map((l) => (
                  <p key={l} className="sheet-title" lang={l}>
                    {titles[sign.kind][l]}
                  </p>
                ))}
            </div>
          </header>
          <div className="sheet-body">
            {shown
              .toSorted((a) => (a === "zh-CN" ? -1 : 1))
              .map((l) => (
                <Said key={l} lang={l} text={text(l)} />
              ))}
          </div>
          <footer>
            <QR value={noticeURL(sign.zone)} label={noticeURL(sign.zone)} />
            <div>
              {shown
                .toSorted((a) => (a === "zh-CN" ? -1 : 1))
                .map((l) => (
                  <p key={l} lang={l}>
                    {scan[l]}
                  </p>
                ))}
              <p className="sheet-link">{noticeURL(sign.zone)}</p>
            </div>
          </footer>
        </div>
      </section>
    </>
  );
}

/** From how large to how small the text of a sign may be, in millimetres. */
const largest = 6;
const smallest = 3.2;

/** Makes the text as large as the page holds; false when even the smallest does not fit. */
function useFit(sheet: React.RefObject<HTMLDivElement | null>, what: string): boolean {
  const [fits, setFits] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when what it says or its form changes
  useLayoutEffect(() => {
    const el = sheet.current;
    const body = el?.querySelector(".sheet-body");
    if (!el || !body) return;
    const over = (mm: number) => {
      el.style.setProperty("--fit", `${mm}mm`);
      return body.scrollHeight > body.clientHeight;
    };
    let size = largest;
    while (size > smallest && over(size)) size = Math.round((size - 0.1) * 10) / 10;
    setFits(!over(size));
  }, [sheet, what]);
  return fits;
}

/** The page's form is asked of the printer by a style sheet of its own; rules cannot be chosen by class. */
function usePageForm(form: Form): void {
  useEffect(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@page { size: A4 ${form}; margin: 0 }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
    };
  }, [form]);
}

// What stands on paper is in the sign's language, whatever the reader's is.
const titles: Record<Sign["kind"], Record<SignLang, string>> = {
  monitoring: { en: "Video cameras in operation", "zh-CN": "您已进入视频图像采集区域" },
  face_recognition: { en: "Face recognition in this zone", "zh-CN": "本区域使用人脸识别" },
  entrance_notice: { en: "Before you enter", "zh-CN": "入口告知" },
  floor_marking: { en: "Recognition zone begins here", "zh-CN": "识别区域由此开始" },
};
const labels: Record<SignLang, Record<(typeof fields)[number], string>> = {
  en: {
    controller: "Who is responsible",
    contact: "Contact",
    purpose: "Why",
    function: "What happens here",
    retention: "What is kept",
    rights_link: "Your rights",
    alternative: "Without face recognition",
    notice_link: "Full notice",
  },
  "zh-CN": {
    controller: "个人信息处理者",
    contact: "联系方式",
    purpose: "处理目的",
    function: "功能说明",
    retention: "保存期限",
    rights_link: "行使权利",
    alternative: "不使用人脸识别",
    notice_link: "完整告知书",
  },
};
const scan: Record<SignLang, string> = {
  en: "Scan for the full notice, your rights and how to withdraw",
  "zh-CN": "扫码查看完整告知、您的权利与撤回方式",
};
/** What matters most to whoever walks in comes first. */
const order = [
  "function",
  "alternative",
  "purpose",
  "retention",
  "controller",
  "contact",
  "rights_link",
] as const;

function Said({ lang, text }: { lang: SignLang; text: SignText }) {
  return (
    <dl lang={lang}>
      {order
        .filter((f) => text[f])
        .map((f) => (
          <div key={f} className={f}>
            <dt>{labels[lang][f]}</dt>
            <dd>{text[f]}</dd>
          </div>
        ))}
    </dl>
  );
}

function Pictogram({ kind }: { kind: Sign["kind"] }) {
  return (
    <svg viewBox="0 0 100 100" className="pictogram" aria-hidden="true" focusable="false">
      {kind === "monitoring" || kind === "floor_marking" ? (
        <path d="M14 34h46v32H14zM60 46l26-14v36L60 54M30 66v14h18" />
      ) : (
        <path d="M50 54a16 16 0 1 0 0-32 16 16 0 0 0 0 32Zm-26 26c2-14 12-20 26-20s24 6 26 20M10 26V10h16M74 10h16v16M90 74v16H74M26 90H10V74" />
      )}
    </svg>
  );
}
