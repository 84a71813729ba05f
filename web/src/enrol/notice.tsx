import { useId } from "react";
import { useWords } from "../i18n/i18n";
import { useTexts } from "../i18n/texts";
import { Icon } from "../ui/icons";
import { enrol } from "./texts";
import type { Current, NoticeText, Way } from "./types";

const fields = [
  ["controller", "notice.controller"],
  ["contact", "notice.contact"],
  ["purpose", "notice.purpose"],
  ["method", "notice.method"],
  ["kinds", "notice.kinds"],
  ["retention", "notice.retention"],
  ["necessity", "notice.necessity"],
  ["impact", "notice.impact"],
  ["alternative", "notice.alternative"],
  ["withdrawal", "notice.withdrawal"],
  ["rights_procedure", "notice.rights"],
  ["legal_extras", "notice.extras"],
] as const;

/**
 * A notice with a heading for each part, so that it can be skimmed and read
 * aloud part by part. `level` is the level of its own heading.
 */
export function NoticeView({ current, level = 2 }: { current: Current; level?: 1 | 2 }) {
  const t = useTexts(enrol);
  const w = useWords();
  const id = useId();
  const Head = level === 1 ? "h1" : "h2";
  const Part = level === 1 ? "h2" : "h3";
  const notice = current.notice;
  const text = notice?.texts?.[t.lang] as NoticeText | undefined;
  if (!notice || !text)
    return (
      <div className="note warn">
        <Icon name="warn" />
        <div>{t("notice.elsewhere", { version: current.version })}</div>
      </div>
    );
  return (
    <article className="notice-text" aria-labelledby={id} lang={t.lang}>
      <Head id={id}>{text.title}</Head>
      <p className="notice-version">
        {t("notice.version", { version: current.version, since: w.moment(notice.effective_from ?? "") })}
      </p>
      {fields.map(([field, title]) => {
        const value = text[field];
        if (!value || value.length === 0) return null;
        return (
          <section key={field}>
            <Part>{t(title)}</Part>
            {Array.isArray(value) ? (
              value.map((k) => (
                <div key={k.function} className="notice-kinds">
                  <p>{k.function}</p>
                  <ul>
                    {(k.data ?? []).map((d) => (
                      <li key={d}>{d}</li>
                    ))}
                  </ul>
                </div>
              ))
            ) : (
              <p>{value}</p>
            )}
          </section>
        );
      })}
      {(notice.components ?? []).length > 0 ? (
        <details>
          <summary>{t("notice.components")}</summary>
          <ul>
            {(notice.components ?? []).map((c) => (
              <li key={`${c.name} ${c.version}`}>
                {t("notice.component", {
                  name: c.name,
                  version: c.version,
                  provider: c.provider,
                  purpose: c.purpose,
                })}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </article>
  );
}

/** The ways through without recognition, zone by zone. */
export function Ways({ zones }: { zones: readonly Way[] | null | undefined }) {
  const t = useTexts(enrol);
  return (
    <ul className="ways">
      {(zones ?? []).map((z) => (
        <li key={z.zone}>
          <Icon name="gate" size={22} />
          <span>
            <strong>{z.description || t.code("way", z.kind)}</strong>
            <small>{t("zone.name", { zone: z.zone })}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}
