import type { Schemas } from "../api/client";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Chip } from "../kit/page";
import { Icon } from "../ui/icons";
import { cameraTexts } from "./cameratexts";

const tones = { ok: "good", failed: "bad", skipped: "muted" } as const;
const icons = { ok: "check", failed: "warn", skipped: "clock" } as const;

/** What a connection test found, step by step. */
export function TestReport({ report }: { report: Schemas["AdminReport"] }) {
  const t = useTexts(cameraTexts);
  const w = useWords();
  const said = (code: string | undefined, text: string | undefined) => {
    const own = t.code("c", code);
    return own === code ? (text ?? code) : own;
  };
  return (
    <div className="test">
      {report.ok ? (
        <div className="note good">
          <Icon name="check" />
          <div>
            {report.width
              ? t("fine", {
                  codec: report.codec ?? "",
                  w: String(report.width),
                  h: String(report.height ?? 0),
                  fps: w.decimal(report.fps ?? 0),
                  ms: Math.round(report.first_picture_ms ?? 0),
                })
              : t("fine.short", { codec: report.codec ?? "" })}
          </div>
        </div>
      ) : null}
      <ol className="test-steps">
        {report.steps.map((s) => (
          <li key={s.step} className={s.state}>
            <Icon name={icons[s.state]} />
            <div>
              {t(`step.${s.step}`)}
              {s.state === "failed" ? (
                <p>
                  {said(s.code, s.text)}
                  {s.status ? <code> RTSP {s.status}</code> : null}
                </p>
              ) : null}
            </div>
            <span className="test-end">
              <Chip tone={tones[s.state]}>{t(`r.${s.state}`)}</Chip>
              {s.state === "skipped" ? null : <small>{t("slow", { ms: Math.round(s.ms) })}</small>}
            </span>
          </li>
        ))}
      </ol>
      {report.addresses.length > 0 ? (
        <small>{t("addresses", { list: report.addresses.join(", ") })}</small>
      ) : null}
      {report.audio ? <small>{t("sound")}</small> : null}
    </div>
  );
}
